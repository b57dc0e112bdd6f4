"""Progress of a flow: to whoever called it, and to Prefect's log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

if TYPE_CHECKING:
    from twin_data.store.stages import StageRecord, StageResult

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


def report_stage(result: StageResult) -> StageRecord:
    """Say what a stage has made, or that it was remembered; returns its record."""
    record = result.record
    rows = ", ".join(f"{one.rows:,} {one.table}" for one in record.outputs)
    report(f"{record.stage}: {rows}" + (" (unchanged)" if result.reused else f" in {record.seconds:.1f} s"))
    return record
