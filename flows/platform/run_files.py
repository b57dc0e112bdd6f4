"""What is running, one JSON file a server in `home.run`; and how each ended, written by its keeper."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.registry.durable import write_file

SIGNAL_BASE = 128


class RunRecord(Contract):
    """One start of one server."""

    name: str
    pid: int
    create_time: str
    """The server's birth; an id with another birth is another process and is never touched."""
    group: int
    """The process group, led by the server's keeper."""
    argv: tuple[str, ...]
    port: int | None
    url: str
    started_at: AwareDatetime
    start_timeout_s: float
    healthy_at: AwareDatetime | None = None
    fingerprint: str
    """Digest of what the server was started with; another one means that settings or code have changed."""
    log: Path
    log_offset: int
    """Where in the log this start begins."""

    def became_healthy(self, at: datetime) -> RunRecord:
        """The record of a server that has answered."""
        return self.model_copy(update={"healthy_at": at})

    def log_tail(self, lines: int) -> list[str]:
        """The last lines that this start has logged."""
        return tail(self.log, lines, offset=self.log_offset)


def record_path(home: TwinHome, name: str) -> Path:
    """Where a server's record is kept."""
    return home.run / f"{name}.json"


def exit_path(home: TwinHome, name: str) -> Path:
    """Where a server's keeper writes the exit status."""
    return home.run / f"{name}.exit"


def aside_path(home: TwinHome, name: str) -> Path:
    """The note that a server was stopped for a while only and is to run again."""
    return home.run / f"{name}.aside"


def write(home: TwinHome, record: RunRecord) -> None:
    """Store a record, whole."""
    write_file(record_path(home, record.name), (record.model_dump_json(indent=2) + "\n").encode())


def read(home: TwinHome, name: str) -> RunRecord | None:
    """The record of a server; None if it was not started, or by a version whose records differ."""
    try:
        return RunRecord.model_validate_json(record_path(home, name).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def remove(home: TwinHome, name: str) -> None:
    """Forget a server that was stopped."""
    record_path(home, name).unlink(missing_ok=True)
    exit_path(home, name).unlink(missing_ok=True)


def exit_status(home: TwinHome, name: str) -> int | None:
    """How a server ended: its exit code, 128 + n for signal n; None if that was not seen."""
    try:
        text = exit_path(home, name).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None


def tail(path: Path, lines: int, *, offset: int = 0, most_bytes: int = 64_000) -> list[str]:
    """The last lines of a file that are not empty, read from at most its last bytes."""
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, 2)
            stream.seek(max(min(offset, end), end - most_bytes))
            text = stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()][-lines:]
