"""Others' words that no mark-up sets apart: epigraphs, quotations with a name under them, boilerplate, long quotations.

Readers know what the format tells: block quotations, senders, speakers. What is left stands among the persona's own
paragraphs and is told by how it is written and by where else it stands. The text is never altered, only whose it is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex
from pydantic import Field

from twin_data.configuration.names import name_key
from twin_data.contracts.base import Contract, Span
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, Passage, RawDocument, Role
from twin_data.scoring.sentences import sentence_spans, words
from twin_data.sources.mail_text import BELOW_THE_WRITING
from twin_data.sources.quotations import quotation_author

EPIGRAPH, NAMED, INLINE = "epigraph", "quotation with a name", "quotation inside a paragraph"
INTRODUCED = "quotation below a name"
SHARED, REPEATED, DISCLAIMER = "also written by others", "repeated in many documents", "disclaimer"
_PROSE = frozenset({BlockStyle.PARAGRAPH, BlockStyle.LIST_ITEM, BlockStyle.QUOTATION})
_QUOTED_WHOLE = regex.compile(r"""\s*(?:“[^“”]+”|"[^"]+"|«[^«»]+»|‘[^‘]+’)[.…]?\s*""")
_QUOTATION = regex.compile(r"“(?P<inside>[^“”]{40,4000})”|\"(?P<inside>[^\"]{40,2000})\"|«(?P<inside>[^«»]{40,4000})»")
_NO_NAME = (
    r"(?!(?:I|He|She|We|They|You|It|One|Who|This|That|These|Those|The|A|An|And|But|Or|So|Then|There|Nobody|Everybody|"
    r"Somebody|Anybody|Everyone|Someone|Anyone|Every|Each|Some|People|My|Your|His|Her|Our|Their)\b)"
)
_NAME_WORD = _NO_NAME + r"(?:\p{Lu}\p{L}{0,2}\.|\p{Lu}[\p{L}’'-]*\p{L})"
# A name that cleaning blanked is one as well.
_NAME = rf"(?:\b{_NAME_WORD}(?: (?:(?:de|of|von|van) )?{_NAME_WORD})*|\[name\])"
_VERB = (
    r"(?:wrote|writes|said|says|put it|puts it|has it|remarked|observed|argued|argues|noted|notes|insisted|declared|"
    r"replied|reminds us|tells us|complained|concluded|quipped)"
)
_BEFORE = regex.compile(
    rf"(?:{_NAME}(?:,[^,.“”\"]{{1,60}},)? (?:once |has |had )?{_VERB}\b[^.“”\"]{{0,60}}"
    rf"|\b(?i:in the words of|according to|to quote|quoting|quotes?) {_NAME}[^.“”\"]{{0,40}}"
    rf"|{_NAME}[’']s (?:words|phrase|line|sentence|verdict)\b[^.“”\"]{{0,40}})[,:—–\s-]*\s*$"
)
_ANY_NAME = regex.compile(_NAME)
_INTRODUCTION_CHARACTERS = 120
_AFTER = regex.compile(rf"^[\s,—–-]*(?:{_NAME} {_VERB}\b|{_VERB} {_NAME}|\(\p{{Lu}}[^()]{{2,60}}\d{{4}}\))")
# Every word a capital, a number, or what joins names: "Hedda Quill", "The Book of Marl", "Psalm 23:4".
_PROPER_WORD = r"(?:\p{Lu}[\p{L}\p{M}.’'-]*|\p{N}[\p{N}:.–-]*)"
_JOINING = r"(?:and|&|da|de|del|della|den|der|di|du|in|la|le|of|on|the|to|van|von|y|zu)"
_PROPER_NAME = regex.compile(rf"(?=\p{{Lu}}){_PROPER_WORD}(?: (?:{_JOINING} )*{_PROPER_WORD})*")
_DASH = regex.compile(r"\s*(?:—|–|―|--?)\s*(?=\S)")
_DISCLAIMER = regex.compile(
    r"(?is)(?:this|the (?:content|information)\b.{0,40}) (?:e-?mail|message|communication|transmission)\b.{0,160}"
    r"\b(?:confidential|privileged|intended (?:solely|only)|legally)\b"
)


class AttributeConfig(Contract):
    """When unmarked words count as another's."""

    min_quotation_words: int = Field(default=20, ge=5)
    """A quotation inside a paragraph that is shorter is part of the persona's own sentence."""
    min_shared_words: int = Field(default=12, ge=5)
    """Paragraphs that are shorter are set phrases, whoever writes them."""
    shared_by: int = Field(default=2, ge=1)
    """Others who wrote the very paragraph; whoever has no name counts once a document."""
    repeated_in: int = Field(default=8, ge=3)
    """Documents that begin or end with the very paragraph."""


