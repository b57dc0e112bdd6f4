"""Continuous features: new documents stream through the stages and into the live index, a pass every few seconds.

Each pass runs the stages of `FeaturesPipeline` over tables in memory and moves the live index from what it holds to
what they give. Nothing is remembered between processes but the sources and the index themselves: a pass is the
difference between the two, so that one that was killed is simply made again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.base import Contract
from twin_data.contracts.documents import Chunk, CorpusDocument, Rejection
from twin_data.contracts.errors import CorpusError
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.sentences import content_stems
from twin_data.scoring.weights import TermWeights
from twin_data.store.live_index import HeldEntries
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.search import IndexIdentity, chunk_entry_id, document_entry, document_entry_id, weights_entry
from twin_data.store.tables import FeatureStore
from twin_data.transform import embed
from twin_data.transform.collected import RAW
from twin_data.transform.incremental import unchanged
from twin_data.transform.index import chunk_entries, identity_of, probed_rows
from twin_data.transform.pipeline import DOCUMENTS, REJECTING_STAGES, FeaturesPipeline, rejections_table

FILES_A_PASS = 16
"""Files read in one pass. A burst is cut into these, so that its first documents are found before its last are read."""


class LiveIndex(Protocol):
    """What a pass needs of the search engine."""

    def live(self, persona: str) -> tuple[str, IndexIdentity] | None:
        """The live index's name and identity."""

    def held(self, name: str) -> HeldEntries:
        """What it holds."""

    def move(
        self,
        name: str,
        identity: IndexIdentity,
        entries: Iterator[Mapping[str, Any]],
        gone: list[str],
        probes: list[Mapping[str, Any]],
    ) -> None:
        """Change its entries and its identity."""


