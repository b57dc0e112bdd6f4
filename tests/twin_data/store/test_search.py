"""Request bodies are golden; the writer runs against a small fake of Elasticsearch's index API."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from elastic_transport import ConnectionError as ElasticConnectionError
from elasticsearch import NotFoundError

from twin_data.contracts.base import Span
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import Chunk, CorpusDocument, DocumentKind, Split
from twin_data.contracts.errors import IntegrityError, SearchUnavailableError, StoreError
from twin_data.contracts.releases import ModelReference
from twin_data.scoring.weights import TermWeights, term_weights
from twin_data.store import live_index, search
from twin_data.store.live_index import MOVING, LiveIndexMover
from twin_data.store.search import (
    MAX_ID_BYTES,
    IndexIdentity,
    IndexWriter,
    alias_name,
    chunk_entry,
    chunk_entry_id,
    document_entry,
    document_entry_id,
    index_body,
    index_name,
    lexical_query,
    two_leg_search,
    weights_entry,
)

MODEL = ModelReference(name="mini", source="package:mini", digest="m" * 64, licence="Apache-2.0")
CHUNK = Chunk(
    chunk_id="c0ffee",
    document_id="blog/a.md",
    document_digest="d",
    start=3,
    end=7,
    text="tide",
    own=(Span(start=3, end=7),),
    section="Gauges",
    context="Tides — Gauges (02 January 2024)",
    title="Tides",
    date=date(2024, 1, 2),
    url=None,
    source="blog",
    kind=DocumentKind.ARTICLE,
    family="blog/a.md",
    split=Split.TRAIN,
)


def identity(persona: str = "ada", **changes: Any) -> IndexIdentity:
    fields = {"features_digest": "f", "embedding_model": MODEL, "dimensions": 4, "chunks": 1, "documents": 1}
    return IndexIdentity(persona=persona, **{**fields, **changes})


def test_the_body_of_an_index() -> None:
    english = {"type": "text", "analyzer": "english"}
    keyword = {"type": "keyword"}
    assert index_body(identity()) == {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"},
        "mappings": {
            "dynamic": "strict",
            "_meta": {
                "persona": "ada",
                "features_digest": "f",
                "embedding_model": {
                    "name": "mini",
                    "source": "package:mini",
                    "digest": "m" * 64,
                    "licence": "Apache-2.0",
                },
                "dimensions": 4,
                "chunks": 1,
                "documents": 1,
            },
            "_source": {"excludes": ["vector"]},
            "properties": {
                "entry": keyword,
                "text": english,
                "title": english,
                "section": english,
                "vector": {
                    "type": "dense_vector",
                    "dims": 4,
                    "index": True,
                    "similarity": "dot_product",
                    "index_options": {"type": "int8_hnsw"},
                },
                "document_id": keyword,
                "source": keyword,
                "kind": keyword,
                "split": keyword,
                "date": {"type": "date"},
                "pieces": {"type": "binary"},
                "payload": {"type": "object", "enabled": False},
            },
        },
    }


def test_the_lexical_leg_asks_for_telling_words() -> None:
    assert lexical_query("Why did you leave Kafka, and what’s a gauge for?") == {
        "bool": {
            "filter": [{"term": {"entry": "chunk"}}],
            "must": [
                {
                    "multi_match": {
                        "query": "leave Kafka gauge",
                        "fields": ["text", "title^0.5", "section^0.5"],
                        "type": "best_fields",
                        "tie_breaker": 0.3,
                    }
                }
            ],
        }
    }


def test_a_question_of_common_words_is_asked_as_it_stands() -> None:
    assert lexical_query("Who are you?")["bool"]["must"][0]["multi_match"]["query"] == "Who are you?"


def test_both_legs_go_in_one_request() -> None:
    header = {"index": "twin-ada"}
    assert two_leg_search("ada", "tides", [0.5, 0.5], 70) == [
        header,
        {"query": lexical_query("tides"), "size": 70, "_source": ["payload", "pieces"]},
        header,
        {
            "knn": {"field": "vector", "query_vector": [0.5, 0.5], "k": 70, "num_candidates": 140},
            "size": 70,
            "_source": ["payload", "pieces"],
        },
    ]
    assert two_leg_search("ada", "tides", [1.0], 10)[3]["knn"]["num_candidates"] == 100


def test_the_entries() -> None:
    entry = chunk_entry(CHUNK, [0.1, 0.2, 0.3, 0.4], bytes([1, 2, 3, 255]))
    assert Chunk.model_validate(entry.pop("payload")) == CHUNK
    assert entry == {
        "_id": "chunk-c0ffee",
        "entry": "chunk",
        "text": "tide",
        "title": "Tides",
        "section": "Gauges",
        "vector": [0.1, 0.2, 0.3, 0.4],
        "pieces": "AQID/w==",
        "document_id": "blog/a.md",
        "source": "blog",
        "kind": "article",
        "split": "train",
        "date": "2024-01-02",
    }
    weights = term_weights(["tides", "gates"])
    stored = weights_entry(weights)
    assert TermWeights.model_validate(stored.pop("payload")) == weights
    assert stored == {"_id": "term-weights", "entry": "weights"}


def test_the_id_of_an_entry_is_never_longer_than_elasticsearch_takes() -> None:
    assert chunk_entry_id("c0ffee") == "chunk-c0ffee"
    assert document_entry_id("blog/a.md") == "document-blog/a.md", "as earlier versions have it"
    edge = "é" * 251 + "x"
    assert len(document_entry_id(edge).encode()) == MAX_ID_BYTES and document_entry_id(edge).endswith(edge)
    assert document_entry_id(edge + "x") == f"document-{digest_text(edge + 'x')}"
    assert len({document_entry_id(edge + last) for last in "xyz"}) == 3


def test_every_field_of_an_entry_is_mapped() -> None:
    mapped = {*index_body(identity())["mappings"]["properties"], "_id"}
    document = CorpusDocument(
        document_id="blog/a.md",
        source="blog",
        kind=DocumentKind.ARTICLE,
        title="T",
        date=None,
        url=None,
        text="x",
        digest="d",
        passages=(),
        family="f",
        split=Split.TEST,
    )
    for entry in (chunk_entry(CHUNK, [1.0], b""), document_entry(document), weights_entry(term_weights(["a"]))):
        assert set(entry) <= mapped


# --- the writer -------------------------------------------------------------------------------------------------


class FakeElasticsearch:
    """Indices with a mapping, entries and aliases; entries are seen once the index was refreshed."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.indices = self

    def exists(self, index: str) -> bool:
        return index in self.held

    def exists_alias(self, index: str, name: str) -> bool:
        return name in self.held[index]["aliases"]

    def get(self, index: str, ignore_unavailable: bool = False) -> dict[str, Any]:
        found = {
            name: one for name, one in self.held.items() if fnmatch.fnmatchcase(name, index) or index in one["aliases"]
        }
        if not found and "*" not in index:
            raise NotFoundError("index_not_found_exception", None, None)  # type: ignore[arg-type]
        return found

    def delete(self, index: str, ignore_unavailable: bool = False) -> None:
        self.held.pop(index, None)

    def create(self, index: str, settings: dict[str, Any], mappings: dict[str, Any]) -> None:
        assert index not in self.held
        self.held[index] = {"settings": settings, "mappings": mappings, "aliases": set(), "entries": {}, "seen": 0}

    def put_settings(self, index: str, settings: dict[str, Any]) -> None:
        self.held[index]["settings"].update(settings)

    def refresh(self, index: str) -> None:
        self.held[index]["seen"] = len(self.held[index]["entries"])

    def count(self, index: str) -> dict[str, int]:
        return {"count": self.held[index]["seen"]}

    def put_mapping(self, index: str, meta: dict[str, Any]) -> None:
        self.held[index]["mappings"]["_meta"] = meta

    def search(self, index: str, body: dict[str, Any]) -> dict[str, Any]:
        """Finds what is the same; `lost` is never found."""
        texts = [one["text"] for one in self.held[index]["entries"].values() if "text" in one and not one.get("lost")]
        return {"hits": {"hits": [{"_source": {"payload": {"text": text}}} for text in texts]}}

    def update_aliases(self, actions: list[dict[str, dict[str, Any]]]) -> None:
        for action in actions:
            for verb, one in action.items():
                change = self.held[one["index"]]["aliases"]
                change.add(one["alias"]) if verb == "add" else change.remove(one["alias"])


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


# --- the probe, and the live index that moves -------------------------------------------------------------------

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