@dataclass(frozen=True)
class _Seen:
    """How many others wrote a paragraph, how many documents of the persona's it opens or ends, and what is signed.

    What a mail answers or forwards does not count as others' words: it may be an earlier mail of the persona's. Nor
    does what the persona published under its name: copies under another one are by a login that no alias tells.
    """

    by_others: Counter[str]
    at_edges: Counter[str]
    signed: frozenset[str]


def attribute(
    documents: Sequence[RawDocument], own_names: frozenset[str], config: AttributeConfig
) -> tuple[RawDocument, ...]:
    """The documents with blocks that are others' words marked so, each with how that is known.

    Args:
        documents: As read.
        own_names: The persona's name and aliases, as `name_key` gives them: what is signed by these is the persona's.
        config: Bars.
    """
    seen = _seen(documents, own_names, config)
    return tuple(_attributed(one, own_names, seen, config) for one in documents)


def quoted_spans(text: str, config: AttributeConfig) -> tuple[Span, ...]:
    """Whole sentences of a paragraph that are taken up by a long quotation of somebody who is named beside it."""
    found = []
    for match in _QUOTATION.finditer(text):
        if len(words(match["inside"])) < config.min_quotation_words:
            continue
        before, after = (
            text[max(0, match.start() - _INTRODUCTION_CHARACTERS) : match.start()],
            text[match.end() : match.end() + 80],
        )
        if _BEFORE.search(before) or _AFTER.search(after):
            found.append(match.span())
    sentences = sentence_spans(text) if found else ()
    covered = [
        [one for one in sentences if one.start < end and one.end > start] for start, end in found
    ]  # the sentences that a quotation has a part in, those that name its author among them
    return _merged([Span(start=part[0].start, end=part[-1].end) for part in covered if part])


def passages_of(block: Block, span: Span, config: AttributeConfig) -> Iterator[Passage]:
    """The passages of a clean block: one, or the persona's sentences apart from those that quote at length."""
    quoted = quoted_spans(block.text, config) if block.role is Role.OWN and block.style in _PROSE else ()
    at = 0
    for one in quoted:
        yield from _passage(block, span, at, one.start)
        yield Passage(
            start=span.start + one.start, end=span.start + one.end,
            role=Role.QUOTED, style=block.style, author=None, basis=INLINE, level=block.level,
        )  # fmt: skip
        at = one.end
    yield from _passage(block, span, at, len(block.text))


