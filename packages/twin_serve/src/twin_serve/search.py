"""Hybrid retrieval: both legs in one round trip, fused and reranked here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from elastic_transport import TransportError
from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError
from numpy.typing import NDArray

from twin_data.contracts.answers import Retrieval, RetrievedPassage
from twin_data.contracts.documents import Chunk, CorpusDocument
from twin_data.contracts.errors import SearchUnavailableError, StoreError
from twin_data.contracts.releases import RetrievalSettings
from twin_data.scoring.late_interaction import PieceEncoder, Pieces, from_text, likeness
from twin_data.scoring.sentences import content_stems
from twin_data.scoring.weights import TermWeights
from twin_data.store.search import WEIGHTS_ID, IndexIdentity, alias_name, document_entry_id, two_leg_search
from twin_serve.fusion import fuse, rerank

Response = TypeVar("Response")
REQUEST_TIMEOUT_S = 10.0
_PASSAGE_FIELDS = frozenset(RetrievedPassage.model_fields) - {"bm25", "cosine", "fused", "late", "weakest"}


@dataclass(frozen=True)
class SearchQuery:
    """What is searched for, in every form that a search uses.

    Attributes:
        text: The words.
        vector: Their embedding, shape (D,).
        pieces: The embeddings of their word pieces, shape (P, D).
    """

    text: str
    vector: NDArray[np.float32]
    pieces: Pieces

    @classmethod
    def of(cls, text: str, encoder: PieceEncoder) -> SearchQuery:
        """Embed a text. Takes milliseconds: not for the event loop."""
        (vector,), (pieces,) = encoder.encode_passages([text])
        return cls(text, vector, pieces)


class PassageSearch(Protocol):
    """What answering needs of a search engine."""

    async def identity(self, persona: str) -> tuple[str, IndexIdentity]:
        """Name and identity of the live index."""

    async def weights(self, index: str) -> TermWeights:
        """The corpus's term weights."""

    async def search(self, persona: str, query: SearchQuery, settings: RetrievalSettings) -> Retrieval:
        """Passages for a query, best first."""

    async def document(self, persona: str, document_id: str) -> CorpusDocument | None:
        """A whole document, or None."""

    async def is_healthy(self) -> bool:
        """Whether it answers."""


