"""Why did a server end? From its last log lines and its exit status, in words."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

from flows.platform.run_files import SIGNAL_BASE

KILLED = SIGNAL_BASE + signal.SIGKILL
APT_PACKAGES = {
    "libnuma.so.1": "libnuma1",
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
}
PORT_IN_USE = re.compile(r"address already in use|EADDRINUSE|BindException|port \d+ is already in use", re.IGNORECASE)
OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|MemoryError|cannot allocate memory|std::bad_alloc|insufficient memory|not enough memory",
    re.IGNORECASE,
)
DISK_FULL = re.compile(r"no space left on device|ENOSPC|database or disk is full|disk quota exceeded", re.IGNORECASE)
DATA_IN_USE = re.compile(r"failed to obtain node lock|LockObtainFailedException", re.IGNORECASE)
MISSING_LIBRARY = re.compile(r"(lib[\w+.-]+\.so[.\d]*): cannot open shared object file")
MISSING_MODULE = re.compile(r"No module named '?([\w.]+)'?")


@dataclass(frozen=True)
class Cause:
    """A likely cause, and what to do."""

    text: str
    next_step: str


def likely_cause(
    log_lines: list[str], exit_status: int | None, *, port: int | None, port_variable: str
) -> Cause | None:
    """The most telling sign in what a server left behind; None if there is none."""
    text = "\n".join(log_lines)
    if library := MISSING_LIBRARY.search(text):
        return _missing_library(library[1])
    if port is not None and PORT_IN_USE.search(text):
        return Cause(f"port {port} is in use", f"stop what uses it, or set {port_variable} to a free port")
    if DISK_FULL.search(text):
        return Cause("the disk is full", "free disk space and run `twin up` again")
    if OUT_OF_MEMORY.search(text):
        return Cause(
            "it ran out of memory", "close other programs, or stop services you do not need, and run `twin up` again"
        )
    if DATA_IN_USE.search(text):
        return Cause("another process uses the same data", "run `twin down`, then `twin up`")
    if module := MISSING_MODULE.search(text):
        return Cause(f"the Python module {module[1]!r} is not installed", "install the environment: make setup")
    if exit_status == KILLED:
        return Cause(
            "it was killed, by hand or by the system for lack of memory",
            "if you did not do it, free memory (`dmesg` names what the system killed); then run `twin up` again",
        )
    return None


def _missing_library(library: str) -> Cause:
    package = APT_PACKAGES.get(library)
    install = f"apt-get install {package}" if package else f"install the system package that holds {library}"
    return Cause(f"the system library {library} is missing", install)


def describe_exit(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "how is not known"
    if status > SIGNAL_BASE:
        number = status - SIGNAL_BASE
        try:
            return f"killed by {signal.Signals(number).name}"
        except ValueError:
            pass
    return f"exit code {status}"
