"""Release bundles: everything that must travel together for a twin to answer as it was evaluated."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import Field

from twin_data.contracts.answers import Mode
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import DatasetVersion, SourceSpan
from twin_data.contracts.digests import canonical_json, digest_value, short
from twin_data.contracts.endpoints import ReferenceEndpoint
from twin_data.contracts.training import TrainingRecord


class Alias(StrEnum):
    """Names in the registry that move from bundle to bundle."""

    CANDIDATE = "candidate"
    CHAMPION = "champion"


class Rung(StrEnum):
    """How far up the ladder a bundle stands, the lowest first: each costs more to make or to run than the one below."""

    PROMPT = "prompt"
    FEW_SHOT = "few-shot"
    BASE = "base+retrieval"
    SFT = "sft+retrieval"
    DPO = "sft+dpo+retrieval"
    REFERENCE = "reference+retrieval"
    """No rung to stand on: a strong model behind an endpoint, which shows how far the twin is from it."""


TRAINED = frozenset({Rung.SFT, Rung.DPO})
"""The rungs whose bundles have an adapter."""


class RetrievalSettings(Contract):
    """How passages are found and fused."""

    candidates_per_leg: int = Field(default=40, ge=1, le=1000)
    """Hits asked of each leg before fusion."""
    passages: int = Field(default=4, ge=1, le=50)
    """Passages that are answered from, and that the prompt shows."""
    excerpts: int = Field(default=0, ge=0, le=20)
    """How many stretches of them, the nearest to the question, an answer's prompt shows in their place; 0 shows them
    whole. What is checked and cited are the passages, either way."""
    dense_weight: float = Field(default=0.7, ge=0, le=1)
    """Weight of the dense leg in the convex combination; the lexical leg gets the rest."""
    rerank: bool = True
    """Whether the candidates are ordered anew by late interaction, piece by piece."""


class VerificationSettings(Contract):
    """Bars of the answerability check and of the sentence check."""

    min_answerability: float = Field(default=0.5, ge=0, le=1)
    """Below it the twin declines without asking the model."""
    min_support: float = Field(default=0.6, ge=0, le=1)
    """A sentence whose best own-words span supports it less is not shipped."""
    min_closeness: float = Field(default=0.7, ge=0, le=1)
    """Nor is one whose embedding's cosine with that span is lower: it has the span's words, and says something else."""
    min_held: float = Field(default=0.6, ge=0, le=1)
    """Nor one of which the product of the two is lower, though it clears both bars. Of what a small model words itself
    seven of nine wrong sentences that clear them stay below it, and two of six true ones (decision 36)."""
    max_quote_words: int = Field(default=60, ge=10, le=400)
    """Longest quotation that stands in for a draft that did not hold, or around what a draft copied only in part."""
    max_quotes: int = Field(default=3, ge=1, le=10)
    """How many of them at most."""
    min_quote_ratio: float = Field(default=0.7, ge=0, le=1)
    """A further quotation needs at least this share of the best one's score."""
    quote_beside: int = Field(default=10, ge=0, le=10)
    """How many quotations at most follow a supported sentence of the twin's own; `max_quotes` bounds them as well."""
    heed_refusals: bool = False
    """Whether a draft that begins with a refusal is one. A base model refuses at random; a trained one means it."""
    unsupported_claims: Literal["mark", "drop"] = "mark"
    """What becomes of a claim that nothing supports in a text that the twin writes: it stays and is marked, or goes."""


class GenerationSettings(Contract):
    """How the model is asked."""

    max_tokens: int = Field(default=120, ge=1)
    temperature: float = Field(default=0.3, ge=0, le=2)
    redrafts: int = Field(default=0, ge=0, le=8)
    """Further drafts of an answer, written side by side, where no sentence of the first one's own held."""
    redraft_temperature: float = Field(default=0.7, ge=0, le=2)
    redrafts_reword: bool = False
    """Whether a further draft is kept from writing eight words in a row that it reads: a copy would be quoted, and what
    is quoted is chosen better by how well it answers. Only our own vLLM is asked for it."""
    max_history_turns: int = Field(default=4, ge=0)
    write_max_tokens: int = Field(default=300, ge=1)
    """Of a text in the voice (`mode: write`)."""
    write_temperature: float = Field(default=0.7, ge=0, le=2)


class MachinePrice(Contract):
    """What the machine that serves costs. Unset means unknown, and every amount stays unknown."""

    per_hour: float | None = Field(default=None, ge=0)
    currency: str = "EUR"


class ModelReference(Contract):
    """A model by where it came from and by the digest of its files."""

    name: str
    source: str
    digest: str
    licence: str


class PromptExample(Contract):
    """A question or brief and what the persona wrote on it, shown to the model as an answer that it gave before."""

    mode: Mode
    asked: str
    response: str
    spans: tuple[SourceSpan, ...]
    """Where the response stands in the persona's documents."""


class Lineage(Contract):
    """Where a bundle came from."""

    persona_digest: str
    features_digest: str
    table_versions: dict[str, int]
    index: str
    recipe: str
    recipe_digest: str
    code_digest: str
    corpus_licence: str
    consent_date: date
    parent: str | None = None
    """The bundle whose adapter training went on from: SFT for DPO."""
    datasets: tuple[DatasetVersion, ...] = ()
    training: tuple[TrainingRecord, ...] = ()
    seed_sibling_of: str | None = None
    """The bundle whose training this is under another seed, made to tell how far the luck of a seed goes; None in one
    that was trained to be used."""
    override_reason: str | None = None
    """Why it was trained against the corpus verdict, where it was."""


class ReleaseBundle(Contract):
    """The manifest of a bundle. Adapter and retrieval are optional: each rung of the ladder is a bundle."""

    schema_version: Literal[1] = 1
    persona: str
    display_name: str
    rung: Rung = Rung.BASE
    label: str = ""
    base_model: ModelReference
    max_model_len: int = Field(ge=256)
    embedding_model: ModelReference
    adapter: str | None = None
    """Folder inside the bundle that holds the adapter; None in bundle 0."""
    endpoint: ReferenceEndpoint | None = None
    """Who writes the drafts in the place of a model of ours; such a bundle is a yardstick and takes no alias."""
    prompt_digest: str
    retrieval: RetrievalSettings | None
    """None where answers are written from the model's memory alone: then nothing can be checked or cited."""
    verification: VerificationSettings
    generation: GenerationSettings
    price: MachinePrice
    disclosure: str
    """What the twin says when asked who or what it is."""
    style_notes: str
    examples: tuple[PromptExample, ...] = ()
    """What the prompt shows before the question, each with prompts of its own mode."""
    lineage: Lineage

    @cached_property
    def bundle_id(self) -> str:
        """Twelve hexadecimal digits of the manifest's digest.

        Fields at their default are left out, so that a setting that a later version adds renames no older bundle.
        """
        as_stored = ReleaseBundle.model_validate_json(canonical_json(self))  # where floats are rounded
        return short(digest_value(as_stored.model_dump(exclude_defaults=True)))

    @property
    def model_name(self) -> str:
        """The name callers use for exactly this bundle."""
        return f"{self.persona}@{self.bundle_id}"
