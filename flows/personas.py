"""Personas of a home: created, found, and locked while one flow works on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import persona_file
from twin_data.contracts.errors import ConfigurationError, PlatformError

SHIPPED = Path(__file__).resolve().parent.parent / "personas"
SAMPLE = "sample"
LOCK_WAIT_S = 5.0


def create_persona(home: TwinHome, name: str, text: str) -> Path:
    """Write a new persona's `persona.yaml`; returns its path.

    Raises:
        ConfigurationError: There is a persona of that name already.
    """
    path = persona_file(home, name)
    if path.exists():
        raise ConfigurationError(
            f"persona {name!r} exists already: {path}", next_step=f"edit it, or twin add {name} SOURCE"
        )
    open_home(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "sources").mkdir(exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(text, "utf-8")
    beside.rename(path)
    return path


def install_sample(home: TwinHome) -> Path:
    """Copy the shipped sample persona into the home; what is there already is brought up to date."""
    open_home(home)
    target = home.persona_folder(SAMPLE)
    shutil.copytree(SHIPPED / SAMPLE, target, dirs_exist_ok=True)
    return target


@contextmanager
def exclusive(home: TwinHome, persona: str) -> Iterator[None]:
    """Hold the persona for one writer.

    Raises:
        PlatformError: Another run holds it.
    """
    folder = home.run / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{persona}.lock")
    try:
        lock.acquire(timeout=LOCK_WAIT_S)
    except Timeout as error:
        raise PlatformError(
            f"another run is working on persona {persona!r}",
            next_step="wait for it to end, then run the same command again",
        ) from error
    try:
        yield
    finally:
        lock.release()
