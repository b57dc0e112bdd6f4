"""Clean without losing the voice: what is not the text goes, every letter and mark of the author's stays.

Removed: pages that are no text (colophons, imprints, title pages), mail signatures, control characters, secrets and
third parties' identifiers. Punctuation, casing, function words, dashes and quotation marks are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl
import regex

from twin_data.contracts.base import Contract, Span
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import (
    BLOCK_SEPARATOR,
    Block,
    BlockStyle,
    CleanDocument,
    DocumentKind,
    Passage,
    RawDocument,
    Rejection,
    Role,
    block_spans,
)
from twin_data.transform.identifiers import Finding, find_identifiers, names_pattern

STAGE = "clean"
EXCERPT_CHARACTERS = 200
_MARGIN = 40
_CONVERSATIONS = (DocumentKind.CHAT, DocumentKind.MAIL, DocumentKind.REVIEW)
_NEW_LINES = regex.compile(r"\r\n?|[\x85\u2028\u2029]")
# What is both a control character and white space (a form feed, say) is folded, lest it join two words.
_CONTROL = regex.compile(r"[[\p{Cc}\p{Cs}\uFEFF\u00AD\u200B]--[\s\x1C-\x1F]]+", flags=regex.VERSION1)
_SPACES = regex.compile(r"[[\s\x1C-\x1F]--\n]+", flags=regex.VERSION1)
_BLANK_LINES = regex.compile(r"\s*\n\s*")


class CleanConfig(Contract):
    """Which kinds of document lose what."""

    drop_matter: tuple[str, ...] = (
        "colophon", "imprint", "titlepage", "halftitlepage", "copyright-page", "toc", "loi", "endnotes", "index",
        "bibliography", "part", "volume",
    )  # fmt: skip
    """Kinds of page, in EPUB's structural vocabulary, that hold none of the author's text."""
    redact_names_in: tuple[DocumentKind, ...] = _CONVERSATIONS
    """Private kinds, in which full names from the archive's own rosters are blanked. What was published stays."""


@dataclass(frozen=True)
class CleanInputs:
    """Documents as read, and how the persona is named."""

    documents: tuple[RawDocument, ...]
    own_names: frozenset[str]
    """The persona's name and aliases, which are no third party's."""
    roster: frozenset[str] | None = None
    """Everybody else who speaks in the archive's conversations; None where `documents` are the whole archive."""


@dataclass(frozen=True)
class Cleaned:
    """Clean documents, and everything that was removed."""

    documents: tuple[CleanDocument, ...]
    rejections: tuple[Rejection, ...]


def run(inputs: CleanInputs, *, config: CleanConfig) -> Cleaned:
    """Clean every document; each removal is a rejection with its reason."""
    own_names = {name.casefold() for name in inputs.own_names}
    roster = _roster(inputs.documents) if inputs.roster is None else inputs.roster
    names = names_pattern(name for name in roster if name.strip().casefold() not in own_names)
    documents, rejections = [], []
    for raw in inputs.documents:
        cleaned, removed = clean_document(raw, config, names if raw.kind in config.redact_names_in else None)
        rejections += removed
        if cleaned is not None:
            documents.append(cleaned)
    return Cleaned(tuple(documents), tuple(rejections))


