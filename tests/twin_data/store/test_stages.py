from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import StoreError
from twin_data.store import stages
from twin_data.store.stages import StageResult, code_digest, remembered_stage, run_stage, stage_records
from twin_data.store.tables import FeatureStore, TableVersion


class Config(Contract):
    words: int = 3


class Counter:
    """A stage that counts how often it is computed."""

    def __init__(self, store: FeatureStore) -> None:
        self.store = store
        self.computed = 0

    def run(
        self, *, config: Contract | None = None, inputs: Mapping[str, str] | None = None, stage: str = "count"
    ) -> StageResult:
        return run_stage(
            self.store, stage, inputs=inputs or {"documents": "d1"}, config=config or Config(), compute=self.compute
        )

    def compute(self) -> dict[str, pl.DataFrame]:
        self.computed += 1
        return {"counts": pl.DataFrame({"n": [self.computed]}), "rejections": pl.DataFrame({"id": ["x"]})}


@pytest.fixture
def counter(store: FeatureStore) -> Counter:
    return Counter(store)


def test_the_same_run_is_remembered(counter: Counter) -> None:
    first, second = counter.run(), counter.run()
    assert (first.reused, second.reused) == (False, True)
    assert counter.computed == 1
    assert second.record == first.record
    assert stage_records(counter.store) == (first.record,)


def test_the_record_says_what_it_was_made_of(counter: Counter) -> None:
    record = counter.run(inputs={"b": "2", "a": "1"}).record
    assert [(one.name, one.digest) for one in record.inputs] == [("a", "1"), ("b", "2")]
    assert record.code_digest == code_digest()
    assert record.output("counts").rows == 1
    assert counter.store.read("counts", version=record.output("counts").version)["n"].to_list() == [1]
    assert record.finished_at.tzinfo is not None


def test_other_settings_inputs_stages_and_code_run_again(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [
        counter.run().record.key,
        counter.run(config=Config(words=4)).record.key,
        counter.run(inputs={"documents": "d2"}).record.key,
        counter.run(inputs={"document": "d1"}).record.key,
        counter.run(stage="other").record.key,
    ]
    monkeypatch.setattr(stages, "code_digest", lambda: "another version of the code")
    keys.append(counter.run().record.key)
    assert counter.computed == len(keys) == len(set(keys))


def test_going_back_to_former_settings_is_remembered_too(counter: Counter) -> None:
    first = counter.run()
    counter.run(config=Config(words=4))
    again = counter.run()
    assert again.reused and counter.computed == 2
    assert counter.store.read("counts", version=again.record.output("counts").version)["n"].to_list() == [1]
    assert (first.record.key, first.record.output("counts").digest) == (
        again.record.key, again.record.output("counts").digest
    )  # fmt: skip


def test_what_is_remembered_becomes_the_newest_version_again(counter: Counter) -> None:
    """Datasets, verdict, voice and exam read the newest: it is the corpus that the last run was about."""
    first = counter.run()
    counter.run(config=Config(words=4))
    assert counter.store.read("counts")["n"].to_list() == [2]
    again = counter.run()
    assert counter.store.read("counts")["n"].to_list() == [1]
    made = again.record.output("counts")
    assert made.version == counter.store.newest_version("counts") != first.record.output("counts").version
    assert counter.run().record == again.record, "it is brought back once"
    assert stage_records(counter.store)[-1] == again.record


def test_a_kill_while_tables_are_brought_back_is_made_good(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    counter.run()
    counter.run(config=Config(words=4))
    make_newest = FeatureStore.make_newest

    def killed(store: FeatureStore, described: TableVersion) -> TableVersion:
        if described.table == "rejections":
            raise KeyboardInterrupt
        return make_newest(store, described)

    with monkeypatch.context() as patched:
        patched.setattr(FeatureStore, "make_newest", killed)
        with pytest.raises(KeyboardInterrupt):
            counter.run()
    again = counter.run()
    assert again.reused
    assert {one.table: one.version for one in again.record.outputs} == {
        table: counter.store.newest_version(table) for table in ("counts", "rejections")
    }
    assert counter.store.read("counts")["n"].to_list() == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, ValueError])
def test_an_interrupted_run_leaves_no_record(counter: Counter, error: type[BaseException]) -> None:
    def compute() -> dict[str, pl.DataFrame]:
        raise error

    with pytest.raises(error):
        run_stage(counter.store, "count", inputs={"documents": "d1"}, config=Config(), compute=compute)
    assert stage_records(counter.store) == ()
    assert not counter.run().reused


def test_a_run_that_cannot_write_leaves_no_record(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    write = FeatureStore.write

    def full(store: FeatureStore, table: str, frame: pl.DataFrame) -> object:
        if table == "rejections":
            raise StoreError("no space left", next_step="free disk space")
        return write(store, table, frame)

    with monkeypatch.context() as patched:
        patched.setattr(FeatureStore, "write", full)
        with pytest.raises(StoreError, match="no space left"):
            counter.run()
    assert counter.store.exists("counts")
    assert stage_records(counter.store) == ()
    assert not counter.run().reused
    assert counter.run().reused


def test_a_run_whose_tables_were_deleted_is_run_again(counter: Counter) -> None:
    record = counter.run().record
    for file in Path(counter.store.location("rejections")).glob("*.parquet"):
        file.unlink()
    again = counter.run()
    assert not again.reused
    assert again.record.key == record.key
    assert counter.run().reused


def test_an_unknown_output(counter: Counter) -> None:
    with pytest.raises(StopIteration):
        counter.run().record.output("nothing")


def test_what_was_not_run_is_not_remembered_and_asking_runs_nothing(counter: Counter) -> None:
    asked = {"inputs": {"documents": "d1"}, "config": Config()}
    assert remembered_stage(counter.store, "count", **asked) is None  # type: ignore[arg-type]
    assert counter.computed == 0
    record = counter.run().record
    assert remembered_stage(counter.store, "count", **asked) == record  # type: ignore[arg-type]
    assert remembered_stage(counter.store, "other", **asked) is None  # type: ignore[arg-type]
