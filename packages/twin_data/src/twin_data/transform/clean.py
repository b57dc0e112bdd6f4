"""Clean without losing the voice: what is not the text goes, every letter and mark of the author's stays.

Removed: pages that are no text (colophons, imprints, title pages), mail signatures, control characters, secrets and
third parties' identifiers. Punctuation, casing, function words, dashes and quotation marks are never touched; what the
rules did to them is counted, and a rule that did is named (`voice_kept`). An accent that was stored as
a character of its own becomes part of its letter again, which no reader sees, but every comparison of words does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from twin_data.configuration.names import name_key
from twin_data.contracts.base import Contract, Span
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import (
    BLOCK_SEPARATOR,
    Block,
    BlockStyle,
    CleanDocument,
    DocumentKind,
    RawDocument,
    Rejection,
    Role,
    block_spans,
)
from twin_data.sources.mail_text import MAIL_HEADER, SIGNATURE
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform.attribute import AttributeConfig, attribute, passages_of
from twin_data.transform.identifiers import Finding, find_identifiers
from twin_data.transform.incremental import unchanged
from twin_data.transform.roster_names import RosterNames, roster_names
from twin_data.transform.tidy import folded, tidy
from twin_data.transform.voice_kept import AS_READ, StyleChange, VoiceKeptConfig, VoiceRecord, check_voice_kept

STAGE = "clean"
EXCERPT_CHARACTERS = 200
_MARGIN = 40
_CONVERSATIONS = (DocumentKind.CHAT, DocumentKind.MAIL, DocumentKind.REVIEW)


class CleanConfig(Contract):
    """Which kinds of document lose what."""

    drop_matter: tuple[str, ...] = (
        "colophon", "imprint", "titlepage", "halftitlepage", "copyright-page", "toc", "loi", "endnotes", "index",
        "bibliography", "part", "volume",
    )  # fmt: skip
    """Kinds of page, in EPUB's structural vocabulary, that hold none of the author's text."""
    redact_names_in: tuple[DocumentKind, ...] = _CONVERSATIONS
    """Private kinds, in which full names from the archive's own rosters are blanked. What was published stays."""
    attribute: AttributeConfig = AttributeConfig()
    voice: VoiceKeptConfig = VoiceKeptConfig()


class TextRule(NamedTuple):
    """A rule that rewrites the text of a block. It has a name, so that it can be named if it does damage."""

    name: str
    apply: Callable[[Block, str], str]
    """The new text from the block as read and its text so far."""


@dataclass(frozen=True)
class CleanInputs:
    """Documents as read, and how the persona is named."""

    documents: tuple[RawDocument, ...]
    own_names: frozenset[str]
    """The persona's name and aliases, which are no third party's."""
    roster: frozenset[str] | None = None
    """Everybody else who speaks in the archive's conversations; None where `documents` are the whole archive as it was
    read, and not yet attributed."""
    others: VoiceRecord | None = None
    """What the documents of the archive that are not among `documents` count to: a voice is judged by all of them."""


@dataclass(frozen=True)
class Cleaned:
    """Clean documents, and everything that was removed."""

    documents: tuple[CleanDocument, ...]
    rejections: tuple[Rejection, ...]
    changes: tuple[StyleChange, ...]
    """What each rule did to the style of each source."""
    record: VoiceRecord
    """What the style of each source counts to after each step."""


def run(inputs: CleanInputs, *, config: CleanConfig, rules: Sequence[TextRule] | None = None) -> Cleaned:
    """Clean every document; each removal is a rejection with its reason.

    Args:
        inputs: Documents as read.
        config: Which kinds lose what, and how much of a voice may change.
        rules: Those that rewrite texts, `TEXT_RULES` if none are given.

    Raises:
        CorpusError: A rule changes the voice of a source by more than `config.voice` allows.
    """
    chosen = TEXT_RULES if rules is None else tuple(rules)
    record = VoiceRecord((AS_READ, *step_names(chosen)))
    documents, rejections = _cleaned(inputs, config, chosen, record)
    if inputs.others is not None:
        record = record.with_those_of(inputs.others)
    changes = record.changes(config.voice)
    check_voice_kept(changes)
    return Cleaned(tuple(documents), tuple(rejections), changes, record)


def tallied(inputs: CleanInputs, *, config: CleanConfig) -> VoiceRecord:
    """What the style of documents counts to after each step; nothing is judged."""
    record = VoiceRecord(STEPS)
    _cleaned(inputs, config, TEXT_RULES, record)
    return record


