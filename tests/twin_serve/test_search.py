"""`ElasticPassageSearch` against scripted answers of Elasticsearch; the real one is asked in tests/integration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig
from elastic_transport import ConnectionError as ElasticConnectionError
from elasticsearch import ApiError, NotFoundError

from twin_data.contracts.errors import SearchUnavailableError, StoreError
from twin_data.contracts.releases import RetrievalSettings
from twin_data.scoring.late_interaction import as_text, packed
from twin_data.store.search import document_entry_id, index_body
from twin_serve.search import ElasticPassageSearch, MemorySearch, PassageSearch, SearchQuery

from .parts import HashingEncoder, chunk, document, memory_index

SETTINGS = RetrievalSettings(candidates_per_leg=3, passages=2)
QUERY = SearchQuery.of("eels", HashingEncoder())
Answer = Callable[..., Any]


def meta(status: int) -> ApiResponseMeta:
    node = NodeConfig("http", "localhost", 9200)
    return ApiResponseMeta(status=status, http_version="1.1", headers=HttpHeaders(), duration=0.0, node=node)


class Elasticsearch:
    """Answers by the client's method; whatever is an exception is raised."""

    def __init__(self, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch, self._client = monkeypatch, client
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def answers(self, method: str, result: Any) -> None:
        async def answer(**arguments: Any) -> Any:
            self.calls.append((method, arguments))
            if isinstance(result, Exception):
                raise result
            return result

        target = self._client.indices if method == "indices.get" else self._client
        self._patch.setattr(target, method.split(".")[-1], answer)
        if method == "get":
            self._patch.setattr(self._client, "options", lambda **options: self._client)


@pytest.fixture
async def search() -> AsyncIterator[ElasticPassageSearch]:
    opened = ElasticPassageSearch("http://127.0.0.1:9")
    yield opened
    await opened.close()


@pytest.fixture
def elastic(search: ElasticPassageSearch, monkeypatch: pytest.MonkeyPatch) -> Elasticsearch:
    return Elasticsearch(search._client, monkeypatch)


def hits(*scored: tuple[str, float]) -> dict[str, Any]:
    return {"hits": {"hits": [hit(*one) for one in scored]}, "status": 200}


def hit(document_id: str, score: float) -> dict[str, Any]:
    found = chunk(document_id)
    pieces = as_text(packed(HashingEncoder().encode_passages([found.text])[1][0]))
    return {"_source": {"payload": found.model_dump(mode="json"), "pieces": pieces}, "_score": score}


async def test_both_legs_travel_in_one_request_and_are_fused(
    search: ElasticPassageSearch, elastic: Elasticsearch
) -> None:
    elastic.answers(
        "msearch",
        {"responses": [hits(("blog/eels.md", 8.0)), hits(("blog/clocks.md", 0.9), ("blog/eels.md", 0.75))]},
    )
    found = await search.search("ada", QUERY, SETTINGS)
    ((_, arguments),) = elastic.calls
    header, lexical, _, dense = arguments["searches"]
    assert header == {"index": "twin-ada"} and lexical["size"] == dense["knn"]["k"] == 3
    assert [(one.chunk_id, one.bm25, one.cosine) for one in found.passages] == [
        ("blog/eels.md#0", 8.0, 0.5),
        ("blog/clocks.md#0", None, pytest.approx(0.8)),
    ]
    assert found.query == "eels" and found.passages[0].own == chunk("blog/eels.md").own


@pytest.mark.parametrize(("rerank", "first"), [(True, "blog/eels.md"), (False, "blog/clocks.md")])
async def test_the_candidates_are_ordered_by_late_interaction_unless_the_bundle_says_no(
    search: ElasticPassageSearch, elastic: Elasticsearch, rerank: bool, first: str
) -> None:
    both = hits(("blog/clocks.md", 0.99), ("blog/eels.md", 0.55))
    elastic.answers("msearch", {"responses": [hits(("blog/clocks.md", 8.0), ("blog/eels.md", 1.0)), both]})
    found = await search.search("ada", QUERY, SETTINGS.model_copy(update={"rerank": rerank}))
    assert found.passages[0].document_id == first
    assert {one.document_id: one.late for one in found.passages} == (
        {"blog/eels.md": pytest.approx(1, abs=0.01), "blog/clocks.md": 0.0}
        if rerank
        else {"blog/eels.md": None, "blog/clocks.md": None}
    )
    assert found.passages[0].fused > found.passages[1].fused or rerank, "the first stage's score is kept"


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (ElasticConnectionError("refused"), SearchUnavailableError),
        (ConnectionTimeout("slow"), SearchUnavailableError),
        (NotFoundError("index_not_found_exception", meta(404), {}), StoreError),
        (ApiError("too_many_requests", meta(429), {}), StoreError),
    ],
)
async def test_failures_are_explained(
    search: ElasticPassageSearch, elastic: Elasticsearch, failure: Exception, expected: type[StoreError]
) -> None:
    for method in ("msearch", "indices.get", "get"):
        elastic.answers(method, failure)
    for asked in (
        search.search("ada", QUERY, SETTINGS),
        search.identity("ada"),
        search.weights("twin-ada-1"),
        search.document("ada", "x"),
    ):
        with pytest.raises(expected) as raised:
            await asked
        assert type(raised.value) is expected and raised.value.next_step


async def test_a_leg_that_failed_is_never_half_a_result(search: ElasticPassageSearch, elastic: Elasticsearch) -> None:
    refused = {"error": {"type": "search_phase_execution_exception"}, "status": 400}
    elastic.answers("msearch", {"responses": [hits(("blog/eels.md", 8.0)), refused]})
    with pytest.raises(StoreError, match="search_phase_execution_exception"):
        await search.search("ada", QUERY, SETTINGS)
    missing = {"error": {"type": "index_not_found_exception"}, "status": 404}
    elastic.answers("msearch", {"responses": [missing, missing]})
    with pytest.raises(StoreError, match="no search index for 'ada'"):
        await search.search("ada", QUERY, SETTINGS)


async def test_identity_weights_and_documents_are_read_back(
    search: ElasticPassageSearch, elastic: Elasticsearch
) -> None:
    index = memory_index()
    elastic.answers("indices.get", {index.name: index_body(index.identity)})
    assert await search.identity("ada") == (index.name, index.identity)
    elastic.answers("get", {"found": True, "_source": {"payload": index.weights.model_dump(mode="json")}})
    assert await search.weights(index.name) == index.weights
    elastic.answers("get", {"found": True, "_source": {"payload": document("blog/eels.md").model_dump(mode="json")}})
    assert await search.document("ada", "blog/eels.md") == document("blog/eels.md")
    elastic.answers("get", {"found": False})
    assert await search.document("ada", "nothing") is None
    await search.document("ada", long := "notes/" * 100)
    asked = [arguments["id"] for method, arguments in elastic.calls if method == "get"]
    assert asked == ["term-weights", *map(document_entry_id, ("blog/eels.md", "nothing", long))]


async def test_a_server_that_is_not_there_is_not_healthy(search: ElasticPassageSearch) -> None:
    assert await search.is_healthy() is False


async def test_the_fake_finds_what_shares_words() -> None:
    fake: PassageSearch = MemorySearch({"ada": memory_index()})
    found = await fake.search("ada", SearchQuery.of("eels in a bath", HashingEncoder()), SETTINGS)
    assert found.passages[0].document_id == "blog/eels.md" and found.passages[0].bm25 == 2.0
    with pytest.raises(StoreError):
        await fake.identity("bob")
