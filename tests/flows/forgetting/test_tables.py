"""Delta tables: no row, no older version, no statistics of the log and no embedding is left."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows.forgetting.contents import texts_of
from flows.forgetting.tables import embedded_digests, purge_tables
from flows.forgetting.wording import MIN_RUN_WORDS, Hasher, Wording, words_of
from twin_data.contracts.errors import StoreError
from twin_data.store.tables import FeatureStore
from twin_data.transform.embed import with_text_digests

GONE, KEPT = "posts/the-lamp.md", "posts/the-rope.md"
SECRET = "A lamp on the eastern jetty went out and nobody came to light it again."
OTHER = "A mooring rope should be spliced by the person who will trust it with a boat."
VECTORS, PIECES = [[0.1, 0.2], [0.3, 0.4]], [b"\x00\x01", b"\x02"]
WORDING = Wording.of(Hasher(b"k" * 32), [(words_of(SECRET), MIN_RUN_WORDS)])
CHUNKS = pl.DataFrame({"document_id": [GONE, KEPT], "context": ["Lamp", "Rope"], "text": [SECRET, OTHER]})


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    """Chunks in three versions of which only the first two hold it, and tables made of them."""
    store = FeatureStore.of(tmp_path / "features", "ada")
    keys = with_text_digests(CHUNKS)["text_digest"]
    store.append("passage_embeddings", pl.DataFrame({"text_digest": keys, "vector": VECTORS, "pieces": PIECES}))
    for frame in (CHUNKS, CHUNKS, CHUNKS.tail(1)):
        store.write("chunks", frame)
    store.write("instructions", pl.DataFrame({"id": ["1", "2"], "spans": [[{"document_id": GONE}], []]}))
    store.write("rejections", pl.DataFrame({"document_id": [KEPT], "reason": ["short"]}))
    return store


def remains(store: FeatureStore) -> list[str]:
    files = sorted(path for path in Path(store.root).rglob("*") if path.is_file())
    return [path.name for path in files if any(WORDING.is_in(text) or "lamp" in text for text in texts_of(path))]


def test_nothing_is_left_and_the_tables_go_on(store: FeatureStore) -> None:
    assert remains(store), "the log's statistics alone name it"
    digests = embedded_digests(store, {GONE})
    assert len(digests) == 1

    assert purge_tables(store, WORDING, {GONE}, digests, lambda _: None) == 3

    assert remains(store) == []
    assert store.read("chunks")["document_id"].to_list() == [KEPT]
    assert store.read("passage_embeddings")["vector"].to_list() == [[0.3, 0.4]]
    assert store.read("instructions")["id"].to_list() == ["2"]
    for table in ("chunks", "instructions"):
        with pytest.raises(StoreError, match="version 0"):
            store.read(table, version=0)
    store.append("chunks", CHUNKS.tail(1))
    assert store.read("chunks").height == 2
    assert store.read("rejections", version=0).height == 1, "a table without it keeps its versions"


def test_a_second_time_changes_nothing(store: FeatureStore) -> None:
    digests = embedded_digests(store, {GONE})
    purge_tables(store, WORDING, {GONE}, digests, lambda _: None)
    before = {table: store.newest_version(table) for table in store.tables()}
    assert purge_tables(store, WORDING, {GONE}, digests, lambda _: None) == 0
    assert {table: store.newest_version(table) for table in store.tables()} == before


def test_an_embedding_that_another_document_needs_stays(store: FeatureStore) -> None:
    same = CHUNKS.with_columns(document_id=pl.lit(KEPT)).head(1)
    store.write("chunks", pl.concat([CHUNKS, same]))
    digests = embedded_digests(store, {GONE})
    nothing = Wording.of(WORDING.hasher, [])
    purge_tables(store, nothing, {GONE}, digests, lambda _: None)
    assert store.read("passage_embeddings").height == 2
