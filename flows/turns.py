"""One run of a persona after the other: at a terminal a flow says who is in its way, a deployed one waits."""

from __future__ import annotations

from contextlib import AbstractContextManager

from prefect.runtime import deployment

from flows.personas import exclusive, refreshing
from flows.reporting import report
from twin_data.configuration.home import TwinHome

DEPLOYED_WAIT_S = 6 * 3600.0
"""A night: longer than a refresh takes, and what hangs is not waited for until the next."""


def working_turn(home: TwinHome, persona: str) -> AbstractContextManager[None]:
    """Hold the persona for one writer of its tables.

    Raises:
        PlatformError: Another run holds it for longer than this one may wait.
    """
    return exclusive(home, persona, wait_s=_patience_s(), report=report)


def refresh_turn(home: TwinHome, persona: str) -> AbstractContextManager[None]:
    """Hold the persona for one refresh, from the first stage to the promotion.

    Raises:
        PlatformError: Another refresh holds it for longer than this one may wait.
    """
    return refreshing(home, persona, wait_s=_patience_s(), report=report)


def _patience_s() -> float | None:
    """Hours in a run of a deployment, which would be lost otherwise; None at a terminal, where somebody waits."""
    return DEPLOYED_WAIT_S if deployment.id else None
