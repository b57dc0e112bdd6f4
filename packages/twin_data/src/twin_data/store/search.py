"""The search index: one Elasticsearch index a version, built beside the live one and swapped by alias.

An index holds three kinds of entry: chunks (searched), documents (opened by a reader) and the corpus's term weights
(read by the answerability check). They change together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import streaming_bulk

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.documents import Chunk, CorpusDocument
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.releases import ModelReference
from twin_data.scoring.late_interaction import as_text
from twin_data.scoring.sentences import STOPWORDS, content_stems, words
from twin_data.scoring.weights import TermWeights
from twin_data.store.search_errors import explained

WEIGHTS_ID = "term-weights"
REBUILT = "rebuilt"
"""Marks an index of a version whose own name is borne by the live index, which has moved on to another version."""
MAX_ID_BYTES = 512
"""Elasticsearch refuses longer ids of entries. Paths of nested exports and long addresses are longer."""
PROBED = 20
"""Hits among which a probe must be found: copies of a passage may stand before it."""
_SEARCHED = {"text": {"type": "text", "analyzer": "english"}, "title": {"type": "text", "analyzer": "english"}}
_STORED_ONLY = {"type": "object", "enabled": False}
_KEYWORD = {"type": "keyword"}
_FETCHED = ["payload", "pieces"]


class IndexIdentity(Contract):
    """What an index was built from; kept in its mapping, and checked before it is searched."""

    persona: str
    features_digest: str
    embedding_model: ModelReference
    dimensions: int
    chunks: int
    documents: int

    @property
    def entries(self) -> int:
        """Everything the index holds: chunks, documents, and one entry of term weights."""
        return self.chunks + self.documents + 1


def alias_name(persona: str) -> str:
    """The name under which a persona's live index is searched."""
    return f"twin-{persona}"


def index_name(persona: str, version: str) -> str:
    """The name of one version of a persona's index."""
    return f"{alias_name(persona)}-{version}"


def index_body(identity: IndexIdentity) -> dict[str, Any]:
    """Settings and mapping of an index."""
    return {
        "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"},
        "mappings": {
            "dynamic": "strict",
            "_meta": identity.model_dump(mode="json"),
            "_source": {"excludes": ["vector"]},
            "properties": {
                "entry": _KEYWORD,
                **_SEARCHED,
                "section": {"type": "text", "analyzer": "english"},
                "vector": {
                    "type": "dense_vector",
                    "dims": identity.dimensions,
                    "index": True,
                    "similarity": "dot_product",
                    "index_options": {"type": "int8_hnsw"},
                },
                "document_id": _KEYWORD,
                "source": _KEYWORD,
                "kind": _KEYWORD,
                "split": _KEYWORD,
                "date": {"type": "date"},
                "pieces": {"type": "binary"},
                "payload": _STORED_ONLY,
            },
        },
    }


def chunk_entry_id(chunk_id: str) -> str:
    """The id of a chunk's entry."""
    return f"chunk-{chunk_id}"


def document_entry_id(document_id: str) -> str:
    """The id of a document's entry: with its digest in the place of an id that is too long for one.

    Where it is not, the id stays readable, and the one under which an index of an earlier version has it.
    """
    plain = f"document-{document_id}"
    return plain if len(plain.encode()) <= MAX_ID_BYTES else f"document-{digest_text(document_id)}"


def chunk_entry(chunk: Chunk, vector: list[float], pieces: bytes) -> dict[str, Any]:
    """One chunk as an entry of the index, with its embedding and the packed ones of its word pieces."""
    return {
        "_id": chunk_entry_id(chunk.chunk_id),
        "entry": "chunk",
        "text": chunk.text,
        "title": chunk.title,
        "section": chunk.section,
        "vector": vector,
        "document_id": chunk.document_id,
        "source": chunk.source,
        "kind": chunk.kind.value,
        "split": chunk.split.value,
        "date": chunk.date.isoformat() if chunk.date else None,
        "pieces": as_text(pieces),
        "payload": chunk.model_dump(mode="json"),
    }


def document_entry(document: CorpusDocument) -> dict[str, Any]:
    """One document as an entry of the index: stored for readers, not searched."""
    return {
        "_id": document_entry_id(document.document_id),
        "entry": "document",
        "document_id": document.document_id,
        "payload": document.model_dump(mode="json"),
    }


def weights_entry(weights: TermWeights) -> dict[str, Any]:
    """The corpus's term weights as an entry of the index."""
    return {"_id": WEIGHTS_ID, "entry": "weights", "payload": weights.model_dump(mode="json")}


