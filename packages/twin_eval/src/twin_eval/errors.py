"""What can stop an evaluation. A single question that fails stops nothing: it is recorded and counted as unscored."""

from __future__ import annotations

from twin_data.contracts.errors import ConfigurationError, TwinError


class QuestionsError(ConfigurationError):
    """A file of held-out questions is missing or wrong."""


class EvaluationError(TwinError):
    """An evaluation cannot begin or go on: the service is away, refuses the key, or does not know the bundle."""


class BundleRefusedError(EvaluationError):
    """The service is there and refuses one bundle: its adapter, base model, templates or index are not what it has."""


class LabelsError(ConfigurationError):
    """A file of human labels is missing or wrong, or there is nothing that could be labelled."""
