"""A planted sentence is found in every container that a home may hold it in."""

from __future__ import annotations

import base64
import gzip
import io
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.forgetting.contents import UnreadableContent, decoded, texts_of
from flows.forgetting.wording import MIN_RUN_WORDS, Hasher, Wording, words_of

SECRET = "The lamp on the eastern jetty went out and nobody came to light it again."
WORDING = Wording.of(Hasher(b"k" * 32), [(words_of(SECRET), MIN_RUN_WORDS)])


def zipped(path: Path, compression: int) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("samples/one.json", f'{{"answer": "{SECRET}"}}')


def inspect_log(path: Path) -> None:
    import zipfile_zstd  # noqa: F401 -- teaches zipfile the compression

    zipped(path, zipfile.ZIP_ZSTANDARD)  # type: ignore[attr-defined]


def backup(path: Path) -> None:
    table = io.BytesIO()
    pl.DataFrame({"text": [SECRET]}).write_parquet(table)
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo("features/ada/chunks/part-0.parquet")
        entry.size = len(table.getvalue())
        tar.addfile(entry, io.BytesIO(table.getvalue()))


def nested_table(path: Path) -> None:
    pl.DataFrame({"n": [1], "prompt": [[{"role": "user", "content": SECRET}]]}).write_parquet(path)


def database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE log (message TEXT, blob BLOB)")
        connection.execute("INSERT INTO log VALUES ('fine', ?)", (SECRET.encode(),))


def free_page(path: Path) -> None:
    """Deleted, but never overwritten."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE log (message TEXT)")
        connection.execute("INSERT INTO log VALUES (?)", (SECRET * 100,))
        connection.execute("DELETE FROM log")


def pickled(path: Path) -> None:
    path.write_text(base64.encodebytes(pickle.dumps(ValueError(SECRET, "more" * 40))).decode(), "ascii")


def page(path: Path) -> None:
    path.write_text(SECRET.replace("eastern", "<mark class='x'>eastern</mark>"), "utf-8")


CONTAINERS: dict[str, Callable[[Path], object]] = {
    "a.txt": lambda path: path.write_text(SECRET, "utf-8"),
    "a.json": lambda path: path.write_text('{"a": "' + SECRET.replace(" ", "\\n") + '"}', "utf-8"),
    "a.bin": lambda path: path.write_bytes(b"\x00\xff\x9c" * 50 + SECRET.encode() + b"\x00\xfe"),
    "a.json.gz": lambda path: path.write_bytes(gzip.compress(SECRET.encode())),
    "a.zip": lambda path: zipped(path, zipfile.ZIP_DEFLATED),
    "inspect.eval": inspect_log,
    "twin.tar.gz": backup,
    "part-0.snappy.parquet": nested_table,
    "a.db": database,
    "free.db": free_page,
    "prefect/storage/7140": pickled,
    "report.html": page,
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_it_is_found_in(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    CONTAINERS[name](path)
    assert any(WORDING.is_in(text) for text in texts_of(path))


@pytest.mark.parametrize("name", ["a.zip", "inspect.eval", "twin.tar.gz", "part-0.snappy.parquet"])
def test_its_bytes_alone_would_not_show_it(name: str, tmp_path: Path) -> None:
    """What the readers are for: the compressed bytes do not hold it."""
    CONTAINERS[name](tmp_path / name)
    assert SECRET.encode() not in (tmp_path / name).read_bytes()
    assert any(WORDING.is_in(text) for text in decoded(tmp_path / name))


def test_what_its_own_reader_cannot_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(b"PK\x03\x04" + b"\x00" * 40)
    with pytest.raises(UnreadableContent, match="BadZipFile"):
        list(texts_of(path))
