"""Writing an index, moving the live one and swapping, on a small fake of Elasticsearch's index API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from elastic_transport import ConnectionError as ElasticConnectionError

from twin_data.contracts.errors import IntegrityError, SearchUnavailableError, StoreError
from twin_data.store import live_index, search
from twin_data.store.live_index import MOVING, LiveIndexMover
from twin_data.store.search import IndexWriter, alias_name, index_name

from .index_fake import FakeElasticsearch, identity


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeElasticsearch:
    def bulk(client: FakeElasticsearch, actions: Iterable[Mapping[str, Any]], chunk_size: int) -> Iterator[None]:
        for action in actions:
            held = client.held[action["_index"]]["entries"]
            if action.get("_op_type") == "delete":
                del held[action["_id"]]
            else:
                held[action["_id"]] = action
            yield

    monkeypatch.setattr(search, "streaming_bulk", bulk)
    monkeypatch.setattr(live_index, "streaming_bulk", bulk)
    return FakeElasticsearch()


@pytest.fixture
def writer(fake: FakeElasticsearch) -> IndexWriter:
    return IndexWriter(fake)  # type: ignore[arg-type]


def entries(*ids: str) -> list[dict[str, str]]:
    return [{"_id": one} for one in ids]


WHOLE = entries("chunk-1", "document-1", "term-weights")


def test_an_index_is_built_then_live(writer: IndexWriter, fake: FakeElasticsearch) -> None:
    assert writer.live("ada") is None
    writer.build("twin-ada-1", identity(), WHOLE, ())
    assert writer.live("ada") is None
    assert writer.swap("ada", "twin-ada-1") == ()
    assert writer.live("ada") == ("twin-ada-1", identity())
    assert fake.held["twin-ada-1"]["settings"]["refresh_interval"] == "1s"


def test_a_complete_index_is_not_built_twice(writer: IndexWriter) -> None:
    writer.build("twin-ada-1", identity(), WHOLE, ())

    def never() -> Iterator[dict[str, str]]:
        raise AssertionError("built again")
        yield

    writer.build("twin-ada-1", identity(), never(), ())


@pytest.mark.parametrize("missing", range(3))
def test_an_index_that_lacks_anything_is_built_anew(writer: IndexWriter, fake: FakeElasticsearch, missing: int) -> None:
    """Also one that holds every chunk, and was interrupted before its documents or its term weights."""
    part = [one for at, one in enumerate(WHOLE) if at != missing]

    with pytest.raises(IntegrityError, match="holds 2 entries instead of 3"):
        writer.build("twin-ada-1", identity(), part, ())
    assert writer.live("ada") is None
    writer.build("twin-ada-1", identity(), WHOLE, ())
    assert fake.count("twin-ada-1") == {"count": 3}


def test_an_interrupted_build_leaves_the_live_index(writer: IndexWriter) -> None:
    writer.build("twin-ada-1", identity(), WHOLE, ())
    writer.swap("ada", "twin-ada-1")

    def broken() -> Iterator[dict[str, str]]:
        yield WHOLE[0]
        raise ElasticConnectionError("connection refused")

    with pytest.raises(SearchUnavailableError, match="did not answer while working on index twin-ada-2") as caught:
        writer.build("twin-ada-2", identity(features_digest="g"), broken(), ())
    assert "twin up" in caught.value.next_step
    assert writer.live("ada") == ("twin-ada-1", identity())


def test_a_refused_entry_is_a_store_error(writer: IndexWriter) -> None:
    from elasticsearch.helpers import BulkIndexError

    def refused() -> Iterator[dict[str, str]]:
        raise BulkIndexError("1 document(s) failed to index.", [{"index": {"error": "strict_dynamic_mapping"}}])
        yield

    with pytest.raises(StoreError, match="an entry was refused: .*strict_dynamic_mapping"):
        writer.build("twin-ada-1", identity(), refused(), ())


def test_the_former_index_is_kept_and_older_ones_go(writer: IndexWriter, fake: FakeElasticsearch) -> None:
    for version in "123":
        writer.build(index_name("ada", version), identity(features_digest=version), WHOLE, ())
        writer.swap("ada", index_name("ada", version))
    assert sorted(fake.held) == ["twin-ada-2", "twin-ada-3"]
    assert [name for name, one in fake.held.items() if alias_name("ada") in one["aliases"]] == ["twin-ada-3"]


def test_swapping_twice_changes_nothing(writer: IndexWriter, fake: FakeElasticsearch) -> None:
    for version in "12":
        writer.build(index_name("ada", version), identity(features_digest=version), WHOLE, ())
        writer.swap("ada", index_name("ada", version))
    assert writer.swap("ada", "twin-ada-2") == ("twin-ada-2",)
    assert writer.live("ada") == ("twin-ada-2", identity(features_digest="2"))


def test_a_persona_whose_name_begins_alike_is_left_alone(writer: IndexWriter, fake: FakeElasticsearch) -> None:
    writer.build("twin-ada-lovelace-1", identity("ada-lovelace"), WHOLE, ())
    writer.build("twin-ada-lovelace-2", identity("ada-lovelace", features_digest="g"), WHOLE, ())
    writer.swap("ada-lovelace", "twin-ada-lovelace-2")
    writer.build("twin-ada-1", identity(), WHOLE, ())
    writer.swap("ada", "twin-ada-1")
    assert writer.live("ada-lovelace") == ("twin-ada-lovelace-2", identity("ada-lovelace", features_digest="g"))
    assert "twin-ada-1" in fake.held


TOLD = {"_id": "chunk-1", "text": "The tide gauge at Brackholm.", "vector": [1.0, 0.0]}


@pytest.mark.parametrize("lost", [False, True])
def test_an_index_that_does_not_find_its_entries_never_goes_live(writer: IndexWriter, lost: bool) -> None:
    held = [TOLD | {"lost": lost}, *WHOLE[1:]]
    if not lost:
        writer.build("twin-ada-1", identity(), held, [TOLD])
        return
    for _ in range(2):  # the second time it is all there, and tried again
        with pytest.raises(IntegrityError, match="index twin-ada-1 does not find its entry chunk-1 by its words"):
            writer.build("twin-ada-1", identity(), held, [TOLD])


def test_a_probe_of_no_telling_words_is_searched_by_its_vector(writer: IndexWriter) -> None:
    mute = {"_id": "chunk-1", "text": "It is.", "vector": [1.0, 0.0], "lost": True}
    with pytest.raises(IntegrityError, match="by its vector"):
        writer.build("twin-ada-1", identity(), [mute, *WHOLE[1:]], [mute])


def test_the_live_index_moves_in_place(writer: IndexWriter, fake: FakeElasticsearch) -> None:
    name = index_name("ada", "f")
    writer.build(name, identity(), WHOLE, ())
    writer.swap("ada", name)
    moved = identity(features_digest="g", chunks=2)
    LiveIndexMover(fake).move(name, moved, [TOLD | {"_id": "chunk-2"}], [], [TOLD])  # type: ignore[arg-type]
    assert writer.live("ada") == (name, moved)
    gone = identity(features_digest="h")
    LiveIndexMover(fake).move(name, gone, [], ["chunk-2"], [])  # type: ignore[arg-type]
    assert writer.live("ada") == (name, gone)
    assert set(fake.held[name]["entries"]) == {"chunk-1", "document-1", "term-weights"}


def test_a_move_that_was_cut_short_leaves_no_version(writer: IndexWriter, fake: FakeElasticsearch) -> None:
    """Also where as many entries came as went, so that counting them would tell nothing."""
    name = index_name("ada", "f")
    writer.build(name, identity(), WHOLE, ())
    writer.swap("ada", name)

    def broken() -> Iterator[dict[str, Any]]:
        yield TOLD
        raise ElasticConnectionError("connection refused")

    with pytest.raises(ElasticConnectionError):
        LiveIndexMover(fake).move(name, identity(features_digest="g"), broken(), [], [])  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match="holds 3 entries instead of 4"):
        LiveIndexMover(fake).move(name, identity(features_digest="g", chunks=2), [], [], [])  # type: ignore[arg-type]
    live = writer.live("ada")
    assert live and live[1].features_digest == f"{MOVING}g"
    assert writer.name_for(identity()) == f"{name}-rebuilt", "the live index is never built over"


def test_an_index_is_named_by_its_version_unless_the_live_one_bears_that_name(
    writer: IndexWriter, fake: FakeElasticsearch
) -> None:
    first, second = identity(features_digest="a" * 64), identity(features_digest="b" * 64)
    name = writer.name_for(first)
    assert name == f"twin-ada-{'a' * 12}"
    writer.build(name, first, WHOLE, ())
    writer.swap("ada", name)
    assert writer.name_for(first) == name
    LiveIndexMover(fake).move(name, second, [], [], [])  # type: ignore[arg-type]
    assert writer.name_for(second) == name, "it holds just this"
    back = writer.name_for(first)
    assert back == f"{name}-rebuilt"
    writer.build(back, first, WHOLE, ())
    writer.swap("ada", back)
    assert writer.live("ada") == (back, first)
    assert writer.name_for(first) == back
    assert writer.name_for(second) == f"twin-ada-{'b' * 12}"