class ElasticPassageSearch:
    """`PassageSearch` over Elasticsearch."""

    def __init__(self, url: str, *, api_key: str | None = None) -> None:
        self._client = AsyncElasticsearch(
            url, api_key=api_key, request_timeout=REQUEST_TIMEOUT_S, max_retries=1, retry_on_timeout=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def is_healthy(self) -> bool:
        """Whether the cluster answers."""
        return bool(await self._client.ping())  # the client turns its own errors into False

    async def identity(self, persona: str) -> tuple[str, IndexIdentity]:
        """Name and identity of the persona's live index.

        Raises:
            StoreError: There is none.
            SearchUnavailableError: Elasticsearch cannot be reached.
        """
        found = await self._guard(persona, self._client.indices.get(index=alias_name(persona)))
        ((name, body),) = found.items()
        return name, IndexIdentity.model_validate(body["mappings"]["_meta"])

    async def weights(self, index: str) -> TermWeights:
        """Term weights stored with an index."""
        found = await self._guard(index, self._client.get(index=index, id=WEIGHTS_ID))
        return TermWeights.model_validate(found["_source"]["payload"])

    async def search(self, persona: str, query: SearchQuery, settings: RetrievalSettings) -> Retrieval:
        """Both legs in one multi-search, fused, and the best of them reranked.

        Returns:
            Up to `candidates_per_leg` passages; the first `settings.passages` of them go into the prompt.
        """
        started = time.monotonic()
        body = two_leg_search(persona, query.text, query.vector.tolist(), settings.candidates_per_leg)
        found = await self._guard(persona, self._client.msearch(searches=body))
        lexical, dense = (self._hits(persona, response) for response in found["responses"])
        found_hits = {hit["payload"]["chunk_id"]: hit for hit in [*lexical, *dense]}
        bm25 = {hit["payload"]["chunk_id"]: hit["score"] for hit in lexical}
        # Elasticsearch reports (1 + cosine) / 2 for unit vectors.
        cosine = {hit["payload"]["chunk_id"]: 2 * hit["score"] - 1 for hit in dense}
        payloads = {chunk: hit["payload"] for chunk, hit in found_hits.items()}
        held = {chunk: hit["pieces"] for chunk, hit in found_hits.items()}
        passages = _passages(payloads, bm25, cosine, settings)
        if settings.rerank:
            passages = await asyncio.to_thread(_reranked, passages, query, held)
        return Retrieval(query=query.text, passages=passages, seconds=time.monotonic() - started)

    async def document(self, persona: str, document_id: str) -> CorpusDocument | None:
        """A whole clean document of the live index, or None."""
        entry = document_entry_id(document_id)
        request = self._client.options(ignore_status=404).get(index=alias_name(persona), id=entry)
        found = await self._guard(persona, request)
        return CorpusDocument.model_validate(found["_source"]["payload"]) if found.get("found") else None

    async def _guard(self, what: str, request: Awaitable[Response]) -> Response:
        """What the engine answers, its errors in the product's words; `what` is the index or persona that is asked."""
        try:
            return await request
        except TransportError as error:
            raise SearchUnavailableError(
                f"the search engine did not answer ({type(error).__name__})",
                next_step="twin status, then twin up elasticsearch",
            ) from error
        except NotFoundError as error:
            raise StoreError(f"there is no search index for {what!r}", next_step=f"twin features {what}") from error
        except ApiError as error:
            raise _refused(error.message) from error

    def _hits(self, persona: str, response: dict[str, Any]) -> list[dict[str, Any]]:
        if "error" in response:
            if response.get("status") == 404:
                raise StoreError(f"there is no search index for {persona!r}", next_step=f"twin features {persona}")
            raise _refused(str(response["error"].get("type")))
        return [{**hit["_source"], "score": hit["_score"]} for hit in response["hits"]["hits"]]


def _refused(why: str) -> StoreError:
    return StoreError(f"the search engine refused: {why}", next_step="see logs/elasticsearch.log in $TWIN_HOME")


def _passages(
    payloads: dict[str, dict[str, Any]],
    bm25: dict[str, float],
    cosine: dict[str, float],
    settings: RetrievalSettings,
) -> tuple[RetrievedPassage, ...]:
    """Both legs' chunks, fused, best first."""
    fused = fuse(bm25, cosine, dense_weight=settings.dense_weight)
    return tuple(
        RetrievedPassage(
            **{name: value for name, value in payloads[chunk].items() if name in _PASSAGE_FIELDS},
            bm25=bm25.get(chunk),
            cosine=cosine.get(chunk),
            fused=score,
        )
        for chunk, score in list(fused.items())[: settings.candidates_per_leg]
    )


def _reranked(
    passages: tuple[RetrievedPassage, ...], query: SearchQuery, held: Mapping[str, str]
) -> tuple[RetrievedPassage, ...]:
    """The candidates in the order of late interaction. Runs in a worker thread."""
    scored = {}
    for one in passages:
        found = likeness(query.pieces, from_text(held[one.chunk_id], query.pieces.shape[1]))
        update = {"late": round(found.mean, 6), "weakest": round(found.weakest, 6)}
        scored[one.chunk_id] = one.model_copy(update=update)
    order = rerank(
        {chunk: one.fused for chunk, one in scored.items()}, {chunk: one.late or 0.0 for chunk, one in scored.items()}
    )
    return tuple(scored[chunk] for chunk in order)


@dataclass
class MemoryIndex:
    """One persona's index, held in memory."""

    name: str
    identity: IndexIdentity
    weights: TermWeights
    chunks: tuple[Chunk, ...]
    vectors: NDArray[np.float32]
    """Unit vectors of the chunks, shape (N, D)."""
    documents: tuple[CorpusDocument, ...] = ()


@dataclass
class MemorySearch:
    """A fake `PassageSearch` for tests: shared stems in place of BM25, all chunks in place of the nearest.

    It does not rerank.
    """

    indices: dict[str, MemoryIndex]
    error: StoreError | None = None
    """Raised by every call, if set."""
    searched: list[str] = field(default_factory=list)
    identified: int = 0
    """How often the live index was asked for."""

    async def identity(self, persona: str) -> tuple[str, IndexIdentity]:
        """See `PassageSearch`."""
        self.identified += 1
        index = self._index(persona)
        return index.name, index.identity

    async def weights(self, index: str) -> TermWeights:
        """See `PassageSearch`."""
        return next(one.weights for one in self.indices.values() if one.name == index)

    async def search(self, persona: str, query: SearchQuery, settings: RetrievalSettings) -> Retrieval:
        """See `PassageSearch`."""
        index = self._index(persona)
        self.searched.append(query.text)
        wanted = set(content_stems(query.text))
        shared = {one.chunk_id: float(len(wanted & set(content_stems(one.text)))) for one in index.chunks}
        cosine = dict(zip(shared, map(float, index.vectors @ query.vector), strict=True))
        payloads = {one.chunk_id: one.model_dump() for one in index.chunks}
        bm25 = {chunk: score for chunk, score in shared.items() if score}
        return Retrieval(query=query.text, passages=_passages(payloads, bm25, cosine, settings), seconds=0.0)

    async def document(self, persona: str, document_id: str) -> CorpusDocument | None:
        """See `PassageSearch`."""
        return next((one for one in self._index(persona).documents if one.document_id == document_id), None)

    async def is_healthy(self) -> bool:
        """See `PassageSearch`."""
        return self.error is None

    def _index(self, persona: str) -> MemoryIndex:
        if self.error is not None:
            raise self.error
        if persona not in self.indices:
            raise StoreError(f"there is no search index for {persona!r}", next_step=f"twin features {persona}")
        return self.indices[persona]