def clean_document(
    raw: RawDocument, config: CleanConfig, names: regex.Pattern[str] | None
) -> tuple[CleanDocument | None, list[Rejection]]:
    """One document, or None if nothing of it may stay, and what was removed from it."""
    digest = digest_text(raw.text)
    whole = Span(start=0, end=len(raw.text))
    if raw.matter in config.drop_matter:
        return None, [_rejection(raw, digest, whole, f"matter_{raw.matter}", _blank(raw.text, names))]
    kept: list[Block] = []
    removed: list[Rejection] = []
    for block, span in zip(raw.blocks, raw.spans, strict=True):
        if block.basis == "signature":
            removed.append(_rejection(raw, digest, span, "signature", "[signature]"))
            continue
        findings = find_identifiers(block.text, names)
        removed += [_redaction(raw, digest, span, block.text, findings, one, names) for one in findings]
        replaced = _replace(block.text, findings)
        text = tidy(replaced, keep_lines=block.style is BlockStyle.CODE)
        # What an invisible character or a wide gap had hidden is an identifier only now.
        if text != replaced and (hidden := find_identifiers(text, names)):
            text = _replace(text, hidden)
            removed += [_rejection(raw, digest, span, f"redacted_{one.kind}", text) for one in hidden]
        if text:
            kept.append(block.model_copy(update={"text": text, "author": _author(block, raw.kind, config)}))
    if not any(block.role is Role.OWN and block.style is not BlockStyle.HEADING for block in kept):
        return None, [*removed, _rejection(raw, digest, whole, "no_own_words", _blank(raw.text, names))]
    return _assemble(raw, kept, " ".join(_blank(raw.title, names).split())), removed


def _author(block: Block, kind: DocumentKind, config: CleanConfig) -> str | None:
    """The block's author as far as it may be told: others stay unnamed in private kinds, and without address in all."""
    if block.author is None or block.role is Role.OWN:
        return block.author
    return "[name]" if kind in config.redact_names_in else _blank(block.author, None)


def tidy(text: str, *, keep_lines: bool = False) -> str:
    """Fold white space and drop control characters; every other character stays as the author set it."""
    if keep_lines:
        return _visible(text).strip("\n").rstrip()
    return _fold(text).strip()


def _visible(text: str) -> str:
    return _CONTROL.sub("", _NEW_LINES.sub("\n", text))


def _fold(text: str) -> str:
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", _visible(text)))


def _assemble(raw: RawDocument, blocks: Sequence[Block], title: str) -> CleanDocument:
    texts = [block.text for block in blocks]
    text = BLOCK_SEPARATOR.join(texts)
    passages = tuple(
        Passage(
            start=span.start, end=span.end, role=block.role, style=block.style, author=block.author, level=block.level
        )
        for block, span in zip(blocks, block_spans(texts), strict=True)
    )
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


def _roster(documents: Iterable[RawDocument]) -> set[str]:
    """Names of the other people who speak in the archive's conversations."""
    return {
        block.author
        for raw in documents
        if raw.kind in _CONVERSATIONS
        for block in raw.blocks
        if block.author and block.role is not Role.OWN
    }


def roster_of(raw: pl.DataFrame) -> frozenset[str]:
    """The same of rows of the contract `RawDocument`."""
    spoken = raw.filter(pl.col("kind").is_in([kind.value for kind in _CONVERSATIONS])).select("blocks")
    said = spoken.explode("blocks", empty_as_null=True).drop_nulls().unnest("blocks")
    named = said.filter((pl.col("role") != Role.OWN.value) & (pl.col("author").fill_null("") != ""))
    return frozenset(named["author"].to_list())


def independent(raw: pl.DataFrame, former: pl.DataFrame, config: CleanConfig) -> pl.Series:
    """Ids of the documents whose cleaning cannot have changed with who else speaks in the archive.

    Args:
        raw: Rows of the contract `RawDocument`.
        former: The same of an earlier run.
        config: Settings of both.
    """
    if roster_of(raw) == roster_of(former):
        return raw["document_id"]
    return raw.filter(~pl.col("kind").is_in([kind.value for kind in config.redact_names_in]))["document_id"]


def _replace(text: str, findings: Sequence[Finding]) -> str:
    pieces, at = [], 0
    for finding in findings:
        pieces += [text[at : finding.start], finding.placeholder]
        at = finding.end
    return "".join([*pieces, text[at:]])


def _blank(text: str, names: regex.Pattern[str] | None) -> str:
    """The text, white space folded, with every identifier blanked."""
    folded = _fold(_replace(text, find_identifiers(text, names)))
    return _replace(folded, find_identifiers(folded, names))


def _redaction(
    raw: RawDocument,
    digest: str,
    block: Span,
    text: str,
    findings: Sequence[Finding],
    one: Finding,
    names: regex.Pattern[str] | None,
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
