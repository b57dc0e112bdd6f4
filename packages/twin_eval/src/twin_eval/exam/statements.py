"""The persona's sentences that can be asked about without the one before, with their offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex

from twin_data.contracts.base import Span
from twin_data.contracts.documents import BlockStyle, CorpusDocument, Role, Split
from twin_data.generate.asking import shown_title
from twin_data.generate.clauses import has_loose_pronoun, leans_back, loose_person, without_lead
from twin_data.generate.prose import reads_well
from twin_data.scoring.sentences import sentence_spans, words

MAX_STATEMENT_WORDS = 40
MAX_SENTENCE_WORDS = 80
"""A longer one is no quotation that anybody checks."""
_SEAM = regex.compile(r";\s+(?:and |but |for |so |or |yet )?|:\s+(?=\p{L})")
_PROSE = frozenset({BlockStyle.PARAGRAPH, BlockStyle.LIST_ITEM, BlockStyle.TURN})
_POINTS_ELSEWHERE = regex.compile(
    r"(?i)\b(?:this|these|those|such|thus|therefore|hence|here|above|below|aforesaid|former|latter|following|"
    r"(?:the|that) (?:same|other|last|first|second|third|next|one|ones|thing|point|case|question|matter|passage)|"
    r"that (?:is|was) (?:why|how|what|where)|as (?:follows|I have said|I said)|others?|another|already|do both|the "
    r"two|the \p{L}+ one|that (?:with|at|in|on|to|by|from|for|and|or)|(?:behind|in|on|at|of|from|to|with|for|by) "
    r"that|I have (?:said|mentioned))\b"
)


@dataclass(frozen=True)
class Statement:
    """A clause of the persona's own that says something by itself, and the sentence that it stands in.

    Attributes:
        document: Where it stands.
        span: The sentence's offsets there.
        core: The clause without the conjunction that ties it to the one before, white space folded.
        around: The two sentences before it and the two after it, in one text.
    """

    document: CorpusDocument
    span: Span
    core: str
    around: str

    @property
    def quote(self) -> str:
        """The sentence to the letter."""
        return self.span.of(self.document.text)

    @property
    def title(self) -> str:
        """What a reader calls the document; empty if nothing fits."""
        return shown_title(self.document.kind, self.document.title)

    @property
    def is_held_out(self) -> bool:
        """Whether nothing may be trained on it."""
        return self.document.split is Split.TEST


def statements(documents: Iterable[CorpusDocument]) -> Iterator[Statement]:
    """Every sentence of the persona's own prose that stands by itself, in the documents' order."""
    for document in sorted(documents, key=lambda one: one.document_id):
        for passage in document.passages:
            if passage.role is Role.OWN and passage.style in _PROSE:
                yield from _of_passage(document, Span(start=passage.start, end=passage.end))


def _of_passage(document: CorpusDocument, passage: Span) -> Iterator[Statement]:
    spans = [
        Span(start=one.start + passage.start, end=one.end + passage.start)
        for one in sentence_spans(passage.of(document.text))
    ]
    for at, span in enumerate(spans):
        around = [one.of(document.text) for one in (*spans[max(0, at - 2) : at], *spans[at + 1 : at + 3])]
        for core in clauses(span.of(document.text)):
            yield Statement(document, span, core, " ".join(around))


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence, between its semicolons, that a reader understands by themselves; the whole one first."""
    folded = " ".join(sentence.split())
    if len(words(folded)) > MAX_SENTENCE_WORDS:
        return []
    parts = _SEAM.split(folded)
    whole = [] if len(parts) == 1 else [without_lead(folded)]
    ended = [part if part.endswith((".", "!")) else f"{part}." for part in parts if part]
    return [one for one in (*whole, *(_opened(without_lead(part)) for part in ended)) if stands_alone(one)]


def _opened(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


def stands_alone(sentence: str) -> bool:
    """Whether a reader needs nothing before the sentence to know what it is about."""
    return (
        len(words(sentence)) <= MAX_STATEMENT_WORDS
        and sentence.endswith((".", "!"))
        and reads_well(sentence)
        and not leans_back(sentence)
        and not loose_person(sentence)
    )


def needs_context(text: str) -> bool:
    """Whether words of a question point to something that it does not name."""
    bare = _CLEFT.sub(" ", text)
    return bool(_POINTS_ELSEWHERE.search(bare)) or has_loose_pronoun(bare) or _is_unbound(bare)


_CLEFT = regex.compile(r"\b(?:is|was) it that\b|\bis it, in your view,|\bthat (?=\p{L}+ (?:is|was|are|were)\?)")
_PLURAL = regex.compile(r"(?i)\b(?:they|them|their|themselves)\b")
_PERSONAL = regex.compile(r"(?i)\b(?:he|him|his|himself|she|her|herself)\b")
_SOMEBODY = regex.compile(
    r"(?i)^who\b|\b(?:man|woman|boy|girl|child|person|king|somebody|anybody|nobody|everybody|one|poet|priest|author|"
    r"artist)\b"
)
_CAPITAL_INSIDE = regex.compile(r"\s\p{Lu}")
_SEVERAL = regex.compile(r"(?i)\b(?:\p{L}{2,}s|men|women|people|children|both|all)\b")


def _is_unbound(text: str) -> bool:
    """Whether a pronoun has nothing before it in the question that it could mean."""
    several, somebody = _PLURAL.search(text), _PERSONAL.search(text)
    if several and not _SEVERAL.search(text, 0, several.start()):
        return True
    return somebody is not None and not any(
        pattern.search(text, 0, somebody.start()) for pattern in (_SOMEBODY, _CAPITAL_INSIDE)
    )
