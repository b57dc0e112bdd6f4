"""Stand-ins for the real flows, quick and with every step counted."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from prefect import flow

LONGEST_S = 120.0


@flow(name="killable", log_prints=False)
def killable(folder: str) -> str:
    """Three flows in one, as a refresh has them; each remembers what it has done. The second waits for a file `go`."""
    place = Path(folder)
    (place / "pid.new").write_text(str(os.getpid()), "utf-8")
    done = first(folder)
    return ", ".join([done, second(folder), asyncio.run(third(folder))])


@flow(name="killable-first", log_prints=False)
def first(folder: str) -> str:
    """Done at once."""
    return _once(Path(folder), "first")


@flow(name="killable-second", log_prints=False)
def second(folder: str) -> str:
    """Says that it can be killed, then waits."""
    place = Path(folder)
    (place / "pid.new").rename(place / "pid")
    deadline = time.monotonic() + LONGEST_S
    while not (place / "go").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{place}/go was never made")
        time.sleep(0.1)
    return _once(place, "second")


@flow(name="killable-third", log_prints=False)
async def third(folder: str) -> str:
    """An asynchronous one."""
    return _once(Path(folder), "third")


@flow(name="refresh-twin", log_prints=False)
def refresh_stub(persona: str, recipe: str = "demo", reason: str = "scheduled") -> str:
    """Only says why it runs."""
    return f"{persona} by {recipe}: {reason}"


def _once(place: Path, step: str) -> str:
    if not (place / step).exists():
        with (place / "steps").open("a", encoding="utf-8") as steps:
            steps.write(f"{step}\n")
        (place / step).touch()
    return step
