"""The features pipeline: which stage reads which tables. Each method runs one stage, or remembers that it ran."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_folder, digest_value, short
from twin_data.contracts.documents import CleanDocument, CorpusDocument, RawDocument, Rejection
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.forgetting import Tombstone
from twin_data.contracts.learning import LearningCurve
from twin_data.contracts.releases import ModelReference
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.sources import collect
from twin_data.sources.collect import CollectConfig, Selection
from twin_data.sources.contrast import read_contrast
from twin_data.sources.tombstones import read_tombstones
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.search import IndexWriter, index_name
from twin_data.store.stages import FormerRun, StageRecord, StageResult, code_digest, former_run, run_stage
from twin_data.store.tables import FeatureStore, digest_frame
from twin_data.transform import (
    authorship,
    chunk,
    clean,
    decontaminate,
    dedupe,
    embed,
    incremental,
    index,
    quality,
    split,
    verdict,
)
from twin_data.transform.authorship import AuthorshipConfig, AuthorshipJudgement
from twin_data.transform.chunk import ChunkConfig
from twin_data.transform.clean import CleanConfig
from twin_data.transform.collected import RAW, SOURCE_FILES, collected_tables, known_files
from twin_data.transform.decontaminate import DecontaminateConfig
from twin_data.transform.dedupe import DedupeConfig
from twin_data.transform.embedding_model import EmbeddingModelConfig
from twin_data.transform.index import IndexInputs
from twin_data.transform.quality_rules import QualityConfig
from twin_data.transform.split import SplitConfig
from twin_data.transform.verdict import VerdictConfig
from twin_data.transform.voice_kept import StyleChange, VoiceRecord, summary

CLEAN, UNIQUE, SPLIT, DOCUMENTS, CHUNKS = (
    "clean_documents", "unique_documents", "split_documents", "documents", "chunks"
)  # fmt: skip
EXCLUSIONS, QUALITY_RULES = "training_exclusions", "quality_rules"
STYLE_CHANGES, STYLE_TALLIES = "style_changes", "style_tallies"
FILTERED = "filtered_documents"
JUDGEMENTS = "authorship_judgements"
REJECTING_STAGES = ("collect", "clean", "dedupe", "filter", "authorship")


class FeaturesConfig(Contract):
    """The `features` part of a recipe: settings of every stage."""

    collect: CollectConfig = CollectConfig()
    clean: CleanConfig = CleanConfig()
    dedupe: DedupeConfig = DedupeConfig()
    split: SplitConfig = SplitConfig()
    decontaminate: DecontaminateConfig = DecontaminateConfig()
    quality: QualityConfig = QualityConfig()
    authorship: AuthorshipConfig = AuthorshipConfig()
    chunk: ChunkConfig = ChunkConfig()
    embedding: EmbeddingModelConfig = EmbeddingModelConfig()
    verdict: VerdictConfig = VerdictConfig()


class NoSettings(Contract):
    """Of a stage that has none."""


class IndexedFeatures(Contract):
    """One version of a persona's features: what a bundle names as its lineage."""

    persona: str
    features_digest: str
    index: str
    """Names the version. The live index may have been built for an earlier one, and have moved on to this."""
    chunks: int
    documents: int
    table_versions: dict[str, int]
    """Of what datasets are made from: documents, chunks, and what is kept from training."""
    code_digest: str


