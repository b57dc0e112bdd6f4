"""Stages that are run once for each combination of inputs, settings and code, and remembered.

A stage is a pure function `run(inputs, *, config) -> outputs`; the runner here does its reading, writing,
timing and remembering, so that an interrupted pipeline goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import polars as pl

import twin_data
from twin_data.contracts.base import Contract, NamedDigest
from twin_data.contracts.digests import digest_sources, digest_value
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.tables import FeatureStore, TableVersion

RECORDS = "stage_runs"


class StageRecord(Contract):
    """What a stage run was made of and what it made."""

    stage: str
    key: str
    """Digest of stage, inputs, settings and code; equal keys need no second run."""
    inputs: tuple[NamedDigest, ...]
    config_digest: str
    code_digest: str
    outputs: tuple[TableVersion, ...]
    seconds: float
    finished_at: datetime

    def output(self, table: str) -> TableVersion:
        """The version of `table` that this run wrote."""
        return next(one for one in self.outputs if one.table == table)


@dataclass(frozen=True)
class StageResult:
    """A stage's record, and whether it was remembered rather than run."""

    record: StageRecord
    reused: bool


@cache
def code_digest() -> str:
    """SHA-256 over this package's source files: a change of code makes every stage run again."""
    return digest_sources(Path(twin_data.__file__).parent)


def run_stage(
    store: FeatureStore,
    stage: str,
    *,
    inputs: Mapping[str, str],
    config: Contract,
    compute: Callable[[], Mapping[str, pl.DataFrame]],
) -> StageResult:
    """Run a stage unless the same run is on record and its tables are still there.

    Either way the newest version of each output table is what this stage has made of these inputs: what was remembered
    from a former state of the inputs is brought back, so that whoever reads the newest reads the same corpus.

    Args:
        store: Where the outputs go.
        stage: The stage's name.
        inputs: Digest of each input, by name.
        config: The stage's settings.
        compute: Reads the inputs, calls the stage and returns its output tables.

    Returns:
        The record; it is written after all tables, so an interrupted run leaves none.
    """
    if record := remembered_stage(store, stage, inputs=inputs, config=config):
        return StageResult(record=_brought_back(store, record), reused=True)
    named = _named(inputs)
    started = time.monotonic()
    outputs = tuple(store.write(table, frame) for table, frame in compute().items())
    record = StageRecord(
        stage=stage,
        key=_key(stage, named, config),
        inputs=named,
        config_digest=digest_value(config),
        code_digest=code_digest(),
        outputs=outputs,
        seconds=round(time.monotonic() - started, 3),
        finished_at=datetime.now(UTC),
    )
    store.append(RECORDS, to_frame([record], StageRecord))
    return StageResult(record=record, reused=False)


def remembered_stage(
    store: FeatureStore, stage: str, *, inputs: Mapping[str, str], config: Contract
) -> StageRecord | None:
    """The record of the same run, if its tables are still there; None if it has yet to be run."""
    return _recorded(store, _key(stage, _named(inputs), config))


def _brought_back(store: FeatureStore, record: StageRecord) -> StageRecord:
    """The record with its tables as the newest ones; another one if that took new versions of them.

    Killed before the record is written, the same call brings them back once more.
    """
    outputs = tuple(store.make_newest(one) for one in record.outputs)
    if outputs == record.outputs:
        return record
    again = record.model_copy(update={"outputs": outputs, "finished_at": datetime.now(UTC)})
    store.append(RECORDS, to_frame([again], StageRecord))
    return again


def _named(inputs: Mapping[str, str]) -> tuple[NamedDigest, ...]:
    return tuple(NamedDigest(name=name, digest=digest) for name, digest in sorted(inputs.items()))


def _key(stage: str, inputs: tuple[NamedDigest, ...], config: Contract) -> str:
    return digest_value([stage, inputs, digest_value(config), code_digest()])


@dataclass(frozen=True)
class FormerRun:
    """What an earlier run of a stage read and made, by table."""

    inputs: Mapping[str, pl.DataFrame]
    outputs: Mapping[str, pl.DataFrame]


def former_run(
    store: FeatureStore, stage: str, *, inputs: Mapping[str, str], config: Contract, moved: Collection[str]
) -> FormerRun | None:
    """The newest run of a stage with the same settings, code and inputs but for those in `moved`.

    Args:
        store: Where its tables are.
        stage: The stage's name.
        inputs: Digest of each input, by name.
        config: The stage's settings.
        moved: Inputs that may differ; those that are tables are read as they were then.

    Returns:
        None if there is no such run, or one of its tables is gone.
    """
    wanted = {name: digest for name, digest in inputs.items() if name not in moved}
    alike = (pl.col("config_digest") == digest_value(config)) & (pl.col("code_digest") == code_digest())
    for record in reversed(_records(store, (pl.col("stage") == stage) & alike)):
        known = {one.name: one.digest for one in record.inputs}
        if {name: digest for name, digest in known.items() if name not in moved} != wanted:
            continue
        read = [found for name in moved if (found := _version_of(store, name, known.get(name, "")))]
        if all(store.has_version(one) for one in (*read, *record.outputs)):
            return FormerRun(
                inputs={one.table: store.read(one.table, version=one.version) for one in read},
                outputs={one.table: store.read(one.table, version=one.version) for one in record.outputs},
            )
    return None


def _version_of(store: FeatureStore, table: str, digest: str) -> TableVersion | None:
    """The version of a table that some stage wrote with this digest, if any."""
    made = (one for record in reversed(stage_records(store)) for one in record.outputs)
    return next((one for one in made if (one.table, one.digest) == (table, digest)), None)


def stage_records(store: FeatureStore) -> tuple[StageRecord, ...]:
    """Every recorded run, oldest first."""
    return _records(store, pl.lit(True))


def _records(store: FeatureStore, which: pl.Expr) -> tuple[StageRecord, ...]:
    """Recorded runs, oldest first."""
    if not store.exists(RECORDS):
        return ()
    rows = to_rows(store.read(RECORDS).filter(which), StageRecord)
    return tuple(sorted(rows, key=lambda record: record.finished_at))


def _recorded(store: FeatureStore, key: str) -> StageRecord | None:
    """The newest record of that key whose tables can all still be read."""
    found = _records(store, pl.col("key") == key)
    return next((one for one in reversed(found) if all(store.has_version(table) for table in one.outputs)), None)
