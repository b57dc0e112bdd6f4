"""A whole home from the plan to the receipt, killed before and after each step on the way."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from flows import bundles as release_bundles
from flows import promotion
from flows.forgetting import bundles, run
from flows.forgetting.journal import journal_path, read_journal
from flows.forgetting.planning import Planned, make_plan
from flows.forgetting.proof import prove_absence
from flows.forgetting.rebuilding import Rebuilt
from flows.forgetting.receipts import hasher_of, read_receipt
from flows.forgetting.run import STEPS, Surroundings, begin, carry_out
from flows.forgetting.wording import Wording
from flows.hard_stops import stops_of
from flows.persona_file import persona_yaml
from flows.personas import create_persona
from flows.platform.backups import backup
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.contracts.datasets import DatasetKind, DatasetVersion
from twin_data.contracts.evaluation import HardStopKind
from twin_data.contracts.forgetting import AbsenceProof, SignedReceipt
from twin_data.contracts.releases import Alias, Rung
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.port import RegisteredBundle
from twin_data.sources.tombstones import read_tombstones
from twin_data.store.tables import FeatureStore
from twin_data.transform.every_stage import documents_and_chunks
from twin_data.transform.pipeline import FeaturesConfig, FeaturesPipeline
from twin_data.transform.quality_rules import QualityConfig

from ..bench import manifest

LAMP = "The lamp on the eastern jetty went out in November and nobody came to light it again before the spring tide. "
ROPE = "A mooring rope should be spliced by the person who will trust it, and never by a machine that nobody can ask. "
GULL = "Every gull in the harbour knows the hour at which the baker opens his door, and none of them tells another. "
LENIENT = QualityConfig(
    max_duplicate_gram_characters=(1.0,) * 6, max_top_gram_characters=(1.0,) * 3, max_duplicate_lines=None
)
"""Three sentences said three times over are no article."""
CONSENT = "I agree that a twin is made of these posts."


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours handles it."""


@dataclass
class FakeSearch:
    """Indices of a persona: name to the texts of its entries by document."""

    indices: dict[str, dict[str, str]]
    deleted: int = 0
    hidden: list[str] = field(default_factory=list)

    def hide(self, persona: str, ids: Collection[str]) -> int:
        gone = [(index, id) for index, entries in self.indices.items() for id in entries if id in ids]
        for index, id in gone:
            del self.indices[index][id]
        self.deleted += len(gone)
        self.hidden += sorted(ids)
        return len(gone)

    def drop_others(self, persona: str, live: str | None) -> int:
        others = [name for name in self.indices if name != live]
        for name in others:
            del self.indices[name]
        self.deleted = 0
        return len(others)

    def entry_texts(self, persona: str) -> Iterator[tuple[str, str, str]]:
        yield from ((index, id, text) for index, entries in self.indices.items() for id, text in entries.items())

    def deleted_entries(self, persona: str) -> int:
        return self.deleted

    def orphaned_folders(self, home: TwinHome) -> tuple[Path, ...]:
        return ()


