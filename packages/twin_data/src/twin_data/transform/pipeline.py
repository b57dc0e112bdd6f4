"""The features pipeline: which stage reads which tables. Each method runs one stage, or remembers that it ran."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_folder, digest_value
from twin_data.contracts.documents import CleanDocument, CorpusDocument, RawDocument, Rejection
from twin_data.contracts.errors import CorpusError
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.sources import collect
from twin_data.sources.collect import CollectConfig
from twin_data.sources.tombstones import read_tombstones, without_forgotten
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.search import IndexWriter
from twin_data.store.stages import StageRecord, StageResult, code_digest, run_stage
from twin_data.store.tables import FeatureStore
from twin_data.transform import chunk, clean, decontaminate, dedupe, embed, index, quality, split, verdict
from twin_data.transform.chunk import ChunkConfig
from twin_data.transform.clean import CleanConfig
from twin_data.transform.decontaminate import DecontaminateConfig
from twin_data.transform.dedupe import DedupeConfig
from twin_data.transform.embedding_model import EmbeddingModelConfig
from twin_data.transform.quality import QualityConfig
from twin_data.transform.split import SplitConfig
from twin_data.transform.verdict import VerdictConfig

RAW, CLEAN, UNIQUE, SPLIT, DOCUMENTS, CHUNKS = (
    "raw_documents", "clean_documents", "unique_documents", "split_documents", "documents", "chunks"
)  # fmt: skip
EXCLUSIONS = "training_exclusions"
REJECTING_STAGES = ("collect", "clean", "dedupe", "filter")


class FeaturesConfig(Contract):
    """The `features` part of a recipe: settings of every stage."""

    collect: CollectConfig = CollectConfig()
    clean: CleanConfig = CleanConfig()
    dedupe: DedupeConfig = DedupeConfig()
    split: SplitConfig = SplitConfig()
    decontaminate: DecontaminateConfig = DecontaminateConfig()
    quality: QualityConfig = QualityConfig()
    chunk: ChunkConfig = ChunkConfig()
    embedding: EmbeddingModelConfig = EmbeddingModelConfig()
    verdict: VerdictConfig = VerdictConfig()


class IndexedFeatures(Contract):
    """One version of a persona's features: what a bundle names as its lineage."""

    persona: str
    features_digest: str
    index: str
    chunks: int
    documents: int
    table_versions: dict[str, int]
    code_digest: str


def rejections_table(stage: str) -> str:
    """The table that holds what a stage removed."""
    return f"rejections_{stage}"


