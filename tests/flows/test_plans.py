from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows import plans
from flows.ladder_findings import LadderFinding
from flows.plans import make_plan
from flows.platform import supervisor
from flows.recipes import load_recipe
from flows.recorded_datasets import RecordedDatasets
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ModelError
from twin_data.contracts.releases import Rung
from twin_data.transform.verdict import CorpusVerdict
from twin_train import resources
from twin_train.model_shape import known_shape

from .test_verdicts import ENOUGH, VERDICT

SHAPE = known_shape("Qwen/Qwen3-8B")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))
    judged(monkeypatch, ENOUGH.model_copy(update={"training_words": 30_000}))
    return TwinHome(tmp_path / "home")


def judged(monkeypatch: pytest.MonkeyPatch, verdict: CorpusVerdict) -> None:
    monkeypatch.setattr(plans, "corpus_verdict", lambda home, persona, recipe: verdict)


def test_a_gpu_recipe_is_planned_without_its_model_or_a_gpu(home: TwinHome) -> None:
    plan = make_plan(home, "ada", "gpu_8b")
    assert plan.basis == "corpus" and plan.objections == ()
    assert [one.stage.value for one in plan.forecasts] == ["sft", "dpo"]
    assert all(one.memory_mb > 20_000 and one.seconds > 0 and one.amount is None for one in plan.forecasts)
    assert "cost unknown" in plan.text() and "twin train ada" in plan.text()
    assert plan.text().count("at a speed not measured here yet, ") == 2


@pytest.mark.parametrize(("devices", "fits"), [(2, None), (4, True)])
def test_a_plan_says_whether_the_gpus_that_are_here_hold_it(
    home: TwinHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, devices: int, fits: bool | None
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\n" + "echo 80000, 81559\n" * devices)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    plan = make_plan(home, "ada", "gpu_8b")
    assert plan.fits is fits and plan.memory.needed_mb == max(one.memory_mb for one in plan.forecasts)
    if fits:
        assert f"of the {devices * 80_000 / 1024:.1f} GiB of the GPU(s), as it is now" in plan.text()
    else:
        assert "GPU(s), this machine has 2" in plan.text() and plan.memory.available_mb is None
    assert plan.model_dump(mode="json")["fits"] is fits


def test_a_plan_counts_what_the_platforms_own_vllm_makes_free(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "GPU_QUERY", ("printf", "6526, 81559\n" * 4))
    assert make_plan(home, "ada", "gpu_8b").fits is False
    monkeypatch.setenv("TWIN_LLM_DEVICE", "gpu")
    monkeypatch.setattr(supervisor, "is_running", lambda home, name: name == "llm")
    plan = make_plan(home, "ada", "gpu_8b")
    assert plan.fits is True
    assert "of the 318.6 GiB of the GPU(s), without the platform's vLLM, which makes room" in plan.text()


@pytest.mark.parametrize(("available", "fits"), [(100.0, False), (500_000.0, True)])
def test_a_plan_says_whether_this_machine_holds_it(
    home: TwinHome, monkeypatch: pytest.MonkeyPatch, available: float, fits: bool
) -> None:
    monkeypatch.setattr(plans, "_shape", lambda recipe: (SHAPE, ""))
    monkeypatch.setattr(resources, "available_mb", lambda launch, emptied: available)
    plan = make_plan(home, "ada", "laptop")
    (line,) = [one for one in plan.text().split("\n") if one.startswith("memory:")]
    assert plan.fits is fits
    assert line.startswith("memory: fits, " if fits else "memory: DOES NOT FIT, ")
    assert f"of the {available / 1024:.1f} GiB of this machine" in line
    assert ("gradient_checkpointing" in line) is not fits


def test_a_corpus_is_planned_for_within_the_recipes_caps(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_shape", lambda recipe: (SHAPE, ""))
    sft, dpo = make_plan(home, "ada", "laptop").forecasts
    assert 90_000 < sft.tokens < 250_000, "30,000 words give some 430 rows of about 350 tokens"
    assert 10 < dpo.steps < 100 and dpo.tokens > 20_000
    # Rows of some 300 tokens: two sides of a pair take less than the packed sequence of 1,024, all of it learnt.
    assert dpo.memory_mb < sft.memory_mb
    sft, _ = make_plan(home, "ada", "demo").forecasts
    assert sft.tokens <= 80_000


def test_a_dataset_of_the_recipe_is_what_is_planned_for(
    home: TwinHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "instructions-0123"
    folder.mkdir()
    row = {
        "prompt": [{"role": "user", "content": "word " * 100}],
        "completion": [{"role": "assistant", "content": "a"}],
    }
    (folder / "train.jsonl").write_text(f"{json.dumps(row)}\n" * 1000)
    found = {load_recipe("gpu_8b").datasets: RecordedDatasets(instructions=folder)}
    monkeypatch.setattr(plans, "recorded_datasets", lambda home, persona, config: found.get(config, RecordedDatasets()))
    plan = make_plan(home, "ada", "gpu_8b")
    assert plan.basis == "datasets"
    assert 200_000 < plan.forecasts[0].tokens < 300_000, "1,000 rows of 101 words, two epochs"


def test_a_thin_corpus_is_told_to_stay_with_retrieval(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, VERDICT)
    text = make_plan(home, "ada", "gpu_8b").text()
    assert "not advisable" in text and "stay with prompt and retrieval" in text


def test_an_unknown_model_that_is_not_here_cannot_be_planned(home: TwinHome, tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: r\ndescription: d\nbase_model: {source: some/model, name: some-model, licence: MIT}\n")
    with pytest.raises(ModelError, match="some/model"):
        make_plan(home, "ada", str(recipe))


def found(monkeypatch: pytest.MonkeyPatch, *differs: str, needs_training: bool = False) -> None:
    ladder = LadderFinding(
        verdict="Stand on what you have.", recommended=Rung.BASE, needs_training=needs_training,
        is_current=not differs, differs=differs,
    )  # fmt: skip
    monkeypatch.setattr(plans, "find_ladder", lambda home, persona, recipe: ladder)


def test_without_a_ladder_the_plan_says_how_to_get_one(home: TwinHome) -> None:
    plan = make_plan(home, "ada", "gpu_8b")
    assert plan.ladder is None
    assert "twin evaluate ada --ladder" in plan.text() and "twin train ada" in plan.text()


def test_a_rung_on_target_makes_training_unnecessary(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch)
    text = make_plan(home, "ada", "gpu_8b").text()
    assert "ladder: Stand on what you have." in text
    assert "the ladder sees no need: stay with base+retrieval" in text and "twin train" not in text


def test_a_ladder_that_cannot_speak_against_training_does_not(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, needs_training=True)
    assert "twin train ada" in make_plan(home, "ada", "gpu_8b").text()


def test_a_ladder_of_something_else_is_told_and_decides_nothing(
    home: TwinHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, "other features", "other bars")
    text = make_plan(home, "ada", "gpu_8b").text()
    assert "ladder (of other features, other bars): Stand on what you have." in text and "twin train ada" in text


def test_what_is_not_forecast_is_said(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_shape", lambda recipe: (SHAPE, ""))
    told = "not in these figures: the SFT model's drafts for DPO (to at most 300 prompts, 8 of each answer), and the"
    assert told in make_plan(home, "ada", "laptop").text()
    assert "not in these figures: the evaluation" in make_plan(home, "ada", "smoke").text()
