"""Is this machine fit for the platform? Each check names what is wrong and what to do."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import psutil

from flows.platform import elasticsearch_install, ports, run_files
from flows.platform.home_schema import SCHEMA_VERSION, read_version
from flows.platform.service import Service
from flows.platform.services import marker
from flows.platform.settings import PlatformSettings
from flows.platform.status import status
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.errors import PlatformError

PYTHON_MIN, PYTHON_BELOW = (3, 11, 4), (3, 13)
MEMORY_GB_MIN = 8.0
DISK_GB_MIN = 5.0
CLOCK_YEAR_MIN = 2026
CLOCK_OFFSET_S_MAX = 60.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Check(Contract):
    """The outcome of one check."""

    name: str
    ok: bool
    detail: str
    next_step: str = ""
    """What to do; empty when all is well."""
    required: bool = True


def examine(home: TwinHome, settings: PlatformSettings, every: Iterable[Service]) -> tuple[Check, ...]:
    """Run every check; nothing is changed."""
    wanted = list(every)
    return (
        check_system(),
        check_python(),
        check_compiler(),
        check_libnuma(),
        check_memory(home, wanted),
        check_disk("disk of the home", home.root, "TWIN_HOME"),
        check_disk("disk of the cache", settings.cache, "TWIN_CACHE"),
        check_llm_environment(settings),
        check_elasticsearch(settings),
        check_home(home),
        check_clock(wanted),
        *(check_port(home, service) for service in wanted if service.port is not None),
        *check_services(home, wanted),
        check_browser(),
    )


def check_system(system: str = sys.platform, machine: str | None = None) -> Check:
    """Linux on x86-64 is what the locked packages are built for."""
    found = f"{system} {machine or platform.machine()}"
    return _check("system", found == "linux x86_64", found, "use Linux on x86-64, also in WSL 2 or a virtual machine")


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """The Python version that the lock supports."""
    found = ".".join(map(str, version))
    return _check(
        "Python", PYTHON_MIN <= version < PYTHON_BELOW, found, "install Python 3.11 (3.11.4 or later) or 3.12"
    )


def check_compiler() -> Check:
    """A C++ compiler, for kernels that are compiled on first use."""
    found = shutil.which("g++")
    return _check("g++", found is not None, found or "not found", "apt-get install g++")


def check_libnuma(library: str = "libnuma.so.1") -> Check:
    """The library that vLLM on CPU loads."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return _check("libnuma1", False, f"{library} not found", "apt-get install libnuma1")
    return _check("libnuma1", True, library)


def check_memory(home: TwinHome, every: Iterable[Service], available_bytes: int | None = None) -> Check:
    """Memory for all that is not running yet."""
    free_gb = (psutil.virtual_memory().available if available_bytes is None else available_bytes) / 1e9
    if _is_any_running(home, every):
        return _check(
            "memory", free_gb >= 0.5, f"{free_gb:.1f} GB free beside the running platform", "close other programs"
        )
    return _check(
        "memory", free_gb >= MEMORY_GB_MIN, f"{free_gb:.1f} GB free, the whole platform wants {MEMORY_GB_MIN:.0f} GB",
        "close other programs, or start only what you need: twin up NAME…",
    )  # fmt: skip


def check_disk(name: str, folder: Path, variable: str, free_bytes: int | None = None) -> Check:
    """Room for downloads, tables and models."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free_gb = (shutil.disk_usage(existing).free if free_bytes is None else free_bytes) / 1e9
    writable = os.access(existing, os.W_OK)
    detail = f"{free_gb:.1f} GB free at {folder}" + ("" if writable else ", which cannot be written")
    return _check(
        name,
        writable and free_gb >= DISK_GB_MIN,
        detail,
        f"free disk space ({DISK_GB_MIN:.0f} GB), or set {variable} to another folder",
    )


def check_llm_environment(settings: PlatformSettings) -> Check:
    """The environment that vLLM runs in."""
    python = settings.llm_environment / "bin" / "python"
    found = python.exists() and any(settings.llm_environment.glob("lib/python*/site-packages/vllm/__init__.py"))
    return _check(
        "vLLM's environment", found, f"{settings.llm_environment}{'' if found else ' holds no vllm'}",
        "make setup, or set TWIN_LLM_ENV to the environment that has vLLM",
    )  # fmt: skip


def check_elasticsearch(settings: PlatformSettings) -> Check:
    """The search engine's program; `twin up` downloads it when it is needed."""
    if settings.elasticsearch_url:
        return _check("Elasticsearch", True, f"the cluster at {settings.elasticsearch_url}")
    found = elasticsearch_install.is_installed(settings.cache)
    folder = elasticsearch_install.distribution_folder(settings.cache)
    size_mb = elasticsearch_install.ARCHIVE_BYTES // 10**6
    return _check(
        "Elasticsearch", found, str(folder) if found else f"not downloaded yet ({size_mb} MB)",
        "twin up elasticsearch", required=False,
    )  # fmt: skip


