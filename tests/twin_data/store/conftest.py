"""An empty feature store, and small contracts to fill it with."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin_data.store.tables import FeatureStore


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore.of(tmp_path / "features", "ada")
