"""The model registry: release bundles, and the aliases that say which one serves.

`port` is what callers see, `mlflow_registry` what is used, `memory` the fake that tests use. Opening and
reading a registry imports nothing heavy; MLflow itself is imported by the first write only.
"""

from __future__ import annotations

from pathlib import Path

from twin_data.registry.port import BundleRegistry


def open_registry(root: Path) -> BundleRegistry:
    """The registry in a home's `registry` folder. Nothing is created before the first bundle is registered."""
    from twin_data.registry.mlflow_registry import MlflowRegistry

    return MlflowRegistry(root)
