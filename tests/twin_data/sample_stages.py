"""The shipped persona as far as each stage of the features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from twin_data.configuration.persona import PersonaConfig
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.documents import Chunk, CleanDocument, RawDocument
from twin_data.sources import collect
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import chunk, clean, decontaminate, dedupe, quality, split

SAMPLE = Path(__file__).parents[2] / "personas" / "sample"


@dataclass(frozen=True)
class Sample:
    """The shipped persona, stage by stage."""

    persona: PersonaConfig
    raw: tuple[RawDocument, ...]
    cleaned: clean.Cleaned
    unique: dedupe.Deduplicated
    separated: pl.DataFrame
    exclusions: pl.DataFrame
    """What decontamination keeps out of training."""
    filtered: quality.Filtered
    chunks: tuple[Chunk, ...]


def sample_stages() -> Sample:
    """Run them all; takes seconds."""
    persona = load_yaml(SAMPLE / "persona.yaml", PersonaConfig)
    raw = collect.run(collect.CollectInputs(persona=persona, sources_folder=SAMPLE / "sources")).documents
    own_names = frozenset({persona.author.name, *persona.author.aliases})
    cleaned = clean.run(clean.CleanInputs(raw, own_names), config=clean.CleanConfig())
    unique = dedupe.run(to_frame(cleaned.documents, CleanDocument), config=dedupe.DedupeConfig())
    separated = split.run(unique.documents, config=split.SplitConfig())
    exclusions = decontaminate.run(separated, config=decontaminate.DecontaminateConfig())
    filtered = quality.run(separated, config=quality.QualityConfig())
    chunks = chunk.run(filtered.documents, config=chunk.ChunkConfig())
    return Sample(persona, raw, cleaned, unique, separated, exclusions, filtered, to_rows(chunks, Chunk))