def _cleaned(
    inputs: CleanInputs, config: CleanConfig, rules: Sequence[TextRule], record: VoiceRecord
) -> tuple[list[CleanDocument], list[Rejection]]:
    own_names = {name_key(name) for name in inputs.own_names}
    read, roster = inputs.documents, inputs.roster
    if roster is None:
        read = attribute(inputs.documents, frozenset(own_names), config.attribute)
        roster = roster_of(to_frame([one for one in read if one.kind in _CONVERSATIONS], RawDocument))
    names = roster_names(name for name in roster if name_key(name) not in own_names)
    documents, rejections = list[CleanDocument](), list[Rejection]()
    for raw in read:
        rosters = names if raw.kind in config.redact_names_in else None
        cleaned, removed = clean_document(raw, config, rosters, rules=rules, record=record)
        rejections += removed
        if cleaned is not None:
            documents.append(cleaned)
    return documents, rejections


def step_names(rules: Sequence[TextRule]) -> tuple[str, ...]:
    """Every step that a block goes through, in order."""
    return (SIGNATURES, REDACTION, *(rule.name for rule in rules), HIDDEN_REDACTION)


def clean_document(
    raw: RawDocument,
    config: CleanConfig,
    names: RosterNames | None,
    *,
    rules: Sequence[TextRule] | None = None,
    record: VoiceRecord | None = None,
) -> tuple[CleanDocument | None, list[Rejection]]:
    """One document, or None if nothing of it may stay, and what was removed from it.

    Its own words after each step are added to `record`.
    """
    chosen = TEXT_RULES if rules is None else rules
    digest = digest_text(raw.text)
    whole = Span(start=0, end=len(raw.text))
    if raw.matter in config.drop_matter:
        return None, [_rejection(raw, digest, whole, f"matter_{raw.matter}", _blank(raw.text, names))]
    kept: list[Block] = []
    removed: list[Rejection] = []
    steps: list[list[str]] = []
    for block, span in zip(raw.blocks, raw.spans, strict=True):
        texts, gone = _clean_block(raw, digest, block, span, names, chosen)
        removed += gone
        if block.role is Role.OWN and block.style is not BlockStyle.CODE:
            steps.append(texts)
        if text := texts[-1]:
            kept.append(block.model_copy(update={"text": text, "author": _author(block, raw.kind, config)}))
    if not any(block.role is Role.OWN and block.style is not BlockStyle.HEADING for block in kept):
        return None, [*removed, _rejection(raw, digest, whole, "no_own_words", _blank(raw.text, names))]
    if record is not None:
        for texts in steps:
            record.add(raw.source, texts)
    return _assemble(raw, kept, " ".join(_blank(raw.title, names).split()), config), removed


def _clean_block(
    raw: RawDocument,
    digest: str,
    block: Block,
    span: Span,
    names: RosterNames | None,
    rules: Sequence[TextRule],
) -> tuple[list[str], list[Rejection]]:
    """The block's text as read and after each of `step_names`, and what was removed from it."""
    if block.basis == SIGNATURE:
        gone = [""] * len(step_names(rules))
        return [block.text, *gone], [_rejection(raw, digest, span, "signature", "[signature]")]
    findings = find_identifiers(block.text, names)
    removed = [_redaction(raw, digest, span, block.text, findings, one, names) for one in findings]
    # Names are capitalised and no habit of style; a roster's "name" in lower case may be an everyday word.
    meant = [one for one in findings if one.kind == "name" and not block.text[one.start].islower()]
    as_read = _replace(block.text, meant)
    texts = [as_read, as_read, _replace(block.text, findings)]
    for rule in rules:
        texts.append(rule.apply(block, texts[-1]))
    # What an invisible character or a wide gap had hidden is an identifier only now.
    hidden = find_identifiers(texts[-1], names) if texts[-1] != texts[2] else ()
    texts.append(_replace(texts[-1], hidden))
    removed += [_rejection(raw, digest, span, f"redacted_{one.kind}", texts[-1]) for one in hidden]
    return texts, removed


def _author(block: Block, kind: DocumentKind, config: CleanConfig) -> str | None:
    """The block's author as far as it may be told: others stay unnamed in private kinds, and without address in all."""
    if block.author is None or block.role is Role.OWN:
        return block.author
    return "[name]" if kind in config.redact_names_in else _blank(block.author, None)


SIGNATURES, REDACTION, HIDDEN_REDACTION = "signatures", "identifiers", "identifiers that the other rules laid open"
TEXT_RULES = (
    TextRule(
        "white space and control characters",
        lambda block, text: tidy(text, keep_lines=block.style is BlockStyle.CODE),
    ),
)
STEPS = (AS_READ, *step_names(TEXT_RULES))
"""After which the style of own words is counted."""


