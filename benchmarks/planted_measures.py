"""What is measured of a planted archive: recall and precision of each removal, and what was lost without a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from benchmarks.planted_archive import QUOTED, Planted
from benchmarks.planted_values import Value
from twin_data.contracts.documents import (
    BlockStyle,
    CorpusDocument,
    DocumentKind,
    Passage,
    Rejection,
    Role,
    Split,
)
from twin_data.scoring.sentences import grams
from twin_data.sources import collect
from twin_data.store.schemas import to_rows
from twin_data.transform import authorship, clean, dedupe, quality
from twin_data.transform.identifiers import PLACEHOLDER


@dataclass(frozen=True)
class Outcome:
    """What each stage made of the archive."""

    collected: collect.Collected
    cleaned: clean.Cleaned
    unique: dedupe.Deduplicated
    separated: pl.DataFrame
    exclusions: tuple[Rejection, ...]
    filtered: quality.Filtered
    judged: authorship.Judged
    seconds: dict[str, float]

    @property
    def rejections(self) -> list[Rejection]:
        """Of all stages."""
        tables = (self.unique.rejections, self.filtered.rejections, self.judged.rejections)
        return [
            *self.collected.rejections,
            *self.cleaned.rejections,
            *(row for table in tables for row in to_rows(table, Rejection)),
        ]

    @property
    def documents(self) -> tuple[CorpusDocument, ...]:
        """What is left in the end."""
        return to_rows(self.judged.documents, CorpusDocument)


@dataclass(frozen=True)
class Rate:
    """So many of so many."""

    name: str
    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share; of nothing, all."""
        return self.hits / self.total if self.total else 1.0


def measure(planted: Planted, outcome: Outcome) -> list[Rate]:
    """Recall and precision of each removal."""
    return [
        *_archive_rates(planted, outcome),
        *_value_rates(planted, outcome),
        *_copy_rates(planted, outcome),
        *_attribution_rates(planted, outcome),
        _overlap(outcome),
    ]


def unreported(planted: Planted, outcome: Outcome) -> list[str]:
    """Everything that went in and is neither in a document nor in a rejection with a reason."""
    return [
        *_lost_files(planted, outcome),
        *_lost_text(planted, outcome),
        *_lost_in_cleaning(outcome),
        *_lost_rows(outcome),
    ]


def _lost_files(planted: Planted, outcome: Outcome) -> Iterator[str]:
    """Files of which no document and no rejection speaks."""
    ids = [one.document_id for one in (*outcome.collected.documents, *outcome.collected.rejections)]
    named = {one.partition("#")[0] for one in ids}
    for path in sorted(one for one in planted.sources.rglob("*") if one.is_file()):
        relative = path.relative_to(planted.sources).as_posix()
        stem = relative.removesuffix(".zip")
        known = {relative, stem, relative.rpartition("/")[0]} if relative.startswith("slack/") else {relative}
        rosters = {"slack/users.json", "slack/channels.json"}
        if not (known & named or relative in rosters or any(one.startswith(f"{stem}/") for one in named)):
            if not any(one.startswith(stem) for one in named):
                yield f"file {relative}"


def _lost_text(planted: Planted, outcome: Outcome) -> Iterator[str]:
    """Paragraphs that a file held and its document does not, though nothing was recorded."""
    raw = {one.document_id: _squeezed(one.text) for one in outcome.collected.documents}
    furniture = {
        one.document_id: int(one.reason.split()[1].replace(",", ""))
        for one in outcome.collected.rejections
        if one.reason.startswith("page_furniture")
    }
    for path, paragraphs in planted.own.items():
        text = raw.get(path, "")
        for paragraph in (*paragraphs, *planted.quoted.get(path, ())):
            if _squeezed(paragraph) not in text and _squeezed(_plain_marks(paragraph)) not in text:
                yield f"{path}: {paragraph[:60]}"
    for path, pieces in planted.furniture.items():
        if furniture.get(path, 0) < sum(len(one.split()) for one in pieces):
            yield f"{path}: furniture of {furniture.get(path, 0)} words"