class Bench:
    """A home in which one post went everywhere, and what surrounds it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.steps = TwinHome(root / "home"), list(STEPS)
        self.registry = MemoryRegistry(self.home.registry / "artifacts")
        for module in (bundles, release_bundles, promotion):
            monkeypatch.setattr(module, "open_registry", lambda home: self.registry)
        text = persona_yaml("ada", "Ada", aliases=[], owner="Ada", licence="CC0", consent=CONSENT)
        self.posts = create_persona(self.home, "ada", text).parent / "sources" / "posts"
        self.posts.mkdir(parents=True)
        for name, line in (("the-eastern-lamp", LAMP), ("the-rope", ROPE), ("the-gulls", GULL)):
            (self.posts / f"{name}.md").write_text(f"# On {name}\n\n{line * 3}\n", "utf-8")
        self.store = FeatureStore.of(self.home.features, "ada")
        self.build()
        self.search = FakeSearch({"twin-ada-old": self.entries(), "twin-ada-older": self.entries()})
        self.rebuilds = 0

    def build(self) -> dict[str, int]:
        pipeline = FeaturesPipeline(
            persona=load_persona(self.home, "ada"),
            sources_folder=self.posts.parent,
            store=self.store,
            config=FeaturesConfig(quality=LENIENT),
        )
        judged, chunked = documents_and_chunks(pipeline)
        return {one.table: one.version for one in (judged.output("documents"), chunked.output("chunks"))}

    def entries(self) -> dict[str, str]:
        return dict(self.store.read("chunks").select("document_id", "text").iter_rows())

    def bundle(self, label: str, **changes: object) -> RegisteredBundle:
        versions = {"documents": self.store.newest_version("documents"), "chunks": self.store.newest_version("chunks")}
        datasets = changes.pop("datasets", ())
        made = manifest(label, **changes)
        lineage = made.lineage.model_copy(update={"table_versions": versions, "datasets": datasets})
        files: dict[str, Path | str] = {"lineage/drafts.jsonl": LAMP} if datasets else {}
        return self.registry.register(made.model_copy(update={"lineage": lineage}), files)

    def spread(self) -> None:
        """Datasets, evaluations, logs, answers, caches and backups that hold the post."""
        rows = pl.DataFrame({"instruction_id": ["1", "2"], "response": [LAMP, ROPE], "held_out": [False, False]})
        self.store.write("instructions", rows)
        version = DatasetVersion(
            persona="ada", kind=DatasetKind.INSTRUCTIONS, digest="d" * 64, rows=2, held_out_rows=0,
            table_version=self.store.newest_version("instructions"), passed=True,
        )  # fmt: skip
        self.base = self.bundle("base")
        self.trained = self.bundle("trained", rung=Rung.SFT, datasets=(version,))
        self.registry.set_alias("ada", Alias.CHAMPION, self.trained.bundle_id, reason="good", override_by="Grace")
        files = {
            "datasets/ada/instructions-dddd/train.jsonl": LAMP,
            "datasets/shards/0123.json": f'{{"text": "{LAMP}"}}',
            "training/ada/sft-1/result.json": '{"record": {"dataset_digest": "' + "d" * 64 + '"}}',
            "voices/ada/gate-1/voice.json": "{}",
            "evaluations/ada/b/r/answers.jsonl": LAMP,
            "evaluations/ada/b/r/decision.json": "{}",
            "logs/business.log": f"INFO asked\nERROR {LAMP}\n",
        }
        for name, content in files.items():
            path = self.home.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        self.home.prefect.mkdir()
        with sqlite3.connect(self.home.prefect / "prefect.db") as connection:
            connection.execute("CREATE TABLE log (message TEXT)")
            connection.execute("INSERT INTO log VALUES (?)", (LAMP,))
        connection.close()
        self.archive = self.home.root.parent / "monday.tar.gz"
        backup(self.home, self.archive)

    def rebuild(self) -> Rebuilt | None:
        self.rebuilds += 1
        self.build()
        self.search.indices["twin-ada-new"] = self.entries()
        return Rebuilt(bundle=self.bundle("rebuilt").bundle_id, index="twin-ada-new")

    @property
    def database(self) -> str:
        return f"sqlite:///{self.home.serving_database}"

    def around(self) -> Surroundings:
        return Surroundings(search=self.search, rebuild=self.rebuild, database_url=self.database, report=lambda _: None)

    def plan(self, wanted: str) -> Planned:
        return make_plan(self.home, "ada", wanted, "demo", self.database, lambda _: None)

    def forget(self, wanted: str) -> tuple[SignedReceipt, Path]:
        begin(self.home, self.plan(wanted).journal)
        return carry_out(self.home, "ada", self.around())

    def prove(self, signed: SignedReceipt) -> AbsenceProof:
        content = signed.content
        wording = Wording.stored(hasher_of(self.home, content.receipt), content.probes)
        return prove_absence(self.home, "ada", wording, self.search, self.database, lambda _: None)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path, monkeypatch)
    made.spread()
    return made


WANTED = "posts/the-eastern-lamp.md"


def test_killed_before_and_after_every_step_it_ends_all_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(bench.home, bench.plan(WANTED).journal)
    kills = 0
    for name, step in STEPS:

        def dies_before(_: object) -> None:
            raise Killed

        def dies_after(forgetting: object, step: object = step) -> None:
            step(forgetting)  # type: ignore[operator]
            raise Killed

        for dying in (dies_before, dies_after):
            steps = tuple((one, dying if one == name else rest) for one, rest in STEPS)
            monkeypatch.setattr(run, "STEPS", steps)
            with pytest.raises(Killed):
                carry_out(bench.home, "ada", bench.around())
            journal = read_journal(bench.home, "ada")
            assert journal is not None and name not in journal.done
            kills += 1
    monkeypatch.setattr(run, "STEPS", STEPS)
    signed, path = carry_out(bench.home, "ada", bench.around())
    assert kills == 2 * len(STEPS)
    assert signed.content.proof.is_absent, signed.content.proof
    assert not journal_path(bench.home, "ada").exists()
    assert read_receipt(path) == signed and bench.prove(signed).is_absent
    assert bench.store.read("documents").height == 2


def test_what_was_everywhere_is_nowhere_and_the_rest_is_still_there(bench: Bench) -> None:
    plan = bench.plan(WANTED).plan
    assert plan.champion_is_affected and set(plan.bundles) == {bench.base.bundle_id, bench.trained.bundle_id}
    assert plan.withdrawn == (bench.trained.bundle_id,)
    assert plan.stores.keys() == {"datasets", "evaluations", "logs", "tables"}
    assert (bench.posts / "the-eastern-lamp.md").exists(), "a plan changes nothing"

    signed, _ = bench.forget(WANTED)

    content = signed.content
    assert content.proof.is_absent, content.proof
    assert [one.id_digest for one in content.documents] and content.documents[0].probes > 10
    assert sorted(path.name for path in bench.posts.iterdir()) == ["the-gulls.md", "the-rope.md"]
    assert bench.search.indices.keys() == {"twin-ada-new"} and bench.search.hidden == [WANTED]
    assert set(bench.entries()) == {"posts/the-gulls.md", "posts/the-rope.md"}
    assert not (bench.home.voices / "ada").exists() and not list((bench.home.training / "ada").iterdir())
    written = signed.model_dump_json().lower()
    assert not any(word in written for word in ("lamp", "jetty", "november"))


def test_the_gate_refuses_what_was_made_of_it_and_bundle_0_answers(bench: Bench) -> None:
    content = bench.forget(WANTED)[0].content
    champion = bundles.champion_id(bench.home, "ada")
    assert (content.champion_before, content.champion_after) == (bench.trained.bundle_id, champion)
    assert champion == bench.registry.bundles("ada")[-1].bundle_id
    for one in bench.registry.bundles("ada")[:2]:
        kinds = {stop.kind for stop in stops_of(bench.home, one, ()).stops}
        assert HardStopKind.TAINTED in kinds and content.receipt in (one.tainted or "")
    assert bench.registry.bundles("ada")[-1].tainted is None
    last = bench.registry.history("ada")[-1]
    assert (last.alias, last.override_by) == (Alias.CHAMPION, "twin forget") and content.receipt in last.reason


def test_backups_of_before_are_named_for_the_user(bench: Bench) -> None:
    (left,) = bench.forget(WANTED)[0].content.left_to_user
    assert (left.kind, left.place) == ("backup", str(bench.archive)) and "destroy it" in left.todo


def test_a_copy_that_the_user_made_keeps_it_from_being_absent(bench: Bench) -> None:
    shutil.copy(bench.archive, bench.home.root / "copy.tar.gz")
    notes = bench.posts.parent.parent / "notes.txt"
    notes.write_text(f"Why not use this: {LAMP}", "utf-8")
    content = bench.forget(WANTED)[0].content
    found = {place for store in content.proof.stores for place in store.found}
    assert found == {"copy.tar.gz", "personas/ada/notes.txt"} and not content.proof.is_absent
    assert {one.kind for one in content.left_to_user} == {"backup", "file"}


def test_a_later_search_notices_what_came_back(bench: Bench) -> None:
    signed, _ = bench.forget(WANTED)
    assert bench.prove(signed).is_absent
    (bench.home.logs / "llm.log").write_text(f"prompt: {LAMP}", "utf-8")
    bench.search.indices["twin-ada-new"]["posts/other.md"] = LAMP
    found = {place for store in bench.prove(signed).stores for place in store.found}
    assert "logs/llm.log" in found and len(found) == 2


def test_what_stays_and_says_the_same_is_told_and_not_sought(bench: Bench) -> None:
    (bench.posts / "again.md").write_text(f"# Once more\n\n{LAMP * 3}\n", "utf-8")
    plan = bench.plan(WANTED).plan
    assert plan.sharing == ("posts/again.md",)
    assert "logs" not in plan.stores, "its words are another document's, too"


def test_the_last_source_can_be_forgotten(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "rebuild", lambda: None)
    content = bench.forget("posts")[0].content
    assert content.proof.is_absent, content.proof
    assert bench.search.indices == {} and not bench.posts.exists()
    assert bench.store.read("documents").is_empty() and content.champion_after == bench.trained.bundle_id
    assert len(read_tombstones(bench.posts.parent.parent)) == 3 * 2
