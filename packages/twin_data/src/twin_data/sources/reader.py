"""The seam between the collecting stage and the formats it can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePath, PurePosixPath
from typing import Protocol
from urllib.parse import quote, urljoin

from twin_data.configuration.names import name_and_address
from twin_data.configuration.persona import Author, SourceOptions
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import short
from twin_data.contracts.documents import Block, DocumentKind, RawDocument, Role
from twin_data.contracts.errors import SourceError

MEBIBYTE = 1024 * 1024
DEFAULT_MAX_FILE_MB = 256


class Unreadable(SourceError):
    """A file of which nothing can be read. The collecting stage records it and goes on with the next.

    Attributes:
        path: The file.
        reason: A word for counting, optionally followed by `: ` and the particulars.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}", next_step="mend the file or take it out of the source")
        self.path = path
        self.reason = reason


class Skipped(Contract):
    """One record of a file, or one file of a folder, that a reader passed over while reading the rest."""

    path: Path
    reason: str
    part: str | None = None
    """The record within the file: a message id, a row."""
    digest: str = ""
    """Digest of the record; of the file, where empty."""


Reading = RawDocument | Skipped


class Reader(Protocol):
    """A format. Readers hold no state: one instance serves all files."""

    @property
    def name(self) -> str:
        """Short name of the format, for messages."""
        ...

    @property
    def reads_folders(self) -> bool:
        """Whether the format is a folder that is read as one whole, rather than a file."""
        ...

    def claims(self, path: Path) -> bool:
        """Whether this reader answers for a file, or for a folder if it reads those."""
        ...

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the documents of `path`, and what was passed over with its reason.

        Raises:
            Unreadable: Nothing of the file can be used.
        """
        ...


def readable(path: PurePath) -> str:
    """A path with forward slashes; bytes of it that are no UTF-8 are spelt out, since they are no text."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def joined_address(base: str, given: str) -> str:
    """An address that may be told from a base; empty for what is none, such as one with a torn `[`."""
    try:
        return urljoin(base, given)
    except ValueError:
        return ""


@dataclass(frozen=True)
class ReadContext:
    """What a reader is told about the source that a file lies in."""

    source: str
    root: Path
    """Folder of the source; for a source that is a single file, the folder that holds it."""
    author: Author
    options: SourceOptions = field(default_factory=SourceOptions)
    max_file_bytes: int = DEFAULT_MAX_FILE_MB * MEBIBYTE

    def read_bytes(self, path: Path) -> bytes:
        """The bytes of a file that is neither empty nor too large.

        Raises:
            Unreadable: It is, or the system refuses to hand it out.
        """
        self.check_size(path)
        try:
            return path.read_bytes()
        except OSError as error:
            raise Unreadable(path, f"unreadable: {error.strerror}") from error

    def check_size(self, path: Path) -> None:
        """Raise `Unreadable` if a file is empty or larger than a file may be."""
        try:
            size = path.stat().st_size
        except OSError as error:
            raise Unreadable(path, f"unreadable: {error.strerror}") from error
        if size == 0:
            raise Unreadable(path, "empty")
        if size > self.max_file_bytes:
            raise Unreadable(path, f"too_large: over {self.max_file_bytes // MEBIBYTE} MiB")

    def relative(self, path: Path) -> str:
        """The path inside the source, with forward slashes."""
        return readable(path.relative_to(self.root))

    def document_id(self, path: Path, part: str | None = None) -> str:
        """`<source>/<relative path>`, and `#<part>` for one record of several in a file."""
        whole = f"{self.source}/{self.relative(path)}".removesuffix("/.")
        return f"{whole}#{part}" if part else whole

    def url(self, path: Path, given: object = None) -> str | None:
        """The address that the file names itself, else its path under the source's address, if it has one.

        A path such as `/gates/` leads nowhere without the address of its site.
        """
        named = joined_address(self.options.url_base or "", given.strip()) if isinstance(given, str) else ""
        if "://" in named:
            return named
        if self.options.url_base:
            return self.options.url_base.rstrip("/") + "/" + quote(self.relative(path))
        return None

    def series(self, path: Path) -> str | None:
        """`<source>/<folder>` when the file lies in a folder that the persona declares to be one series."""
        relative = PurePosixPath(self.relative(path))
        for folder in self.options.series:
            if PurePosixPath(folder) in relative.parents:
                return f"{self.source}/{PurePosixPath(folder)}"
        return None

    def dated(self, found: date | None) -> date | None:
        """The date found in the file, else the one the source declares for undated documents."""
        return found or self.options.date

    def genre(self, told: DocumentKind) -> DocumentKind:
        """The genre that the format tells; `ARTICLE` says only that it is a text, so there the source's word counts."""
        return self.options.kind or told if told is DocumentKind.ARTICLE else told

    def sole_author(self, given: str | None) -> Attribution:
        """Whose words a file of one author holds: the persona's, unless it names somebody else."""
        if given is None:
            return Attribution(Role.OWN, None, "single-author source")
        name, address = name_and_address(given)
        return Attribution(self.role_of(given), name or address, "document author")

    def role_of(self, name: str | None) -> Role:
        """`OWN` if the name is the author's or one of the aliases, else `OTHER`."""
        return Role.OWN if self.author.is_named(name) else Role.OTHER


@dataclass(frozen=True)
class Attribution:
    """Who wrote a stretch of text, and how that is known."""

    role: Role
    author: str | None
    basis: str

    def apply(self, block: Block) -> Block:
        """The block as written by this author, unless it already stands as somebody else's words."""
        if block.role is not Role.OWN:
            return block
        return block.model_copy(update={"role": self.role, "author": self.author, "basis": self.basis})


def single_document(
    path: Path,
    context: ReadContext,
    *,
    kind: DocumentKind,
    title: str,
    blocks: tuple[Block, ...],
    digest: str,
    found_date: date | None = None,
    url: object = None,
    matter: str | None = None,
) -> RawDocument:
    """The document of a file that holds just one.

    Raises:
        Unreadable: There is no text in it.
    """
    if not blocks:
        raise Unreadable(path, "empty: no text")
    return RawDocument(
        document_id=context.document_id(path),
        source=context.source,
        kind=context.genre(kind),
        title=title,
        date=context.dated(found_date),
        url=context.url(path, url),
        blocks=blocks,
        series=context.series(path),
        matter=matter,
        content_digest=digest,
    )


class RecordIds:
    """Gives each record of a file an id of its own, also where the export repeats one."""

    def __init__(self) -> None:
        self._digest_of: dict[str, str] = {}

    def claim(self, wanted: str | None, digest: str) -> str | None:
        """The id for a record, or None if this very record was already seen.

        A second, different record under the same id gets its digest appended rather than a number, so
        that its id does not depend on what else the file holds.
        """
        record_id = wanted or short(digest)
        if self._digest_of.get(record_id, digest) != digest:
            record_id = f"{record_id}~{short(digest)}"
        if record_id in self._digest_of:
            return None
        self._digest_of[record_id] = digest
        return record_id