def _lost_in_cleaning(outcome: Outcome) -> Iterator[str]:
    """Raw text less what rejections name must be the clean text less its placeholders, white space aside."""
    cleaned = {one.document_id: one for one in outcome.cleaned.documents}
    removed: dict[str, list[Rejection]] = {}
    for one in outcome.cleaned.rejections:
        removed.setdefault(one.document_id, []).append(one)
    for raw in outcome.collected.documents:
        spans = sorted((one.start, one.end) for one in removed.get(raw.document_id, ()))
        rest, at = "", 0
        for start, end in spans:
            rest += raw.text[at : max(at, start)]
            at = max(at, end)
        rest += raw.text[at:]
        left = cleaned[raw.document_id].text if raw.document_id in cleaned else ""
        if _squeezed(PLACEHOLDER.sub("", left)) != _squeezed(rest):
            yield f"cleaning of {raw.document_id}"


def _lost_rows(outcome: Outcome) -> Iterator[str]:
    """Documents that a stage neither hands on nor rejects."""
    collected = {one.document_id for one in outcome.collected.documents}
    cleaned = {one.document_id for one in outcome.cleaned.documents}
    filtered = set(outcome.filtered.documents["document_id"])
    steps = [
        ("clean", collected, cleaned),
        ("dedupe", cleaned, set(outcome.unique.documents["document_id"])),
        ("filter", set(outcome.separated["document_id"]), filtered),
        ("authorship", filtered, {one.document_id for one in outcome.documents}),
    ]
    rejected = {(one.stage, one.document_id) for one in outcome.rejections}
    for stage, before, after in steps:
        yield from (f"{stage}: {one}" for one in sorted(before - after) if (stage, one) not in rejected)


def _archive_rates(planted: Planted, outcome: Outcome) -> Iterator[Rate]:
    ids = {one.document_id for one in outcome.collected.documents}
    refused = {one.document_id for one in outcome.collected.rejections if one.reason.startswith("unreadable")}
    safe = [one for one in planted.attacks if any(it.startswith(one) for it in refused)]
    yield Rate("attacking archives refused by name", len(safe), len(planted.attacks))
    reported = {one.document_id for one in outcome.collected.rejections}
    yield Rate("broken files and rows reported", sum(one in reported for one in planted.broken), len(planted.broken))
    yield Rate("documents in their encodings read", sum(one in ids for one in planted.own), len(planted.own))


def _value_rates(planted: Planted, outcome: Outcome) -> Iterator[Rate]:
    kept = "\n".join(f"{one.title}\n{one.text}" for one in outcome.cleaned.documents)
    shown = "\n".join(one.redacted_text for one in outcome.rejections)
    for name, values in (("secrets", planted.secrets), ("identities", planted.identities)):
        gone = [one for one in values if _value(one) not in kept and _value(one) not in shown]
        yield Rate(f"{name} gone from texts and records", len(gone), len(values))
    raw = {one.document_id: one.text for one in outcome.collected.documents}
    redactions = [one for one in outcome.cleaned.rejections if one.reason.startswith("redacted_")]
    # Correspondents stand in the headers of the mails, and are third parties as well.
    meant = [
        *planted.secrets,
        *planted.identities,
        *(Value("name", one) for one in QUOTED),
        Value("email", "a@b.example"),
    ]
    right = 0
    for one in redactions:
        value = raw[one.document_id][one.start : one.end]
        right += any(value in it.text or it.text in value for it in meant)
    yield Rate("redactions that are of something planted", right, len(redactions))
    yield Rate("figures and public names kept", sum(one.text in kept for one in planted.public), len(planted.public))


def _value(one: Value) -> str:
    """What must be gone: of an assignment the value, of a handle the handle as it is addressed."""
    if one.kind == "handle":
        return f"@{one.text}"
    if one.kind in {"password", "api key"}:
        return one.text.replace("=", ": ").split(": ")[1]
    if one.kind == "basic auth":
        return one.text.partition("@")[0].rpartition(":")[2]
    return one.text


