from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from twin_data.contracts.releases import (
    GenerationSettings,
    Lineage,
    MachinePrice,
    ModelReference,
    ReleaseBundle,
    RetrievalSettings,
    VerificationSettings,
)

MakeManifest = Callable[..., ReleaseBundle]


@pytest.fixture(scope="session")
def make_manifest() -> MakeManifest:
    def make(**changes: object) -> ReleaseBundle:
        fields: dict[str, object] = {
            "persona": "ada",
            "display_name": "Ada",
            "base_model": ModelReference(name="tiny", source="folder", digest="b" * 64, licence="Apache-2.0"),
            "max_model_len": 2048,
            "embedding_model": ModelReference(name="mini", source="folder", digest="e" * 64, licence="Apache-2.0"),
            "prompt_digest": "d" * 64,
            "retrieval": RetrievalSettings(),
            "verification": VerificationSettings(),
            "generation": GenerationSettings(temperature=0.1 + 0.2),
            "price": MachinePrice(),
            "disclosure": "I am Ada's twin, a program.",
            "style_notes": "short sentences",
            "lineage": Lineage(
                persona_digest="1" * 64,
                features_digest="2" * 64,
                table_versions={"chunks": 3},
                index="twin-ada-000001",
                recipe="demo",
                recipe_digest="3" * 64,
                code_digest="4" * 64,
                corpus_licence="CC-BY-4.0",
                consent_date=date(2026, 1, 2),
            ),
        }
        return ReleaseBundle.model_validate(fields | changes)

    return make
