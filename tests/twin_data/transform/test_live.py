"""Passes over a folder of posts, with a fake of the index that holds what was moved into it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin_data.configuration.persona import Author, Consent, PersonaConfig
from twin_data.contracts.documents import Chunk, CorpusDocument
from twin_data.contracts.errors import CorpusError, SearchUnavailableError
from twin_data.contracts.releases import ModelReference
from twin_data.scoring.weights import term_weights
from twin_data.sources.units import digest_of
from twin_data.store.live_index import HeldEntries
from twin_data.store.overlay import FIRST_VERSION, OverlayStore
from twin_data.store.search import MAX_ID_BYTES, IndexIdentity, index_name
from twin_data.store.stages import stage_records
from twin_data.store.tables import FeatureStore
from twin_data.transform import index, live
from twin_data.transform.live import LiveCorpus, Pass
from twin_data.transform.pipeline import DOCUMENTS, FeaturesConfig, FeaturesPipeline

MODEL = ModelReference(name="mini", source="s", digest="m", licence="l")
SUBJECTS = (
    "ferry", "timetable", "rope", "lamp", "harbour", "engine", "council", "bakery", "winter", "ledger", "tide", "gull",
)  # fmt: skip


WORDS = (
    "harbour gravel ledger pulley bracket lantern mortar saddle timber copper engine whistle barrel anchor hammer needle "
    "garden winter market bridge window candle mirror pocket velvet basket kettle shovel ribbon marble tunnel thunder "
    "meadow orchard village chapel tavern foundry quarry granary cellar stable"
).split()


def post(subject: str, said: str = "which is more than the surveyor thought it worth", day: str = "2024-01-02") -> str:
    """An article of some sixty words that shares no run of words with one on another subject."""
    lot = random.Random(subject).sample(WORDS, 36)
    lines = (f"{lot[at]} and {lot[at + 1]} of the {lot[at + 2]} {subject} have {lot[at + 3]}" for at in range(0, 36, 4))
    return f"---\ndate: {day}\n---\n# The {subject}\n\n" + ", ".join(lines) + f", {said}.\n"


class Encoder:
    """Counts what it embeds."""

    reference = MODEL
    dimensions = 2

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def encode_passages(self, texts: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        self.embedded += texts
        vectors = np.array([[1.0, 0.0]] * len(texts), dtype=np.float32)
        return vectors, [np.ones((1, 2), dtype=np.int8)] * len(texts)


@dataclass
class Index:
    """The search engine: one live index of entries by id, and what was written in each move."""

    name: str = ""
    identity: IndexIdentity | None = None
    entries: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    written: list[list[str]] = field(default_factory=list)
    scans: int = 0
    error: Exception | None = None

    def name_for(self, identity: IndexIdentity) -> str:
        return self.name if identity == self.identity else index_name(identity.persona, identity.features_digest[:12])

    def build(self, name: str, identity: IndexIdentity, entries: Iterator[Mapping[str, Any]], probes: object) -> None:
        if (name, identity) != (self.name, self.identity):
            self.name, self.identity = name, identity
            self.entries = {one["_id"]: one for one in entries}

    def swap(self, persona: str, name: str) -> tuple[str, ...]:
        return ()

    def live(self, persona: str) -> tuple[str, IndexIdentity] | None:
        if self.error:
            raise self.error
        return (self.name, self.identity) if self.identity else None

    def held(self, name: str) -> HeldEntries:
        self.scans += 1
        of = {
            kind: [one["payload"] for one in self.entries.values() if one["entry"] == kind]
            for kind in ("chunk", "document")
        }
        return HeldEntries(
            tuple(map(Chunk.model_validate, of["chunk"])), tuple(map(CorpusDocument.model_validate, of["document"]))
        )

    def move(
        self, name: str, identity: IndexIdentity, entries: Iterator[Mapping[str, Any]], gone: list[str], probes: object
    ) -> None:
        new = {one["_id"]: one for one in entries}
        self.written.append(sorted(new))
        self.entries.update(new)
        for one in gone:
            del self.entries[one]
        self.identity = identity
        assert len(self.entries) == identity.entries


@dataclass
class World:
    """A persona with posts, its tables on disk, and the index."""

    sources: Path
    pipeline: FeaturesPipeline
    index: Index
    encoder: Encoder

    def corpus(self) -> LiveCorpus:
        """A process that has just started."""
        in_memory = replace(self.pipeline, store=OverlayStore(self.pipeline.store.root))
        return LiveCorpus(in_memory, self.encoder, self.index, embeddings=self.pipeline.store)  # type: ignore[arg-type]

    def write(self, name: str, text: str) -> Path:
        path = self.sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def features(self) -> str:
        """What `twin features` does; returns the digest."""
        one = self.pipeline
        separated = one.split(one.dedupe(one.clean(one.collect().record).record).record).record
        one.decontaminate(separated)
        judged = one.authorship(one.filter(separated).record).record
        return one.index(judged, one.chunk(judged).record, self.encoder, self.index).features_digest  # type: ignore[arg-type]

    def documents(self) -> set[str]:
        return {one["document_id"] for one in self.index.entries.values() if one["entry"] == "document"}


def step(corpus: LiveCorpus, **changes: Any) -> Pass:
    arguments = {"digest_of": digest_of, "is_ready": lambda path: True, "locked": nullcontext}
    return corpus.step(**{**arguments, **changes})


@pytest.fixture
def world(tmp_path: Path) -> World:
    persona = PersonaConfig(
        name="ada", display_name="Ada", author=Author(name="Ada"), owner="Ada", licence="CC-BY-4.0",
        consent=Consent(statement="I agree to a twin.", given_by="Ada", date=date(2024, 1, 2)),
    )  # fmt: skip
    made = World(
        tmp_path / "sources",
        FeaturesPipeline(
            persona, tmp_path / "sources", FeatureStore.of(tmp_path / "features", "ada"), FeaturesConfig()
        ),
        Index(),
        Encoder(),
    )
    for subject in SUBJECTS[:6]:
        made.write(f"posts/{subject}.md", post(subject))
    made.features()
    return made


def test_what_is_added_edited_and_deleted_agrees_with_the_next_full_run(world: World) -> None:
    corpus, index_of_before = world.corpus(), world.index.name
    assert step(corpus).is_empty
    world.write("posts/winter.md", post("winter"))
    assert step(corpus).added == ("posts/winter.md",)
    world.write("posts/lamp.md", post("lamp", "and the lamp was replaced by a lantern from the church"))
    (world.sources / "posts" / "rope.md").unlink()
    second = step(corpus)
    assert (second.added, second.changed, second.removed) == ((), ("posts/lamp.md",), ("posts/rope.md",))
    assert world.documents() == {f"posts/{one}.md" for one in (*SUBJECTS[:6], "winter") if one != "rope"}
    streamed = {key: one for key, one in world.index.entries.items()}
    before = len(world.encoder.embedded)

    assert world.features() == second.features_digest
    assert world.index.name == index_of_before, "the live index holds just this and is kept"
    assert len(world.encoder.embedded) == before
    world.index.identity = None
    world.features()
    assert {key: one for key, one in world.index.entries.items()} == streamed, "weights and all, as if built at once"


def test_a_document_deep_in_folders_comes_and_goes(world: World) -> None:
    corpus, deep = world.corpus(), "/".join(["an exported page of notes"] * 20) + "/winter.md"
    path = world.write(deep, post("winter"))
    assert step(corpus).added == (deep,)
    assert deep in world.documents() and max(map(len, world.index.entries)) <= MAX_ID_BYTES
    path.unlink()
    assert step(corpus).removed == (deep,)
    assert deep not in world.documents()


def test_a_document_is_embedded_and_written_once(world: World) -> None:
    corpus, embedded = world.corpus(), len(world.encoder.embedded)
    world.write("posts/winter.md", post("winter"))
    step(corpus)
    assert len(world.encoder.embedded) == embedded + 1
    (written,) = world.index.written
    assert [one.split("-")[0] for one in written] == ["chunk", "document", "term"]
    assert step(corpus).is_empty
    assert step(world.corpus()).is_empty, "nor by another process"
    assert len(world.index.written) == 1
    weights = world.index.entries["term-weights"]["payload"]
    texts = [one["text"] for one in world.index.entries.values() if one["entry"] == "chunk"]
    assert weights == term_weights(texts).model_dump(mode="json")


def test_a_held_out_family_stays_held_out(world: World) -> None:
    """A revision of a held-out document goes to the test side, however late it comes."""
    split = {
        one["document_id"]: one["payload"]["split"]
        for one in world.index.entries.values()
        if one["entry"] == "document"
    }
    held_out = next(one for one, side in split.items() if side == "test")
    subject = Path(held_out).stem
    more = " ".join(random.Random(0).choices("and what was said of it in the village that long winter".split(), k=150))
    world.write("later/revision.md", post(subject, more, day="2024-05-06"))
    step(world.corpus())
    (new,) = (one for one in world.index.entries.values() if one["_id"] == "document-later/revision.md")
    assert (new["payload"]["family"], new["payload"]["split"]) == (held_out, "test")


def test_a_copy_is_rejected_with_its_reason(world: World) -> None:
    corpus = world.corpus()
    step(corpus)
    world.write("posts/zz-copy.md", post("ferry"))
    made = step(corpus)
    assert made.is_empty
    assert [(one.document_id, one.reason) for one in made.rejected] == [
        ("posts/zz-copy.md", "exact_duplicate of posts/ferry.md")
    ]
    assert step(corpus).rejected == ()


def test_a_burst_is_taken_in_parts_and_what_is_half_written_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FILES_A_PASS", 2)
    corpus = world.corpus()
    for subject in SUBJECTS[6:11]:
        world.write(f"posts/{subject}.md", post(subject))
    half = world.write("posts/lamp.md", "# The la")
    ready = {"is_ready": lambda path: path != half}
    passes = [step(corpus, **ready) for _ in range(4)]
    assert [(len(one.added), one.waiting) for one in passes] == [(2, 4), (2, 2), (1, 1), (0, 1)]
    assert all(not one.changed for one in passes), "the former text of the half-written one stays"
    world.write("posts/lamp.md", post("lamp", "and this is the whole of what was to be said"))
    last = step(corpus)
    assert (last.changed, last.waiting) == (("posts/lamp.md",), 0)
    assert last.features_digest == world.features()


def test_an_index_that_another_hand_moved_is_read_anew(world: World) -> None:
    corpus = world.corpus()
    step(corpus)
    world.write("posts/winter.md", post("winter"))
    world.features()  # a flow builds another index beside it, and swaps
    scans = world.index.scans
    assert step(corpus).is_empty
    assert world.index.scans == scans + 1
    step(corpus)
    assert world.index.scans == scans + 1


def test_a_pass_that_broke_off_is_made_again(world: World) -> None:
    corpus = world.corpus()
    step(corpus)
    world.write("posts/winter.md", post("winter"))
    world.index.error = SearchUnavailableError("gone")
    with pytest.raises(SearchUnavailableError):
        step(corpus)
    world.index.error = None
    assert step(corpus).added == ("posts/winter.md",)


def test_tables_on_disk_stay_as_they_are(world: World) -> None:
    records, version = stage_records(world.pipeline.store), world.pipeline.store.read(DOCUMENTS)
    corpus = world.corpus()
    for subject in SUBJECTS[6:]:
        world.write(f"posts/{subject}.md", post(subject))
        step(corpus)
    assert stage_records(world.pipeline.store) == records
    assert world.pipeline.store.read(DOCUMENTS).equals(version)


def test_what_cannot_be_indexed_is_said(world: World) -> None:
    corpus = world.corpus()
    for path in (world.sources / "posts").iterdir():
        path.write_text("Too short.", "utf-8")
    with pytest.raises(CorpusError, match="is left to index; the live index stays as it is"):
        step(corpus)
    world.index.identity = None
    world.write("posts/ferry.md", post("ferry"))
    with pytest.raises(CorpusError, match="has no live index that mini embedded") as caught:
        step(corpus)
    assert caught.value.next_step.startswith("twin features ada")


def test_the_overlay_keeps_two_versions(tmp_path: Path) -> None:
    import polars as pl

    store = OverlayStore(str(tmp_path / "ada"))
    below = FeatureStore(store.root).write("rows", pl.DataFrame({"n": [0]}))
    made = [store.write("rows", pl.DataFrame({"n": [at]})) for at in (1, 2, 3)]
    assert [one.version for one in made] == [FIRST_VERSION, FIRST_VERSION + 1, FIRST_VERSION + 2]
    assert [store.has_version(one) for one in (below, *made)] == [True, False, True, True]
    assert store.read("rows")["n"].to_list() == [3]
    assert store.read("rows", version=made[1].version)["n"].to_list() == [2]
    assert store.read("rows", version=below.version)["n"].to_list() == [0]
    assert store.make_newest(made[2]) == made[2]
    again = store.make_newest(made[1])
    assert (again.version, store.newest_version("rows")) == (FIRST_VERSION + 3, FIRST_VERSION + 3)
    assert store.read("rows")["n"].to_list() == [2]
    store.make_newest(below)
    assert store.read("rows")["n"].to_list() == [0]
    assert FeatureStore(store.root).newest_version("rows") == below.version, "nothing is written below"
    assert index.probed_rows(pl.DataFrame({"n": [1, 2]}))["n"].to_list() == [1, 2]
