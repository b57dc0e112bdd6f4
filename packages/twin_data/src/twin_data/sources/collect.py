"""The collecting stage: every file under `sources/` becomes documents, or a rejection that says why not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin_data.configuration.persona import PersonaConfig, SourceOptions
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_file
from twin_data.contracts.documents import RawDocument, Rejection
from twin_data.contracts.errors import SourceError
from twin_data.sources.archives import ArchiveLimits, is_archive, stem_of, unpack
from twin_data.sources.formats import default_readers
from twin_data.sources.reader import DEFAULT_MAX_FILE_MB, MEBIBYTE, ReadContext, Reader, Skipped, Unreadable

STAGE = "collect"
HIDDEN_FOLDERS = frozenset({"__MACOSX"})


class CollectConfig(Contract):
    """Limits of the stage."""

    max_file_mb: int = DEFAULT_MAX_FILE_MB
    archives: ArchiveLimits = ArchiveLimits()


class CollectInputs(Contract):
    """Whose sources, and where they lie: each direct child of the folder is one."""

    persona: PersonaConfig
    sources_folder: Path


class Collected(Contract):
    """What the stage found, each in order of document id."""

    documents: tuple[RawDocument, ...]
    rejections: tuple[Rejection, ...]


def run(inputs: CollectInputs, *, config: CollectConfig | None = None) -> Collected:
    """Read every source of a persona.

    Raises:
        ConsentError: The persona does not state owner, consent and licence.
        SourceError: There are no sources, nothing in them could be read, or two documents have one id.
    """
    documents: dict[str, RawDocument] = {}
    rejections: list[Rejection] = []
    for reading in iter_documents(inputs, config=config):
        if isinstance(reading, Rejection):
            rejections.append(reading)
        elif reading.document_id in documents:
            raise SourceError(
                f"two documents have the id {reading.document_id!r}", next_step="rename one of the two files"
            )
        else:
            documents[reading.document_id] = reading
    rejections.sort(key=lambda one: (one.document_id, one.reason, one.text_digest))
    if not documents:
        raise _nothing_read(inputs.sources_folder, rejections)
    return Collected(documents=tuple(documents[one] for one in sorted(documents)), rejections=tuple(rejections))


def iter_documents(
    inputs: CollectInputs, *, config: CollectConfig | None = None, readers: Sequence[Reader] | None = None
) -> Iterator[RawDocument | Rejection]:
    """Like `run`, one by one in order of path, for a caller that shows progress.

    Consent and the folder are checked by the call itself, before the first document is asked for.
    """
    inputs.persona.require_consent()
    sources = list_sources(inputs.sources_folder)
    collector = _Collector(
        inputs.persona, config or CollectConfig(), default_readers() if readers is None else tuple(readers)
    )
    return (reading for name, path in sources for reading in collector.source(name, path))


def read_source(
    persona: PersonaConfig, name: str, path: Path, *, config: CollectConfig | None = None
) -> Iterator[RawDocument | Rejection]:
    """Like `iter_documents`, of one source, wherever it lies: a folder, an archive or a single file."""
    return _Collector(persona, config or CollectConfig(), default_readers()).source(name, path)


def list_sources(sources_folder: Path) -> list[tuple[str, Path]]:
    """The sources by name, in order.

    Raises:
        SourceError: There are none, or two of one name.
    """
    children = sorted(sources_folder.iterdir()) if sources_folder.is_dir() else []
    if not any(not _is_hidden(child) for child in children):
        raise SourceError(
            f"{sources_folder} holds no sources", next_step="add some: twin add FILE_OR_FOLDER_OR_ARCHIVE"
        )
    sources: dict[str, Path] = {}
    for child in children:
        name = child.name if child.is_dir() or _is_hidden(child) else stem_of(child)
        if name in sources:
            raise SourceError(
                f"{sources[name].name} and {child.name} in {sources_folder} are both the source {name!r}",
                next_step="rename or remove one of them",
            )
        sources[name] = child
    return sorted(sources.items())


def _nothing_read(sources_folder: Path, rejections: list[Rejection]) -> SourceError:
    reasons = ", ".join(sorted({one.reason.partition(":")[0] for one in rejections})) or "no files"
    return SourceError(
        f"nothing in {sources_folder} could be read ({len(rejections)} rejected: {reasons})",
        next_step="add files of a format that can be read: Markdown, HTML, text, VTT, mbox, JSONL, "
        "or exports of Slack, GitHub and LinkedIn",
    )


@dataclass(frozen=True)
class _Collector:
    """Reads sources with one set of options."""

    persona: PersonaConfig
    config: CollectConfig
    readers: tuple[Reader, ...]

    def source(self, name: str, path: Path) -> Iterator[RawDocument | Rejection]:
        """Everything in one source: a folder, an archive or a single file."""
        context = ReadContext(
            source=name,
            root=path if path.is_dir() else path.parent,
            author=self.persona.author,
            options=self.persona.sources.get(name, SourceOptions()),
            max_file_bytes=self.config.max_file_mb * MEBIBYTE,
        )
        if path.is_file() and not path.is_symlink() and not _is_hidden(path) and is_archive(path):
            yield from self._archive(path, context)
        else:
            yield from self._path(path, context)

    def _archive(self, path: Path, context: ReadContext) -> Iterator[RawDocument | Rejection]:
        with tempfile.TemporaryDirectory(prefix="twin-archive-") as scratch:
            folder = Path(scratch) / "unpacked"
            try:
                unpack(path, folder, self.config.archives)
            except SourceError as error:  # the other sources are still read
                yield _rejection(path, context, f"unreadable: {error.message}".replace(str(path), path.name))
                return
            inside = ReadContext(
                context.source, folder, context.author, context.options, max_file_bytes=context.max_file_bytes
            )
            yield from self._path(folder, inside)

    def _path(self, path: Path, context: ReadContext) -> Iterator[RawDocument | Rejection]:
        if _is_hidden(path):
            yield from (_rejection(file, context, "hidden") for file in _files_under(path))
        elif path.is_symlink():
            yield _rejection(path, context, "symlink")
        elif not path.is_dir() and not path.is_file():
            yield _rejection(path, context, "not_a_file")
        else:
            yield from self._plain_path(path, context)

    def _plain_path(self, path: Path, context: ReadContext) -> Iterator[RawDocument | Rejection]:
        try:
            reader = self._reader_of(path)
            children = sorted(path.iterdir()) if path.is_dir() else []
        except OSError as error:
            yield _rejection(path, context, f"unreadable: {error.strerror}")
            return
        if reader is not None:
            yield from _read(reader, path, context)
        elif path.is_file():
            yield _rejection(path, context, "unknown_format")
        for child in children if reader is None else []:
            yield from self._path(child, context)

    def _reader_of(self, path: Path) -> Reader | None:
        is_folder = path.is_dir()
        return next((one for one in self.readers if one.reads_folders == is_folder and one.claims(path)), None)


def _read(reader: Reader, path: Path, context: ReadContext) -> Iterator[RawDocument | Rejection]:
    """What a reader makes of a file or folder, its notes turned into rejections."""
    try:
        for reading in reader.read(path, context):
            if isinstance(reading, Skipped):
                yield _rejection(reading.path, context, reading.reason, part=reading.part, digest=reading.digest)
            else:
                yield reading
    except Unreadable as error:
        for file in _files_under(path):
            yield _rejection(file, context, error.reason)


def _files_under(path: Path) -> list[Path]:
    """The file itself, or every file below a folder; links are listed, not followed."""
    if path.is_symlink() or not path.is_dir():
        return [path]
    return sorted(one for one in path.rglob("*") if one.is_symlink() or not one.is_dir())


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in HIDDEN_FOLDERS


def _digest_if_readable(path: Path) -> str:
    """The file's digest; empty for links, pipes and what the system does not hand out."""
    if path.is_symlink() or not path.is_file():
        return ""
    try:
        return digest_file(path)
    except OSError:
        return ""


def _rejection(
    path: Path, context: ReadContext, reason: str, *, part: str | None = None, digest: str = ""
) -> Rejection:
    """A rejection without text: what could not be read may hold anything, secrets too."""
    return Rejection(
        stage=STAGE,
        document_id=context.document_id(path, part),
        text_digest=digest or _digest_if_readable(path),
        start=0,
        end=0,
        reason=reason,
        redacted_text="",
    )
