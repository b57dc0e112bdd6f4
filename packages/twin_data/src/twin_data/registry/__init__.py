"""The model registry: release bundles, and the aliases that say which one serves.

`port` is what callers see, `mlflow_registry` what is used, `memory` the fake that tests use. Opening and
reading a registry imports nothing heavy; MLflow itself is imported by the first write only.
"""

from __future__ import annotations

from twin_data.configuration.home import TwinHome
from twin_data.registry.port import BundleRegistry


def open_registry(home: TwinHome) -> BundleRegistry:
    """The registry of a home. Nothing is created before the first bundle is registered."""
    from twin_data.registry.mlflow_registry import MlflowRegistry

    return MlflowRegistry(home)
