from __future__ import annotations

import resource
import signal
from pathlib import Path

import polars as pl
import pytest

from twin_data.contracts.errors import StoreError
from twin_data.store import tables
from twin_data.store.tables import FeatureStore, digest_frame

FIRST = pl.DataFrame({"name": ["a", "b"], "weight": [1.0, 2.0]})
SECOND = pl.DataFrame({"name": ["c"], "weight": [3.0]})


def test_every_version_stays_readable(store: FeatureStore) -> None:
    first, second = store.write("t", FIRST), store.write("t", SECOND)
    assert (first.version, second.version) == (0, 1)
    assert (first.rows, second.rows) == (2, 1)
    assert store.read("t", version=0).sort("name").equals(FIRST)
    assert store.read("t").equals(SECOND)
    assert store.has_version(first)
    assert store.has_version(second)


def test_a_version_may_have_other_columns(store: FeatureStore) -> None:
    store.write("t", FIRST)
    store.write("t", pl.DataFrame({"other": [1]}))
    assert store.read("t").columns == ["other"]
    assert store.read("t", version=0).columns == ["name", "weight"]


def test_an_older_version_becomes_the_newest_without_a_file_written(store: FeatureStore) -> None:
    first, second = store.write("t", FIRST), store.write("t", pl.DataFrame({"other": [1]}))
    files = set(Path(store.location("t")).glob("*.parquet"))
    assert store.make_newest(second) == second
    made = store.make_newest(first)
    assert made == first.model_copy(update={"version": 2})
    assert store.newest_version("t") == 2 and store.read("t").sort("name").equals(FIRST)
    assert set(Path(store.location("t")).glob("*.parquet")) == files
    assert all(store.has_version(one) for one in (first, second, made))


def test_of_a_version_that_was_brought_back_the_others_are_purged(store: FeatureStore) -> None:
    first, second = store.write("t", FIRST), store.write("t", SECOND)
    store.make_newest(first)
    store.purge("t", None)
    assert store.read("t").sort("name").equals(FIRST)
    assert not store.has_version(second)
    assert len(list(Path(store.location("t")).glob("*.parquet"))) == 1


def test_a_version_that_cannot_be_brought_back_leaves_the_newest(store: FeatureStore) -> None:
    first = store.write("t", FIRST)
    (old,) = Path(store.location("t")).glob("*.parquet")
    store.write("t", SECOND)
    old.unlink()
    with pytest.raises(StoreError, match="table .*/ada/t could not be written"):
        store.make_newest(first)
    assert store.read("t").equals(SECOND)


def test_appended_rows_stand_beside_the_others(store: FeatureStore) -> None:
    store.append("t", FIRST)
    store.append("t", SECOND)
    assert store.read("t")["name"].sort().to_list() == ["a", "b", "c"]


@pytest.mark.parametrize(("kept_h", "files"), [(0, 3), (1, 8)])
def test_what_stands_in_a_larger_file_goes_after_a_while(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch, kept_h: int, files: int
) -> None:
    monkeypatch.setattr(tables, "MOST_FILES", 4)
    monkeypatch.setattr(tables, "REPLACED_KEPT_H", kept_h)
    for _ in range(7):
        store.append("t", FIRST)
    assert store.read("t").height == 7 * FIRST.height
    assert len(list(Path(store.location("t")).glob("*.parquet"))) == files


def test_the_digest_is_of_the_rows_in_any_order(store: FeatureStore) -> None:
    described = store.write("t", FIRST)
    assert described.digest == digest_frame(FIRST.reverse()) == digest_frame(store.read("t"))
    assert described.digest != digest_frame(FIRST.with_columns(weight=pl.lit(1.0)))


def test_a_version_whose_files_are_gone_is_no_version(store: FeatureStore) -> None:
    first = store.write("t", FIRST)
    (old,) = Path(store.location("t")).glob("*.parquet")
    second = store.write("t", SECOND)
    old.unlink()
    assert not store.has_version(first)
    assert store.has_version(second)
    with pytest.raises(StoreError, match="version 0 of table .* cannot be read"):
        store.read("t", version=0)


def test_a_version_whose_file_is_broken_is_no_version(store: FeatureStore) -> None:
    first = store.write("t", FIRST)
    (file,) = Path(store.location("t")).glob("*.parquet")
    file.write_bytes(file.read_bytes()[:20])
    assert not store.has_version(first)
    with pytest.raises(StoreError, match="cannot be read"):
        store.read("t")


def test_what_was_never_written(store: FeatureStore) -> None:
    described = store.write("t", FIRST)
    assert not store.exists("none")
    assert not store.has_version(described.model_copy(update={"table": "none"}))
    assert not store.has_version(described.model_copy(update={"version": 7}))
    assert not store.has_version(described.model_copy(update={"rows": 9}))
    with pytest.raises(StoreError, match="version 7 of table .*/ada/t cannot be read") as caught:
        store.read("t", version=7)
    assert caught.value.next_step
    with pytest.raises(StoreError, match="table .*/ada/none cannot be read"):
        store.read("none")


@pytest.fixture
def full_disk(tmp_path: Path) -> object:
    """No file may grow beyond a few bytes, which is what a full disk looks like to a writer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    class Full:
        def __enter__(self) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))

        def __exit__(self, *_: object) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, former)

    return Full()


def test_a_full_disk_is_named_and_the_former_version_stays(store: FeatureStore, full_disk: object) -> None:
    described = store.write("t", FIRST)
    caught = []
    with full_disk:  # type: ignore[attr-defined]
        for write in (store.write, store.append):
            try:
                write("t", pl.concat([FIRST] * 50))
            except StoreError as error:
                caught.append(error)
    assert len(caught) == 2
    for error in caught:
        assert error.message.endswith("/ada/t could not be written: file too large")
        assert "free disk space" in error.next_step
    assert store.has_version(described)
    assert store.read("t").sort("name").equals(FIRST)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "features").write_text("a file stands here")
    with pytest.raises(StoreError, match="could not be written"):
        FeatureStore.of(tmp_path / "features", "ada").write("t", FIRST)


def test_a_url_keeps_its_form() -> None:
    assert FeatureStore.of("s3://bucket/features/", "ada").location("t") == "s3://bucket/features/ada/t"