def _passage(block: Block, span: Span, start: int, end: int) -> Iterator[Passage]:
    piece = block.text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if start < end:
        yield Passage(
            start=span.start + start, end=span.start + end, role=block.role, style=block.style,
            author=block.author, basis=block.basis, level=block.level,
        )  # fmt: skip


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for one in spans:
        if merged and one.start < merged[-1].end:
            merged[-1] = Span(start=merged[-1].start, end=max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return tuple(merged)


def _seen(documents: Sequence[RawDocument], own_names: frozenset[str], config: AttributeConfig) -> _Seen:
    others: dict[str, set[str]] = defaultdict(set)
    edges: dict[str, set[str]] = defaultdict(set)
    signed: set[str] = set()
    for document in documents:
        paragraphs = [block for block in document.blocks if block.style in _PROSE]
        for at, block in enumerate(paragraphs):
            key = _key(block.text, config)
            if key and block.role is Role.OTHER and block.basis not in BELOW_THE_WRITING:
                others[key].add(name_key(block.author) if block.author else f"unnamed in {document.document_id}")
            elif key and block.role is Role.OWN and (at == 0 or at >= len(paragraphs) - 2) and len(paragraphs) > 2:
                edges[key].add(document.document_id)
            if key and block.role is Role.OWN and _is_published(document) and name_key(block.author or "") in own_names:
                signed.add(key)
    by_others = Counter({key: len(people) for key, people in others.items()})
    return _Seen(by_others, Counter({key: len(ids) for key, ids in edges.items()}), frozenset(signed))


def _is_published(document: RawDocument) -> bool:
    """Whether it is no letter: below one, whoever signs it, may stand what an office puts below all."""
    return document.kind in {DocumentKind.ARTICLE, DocumentKind.POST}


def _key(text: str, config: AttributeConfig) -> str:
    """The paragraph's words, lower-cased; empty for one that is too short to tell anything."""
    found = words(text)
    return " ".join(found).casefold() if len(found) >= config.min_shared_words else ""


def _attributed(document: RawDocument, own_names: frozenset[str], seen: _Seen, config: AttributeConfig) -> RawDocument:
    blocks = list(document.blocks)
    for at, block in enumerate(blocks):
        if block.role is not Role.OWN or block.style not in _PROSE:
            continue
        key = _key(block.text, config)
        if document.kind is DocumentKind.MAIL and _DISCLAIMER.match(block.text):
            blocks[at] = _theirs(block, Role.OTHER, None, DISCLAIMER)
        elif seen.by_others[key] >= config.shared_by and key not in seen.signed:
            blocks[at] = _theirs(block, Role.OTHER, None, SHARED)
        elif seen.at_edges[key] >= config.repeated_in:
            blocks[at] = _theirs(block, Role.OTHER, None, REPEATED)
    _mark_named_quotations(blocks, own_names)
    _mark_introduced_quotations(blocks, own_names, config)
    return document if tuple(blocks) == document.blocks else document.model_copy(update={"blocks": tuple(blocks)})


def _mark_named_quotations(blocks: list[Block], own_names: frozenset[str]) -> None:
    """Mark paragraphs that end in, or are followed by, a line such as `— Ada Lovelace, Notes`.

    They must be in quotation marks from end to end, or open the document: nothing else is known to be quoted.
    """
    first = next((at for at, one in enumerate(blocks) if one.style is not BlockStyle.HEADING), len(blocks))
    for at, block in enumerate(blocks):
        if block.role is not Role.OWN or block.style not in _PROSE:
            continue
        body, _, last = block.text.rpartition("\n")
        author = quotation_author(last) if body else None
        follows = at + 1 < len(blocks) and blocks[at + 1].role is Role.OWN and blocks[at + 1].style in _PROSE
        below = quotation_author(blocks[at + 1].text) if author is None and follows else None
        name = author or below
        if name is None or name_key(name) in own_names:
            continue
        line, around = (last, [body.split("\n")[-1]]) if author else (blocks[at + 1].text, [block.text])
        around += [one.text for one in blocks[at + 1 if author else at + 2 :][:1]]
        opens = at == first and len(blocks) > at + 2 and _signs(line, name, around)
        if not opens and not _QUOTED_WHOLE.fullmatch(body if author else block.text):
            continue
        basis = EPIGRAPH if opens else NAMED
        blocks[at] = _theirs(block, Role.QUOTED, name, basis)
        if below:
            blocks[at + 1] = _theirs(blocks[at + 1], Role.QUOTED, name, basis)


def _mark_introduced_quotations(blocks: list[Block], own_names: frozenset[str], config: AttributeConfig) -> None:
    """Mark long paragraphs in quotation marks below one that ends in whose they are, as in `Tom wrote last week:`."""
    for at, (before, block) in enumerate(zip(blocks, blocks[1:], strict=False), start=1):
        is_own = all(one.role is Role.OWN and one.style in _PROSE for one in (before, block))
        if not is_own or not before.text.endswith(":") or not _QUOTED_WHOLE.fullmatch(block.text):
            continue
        introduced = _BEFORE.search(before.text[-_INTRODUCTION_CHARACTERS:])
        if introduced is None or len(words(block.text)) < config.min_quotation_words:
            continue
        names = [name_key(one) for one in _ANY_NAME.findall(introduced[0])]
        # "In March Nora Fenwick wrote:" has a longer name.
        if not any(f" {name}".endswith(f" {own}") for name in names for own in own_names):
            blocks[at] = _theirs(block, Role.QUOTED, None, INTRODUCED)


def _signs(line: str, name: str, around: Sequence[str]) -> bool:
    """Whether a line behind a dash names somebody, rather than being said by somebody or standing in a list.

    Args:
        line: The line.
        name: What would be the name in it.
        around: The lines before and after it: where one of them begins with a dash as well, people speak or things are
            listed.
    """
    if any(_DASH.match(one) for one in around) or not _PROPER_NAME.fullmatch(name):
        return False
    is_one_word = " " not in name
    if is_one_word and line.lstrip().startswith("-") and not line.lstrip().startswith("--"):
        return False
    return not line.rstrip().endswith(("?", "!", "…", *(["."] if is_one_word else [])))


def _theirs(block: Block, role: Role, author: str | None, basis: str) -> Block:
    style = BlockStyle.QUOTATION if role is Role.QUOTED else block.style
    return block.model_copy(update={"role": role, "style": style, "author": author, "basis": basis})
