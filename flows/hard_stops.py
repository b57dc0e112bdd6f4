"""What the gate's hard stops are found in: a bundle's files, its lineage, its taint, and the data it was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twin_data.configuration.home import TwinHome
from twin_data.contracts.datasets import DatasetKind, DatasetVersion, Instruction, Preference
from twin_data.contracts.errors import IntegrityError, StoreError
from twin_data.contracts.evaluation import HardStop, HardStopKind, HeldOutQuestion
from twin_data.contracts.releases import Alias
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.registry.selection import select
from twin_data.store.schemas import to_rows
from twin_data.store.tables import FeatureStore
from twin_eval.hard_stops import leaked_questions, uncertified_datasets


def bundle_to_judge(
    registry: BundleRegistry, persona: str, bundle_id: str | None
) -> tuple[RegisteredBundle, tuple[HardStop, ...]]:
    """A bundle (the candidate if none is named), and a hard stop if its files are unsafe or were changed.

    Raises:
        RegistryError: There is no such bundle.
    """
    alias = None if bundle_id else Alias.CANDIDATE
    named = select(persona, registry.bundles(persona), bundle_id=bundle_id, alias=alias)
    try:
        return registry.resolve(persona, bundle_id=named.bundle_id), ()
    except IntegrityError as error:
        detail = f"{error.message} ({error.next_step})"
        return named, (HardStop(kind=HardStopKind.UNSAFE_FILES, detail=detail),)


@dataclass(frozen=True)
class Search:
    """What was found against a bundle, and what could not be looked for."""

    stops: tuple[HardStop, ...] = ()
    remarks: tuple[str, ...] = ()


def stops_of(home: TwinHome, bundle: RegisteredBundle, questions: Sequence[HeldOutQuestion]) -> Search:
    """Taint, certificates, and held-out questions in the training data."""
    manifest = bundle.manifest
    found = [*uncertified_datasets(manifest)]
    if endpoint := manifest.endpoint:
        detail = f"the drafts are written by {endpoint.described}: a reference is there to be measured against"
        found.append(HardStop(kind=HardStopKind.YARDSTICK, detail=detail))
    if primary := manifest.lineage.seed_sibling_of:
        detail = f"it is the training of bundle {primary} under another seed, there to tell how far that luck goes"
        found.append(HardStop(kind=HardStopKind.SEED_SIBLING, detail=detail))
    if bundle.tainted:
        found.append(HardStop(kind=HardStopKind.TAINTED, detail=bundle.tainted))
    remarks = []
    for dataset in manifest.lineage.datasets:
        try:
            found += leaked_questions(questions, _texts(home, dataset))
        except StoreError as error:  # forgotten or vacuumed: its certificate is all that is left to go by
            what = f"questions in the {dataset.kind} that it was trained on"
            remarks.append(f"{what}: not looked for, only the certificate tells of them: {error.message}")
    return Search(tuple(found), tuple(remarks))


def _texts(home: TwinHome, dataset: DatasetVersion) -> Iterator[str]:
    """What the model read and wrote in training; validation rows as well, by which a checkpoint could be chosen."""
    rows = FeatureStore.of(home.features, dataset.persona).read(dataset.kind.value, version=dataset.table_version)
    if dataset.kind is DatasetKind.INSTRUCTIONS:
        for row in to_rows(rows, Instruction):
            yield from (row.prompt[-1].content, row.response)
    else:
        for pair in to_rows(rows, Preference):
            yield from (pair.prompt[-1].content, pair.chosen, pair.rejected)
