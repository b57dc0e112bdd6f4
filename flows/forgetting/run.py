"""The order in which something is forgotten. Each step may be killed and run again; the journal says how far it is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from flows.forgetting import bundles, databases, files, sources, tables
from flows.forgetting.journal import Journal, journal_path, read_journal, remove_journal, write_journal
from flows.forgetting.proof import prove_absence
from flows.forgetting.rebuilding import Rebuilt
from flows.forgetting.receipts import hasher_of, sign, write_receipt
from flows.forgetting.search_index import SearchStore
from flows.forgetting.wording import Wording
from flows.platform import run_files
from flows.platform.backups import noted_backups
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import SourceError
from twin_data.contracts.forgetting import (
    ForgetReceipt,
    LeftToUser,
    SignedReceipt,
    StoreOutcome,
    TaintedBundle,
    Tombstone,
)
from twin_data.sources.tombstones import read_tombstones, write_tombstones
from twin_data.store.tables import FeatureStore

IN_MEMORY = ("business", "llm")
"""Servers that may hold prompts and passages in memory until they are started again."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Surroundings:
    """What forgetting reaches outside of files.

    Attributes:
        search: The search engine; None where the persona never had an index.
        rebuild: Makes features, index and bundle 0 of what is left.
        database_url: The serving database.
        report: Told about progress.
    """

    search: SearchStore | None
    rebuild: Callable[[], Rebuilt | None]
    database_url: str
    report: Report


def begin(home: TwinHome, journal: Journal) -> None:
    """Put a plan on record: from now on it is carried out, by this run or a later one."""
    write_journal(home, journal)


def carry_out(home: TwinHome, persona: str, around: Surroundings) -> tuple[SignedReceipt, Path]:
    """Carry out what the journal says, from where it stands; returns the receipt and where it is kept.

    Raises:
        SourceError: A document cannot be cut out of the file that it shares with others; nothing was changed.
        TwinError: A store cannot be written; the same command goes on from there.
    """
    journal = read_journal(home, persona)
    assert journal is not None, "a plan is put on record before it is carried out"
    run = _Forgetting(home, journal, around)
    for name, step in STEPS:
        if name not in run.journal.done:
            around.report(name)
            try:
                step(run)
            except SourceError:
                if not run.journal.done:
                    remove_journal(home, persona)  # the first step changes nothing where it fails
                raise
            run.finish(name)
    return run.close()


@dataclass
class _Forgetting:
    """One journal, carried out."""

    home: TwinHome
    journal: Journal
    around: Surroundings
    _outcomes: list[StoreOutcome] = field(default_factory=list)

    @cached_property
    def wording(self) -> Wording:
        return Wording.stored(hasher_of(self.home, self.journal.receipt), self.journal.probes)

    @property
    def persona(self) -> str:
        return self.journal.persona

    @property
    def store(self) -> FeatureStore:
        return FeatureStore.of(self.home.features, self.persona)

    def told(self, store: str, items: int, what: str) -> None:
        """Put on record what a step did; killed before its end, a step tells only what the next run still finds."""
        if items:
            self._outcomes.append(StoreOutcome(store=store, items=items, what=what))

    def keep(self, **changes: Any) -> None:
        """Put on record what later steps need."""
        self.journal = self.journal.model_copy(update=changes)

    def finish(self, name: str) -> None:
        outcomes = (*self.journal.outcomes, *self._outcomes)
        self._outcomes.clear()
        self.keep(done=(*self.journal.done, name), outcomes=outcomes)
        write_journal(self.home, self.journal)

    def close(self) -> tuple[SignedReceipt, Path]:
        """Search for what should be gone, write the receipt, and drop the journal."""
        journal, around = self.journal, self.around
        proof = prove_absence(
            self.home, self.persona, self.wording, around.search, around.database_url, around.report,
            without=journal_path(self.home, self.persona),
        )  # fmt: skip
        content = ForgetReceipt(
            receipt=journal.receipt,
            persona=self.persona,
            kind=journal.kind,
            requested_at=journal.requested_at,
            finished_at=datetime.now(UTC),
            documents=journal.documents,
            tombstones=len(journal.digests),
            stores=journal.outcomes,
            bundles=tuple(
                TaintedBundle(bundle=one.bundle, rung=one.rung, was=one.aliases, withdrawn=one.withdrawn)
                for one in journal.bundles
            ),
            champion_before=journal.champion_before,
            champion_after=journal.champion_after,
            left_to_user=journal.left_to_user,
            proof=proof,
            probes=journal.probes,
        )
        signed = sign(self.home, content)
        path = write_receipt(self.home, signed)
        remove_journal(self.home, self.persona)
        return signed, path


def _cut(run: _Forgetting) -> None:
    if run.journal.parts:
        changed = sources.cut_parts(run.home, run.persona, run.journal.source, run.journal.parts)
        run.told("sources", changed, "files rewritten without a document")


def _hide(run: _Forgetting) -> None:
    if run.around.search is not None:
        run.told("search index", run.around.search.hide(run.persona, run.journal.ids), "entries deleted")


