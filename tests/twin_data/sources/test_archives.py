from __future__ import annotations

import gzip
import io
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.errors import SourceError
from twin_data.sources.archives import ArchiveLimits, is_archive, stem_of, unpack

LIMITS = ArchiveLimits(max_total_mb=20, max_files=5, max_ratio=50)
Entries = list[tuple[str, bytes]]


def write_zip(path: Path, entries: Entries, *, mode: int = stat.S_IFREG | 0o644) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.filename = name  # as written: the constructor would mend some names
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return path


def write_tar(path: Path, entries: Entries, *, kind: bytes = tarfile.REGTYPE, target: str = "") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in entries:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, target, len(data) if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(data))
    return path


WRITERS: list[tuple[str, Callable[..., Path]]] = [("a.zip", write_zip), ("a.tar.gz", write_tar)]
each_format = pytest.mark.parametrize(("name", "write"), WRITERS, ids=["zip", "tar"])


def contents(folder: Path) -> dict[str, bytes]:
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def refused(archive: Path, tmp_path: Path, match: str) -> None:
    with pytest.raises(SourceError, match=match) as caught:
        unpack(archive, tmp_path / "out", LIMITS)
    assert caught.value.next_step
    assert not (tmp_path / "out").exists()
    assert [one.name for one in tmp_path.iterdir()] == [archive.name]


@each_format
def test_unpacks_files_and_folders(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    entries = [("a.md", b"A"), ("deep/er/b.md", b"B"), ("./c.md", b"")]
    archive = write(tmp_path / name, entries)
    assert unpack(archive, tmp_path / "out", LIMITS) == 3
    assert contents(tmp_path / "out") == {"a.md": b"A", "deep/er/b.md": b"B", "c.md": b""}


@each_format
@pytest.mark.parametrize(
    "entry", ["../x.md", "a/../../x.md", "/x.md", "a/..\\..\\x.md", "C:\\x.md", "C:/x.md", "\\x.md"]
)
def test_names_that_lead_out(tmp_path: Path, name: str, write: Callable[..., Path], entry: str) -> None:
    refused(write(tmp_path / name, [("good.md", b"A"), (entry, b"B")]), tmp_path, "x.md.*leads out of the archive")


@each_format
def test_same_name_twice(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    with pytest.warns(UserWarning) if write is write_zip else tempfile.TemporaryDirectory():
        archive = write(tmp_path / name, [("a.md", b"A"), ("a.md", b"B")])
    refused(archive, tmp_path, "'a.md' was refused: an entry of that name came before")


@each_format
def test_file_used_as_a_folder(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    refused(write(tmp_path / name, [("a", b"A"), ("a/b.md", b"B")]), tmp_path, "'a/b.md' was refused")


@each_format
def test_too_many_files(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    entries = [(f"{number}.md", b"A") for number in range(6)]
    refused(write(tmp_path / name, entries), tmp_path, "'5.md' was refused: it is one more than the 5 files")


@each_format
def test_ratio_bomb(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    refused(write(tmp_path / name, [("bomb.md", b"a" * 6_000_000)]), tmp_path, "'bomb.md'.*over 50 times its size")


@each_format
def test_size_bomb(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    entries = [(f"{number}.md", b"a" * 11_000_000) for number in range(2)]
    archive = write(tmp_path / name, entries)
    with pytest.raises(SourceError, match=r"'1.md'.*larger than 20 MiB"):
        unpack(archive, tmp_path / "out", LIMITS.model_copy(update={"max_ratio": 1e9}))


def test_little_blank_text_is_no_bomb(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", [("blank.md", b" " * 1_000_000)])
    assert unpack(archive, tmp_path / "out", LIMITS) == 1


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_tar(tmp_path: Path, kind: bytes) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", [("way-out", b"")], kind=kind, target="/etc/passwd")
    refused(archive, tmp_path, "'way-out' was refused: it is a link or device")


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o600, stat.S_IFIFO | 0o600])
def test_links_and_devices_in_zip(tmp_path: Path, mode: int) -> None:
    archive = write_zip(tmp_path / "a.zip", [("way-out", b"/etc/passwd")], mode=mode)
    refused(archive, tmp_path, "'way-out' was refused: it is a link or device")


def test_encrypted_zip(tmp_path: Path) -> None:
    data = bytearray(write_zip(tmp_path / "a.zip", [("a.md", b"A")]).read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    refused(tmp_path / "a.zip", tmp_path, "'a.md' was refused: it is encrypted")


def test_swollen_tar_headers_hit_the_limits(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a.md")
        member.pax_headers = {"comment": "a" * 8_000_000}
        archive.addfile(member)
    refused(tmp_path / "a.tar.gz", tmp_path, "over 50 times its size")


@each_format
def test_damaged_archives(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    whole = write(tmp_path / name, [("a.md", bytes(range(256)) * 300)]).read_bytes()
    for damaged in (b"", b"not an archive", whole[: len(whole) // 2], whole[:60] + b"\x00\xff" * 40 + whole[140:]):
        (tmp_path / name).write_bytes(damaged)
        refused(tmp_path / name, tmp_path, "damaged|holds no files|cannot be unpacked")


def test_empty_archives(tmp_path: Path) -> None:
    refused(write_zip(tmp_path / "a.zip", []), tmp_path, "holds no files")


def test_names() -> None:
    assert [is_archive(Path(one)) for one in ("a.ZIP", "a.tar.gz", "a.tgz", "a.tar", "a.md")] == [True] * 4 + [False]
    assert [stem_of(Path(one)) for one in ("a.b.zip", "a.tar.gz", "a.md")] == ["a.b", "a", "a"]


NAMES = st.lists(st.sampled_from(["a", "b", "..", ".", "", "c.md", "\\", "C:", "/"]), min_size=1, max_size=4).map(
    "/".join
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(NAMES, st.binary(max_size=20), min_size=1, max_size=4), st.sampled_from(WRITERS))
def test_whatever_the_names_nothing_is_written_outside(
    entries: dict[str, bytes], writer: tuple[str, Callable[..., Path]]
) -> None:
    name, write = writer
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        archive = write(folder / name, list(entries.items()))
        try:
            count = unpack(archive, folder / "in" / "out", LIMITS)
        except SourceError:
            assert not (folder / "in" / "out").exists()
        else:
            assert len(contents(folder / "in" / "out")) == count
        outside = {one for one in folder.rglob("*") if one.is_file() and not one.is_relative_to(folder / "in" / "out")}
        assert outside == {archive}


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=400), st.sampled_from(["a.zip", "a.tar", "a.tar.gz"]), st.booleans())
def test_any_bytes_are_an_archive_or_an_error(data: bytes, name: str, compressed: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch, name)
        archive.write_bytes(gzip.compress(data) if compressed else data)
        with pytest.raises(SourceError):
            unpack(archive, Path(scratch, "out"), LIMITS)