class Pass(Contract):
    """What one pass made of the sources, by document id."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    """Whole documents that a stage removed in this pass and in none before."""
    chunks_embedded: int
    waiting: int
    """New and changed files left for the next pass."""
    features_digest: str
    seconds: float

    @property
    def is_empty(self) -> bool:
        """Whether the index stayed as it was."""
        return not (self.added or self.changed or self.removed)


@dataclass
class _Held:
    """What the live index holds, as this process left or found it."""

    name: str
    identity: IndexIdentity
    chunks: pl.DataFrame
    documents: pl.DataFrame
    frequencies: Counter[str]


class LiveCorpus:
    """One persona's corpus, kept level with its sources. One process at a time."""

    def __init__(
        self, pipeline: FeaturesPipeline, encoder: SentenceEncoder, index: LiveIndex, *, embeddings: FeatureStore
    ) -> None:
        """Do nothing yet.

        Args:
            pipeline: The features of the persona over tables in memory (`OverlayStore`).
            encoder: That of the live index.
            index: The search engine.
            embeddings: The persona's tables on disk, where embeddings are kept.
        """
        self._pipeline = pipeline
        self._encoder = encoder
        self._index = index
        self._embeddings = embeddings
        self._held: _Held | None = None
        self._rejected: frozenset[Rejection] | None = None

    @property
    def persona(self) -> PersonaConfig:
        """Whose corpus, as `persona.yaml` says; it may be read anew between two passes."""
        return self._pipeline.persona

    @persona.setter
    def persona(self, persona: PersonaConfig) -> None:
        self._pipeline = replace(self._pipeline, persona=persona)

    def step(
        self,
        digest_of: Callable[[Path], str],
        is_ready: Callable[[Path], bool],
        locked: Callable[[], AbstractContextManager[None]],
    ) -> Pass:
        """Make one pass.

        Args:
            digest_of: The digest of a file or folder of the sources.
            is_ready: Whether a file may be read yet.
            locked: Holds the index for one writer while the pass compares and changes it.

        Raises:
            ConsentError: The persona does not state owner, consent and licence.
            CorpusError: The persona has no live index of this encoder, or nothing is left to index.
            SourceError: The sources cannot be read.
            SearchUnavailableError: Elasticsearch cannot be reached; the next pass begins where this one did.
        """
        started = time.monotonic()
        pipeline = self._pipeline
        collected, waiting = pipeline.collect_changes(digest_of, is_ready, FILES_A_PASS)
        separated = pipeline.split(pipeline.dedupe(pipeline.clean(collected.record).record).record).record
        filtered = pipeline.filter(separated).record
        judged = pipeline.carried_authorship(filtered).record
        inputs = pipeline.index_inputs(judged, pipeline.chunk(judged).record, self._encoder)
        if inputs.chunks.is_empty():
            raise CorpusError(
                f"no text of persona {inputs.persona!r} is left to index; the live index stays as it is",
                next_step=f"twin add {inputs.persona} SOURCE",
            )
        embedded = embed.run(
            inputs.chunks, store=self._embeddings, encoder=self._encoder, progress=lambda done, total: None
        )
        with locked():
            held = self._reconciled(inputs.persona)
            changes = self._moved(held, identity_of(inputs), inputs.chunks, inputs.documents)
        return Pass(
            **changes,
            rejected=self._newly_rejected(),
            chunks_embedded=embedded,
            waiting=waiting,
            features_digest=inputs.features_digest,
            seconds=round(time.monotonic() - started, 3),
        )

    def _reconciled(self, persona: str) -> _Held:
        """What the live index holds; it is read anew if another hand has been at it, or a pass broke off."""
        live = self._index.live(persona)
        if live is None or live[1].embedding_model.digest != self._encoder.reference.digest:
            raise CorpusError(
                f"persona {persona!r} has no live index that {self._encoder.reference.name} embedded",
                next_step=f"twin features {persona}, then the same command again",
            )
        held, self._held = self._held, None
        if held is not None and (held.name, held.identity) == live:
            return held
        found = self._index.held(live[0])
        chunks, documents = to_frame(found.chunks, Chunk), to_frame(found.documents, CorpusDocument)
        frequencies = Counter(stem for text in chunks["text"] for stem in set(content_stems(text)))
        return _Held(live[0], live[1], chunks, documents, frequencies)

    def _moved(
        self, held: _Held, identity: IndexIdentity, chunks: pl.DataFrame, documents: pl.DataFrame
    ) -> dict[str, tuple[str, ...]]:
        """Move the index to these rows; ids of documents that were added, changed and removed."""
        new_chunks, gone_chunks = _difference(chunks, held.chunks, "chunk_id")
        new_documents, gone_documents = _difference(documents, held.documents, "document_id")
        if new_chunks.height or new_documents.height or gone_chunks.height or gone_documents.height:
            _count(held.frequencies, new_chunks, gone_chunks)
            embedded = embed.with_embeddings(
                new_chunks, store=self._embeddings, model_digest=self._encoder.reference.digest
            )
            weights = TermWeights(chunks=chunks.height, frequencies=dict(sorted(held.frequencies.items())))
            entries = [
                *chunk_entries(embedded),
                *map(document_entry, to_rows(new_documents, CorpusDocument)),
                weights_entry(weights),
            ]
            gone = [
                *map(chunk_entry_id, _gone(gone_chunks["chunk_id"], chunks["chunk_id"])),
                *map(document_entry_id, _gone(gone_documents["document_id"], documents["document_id"])),
            ]
            probes = list(chunk_entries(probed_rows(embedded)))
            self._index.move(held.name, identity, iter(entries), gone, probes)
        elif identity != held.identity:
            self._index.move(held.name, identity, iter(()), [], [])
        self._held = _Held(held.name, identity, chunks, documents, held.frequencies)
        before, after = set(held.documents["document_id"]), set(documents["document_id"])
        return {
            "added": tuple(sorted(after - before)),
            "changed": tuple(sorted(set(new_documents["document_id"]) & before)),
            "removed": tuple(sorted(before - after)),
        }

    def _newly_rejected(self) -> tuple[Rejection, ...]:
        """Documents that the stages removed whole in this pass; none in the first, where all of them are old."""
        tables = [self._pipeline.store.read(rejections_table(stage)) for stage in REJECTING_STAGES]
        raw = self._pipeline.store.read(RAW)["document_id"]
        left = raw.filter(~raw.is_in(self._pipeline.store.read(DOCUMENTS)["document_id"].implode()))
        gone = pl.concat(tables).filter(pl.col("document_id").is_in(left.implode()) | (pl.col("stage") == "collect"))
        found = frozenset(to_rows(gone.filter(~pl.col("reason").str.starts_with("redacted_")), Rejection))
        before, self._rejected = self._rejected, found
        return () if before is None else tuple(sorted(found - before, key=lambda one: one.document_id))


def _difference(now: pl.DataFrame, before: pl.DataFrame, key: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that are new or changed, and the rows that stood in their place or are gone."""
    same = unchanged(now, before, key).implode()
    return now.filter(~pl.col(key).is_in(same)), before.filter(~pl.col(key).is_in(same))


def _gone(gone: pl.Series, now: pl.Series) -> list[str]:
    """Ids of rows that are gone, and not of those that are written anew."""
    return sorted(set(gone) - set(now))


def _count(frequencies: Counter[str], new: pl.DataFrame, gone: pl.DataFrame) -> None:
    """Bring document frequencies up to date: as `term_weights` of all chunks would give them."""
    for text in new["text"]:
        frequencies.update(set(content_stems(text)))
    for text in gone["text"]:
        frequencies.subtract(set(content_stems(text)))
    for stem in [stem for stem, count in frequencies.items() if not count]:
        del frequencies[stem]
