"""Personas of a home: created, found, and locked while one flow works on them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from pydantic import ValidationError

from flows.platform import locks
from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome, check_persona_name
from twin_data.configuration.persona import PersonaConfig, load_persona, persona_file
from twin_data.contracts.digests import digest_file
from twin_data.contracts.errors import ConfigurationError
from twin_data.registry.durable import write_file

SHIPPED = Path(__file__).resolve().parent.parent / "personas"
SAMPLE = "sample"
LOCK_WAIT_S = 5.0
INDEX_WAIT_S = 900.0


def create_persona(home: TwinHome, name: str, text: str) -> Path:
    """Write a new persona's `persona.yaml`; returns its path.

    Raises:
        ConfigurationError: There is a persona of that name already, or the text does not fit.
    """
    path = persona_file(home, name)
    if path.exists():
        raise ConfigurationError(
            f"persona {name!r} exists already: {path}", next_step=f"edit it, or twin add {name} SOURCE"
        )
    _check(text)
    open_home(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "sources").mkdir(exist_ok=True)
    write_file(path, text.encode())
    return path


def _check(text: str) -> None:
    """Refuse what could not be read again, such as a consent of one word, before anything is written."""
    try:
        PersonaConfig.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        problems = (
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}, not {one['input']!r}"
            for one in error.errors(include_url=False)
        )
        raise ConfigurationError("; ".join(problems), next_step="give another value; nothing was written") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"a value holds a character that YAML does not allow: {error}", next_step="give another value"
        ) from error


def install_sample(home: TwinHome) -> Path:
    """Copy the shipped sample persona into the home; what is there already is brought up to date.

    What was forgotten of it stays away.
    """
    from twin_data.sources.tombstones import read_tombstones  # its readers take a second to import

    open_home(home)
    target = home.persona_folder(SAMPLE)
    gone = {one.digest for one in read_tombstones(target)}

    def is_forgotten(folder: str, names: list[str]) -> set[str]:
        paths = [Path(folder, name) for name in names] if gone else []
        return {path.name for path in paths if path.is_file() and digest_file(path) in gone}

    shutil.copytree(SHIPPED / SAMPLE, target, dirs_exist_ok=True, ignore=is_forgotten)
    return target


def addition_inspector(
    home: TwinHome, persona: str, origin: Path | str, *, remember: bool
) -> Callable[[str, Path], None]:
    """What `add_source` calls before it copies: refuses what was forgotten, or takes its tombstones away."""
    from twin_data.sources import tombstones

    described, folder = load_persona(home, persona), home.persona_folder(persona)

    def inspect(source: str, content: Path) -> None:
        found = tombstones.forgotten_in(described, folder, source, content)
        if remember:
            tombstones.remember(folder, found)
        else:
            tombstones.refuse_forgotten(found, persona, origin)

    return inspect


@contextmanager
def exclusive(
    home: TwinHome, persona: str, *, wait_s: float | None = None, report: Callable[[str], None] = locks.ignore
) -> Iterator[None]:
    """Hold the persona for one writer of its tables.

    Args:
        home: Whose.
        persona: Which.
        wait_s: How long to wait for another writer; some seconds if None.
        report: Told who is waited for.

    Raises:
        ConfigurationError: No persona can have that name.
        PlatformError: Another run holds it.
    """
    with _locked(home, persona, "", wait_s, f"persona {persona!r} is being worked on", report):
        yield


@contextmanager
def refreshing(
    home: TwinHome, persona: str, *, wait_s: float | None = None, report: Callable[[str], None] = locks.ignore
) -> Iterator[None]:
    """Hold the persona for one refresh, training, evaluation or build: a bundle is judged by one index and champion.

    Whoever holds the persona as well takes it second.

    Raises:
        PlatformError: Another of them holds it.
    """
    with _locked(
        home,
        persona,
        ".refresh",
        wait_s,
        f"persona {persona!r} is being built, refreshed, trained or evaluated",
        report,
    ):
        yield


@contextmanager
def writing_index(home: TwinHome, persona: str) -> Iterator[None]:
    """Hold the persona's search index for one writer: a build with its swap, or a pass of `twin watch`.

    Raises:
        PlatformError: Another process has held it for longer than any build takes.
    """
    with _locked(home, persona, ".index", INDEX_WAIT_S, f"the index of persona {persona!r} is being written"):
        yield


@contextmanager
def watching(home: TwinHome, persona: str) -> Iterator[None]:
    """Hold the persona for the one process that watches its sources.

    Raises:
        PlatformError: Another does.
    """
    with _locked(home, persona, ".watch", 0.0, f"persona {persona!r} is being watched"):
        yield


@contextmanager
def _locked(
    home: TwinHome,
    persona: str,
    of_what: str,
    wait_s: float | None,
    held: str,
    report: Callable[[str], None] = locks.ignore,
) -> Iterator[None]:
    path = home.run / "locks" / f"{check_persona_name(persona)}{of_what}.lock"
    with locks.exclusive(path, timeout_s=LOCK_WAIT_S if wait_s is None else wait_s, report=report, held=held):
        yield
