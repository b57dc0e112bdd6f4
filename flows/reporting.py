"""Progress of a flow: to whoever called it, and to Prefect's log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

if TYPE_CHECKING:
    from twin_data.store.stages import StageRecord, StageResult

Listener = Callable[[str], None]
REPORT_EVERY_S = 2.0

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


def paced() -> Callable[[int, int, str], None]:
    """A report of progress, called with how much is done, of how much, and the message.

    It is made every `REPORT_EVERY_S` seconds at most, and when all is done.
    """
    last = time.monotonic()

    def say(done: int, total: int, message: str) -> None:
        nonlocal last
        if done == total or time.monotonic() - last > REPORT_EVERY_S:
            last = time.monotonic()
            report(message)

    return say


def report_stage(result: StageResult) -> StageRecord:
    """Say what a stage has made, or that it was remembered; returns its record."""
    record = result.record
    rows = ", ".join(f"{one.rows:,} {one.table}" for one in record.outputs)
    report(f"{record.stage}: {rows}" + (" (unchanged)" if result.reused else f" in {record.seconds:.1f} s"))
    return record