class IndexWriter:
    """Builds indices and moves the alias. One instance a build; not for the request path."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def name_for(self, identity: IndexIdentity) -> str:
        """The name under which `build` is to make an index of this identity: never that of a live one of another.

        The live index itself if it holds just this, also where it was built for another version and has moved on since.
        """
        name = index_name(identity.persona, short(identity.features_digest))
        live = self.live(identity.persona)
        if live is None:
            return name
        with explained(f"index {live[0]}"):
            if live[1] == identity and self._is_complete(live[0], identity):
                return live[0]
        return name if live[0] != name else f"{name}-{REBUILT}"

    def build(
        self,
        name: str,
        identity: IndexIdentity,
        entries: Iterable[Mapping[str, Any]],
        probes: Sequence[Mapping[str, Any]],
    ) -> None:
        """Create the index `name` with these entries, or raise and leave the live index as it was.

        An incomplete index of that name (an earlier build was interrupted) is built anew; a complete one is kept.

        Args:
            name: As `name_for` gives it.
            identity: What it is built from.
            entries: Chunks, documents and term weights.
            probes: Entries of some chunks, with their vectors, that the finished index must find.

        Raises:
            SearchUnavailableError: Elasticsearch cannot be reached.
            StoreError: It refused an entry.
            IntegrityError: The finished index holds another number of entries than `identity` says, or does not find
                one of them.
        """
        with explained(f"index {name}"):
            if self._is_complete(name, identity):
                check_probes(self._client, name, probes)
                return
            self._client.indices.delete(index=name, ignore_unavailable=True)
            self._client.indices.create(index=name, **index_body(identity))
            for _ in streaming_bulk(self._client, ({"_index": name, **entry} for entry in entries), chunk_size=200):
                pass
            self._client.indices.put_settings(index=name, settings={"refresh_interval": "1s"})
            self._client.indices.refresh(index=name)
            found = self._count(name)
        if found != identity.entries:
            raise IntegrityError(
                f"index {name} holds {found} entries instead of {identity.entries}",
                next_step="run the same command again",
            )
        with explained(f"index {name}"):
            check_probes(self._client, name, probes)

    def swap(self, persona: str, name: str) -> tuple[str, ...]:
        """Point the persona's alias at `name` in one step, and delete all but the former index.

        Returns:
            The indices that the alias named before.
        """
        alias = alias_name(persona)
        with explained(f"alias {alias}"):
            former = self._versions(persona)
            named = tuple(one for one in former if self._client.indices.exists_alias(index=one, name=alias))
            self._client.indices.update_aliases(
                actions=[
                    *({"remove": {"index": old, "alias": alias}} for old in named if old != name),
                    {"add": {"index": name, "alias": alias}},
                ]
            )
            for old in former:
                if old != name and old not in named:
                    self._client.indices.delete(index=old, ignore_unavailable=True)
        return named

    def live(self, persona: str) -> tuple[str, IndexIdentity] | None:
        """The live index's name and identity, or None if the persona has none."""
        with explained(f"alias {alias_name(persona)}"):
            try:
                found = self._client.indices.get(index=alias_name(persona))
            except NotFoundError:
                return None
        ((name, body),) = found.items()
        return name, IndexIdentity.model_validate(body["mappings"]["_meta"])

    def _versions(self, persona: str) -> tuple[str, ...]:
        """Every index of this persona. The name does not tell: `twin-ada-*` matches those of `ada-lovelace` too."""
        found = self._client.indices.get(index=index_name(persona, "*"), ignore_unavailable=True)
        metas = {name: body["mappings"].get("_meta") or {} for name, body in found.items()}
        return tuple(sorted(name for name, meta in metas.items() if meta.get("persona") == persona))

    def _is_complete(self, name: str, identity: IndexIdentity) -> bool:
        if not self._client.indices.exists(index=name):
            return False
        meta = self._client.indices.get(index=name)[name]["mappings"].get("_meta")
        return bool(meta == identity.model_dump(mode="json") and self._count(name) == identity.entries)

    def _count(self, name: str) -> int:
        return int(self._client.count(index=name)["count"])


def lexical_query(text: str) -> dict[str, Any]:
    """The BM25 leg over the words that carry meaning: the passage's count most, its title and section help."""
    telling = " ".join(word for word in words(text) if word.casefold().replace("’", "'") not in STOPWORDS)
    match = {
        "query": telling or text,
        "fields": ["text", "title^0.5", "section^0.5"],
        "type": "best_fields",
        "tie_breaker": 0.3,
    }
    return {"bool": {"filter": [{"term": {"entry": "chunk"}}], "must": [{"multi_match": match}]}}


def check_probes(client: Elasticsearch, index: str, probes: Sequence[Mapping[str, Any]]) -> None:
    """Search an index for entries that it must hold, by their words and by their vectors.

    Raises:
        IntegrityError: One is not found.
    """
    for entry in probes:
        near = {"field": "vector", "query_vector": entry["vector"], "k": PROBED, "num_candidates": 5 * PROBED}
        legs: list[dict[str, Any]] = [{"knn": near}]
        if content_stems(entry["text"]):
            legs.insert(0, {"query": lexical_query(entry["text"])})
        for leg in legs:
            body = {"size": PROBED, "_source": ["payload.text"], **leg}
            found = client.search(index=index, body=body)["hits"]["hits"]
            if not any(hit["_source"]["payload"]["text"] == entry["text"] for hit in found):
                leg_name = "vector" if "knn" in leg else "words"
                raise IntegrityError(
                    f"index {index} does not find its entry {entry['_id']} by its {leg_name}",
                    next_step="run the same command again",
                )


def two_leg_search(persona: str, text: str, vector: list[float], candidates: int) -> list[dict[str, Any]]:
    """The body of one multi-search with both legs: BM25, then approximate nearest neighbours."""
    header = {"index": alias_name(persona)}
    return [
        header,
        {"query": lexical_query(text), "size": candidates, "_source": _FETCHED},
        header,
        {
            "knn": {
                "field": "vector",
                "query_vector": vector,
                "k": candidates,
                "num_candidates": max(2 * candidates, 100),
            },
            "size": candidates,
            "_source": _FETCHED,
        },
    ]
