"""A persona's sources without what is forgotten: whole files, or single documents cut out of a file of many."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from flows.forgetting.targets import source_places
from flows.forgetting.wording import MIN_RUN_WORDS, Hasher, Wording, words_of
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import PersonaConfig, load_persona
from twin_data.contracts.documents import RawDocument
from twin_data.contracts.errors import SourceError
from twin_data.registry.durable import write_file
from twin_data.sources.collect import read_source
from twin_data.sources.tombstones import wording_digest

STAGING = ".forgetting"
"""Beside `sources`, so that a half-cut copy is never taken for a source."""


def remove_files(home: TwinHome, persona: str, folder: Path | None, files: Collection[Path]) -> int:
    """Remove files, and the folders that are empty then; returns how many there were."""
    there = [path for path in files if path.is_file() or path.is_symlink()]
    for path in there:
        path.unlink()
    sources = home.persona_folder(persona) / "sources"
    if folder is not None and folder.is_dir():
        shutil.rmtree(folder)  # empty folders, pipes and the like
    for parent in {parent for path in files for parent in path.parents}:
        while parent != sources and parent.is_relative_to(sources) and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
    return len(there)


def cut_parts(home: TwinHome, persona: str, source: str, parts: Sequence[str]) -> int:
    """Cut documents out of the files that they share with others; returns how many files changed.

    The cut is made on a copy, which the same reader must then find to hold every other document unchanged, and none of
    these. Only then it takes the source's place.

    Raises:
        SourceError: They cannot be told from the others in their file.
    """
    folder, described = source_places(home, persona)[source], load_persona(home, persona)
    documents = _documents(described, source, folder)
    meant = [documents[id] for id in parts if id in documents]
    if not meant:
        return 0  # cut before, by a run that was killed
    wanted = Counter(wording_digest(one.text) for id, one in documents.items() if id not in parts)
    staging = home.persona_folder(persona) / STAGING
    for is_record in _tests(parts, meant):
        shutil.rmtree(staging, ignore_errors=True)
        copy = staging / folder.name
        _copy(folder, copy)
        changed = [path for path in _shared_files(copy, parts, source) if _cut(path, is_record)]
        left = _documents(described, source, copy)
        if changed and Counter(wording_digest(one.text) for one in left.values()) == wanted:
            for path in changed:
                target = folder / path.relative_to(copy) if copy.is_dir() else folder
                write_file(target, path.read_bytes())
            shutil.rmtree(staging)
            return len(changed)
    shutil.rmtree(staging, ignore_errors=True)
    raise SourceError(
        f"{parts[0]!r} cannot be cut out of the file that it shares with {sum(wanted.values())} other documents",
        next_step=f"take it out of your archive and add that again, or forget all of it: "
        f"twin forget {persona} {parts[0].partition('#')[0]}",
    )


def _documents(described: PersonaConfig, source: str, folder: Path) -> dict[str, RawDocument]:
    readings = read_source(described, source, folder)
    return {one.document_id: one for one in readings if isinstance(one, RawDocument)}


def _copy(folder: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_dir():
        shutil.copytree(folder, copy, copy_function=os.link, symlinks=True)
    else:
        os.link(folder, copy)


def _shared_files(copy: Path, parts: Sequence[str], source: str) -> Iterator[Path]:
    """The files that the parts can lie in: one, or all of a folder that is read as a whole."""
    for place in sorted({id.partition("#")[0] for id in parts}):
        path = copy if copy.is_file() else copy / place.removeprefix(f"{source}/")
        yield from (one for one in sorted(path.rglob("*")) if one.is_file()) if path.is_dir() else (path,)


def _tests(parts: Sequence[str], meant: Sequence[RawDocument]) -> Iterator[Callable[[str], bool]]:
    """Ways to tell a document's records from others, the surest first."""
    names = [id.partition("#")[2] for id in parts]
    wording = Wording.of(Hasher(os.urandom(32)), ((words_of(one.text), MIN_RUN_WORDS) for one in meant))
    yield lambda record: any(name in record for name in names)
    yield wording.is_in
    yield lambda record: any(name in record for name in names) or wording.is_in(record)


def _cut(path: Path, is_record: Callable[[str], bool]) -> bool:
    """Take records out of a copy; whether any were. The copy is a link, so it is replaced, never written into."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    split, join = _FORMATS.get(path.suffix.lower(), (None, None))
    if split is None or join is None:
        return False
    try:
        records = split(text)
    except ValueError:
        return False
    kept = [one for one in records if not is_record(one)]
    if len(kept) == len(records):
        return False
    write_file(path, join(kept, text).encode("utf-8", "surrogateescape"))
    return True


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _join_lines(records: Sequence[str], text: str) -> str:
    return "".join(f"{record}\n" for record in records)


def _json_items(text: str) -> list[str]:
    value = json.loads(text)
    if not isinstance(value, list):
        raise ValueError("no list")
    return [json.dumps(one, ensure_ascii=False) for one in value]


def _join_items(records: Sequence[str], text: str) -> str:
    return "[" + ",\n ".join(records) + "]\n"


def _rows(text: str) -> list[str]:
    """A CSV's rows without the first, each as a row of its own."""
    return [_as_csv([row]) for row in list(csv.reader(io.StringIO(text, newline="")))[1:]]


def _join_rows(records: Sequence[str], text: str) -> str:
    return _as_csv(list(csv.reader(io.StringIO(text, newline="")))[:1]) + "".join(records)


def _as_csv(rows: list[list[str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def _mails(text: str) -> list[str]:
    """The mails of an mbox (RFC 4155): each begins with a line `From ` after an empty one."""
    mails: list[list[str]] = []
    before = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("From ") and not before.strip():
            mails.append([])
        if not mails:
            raise ValueError("no mbox")
        mails[-1].append(line)
        before = line
    return ["".join(mail) for mail in mails]


def _join_mails(records: Sequence[str], text: str) -> str:
    return "".join(records)


_FORMATS: dict[str, tuple[Callable[[str], list[str]], Callable[[Sequence[str], str], str]]] = {
    ".jsonl": (_lines, _join_lines),
    ".ndjson": (_lines, _join_lines),
    ".json": (_json_items, _join_items),
    ".csv": (_rows, _join_rows),
    ".mbox": (_mails, _join_mails),
}
