"""The state of each service, from its record, its process and its answer."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from flows.platform import processes, run_files
from flows.platform.diagnosis import describe_exit
from flows.platform.run_files import RunRecord
from flows.platform.service import Service
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract

State = Literal["running", "starting", "unresponsive", "dead", "stopped", "external", "unreachable"]
WELL: frozenset[State] = frozenset({"running", "external"})


class ServiceStatus(Contract):
    """How one service fares."""

    name: str
    title: str
    state: State
    """`external` and `unreachable` are those that others run; an `unresponsive` one lives and does not answer."""
    optional: bool
    pid: int | None = None
    url: str
    uptime_s: float | None = None
    memory_bytes: int | None = None
    """Resident memory of the process and all it started."""
    detail: str = ""
    log: Path

    @property
    def is_well(self) -> bool:
        """Whether it can be used now."""
        return self.state in WELL


def status(home: TwinHome, every: Iterable[Service]) -> tuple[ServiceStatus, ...]:
    """The state of each service; those that must be asked over HTTP are asked at once."""
    wanted = list(every)
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        return tuple(pool.map(lambda service: observe(home, service), wanted))


def observe(home: TwinHome, service: Service) -> ServiceStatus:
    """The state of one service."""
    if service.is_external:
        state: State = "external" if service.probe.is_ready(None) else "unreachable"
        return _describe(service, state, detail="run by others; its URL is set in the environment")
    record = run_files.read(home, service.name)
    if record is None:
        return _describe(service, "stopped")
    process = processes.find(record.pid, record.create_time)
    if process is None:
        return _describe(service, "dead", record=record, detail=_last_words(home, record))
    if record.fingerprint != service.fingerprint:
        state, detail = (
            "running",
            "was started with other settings or code; `twin up` restarts it with these",
        )
    elif service.probe.is_ready(record.started_at):
        state, detail = "running", ""
    else:
        state, detail = _not_ready(record)
    return _describe(
        service, state, record=record, detail=detail, pid=record.pid,
        uptime_s=round(_age_s(record), 1), memory_bytes=processes.memory_of_tree(process),
    )  # fmt: skip


def _describe(
    service: Service,
    state: State,
    *,
    record: RunRecord | None = None,
    detail: str = "",
    pid: int | None = None,
    uptime_s: float | None = None,
    memory_bytes: int | None = None,
) -> ServiceStatus:
    return ServiceStatus(
        name=service.name, title=service.title, state=state, optional=service.optional, pid=pid,
        url=record.url if record else service.url, uptime_s=uptime_s, memory_bytes=memory_bytes,
        detail=detail, log=service.log,
    )  # fmt: skip


def _not_ready(record: RunRecord) -> tuple[State, str]:
    if record.healthy_at is None and _age_s(record) < record.start_timeout_s:
        return "starting", f"at most {record.start_timeout_s:.0f} s are allowed"
    return "unresponsive", f"does not answer; see {record.log}"


def _age_s(record: RunRecord) -> float:
    return (datetime.now(UTC) - record.started_at).total_seconds()


def _last_words(home: TwinHome, record: RunRecord) -> str:
    how = describe_exit(run_files.exit_status(home, record.name))
    last = (record.log_tail(1) or ["(none)"])[0].strip()
    return f"{how}; last log line: {last}"
