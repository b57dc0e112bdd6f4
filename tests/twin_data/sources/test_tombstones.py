"""What was forgotten is known again by its bytes, its record and its words, and by nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.documents import RawDocument
from twin_data.contracts.errors import IntegrityError, SourceError
from twin_data.contracts.forgetting import Tombstone
from twin_data.sources import collect
from twin_data.sources.collect import CollectInputs
from twin_data.sources.ingest import add_source
from twin_data.sources.tombstones import (
    TOMBSTONES_FILE,
    digests_of,
    forgotten_in,
    read_tombstones,
    refuse_forgotten,
    remember,
    without_forgotten,
    write_tombstones,
)

GONE = "---\ntitle: The lamp\ndate: 2024-01-02\n---\n\nThe lamp on the eastern jetty went out.\n"
KEPT = "---\ntitle: The rope\n---\n\nA rope should be spliced by whoever trusts it.\n"


@pytest.fixture
def folder(tmp_path: Path, persona: PersonaConfig) -> Path:
    """A persona that was told to forget a post."""
    folder = tmp_path / "nora"
    posts = folder / "sources" / "posts"
    posts.mkdir(parents=True)
    (posts / "lamp.md").write_text(GONE, "utf-8")
    (posts / "rope.md").write_text(KEPT, "utf-8")
    lamp = documents(folder, persona)["posts/lamp.md"]
    now = datetime.now(UTC)
    stones = [Tombstone(digest=one, forgotten_at=now, receipt="0123456789ab") for one in digests_of(lamp)]
    write_tombstones(folder, [*stones, *stones])
    return folder


def documents(folder: Path, persona: PersonaConfig) -> dict[str, RawDocument]:
    found = collect.run(CollectInputs(persona=persona, sources_folder=folder / "sources"))
    return {one.document_id: one for one in found.documents}


@pytest.mark.parametrize(
    "text",
    [GONE, GONE.replace("title: The lamp", "title: Another title"), GONE.replace("eastern jetty", "eastern  jetty –")],
    ids=["the same bytes", "another title", "other spaces and marks"],
)
def test_it_is_not_added_again(folder: Path, persona: PersonaConfig, tmp_path: Path, text: str) -> None:
    origin = tmp_path / "again"
    origin.mkdir()
    (origin / "other-name.md").write_text(text, "utf-8")

    def inspect(source: str, content: Path) -> None:
        refuse_forgotten(forgotten_in(persona, folder, source, content), "nora", origin)

    with pytest.raises(SourceError, match="was told to forget") as refused:
        add_source(folder, origin, inspect=inspect)
    assert "--remember" in refused.value.next_step
    assert not (folder / "sources" / "again").exists()


def test_other_material_is_added(folder: Path, persona: PersonaConfig, tmp_path: Path) -> None:
    (tmp_path / "new.md").write_text("# New\n\nThe lamp on the western jetty still burns.\n", "utf-8")
    assert forgotten_in(persona, folder, "new", tmp_path / "new.md") == {}


def test_remembering_takes_back_what_is_added_and_nothing_else(folder: Path, persona: PersonaConfig) -> None:
    extra = Tombstone(digest="f" * 64, forgotten_at=datetime.now(UTC), receipt="ba9876543210")
    write_tombstones(folder, [*read_tombstones(folder), extra])
    found = forgotten_in(persona, folder, "posts", folder / "sources" / "posts")
    assert "posts/lamp.md" in found and "posts/rope.md" not in found
    assert remember(folder, found) == 2
    assert read_tombstones(folder) == (extra,)


def test_copied_in_by_hand_it_is_rejected_without_a_word(folder: Path, persona: PersonaConfig) -> None:
    collected = collect.run(CollectInputs(persona=persona, sources_folder=folder / "sources"))
    left = without_forgotten(collected, read_tombstones(folder))
    assert [one.document_id for one in left.documents] == ["posts/rope.md"]
    (rejection,) = left.rejections
    assert (rejection.reason, rejection.redacted_text) == ("forgotten", "")
    (folder / "sources" / "posts" / "rope.md").unlink()
    with pytest.raises(SourceError, match="was forgotten"):
        without_forgotten(
            collect.run(CollectInputs(persona=persona, sources_folder=folder / "sources")), read_tombstones(folder)
        )


def test_a_damaged_file_of_tombstones_lets_nothing_in(folder: Path, persona: PersonaConfig) -> None:
    (folder / TOMBSTONES_FILE).write_text("{}\n", "utf-8")
    with pytest.raises(IntegrityError, match="does not hold tombstones"):
        forgotten_in(persona, folder, "posts", folder / "sources" / "posts")
