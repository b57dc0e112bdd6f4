"""What stops a bundle is found in what is really there: its folder, its lineage, the tables it was trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.bundles import RECIPE_FILE
from flows.hard_stops import Search, bundle_to_judge, stops_of
from flows.recipes import load_recipe
from flows.seed_siblings import seed_siblings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.answers import Turn
from twin_data.contracts.datasets import (
    DatasetKind,
    DatasetVersion,
    Instruction,
    Preference,
    RejectedReason,
    ResponseSource,
    TaskKind,
)
from twin_data.contracts.errors import RegistryError
from twin_data.contracts.evaluation import HardStopKind, HeldOutQuestion, QuestionKind
from twin_data.contracts.releases import Rung
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.port import RegisteredBundle
from twin_data.store.schemas import to_frame
from twin_data.store.tables import FeatureStore

from ..bundles import bundle, lineage, training_record

QUESTION = HeldOutQuestion(
    id="q1", kind=QuestionKind.FACTUAL, question="When did the eastern lock freeze?", answer="In January.", facts=(),
    evidence=(), expected="answer",
)  # fmt: skip
Register = Callable[..., RegisteredBundle]


def prompt(question: str) -> tuple[Turn, ...]:
    return (Turn(role="user", content=f"Passages:\nThe lock.\n\n{question}"),)


def instruction(question: str) -> Instruction:
    return Instruction(
        instruction_id=question, task=TaskKind.ANSWER, template="plain", prompt=prompt(question), response="It did.",
        response_source=ResponseSource.OWN, spans=(), context=(), source="notes",
    )  # fmt: skip


def preference(question: str, rejected: str) -> Preference:
    return Preference(
        preference_id=question, task=TaskKind.ANSWER, prompt=prompt(question), chosen="It did.",
        chosen_source=ResponseSource.OWN, rejected=rejected, reason=RejectedReason.UNSUPPORTED, spans=(), context=(),
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    return TwinHome(tmp_path / "home")


@pytest.fixture
def registry(tmp_path: Path) -> MemoryRegistry:
    return MemoryRegistry(tmp_path / "registry")


@pytest.fixture
def register(registry: MemoryRegistry) -> Register:
    def make(
        *datasets: DatasetVersion, rung: Rung = Rung.SFT, seed: int = 42, name: str = "demo", rate: float = 1e-3
    ) -> RegisteredBundle:
        record = training_record(seed=seed)
        recipe = load_recipe("demo").model_dump(mode="json")
        recipe["name"], recipe["training"]["sft"]["seed"] = name, seed
        recipe["training"]["sft"]["learning_rate"] = rate
        recipe["few_shot"]["answers"] = seed  # of the ladder alone: it changes no answer of this bundle
        made_by = lineage(
            recipe=name,
            recipe_digest=f"{name} {seed} {rate}",
            datasets=datasets,
            training=() if rung is Rung.BASE else (record,),
        )
        manifest = bundle(rung=rung, lineage=made_by)
        return registry.register(manifest, {RECIPE_FILE: json.dumps(recipe)})

    return make


def version_of(
    home: TwinHome, kind: DatasetKind, *rows: Instruction | Preference, passed: bool = True
) -> DatasetVersion:
    model = Instruction if kind is DatasetKind.INSTRUCTIONS else Preference
    written = FeatureStore.of(home.features, "ada").write(kind.value, to_frame(rows, model))
    return DatasetVersion(
        persona="ada", kind=kind, digest="d" * 64, rows=len(rows), held_out_rows=0, table_version=written.version,
        passed=passed,
    )  # fmt: skip


def test_a_question_that_was_trained_on_is_found_in_the_version_that_was_trained_on(
    home: TwinHome, register: Register
) -> None:
    leaked = version_of(home, DatasetKind.INSTRUCTIONS, instruction("When did the eastern LOCK freeze"))
    clean = version_of(home, DatasetKind.INSTRUCTIONS, instruction("When did the western lock freeze?"))
    (stop,) = stops_of(home, register(leaked), [QUESTION]).stops
    assert (stop.kind, stop.detail) == (HardStopKind.LEAK, "1 of 1 questions stand in the training data: q1")
    assert stops_of(home, register(clean), [QUESTION]) == Search()


def test_pairs_are_searched_on_both_sides(home: TwinHome, register: Register) -> None:
    pairs = (preference("Why?", "It did."), preference("And now?", f"You asked: {QUESTION.question} I forget."))
    (stop,) = stops_of(home, register(version_of(home, DatasetKind.PREFERENCES, *pairs)), [QUESTION]).stops
    assert stop.kind is HardStopKind.LEAK


def test_a_failed_certificate_and_a_taint_stop(home: TwinHome, registry: MemoryRegistry, register: Register) -> None:
    failed = version_of(home, DatasetKind.INSTRUCTIONS, instruction("Why the lock, and when?"), passed=False)
    bundle = register(failed)
    tainted = registry.taint("ada", bundle.bundle_id, reason="the letters were withdrawn")
    found = stops_of(home, tainted, [QUESTION])
    assert [one.kind for one in found.stops] == [HardStopKind.CERTIFICATE, HardStopKind.TAINTED]


def test_a_dataset_that_is_gone_stops_nothing_but_is_told(home: TwinHome, register: Register) -> None:
    gone = version_of(home, DatasetKind.INSTRUCTIONS, instruction(QUESTION.question)).model_copy(
        update={"table_version": 7}
    )
    found = stops_of(home, register(gone), [QUESTION])
    assert found.stops == ()
    (remark,) = found.remarks
    assert remark.startswith("questions in the instructions that it was trained on: not looked for")


@pytest.mark.parametrize("file", ["adapter/model.pkl", "prompts/extra.py", "adapter/config.json"])
def test_unsafe_or_added_files_stop(registry: MemoryRegistry, register: Register, file: str) -> None:
    bundle = register(rung=Rung.BASE)
    assert bundle_to_judge(registry, "ada", None) == (bundle, ())
    path = bundle.folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"auto_map": {"AutoModel": "code.Model"}}', "utf-8")
    found, (stop,) = bundle_to_judge(registry, "ada", bundle.bundle_id)
    assert (found.bundle_id, stop.kind) == (bundle.bundle_id, HardStopKind.UNSAFE_FILES)
    assert file in stop.detail


def test_an_unknown_bundle_is_no_hard_stop(registry: MemoryRegistry, register: Register) -> None:
    register()
    with pytest.raises(RegistryError, match="has no bundle 'typo'"):
        bundle_to_judge(registry, "ada", "typo")


def test_siblings_differ_in_their_seed_and_in_nothing_else(registry: MemoryRegistry, register: Register) -> None:
    one, two = register(seed=1), register(seed=2, name="demo_seed_2")
    register(seed=3, rate=2e-3)
    register(seed=4, rung=Rung.DPO)
    base = register(rung=Rung.BASE)
    assert seed_siblings(one, registry.bundles("ada")) == (registry.resolve("ada", bundle_id=two.bundle_id),)
    assert seed_siblings(base, registry.bundles("ada")) == ()
