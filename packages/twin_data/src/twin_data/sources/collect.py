"""The collecting stage: every file under `sources/` becomes documents, or a rejection that says why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import RawDocument, Rejection
from twin_data.contracts.errors import SourceError
from twin_data.sources.archives import ArchiveLimits
from twin_data.sources.formats import default_readers
from twin_data.sources.reader import DEFAULT_MAX_FILE_MB, MEBIBYTE, Reader
from twin_data.sources.units import Unit, Walk, digest_of


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


def run(inputs: CollectInputs, *, config: CollectConfig | None = None, selection: Selection | None = None) -> Collected:
    """Read the sources of a persona: all of them, or what has changed.

    Raises:
        ConsentError: The persona does not state owner, consent and licence.
        SourceError: There are no sources, nothing in them could be read, or two documents have one id.
    """
    chosen, limits = selection or Selection({}), config or CollectConfig()
    documents: dict[str, RawDocument] = {}
    rejections: list[Rejection] = []
    read: list[SourceFile] = []
    kept: list[SourceFile] = []
    waiting = 0
    for unit in _walk(inputs, limits, default_readers()).units():
        known = chosen.known.get(unit.path)
        settings = digest_value([unit.settings_digest, limits])
        digest = chosen.digest_of(unit.where) if unit.is_content else ""
        if known and digest and (known.digest, known.settings_digest) == (digest, settings):
            kept.append(known)
            continue
        if unit.is_content and (len(read) == chosen.at_most or not chosen.is_ready(unit.where)):
            waiting += 1
            kept += [known] if known else []
            continue
        found = list(unit.read())
        for one in found:
            if isinstance(one, Rejection):
                rejections.append(one)
            elif one.document_id in documents:
                raise _same_id(one.document_id)
            else:
                documents[one.document_id] = one
        if unit.is_content:
            read.append(_source_file(unit, digest, settings, found))
    if again := next((one for file in kept for one in file.documents if one in documents), None):
        raise _same_id(again)
    rejections.sort(key=lambda one: (one.document_id, one.reason, one.text_digest))
    if not documents and not any(one.documents for one in kept) and not waiting:
        raise _nothing_read(inputs.sources_folder, rejections)
    ordered = tuple(documents[one] for one in sorted(documents))
    return Collected(
        documents=ordered, rejections=tuple(rejections), files=tuple(read), kept=tuple(kept), waiting=waiting
    )


def _source_file(unit: Unit, digest: str, settings: str, found: Sequence[RawDocument | Rejection]) -> SourceFile:
    return SourceFile(
        path=unit.path,
        digest=digest,
        settings_digest=settings,
        documents=tuple(one.document_id for one in found if isinstance(one, RawDocument)),
        rejected=tuple(dict.fromkeys(one.document_id for one in found if isinstance(one, Rejection))),
    )


def _same_id(document_id: str) -> SourceError:
    return SourceError(f"two documents have the id {document_id!r}", next_step="rename one of the two files")


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
        "exports of Slack, GitHub, LinkedIn, Medium, Substack, X, Notion, WordPress, ChatGPT and Claude",
    )