def digest_of_features(documents: str, chunks: str, encoder: ModelReference) -> str:
    """SHA-256 that names a version of the features, by the digests of its two tables and by what embedded it."""
    return digest_value([documents, chunks, encoder.digest])


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
    contrast: Path | None = None
    """Texts of other authors, one folder an author; without them nobody's authorship is checked."""

    def collect(self) -> StageResult:
        """Read every source into typed documents."""
        self.persona.require_consent()
        inputs = collect.CollectInputs(persona=self.persona, sources_folder=self.sources_folder)
        stones = read_tombstones(self.sources_folder.parent)

        def compute() -> dict[str, pl.DataFrame]:
            former = self._former("collect", digests, self.config.collect, moved=("sources", "persona"))
            return collected_tables(inputs, former, self.config.collect, Selection(known_files(former)), stones)[0]

        digests = self._reading_digests(stones) | {"sources": self._sources_digest()}
        return run_stage(self.store, "collect", inputs=digests, config=self.config.collect, compute=compute)

    def collect_changes(
        self, digest_of: Callable[[Path], str], is_ready: Callable[[Path], bool], at_most: int
    ) -> tuple[StageResult, int]:
        """Read at most so many new and changed files that are ready; returns how many wait for a later call, too."""
        self.persona.require_consent()
        inputs = collect.CollectInputs(persona=self.persona, sources_folder=self.sources_folder)
        stones = read_tombstones(self.sources_folder.parent)
        reading = self._reading_digests(stones)
        former = self._former("collect", reading, self.config.collect, moved=("sources", "persona"))
        selection = Selection(known_files(former), digest_of, is_ready, at_most)
        tables, waiting = collected_tables(inputs, former, self.config.collect, selection, stones)
        digests = reading | {"sources": digest_frame(tables[SOURCE_FILES])}
        result = run_stage(self.store, "collect", inputs=digests, config=self.config.collect, compute=lambda: tables)
        return result, waiting

    def _reading_digests(self, stones: Sequence[Tombstone]) -> dict[str, str]:
        """What decides beside the files what is read; other tombstones are another reading of every file."""
        forgotten = digest_value(sorted(one.digest for one in stones))
        return {"persona": digest_value(self.persona), "forgotten": forgotten}

    def clean(self, collected: StageRecord) -> StageResult:
        """Take away what is not the author's text."""
        own_names = frozenset({self.persona.author.name, *self.persona.author.aliases})

        def compute() -> dict[str, pl.DataFrame]:
            raw = clean.attributed(self._read(collected, RAW), own_names, self.config.clean)
            former = self._former("clean", digests, self.config.clean, moved=(RAW,))
            if former is not None:
                before = clean.attributed(former.inputs[RAW], own_names, self.config.clean)
                former = replace(former, inputs={RAW: before})
            roster = clean.roster_of(raw)
            kept = clean.unaffected(raw, former.inputs[RAW], self.config.clean) if former else None
            others = self._style_of(kept, former, own_names) if former and kept is not None else None
            style: dict[str, pl.DataFrame] = {}

            def cleaned_tables(changed: pl.DataFrame) -> dict[str, pl.DataFrame]:
                inputs = clean.CleanInputs(to_rows(changed, RawDocument), own_names, roster, others)
                cleaned = clean.run(inputs, config=self.config.clean)
                style[STYLE_CHANGES] = to_frame(cleaned.changes, StyleChange)
                style[STYLE_TALLIES] = cleaned.record.frame()
                return {
                    CLEAN: to_frame(cleaned.documents, CleanDocument),
                    rejections_table("clean"): to_frame(cleaned.rejections, Rejection),
                }

            return incremental.by_document(raw, former, RAW, cleaned_tables, kept=kept) | style

        digests = self._digests(collected, RAW) | {"author": digest_value(self.persona.author)}
        return run_stage(self.store, "clean", inputs=digests, config=self.config.clean, compute=compute)

    def _style_of(self, kept: pl.Series, former: FormerRun, own_names: frozenset[str]) -> VoiceRecord:
        """What the style of the documents that are not cleaned anew counts to: that of all before, less the others'."""
        before = former.inputs[RAW]
        gone = to_rows(before.filter(~pl.col("document_id").is_in(kept.implode())), RawDocument)
        inputs = clean.CleanInputs(gone, own_names, clean.roster_of(before))
        counted = VoiceRecord.of_frame(clean.STEPS, former.outputs[STYLE_TALLIES])
        return counted.with_those_of(clean.tallied(inputs, config=self.config.clean), sign=-1)

    def voice_kept(self, cleaned: StageRecord) -> str:
        """What cleaning did to the voice, in a sentence."""
        return summary(to_rows(self._read(cleaned, STYLE_CHANGES), StyleChange))

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
            return {
                FILTERED: filtered.documents,
                rejections_table("filter"): filtered.rejections,
                QUALITY_RULES: to_frame(filtered.rules, quality.RuleCount),
            }

        inputs = self._digests(separated, SPLIT)
        return run_stage(self.store, "filter", inputs=inputs, config=self.config.quality, compute=compute)

    def authorship(self, filtered: StageRecord) -> StageResult:
        """Find what reads like another author or a machine, so that it never trains the voice."""

        def compute() -> dict[str, pl.DataFrame]:
            has_contrast = self.contrast is not None and self.contrast.is_dir()
            others = read_contrast(self.contrast) if self.contrast and has_contrast else {}
            vouched = frozenset(name for name, options in self.persona.sources.items() if options.vouched)
            given = authorship.AuthorshipInputs(self._read(filtered, FILTERED), others, vouched)
            judged = authorship.run(given, config=self.config.authorship)
            return {
                DOCUMENTS: judged.documents,
                rejections_table("authorship"): judged.rejections,
                JUDGEMENTS: judged.judgements,
            }

        contrast = digest_folder(self.contrast) if self.contrast and self.contrast.is_dir() else "none"
        vouched = digest_value(sorted(name for name, options in self.persona.sources.items() if options.vouched))
        inputs = self._digests(filtered, FILTERED) | {"contrast": contrast, "vouched": vouched}
        return run_stage(self.store, "authorship", inputs=inputs, config=self.config.authorship, compute=compute)

    def carried_authorship(self, filtered: StageRecord) -> StageResult:
        """What the newest check of authorship said of the documents that are as they were; others are not judged yet.

        The check learns a whole archive's style, which takes longer than a new document may wait to be found.
        """
        former = self.store.read(DOCUMENTS) if self.store.exists(DOCUMENTS) else None

        def compute() -> dict[str, pl.DataFrame]:
            return {DOCUMENTS: authorship.carried(self._read(filtered, FILTERED), former)}

        inputs = self._digests(filtered, FILTERED) | {"former": "none" if former is None else digest_frame(former)}
        return run_stage(self.store, "carried-authorship", inputs=inputs, config=NoSettings(), compute=compute)

    def authorship_summary(self) -> str:
        """What the newest check of authorship found, in a sentence."""
        return authorship.summary(to_rows(self.store.read(JUDGEMENTS), AuthorshipJudgement))

    def chunk(self, judged: StageRecord) -> StageResult:
        """Cut documents into what is embedded and searched as one unit."""

        def compute() -> dict[str, pl.DataFrame]:
            former = self._former("chunk", inputs, self.config.chunk, moved=(DOCUMENTS,))

            def chunked_tables(changed: pl.DataFrame) -> dict[str, pl.DataFrame]:
                return {CHUNKS: chunk.run(changed, config=self.config.chunk)}

            return incremental.by_document(self._read(judged, DOCUMENTS), former, DOCUMENTS, chunked_tables)

        inputs = self._digests(judged, DOCUMENTS)
        return run_stage(self.store, "chunk", inputs=inputs, config=self.config.chunk, compute=compute)

    def embed(self, chunked: StageRecord, encoder: SentenceEncoder, progress: embed.Progress) -> None:
        """Fill the table of embeddings for these chunks."""
        embed.run(self._read(chunked, CHUNKS), store=self.store, encoder=encoder, progress=progress)

    def index(
        self, judged: StageRecord, chunked: StageRecord, encoder: SentenceEncoder, writer: IndexWriter
    ) -> IndexedFeatures:
        """Build the search index of this version and swap the alias.

        What is kept from training is of the same sources: `decontaminate` has run before.
        """
        inputs = self.index_inputs(judged, chunked, encoder)
        embed.run(inputs.chunks, store=self.store, encoder=encoder, progress=_silent)
        index.run(inputs, writer=writer)
        documents, chunks = judged.output(DOCUMENTS), chunked.output(CHUNKS)
        return IndexedFeatures(
            persona=self.persona.name,
            features_digest=inputs.features_digest,
            index=index_name(self.persona.name, short(inputs.features_digest)),
            chunks=chunks.rows,
            documents=documents.rows,
            table_versions={
                documents.table: documents.version,
                chunks.table: chunks.version,
                EXCLUSIONS: self.store.newest_version(EXCLUSIONS),
            },
            code_digest=code_digest(),
        )

    def index_inputs(self, judged: StageRecord, chunked: StageRecord, encoder: SentenceEncoder) -> IndexInputs:
        """What an index of these tables is built from."""
        documents, chunks = judged.output(DOCUMENTS), chunked.output(CHUNKS)
        return IndexInputs(
            persona=self.persona.name,
            documents=self._read(judged, DOCUMENTS).select(list(CorpusDocument.model_fields)),
            chunks=self._read(chunked, CHUNKS),
            with_embeddings=partial(embed.with_embeddings, store=self.store, model_digest=encoder.reference.digest),
            features_digest=digest_of_features(documents.digest, chunks.digest, encoder.reference),
            embedding_model=encoder.reference,
            dimensions=encoder.dimensions,
        )

    def verdict(self, curve: LearningCurve | None = None) -> verdict.CorpusVerdict:
        """Judge the newest version of the corpus.

        Args:
            curve: The learning curve of that version, if one has been measured.

        Raises:
            CorpusError: No features have been built yet.
        """
        self.require_built()
        return verdict.judge(
            self.persona.name,
            self.store.read(DOCUMENTS),
            self.store.read(CHUNKS).height,
            self.rejections(),
            self.store.read(EXCLUSIONS),
            self.authorship_summary(),
            config=self.config.verdict,
            curve=curve,
            unstated=self.persona.unstated,
        )

    def rejections(self) -> pl.DataFrame:
        """What all stages removed, as rows of `Rejection`."""
        return pl.concat([self.store.read(rejections_table(stage)) for stage in REJECTING_STAGES])

    def require_built(self) -> None:
        """Do nothing if there are features.

        Raises:
            CorpusError: None have been built yet.
        """
        if not self.store.exists(CHUNKS):
            raise CorpusError(
                f"persona {self.persona.name!r} has no features yet", next_step=f"twin features {self.persona.name}"
            )

    def _former(
        self, stage: str, inputs: Mapping[str, str], config: Contract, *, moved: tuple[str, ...]
    ) -> FormerRun | None:
        return former_run(self.store, stage, inputs=inputs, config=config, moved=moved)

    def _sources_digest(self) -> str:
        return digest_folder(self.sources_folder) if self.sources_folder.is_dir() else "none"

    def _read(self, record: StageRecord, table: str) -> pl.DataFrame:
        return self.store.read(table, version=record.output(table).version)

    def _digests(self, record: StageRecord, table: str) -> dict[str, str]:
        return {table: record.output(table).digest}


def _silent(done: int, total: int) -> None:
    """Progress of the second, remembered pass over the embeddings concerns nobody."""
