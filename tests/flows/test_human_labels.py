"""Which evaluation is labelled and which two bundles are compared, on a registry in memory."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import human_labels
from flows.human_labels import choose_pair, write_blind, write_review
from flows.persona_file import persona_yaml
from flows.personas import create_persona
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import RegistryError
from twin_data.contracts.evaluation import Evidence, HeldOutQuestion, KeyFact, QuestionKind
from twin_data.contracts.releases import Alias, Rung
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.port import RegisteredBundle
from twin_eval.client import read_answer
from twin_eval.errors import LabelsError
from twin_eval.fake_service import completion
from twin_eval.questions import question_digest
from twin_eval.records import AnswerRecord
from twin_eval.scorers import ScoredAnswer, score_record

from .bench import manifest
from .test_rungs import EXAMPLES, FILES, train

QUESTION = HeldOutQuestion(
    id="q1", kind=QuestionKind.FACTUAL, question="What of it?", answer="high water", expected="answer",
    facts=(KeyFact(text="high water", essential=True),), evidence=(Evidence(file="notes/a.md", quote="High water."),),
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    found = TwinHome(tmp_path / "home")
    create_persona(found, "ada", persona_yaml("ada", "Ada", aliases=[], owner="Ada", licence="CC0-1.0", consent=None))
    return found


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryRegistry:
    found = MemoryRegistry(tmp_path / "registry")
    monkeypatch.setattr(human_labels, "open_registry", lambda home: found)
    return found


@pytest.fixture
def base(registry: MemoryRegistry) -> RegisteredBundle:
    return registry.register(manifest("base"), FILES)


def few_shot(registry: MemoryRegistry, base: RegisteredBundle) -> RegisteredBundle:
    made = base.manifest.model_copy(update={"rung": Rung.FEW_SHOT, "retrieval": None, "examples": EXAMPLES})
    return registry.register(made, FILES, as_candidate=False)


def answered(home: TwinHome, bundle: RegisteredBundle, text: str, *, scored: bool = True) -> ScoredAnswer:
    """The bundle has been asked the question."""
    sentences = [{"text": text, "outcome": "supported", "support": 0.9}]
    record = AnswerRecord(
        question_id="q1",
        question_digest=question_digest(QUESTION),
        bundle=bundle.bundle_id,
        settings_digest="0",
        asked_at=datetime(2026, 1, 1, tzinfo=UTC),
        answer=read_answer(completion(text, bundle=bundle.bundle_id, sentences=sentences), seconds=1),
    )
    one = score_record(QUESTION, record, lambda _: None, ks=(1,))
    folder = home.evaluations / "ada" / bundle.bundle_id / "set"
    folder.mkdir(parents=True)
    (folder / "answers.jsonl").write_text(f"{record.model_dump_json()}\n", "utf-8")
    if scored:
        (folder / "scored.jsonl").write_text(f"{one.model_dump_json()}\n", "utf-8")
    return one


def test_the_champions_last_evaluation_is_reviewed_unless_a_bundle_is_named(
    home: TwinHome, registry: MemoryRegistry, base: RegisteredBundle
) -> None:
    tuned = train(registry, base, Rung.SFT)
    for bundle in (base, tuned):
        answered(home, bundle, f"High water, says {bundle.bundle_id}.")
    with pytest.raises(RegistryError, match="'ada' has no champion"):
        write_review(home, "ada", None, None)
    registry.set_alias("ada", Alias.CHAMPION, base.bundle_id, reason="first", override_by="Ada")
    written = write_review(home, "ada", None, None)
    assert written.bundles == (base.bundle_id,)
    assert written.path == home.evaluations / "ada" / base.bundle_id / "set" / "review.html"
    assert f"High water, says {base.bundle_id}." in written.path.read_text("utf-8")
    assert write_review(home, "ada", tuned.bundle_id, 5).bundles == (tuned.bundle_id,)


def test_a_bundle_that_was_not_evaluated_names_the_next_command(
    home: TwinHome, registry: MemoryRegistry, base: RegisteredBundle
) -> None:
    answered(home, base, "Asked on the ladder, and not judged.", scored=False)
    with pytest.raises(LabelsError) as raised:
        write_review(home, "ada", base.bundle_id, None)
    assert raised.value.next_step == f"twin evaluate ada --bundle {base.bundle_id}"


def test_the_trained_champion_is_compared_with_the_few_shot_rung_else_with_bundle_0(
    home: TwinHome, registry: MemoryRegistry, base: RegisteredBundle
) -> None:
    folder = home.evaluations / "ada"
    old, new = train(registry, base, Rung.SFT, "old"), train(registry, base, Rung.SFT, "new")
    for bundle in (base, old, new):
        answered(home, bundle, bundle.bundle_id)
    assert choose_pair(folder, "ada", registry, None, None) == (new.bundle_id, base.bundle_id)
    registry.set_alias("ada", Alias.CHAMPION, base.bundle_id, reason="first", override_by="Ada")
    assert choose_pair(folder, "ada", registry, None, None) == (new.bundle_id, base.bundle_id)
    registry.set_alias("ada", Alias.CHAMPION, old.bundle_id, reason="better", override_by="Ada")
    few = few_shot(registry, base)
    assert choose_pair(folder, "ada", registry, None, None) == (old.bundle_id, base.bundle_id), "few-shot was not asked"
    answered(home, few, "few", scored=False)
    assert choose_pair(folder, "ada", registry, None, None) == (old.bundle_id, few.bundle_id)
    assert choose_pair(folder, "ada", registry, None, old.bundle_id) == (new.bundle_id, old.bundle_id)
    assert choose_pair(folder, "ada", registry, base.bundle_id, new.bundle_id) == (base.bundle_id, new.bundle_id)
    with pytest.raises(LabelsError, match="cannot be compared with itself"):
        choose_pair(folder, "ada", registry, base.bundle_id, base.bundle_id)


def test_without_two_evaluations_the_next_command_is_named(
    home: TwinHome, registry: MemoryRegistry, base: RegisteredBundle
) -> None:
    answered(home, base, "One.")
    with pytest.raises(LabelsError, match=f"there is: {base.bundle_id} .base.retrieval.") as raised:
        write_blind(home, "ada", None, None, random.Random(1))
    assert "twin evaluate ada --ladder" in raised.value.next_step


def test_the_blind_page_and_its_key_are_written_apart(
    home: TwinHome, registry: MemoryRegistry, base: RegisteredBundle
) -> None:
    tuned = train(registry, base, Rung.SFT)
    answered(home, base, "High water.")
    answered(home, tuned, "Low water.", scored=False)
    written = write_blind(home, "ada", None, None, random.Random(1))
    html = written.path.read_text("utf-8")
    assert written.bundles == (tuned.bundle_id, base.bundle_id) and written.key
    assert "High water." in html and "Low water." in html and tuned.bundle_id not in html and base.bundle_id not in html
    key = home.evaluations / "ada" / "comparisons" / "keys" / f"{written.key.page}.json"
    assert tuned.bundle_id in key.read_text("utf-8")
    assert (written.key.first_rung, written.key.second_rung) == (Rung.SFT, Rung.BASE)


def test_two_that_say_the_same_have_nothing_to_compare(
    home: TwinHome, registry: MemoryRegistry, base: RegisteredBundle
) -> None:
    tuned = train(registry, base, Rung.SFT)
    for bundle in (base, tuned):
        answered(home, bundle, "High water.")
    with pytest.raises(LabelsError, match="answered all 1 common questions in the same words"):
        write_blind(home, "ada", None, None, random.Random(1))
    assert not (home.evaluations / "ada" / "comparisons").exists()
