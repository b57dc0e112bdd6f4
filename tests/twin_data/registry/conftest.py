from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from twin_data.contracts.releases import GenerationSettings, ReleaseBundle

from ...bundles import MODEL, bundle, lineage

MakeManifest = Callable[..., ReleaseBundle]


@pytest.fixture(scope="session")
def make_manifest() -> MakeManifest:
    def make(**changes: object) -> ReleaseBundle:
        fields: dict[str, object] = {
            "embedding_model": MODEL.model_copy(update={"name": "mini", "digest": "e" * 64}),
            "prompt_digest": "d" * 64,
            "generation": GenerationSettings(temperature=0.1 + 0.2),
            "disclosure": "I am Ada's twin, a program.",
            "style_notes": "short sentences",
            "lineage": lineage(
                features_digest="2" * 64,
                table_versions={"chunks": 3},
                corpus_licence="CC-BY-4.0",
                consent_date=date(2026, 1, 2),
            ),
        }
        return bundle(**fields | changes)

    return make
