"""What lies in a folder of sources, piece by piece: what is read as one, and what is passed over unseen."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from twin_data.configuration.persona import PersonaConfig, SourceOptions
from twin_data.contracts.digests import digest_file, digest_folder, digest_value
from twin_data.contracts.documents import RawDocument, Rejection
from twin_data.contracts.errors import SourceError
from twin_data.sources.archives import ArchiveLimits, is_archive, stem_of, unpack
from twin_data.sources.reader import ReadContext, Reader, Skipped, Unreadable, readable

STAGE = "collect"
MAX_ARCHIVES_AROUND = 2
HIDDEN_FOLDERS = frozenset({"__MACOSX"})


@dataclass(frozen=True)
class Unit:
    """What is read in one piece: a file, a folder of a format that reads folders, or an archive.

    Attributes:
        path: Inside the folder of sources.
        where: The same, on disk.
        settings_digest: Of the author and the source's options.
        is_content: Whether it has a digest; what is passed over unseen (a hidden file, a link) has none.
        read: Reads it.
    """

    path: str
    where: Path
    settings_digest: str
    is_content: bool
    read: Callable[[], Iterator[RawDocument | Rejection]]


@dataclass(frozen=True)
class Walk:
    """Goes through a folder of sources with one set of options.

    Attributes:
        persona: Whose sources.
        sources_folder: Each direct child is one source.
        readers: The formats, in the order in which they are asked.
        max_file_bytes: Larger files are rejected.
        archives: Limits of archives that lie among the sources.
        archives_around: How many archives lie around what is read.
    """

    persona: PersonaConfig
    sources_folder: Path
    readers: tuple[Reader, ...]
    max_file_bytes: int
    archives: ArchiveLimits
    archives_around: int = 0

    def units(self) -> Iterator[Unit]:
        """What there is to read, in order of path. Consent and the folder are checked by the call itself.

        Raises:
            ConsentError: The persona does not state owner, consent and licence.
            SourceError: There are no sources, or two of one name.
        """
        self.persona.require_consent()
        sources = list_sources(self.sources_folder)
        return (unit for name, path in sources for unit in self.source(name, path))

    def source(self, name: str, path: Path) -> Iterator[Unit]:
        """Everything in one source: a folder, an archive or a single file."""
        context = ReadContext(
            source=name,
            root=path if path.is_dir() else path.parent,
            author=self.persona.author,
            options=self.persona.sources.get(name, SourceOptions()),
            max_file_bytes=self.max_file_bytes,
        )
        if path.is_file() and not path.is_symlink() and not _is_hidden(path) and is_archive(path):
            yield self._unit(path, context, lambda: self._archive(path, context, PurePath()))
        else:
            yield from self._path(path, context)

    def _archive(self, path: Path, context: ReadContext, place: PurePath) -> Iterator[RawDocument | Rejection]:
        """What an archive holds; `place` is where in the source that is, for the documents' ids."""
        with tempfile.TemporaryDirectory(prefix="twin-archive-") as scratch:
            root = Path(scratch) / "unpacked"
            folder = root / place
            try:
                unpack(path, folder, self.archives)
            except SourceError as error:  # the other sources are still read
                yield _rejection(path, context, f"unreadable: {error.message}".replace(str(path), path.name))
                return
            unpacked = replace(self, sources_folder=root, archives_around=self.archives_around + 1)
            for unit in unpacked._path(folder, replace(context, root=root)):
                yield from unit.read()

    def _archive_within(self, path: Path, context: ReadContext) -> Iterator[RawDocument | Rejection]:
        """An archive inside a source: some exports come as parts that were packed once more."""
        if self.archives_around >= MAX_ARCHIVES_AROUND:
            yield _rejection(path, context, f"nested_too_deeply: over {MAX_ARCHIVES_AROUND} archives in each other")
        else:
            yield from self._archive(path, context, path.parent.relative_to(context.root) / stem_of(path))

    def _path(self, path: Path, context: ReadContext) -> Iterator[Unit]:
        if _is_hidden(path):
            for file in _files_under(path):
                yield self._refused(file, context, "hidden")
        elif path.is_symlink():
            yield self._refused(path, context, "symlink")
        elif not path.is_dir() and not path.is_file():
            yield self._refused(path, context, "not_a_file")
        elif not _is_utf8(path.name):  # an id, and what `twin forget` is told, must be text
            for file in _files_under(path):
                yield self._refused(file, context, "name_not_utf8")
        else:
            yield from self._plain_path(path, context)

    def _plain_path(self, path: Path, context: ReadContext) -> Iterator[Unit]:
        try:
            reader = self._reader_of(path)
            children = sorted(path.iterdir()) if path.is_dir() else []
        except OSError as error:
            yield self._refused(path, context, f"unreadable: {error.strerror}")
            return
        if reader is not None:
            yield self._unit(path, context, lambda: _read(reader, path, context))
        elif path.is_file() and is_archive(path):
            yield self._unit(path, context, lambda: self._archive_within(path, context))
        elif path.is_file():
            yield self._unit(path, context, lambda: iter([_rejection(path, context, "unknown_format")]))
        for child in children if reader is None else []:
            yield from self._path(child, context)

    def _unit(self, path: Path, context: ReadContext, read: Callable[[], Iterator[RawDocument | Rejection]]) -> Unit:
        settings = digest_value([context.author, context.options])
        return Unit(readable(path.relative_to(self.sources_folder)), path, settings, True, read)

    def _refused(self, path: Path, context: ReadContext, reason: str) -> Unit:
        """What is passed over unseen, so that its rejection is made anew by every run."""
        return Unit(
            readable(path.relative_to(self.sources_folder)), path, "", False,
            lambda: iter([_rejection(path, context, reason)]),
        )  # fmt: skip

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


def digest_of(path: Path) -> str:
    """The digest of a file or folder; empty where the system does not hand one out, and so never known."""
    try:
        return digest_folder(path) if path.is_dir() else digest_file(path)
    except OSError:
        return ""


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in HIDDEN_FOLDERS


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


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