def _taint(run: _Forgetting) -> None:
    bundles.taint_all(run.home, run.persona, run.journal.bundles, run.journal.receipt)
    run.told("registry", len(run.journal.bundles), "bundles tainted")


def _bury(run: _Forgetting) -> None:
    folder, journal = run.home.persona_folder(run.persona), run.journal
    new = [Tombstone(digest=one, forgotten_at=journal.requested_at, receipt=journal.receipt) for one in journal.digests]
    write_tombstones(folder, (*new, *read_tombstones(folder)))


def _remove_sources(run: _Forgetting) -> None:
    root, journal = run.home.root, run.journal
    folder = root / journal.folder if journal.folder else None
    removed = sources.remove_files(run.home, run.persona, folder, [root / one for one in journal.files])
    run.told("sources", removed, "files removed")


def _rebuild(run: _Forgetting) -> None:
    if run.around.search is None:
        return
    rebuilt = run.around.rebuild()
    dropped = run.around.search.drop_others(run.persona, rebuilt.index if rebuilt else None)
    run.told("search index", dropped, "versions deleted")
    run.keep(base=rebuilt.bundle if rebuilt else None)


def _fall_back(run: _Forgetting) -> None:
    journal = run.journal
    if journal.base is None:
        run.keep(champion_after=bundles.champion_id(run.home, run.persona))
        return
    after = bundles.fall_back(run.home, run.persona, journal.bundles, journal.base, journal.receipt)
    run.keep(champion_after=after)
    if after != journal.champion_before:
        run.told("registry", 1, "alias champion moved to bundle 0 of what is left")


def _purge_tables(run: _Forgetting) -> None:
    purged = tables.purge_tables(run.store, run.wording, run.journal.ids, run.journal.embedded, run.around.report)
    run.told("tables", purged, "tables rewritten and vacuumed")


def _withdraw(run: _Forgetting) -> None:
    journal = run.journal
    gone = bundles.withdraw_all(run.home, run.persona, journal.bundles, journal.receipt)
    run.told("registry", gone, "bundles' files removed")
    datasets = {digest for one in journal.bundles for digest in one.datasets}
    trained = files.training_runs(run.home, run.persona, datasets)
    run.told("training", files.remove_folders(trained), "runs removed")
    voices = run.home.voices / run.persona
    run.told("voices", files.remove_folders([voices]), "folder of profiles removed, to be fitted anew")


def _erase_files(run: _Forgetting) -> None:
    held = files.held_files(run.home, run.persona, run.wording, run.around.report)
    erased, left = files.erase(run.home, held, run.wording)
    for area in sorted({one.path.relative_to(run.home.root).parts[0] for one in held}):
        mine = [one for one in held if one.path.relative_to(run.home.root).parts[0] == area]
        for rule in sorted({one.rule for one in mine if one.rule is not files.Rule.LEAVE}):
            run.told(area, sum(one.rule is rule for one in mine), rule.value)
    assert erased + len(left) == len(held), "each file has one rule"
    run.keep(left_to_user=(*left, *_backups(run), *_servers(run)))


def _backups(run: _Forgetting) -> Collection[LeftToUser]:
    """Backups that were made before: what they hold cannot be told without unpacking all of it."""
    made = (one for one in noted_backups(run.home) if one.created_at <= run.journal.requested_at)
    return [
        LeftToUser(
            kind="backup",
            place=one.file,
            todo=f"made {one.created_at:%Y-%m-%d}, before this was forgotten: destroy it and make a new one",
        )
        for one in made
        if Path(one.file).exists()
    ]


def _servers(run: _Forgetting) -> Collection[LeftToUser]:
    running = [name for name in IN_MEMORY if run_files.read(run.home, name)]
    todo = f"it may hold passages in memory until it is started again: twin up {' '.join(running)} --restart"
    return [LeftToUser(kind="server", place=name, todo=todo) for name in running]


def _redact_databases(run: _Forgetting) -> None:
    deleted = databases.forget_interactions(run.around.database_url, run.persona, run.wording)
    run.told("serving database", deleted, "interactions removed")
    for path in databases.databases_in(files.files_of(run.home)):
        name = path.relative_to(run.home.root).as_posix()
        run.around.report(f"databases: {name}")
        run.told(name, databases.redact_database(path, run.wording), "rows redacted or removed")


STEPS: tuple[tuple[str, Callable[[_Forgetting], None]], ...] = (
    ("cutting it out of files with others", _cut),
    ("hiding it from search", _hide),
    ("tainting bundles made of it", _taint),
    ("setting tombstones", _bury),
    ("removing source files", _remove_sources),
    ("rewriting tables", _purge_tables),
    ("rebuilding what is left", _rebuild),
    ("choosing who answers now", _fall_back),
    ("withdrawing bundles trained on it", _withdraw),
    ("removing files made of it", _erase_files),
    ("rewriting databases", _redact_databases),
)
"""Out of sight first, then out of the stores. Tables are vacuumed before the rebuild, whose versions bundle 0 names."""