@dataclass(frozen=True)
class FeaturesPipeline:
    """One persona's features, stage by stage."""

    persona: PersonaConfig
    sources_folder: Path
    store: FeatureStore
    config: FeaturesConfig

    def collect(self) -> StageResult:
        """Read every source into typed documents."""
        self.persona.require_consent()
        inputs = collect.CollectInputs(persona=self.persona, sources_folder=self.sources_folder)
        stones = read_tombstones(self.sources_folder.parent)

        def compute() -> dict[str, pl.DataFrame]:
            collected = without_forgotten(collect.run(inputs, config=self.config.collect), stones)
            return {
                RAW: to_frame(collected.documents, RawDocument),
                rejections_table("collect"): to_frame(collected.rejections, Rejection),
            }

        digests = {
            "sources": self._sources_digest(),
            "persona": digest_value(self.persona),
            "forgotten": digest_value(sorted(one.digest for one in stones)),
        }
        return run_stage(self.store, "collect", inputs=digests, config=self.config.collect, compute=compute)

    def clean(self, collected: StageRecord) -> StageResult:
        """Take away what is not the author's text."""

        def compute() -> dict[str, pl.DataFrame]:
            own_names = frozenset({self.persona.author.name, *self.persona.author.aliases})
            documents = to_rows(self._read(collected, RAW), RawDocument)
            cleaned = clean.run(clean.CleanInputs(documents, own_names), config=self.config.clean)
            return {
                CLEAN: to_frame(cleaned.documents, CleanDocument),
                rejections_table("clean"): to_frame(cleaned.rejections, Rejection),
            }

        digests = self._digests(collected, RAW) | {"author": digest_value(self.persona.author)}
        return run_stage(self.store, "clean", inputs=digests, config=self.config.clean, compute=compute)

    def dedupe(self, cleaned: StageRecord) -> StageResult:
        """Keep the best copy of each document and name the families."""

        def compute() -> dict[str, pl.DataFrame]:
            unique = dedupe.run(self._read(cleaned, CLEAN), config=self.config.dedupe)
            return {UNIQUE: unique.documents, rejections_table("dedupe"): unique.rejections}

        inputs = self._digests(cleaned, CLEAN)
        return run_stage(self.store, "dedupe", inputs=inputs, config=self.config.dedupe, compute=compute)

    def split(self, unique: StageRecord) -> StageResult:
        """Hold families out before anything is generated."""

        def compute() -> dict[str, pl.DataFrame]:
            return {SPLIT: split.run(self._read(unique, UNIQUE), config=self.config.split)}

        inputs = self._digests(unique, UNIQUE)
        return run_stage(self.store, "split", inputs=inputs, config=self.config.split, compute=compute)

    def decontaminate(self, separated: StageRecord) -> StageResult:
        """Find what training may not see because the test set holds it too."""

        def compute() -> dict[str, pl.DataFrame]:
            return {EXCLUSIONS: decontaminate.run(self._read(separated, SPLIT), config=self.config.decontaminate)}

        inputs = self._digests(separated, SPLIT)
        return run_stage(self.store, "decontaminate", inputs=inputs, config=self.config.decontaminate, compute=compute)

    def filter(self, separated: StageRecord) -> StageResult:
        """Drop documents that say too little."""

        def compute() -> dict[str, pl.DataFrame]:
            filtered = quality.run(self._read(separated, SPLIT), config=self.config.quality)
            return {DOCUMENTS: filtered.documents, rejections_table("filter"): filtered.rejections}

        inputs = self._digests(separated, SPLIT)
        return run_stage(self.store, "filter", inputs=inputs, config=self.config.quality, compute=compute)

    def chunk(self, filtered: StageRecord) -> StageResult:
        """Cut documents into what is embedded and searched as one unit."""

        def compute() -> dict[str, pl.DataFrame]:
            return {CHUNKS: chunk.run(self._read(filtered, DOCUMENTS), config=self.config.chunk)}

        inputs = self._digests(filtered, DOCUMENTS)
        return run_stage(self.store, "chunk", inputs=inputs, config=self.config.chunk, compute=compute)

    def embed(self, chunked: StageRecord, encoder: SentenceEncoder, progress: embed.Progress) -> None:
        """Fill the table of embeddings for these chunks."""
        embed.run(self._read(chunked, CHUNKS), store=self.store, encoder=encoder, progress=progress)

    def index(
        self, filtered: StageRecord, chunked: StageRecord, encoder: SentenceEncoder, writer: IndexWriter
    ) -> IndexedFeatures:
        """Build the search index of this version and swap the alias."""
        documents, chunks = filtered.output(DOCUMENTS), chunked.output(CHUNKS)
        features_digest = digest_value([documents.digest, chunks.digest, encoder.reference.digest])
        embedded = embed.run(self._read(chunked, CHUNKS), store=self.store, encoder=encoder, progress=_silent)
        name = index.run(
            index.IndexInputs(
                persona=self.persona.name,
                documents=self._read(filtered, DOCUMENTS).select(list(CorpusDocument.model_fields)),
                chunks=embedded,
                features_digest=features_digest,
                embedding_model=encoder.reference,
                dimensions=encoder.dimensions,
            ),
            writer=writer,
        )
        return IndexedFeatures(
            persona=self.persona.name,
            features_digest=features_digest,
            index=name,
            chunks=chunks.rows,
            documents=documents.rows,
            table_versions={documents.table: documents.version, chunks.table: chunks.version},
            code_digest=code_digest(),
        )

    def verdict(self) -> verdict.CorpusVerdict:
        """Judge the newest version of the corpus.

        Raises:
            CorpusError: No features have been built yet.
        """
        if not self.store.exists(CHUNKS):
            raise CorpusError(
                f"persona {self.persona.name!r} has no features yet", next_step=f"twin features {self.persona.name}"
            )
        stages = [rejections_table(stage) for stage in REJECTING_STAGES]
        return verdict.judge(
            self.persona.name,
            self.store.read(DOCUMENTS),
            self.store.read(CHUNKS).height,
            pl.concat([self.store.read(stage) for stage in stages]),
            self.store.read(EXCLUSIONS),
            config=self.config.verdict,
        )

    def _sources_digest(self) -> str:
        return digest_folder(self.sources_folder) if self.sources_folder.is_dir() else "none"

    def _read(self, record: StageRecord, table: str) -> pl.DataFrame:
        return self.store.read(table, version=record.output(table).version)

    def _digests(self, record: StageRecord, table: str) -> dict[str, str]:
        return {table: record.output(table).digest}


def _silent(done: int, total: int) -> None:
    """Progress of the second, remembered pass over the embeddings concerns nobody."""
