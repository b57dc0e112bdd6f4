"""Counts of the corpus: how much there is of what, how evenly, what was dropped, removed and blanked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import polars as pl

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.documents import DocumentKind
from twin_data.corpus.findings import (
    Balance,
    Duplicate,
    Duplicates,
    Family,
    FamilySize,
    Group,
    Redaction,
    Removal,
    Rights,
    Sample,
    SourceGroup,
)
from twin_data.transform.clean import CleanConfig
from twin_data.transform.identifiers import find_identifiers

SAMPLES = 3
_LISTED = 10
_REDACTED = "redacted_"
_OF = " of "


def groups(documents: pl.DataFrame, by: str) -> tuple[Group, ...]:
    """Documents and own words of each value of a column, in order of name.

    Args:
        documents: Columns `words` and `by`.
        by: The column.
    """
    total = max(1, int(documents["words"].sum()))
    counted = documents.group_by(pl.col(by).alias("name")).agg(pl.len().alias("documents"), pl.col("words").sum())
    return tuple(
        Group(**row, share=round(row["words"] / total, 6)) for row in counted.sort("name").iter_rows(named=True)
    )


def sources(documents: pl.DataFrame, persona: PersonaConfig) -> tuple[SourceGroup, ...]:
    """Each source with its dates and the licence under which it is used."""
    ranges = documents.group_by("source").agg(
        pl.col("family").n_unique().alias("families"),
        pl.col("date").min().alias("first"),
        pl.col("date").max().alias("last"),
    )
    found = {row.pop("source"): row for row in ranges.iter_rows(named=True)}
    return tuple(
        SourceGroup(**one.model_dump(), **found[one.name], licence=_licence(persona, one.name))
        for one in groups(documents, "source")
    )


def _licence(persona: PersonaConfig, source: str) -> str:
    options = persona.sources.get(source)
    return (options.licence if options else None) or persona.licence or ""


def balance(by: str, parts: Sequence[Group]) -> Balance | None:
    """How evenly the words lie over the groups; None where there are none."""
    held = [one for one in parts if one.words]
    if not held:
        return None
    largest = max(held, key=lambda one: (one.words, one.name))
    entropy = -sum(one.share * math.log(one.share) for one in held if one.share > 0)
    return Balance(
        by=by,
        groups=len(held),
        effective=round(math.exp(entropy), 6),
        largest=largest.name,
        largest_share=largest.share,
    )


class Names:
    """How documents are named on a page that may be shown: private ones by their source alone."""

    def __init__(self, kinds: dict[str, str]) -> None:
        self._kinds = kinds

    def of(self, document_id: str) -> str:
        """The document's id, or its source where the document is private or of no known kind."""
        return blanked(document_id) if self.is_public(document_id) else source_of(document_id)

    def is_public(self, document_id: str) -> bool:
        """Whether a document is known to be of a kind that was written to be read by anyone."""
        kind = self._kinds.get(document_id)
        return kind is not None and DocumentKind(kind) not in CleanConfig().redact_names_in


def source_of(document_id: str) -> str:
    """The source that a document's id begins with."""
    return blanked(document_id.split("/", 1)[0])


def blanked(text: str) -> str:
    """The text with every identifier and secret in it replaced by what it is."""
    pieces, at = [], 0
    for one in find_identifiers(text, None):
        pieces += [text[at : one.start], one.placeholder]
        at = one.end
    return "".join([*pieces, text[at:]])


def duplicates(documents: pl.DataFrame, dropped: pl.DataFrame, names: Names) -> Duplicates:
    """Copies and families.

    Args:
        documents: Columns `document_id`, `family` and `words`.
        dropped: Rows of `Rejection` of the stage that deduplicates.
        names: How documents are named.
    """
    rows = sorted(dropped.select("reason", "document_id").iter_rows())
    kinds = Counter(reason.split(_OF)[0] for reason, _ in rows)
    families = documents.group_by("family").agg(pl.len().alias("documents"), pl.col("words").sum())
    sizes = Counter(families["documents"].to_list())
    total = max(1, int(documents["words"].sum()))
    largest = families.filter(pl.col("documents") > 1).sort("words", "family", descending=[True, False]).head(_LISTED)
    return Duplicates(
        exact=kinds["exact_duplicate"],
        near=kinds["near_duplicate"],
        samples=tuple(_duplicate(reason, document_id, names) for reason, document_id in rows[:_LISTED]),
        sizes=tuple(FamilySize(documents=size, families=count) for size, count in sorted(sizes.items())),
        largest=tuple(
            Family(name=names.of(name), documents=count, words=words, share=round(words / total, 6))
            for name, count, words in largest.iter_rows()
        ),
    )


def _duplicate(reason: str, document_id: str, names: Names) -> Duplicate:
    kind, _, better = reason.partition(_OF)
    return Duplicate(kind=kind.removesuffix("_duplicate"), document=names.of(document_id), copy_of=names.of(better))


def removals(rejections: pl.DataFrame, names: Names) -> tuple[Removal, ...]:
    """What each stage removed and why, redactions aside, with samples as they were stored: redacted.

    Rosters know who took part in a conversation, not who is spoken of: no text of a private one is shown.
    """
    held: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for stage, reason, document_id, text in rejections.select(
        "stage", "reason", "document_id", "redacted_text"
    ).iter_rows():
        if not reason.startswith(_REDACTED):
            key = stage, reason.split(_OF)[0].split(": ")[0]
            held.setdefault(key, []).append((document_id, text))
    return tuple(
        Removal(
            stage=stage,
            reason=reason,
            count=len(rows),
            documents=len({document for document, _ in rows}),
            samples=_samples(rows, names),
        )
        for (stage, reason), rows in sorted(held.items())
    )


def _samples(rows: Sequence[tuple[str, str]], names: Names) -> tuple[Sample, ...]:
    """Different texts from all over; a piece that was stored without its text is named by its id, blanked."""
    shown = sorted({(source_of(document), _shown(document, text, names)) for document, text in rows})
    picked = [shown[at * len(shown) // SAMPLES] for at in range(min(SAMPLES, len(shown)))] if shown else []
    return tuple(Sample(source=source, text=text) for source, text in dict.fromkeys(picked))


def _shown(document: str, text: str, names: Names) -> str:
    if not text:
        return blanked(document)
    return " ".join(text.split()) if names.is_public(document) else "(private)"


def redactions(rejections: pl.DataFrame) -> tuple[Redaction, ...]:
    """Blanked identifiers and secrets by kind: how many and where, never what."""
    held: dict[str, list[str]] = {}
    for reason, document_id in rejections.select("reason", "document_id").iter_rows():
        if reason.startswith(_REDACTED):
            held.setdefault(reason.removeprefix(_REDACTED), []).append(document_id)
    return tuple(
        Redaction(
            kind=kind,
            count=len(found),
            documents=len(set(found)),
            sources=tuple(sorted({source_of(one) for one in found})),
        )
        for kind, found in sorted(held.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def rights(persona: PersonaConfig) -> Rights:
    """Owner, licence and consent as `persona.yaml` states them."""
    consent = persona.consent
    return Rights(
        owner=persona.owner or "",
        licence=persona.licence or "",
        given_by=consent.given_by if consent else "",
        given_on=consent.date if consent else None,
        statement=consent.statement if consent else "",
        missing=persona.unstated,
    )
