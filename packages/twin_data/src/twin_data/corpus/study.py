"""The corpus report of one persona, part by part: each part is a stage that is run once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import polars as pl

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_folder
from twin_data.contracts.documents import Split
from twin_data.contracts.errors import CorpusError, SourceError
from twin_data.contracts.learning import LearningCurve, LearningCurveConfig
from twin_data.corpus import tallies
from twin_data.corpus.feelings import feelings_of
from twin_data.corpus.findings import Balance, CorpusReport, Feeling, Topic, VoiceOverTime, VoicePeriod
from twin_data.corpus.periods import periods_of
from twin_data.corpus.topics import TopicsConfig, topics_of
from twin_data.corpus.voice_over_time import VoiceOverTimeConfig, voice_over_time
from twin_data.scoring.learning_curve import Progress, learning_curve
from twin_data.scoring.voice import VoiceConfig, VoiceText
from twin_data.sources.contrast import read_contrast
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.stages import StageResult, remembered_stage, run_stage
from twin_data.store.tables import digest_frame
from twin_data.transform import embed
from twin_data.transform.collected import RAW
from twin_data.transform.pipeline import CHUNKS, DOCUMENTS, EXCLUSIONS, FeaturesPipeline, rejections_table
from twin_data.transform.quality import own_text
from twin_data.transform.verdict import CorpusVerdict

CURVE, TOPICS, VOICE, FEELINGS = "learning_curve", "corpus_topics", "voice_over_time", "corpus_feelings"
LOPSIDED = 0.7
"""Share of one group from which the report warns of it."""

PartT = TypeVar("PartT", bound=Contract)


class CorpusReportConfig(Contract):
    """How the parts of the report that are measured, not counted, are measured."""

    learning_curve: LearningCurveConfig = LearningCurveConfig()
    topics: TopicsConfig = TopicsConfig()
    voice_over_time: VoiceOverTimeConfig = VoiceOverTimeConfig()


class _NoSettings(Contract):
    """Of a part that has none."""


class _CurveSettings(Contract):
    curve: LearningCurveConfig
    voice: VoiceConfig


@dataclass(frozen=True)
class CorpusStudy:
    """One persona's newest corpus and what is found of it.

    Attributes:
        pipeline: The features that the report is on.
        contrast: Folder of other authors' texts.
        config: How parts are measured.
        voice: How a voice is learned; the learning curve masks and penalises alike.
    """

    pipeline: FeaturesPipeline
    contrast: Path
    config: CorpusReportConfig
    voice: VoiceConfig

    def measure_curve(self, progress: Progress) -> StageResult:
        """Measure the learning curve, the dearest part."""

        def compute() -> LearningCurve:
            try:
                others = read_contrast(self.contrast)
            except SourceError as error:
                return LearningCurve(unsaid=error.message.replace(str(self.contrast), "the contrast folder"))
            own = [VoiceText(*row) for row in self._training.iter_rows()]
            return learning_curve(own, others, config=self.config.learning_curve, voice=self.voice, progress=progress)

        return self._run(CURVE, LearningCurve, lambda: [compute()])

    def measure_topics(self) -> StageResult:
        """Group the chunks into topics."""

        def compute() -> tuple[Topic, ...]:
            if (chunks := self._embedded) is None:
                return ()
            own = [
                " ".join(text[one["start"] - start : one["end"] - start] for one in spans)
                for text, start, spans in chunks.select("text", "start", "own").iter_rows()
            ]
            named = chunks.select("document_id", "vector").with_columns(pl.Series("own", own, dtype=pl.String))
            return topics_of(named, config=self.config.topics)

        return self._run(TOPICS, Topic, compute)

    def measure_voice(self) -> StageResult:
        """Compare the style of periods."""

        def compute() -> list[VoiceOverTime]:
            return [voice_over_time(self._documents, config=self.config.voice_over_time)]

        return self._run(VOICE, VoiceOverTime, compute)

    def measure_feelings(self) -> StageResult:
        """Read the sentiment of the persona's own sentences by topic."""

        def compute() -> tuple[Feeling, ...]:
            return feelings_of(list(self._documents.select("document_id", "own").iter_rows()))

        return self._run(FEELINGS, Feeling, compute)

    def verdict(self) -> CorpusVerdict:
        """The verdict on the newest corpus, with its learning curve if that has been measured.

        Raises:
            CorpusError: No features have been built yet.
        """
        curves = self._remembered(CURVE, LearningCurve)
        return self.pipeline.verdict(curves[0] if curves else None)

    def report(self) -> CorpusReport:
        """Everything, from the parts that have been measured.

        Raises:
            CorpusError: No features have been built yet, or a part has yet to be measured.
        """
        verdict, documents = self.verdict(), self._documents
        store, persona = self.pipeline.store, self.pipeline.persona
        names = tallies.Names(dict(store.read(RAW, columns=("document_id", "kind")).iter_rows()))
        periods, kinds = tallies.groups(documents, "period"), tallies.groups(documents, "kind")
        by_source = tallies.sources(documents, persona)
        topics = self._measured(TOPICS, Topic)
        (curve,) = self._measured(CURVE, LearningCurve)
        (voice,) = self._measured(VOICE, VoiceOverTime)
        evenness = {"source": by_source, "period": periods, "kind": kinds, "topic": topics}
        balance = tuple(found for by, parts in evenness.items() if (found := tallies.balance(by, parts)))
        rejections = self.pipeline.rejections()
        return CorpusReport(
            persona=persona.name,
            display_name=persona.display_name,
            corpus_digest=self._documents_digest,
            verdict=verdict,
            cautions=tuple(_cautions(balance, voice)),
            curve=curve,
            sources=by_source,
            periods=periods,
            kinds=kinds,
            topics=topics,
            balance=balance,
            duplicates=tallies.duplicates(documents, store.read(rejections_table("dedupe")), names),
            removals=tallies.removals(pl.concat([rejections, store.read(EXCLUSIONS)]), names),
            redactions=tallies.redactions(rejections),
            rights=tallies.rights(persona),
            voice=voice,
            feelings=self._measured(FEELINGS, Feeling),
        )

    @cached_property
    def _documents(self) -> pl.DataFrame:
        """Kept documents with their own words and period, in order of id."""
        self.pipeline.require_built()
        read = self.pipeline.store.read(DOCUMENTS).sort("document_id")
        own = own_text(read)
        return read.select("document_id", "source", "kind", "date", "family", "split").with_columns(
            own, own.str.extract_all(r"\S+").list.len().alias("words"), periods_of(read["date"])
        )

    @cached_property
    def _training(self) -> pl.DataFrame:
        return self._documents.filter(pl.col("split") == Split.TRAIN.value).select("family", "own")

    @cached_property
    def _documents_digest(self) -> str:
        return digest_frame(self._documents)

    @cached_property
    def _embedded(self) -> pl.DataFrame | None:
        """The chunks with their vectors; None where they have none yet."""
        return embed.stored_vectors(self.pipeline.store.read(CHUNKS), self.pipeline.store)

    def _made_of(self, stage: str) -> tuple[dict[str, str], Contract]:
        """Digests of a part's inputs, and its settings."""
        self.pipeline.require_built()
        if stage == CURVE:
            contrast = digest_folder(self.contrast) if self.contrast.is_dir() else "none"
            inputs = {"training": digest_frame(self._training), "contrast": contrast}
            return inputs, _CurveSettings(curve=self.config.learning_curve, voice=self.voice)
        if stage == TOPICS:
            chunks = self._embedded
            keys = chunks.select("chunk_id", "text_digest", "model_digest") if chunks is not None else None
            return {"chunks": "not embedded" if keys is None else digest_frame(keys)}, self.config.topics
        settings = self.config.voice_over_time if stage == VOICE else _NoSettings()
        return {"documents": self._documents_digest}, settings

    def _run(self, stage: str, model: type[Contract], compute: Callable[[], Iterable[Contract]]) -> StageResult:
        """Run a stage whose one table has its name."""
        inputs, config = self._made_of(stage)
        return run_stage(
            self.pipeline.store,
            stage,
            inputs=inputs,
            config=config,
            compute=lambda: {stage: to_frame(compute(), model)},
        )

    def _remembered(self, stage: str, model: type[PartT]) -> tuple[PartT, ...] | None:
        """What was found of this state of the corpus by these settings; None if that has not been measured."""
        inputs, config = self._made_of(stage)
        record = remembered_stage(self.pipeline.store, stage, inputs=inputs, config=config)
        if record is None:
            return None
        return to_rows(self.pipeline.store.read(stage, version=record.output(stage).version), model)

    def _measured(self, stage: str, model: type[PartT]) -> tuple[PartT, ...]:
        if (found := self._remembered(stage, model)) is None:
            raise CorpusError(
                f"{stage.replace('_', ' ')} of persona {self.pipeline.persona.name!r} has not been measured yet",
                next_step=f"twin corpus {self.pipeline.persona.name} --report",
            )
        return found


def _cautions(balance: Iterable[Balance], voice: VoiceOverTime) -> Iterator[str]:
    for one in balance:
        if one.groups > 1 and one.largest_share >= LOPSIDED:
            yield f"{one.largest_share:.0%} of the words are of one {one.by}: {one.largest}"
    for period in voice.periods:
        if period.is_drift:
            moved = f" ({', '.join(period.moved)})" if period.moved else ""
            yield f"{period.period} is {period.distance:.2f} standard deviations off in style{moved}{_alone(period)}"
    if voice.unsaid:
        yield f"whether the voice is stable cannot be said: {voice.unsaid}"


def _alone(period: VoicePeriod) -> str:
    alone = len(period.sources) == 1
    return f"; all of it is of the source {period.sources[0]}, so this may be the work" if alone else ""
