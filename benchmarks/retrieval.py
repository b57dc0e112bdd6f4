"""Reranked and fused retrieval beside each leg and reciprocal rank fusion, on labelled sets.

    python -m benchmarks.retrieval [--sets sample,chesterton,squad,cranfield]

Needs Elasticsearch and, for the persona sets, their features. SQuAD and Cranfield come from the
test data beside the repository; their passages are indexed under a persona of the benchmark's own, which is deleted in
the end. Prints nDCG@10 and recall@20 with the paired bootstrap interval of what each of our orders gains over it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from elasticsearch import Elasticsearch
from numpy.typing import NDArray

from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.answers import RetrievedPassage
from twin_data.contracts.base import Span
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import Chunk, DocumentKind, Split
from twin_data.contracts.releases import RetrievalSettings
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.late_interaction import packed
from twin_data.scoring.weights import term_weights
from twin_data.store.search import IndexIdentity, IndexWriter, alias_name, chunk_entry, index_name, weights_entry
from twin_data.transform.embed import embedded_text
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder
from twin_eval.questions import load_questions
from twin_serve.fusion import fuse, rerank
from twin_serve.search import ElasticPassageSearch, SearchQuery

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
CANDIDATES = 60
RESAMPLES = 2000
RRF_K = 60
SQUAD_QUESTIONS = 400
OURS = ("reranked", "fused")

Order = Callable[[tuple[RetrievedPassage, ...]], list[RetrievedPassage]]


@dataclass(frozen=True)
class Query:
    """A query and how relevant each passage is: a grade, 0 if it is not."""

    text: str
    grade: Callable[[RetrievedPassage], float]
    relevant: int


def by_bm25(passages: tuple[RetrievedPassage, ...]) -> list[RetrievedPassage]:
    """The lexical leg alone."""
    return sorted((one for one in passages if one.bm25 is not None), key=lambda one: -(one.bm25 or 0))


def by_cosine(passages: tuple[RetrievedPassage, ...]) -> list[RetrievedPassage]:
    """The dense leg alone."""
    return sorted((one for one in passages if one.cosine is not None), key=lambda one: -(one.cosine or 0))


def by_ranks(passages: tuple[RetrievedPassage, ...]) -> list[RetrievedPassage]:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)."""
    scores: dict[str, float] = {}
    for leg in (by_bm25(passages), by_cosine(passages)):
        for rank, one in enumerate(leg):
            scores[one.chunk_id] = scores.get(one.chunk_id, 0.0) + 1 / (RRF_K + rank + 1)
    return sorted(passages, key=lambda one: (-scores[one.chunk_id], one.chunk_id))


def by_fusion(passages: tuple[RetrievedPassage, ...]) -> list[RetrievedPassage]:
    """Ours."""
    bm25 = {one.chunk_id: one.bm25 for one in passages if one.bm25 is not None}
    cosine = {one.chunk_id: one.cosine for one in passages if one.cosine is not None}
    order = {name: rank for rank, name in enumerate(fuse(bm25, cosine, dense_weight=RetrievalSettings().dense_weight))}
    return sorted(passages, key=lambda one: order[one.chunk_id])


def reranked(passages: tuple[RetrievedPassage, ...]) -> list[RetrievedPassage]:
    """Ours, the best forty ordered anew by late interaction, as serving does."""
    best = by_fusion(passages)[: RetrievalSettings().candidates_per_leg]
    order = rerank({one.chunk_id: one.fused for one in best}, {one.chunk_id: one.late or 0.0 for one in best})
    return sorted(best, key=lambda one: order.index(one.chunk_id))


ORDERS: dict[str, Order] = {
    "reranked": reranked,
    "fused": by_fusion,
    "BM25": by_bm25,
    "dense": by_cosine,
    "RRF": by_ranks,
}


def ndcg_at_10(query: Query, order: list[RetrievedPassage]) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002); binary ideal if grades are not known."""
    gains = [query.grade(one) for one in order[:10]]
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(10, query.relevant)))
    return float(sum(gain / np.log2(rank + 2) for rank, gain in enumerate(gains)) / ideal) if ideal else 0.0


def recall_at_20(query: Query, order: list[RetrievedPassage]) -> float:
    """Share of the relevant passages among the first twenty."""
    return min(1.0, sum(query.grade(one) > 0 for one in order[:20]) / query.relevant)


async def measure(name: str, persona: str, queries: list[Query], encoder: SentenceEncoder) -> None:
    """Run every query once, order its candidates in every way, and print a row for each."""
    search = ElasticPassageSearch(PlatformSettings.from_environment().elasticsearch_address)
    settings = RetrievalSettings(candidates_per_leg=CANDIDATES)
    found = [
        (await search.search(persona, SearchQuery.of(query.text, encoder), settings)).passages for query in queries
    ]
    await search.close()
    scores = {
        order: np.array(
            [
                (ndcg_at_10(query, rank(passages)), recall_at_20(query, rank(passages)))
                for query, passages in zip(queries, found, strict=True)
            ]
        )
        for order, rank in ORDERS.items()
    }
    draws = np.random.default_rng(0).integers(0, len(queries), (RESAMPLES, len(queries)))
    for order, values in scores.items():
        ndcg, recall = values.mean(axis=0)
        gains = [_gain(scores[ours][:, 0] - values[:, 0], draws) if ours != order else "" for ours in OURS]
        print(f"| {name} ({len(queries)}) | {order} | {ndcg:.3f} | {recall:.3f} | {' | '.join(gains)} |", flush=True)


def _gain(differences: NDArray[np.float64], draws: NDArray[np.int64]) -> str:
    low, high = np.percentile(differences[draws].mean(axis=1), [2.5, 97.5])
    return f"{differences.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def persona_queries(path: Path) -> list[Query]:
    """A persona's answerable questions; a passage is relevant if it holds one of the evidence quotations."""

    def query(text: str, quotes: tuple[str, ...]) -> Query:
        return Query(text, lambda one: float(any(quote in _folded(one.text) for quote in quotes)), len(quotes))

    return [
        query(one.question, tuple(_folded(evidence.quote) for evidence in one.evidence))
        for one in load_questions(path)
        if one.evidence
    ]


