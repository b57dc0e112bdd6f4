"""The live search index moved from one version of the corpus to the next, entry by entry, while it is searched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan, streaming_bulk

from twin_data.contracts.documents import Chunk, CorpusDocument
from twin_data.contracts.errors import IntegrityError
from twin_data.store.search import IndexIdentity, IndexWriter, check_probes
from twin_data.store.search_errors import explained

MOVING = "moving to "
"""Before the digest in an index's identity while its entries change: it then holds no version at all."""
SCANNED = 500


@dataclass(frozen=True)
class HeldEntries:
    """What an index holds."""

    chunks: tuple[Chunk, ...]
    documents: tuple[CorpusDocument, ...]


class LiveIndexMover:
    """Changes the entries of an index in place. One writer at a time."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def live(self, persona: str) -> tuple[str, IndexIdentity] | None:
        """The live index's name and identity, or None if the persona has none."""
        return IndexWriter(self._client).live(persona)

    def held(self, name: str) -> HeldEntries:
        """Every chunk and document of an index, as it was indexed."""
        query = {"query": {"terms": {"entry": ["chunk", "document"]}}, "_source": ["entry", "payload"]}
        chunks, documents = [], []
        with explained(f"index {name}"):
            for hit in scan(self._client, index=name, query=query, size=SCANNED):
                source = hit["_source"]
                if source["entry"] == "chunk":
                    chunks.append(Chunk.model_validate(source["payload"]))
                else:
                    documents.append(CorpusDocument.model_validate(source["payload"]))
        return HeldEntries(tuple(chunks), tuple(documents))

    def move(
        self,
        name: str,
        identity: IndexIdentity,
        entries: Iterable[Mapping[str, Any]],
        gone: Iterable[str],
        probes: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write new and changed entries, delete those that are gone, and give the index its new identity.

        Killed in between, the index is left without the identity of any version, so that nobody takes it for whole.

        Raises:
            SearchUnavailableError: Elasticsearch cannot be reached.
            StoreError: It refused an entry.
            IntegrityError: The index holds another number of entries than `identity` says, or does not find a probe.
        """
        under_way = identity.model_copy(update={"features_digest": MOVING + identity.features_digest})
        actions = [
            *({"_index": name, **entry} for entry in entries),
            *({"_op_type": "delete", "_index": name, "_id": one} for one in gone),
        ]
        with explained(f"index {name}"):
            self._client.indices.put_mapping(index=name, meta=under_way.model_dump(mode="json"))
            for _ in streaming_bulk(self._client, actions, chunk_size=200):
                pass
            self._client.indices.refresh(index=name)
            found = int(self._client.count(index=name)["count"])
            if found != identity.entries:
                raise IntegrityError(
                    f"index {name} holds {found} entries instead of {identity.entries}",
                    next_step=f"twin features {identity.persona} builds it anew",
                )
            check_probes(self._client, name, probes)
            self._client.indices.put_mapping(index=name, meta=identity.model_dump(mode="json"))
