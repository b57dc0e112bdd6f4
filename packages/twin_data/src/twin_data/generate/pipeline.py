"""The datasets pipeline: which stage reads which tables. Each method runs one stage, or remembers that it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import Field

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import (
    DatasetKind,
    DroppedRow,
    Instruction,
    PolicyDraft,
    Preference,
    TeacherWording,
)
from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Chunk, CorpusDocument, Rejection
from twin_data.contracts.releases import PromptExample, ReleaseBundle
from twin_data.generate import certify, instructions, preferences
from twin_data.generate.certify import CertifyInputs
from twin_data.generate.draft_prompts import DraftPrompt, DraftPromptConfig, DraftPromptInputs, prompts_for_drafts
from twin_data.generate.export import WrittenDataset, write_dataset
from twin_data.generate.feature_tables import FeatureTables, read_feature_tables
from twin_data.generate.few_shot import FewShotConfig, few_shot_examples, in_order
from twin_data.generate.instructions import InstructionConfig, InstructionInputs
from twin_data.generate.material import Material
from twin_data.generate.preferences import PreferenceConfig, PreferenceInputs, VoiceScorer
from twin_data.generate.rewriting import Rewrite, replayed
from twin_data.generate.shards import ShardConfig
from twin_data.generate.teacher import TeacherConfig
from twin_data.prompts.renderer import prompt_digest
from twin_data.scoring.closeness import Encode
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.stages import StageRecord, StageResult, run_stage
from twin_data.store.tables import FeatureStore
from twin_data.transform import embed

INSTRUCTIONS, PREFERENCES, PROMPTS = "instructions", "preferences", "draft_prompts"
WORDINGS, EXAMPLES = "teacher_wordings", "prompt_examples"


class DatasetsConfig(Contract):
    """The `datasets` part of a recipe."""

    instructions: InstructionConfig = InstructionConfig()
    draft_prompts: DraftPromptConfig = DraftPromptConfig()
    preferences: PreferenceConfig = PreferenceConfig()
    teacher: TeacherConfig = TeacherConfig()
    shards: ShardConfig = ShardConfig()
    min_instructions: int = Field(default=50, ge=1)
    """With fewer, the certificate fails."""
    min_preferences: int = Field(default=20, ge=1)
    """With fewer, the certificate fails."""


def dropped_table(table: str) -> str:
    """The table that holds what did not become a row of `table`."""
    return f"dropped_{table}"


@dataclass(frozen=True)
class DatasetsPipeline:
    """One persona's datasets, stage by stage, from its features.

    Attributes:
        persona: Whose.
        store: The feature tables; the datasets' tables stand beside them.
        folder: Where finished datasets are written.
        config: The recipe's settings.
        questions: The held-out questions' texts, none of which may be trained on.
        embedding_digest: Names the embeddings that neighbours are found by.
        wordings: Of the teacher, as a bundle that is made again carries them; None has the teacher asked.
        base: Bundle 0 whose features are read, whatever has been written since; None reads the newest.
    """

    persona: PersonaConfig
    store: FeatureStore
    folder: Path
    config: DatasetsConfig
    questions: tuple[str, ...]
    embedding_digest: str
    wordings: tuple[TeacherWording, ...] | None = None
    base: ReleaseBundle | None = None

    @property
    def asks_teacher(self) -> bool:
        """Whether a teacher is needed to make the instructions."""
        return self.config.teacher.kind != "none" and self.wordings is None

    @cached_property
    def material(self) -> Material:
        """The features.

        Raises:
            CorpusError: No features have been built yet.
            IntegrityError: Those of bundle 0 are no longer there.
        """
        features = self.features
        return Material(
            display_name=self.persona.display_name,
            style_notes=self.persona.style_notes,
            documents=to_rows(features.documents, CorpusDocument),
            chunks=to_rows(features.chunks, Chunk),
            vectors=self._vectors(),
            exclusions=to_rows(features.exclusions, Rejection),
            questions=self.questions,
        )

    def instructions(self, rewrite: Rewrite | None = None) -> StageResult:
        """Make the rows of supervised fine-tuning.

        Args:
            rewrite: A teacher that words the questions; needed if `asks_teacher`.
        """
        teacher = self.config.teacher
        if (rewrite is not None) is not self.asks_teacher:
            raise ValueError(f"teacher {teacher.kind!r} and rewrite {rewrite!r} do not belong together")
        asked = rewrite if self.wordings is None else replayed(self.wordings)

        def compute() -> dict[str, pl.DataFrame]:
            inputs = InstructionInputs(self.material, asked, teacher.max_questions)
            made = instructions.run(inputs, config=self.config.instructions)
            return {
                INSTRUCTIONS: to_frame(made.instructions, Instruction),
                dropped_table(INSTRUCTIONS): to_frame(made.dropped, DroppedRow),
                WORDINGS: to_frame(made.wordings, TeacherWording),
            }

        digests = self.digests | {"teacher": digest_value(teacher)}
        if self.wordings is not None:
            digests["wordings"] = digest_value(self.wordings)
        return run_stage(self.store, INSTRUCTIONS, inputs=digests, config=self.config.instructions, compute=compute)

    def prompt_examples(self, config: FewShotConfig, *, context_tokens: int) -> tuple[PromptExample, ...]:
        """The examples of a few-shot prompt; what was chosen once is remembered.

        Args:
            config: How many.
            context_tokens: What the model can read.

        Raises:
            CorpusError: No features have been built, or they give no example.
        """
        making = self.config.instructions

        def compute() -> dict[str, pl.DataFrame]:
            found = few_shot_examples(self.material, config, making, context_tokens=context_tokens)
            return {EXAMPLES: to_frame(found, PromptExample)}

        digests = self.digests | {"making": digest_value([making, context_tokens])}
        record = run_stage(self.store, EXAMPLES, inputs=digests, config=config, compute=compute).record
        return in_order(to_rows(self.store.read(EXAMPLES, version=record.output(EXAMPLES).version), PromptExample))

    def draft_prompts(self, made: StageRecord) -> StageResult:
        """Choose the prompts for which the SFT model's drafts are wanted."""

        def compute() -> dict[str, pl.DataFrame]:
            inputs = DraftPromptInputs(self.material, self.read_instructions(made))
            prompts = prompts_for_drafts(inputs, self.config.draft_prompts, self.config.instructions)
            return {PROMPTS: to_frame(prompts, DraftPrompt)}

        digests = self.digests | {INSTRUCTIONS: made.output(INSTRUCTIONS).digest}
        config = self.config.draft_prompts
        digests["instruction_settings"] = digest_value(self.config.instructions)
        return run_stage(self.store, PROMPTS, inputs=digests, config=config, compute=compute)

    def preferences(
        self,
        prompted: StageRecord,
        drafts: Sequence[PolicyDraft],
        voice: VoiceScorer | None,
        voice_digest: str,
        encode: Encode | None = None,
    ) -> StageResult:
        """Pair the drafts with what should have been written.

        Args:
            prompted: The run that chose the prompts.
            drafts: What the SFT model wrote to them.
            voice: Scores the voice; None leaves it unjudged.
            voice_digest: Names the scorer.
            encode: The encoder that `embedding_digest` names; None leaves nearness to the passages unjudged.
        """

        def compute() -> dict[str, pl.DataFrame]:
            inputs = PreferenceInputs(self.material, self.read_prompts(prompted), drafts, voice, encode)
            made = preferences.run(inputs, config=self.config.preferences)
            return {
                PREFERENCES: to_frame(made.preferences, Preference),
                dropped_table(PREFERENCES): to_frame(made.dropped, DroppedRow),
            }

        digests = self.digests | {
            PROMPTS: prompted.output(PROMPTS).digest,
            "drafts": digest_value(sorted(drafts, key=lambda one: (one.prompt_id, one.text))),
            "voice": voice_digest,
            "nearness": "judged" if encode else "unjudged",
        }
        return run_stage(self.store, PREFERENCES, inputs=digests, config=self.config.preferences, compute=compute)

    def write(self, made: StageRecord, kind: DatasetKind) -> WrittenDataset:
        """Certify the rows of a stage and write them as a folder.

        A failed certificate is written, too: the caller looks at `version.passed`.

        Args:
            made: The run of `instructions` or `preferences`.
            kind: Which of the two.
        """
        table = made.output(str(kind))
        dropped = made.output(dropped_table(str(kind)))
        fewest = self.config.min_instructions if kind is DatasetKind.INSTRUCTIONS else self.config.min_preferences
        inputs = CertifyInputs(
            persona=self.persona.name,
            material=self.material,
            dropped=to_rows(self.store.read(dropped.table, version=dropped.version), DroppedRow),
            inputs={one.name: one.digest for one in made.inputs},
            teacher=self.config.teacher.described,
            min_rows=fewest,
            wordings=self._asked_wordings(made) if kind is DatasetKind.INSTRUCTIONS else (),
        )
        licence = self.persona.licence or "not stated"
        if kind is DatasetKind.INSTRUCTIONS:
            rows = self.read_instructions(made)
            certificate = certify.certify_instructions(rows, inputs)
            return write_dataset(
                self.folder, rows, certificate,
                table_version=table.version, licence=licence, wordings=inputs.wordings,
            )  # fmt: skip
        pairs = to_rows(self.store.read(PREFERENCES, version=table.version), Preference)
        certificate = certify.certify_preferences(pairs, inputs)
        return write_dataset(self.folder, pairs, certificate, table_version=table.version, licence=licence)

    def _asked_wordings(self, made: StageRecord) -> tuple[TeacherWording, ...]:
        return to_rows(self.store.read(WORDINGS, version=made.output(WORDINGS).version), TeacherWording)

    def read_instructions(self, made: StageRecord) -> tuple[Instruction, ...]:
        """The rows of a run of `instructions`."""
        version = made.output(INSTRUCTIONS).version
        return to_rows(self.store.read(INSTRUCTIONS, version=version), Instruction)

    def read_prompts(self, prompted: StageRecord) -> tuple[DraftPrompt, ...]:
        """The prompts of a run of `draft_prompts`."""
        return to_rows(self.store.read(PROMPTS, version=prompted.output(PROMPTS).version), DraftPrompt)

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digest of everything that rows are made of, by name."""
        return {
            **self.features.digests,
            "embedding_model": self.embedding_digest,
            "persona": digest_value([self.persona.display_name, self.persona.style_notes]),
            "questions": digest_value(list(self.questions)),
            "prompts": prompt_digest(),
        }

    @cached_property
    def features(self) -> FeatureTables:
        """The tables that rows are made from.

        Raises:
            CorpusError: No features have been built yet.
            IntegrityError: Those of bundle 0 are no longer there.
        """
        return read_feature_tables(self.store, self.persona.name, self.base)

    def _vectors(self) -> np.ndarray | None:
        """Embeddings of the chunks, shape (N, D); None unless every chunk has one."""
        if not self.store.exists(embed.TABLE):
            return None
        stored = self.store.read(embed.TABLE).filter(pl.col("model_digest") == self.embedding_digest)
        known = stored.select("text_digest", "vector")
        keyed = embed.with_text_digests(self.features.chunks).join(
            known.unique("text_digest"), on="text_digest", how="left", maintain_order="left"
        )
        if keyed["vector"].null_count():
            return None
        return np.asarray(keyed["vector"].to_list(), dtype=np.float32)