def _assemble(raw: RawDocument, blocks: Sequence[Block], title: str, config: CleanConfig) -> CleanDocument:
    texts = [block.text for block in blocks]
    text = BLOCK_SEPARATOR.join(texts)
    placed = zip(blocks, block_spans(texts), strict=True)
    passages = tuple(one for block, span in placed for one in passages_of(block, span, config.attribute))
    return CleanDocument(
        document_id=raw.document_id,
        source=raw.source,
        kind=raw.kind,
        title=title,
        date=raw.date,
        url=raw.url,
        text=text,
        digest=digest_text(text),
        passages=passages,
        thread=raw.thread,
        series=raw.series,
    )


def attributed(raw: pl.DataFrame, own_names: frozenset[str], config: CleanConfig) -> pl.DataFrame:
    """Rows of the contract `RawDocument`, with whose words they are, as copies and quotes among them tell."""
    keys = frozenset(map(name_key, own_names))
    return to_frame(attribute(to_rows(raw, RawDocument), keys, config.attribute), RawDocument)


def roster_of(raw: pl.DataFrame) -> frozenset[str]:
    """Names of the other people who speak or are written to in the archive's conversations.

    Of mails only those of threads in which the persona has a word count: the names of newsletters and shops that
    nobody answers may be any words.

    Args:
        raw: Rows of the contract `RawDocument`.
    """
    talks = raw.filter(pl.col("kind").is_in([kind.value for kind in _CONVERSATIONS]))
    threads = talks.with_columns(thread=pl.col("thread").fill_null(pl.col("document_id")))
    said = threads.select("thread", "kind", "blocks").explode("blocks", empty_as_null=True).unnest("blocks")
    answered = said.filter(pl.col("role") == Role.OWN.value)["thread"].implode()
    counts = (pl.col("kind") != DocumentKind.MAIL.value) | pl.col("thread").is_in(answered)
    # Whether a mail's sender is somebody is known of its correspondents alone.
    is_other = (pl.col("role") != Role.OWN.value) & ~pl.col("basis").is_in([MAIL_HEADER, SIGNATURE])
    speakers = said.filter(counts, is_other)["author"]
    named = pl.concat([speakers, threads.filter(counts)["correspondents"].explode(empty_as_null=True)])
    return frozenset(name for name in named.unique() if name)


def unaffected(raw: pl.DataFrame, former: pl.DataFrame, config: CleanConfig) -> pl.Series:
    """Ids of the documents whose cleaning cannot have changed: neither they have, nor who else speaks in the archive.

    Args:
        raw: Rows of the contract `RawDocument`.
        former: The same of an earlier run.
        config: Settings of both.
    """
    same = unchanged(raw, former)
    if roster_of(raw) == roster_of(former):
        return same
    named = raw.filter(pl.col("kind").is_in([kind.value for kind in config.redact_names_in]))["document_id"]
    return same.filter(~same.is_in(named.implode()))


def _replace(text: str, findings: Sequence[Finding]) -> str:
    pieces, at = [], 0
    for finding in findings:
        pieces += [text[at : finding.start], finding.placeholder]
        at = finding.end
    return "".join([*pieces, text[at:]])


def _blank(text: str, names: RosterNames | None) -> str:
    """The text, white space folded, with every identifier blanked."""
    shown = folded(_replace(text, find_identifiers(text, names)))
    return _replace(shown, find_identifiers(shown, names))


def _redaction(
    raw: RawDocument,
    digest: str,
    block: Span,
    text: str,
    findings: Sequence[Finding],
    one: Finding,
    names: RosterNames | None,
) -> Rejection:
    """The record of one blanked identifier; its neighbourhood is shown with all of them blanked."""
    before = _replace(text[: one.start], [f for f in findings if f.end <= one.start])
    rest = [Finding(f.start - one.end, f.end - one.end, f.kind) for f in findings if f.start >= one.end]
    after = _replace(text[one.end :], rest)
    shown = _blank(before, names)[-_MARGIN:] + one.placeholder + _blank(after, names)[:_MARGIN]
    span = Span(start=block.start + one.start, end=block.start + one.end)
    return _rejection(raw, digest, span, f"redacted_{one.kind}", shown)


def _rejection(raw: RawDocument, digest: str, span: Span, reason: str, redacted: str) -> Rejection:
    return Rejection(
        stage=STAGE,
        document_id=raw.document_id,
        text_digest=digest,
        start=span.start,
        end=span.end,
        reason=reason,
        redacted_text=redacted[:EXCERPT_CHARACTERS],
    )
