"""Embed chunks once: a text that was embedded by the same model before costs nothing."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from twin_data.contracts.digests import digest_text
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.late_interaction import packed
from twin_data.store.tables import FeatureStore

STAGE = "embed"
TABLE = "passage_embeddings"
BATCH_CHUNKS = 128
"""Chunks embedded between two writes: what an interruption can cost."""

SCHEMA = pl.Schema(
    {
        "text_digest": pl.String(),
        "model_digest": pl.String(),
        "vector": pl.List(pl.Float32()),
        "pieces": pl.Binary(),  # packed by `late_interaction`
    }
)

Progress = Callable[[int, int], None]


def embedded_text(chunk_context: str, chunk_text: str) -> str:
    """What is embedded for a chunk: its context line, then its text."""
    return f"{chunk_context}\n{chunk_text}"


def with_text_digests(chunks: pl.DataFrame) -> pl.DataFrame:
    """Add `text_digest`, the key of a chunk's embedding."""
    digests = [digest_text(embedded_text(*row)) for row in chunks.select("context", "text").iter_rows()]
    return chunks.with_columns(pl.Series("text_digest", digests, dtype=pl.String))


def run(inputs: pl.DataFrame, *, store: FeatureStore, encoder: SentenceEncoder, progress: Progress) -> int:
    """Embed the chunks whose text this encoder has not embedded yet, batch by batch; returns how many texts those were.

    Args:
        inputs: Rows of the contract `Chunk`.
        store: Holds the table of embeddings, which outlives corpus versions.
        encoder: The encoder whose digest names the vectors.
        progress: Called with the number of chunks done and of all.
    """
    chunks = with_text_digests(inputs)
    known = _select(store, encoder.reference.digest, pl.lit(True), ["text_digest"])
    missing = chunks.join(known, on="text_digest", how="anti").unique("text_digest", maintain_order=True)
    done = chunks.height - missing.height
    progress(done, chunks.height)
    for at in range(0, missing.height, BATCH_CHUNKS):
        batch = missing.slice(at, BATCH_CHUNKS)
        texts = [embedded_text(*row) for row in batch.select("context", "text").iter_rows()]
        vectors, pieces = encoder.encode_passages(texts)
        rows = {
            "text_digest": batch["text_digest"],
            "model_digest": [encoder.reference.digest] * batch.height,
            "vector": vectors.tolist(),
            "pieces": [packed(one) for one in pieces],
        }
        store.append(TABLE, pl.DataFrame(rows, schema=SCHEMA))
        done += batch.height
        progress(done, chunks.height)
    return missing.height


def stored_vectors(chunks: pl.DataFrame, store: FeatureStore) -> pl.DataFrame | None:
    """The chunks with `text_digest`, and `vector` and `model_digest` of a model that embedded all; None where none has.

    Args:
        chunks: Rows of the contract `Chunk`.
        store: Holds the table of embeddings.
    """
    if not store.exists(TABLE):
        return None
    named = with_text_digests(chunks)
    columns = ("text_digest", "model_digest", "vector")
    stored = store.read(TABLE, columns=columns).unique(["text_digest", "model_digest"])
    for model in sorted(stored["model_digest"].unique().to_list()):
        known = stored.filter(pl.col("model_digest") == model)
        joined = named.join(known, on="text_digest", how="left", maintain_order="left")
        if joined.height and joined["vector"].null_count() == 0:
            return joined
    return None


def with_embeddings(inputs: pl.DataFrame, *, store: FeatureStore, model_digest: str) -> pl.DataFrame:
    """The chunks with their `vector` and `pieces`, once `run` has embedded them."""
    chunks = with_text_digests(inputs)
    wanted = pl.col("text_digest").is_in(chunks["text_digest"].unique().implode())
    stored = _select(store, model_digest, wanted, ["text_digest", "vector", "pieces"])
    return chunks.join(stored, on="text_digest", how="left", maintain_order="left")


def _select(store: FeatureStore, model_digest: str, wanted: pl.Expr, columns: list[str]) -> pl.DataFrame:
    """Embeddings of one model; a text that two runs embedded at once counts once."""
    if not store.exists(TABLE):
        return pl.DataFrame(schema={name: SCHEMA[name] for name in columns})
    rows = store.select(TABLE, (pl.col("model_digest") == model_digest) & wanted, [pl.col(columns)])
    return rows.unique("text_digest", keep="first", maintain_order=True)