def check_home(home: TwinHome) -> Check:
    """The home's schema version."""
    name = "home"
    if not home.version_file.exists():
        return _check(name, True, f"{home.root} does not exist yet; `twin up` creates it")
    try:
        found = read_version(home)
    except PlatformError as error:
        return _check(name, False, error.message, error.next_step)
    detail = f"{home.root}, schema version {found}"
    if found < SCHEMA_VERSION:
        return _check(name, True, f"{detail}; `twin up` migrates it to {SCHEMA_VERSION}")
    return _check(name, found == SCHEMA_VERSION, detail, f"this program knows version {SCHEMA_VERSION}: update it")


def check_clock(every: Iterable[Service], now: datetime | None = None) -> Check:
    """The clock: a wrong one spoils certificates, schedules and ledgers."""
    moment = now or datetime.now(UTC)
    if moment.year < CLOCK_YEAR_MIN:
        return _check("clock", False, moment.isoformat(timespec="seconds"), "set the clock: timedatectl set-ntp true")
    for service in every:
        if service.is_external and (theirs := _time_at(service.url)):
            offset_s = abs((moment - theirs).total_seconds())
            return _check(
                "clock", offset_s < CLOCK_OFFSET_S_MAX, f"{offset_s:.0f} s off the clock of {service.name}",
                "set the clock: timedatectl set-ntp true",
            )  # fmt: skip
    return _check("clock", True, moment.isoformat(timespec="seconds"))


def check_port(home: TwinHome, service: Service) -> Check:
    """A service's port is free, or held by that service."""
    name = f"port {service.port}"
    holder = ports.holder_of(service.port) if service.port is not None else None
    if holder is None:
        return _check(name, True, f"free for {service.name}")
    if holder.home == marker(home):
        return _check(name, True, f"{service.name} of this platform")
    return _check(name, False, f"for {service.name}, held by {holder}", f"stop it, or set {service.port_variable}")


def check_services(home: TwinHome, every: Iterable[Service]) -> tuple[Check, ...]:
    """Services that others run, and those that were started here, can be reached."""
    started = [service for service in every if service.is_external or run_files.read(home, service.name)]
    return tuple(
        _check(
            f"service {found.name}",
            found.is_well,
            f"{found.state} at {found.url} {found.detail}".strip(),
            f"twin up {found.name}",
            required=not found.optional and found.state != "starting",
        )  # fmt: skip
        for found in status(home, started)
    )


def check_browser() -> Check:
    """A headless browser, for the tests of the chat page."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return _check(
        "chromium", found is not None, found or "not found; only the chat page's tests want it",
        "apt-get install chromium chromium-driver", required=False,
    )  # fmt: skip


def _check(name: str, ok: bool, detail: str, next_step: str = "", *, required: bool = True) -> Check:
    return Check(name=name, ok=ok, detail=detail, next_step="" if ok else next_step, required=required)


def _is_any_running(home: TwinHome, every: Iterable[Service]) -> bool:
    return any(run_files.read(home, service.name) for service in every)


def _time_at(url: str) -> datetime | None:
    """The time that a server states in its answers; None if it cannot be asked."""
    try:
        stated = httpx.get(url, timeout=2.0).headers.get("date")
    except httpx.HTTPError:
        return None
    return parsedate_to_datetime(stated) if stated else None
