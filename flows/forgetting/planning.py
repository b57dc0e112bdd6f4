"""What would go, before anything does: for `--dry-run`, for the question that is asked, and as the journal's start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.forgetting.bundles import Sought, affected_bundles, champion_id
from flows.forgetting.databases import interactions_holding
from flows.forgetting.files import held_files
from flows.forgetting.journal import Journal
from flows.forgetting.receipts import hasher_of, new_receipt_id
from flows.forgetting.tables import embedded_digests, holds
from flows.forgetting.targets import Target, find_target, kept_texts, sharing, wording_of
from flows.forgetting.wording import MIN_ID_WORDS, MIN_RUN_WORDS, Wording, words_of
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import RawDocument
from twin_data.contracts.forgetting import ForgottenDocument, ForgottenKind
from twin_data.store.tables import FeatureStore


class ForgetPlan(Contract):
    """What would go, for people to read."""

    persona: str
    kind: ForgottenKind
    documents: tuple[str, ...]
    files: tuple[str, ...]
    words: int
    unprovable: tuple[str, ...]
    """Documents that say nothing of their own: too short, or all of it stands in others that stay."""
    sharing: tuple[str, ...]
    """Documents that stay and say much of the same."""
    stores: dict[str, int]
    """Where it was found, in tables, files, rows."""
    bundles: tuple[str, ...]
    withdrawn: tuple[str, ...]
    champion: str | None
    champion_is_affected: bool


@dataclass(frozen=True)
class Planned:
    """A plan and the journal that carries it out."""

    plan: ForgetPlan
    journal: Journal


def make_plan(
    home: TwinHome, persona: str, wanted: str, recipe: str, database_url: str, report: Callable[[str], None]
) -> Planned:
    """Find what is meant and everywhere that it is. Changes nothing.

    Raises:
        ConfigurationError: There is no such persona.
        SourceError: It has no source or document of that name.
    """
    report(f"looking for {wanted} in the sources of {persona}")
    target, receipt = find_target(home, persona, wanted), new_receipt_id()
    hasher = hasher_of(home, receipt)
    everything = wording_of(target, hasher)
    report(f"reading what stays beside {len(target.documents):,} documents")
    wording = everything.without(kept_texts(home, target))
    store = FeatureStore.of(home.features, persona)
    embedded = embedded_digests(store, set(target.documents))
    sought = Sought(wording, set(target.documents), embedded)
    report("looking for bundles made of it")
    bundles = affected_bundles(home, persona, sought)
    champion = champion_id(home, persona)
    documents = tuple(_described(id, versions, wording) for id, versions in sorted(target.documents.items()))
    plan = ForgetPlan(
        persona=persona,
        kind=target.kind,
        documents=tuple(sorted(target.documents)),
        files=tuple(_names(home, target)),
        words=sum(one.words for one in documents),
        unprovable=tuple(id for id, one in zip(sorted(target.documents), documents, strict=True) if not one.probes),
        sharing=sharing(target, everything),
        stores=_counts(home, persona, sought, store, target.files, database_url, report),
        bundles=tuple(one.bundle for one in bundles),
        withdrawn=tuple(one.bundle for one in bundles if one.withdrawn),
        champion=champion,
        champion_is_affected=champion in {one.bundle for one in bundles},
    )
    journal = Journal(
        receipt=receipt,
        persona=persona,
        recipe=recipe,
        wanted=wanted,
        kind=target.kind,
        requested_at=datetime.now(UTC),
        source=target.source,
        ids=plan.documents,
        files=plan.files,
        folder=target.folder.relative_to(home.root).as_posix() if target.folder else None,
        parts=target.parts,
        digests=tuple(sorted(target.digests)),
        embedded=tuple(sorted(embedded)),
        documents=documents,
        probes=wording.to_store(),
        bundles=bundles,
        champion_before=champion,
    )
    return Planned(plan, journal)


def _names(home: TwinHome, target: Target) -> list[str]:
    return [path.relative_to(home.root).as_posix() for path in target.files]


def _described(id: str, versions: tuple[RawDocument, ...], wording: Wording) -> ForgottenDocument:
    newest = versions[-1]
    own = [(words_of(id), MIN_ID_WORDS)]
    own += [(words_of(text), MIN_RUN_WORDS) for one in versions for text in (one.text, one.title)]
    mine = Wording.of(wording.hasher, own)
    return ForgottenDocument(
        id_digest=digest_text(id),
        words=len(words_of(newest.text)),
        probes=mine.size - mine.minus(wording).size,
    )


def _counts(
    home: TwinHome,
    persona: str,
    sought: Sought,
    store: FeatureStore,
    files: Collection[Path],
    database_url: str,
    report: Callable[[str], None],
) -> dict[str, int]:
    """In how many tables, interactions and files beside its own it is, by store."""
    report("looking for it in tables, files and databases")
    held = [one.path for one in held_files(home, persona, sought.wording, report) if one.path not in files]
    found = Counter(path.relative_to(home.root).parts[0] for path in held)
    tables = [one for one in store.tables() if holds(store, one, sought.wording, sought.ids, sought.digests)]
    found["tables"] = len(tables)
    found["interactions"] = len(interactions_holding(database_url, persona, sought.wording))
    return {name: count for name, count in sorted(found.items()) if count}
