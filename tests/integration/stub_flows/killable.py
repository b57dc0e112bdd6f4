"""Stand-ins for the real flows, quick and with every step counted."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prefect import flow

LONGEST_S = 120.0


@flow(name="killable", log_prints=False)
def killable(folder: str) -> None:
    """Two steps; each is done once, however often the run is started. Between them it waits for a file `go`."""
    place = Path(folder)
    (place / "pid.new").write_text(str(os.getpid()), "utf-8")
    (place / "pid.new").rename(place / "pid")
    _once(place, "first")
    deadline = time.monotonic() + LONGEST_S
    while not (place / "go").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{place}/go was never made")
        time.sleep(0.1)
    _once(place, "second")


@flow(name="refresh-twin", log_prints=False)
def refresh_stub(persona: str, recipe: str = "demo", reason: str = "scheduled") -> str:
    """Only says why it runs."""
    return f"{persona} by {recipe}: {reason}"


def _once(place: Path, step: str) -> None:
    if not (place / step).exists():
        with (place / "steps").open("a", encoding="utf-8") as steps:
            steps.write(f"{step}\n")
        (place / step).touch()
