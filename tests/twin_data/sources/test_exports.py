"""Exports of other services, each as a folder in the layout it comes in (`exports/`), against what must be read of it.

The fixtures are invented. What is expected lies beside each as `<name>.expected.txt`; `python -m` this file's
`render` is not needed to change one: run the test, read the difference, and write down what is right.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.documents import Role
from twin_data.sources.collect import Collected, CollectInputs, run
from twin_data.sources.ingest import add_source

EXPORTS = Path(__file__).parent / "exports"
NAMES = sorted(one.name for one in EXPORTS.iterdir() if one.is_dir())


def render(collected: Collected) -> str:
    """Every document with the author and basis of each block, then every rejection."""
    lines: list[str] = []
    for one in collected.documents:
        lines += [f"== {one.document_id}", f"{one.kind.value} | {one.title} | {one.date} | {one.url} | {one.thread}"]
        for block in one.blocks:
            level = f" {block.level}" if block.level else ""
            lines.append(
                f"[{block.role.value} {block.style.value}{level}; {block.author}; {block.basis}] {block.text!r}"
            )
        lines.append("")
    lines += [f"-- {one.document_id}: {one.reason}" for one in collected.rejections]
    return "\n".join(lines) + "\n"


def collect(persona: PersonaConfig, sources: Path) -> Collected:
    return run(CollectInputs(persona=persona, sources_folder=sources))


def zip_of(folder: Path, archive: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(archive, "w") as opened:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            opened.write(file, prefix + file.relative_to(folder).as_posix())
    return archive


@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_read_as_expected(name: str, persona: PersonaConfig, tmp_path: Path) -> None:
    add_source(tmp_path, EXPORTS / name, name)
    text = render(collect(persona, tmp_path / "sources"))
    assert text == (EXPORTS / f"{name}.expected.txt").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("prefix", ["", "export-2025-11-20/"])
def test_a_zip_of_an_export_is_recognised_as_a_whole(
    name: str, prefix: str, persona: PersonaConfig, tmp_path: Path
) -> None:
    """Also one that is packed into a folder, as some browsers and services do."""
    add_source(tmp_path, EXPORTS / name, name)
    folder = collect(persona, tmp_path / "sources")
    zipped = tmp_path / "zipped"
    zipped.mkdir()
    add_source(zipped, zip_of(EXPORTS / name, tmp_path / f"{name}.zip", prefix))
    found = collect(persona, zipped / "sources")
    assert [(one.title, one.blocks) for one in found.documents] == [(one.title, one.blocks) for one in folder.documents]
    assert [one.document_id.replace(prefix, "") for one in found.documents] == [
        one.document_id for one in folder.documents
    ]
    assert [one.reason for one in found.rejections] == [one.reason for one in folder.rejections]


def test_parts_that_were_packed_once_more_are_opened(persona: PersonaConfig, tmp_path: Path) -> None:
    part = zip_of(EXPORTS / "notion-html", tmp_path / "Export-Part-1.zip")
    outer = tmp_path / "sources" / "workspace.zip"
    outer.parent.mkdir()
    with zipfile.ZipFile(outer, "w") as opened:
        opened.write(part, "parts/Export-Part-1.zip")
    found = collect(persona, outer.parent)
    (document,) = found.documents
    assert document.document_id.startswith("workspace/parts/Export-Part-1/Night of the surge ")
    deeper = tmp_path / "deeper.zip"
    outer.rename(deeper)
    with zipfile.ZipFile(outer, "w") as opened:
        opened.write(deeper, "deeper.zip")
        opened.writestr("note.txt", "Words.")
    assert {one.reason.partition(":")[0] for one in collect(persona, outer.parent).rejections} == {"nested_too_deeply"}


@pytest.mark.parametrize("name", NAMES)
def test_no_words_of_others_are_own(name: str, persona: PersonaConfig, tmp_path: Path) -> None:
    add_source(tmp_path, EXPORTS / name, name)
    own = " ".join(
        block.text
        for document in collect(persona, tmp_path / "sources").documents
        for block in document.blocks
        if block.role is Role.OWN
    )
    for others in (
        "Somebody else", "somebody else", "Another Newsletter", "Subscribe", "RT @", "rung by hand", "finds you well",
        "Dear Co-op", "measures the difference", "I never wrote this", "no minutes", "patience with a smell",
        "from underneath", "ring the bell twice", "Haste is", "Lovely hat", "Surges of the world", "Hush",
    ):  # fmt: skip
        assert others not in own