def _copy_rates(planted: Planted, outcome: Outcome) -> Iterator[Rate]:
    found = {one.document_id: one.reason.partition(" of ")[2] for one in to_rows(outcome.unique.rejections, Rejection)}
    pairs = {frozenset(pair) for pair in ((copy, of) for copy, (of, _) in planted.copies.items())}
    dropped = {frozenset(pair) for pair in found.items()}
    for share in sorted({share for _, share in planted.copies.values()}):
        mine = {frozenset((copy, of)) for copy, (of, it) in planted.copies.items() if it == share}
        yield Rate(f"near copies at {share:.0%} of the words", len(mine & dropped), len(mine))
    yield Rate("documents dropped as copies that are some", len(pairs & dropped), len(dropped))


@dataclass(frozen=True)
class Told:
    """A passage of the corpus: whose it is, and whose it was taken for."""

    by_other: bool
    taken_for_other: bool
    form: str
    words: int


def attribution(planted: Planted, outcome: Outcome) -> list[Told]:
    """Every passage of the documents that were kept, chats aside, where a roster says all."""
    told = []
    for document in outcome.documents:
        if document.kind is DocumentKind.CHAT or document.document_id not in planted.own:
            continue
        quoted = {_squeezed(_plain_marks(one)): one for one in planted.quoted.get(document.document_id, ())}
        is_foreign = document.document_id in planted.foreign
        for passage in document.passages:
            if passage.style is not BlockStyle.HEADING:
                told.append(_told(document, passage, quoted, is_foreign, planted))
    return told


def _told(
    document: CorpusDocument, passage: Passage, quoted: Mapping[str, str], is_foreign: bool, planted: Planted
) -> Told:
    text = passage.of(document.text)
    inside = _squeezed(_plain_marks(text))
    source = next(
        (whole for key, whole in quoted.items() if key and (key in inside or (inside in key and len(inside) > 40))),
        None,
    )
    is_line = len(text.split()) <= 14 and (
        text.startswith("—") or text.endswith("wrote:") or text[:5] in {"-----", "From:"}
    )
    form = (
        "unmarked document"
        if is_foreign
        else planted.forms.get(source or "", "line of attribution" if is_line else "own")
    )
    by_other = is_foreign or source is not None or is_line
    return Told(by_other, passage.role is not Role.OWN, form, len(text.split()))


def _attribution_rates(planted: Planted, outcome: Outcome) -> Iterator[Rate]:
    told = [one for one in attribution(planted, outcome) if one.form != "line of attribution"]
    for form in sorted({one.form for one in told if one.by_other}):
        here = [one for one in told if one.form == form]
        yield Rate(f"passages by others found: {form}", sum(one.taken_for_other for one in here), len(here))
    theirs, taken = [one for one in told if one.by_other], [one for one in told if one.taken_for_other]
    hits = sum(one.by_other and one.taken_for_other for one in told)
    yield Rate("passages by others found: all (recall)", hits, len(theirs))
    yield Rate("passages taken for others' that are (precision)", hits, len(taken))


def f1(recall: float, precision: float) -> float:
    """Their harmonic mean."""
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _overlap(outcome: Outcome) -> Rate:
    """Runs of thirteen words of the training side, exclusions cut out, that the test side holds as well: none."""
    held_out = {gram for one in outcome.documents if one.split is Split.TEST for gram in grams(one.text, 13)}
    spans: dict[str, list[Rejection]] = {}
    for one in outcome.exclusions:
        spans.setdefault(one.document_id, []).append(one)
    shared = total = 0
    for document in outcome.documents:
        if document.split is Split.TRAIN:
            at, pieces = 0, []
            for one in sorted(spans.get(document.document_id, ()), key=lambda it: it.start):
                pieces.append(document.text[at : one.start])
                at = one.end
            for piece in (*pieces, document.text[at:]):
                found = list(grams(piece, 13))
                total += len(found)
                shared += sum(gram in held_out for gram in found)
    return Rate("training runs of 13 words that the test set has not", total - shared, total)


def _squeezed(text: str) -> str:
    """Without white space, and without characters that a page cannot show."""
    return "".join(one for one in text if not one.isspace() and one not in "\ufeff\u00ad\u200b\u2060")


def _plain_marks(text: str) -> str:
    return text.translate(str.maketrans('“”"', "‘’'"))
