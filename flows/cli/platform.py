"""`twin up | down | status | doctor | backup | restore`: the local platform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.output import EXIT_FAILURE, JsonFlag, emit, reports_errors, working_on
from flows.cli.prefect_environment import personas_without_deployments, use_prefect
from flows.platform import backups, doctor, supervisor
from flows.platform.services import services
from flows.platform.settings import PlatformSettings
from flows.platform.status import ServiceStatus
from flows.platform.status import status as observe_all
from twin_data.configuration.home import TwinHome

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[SERVICES]...", help="Only these and all they need; without names, all.")
]
RestartFlag = Annotated[bool, typer.Option("--restart", help="Stop what is named first; without names, everything.")]
ForceFlag = Annotated[bool, typer.Option("--force", help="Replace a home that is not empty; what is there is lost.")]
BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The archive, for example twin.tar.gz.")]


def register(app: typer.Typer) -> None:
    """Add the platform's commands."""
    for command in (up, down, status, diagnose, backup, restore):
        name = "doctor" if command is diagnose else command.__name__
        app.command(name)(command)


@reports_errors
def up(names: NamesArgument = None, restart: RestartFlag = False, as_json: JsonFlag = False) -> None:
    """Start the local platform and wait until every service answers.

    What runs already is left alone. Interrupt it and run it again: it goes on from there.

    Examples:
      twin up
      twin up elasticsearch prefect
      twin up llm --restart
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    with working_on("looking at the platform", quiet=as_json) as say:
        found = supervisor.ensure(home, settings, names or (), restart=restart, report=say)
        if any(one.name == "prefect" for one in found):
            _register_missing_deployments(home, settings, say)
    _show_statuses(found, as_json=as_json)


def _register_missing_deployments(home: TwinHome, settings: PlatformSettings, report: Callable[[str], None]) -> None:
    """Register the flows of personas that were started while Prefect was down."""
    missing = personas_without_deployments(home, settings) if use_prefect(home, settings) else []
    if missing:
        from flows.deployments import register_deployments  # Prefect takes seconds to import

        for persona in missing:
            report(f"registering the deployments of {persona}")
            register_deployments(persona, settings.recipe)


@reports_errors
def down(as_json: JsonFlag = False) -> None:
    """Stop every process of the platform, also those that a crash has left behind.

    Example:
      twin down
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    with working_on("stopping the platform", quiet=as_json) as say:
        stopped = supervisor.down(home, services(home, settings), report=say)
    text = f"stopped: {', '.join(stopped)}" if stopped else "nothing was running"
    emit({"stopped": list(stopped)}, text, as_json=as_json)


@reports_errors
def status(as_json: JsonFlag = False) -> None:
    """Say how each service fares. Exit code 0 only if something runs and all that was started runs.

    Examples:
      twin status
      twin status --json
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    found = observe_all(home, services(home, settings))
    _show_statuses(found, as_json=as_json)
    started = [one for one in found if one.state != "stopped"]
    if not started or not all(one.is_well for one in started):
        raise typer.Exit(EXIT_FAILURE)


@reports_errors
def diagnose(as_json: JsonFlag = False) -> None:
    """Check this machine, and say what to do about what is missing. Exit code 1 if something required is.

    Example:
      twin doctor
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    with working_on("checking", quiet=as_json):
        checks = doctor.examine(home, settings, services(home, settings))
    failed = [check for check in checks if not check.ok and check.required]
    value = {"ok": not failed, "checks": [check.model_dump() for check in checks]}
    emit(value, _check_lines(checks), as_json=as_json)
    if failed:
        raise typer.Exit(EXIT_FAILURE)


@reports_errors
def backup(file: BackupFile, as_json: JsonFlag = False) -> None:
    """Write the whole home into one file; the platform may go on running.

    The search index is not copied (it is rebuilt from the tables), nor are logs. The file holds the secrets:
    keep it as you would keep them.

    Example:
      twin backup ../twin-monday.tar.gz
    """
    with working_on(f"writing {file}", quiet=as_json) as say:
        manifest = backups.backup(TwinHome.from_environment(), file, report=say)
    summary = _summary(file, manifest)
    skipped = f"; not copied: {', '.join(manifest.skipped)}" if manifest.skipped else ""
    emit(summary, f"{file}: {_counts(summary)}; without the search index{skipped}", as_json=as_json)


@reports_errors
def restore(file: BackupFile, force: ForceFlag = False, as_json: JsonFlag = False) -> None:
    """Put a backup in the place of the home, after verifying every file.

    The search index is rebuilt afterwards: twin up, then twin features PERSONA.

    Examples:
      TWIN_HOME=../restored twin restore ../twin-monday.tar.gz
      twin restore ../twin-monday.tar.gz --force
    """
    home = TwinHome.from_environment()
    with working_on(f"reading {file}", quiet=as_json) as say:
        summary = _summary(file, backups.restore(file, home, force=force, report=say))
    text = f"{home.root}: {_counts(summary)} restored; rebuild the search index: twin up, then twin features PERSONA"
    emit(summary, text, as_json=as_json)


def _summary(file: Path, manifest: backups.Manifest) -> dict[str, Any]:
    return {
        "file": str(file),
        "files": len(manifest.files),
        "bytes": backups.size_of(manifest),
        "created_at": manifest.created_at.isoformat(),
        "skipped": list(manifest.skipped),
        "search_index_included": False,
    }


def _counts(summary: dict[str, Any]) -> str:
    return f"{summary['files']} files, {summary['bytes'] / 1e6:.1f} MB"


def _show_statuses(found: Iterable[ServiceStatus], *, as_json: bool) -> None:
    rows = list(found)
    table = [("SERVICE", "STATE", "PID", "UP", "MEMORY", "URL", "WHAT IT IS")]
    for row in rows:
        size = _megabytes(row.memory_bytes)
        table.append((row.name, row.state, str(row.pid or ""), _duration(row.uptime_s), size, row.url, row.title))
    notes = [f"{row.name}: {row.detail} ({row.log})" for row in rows if row.detail and row.state != "external"]
    value = {"services": [row.model_dump(mode="json") for row in rows]}
    emit(value, "\n".join([_aligned(table), *notes]), as_json=as_json)


def _check_lines(checks: Iterable[doctor.Check]) -> str:
    table = []
    for check in checks:
        mark = "ok" if check.ok else ("WRONG" if check.required else "optional")
        todo = f"→ {check.next_step}" if check.next_step else ""
        table.append((mark, check.name, f"{check.detail} {todo}"))
    return _aligned(table)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns of text; long lines are left to the terminal, so that a URL stays in one piece."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def _megabytes(size_bytes: int | None) -> str:
    return "" if size_bytes is None else f"{size_bytes / 1e6:.0f} MB"
