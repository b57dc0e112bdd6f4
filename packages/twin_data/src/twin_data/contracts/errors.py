"""The exception hierarchy, drawn once.

Every message names the thing and the value; `next_step` is what the user should run or change.
"""

from __future__ import annotations


class TwinError(Exception):
    """Anything the product can explain to its user.

    Attributes:
        message: What went wrong, naming the thing and the value.
        next_step: The command to run or the change to make.
    """

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        if next_step:
            self.add_note(f"next: {next_step}")  # shown by a traceback, as in the log of a flow that a schedule ran


class ConfigurationError(TwinError):
    """A recipe, persona or rubric file is missing or wrong."""


class ConsentError(TwinError):
    """The persona does not state owner, consent and licence, so nothing may be ingested."""


class SourceError(TwinError):
    """A source cannot be read: empty, corrupt or of an unknown format."""


class CorpusError(TwinError):
    """The corpus cannot carry the next stage, for instance because no document was left."""


class DatasetError(TwinError):
    """A dataset is missing, was changed or has failed its certificate, so nothing is trained on it."""


class TrainingError(TwinError):
    """A training run cannot start, broke off or ran into numbers that are none."""


class StoreError(TwinError):
    """A table, index or artifact is missing, unreachable or damaged."""


class IntegrityError(StoreError):
    """A digest does not match: what is stored is not what was recorded."""


class SearchUnavailableError(StoreError):
    """Elasticsearch cannot be reached."""


class RegistryError(TwinError):
    """A bundle or alias cannot be resolved or registered."""


class ModelError(TwinError):
    """A base or embedding model cannot be found, unpacked or exported."""


class PlatformError(TwinError):
    """A local server cannot be started, reached or stopped."""


class LLMError(TwinError):
    """The LLM microservice refused a request or broke off."""


class LLMUnavailableError(LLMError):
    """The LLM microservice cannot be reached."""


class ContextLengthError(LLMError):
    """The prompt does not fit the model's context."""
