"""Bundles made of what is forgotten: tainted, and their files withdrawn where these hold it or were trained on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from flows.forgetting.contents import leaves
from flows.forgetting.files import holds
from flows.forgetting.tables import gone_rows
from flows.forgetting.wording import Wording
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import DatasetVersion
from twin_data.contracts.errors import StoreError
from twin_data.contracts.releases import Alias, ReleaseBundle
from twin_data.registry import open_registry
from twin_data.registry.port import RegisteredBundle
from twin_data.registry.selection import holder
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import DOCUMENTS

AUTHOR = "twin forget"


class AffectedBundle(Contract):
    """A bundle that must not be used any more."""

    bundle: str
    rung: str
    aliases: tuple[str, ...]
    withdrawn: bool
    """Whether it was trained on it, shows it in its prompt, or carries it in a file."""
    datasets: tuple[str, ...]
    """Digests of its datasets that hold it."""


@dataclass(frozen=True)
class Sought:
    """What makes a table's row one of those that go."""

    wording: Wording
    ids: Collection[str]
    digests: Collection[str]


def affected_bundles(home: TwinHome, persona: str, sought: Sought) -> tuple[AffectedBundle, ...]:
    """Bundles whose corpus, dataset or prompt holds it. What can no longer be read is taken to hold it."""
    store = FeatureStore.of(home.features, persona)
    return tuple(_affected(store, open_registry(home).bundles(persona), sought))


def _affected(store: FeatureStore, bundles: Collection[RegisteredBundle], sought: Sought) -> Iterator[AffectedBundle]:
    for one in bundles:
        manifest = one.manifest
        indexed = manifest.retrieval is not None and _indexes(store, manifest, sought)
        datasets = tuple(version.digest for version in manifest.lineage.datasets if _teaches(store, version, sought))
        shown = any(leaf_is_gone(leaf, sought) for leaf in leaves(manifest.model_dump(mode="json")["examples"]))
        shown = shown or any(holds(path, sought.wording) for path in sorted(one.folder.rglob("*")) if path.is_file())
        if indexed or datasets or shown:
            yield AffectedBundle(
                bundle=one.bundle_id,
                rung=manifest.rung.value,
                aliases=tuple(alias.value for alias in one.aliases),
                withdrawn=bool(datasets or shown),
                datasets=datasets,
            )


def leaf_is_gone(leaf: str, sought: Sought) -> bool:
    """Whether a text names a forgotten document or holds its words."""
    return leaf in sought.ids or sought.wording.is_in(leaf)


def _indexes(store: FeatureStore, manifest: ReleaseBundle, sought: Sought) -> bool:
    try:
        documents = store.read(DOCUMENTS, version=manifest.lineage.table_versions[DOCUMENTS])
    except (KeyError, StoreError):
        return True
    return bool(documents["document_id"].is_in(list(sought.ids)).any())


def _teaches(store: FeatureStore, version: DatasetVersion, sought: Sought) -> bool:
    try:
        rows = store.read(version.kind.value, version=version.table_version)
    except StoreError:
        return True
    return bool(gone_rows(rows, sought.wording, sought.ids, ()).any())


def taint_all(home: TwinHome, persona: str, affected: Collection[AffectedBundle], receipt: str) -> None:
    """Mark them, so that the gate refuses them from now on; what was tainted before keeps its first reason."""
    for one in affected:
        open_registry(home).taint(persona, one.bundle, reason=_reason(receipt))


def withdraw_all(home: TwinHome, persona: str, affected: Collection[AffectedBundle], receipt: str) -> int:
    """Remove the files of those that were trained on it or show it; returns how many."""
    registry, gone = open_registry(home), [one for one in affected if one.withdrawn]
    for one in gone:
        registry.withdraw(persona, one.bundle, reason=_reason(receipt))
    return len(gone)


def champion_id(home: TwinHome, persona: str) -> str | None:
    """The bundle that answers now."""
    found = holder(open_registry(home).bundles(persona), Alias.CHAMPION)
    return found.bundle_id if found else None


def fall_back(
    home: TwinHome, persona: str, affected: Collection[AffectedBundle], base: str, receipt: str
) -> str | None:
    """Let bundle 0 of the new features answer in the place of a champion that is affected; returns the champion.

    The gate is not asked: it would need questions and a model, and what it would keep is what must go.
    """
    champion = champion_id(home, persona)
    if champion is None or champion not in {one.bundle for one in affected}:
        return champion
    reason = f"the former champion {champion} {_reason(receipt)}"
    open_registry(home).set_alias(persona, Alias.CHAMPION, base, reason=reason, override_by=AUTHOR)
    return base


def _reason(receipt: str) -> str:
    return f"was made of what has been forgotten (receipt {receipt})"
