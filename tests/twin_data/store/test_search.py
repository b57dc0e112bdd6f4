"""Golden bodies of the requests, and the entries of an index."""

from __future__ import annotations

from datetime import date

from twin_data.contracts.base import Span
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import Chunk, CorpusDocument, DocumentKind, Split
from twin_data.scoring.weights import TermWeights, term_weights
from twin_data.store.search import (
    MAX_ID_BYTES,
    chunk_entry,
    chunk_entry_id,
    document_entry,
    document_entry_id,
    index_body,
    lexical_query,
    two_leg_search,
    weights_entry,
)

from .index_fake import identity

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
