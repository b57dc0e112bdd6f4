"""Progress of a flow: to whoever called it, and to Prefect's log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

Listener = Callable[[str], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send every report made inside the block to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(message: str) -> None:
    """Say what is being done."""
    if listener := _listener.get():
        listener(message)
    try:
        get_run_logger().info(message)
    except MissingContextError:
        return  # called outside a run, where there is no log to write to
