"""Documents are cut out of files that they share with others, or the file is left as it is."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from flows.forgetting.sources import cut_parts, remove_files
from flows.forgetting.targets import find_target
from flows.persona_file import persona_yaml
from flows.personas import create_persona
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import SourceError
from twin_data.contracts.forgetting import ForgottenKind

SECRET = "The lamp on the eastern jetty went out and nobody came to light it again."
OTHER = "A mooring rope should be spliced by the person who will trust it with a boat."
MAIL = "From ada@example.org Mon Nov 02 10:00:00 2026\nFrom: ada@example.org\nMessage-ID: <{id}@example.org>\n" \
    "Date: Mon, 02 Nov 2026 10:00:00 +0000\nSubject: {id}\n\n{text}\n\n"  # fmt: skip
CONSENT = "I agree that a twin is made of these posts."


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    home = TwinHome(tmp_path / "home")
    text = persona_yaml("ada", "Ada", aliases=["ada@example.org", "U1"], owner="Ada", licence="CC0", consent=CONSENT)
    sources = create_persona(home, "ada", text).parent / "sources"
    files = {
        "posts/lamp.md": f"# The lamp\n\n{SECRET}\n",
        "posts/rope.md": f"# The rope\n\n{OTHER}\n",
        "rows/posts.jsonl": "".join(
            json.dumps({"id": id, "text": text, "author": "Ada"}) + "\n" for id, text in (("a", SECRET), ("b", OTHER))
        ),
        "mail/all.mbox": MAIL.format(id="m1", text=SECRET) + MAIL.format(id="m2", text=OTHER),
    }
    for name, content in files.items():
        path = sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return home


@pytest.mark.parametrize("source", ["rows", "mail"])
def test_one_record_is_cut_out_and_the_others_stay(home: TwinHome, source: str) -> None:
    part = next(id for id, one in find_target(home, "ada", source).documents.items() if SECRET in one[-1].text)
    target = find_target(home, "ada", part)
    assert (target.kind, target.parts, target.files) == (ForgottenKind.DOCUMENTS, (part,), ())

    assert cut_parts(home, "ada", source, target.parts) == 1

    left = find_target(home, "ada", source).documents
    assert [one[-1].text for one in left.values()] == [OTHER]
    whole = b"".join(path.read_bytes() for path in home.personas.rglob("*") if path.is_file() and source in path.parts)
    assert b"eastern" not in whole
    assert cut_parts(home, "ada", source, target.parts) == 0, "a second run finds nothing to do"
    assert not (home.persona_folder("ada") / ".forgetting").exists()


def test_what_cannot_be_told_from_others_is_left_as_it_was(home: TwinHome) -> None:
    path = home.persona_folder("ada") / "sources" / "rows" / "posts.jsonl"
    row = json.dumps({"id": "c", "text": f"As I said on a: {OTHER}", "author": "Ada"})
    path.write_text(path.read_text("utf-8").replace('"a"', '"said on a"') + row + "\n", "utf-8")
    part = next(id for id in find_target(home, "ada", "rows").documents if id.endswith("#said on a"))
    before, inode = path.read_bytes(), os.stat(path).st_ino
    cut_parts(home, "ada", "rows", [part])  # by its words, as its name stands in two records
    assert SECRET.encode() not in path.read_bytes() and os.stat(path).st_ino != inode
    path.write_bytes(before.replace(b'"text"', b'"txet"', 1))
    with pytest.raises(SourceError, match="no source or document"):
        find_target(home, "ada", part)


def test_a_whole_source_goes_with_what_no_reader_knows(home: TwinHome) -> None:
    sources = home.persona_folder("ada") / "sources"
    (sources / "posts" / "scan.xyz").write_bytes(b"\0\1")
    target = find_target(home, "ada", "posts")
    assert target.kind is ForgottenKind.SOURCE and target.folder == sources / "posts"
    assert remove_files(home, "ada", target.folder, target.files) == 3
    assert not (sources / "posts").exists() and (sources / "rows").is_dir()


def test_a_single_file_goes_and_its_neighbours_stay(home: TwinHome) -> None:
    target = find_target(home, "ada", "posts/lamp.md")
    remove_files(home, "ada", target.folder, target.files)
    assert [path.name for path in (home.persona_folder("ada") / "sources" / "posts").iterdir()] == ["rope.md"]
    assert [one.document_id for one in target.kept if one.source == "posts"] == ["posts/rope.md"]


@pytest.mark.parametrize("wanted", ["pots", "posts/lmap.md", "..", "posts/../../persona.yaml", ""])
def test_what_is_not_there_is_refused_with_a_suggestion(home: TwinHome, wanted: str) -> None:
    with pytest.raises(SourceError, match="has no source or document") as refused:
        find_target(home, "ada", wanted)
    assert "posts" in refused.value.next_step


def test_a_part_of_an_archive_goes_only_with_the_whole(home: TwinHome) -> None:
    sources = home.persona_folder("ada") / "sources"
    with zipfile.ZipFile(sources / "letters.zip", "w") as archive:
        archive.writestr("lamp.md", f"# The lamp\n\n{SECRET}\n")
    with pytest.raises(SourceError, match="inside the archive letters.zip"):
        find_target(home, "ada", "letters/lamp.md")
    target = find_target(home, "ada", "letters")
    assert (target.files, list(target.documents)) == ((sources / "letters.zip",), ["letters/lamp.md"])
    remove_files(home, "ada", target.folder, target.files)
    assert not (sources / "letters.zip").exists() and (sources / "posts").is_dir()


def test_a_source_that_is_one_file_is_known_by_both_names(home: TwinHome) -> None:
    file = home.persona_folder("ada") / "sources" / "note.md"
    file.write_text(f"# A note\n\n{SECRET}\n", "utf-8")
    assert find_target(home, "ada", "note").files == find_target(home, "ada", "note/note.md").files == (file,)
