"""A release bundle of Ada's, its lineage and a record of training: each test changes what it is about."""

from __future__ import annotations

from datetime import date
from typing import Any

from twin_data.contracts.releases import (
    GenerationSettings,
    Lineage,
    MachinePrice,
    ModelReference,
    ReleaseBundle,
    RetrievalSettings,
    VerificationSettings,
)
from twin_data.contracts.training import TrainingRecord, TrainingStage

MODEL = ModelReference(name="base", source="tests", digest="b" * 64, licence="Apache-2.0")


def bundle(**changes: Any) -> ReleaseBundle:
    given: dict[str, Any] = {
        "persona": "ada",
        "display_name": "Ada",
        "base_model": MODEL,
        "max_model_len": 2048,
        "embedding_model": MODEL,
        "prompt_digest": "0",
        "retrieval": RetrievalSettings(),
        "verification": VerificationSettings(),
        "generation": GenerationSettings(),
        "price": MachinePrice(),
        "disclosure": "I am a twin.",
        "style_notes": "",
        "lineage": lineage(),
    }
    return ReleaseBundle(**given | changes)


def lineage(**changes: Any) -> Lineage:
    given: dict[str, Any] = {
        "persona_digest": "0",
        "features_digest": "0",
        "table_versions": {},
        "index": "twin-ada-1",
        "recipe": "demo",
        "recipe_digest": "0",
        "code_digest": "0",
        "corpus_licence": "CC0-1.0",
        "consent_date": date(2026, 11, 2),
    }
    return Lineage(**given | changes)


def training_record(**changes: Any) -> TrainingRecord:
    given: dict[str, Any] = {
        "stage": TrainingStage.SFT,
        "dataset_digest": "d",
        "config_digest": "c",
        "seed": 42,
        "steps": 1,
        "tokens": 1,
        "non_pad_share": 1,
        "seconds": 1,
        "tokens_per_second": 1,
        "peak_memory_mb": 1,
        "world_size": 1,
        "distributed_type": "NO",
        "zero_stage": 0,
        "device": "cpu",
        "dtype": "float32",
        "first_loss": 2,
        "final_loss": 1,
        "eval_loss": None,
    }
    return TrainingRecord(**given | changes)
