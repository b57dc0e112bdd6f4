"""Processes of a home: started in sessions of their own, recognised by their environment, stopped for certain."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

HOME_MARKER = "TWIN_SUPERVISED"
SERVICE_MARKER = "TWIN_SERVICE"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
START_TICKS_FIELD = 19
"""Field 22 of /proc/PID/stat, counted from the state that follows the name in parentheses."""
SPAWN_TIMEOUT_S = 5.0
KILL_TIMEOUT_S = 5.0
SWEEPS = 4

# A shell stays as the parent of each server, costs a megabyte, and records how the server ended: after
# `twin up` has returned nobody else could. Its trap keeps it alive until the server has ended; a trapped
# signal, unlike an ignored one, is back to its default in the server. What the shell itself has to say
# ("Killed") would hide the server's last words in the log.
KEEPER = """
trap : TERM INT HUP
exit_file=$1; shift
cd "$1" || exit 126; shift
exec 3>&1 >/dev/null 2>&1
(exec "$@" >&3 2>&3 3>&-)
code=$?
printf '%s' "$code" > "$exit_file.new" && mv "$exit_file.new" "$exit_file"
exit "$code"
"""


def spawn(argv: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, exit_file: Path) -> int:
    """Start a server under its keeper in a new session and return the keeper's id, which is also the group's.

    `posix_spawn` and not `subprocess`: the keeper must outlive us, and a Popen object would complain about that.
    """
    exit_file.unlink(missing_ok=True)
    command = ["/bin/sh", "-c", KEEPER, "keeper", str(exit_file), str(folder), *argv]
    return os.posix_spawn(
        "/bin/sh",
        command,
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def server_of(keeper: int) -> psutil.Process | None:
    """The server that a keeper has started; None if it ended before it could be seen."""
    deadline = time.monotonic() + SPAWN_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            parent = psutil.Process(keeper)
            if parent.status() == psutil.STATUS_ZOMBIE:
                return None
            # Before its exec the child is a copy of the shell: wait for the program itself.
            for child in parent.children():
                if child.cmdline()[:3] != parent.cmdline()[:3]:
                    return child
        except psutil.NoSuchProcess:
            return None
        time.sleep(0.01)
    return None


def create_time(pid: int) -> str | None:
    """When a process was born: the boot's id and the clock ticks since it; None if there is no such process.

    psutil's own figure is a wall-clock time that shifts by a second whenever the clock is adjusted.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return f"{BOOT_ID.read_text().strip()}:{fields[START_TICKS_FIELD]}"


def find(pid: int, born: str) -> psutil.Process | None:
    """The living process with this id and birth; an id that was given to another process does not count."""
    if create_time(pid) != born:
        return None
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    return process if _is_alive(process) else None


def marked(home: str, service: str | None = None) -> list[psutil.Process]:
    """Every process of a home, children and orphans included, except this one and its ancestors."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in own:
            continue
        environment = environment_of(process)
        if environment.get(HOME_MARKER) == home and service in (None, environment.get(SERVICE_MARKER)):
            found.append(process)
    return found


def runs(process: psutil.Process, argv: Sequence[str]) -> bool:
    """Whether a process, or the keeper of one, runs this very command, and is not something that it started."""
    try:
        return tuple(process.cmdline()[-len(argv) :]) == tuple(argv)
    except psutil.Error:
        return False


def environment_of(process: psutil.Process) -> dict[str, str]:
    """A process's environment; empty if it has ended or belongs to someone else."""
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def terminate_group(process: psutil.Process, group: int) -> None:
    """Ask a process and its group to end, if the process is still the leader's child it was started as."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(process.pid) == group:
            os.killpg(group, signal.SIGTERM)
        else:
            process.terminate()


def wait_for_end(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait until all have ended, reaping our own children; returns those that have not."""
    _, alive = psutil.wait_procs(list(processes), timeout=timeout_s)
    return [process for process in alive if _is_alive(process)]


def stop_all(processes: Iterable[psutil.Process], *, timeout_s: float) -> None:
    """End processes: politely, then for certain. psutil checks each one's birth, so a reused id is never hit."""
    living = list(processes)
    for process in living:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in (stubborn := wait_for_end(living, timeout_s)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for_end(stubborn, KILL_TIMEOUT_S)


def sweep(home: str, *, service: str | None = None, timeout_s: float) -> list[psutil.Process]:
    """End every process of a home, again while new ones appear; returns those that would not end."""
    for _ in range(SWEEPS):
        if not (left := marked(home, service)):
            return []
        stop_all(left, timeout_s=timeout_s)
    return marked(home, service)


def memory_of_tree(process: psutil.Process) -> int:
    """Resident bytes of a process and all it started."""
    total = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for member in family:
        with contextlib.suppress(psutil.Error):
            total += member.memory_info().rss
    return total


def reap(pid: int) -> None:
    """Collect a child of ours that has ended, so that it is no zombie; other ids are left alone."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
