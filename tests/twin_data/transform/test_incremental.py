"""What has not changed is computed no second time, and the outcome is that of a run from nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from twin_data.configuration.persona import Author, Consent, PersonaConfig
from twin_data.contracts.documents import Block, DocumentKind, RawDocument, Role
from twin_data.sources.markdown import MarkdownReader
from twin_data.store.schemas import to_frame
from twin_data.store.stages import FormerRun, StageRecord
from twin_data.store.tables import FeatureStore
from twin_data.transform import chunk, clean
from twin_data.transform.clean import CleanConfig
from twin_data.transform.incremental import by_document, unchanged
from twin_data.transform.pipeline import FeaturesConfig, FeaturesPipeline

WORDS = "tide ferry rope lamp gull engine ledger harbour winter bakery council the of and that with to".split()
Build = Callable[..., RawDocument]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that is read, cleaned or cut, by what it is."""
    done: list[str] = []

    def counting(what: str, whole: Any, name: Callable[..., str]) -> Any:
        def count(*arguments: Any, **named: Any) -> Any:
            done.append(f"{what} {name(*arguments)}")
            return whole(*arguments, **named)

        return count

    monkeypatch.setattr(
        MarkdownReader, "read", counting("read", MarkdownReader.read, lambda _, path, context: path.name)
    )
    monkeypatch.setattr(
        clean, "clean_document", counting("clean", clean.clean_document, lambda raw, *_: raw.document_id)
    )
    monkeypatch.setattr(chunk, "chunks", counting("cut", chunk.chunks, lambda document, _: document.document_id))
    return done


def pipeline(tmp_path: Path, store: str = "features", **changes: Any) -> FeaturesPipeline:
    consent = Consent(statement="I agree to a twin.", given_by="Ada", date=date(2024, 1, 2))
    persona = PersonaConfig(
        name="ada", display_name="Ada", author=Author(name="Ada"), owner="Ada", licence="CC0-1.0", consent=consent
    )
    owner = persona.model_copy(update=changes)
    return FeaturesPipeline(owner, tmp_path / "sources", FeatureStore.of(tmp_path / store, "ada"), FeaturesConfig())


def run(one: FeaturesPipeline) -> dict[str, str]:
    """The stages; the digest of each table."""
    records: list[StageRecord] = [one.collect().record]
    for stage in (one.clean, one.dedupe, one.split, one.filter, one.authorship, one.chunk):
        records.append(stage(records[-1]).record)
    tables = [made for record in records for made in record.outputs]
    return {made.table: made.digest for made in tables}


def write(tmp_path: Path, name: str, lot: random.Random) -> None:
    path = tmp_path / "sources" / "posts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {name}\n\n{' '.join(lot.choices(WORDS, k=120))}.\n", "utf-8")


def test_only_what_changed_is_done_again(tmp_path: Path, counted: list[str]) -> None:
    lot = random.Random(0)
    for name in ("a.md", "b.md", "c.md", "d.md", "e.md"):
        write(tmp_path, name, lot)
    run(pipeline(tmp_path))
    counted.clear()
    write(tmp_path, "b.md", lot)
    write(tmp_path, "new.md", lot)
    (tmp_path / "sources" / "posts" / "d.md").unlink()
    found = run(pipeline(tmp_path))
    # What is gone or was otherwise is cleaned as it was, so that its style can be taken from that of its source.
    before, now = ("posts/b.md", "posts/d.md"), ("posts/b.md", "posts/new.md")
    assert counted == [
        "read b.md", "read new.md", *(f"clean {one}" for one in (*before, *now)), *(f"cut {one}" for one in now),
    ]  # fmt: skip
    counted.clear()
    assert run(pipeline(tmp_path)) == found and counted == []
    assert run(pipeline(tmp_path, "elsewhere")) == found, "as from nothing"


def test_another_author_is_another_reading(tmp_path: Path, counted: list[str]) -> None:
    lot = random.Random(0)
    for name in ("a.md", "b.md"):
        write(tmp_path, name, lot)
    run(pipeline(tmp_path))
    counted.clear()
    run(pipeline(tmp_path, style_notes="Dry."))
    assert counted == [], "what only the prompt says of the persona reads no file anew"
    other = Author(name="Ada Lovelace", aliases=("ada",))
    found = run(pipeline(tmp_path, author=other))
    assert counted == ["read a.md", "read b.md", "clean posts/a.md", "clean posts/b.md"]
    assert run(pipeline(tmp_path, "elsewhere", author=other)) == found


def test_rows_of_others_names_are_cleaned_anew_when_somebody_new_speaks(raw_document: Build) -> None:
    """A name that a new thread brings is blanked in the old ones, too."""

    def chat(document_id: str, *said: Block) -> RawDocument:
        return raw_document(*said, document_id=document_id, source="chat", kind=DocumentKind.CHAT)

    def cleaned(changed: pl.DataFrame) -> dict[str, pl.DataFrame]:
        seen.extend(changed["document_id"])
        return {"clean": changed}

    old = [chat("chat/1", Block(text="Osric Dunne came by.")), raw_document("Osric Dunne.", document_id="notes/a")]
    new = [*old, chat("chat/2", Block(text="Hello.", role=Role.OTHER, author="Osric Dunne"))]
    before, after = (to_frame(sorted(one, key=lambda d: d.document_id), RawDocument) for one in (old, new))
    former, seen = FormerRun({"raw": before}, {"clean": before}), []
    kept = clean.unaffected(after, before, CleanConfig())
    made = by_document(after, former, "raw", cleaned, kept=kept)
    assert clean.roster_of(after) == {"Osric Dunne"} and clean.roster_of(before) == frozenset()
    assert seen == ["chat/1", "chat/2"]
    assert made["clean"].equals(after)


def test_rows_are_compared_whole() -> None:
    now = pl.DataFrame({"document_id": ["a", "b", "c"], "held": [[1, 2], [3], []]})
    before = pl.DataFrame({"document_id": ["b", "a", "d"], "held": [[4], [1, 2], []]})
    assert unchanged(now, before).to_list() == ["a"]
    assert unchanged(now, before.rename({"held": "other"})).to_list() == []
