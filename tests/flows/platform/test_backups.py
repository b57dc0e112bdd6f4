from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.platform import supervisor
from flows.platform.backups import MANIFEST, NOTES, backup, restore
from flows.platform.home_schema import SCHEMA_VERSION, open_home
from flows.platform.service import Service
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import IntegrityError, PlatformError

PARTS = st.text("abcdefghijklmnopqrstuvwxyzäß 0123456789._-", min_size=1, max_size=12).filter(
    lambda part: part not in (".", "..")
)
FILES = st.dictionaries(PARTS, st.binary(max_size=2000), max_size=8)


def fill(home: TwinHome, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def contents(home: TwinHome) -> dict[str, bytes]:
    """All files but the note of where backups were written, which is made after each."""
    files = (path for path in home.root.rglob("*") if path.is_file() and path.name != NOTES)
    return {path.relative_to(home.root).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def elsewhere(tmp_path: Path) -> TwinHome:
    return TwinHome(tmp_path / "restored")


@pytest.fixture
def saved(home: TwinHome, tmp_path: Path) -> Path:
    fill(
        home,
        {"personas/ada/persona.yaml": b"name: ada\n", "secrets/key": b"k", "registry/artifacts/a.bin": b"\x00" * 999},
    )
    backup(home, tmp_path / "saved.tar.gz")
    return tmp_path / "saved.tar.gz"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_what_is_saved_is_restored(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("trip")
    home, again = open_home(TwinHome(folder / "home")), TwinHome(folder / "again")
    fill(home, {f"features/{name}": data for name, data in files.items()})
    backup(home, folder / "saved.tar.gz")
    manifest = restore(folder / "saved.tar.gz", again)
    assert contents(again) == contents(home)
    assert set(manifest.files) == set(contents(home))


def test_logs_run_files_and_the_index_are_left_out(home: TwinHome, elsewhere: TwinHome, tmp_path: Path) -> None:
    fill(
        home,
        {"logs/a.log": b"x", "run/a.json": b"{}", "elasticsearch/data/x": b"x", "features/ada/elasticsearch": b"kept"},
    )
    backup(home, tmp_path / "saved.tar.gz")
    restore(tmp_path / "saved.tar.gz", elsewhere)
    assert set(contents(elsewhere)) == {"VERSION", "features/ada/elasticsearch"}


def test_the_archive_and_the_restored_secrets_are_private(saved: Path, elsewhere: TwinHome) -> None:
    assert saved.stat().st_mode & 0o777 == 0o600
    restore(saved, elsewhere)
    assert elsewhere.secrets.stat().st_mode & 0o777 == 0o700
    assert elsewhere.root.stat().st_mode & 0o077 == 0


def test_a_file_named_like_a_part_of_a_database_is_kept(home: TwinHome, elsewhere: TwinHome, tmp_path: Path) -> None:
    fill(
        home,
        {"personas/ada/sources/my-journal": b"dear diary", "personas/-wal": b"w", "personas/x": b"SQLite format 3\x00"},
    )
    backup(home, tmp_path / "saved.tar.gz")
    restore(tmp_path / "saved.tar.gz", elsewhere)
    assert contents(elsewhere) == contents(home)


@pytest.fixture
def written_to(home: TwinHome) -> Iterator[sqlite3.Connection]:
    """A database in WAL mode with an open connection, an uncommitted row, and rows that are only in the WAL."""
    with contextlib.closing(sqlite3.connect(home.serving_database)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table ledger (n integer)")
        connection.execute("insert into ledger values (1), (2)")
        connection.commit()
        connection.execute("insert into ledger values (3)")
        yield connection


def test_a_database_in_use_is_copied_as_it_was_committed(
    home: TwinHome, elsewhere: TwinHome, written_to: sqlite3.Connection, tmp_path: Path
) -> None:
    assert (home.root / "serving.db-wal").stat().st_size
    backup(home, tmp_path / "saved.tar.gz")
    restore(tmp_path / "saved.tar.gz", elsewhere)
    assert not (elsewhere.root / "serving.db-wal").exists()
    with contextlib.closing(sqlite3.connect(elsewhere.serving_database)) as restored:
        assert restored.execute("select n from ledger order by n").fetchall() == [(1,), (2,)]
        assert restored.execute("pragma integrity_check").fetchone() == ("ok",)


def test_what_refers_to_files_comes_before_them(home: TwinHome, tmp_path: Path) -> None:
    fill(home, {"features/ada/chunks/a.parquet": b"rows", "features/ada/chunks/_delta_log/0.json": b"{}"})
    backup(home, tmp_path / "saved.tar.gz")
    with tarfile.open(tmp_path / "saved.tar.gz") as tar:
        names = tar.getnames()
    assert names.index("features/ada/chunks/_delta_log/0.json") < names.index("features/ada/chunks/a.parquet")
    assert names[-1] == MANIFEST


def test_linked_files_are_copied_and_linked_folders_reported(
    home: TwinHome, elsewhere: TwinHome, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "post.md").write_text("hello")
    home.personas.mkdir()
    (home.personas / "post.md").symlink_to(outside / "post.md")
    (home.personas / "folder").symlink_to(outside)
    (home.personas / "gone").symlink_to(outside / "absent")
    manifest = backup(home, tmp_path / "saved.tar.gz")
    assert manifest.skipped == ("personas/folder", "personas/gone")
    restore(tmp_path / "saved.tar.gz", elsewhere)
    assert (elsewhere.personas / "post.md").read_text() == "hello"
    assert not (elsewhere.personas / "post.md").is_symlink()


def test_a_target_inside_the_home_is_refused(home: TwinHome) -> None:
    with pytest.raises(PlatformError, match="inside the home"):
        backup(home, home.root / "saved.tar.gz")


def test_what_is_no_home_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="not a twin home"):
        backup(TwinHome(tmp_path), tmp_path / "saved.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_not_empty_is_kept(saved: Path, elsewhere: TwinHome) -> None:
    fill(open_home(elsewhere), {"personas/own": b"mine"})
    with pytest.raises(PlatformError, match="is not empty") as caught:
        restore(saved, elsewhere)
    assert "--force" in caught.value.next_step
    assert contents(elsewhere)["personas/own"] == b"mine"


def test_force_replaces_all_of_it(saved: Path, elsewhere: TwinHome, home: TwinHome) -> None:
    fill(open_home(elsewhere), {"personas/own": b"mine"})
    restore(saved, elsewhere, force=True)
    assert contents(elsewhere) == contents(home)
    assert {path.name for path in elsewhere.root.parent.iterdir()} == {"home", "restored", "saved.tar.gz"}


def test_force_never_replaces_what_is_no_home(saved: Path, elsewhere: TwinHome) -> None:
    fill(elsewhere, {"thesis.tex": b"years of work"})
    with pytest.raises(PlatformError, match="not a twin home"):
        restore(saved, elsewhere, force=True)
    assert contents(elsewhere) == {"thesis.tex": b"years of work"}


def test_a_running_platform_is_not_replaced(saved: Path, home: TwinHome, make_service: Callable[..., Service]) -> None:
    supervisor.up(home, [make_service()])
    with pytest.raises(PlatformError, match="is running") as caught:
        restore(saved, home, force=True)
    assert caught.value.next_step == "twin down"


def rewritten(saved: Path, change: Callable[[dict[str, tuple[tarfile.TarInfo, bytes]]], None]) -> Path:
    """The archive with its members changed."""
    with tarfile.open(saved) as tar:
        members = {m.name: (m, stream.read() if (stream := tar.extractfile(m)) else b"") for m in tar.getmembers()}
    change(members)
    with tarfile.open(saved, "w:gz") as tar:
        for member, data in members.values():
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return saved


def alter(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    members["secrets/key"] = (members["secrets/key"][0], b"K")


def drop(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    del members["secrets/key"]


def add(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    members["extra"] = (tarfile.TarInfo("extra"), b"extra")


def climb(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    members["climb"] = (tarfile.TarInfo("../climbed"), b"evil")


def absolute(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    members["absolute"] = (tarfile.TarInfo("/tmp/../../climbed"), b"evil")


def link(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    entry = tarfile.TarInfo("personas/link")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members["link"] = (entry, b"")


def forget_manifest(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    del members[MANIFEST]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (alter, "secrets/key has another digest"),
        (drop, "secrets/key is missing"),
        (add, "extra is not in the manifest"),
        (climb, "not a whole backup"),
        (absolute, "not a whole backup|not in the manifest"),
        (link, "not a whole backup"),
        (forget_manifest, "no valid MANIFEST"),
    ],
)
def test_a_changed_archive_is_refused_and_leaves_nothing(
    change: Callable[[dict[str, tuple[tarfile.TarInfo, bytes]]], None], message: str, saved: Path, elsewhere: TwinHome
) -> None:
    before = {path.name for path in elsewhere.root.parent.iterdir()}
    with pytest.raises(IntegrityError, match=message):
        restore(rewritten(saved, change), elsewhere)
    assert {path.name for path in elsewhere.root.parent.iterdir()} == before


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_an_archive_cut_off_is_refused(keep: int, saved: Path, elsewhere: TwinHome) -> None:
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(IntegrityError):
        restore(saved, elsewhere)
    assert not elsewhere.root.exists()


def test_a_backup_of_a_newer_program_is_refused(saved: Path, elsewhere: TwinHome) -> None:
    def renumber(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
        entry, data = members[MANIFEST]
        members[MANIFEST] = (entry, json.dumps({**json.loads(data), "schema_version": SCHEMA_VERSION + 1}).encode())

    with pytest.raises(PlatformError, match=f"schema version {SCHEMA_VERSION + 1}"):
        restore(rewritten(saved, renumber), elsewhere)


def test_an_absent_archive_is_named(elsewhere: TwinHome, tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="absent.tar.gz does not exist"):
        restore(tmp_path / "absent.tar.gz", elsewhere)


def test_a_backup_that_fails_leaves_the_former_one(
    saved: Path, home: TwinHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = saved.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("flows.platform.backups._add", full)
    with pytest.raises(PlatformError, match="No space left"):
        backup(home, saved)
    assert saved.read_bytes() == former
    assert {path.name for path in saved.parent.iterdir()} == {"home", saved.name}
