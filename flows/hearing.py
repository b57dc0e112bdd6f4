"""Whether a bundle is heard at all: one whose model never spoke has no scores to be compared or judged by."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from twin_data.registry.port import RegisteredBundle
from twin_eval.errors import BundleRefusedError
from twin_eval.scored_run import ScoredRun


@dataclass(frozen=True)
class Silent:
    """A bundle that answers nothing."""

    bundle: RegisteredBundle
    why: str
    run: ScoredRun | None = None
    """What was asked in vain; None where the service would not have the bundle asked."""

    @property
    def model_name(self) -> str:
        """`<persona>@<bundle>`."""
        return self.bundle.manifest.model_name

    @property
    def is_refused(self) -> bool:
        """Whether the service does not serve the bundle, so that to ask again would change nothing."""
        return self.run is None or self.run.is_refused


async def heard(bundle: RegisteredBundle, asking: Awaitable[ScoredRun]) -> ScoredRun | Silent:
    """What came of the questions, or why nothing did: the service refuses the bundle, or its model never spoke.

    Args:
        bundle: Who is asked.
        asking: The evaluation of it.

    Raises:
        EvaluationError: The service went away, or refuses the key; that is not the bundle's.
    """
    try:
        run = await asking
    except BundleRefusedError as error:
        return Silent(bundle, error.message)
    return Silent(bundle, run.why_silent, run) if run.why_silent else run
