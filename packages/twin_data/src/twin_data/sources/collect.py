"""The collecting stage: every file under `sources/` becomes documents, or a rejection that says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_value, short
from twin_data.contracts.documents import RawDocument, Rejection
from twin_data.contracts.errors import SourceError
from twin_data.sources.archives import ArchiveLimits
from twin_data.sources.formats import default_readers
from twin_data.sources.reader import DEFAULT_MAX_FILE_MB, MEBIBYTE, Reader, RecordIds
from twin_data.sources.units import STAGE, Unit, Walk, digest_of


class CollectConfig(Contract):
    """Limits of the stage."""

    max_file_mb: int = DEFAULT_MAX_FILE_MB
    archives: ArchiveLimits = ArchiveLimits()


class CollectInputs(Contract):
    """Whose sources, and where they lie: each direct child of the folder is one."""

    persona: PersonaConfig
    sources_folder: Path


class SourceFile(Contract):
    """A file that was read, or a folder that was read as one, by content: what no later run need read again."""

    path: str
    """Inside the folder of sources."""
    digest: str
    """SHA-256 of the file's bytes, or of the folder's names and files."""
    settings_digest: str
    """Of all else that decides how it is read: author, options of the source, limits."""
    documents: tuple[str, ...]
    """Ids of the documents it gave."""
    rejected: tuple[str, ...]
    """Ids under which something of it was rejected."""
    repeats: tuple[str, ...] = ()
    """Ids of its documents that were given before, by it or another file: an archive beside what was unpacked of it."""


@dataclass(frozen=True)
class Selection:
    """Which files a run reads anew. The others stay as they were, or are left for a later run if they are new.

    Attributes:
        known: Files read before, by path.
        digest_of: The digest of a file or folder.
        is_ready: Whether a file may be read yet.
        at_most: How many files are read in one run; None is all.
    """

    known: Mapping[str, SourceFile]
    digest_of: Callable[[Path], str] = digest_of
    is_ready: Callable[[Path], bool] = lambda path: True
    at_most: int | None = None


class Collected(Contract):
    """What the stage found, each in order of document id; of files in `kept`, nothing is repeated here."""

    documents: tuple[RawDocument, ...]
    rejections: tuple[Rejection, ...]
    files: tuple[SourceFile, ...] = ()
    """Those that were read."""
    kept: tuple[SourceFile, ...] = ()
    """Those that are as they were, and those that were left for a later run in their former state."""
    waiting: int = 0
    """How many were left for a later run."""


@dataclass
class _Sorted:
    """The files of one run by path: what was read of them, and those that are as they were or left for a later run."""

    found: dict[str, list[RawDocument | Rejection]]
    digests: dict[str, tuple[str, str]]
    """Of the content, and of all else that decides how it is read."""
    kept: dict[str, SourceFile]
    left: dict[str, SourceFile]
    waiting: int = 0


def run(inputs: CollectInputs, *, config: CollectConfig | None = None, selection: Selection | None = None) -> Collected:
    """Read the sources of a persona: all of them, or what has changed.

    Of documents that would have one id, the first in order of path has it. The others are rejected if they are the same
    as it, else their digest is appended to theirs.

    Raises:
        ConsentError: The persona does not state owner, consent and licence.
        SourceError: There are no sources, or nothing in them could be read.
    """
    limits = config or CollectConfig()
    units = {unit.path: unit for unit in _walk(inputs, limits, default_readers()).units()}
    files = _sort(units, selection or Selection({}), limits)
    kept = (*files.kept.values(), *files.left.values())
    documents: list[RawDocument] = []
    rejections: list[Rejection] = []
    read: list[SourceFile] = []
    ids = RecordIds()
    for one in kept:
        for document_id in one.documents:
            ids.claim(document_id, "")
    for path in (path for path in units if path in files.found):
        found, repeats = _with_own_ids(files.found[path], ids)
        documents += [one for one in found if isinstance(one, RawDocument)]
        rejections += [one for one in found if isinstance(one, Rejection)]
        if units[path].is_content:
            read.append(_source_file(path, *files.digests[path], found, repeats))
    if not documents and not any(one.documents for one in kept) and not files.waiting:
        raise _nothing_read(inputs.sources_folder, rejections)
    return Collected(
        documents=tuple(sorted(documents, key=lambda one: one.document_id)),
        rejections=tuple(sorted(rejections, key=lambda one: (one.document_id, one.reason, one.text_digest))),
        files=tuple(read),
        kept=kept,
        waiting=files.waiting,
    )


def _sort(units: Mapping[str, Unit], chosen: Selection, limits: CollectConfig) -> _Sorted:
    files = _Sorted({}, {}, {}, {})
    number_read = 0
    for path, unit in units.items():
        known = chosen.known.get(path)
        settings = digest_value([unit.settings_digest, limits])
        digest = chosen.digest_of(unit.where) if unit.is_content else ""
        files.digests[path] = digest, settings
        if known and digest and (known.digest, known.settings_digest) == (digest, settings):
            files.kept[path] = known
        elif unit.is_content and (number_read == chosen.at_most or not chosen.is_ready(unit.where)):
            files.waiting += 1
            files.left |= {path: known} if known else {}
        else:
            files.found[path] = list(unit.read())
            number_read += unit.is_content
    while touched := _touched(files):
        for path in touched:
            files.found[path] = list(units[path].read())
            del files.kept[path]
    return files


def _touched(files: _Sorted) -> list[str]:
    """Kept files whose documents may now have other ids: what was read gives the same ones, or no longer does."""
    given = {one.document_id for found in files.found.values() for one in found if isinstance(one, RawDocument)}
    kept = (*files.kept.values(), *files.left.values())
    held = {document_id for file in kept for document_id in (*file.documents, *file.rejected)}
    return [
        path
        for path, file in files.kept.items()
        if not given.isdisjoint(file.documents) or not held.issuperset(file.repeats)
    ]


def _with_own_ids(
    found: Sequence[RawDocument | Rejection], ids: RecordIds
) -> tuple[list[RawDocument | Rejection], list[str]]:
    """What was found, each document under an id of its own, and the ids that other documents had before."""
    result: list[RawDocument | Rejection] = []
    repeats: list[str] = []
    for one in found:
        claimed = one.document_id if isinstance(one, Rejection) else ids.claim(one.document_id, one.content_digest)
        if claimed != one.document_id:
            repeats.append(one.document_id)
        if isinstance(one, RawDocument):
            one = one.model_copy(update={"document_id": claimed}) if claimed else _repeated(one)
        result.append(one)
    return result, repeats


def _repeated(document: RawDocument) -> Rejection:
    return Rejection(
        stage=STAGE,
        document_id=f"{document.document_id}~{short(document.content_digest)}",
        text_digest=document.content_digest,
        start=0,
        end=0,
        reason="repeated_document",
        redacted_text="",
    )


def _source_file(
    path: str, digest: str, settings: str, found: Sequence[RawDocument | Rejection], repeats: Sequence[str]
) -> SourceFile:
    return SourceFile(
        path=path,
        digest=digest,
        settings_digest=settings,
        documents=tuple(one.document_id for one in found if isinstance(one, RawDocument)),
        rejected=tuple(dict.fromkeys(one.document_id for one in found if isinstance(one, Rejection))),
        repeats=tuple(dict.fromkeys(repeats)),
    )


def iter_documents(
    inputs: CollectInputs, *, config: CollectConfig | None = None, readers: Sequence[Reader] | None = None
) -> Iterator[RawDocument | Rejection]:
    """Like `run`, one by one in order of path, for a caller that shows progress.

    Consent and the folder are checked by the call itself, before the first document is asked for.
    """
    walk = _walk(inputs, config or CollectConfig(), default_readers() if readers is None else tuple(readers))
    units = walk.units()
    return (reading for unit in units for reading in unit.read())


def read_source(
    persona: PersonaConfig, name: str, path: Path, *, config: CollectConfig | None = None
) -> Iterator[RawDocument | Rejection]:
    """Like `iter_documents`, of one source, wherever it lies: a folder, an archive or a single file."""
    inputs = CollectInputs(persona=persona, sources_folder=path if path.is_dir() else path.parent)
    walk = _walk(inputs, config or CollectConfig(), default_readers())
    return (reading for unit in walk.source(name, path) for reading in unit.read())


def _walk(inputs: CollectInputs, config: CollectConfig, readers: tuple[Reader, ...]) -> Walk:
    return Walk(inputs.persona, inputs.sources_folder, readers, config.max_file_mb * MEBIBYTE, config.archives)


def _nothing_read(sources_folder: Path, rejections: list[Rejection]) -> SourceError:
    reasons = ", ".join(sorted({one.reason.partition(":")[0] for one in rejections})) or "no files"
    return SourceError(
        f"nothing in {sources_folder} could be read ({len(rejections)} rejected: {reasons})",
        next_step="add files of a format that can be read: Markdown, HTML, PDF, Word, text, VTT, mail, CSV, JSONL, or "
        "exports of Slack, GitHub, LinkedIn, Medium, Substack, X, Notion, Telegram, WordPress, ChatGPT and Claude",
    )
