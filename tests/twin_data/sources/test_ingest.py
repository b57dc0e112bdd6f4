from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.errors import SourceError
from twin_data.sources import ingest
from twin_data.sources.ingest import AddedSource, add_source


@pytest.fixture
def persona_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "nora"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return write(tmp_path / "My Vault", {"a.md": "A", "deep/b.md": "B", ".git/config": "history"})


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {one.relative_to(folder).as_posix(): one.read_text() for one in folder.rglob("*") if one.is_file()}


def counts(added: AddedSource) -> tuple[int, int, int, int]:
    return added.new, added.changed, added.removed, added.unchanged


def test_adds_a_folder(persona_folder: Path, vault: Path) -> None:
    added = add_source(persona_folder, vault)
    assert (added.name, added.files, added.bytes, counts(added)) == ("My-Vault", 2, 2, (2, 0, 0, 0))
    assert contents(persona_folder) == {"sources/My-Vault/a.md": "A", "sources/My-Vault/deep/b.md": "B"}


def test_adding_again_changes_only_what_changed(persona_folder: Path, vault: Path) -> None:
    write(vault, {"gone.md": "G", "same.md": "S"})
    add_source(persona_folder, vault, "blog")
    same = persona_folder / "sources" / "blog" / "same.md"
    before = same.stat()
    (vault / "gone.md").unlink()
    write(vault, {"a.md": "Z", "new.md": "N"})
    added = add_source(persona_folder, vault, "blog")
    assert counts(added) == (1, 1, 1, 2)
    assert contents(persona_folder / "sources") == {
        "blog/a.md": "Z",
        "blog/deep/b.md": "B",
        "blog/new.md": "N",
        "blog/same.md": "S",
    }
    assert (same.stat().st_ino, same.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert counts(add_source(persona_folder, vault, "blog")) == (0, 0, 0, 4)
    assert (vault / "a.md").stat().st_nlink == 1  # the copy shares nothing with the original


def test_adds_a_file_and_archives(persona_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.vtt").write_text("WEBVTT")
    with zipfile.ZipFile(tmp_path / "slack.zip", "w") as archive:
        archive.writestr("gates/1.json", "[]")
    with tarfile.open(tmp_path / "old.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "talk.vtt", arcname="talks/old.vtt")
    for origin in ("talk.vtt", "slack.zip", "old.tar.gz"):
        assert add_source(persona_folder, tmp_path / origin).new == 1
    assert set(contents(persona_folder)) == {
        "sources/talk/talk.vtt",
        "sources/slack/gates/1.json",
        "sources/old/talks/old.vtt",
    }


def refused(persona_folder: Path, origin: Path, match: str, name: str | None = "blog") -> None:
    before = contents(persona_folder)
    with pytest.raises(SourceError, match=match) as caught:
        add_source(persona_folder, origin, name)
    assert caught.value.next_step
    assert contents(persona_folder) == before
    assert {one.name for one in persona_folder.iterdir()} <= {"sources"}


@pytest.mark.parametrize("added_before", [False, True])
def test_bad_origins_leave_everything_as_it_was(persona_folder: Path, vault: Path, added_before: bool) -> None:
    if added_before:
        add_source(persona_folder, vault, "blog")
    outside = vault.parent / "outside"
    write(outside, {"secret.txt": "S"})
    refused(persona_folder, vault / "absent", "there is nothing at")
    (vault.parent / "empty").mkdir()
    refused(persona_folder, vault.parent / "empty", "holds no files")
    (vault.parent / "torn.zip").write_bytes(b"PK\x03\x04")
    refused(persona_folder, vault.parent / "torn.zip", "damaged")
    refused(persona_folder, vault, "cannot name the source", name="../blog")
    refused(persona_folder, persona_folder.parent, "within each other")
    (vault / "link").symlink_to(outside)
    refused(persona_folder, vault, "is a link to .*outside")
    (vault / "link").unlink()
    os.mkfifo(vault / "pipe")
    refused(persona_folder, vault, "neither file nor folder")


def test_links_inside_the_folder_are_passed_over(persona_folder: Path, vault: Path) -> None:
    (vault / "again.md").symlink_to(vault / "a.md")
    (vault / "loop").symlink_to(vault)
    assert add_source(persona_folder, vault).files == 2


def test_no_persona(tmp_path: Path, vault: Path) -> None:
    with pytest.raises(SourceError, match="no persona") as caught:
        add_source(tmp_path / "absent", vault)
    assert caught.value.next_step == "twin init absent"
    assert not (tmp_path / "absent").exists()


def test_full_disk(persona_folder: Path, vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    refused(persona_folder, vault, "the disk is full")


@pytest.mark.parametrize("step", ["_copy", "_build", "_swap", "_plan"])
def test_ctrl_c_at_each_step(persona_folder: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    add_source(persona_folder, vault, "blog")
    before = contents(persona_folder)
    write(vault, {"a.md": "Z", "new.md": "N"})

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ingest, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
            add_source(persona_folder, vault, "blog")
    assert contents(persona_folder) == before
    assert counts(add_source(persona_folder, vault, "blog")) == (1, 1, 0, 1)


@pytest.mark.parametrize("interrupted", [False, True])
def test_without_exchange(
    persona_folder: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, interrupted: bool
) -> None:
    """On a file system that cannot exchange two folders, the old one goes aside and comes back on failure."""
    monkeypatch.setattr(ingest, "_exchange", lambda one, other: False)
    add_source(persona_folder, vault, "blog")
    write(vault, {"a.md": "Z"})
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        if interrupted and self.name == "built":
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", once)
        if interrupted:
            with pytest.raises(KeyboardInterrupt):
                add_source(persona_folder, vault, "blog")
        else:
            add_source(persona_folder, vault, "blog")
    assert contents(persona_folder / "sources" / "blog")["a.md"] == ("A" if interrupted else "Z")
    assert {one.name for one in persona_folder.iterdir()} == {"sources"}


KILLED = """
import os, sys
from pathlib import Path
from twin_data.sources import ingest
ingest._exchange = lambda one, other: False
rename = Path.rename
def kill(self, target):
    if self.name == "built":
        os.kill(os.getpid(), 9)
    return rename(self, target)
Path.rename = kill
ingest.add_source(Path(sys.argv[1]), Path(sys.argv[2]), "blog")
"""


def test_kill_in_the_worst_moment_is_put_right(persona_folder: Path, vault: Path) -> None:
    add_source(persona_folder, vault, "blog")
    write(vault, {"a.md": "Z"})
    killed = subprocess.run([sys.executable, "-c", KILLED, persona_folder, vault], check=False)
    assert killed.returncode == -9
    assert not (persona_folder / "sources" / "blog").exists()
    assert counts(add_source(persona_folder, vault, "blog")) == (0, 1, 0, 1)
    assert {one.name for one in persona_folder.iterdir()} == {"sources"}


STATES = st.dictionaries(st.sampled_from(["a.md", "b.md", "d/c.md", "d/e/f.md"]), st.text("xy", max_size=2), min_size=1)


@settings(deadline=None, max_examples=40)
@given(st.lists(STATES, min_size=2, max_size=4))
def test_the_copy_is_always_the_origin(tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, str]]) -> None:
    base = tmp_path_factory.mktemp("states")
    (base / "nora").mkdir()
    before: dict[str, str] = {}
    for state in states:
        shutil.rmtree(base / "vault", ignore_errors=True)
        write(base / "vault", state)
        added = add_source(base / "nora", base / "vault")
        assert contents(base / "nora" / "sources" / "vault") == state
        assert counts(added) == (
            len(state.keys() - before.keys()),
            sum(before[one] != state[one] for one in state.keys() & before.keys()),
            len(before.keys() - state.keys()),
            sum(before[one] == state[one] for one in state.keys() & before.keys()),
        )
        before = state


def test_what_is_half_written_is_left_as_it_is_there(persona_folder: Path, tmp_path: Path) -> None:
    origin = tmp_path / "notes"
    origin.mkdir()
    for name in ("a.md", "b.md"):
        (origin / name).write_text("First.", "utf-8")
    add_source(persona_folder, origin)
    for name in ("a.md", "b.md", "c.md"):
        (origin / name).write_text("Second.", "utf-8")
    added = add_source(persona_folder, origin, is_ready=lambda path: path.name == "a.md")
    target = persona_folder / "sources" / "notes"
    assert {path.name: path.read_text("utf-8") for path in target.iterdir()} == {"a.md": "Second.", "b.md": "First."}
    assert (added.new, added.changed, added.removed, added.unchanged) == (0, 1, 0, 1)
    assert add_source(persona_folder, origin).new == 1