def squad() -> tuple[list[str], list[Query]]:
    """Paragraphs, and answerable questions about them, spread over the articles."""
    articles = json.loads((DATA / "squad" / "dev-v2.0-part.json").read_text("utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    asked = [
        (question["question"], digest_text(paragraph["context"]))
        for paragraph in paragraphs
        for question in paragraph["qas"]
        if not question["is_impossible"]
    ]
    chosen = asked[:: max(1, len(asked) // SQUAD_QUESTIONS)]
    return [paragraph["context"] for paragraph in paragraphs], [_exact(text, {digest: 1.0}) for text, digest in chosen]


def cranfield() -> tuple[list[str], list[Query]]:
    """Abstracts and graded queries of the Cranfield collection."""
    return read_cranfield(DATA / "cranfield")


def read_cranfield(folder: Path) -> tuple[list[str], list[Query]]:
    """Parse the SMART files: `.I` number, `.T` title, `.W` text; judgements name queries by order."""
    texts = [" ".join(part.split()) for part in _smart(next(folder.glob("cran.all*")), "W")]
    titles = [" ".join(part.split()) for part in _smart(next(folder.glob("cran.all*")), "T")]
    documents = [f"{title}\n{text}" for title, text in zip(titles, texts, strict=True)]
    grades: dict[int, dict[str, float]] = {}
    for line in next(folder.glob("cranqrel*")).read_text("latin-1").splitlines():
        query, document, grade = (int(part) for part in line.split()[:3])
        # 1 is the most relevant and 4 the least; 5 and -1 mean not relevant.
        if 1 <= grade <= 4 and document <= len(documents):
            grades.setdefault(query, {})[digest_text(documents[document - 1])] = 1.0
    queries = [" ".join(part.split()) for part in _smart(next(folder.glob("cran.qry*")), "W")]
    return documents, [_exact(text, grades[n]) for n, text in enumerate(queries, 1) if grades.get(n)]


def _smart(path: Path, field: str) -> Iterable[str]:
    for record in re.split(r"(?m)^\.I \d+\s*$", path.read_text("latin-1"))[1:]:
        match = re.search(rf"(?ms)^\.{field}\s*$\n(.*?)(?=^\.[A-Z]\s*$|\Z)", record)
        yield match[1] if match else ""


def _exact(text: str, grades: dict[str, float]) -> Query:
    return Query(text, lambda one: grades.get(digest_text(one.text), 0.0), len(grades))


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def index_texts(persona: str, texts: list[str], encoder: SentenceEncoder, client: Elasticsearch) -> None:
    """Index texts as one chunk each, under a persona of the benchmark's own."""
    chunks = [_chunk(text) for text in dict.fromkeys(texts)]
    vectors, pieces = encoder.encode_passages([embedded_text(one.context, one.text) for one in chunks])
    identity = IndexIdentity(
        persona=persona, features_digest=digest_text("".join(texts)), embedding_model=encoder.reference,
        dimensions=encoder.dimensions, chunks=len(chunks), documents=0,
    )  # fmt: skip
    writer, name = IndexWriter(client), index_name(persona, identity.features_digest[:12])
    entries = [
        chunk_entry(one, vector.tolist(), packed(held))
        for one, vector, held in zip(chunks, vectors, pieces, strict=True)
    ]
    weights = weights_entry(term_weights(one.text for one in chunks))
    writer.build(name, identity, (*entries, weights), entries[:1])
    writer.swap(persona, name)


def _chunk(text: str) -> Chunk:
    name = digest_text(text)[:12]
    return Chunk(
        chunk_id=name, document_id=name, document_digest=digest_text(text), start=0, end=len(text), text=text,
        own=(Span(start=0, end=len(text)),), section="", context="", title="", date=None, url=None,
        source="benchmark", kind=DocumentKind.ARTICLE, family=name, split=Split.TRAIN,
    )  # fmt: skip


async def main() -> None:
    """Measure the sets asked for, those that are there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default="sample,chesterton,squad,cranfield")
    wanted = parser.parse_args().sets.split(",")
    home = TwinHome.from_environment()
    encoder = SentenceEncoder(ensure_encoder(cache_folder() / "models", EmbeddingModelConfig()), threads=2)
    print("| set (queries) | order | nDCG@10 | recall@20 | reranked minus it | fused minus it |\n" + "|---" * 6 + "|")
    for persona in ("sample", "chesterton"):
        path = home.persona_folder(persona) / "questions.jsonl"
        if persona in wanted and path.is_file():
            await measure(persona, persona, persona_queries(path), encoder)
    client = Elasticsearch(PlatformSettings.from_environment().elasticsearch_address, request_timeout=60)
    for name, read in (("squad", squad), ("cranfield", cranfield)):
        if name in wanted and (DATA / name).is_dir():
            texts, queries = read()
            index_texts(f"benchmark-{name}", texts, encoder, client)
            await measure(name, f"benchmark-{name}", queries, encoder)
            client.indices.delete(index=next(iter(client.indices.get(index=alias_name(f"benchmark-{name}")))))
    client.close()


if __name__ == "__main__":
    asyncio.run(main())
