"""One run of a persona after the other: at a terminal a flow says who is in its way, a deployed one waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path

from prefect.runtime import deployment

from flows.personas import exclusive, refreshing
from flows.reporting import report
from twin_data.configuration.home import TwinHome

DEPLOYED_WAIT_S = 6 * 3600.0
"""A night: longer than a refresh takes, and what hangs is not waited for until the next."""
_HELD: ContextVar[frozenset[tuple[Path, str]]] = ContextVar("_HELD", default=frozenset())
"""The homes and personas of which this run, or one that started it, holds the refresh turn."""


def working_turn(home: TwinHome, persona: str) -> AbstractContextManager[None]:
    """Hold the persona for one writer of its tables.

    Raises:
        PlatformError: Another run holds it for longer than this one may wait.
    """
    return exclusive(home, persona, wait_s=_patience_s(), report=report)


@contextmanager
def refresh_turn(home: TwinHome, persona: str) -> Iterator[None]:
    """Hold the persona for one refresh, or for a training, an evaluation or a build by itself (decision 47).

    What the holder starts works in its turn: a refresh trains and evaluates without waiting for itself.

    Raises:
        PlatformError: Another run holds it for longer than this one may wait.
    """
    turn, held = (home.root, persona), _HELD.get()
    if turn in held:
        yield
        return
    with refreshing(home, persona, wait_s=_patience_s(), report=report):
        before = _HELD.set(held | {turn})
        try:
            yield
        finally:
            _HELD.reset(before)


def _patience_s() -> float | None:
    """Hours in a run of a deployment, which would be lost otherwise; None at a terminal, where somebody waits."""
    return DEPLOYED_WAIT_S if deployment.id else None
