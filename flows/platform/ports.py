"""Who holds a TCP port of this machine."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import psutil

from flows.platform.processes import HOME_MARKER, environment_of
from flows.platform.settings import LOOPBACK

NEIGHBOURS = 10


@dataclass(frozen=True)
class PortHolder:
    """The process that listens on a port; a process of another user has no visible id."""

    pid: int | None
    command: str
    home: str | None
    """The twin home whose platform the process belongs to, if it does."""

    def __str__(self) -> str:
        if self.pid is None:
            return "a process of another user"
        of = f", of the platform in {self.home}" if self.home else ""
        return f"process {self.pid} ({self.command}{of})"


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def next_free(port: int) -> int:
    """A port above `port` on which nothing listens, at a distance that keeps clear of its neighbours."""
    return next(candidate for candidate in range(port + NEIGHBOURS, 65536) if is_free(candidate))


def holder_of(port: int) -> PortHolder | None:
    """The process that listens on a port, or None if there is none."""
    if is_free(port):
        return None
    for connection in psutil.net_connections(kind="tcp"):
        address = connection.laddr
        if connection.status == psutil.CONN_LISTEN and connection.pid and address and address.port == port:
            return _describe(connection.pid)
    return PortHolder(pid=None, command="", home=None)


def _describe(pid: int) -> PortHolder | None:
    try:
        process = psutil.Process(pid)
        command = " ".join(process.cmdline())[:120] or process.name()
    except psutil.Error:
        return None  # it ended while we looked
    return PortHolder(pid=pid, command=command, home=environment_of(process).get(HOME_MARKER))
