"""Every text that a file holds, whatever it is packed in: each format by its own reader, then the bytes as they lie.

The bytes are searched even where a reader was found: a database keeps deleted rows in free pages, a log may be cut off.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import gzip
import io
import re
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import polars as pl
import zipfile_zstd  # type: ignore[import-untyped]  # noqa: F401 -- teaches zipfile the compression of Inspect's logs

SQLITE, ZIP, GZIP, PARQUET = b"SQLite format 3\x00", b"PK\x03\x04", b"\x1f\x8b", b"PAR1"
MOST_TEXT_BYTES = 64 << 20
"""Of a larger file a piece at a time is read."""
OVERLAP_BYTES = 4096
_PRINTABLE = bytes(one if one in b"\t\n\r" or one >= 0x20 and one != 0x7F else 0 for one in range(256))
"""Byte values as they are where they may be text, else 0."""
_MIN_STRETCH_BYTES, _MIN_SPACES = 16, 2
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s\\n]{200,}")
_MARKUP = frozenset({".html", ".htm", ".xhtml", ".xml"})


class UnreadableContent(Exception):
    """A file's own reader does not read it."""


def texts_of(path: Path) -> Iterator[str]:
    """All texts of a file: decoded by its own reader, and its raw bytes.

    Raises:
        UnreadableContent: It begins like a format whose reader then fails.
        OSError: The system does not hand it out.
    """
    yield from decoded(path)
    yield from raw(path)


def decoded(path: Path) -> Iterator[str]:
    """What the reader of a file's format makes of it; nothing of a format that needs none.

    Raises:
        UnreadableContent: The reader fails.
    """
    with path.open("rb") as stream:
        head = stream.read(16)
    try:
        if head == SQLITE:
            yield from (cell for _, _, cell in sqlite_cells(path))
        elif head.startswith(PARQUET):
            yield from _parquet_texts(path)
        elif head.startswith((ZIP, GZIP)):
            yield from _packed_texts(path.read_bytes(), path.name)
        elif path.suffix in _MARKUP:
            yield _TAG.sub(" ", path.read_bytes().decode("utf-8", "replace"))
        elif _is_pickled(path):
            yield from _unpickled_texts(path.read_text("utf-8", "replace"))
    except (sqlite3.Error, pl.exceptions.PolarsError, pl.exceptions.PanicException, *_BAD_ARCHIVE) as error:
        raise UnreadableContent(f"{type(error).__name__}: {error}") from error


_BAD_ARCHIVE = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError, NotImplementedError)


def raw(path: Path) -> Iterator[str]:
    """The readable stretches of a file's bytes, piece by piece."""
    with path.open("rb") as stream:
        yield from _stretches(stream)


def is_text(path: Path) -> bool:
    """Whether a file is plain UTF-8 text."""
    data = path.read_bytes()
    try:
        return b"\0" not in data and bool(data.decode("utf-8") or True)
    except UnicodeDecodeError:
        return False


def sqlite_cells(path: Path) -> Iterator[tuple[str, int, str]]:
    """Each text cell of each table with its table and row id, from a connection that writes nothing."""
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for table in tables_of(connection):
            for number, *cells in connection.execute(f'SELECT rowid, * FROM "{table}"'):
                for cell in cells:
                    if isinstance(cell, str):
                        yield table, number, cell
                    elif isinstance(cell, bytes):
                        yield table, number, cell.decode("utf-8", "replace")


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """The tables that have rows of their own."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%'")
    return [name for (name,) in found if not name.startswith("sqlite_")]


def leaves(value: object) -> Iterator[str]:
    """The texts inside a value of nested lists and mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)


def with_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of a frame that may hold text."""
    return frame.select([name for name, kind in frame.schema.items() if _may_hold_text(kind)])


def _may_hold_text(kind: pl.DataType) -> bool:
    if isinstance(kind, pl.Struct):
        return any(_may_hold_text(one.dtype) for one in kind.fields)  # type: ignore[arg-type]
    if isinstance(kind, (pl.List, pl.Array)):
        return _may_hold_text(kind.inner)  # type: ignore[arg-type]
    return isinstance(kind, (pl.String, pl.Categorical, pl.Enum))


def _parquet_texts(path: Path) -> Iterator[str]:
    for row in with_text(pl.read_parquet(path)).iter_rows():
        yield from leaves(row)


def _packed_texts(data: bytes, name: str) -> Iterator[str]:
    """The members of an archive, and of archives inside it."""
    if data.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield member.filename
                yield from _member_texts(archive.read(member), member.filename)
        return
    if tarfile.is_tarfile(io.BytesIO(data)):
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for entry in tar:
                yield entry.name
                if stream := tar.extractfile(entry):
                    yield from _member_texts(stream.read(), entry.name)
        return
    yield from _member_texts(gzip.decompress(data), name.removesuffix(".gz"))


def _member_texts(data: bytes, name: str) -> Iterator[str]:
    if data.startswith((ZIP, GZIP)):
        yield from _packed_texts(data, name)
    elif data.startswith(PARQUET):
        for row in with_text(pl.read_parquet(io.BytesIO(data))).iter_rows():
            yield from leaves(row)
    else:
        if Path(name).suffix in _MARKUP:
            yield _TAG.sub(" ", data.decode("utf-8", "replace"))
        yield from _stretches(io.BytesIO(data))


def _is_pickled(path: Path) -> bool:
    """Prefect keeps results and errors as base64 inside text."""
    return path.parent.name == "storage" and path.parent.parent.name == "prefect"


def _unpickled_texts(text: str) -> Iterator[str]:
    """The readable stretches of base64 inside a text. A pickle is never loaded: that would run what it says."""
    for found in _BASE64.finditer(text):
        packed = re.sub(r"\\n|\s", "", found[0])
        with contextlib.suppress(binascii.Error):
            yield from _stretches(io.BytesIO(base64.b64decode(packed[: len(packed) // 4 * 4])))


def _stretches(stream: IO[bytes]) -> Iterator[str]:
    before = b""
    while piece := stream.read(MOST_TEXT_BYTES):
        data = before + piece
        try:
            yield data.decode("utf-8")
        except UnicodeDecodeError:
            yield "\n".join(one.decode("utf-8", "replace") for one in _readable(data))
        before = piece[-OVERLAP_BYTES:] if len(piece) == MOST_TEXT_BYTES else b""


def _readable(data: bytes) -> Iterator[bytes]:
    """Stretches that may be several words of text."""
    for one in data.translate(_PRINTABLE).split(b"\0"):
        if len(one) >= _MIN_STRETCH_BYTES and one.count(b" ") + one.count(b"\n") >= _MIN_SPACES:
            yield one
