"""Plain files of a home without what is forgotten: what is made anew goes whole, what people wrote loses lines."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from flows.forgetting.contents import UnreadableContent, is_text, texts_of
from flows.forgetting.wording import Wording
from twin_data.configuration.home import TwinHome
from twin_data.contracts.forgetting import LeftToUser
from twin_data.registry.durable import write_file
from twin_eval.exam.files import CERTIFICATE_FILE, GENERATED_FILE

ELSEWHERE = ("features", "elasticsearch", "registry/artifacts", "forgotten", "secrets", "VERSION")
"""What other modules see to, or what holds no text."""
KEPT_OF_A_RUN = frozenset({"report.json", "decision.json"})
"""Of an evaluation: figures and the gate's decision, where they quote nothing."""
OF_A_PERSONA = frozenset({"personas", "evaluations", "datasets", "training", "voices", "sites", "corpus"})
"""Folders of one folder a persona; another one's are not touched."""
SHARED = "shards"
MADE_ANEW = frozenset({"datasets", "training", "voices", "monitoring", "prefect", "sites", "corpus"})
"""Mirrors of sites are fetched again, reports on a corpus written again."""
OPEN_LOGS = frozenset({"logs", "run"})
HELD_OUT_FILES = frozenset({GENERATED_FILE, CERTIFICATE_FILE})
"""A generated set is certified as a whole."""
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z")


class Rule(StrEnum):
    """What becomes of a file that holds it."""

    REMOVE = "files removed"
    REMOVE_FOLDER = "files whose whole folder was removed"
    REMOVE_RUN = "files of evaluations that were removed but for their figures"
    DROP_LINES = "files that lost lines"
    BLANK = "files in which words were blanked"
    LEAVE = "left to the user"


@dataclass(frozen=True)
class Held:
    """A file that holds it, and what becomes of it."""

    path: Path
    rule: Rule


def files_of(home: TwinHome) -> Iterator[Path]:
    """The plain files that this module sees to, in order of path."""
    for path in sorted(home.root.rglob("*")):
        name = path.relative_to(home.root).as_posix()
        if path.is_file() and not path.is_symlink() and not name.startswith(ELSEWHERE):
            yield path


def held_files(home: TwinHome, persona: str, wording: Wording, report: Callable[[str], None]) -> tuple[Held, ...]:
    """The files that hold it, databases aside, and what becomes of each."""
    found = []
    for number, path in enumerate(files_of(home), 1):
        if number % 200 == 0:
            report(f"files: {number}")
        if not path.name.endswith((".db", ".db-wal", ".db-shm", ".db-journal")) and holds(path, wording):
            found.append(Held(path, rule_for(home, persona, path)))
    return tuple(found)


def holds(path: Path, wording: Wording) -> bool:
    """Whether a file holds it; one whose own reader fails is judged by its bytes."""
    try:
        return any(wording.is_in(text) for text in texts_of(path))
    except UnreadableContent:
        return wording.is_in(path.read_bytes().decode("utf-8", "replace"))
    except FileNotFoundError:
        return False  # a server's temporary file


def rule_for(home: TwinHome, persona: str, path: Path) -> Rule:
    """What becomes of a file that holds it, by the place it lies at."""
    area, *below = path.relative_to(home.root).parts
    if path.name.endswith(ARCHIVES) or (area in OF_A_PERSONA and below[0] not in {persona, SHARED}):
        return Rule.LEAVE
    if area == "personas":
        if path.name in HELD_OUT_FILES:
            return Rule.REMOVE
        return Rule.DROP_LINES if path.suffix == ".jsonl" and below[1:2] != ["sources"] else Rule.LEAVE
    if area == "evaluations":
        if len(below) >= 4:
            return Rule.REMOVE_RUN
        return Rule.DROP_LINES if path.suffix == ".jsonl" else Rule.REMOVE
    if area in {"datasets", "training"} and len(below) >= 3:
        return Rule.REMOVE_FOLDER
    if area == "training" and path.suffix == ".jsonl":
        return Rule.DROP_LINES
    if area in OPEN_LOGS:
        return Rule.BLANK
    return Rule.REMOVE if area in MADE_ANEW else Rule.LEAVE


def erase(home: TwinHome, held: Collection[Held], wording: Wording) -> tuple[int, tuple[LeftToUser, ...]]:
    """Do to each file what its rule says; how many were dealt with, and what is left to the user."""
    left = []
    for one in held:
        if one.rule is Rule.LEAVE:
            left.append(_left(one.path))
        elif one.path.exists():
            _ERASERS[one.rule](home, one.path, wording)
    return len(held) - len(left), tuple(left)


def _left(path: Path) -> LeftToUser:
    if path.name.endswith(ARCHIVES):
        return LeftToUser(kind="backup", place=str(path), todo="destroy it, or unpack it and forget there as well")
    return LeftToUser(kind="file", place=str(path), todo="it holds what is forgotten: edit or delete it yourself")


def _remove(home: TwinHome, path: Path, wording: Wording) -> None:
    path.unlink()


def _remove_folder(home: TwinHome, path: Path, wording: Wording) -> None:
    """The dataset or training run that a file is part of, with its lock."""
    area, persona, name, *_ = path.relative_to(home.root).parts
    folder = home.root / area / persona
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / f".{name}.lock").unlink(missing_ok=True)


def _remove_run(home: TwinHome, path: Path, wording: Wording) -> None:
    """All files of an evaluation but the figures: pages and logs repeat every answer in many forms."""
    folder = home.root.joinpath(*path.relative_to(home.root).parts[:4])
    for one in folder.rglob("*"):
        if one.is_file() and (one.name not in KEPT_OF_A_RUN or holds(one, wording)):
            one.unlink()


def _drop_lines(home: TwinHome, path: Path, wording: Wording) -> None:
    lines = path.read_text("utf-8").split("\n")
    kept = [line for line in lines if not wording.is_in(line)]
    if any(kept):
        write_file(path, "\n".join(kept).encode())
    else:
        path.unlink()


def _blank(home: TwinHome, path: Path, wording: Wording) -> None:
    """Overwrite the words in place: a server appends to the very file, so it may not be replaced."""
    if is_text(path):
        with path.open("r+b") as stream:
            before = stream.read()
            after = wording.blanked(before.decode("utf-8")).encode()
            assert len(after) == len(before), "words are blanked byte for byte"
            stream.seek(0)
            stream.write(after)
            os.fsync(stream.fileno())
    if holds(path, wording):
        os.truncate(path, 0)  # it is split in a way that words cannot be told: the whole log goes


_ERASERS: dict[Rule, Callable[[TwinHome, Path, Wording], None]] = {
    Rule.REMOVE: _remove,
    Rule.REMOVE_FOLDER: _remove_folder,
    Rule.REMOVE_RUN: _remove_run,
    Rule.DROP_LINES: _drop_lines,
    Rule.BLANK: _blank,
}


def training_runs(home: TwinHome, persona: str, datasets: Collection[str]) -> tuple[Path, ...]:
    """Folders of training on these datasets, and those that broke off before they said on what."""
    return tuple(
        sorted(
            folder for folder in (home.training / persona).glob("*-*/")
            if _trained_on(folder / "result.json") in {None, *datasets}
        )
    )  # fmt: skip


def _trained_on(result: Path) -> str | None:
    try:
        return str(json.loads(result.read_text("utf-8"))["record"]["dataset_digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_folders(folders: Collection[Path]) -> int:
    """Remove folders for good; returns how many were there."""
    there = [folder for folder in folders if folder.is_dir()]
    for folder in there:
        shutil.rmtree(folder)
    return len(there)
