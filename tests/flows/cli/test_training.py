from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from typer.testing import CliRunner, Result

from flows import rebuild as rebuild_flow
from flows import rebuilt_persona, rebuilt_scores
from flows.cli import flow_runs, training
from flows.cli.app import app
from flows.persona_file import persona_yaml
from flows.personas import create_persona
from flows.platform.settings import PlatformSettings
from flows.rebuild import Rebuilt, RebuiltPart
from flows.rebuilt_scores import RebuiltScores, ScoreDifference
from flows.reporting import report
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import DatasetError, LLMUnavailableError, ModelError, TrainingError
from twin_data.contracts.training import TrainingForecast, TrainingRecord, TrainingStage

from ..test_seed_siblings import Trained

FORECAST = TrainingForecast(stage=TrainingStage.SFT, tokens=80_000, steps=20, seconds=300.0, memory_mb=2048.0)
SFT = TrainingRecord(
    stage=TrainingStage.SFT, dataset_digest="d", config_digest="c", seed=42, steps=20, tokens=79_000, non_pad_share=1.0,
    seconds=360.0, tokens_per_second=220.0, peak_memory_mb=1536.0, world_size=1, distributed_type="NO", zero_stage=0,
    device="cpu", dtype="bfloat16", first_loss=3.5, final_loss=2.25, eval_loss=2.5, forecast=FORECAST,
)  # fmt: skip
DPO = SFT.model_copy(update={"stage": TrainingStage.DPO, "forecast": None, "preference_effect": "no effect: 5 of 9"})


class Flows:
    """Stands for the servers and the flows; remembers what was asked of it."""

    def __init__(self) -> None:
        self.started: list[tuple[str, ...]] = []
        self.recipes: list[str] = []
        self.seeds: list[int | None] = []
        self.raises: Exception | None = None

    def ensure(self, home: TwinHome, settings: PlatformSettings, names: tuple[str, ...], **rest: object) -> None:
        self.started.append(names)
        self.recipes.append(settings.recipe)

    def train_twin(
        self, persona: str, recipe: str, override_reason: str | None, *, seed: int | None = None
    ) -> dict[str, Any]:
        self.seeds.append(seed)
        report("SFT step 1/20, loss 3.500")
        if self.raises:
            raise self.raises
        first = None if seed is None else "ba9876543210"
        return {
            "bundle": "0123456789ab",
            "seed_sibling_of": first,
            "training": [one.model_dump(mode="json") for one in (SFT, DPO)],
        }

    def build_datasets(self, persona: str, recipe: str) -> dict[str, Any]:
        return {"rows": 60, "held_out_rows": 6, "folder": "/somewhere/instructions-0123"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[TwinHome]:
    with patch.dict(os.environ, {"TWIN_HOME": str(tmp_path / "home")}):  # the commands set variables of their own
        os.environ.pop("TWIN_RECIPE", None)
        home = TwinHome(tmp_path / "home")
        text = persona_yaml("ada", "Ada", aliases=[], owner="Ada", licence="CC0-1.0", consent="I agree to a twin.")
        create_persona(home, "ada", text)
        yield home


@pytest.fixture(autouse=True)
def flows(monkeypatch: pytest.MonkeyPatch) -> Flows:
    fake = Flows()
    monkeypatch.setattr(flow_runs.supervisor, "ensure", fake.ensure)
    monkeypatch.setattr(flow_runs, "use_prefect", lambda home, settings: True)
    module = ModuleType("flows.train_twin")
    module.train_twin = fake.train_twin  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flows.train_twin", module)
    datasets = ModuleType("flows.build_datasets")
    datasets.build_datasets = fake.build_datasets  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flows.build_datasets", datasets)
    return fake


def twin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_training_tells_what_it_took_beside_what_was_predicted(flows: Flows) -> None:
    result = twin("train", "ada")
    assert result.exit_code == 0, result.output
    assert flows.started == [("elasticsearch", "llm", "business")]
    sft, dpo, next_step = result.stdout.splitlines()
    assert sft.startswith("sft: 20 steps, 79,000 tokens at 220 tokens/s, loss 3.50 → 2.25")
    assert sft.endswith("; took 6.0 minutes and 1.5 GiB, forecast were 5.0 (+20%) and 2.0 (-25%)")
    assert dpo.endswith("held-out preferences: no effect: 5 of 9")
    assert next_step == "ada@0123456789ab is the candidate; next: twin evaluate ada"


def test_the_next_command_is_given_the_same_recipe() -> None:
    """Without it the default would be planned, trained and judged by."""
    assert twin("train", "ada", "--recipe", "laptop").stdout.endswith("next: twin evaluate ada --recipe laptop\n")
    assert twin("datasets", "ada", "--recipe", "laptop").stdout.endswith(
        "next: twin plan ada --recipe laptop, then twin train ada --recipe laptop\n"
    )
    assert twin("datasets", "ada").stdout.endswith("next: twin plan ada, then twin train ada\n")


def test_another_seed_is_no_candidate_and_says_what_measures_it(
    flows: Flows, home: TwinHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(training, "open_registry", lambda home: Trained(tmp_path).registry)
    result = twin("train", "ada", "--seed", "7")
    assert result.exit_code == 0, result.output
    assert flows.seeds == [7]
    assert result.stdout.splitlines()[-1] == (
        "ada@0123456789ab is the training of ba9876543210 under another seed, and no candidate; "
        "next: twin evaluate ada --bundle ba9876543210 --seeds"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seed", "42"), "trains SFT and DPO under seed 42 itself"),
        (("--seed", "7"), "has trained no bundle of 'ada'"),
        (("--seed", "7", "--override-reason", "curious"), "'curious' would be recorded nowhere"),
    ],
)
def test_a_seed_that_stands_beside_nothing_is_refused_before_a_server_is_started(
    flows: Flows, options: tuple[str, ...], message: str
) -> None:
    result = twin("train", "ada", *options)
    assert result.exit_code == 1 and message in " ".join(result.stderr.split())
    assert (flows.started, flows.seeds) == ([], [])


@pytest.mark.parametrize(
    ("teacher", "started"), [("none", []), ("local", [("llm",)]), ("local, max_questions: 9", [("llm",)])]
)
def test_datasets_start_the_language_model_for_a_teacher_of_the_platforms_own(
    flows: Flows, tmp_path: Path, teacher: str, started: list[tuple[str, ...]]
) -> None:
    recipe = tmp_path / "taught.yaml"
    recipe.write_text(f"name: taught\ndescription: d\ndatasets: {{teacher: {{kind: {teacher}}}}}\n")
    result = twin("datasets", "ada", "--recipe", str(recipe))
    assert result.exit_code == 0, result.output
    assert flows.started == started


def test_training_as_json_holds_the_forecast(flows: Flows) -> None:
    recorded = json.loads(twin("train", "ada", "--json").stdout)["training"]
    assert recorded[0]["forecast"]["seconds"] == 300.0 and recorded[0]["seconds"] == 360.0


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize(
    "error",
    [
        DatasetError("the certificate of the preferences was not passed", next_step="read certificate.json"),
        ModelError("there is no base model in /models", next_step="run `twin features PERSONA` first"),
        TrainingError("SFT training was stopped at step 3 of 9: the loss became nan", next_step="lower it"),
        LLMUnavailableError("the model 'base' cannot be reached", next_step="twin up llm"),
    ],
)
def test_what_cannot_be_trained_ends_in_its_own_words(
    flows: Flows, error: DatasetError | ModelError | TrainingError | LLMUnavailableError, options: tuple[str, ...]
) -> None:
    flows.raises = error
    result = twin("train", "ada", *options)
    assert result.exit_code == 1
    if options:
        told = json.loads(result.stdout)["error"]
        assert (told["message"], told["next_step"]) == (error.message, error.next_step)
    else:
        assert result.stderr.splitlines()[-2:] == [f"error: {error.message}", f"next:  {error.next_step}"]
    assert "Traceback" not in result.output


IDENTICAL = RebuiltPart(name="weights", recorded="1" * 64, rebuilt="1" * 64, is_required=False)
OTHER = IDENTICAL.model_copy(update={"rebuilt": "2" * 64})


def rebuilt(
    monkeypatch: pytest.MonkeyPatch, part: RebuiltPart, *options: str, is_within: bool = True, asks: bool = False
) -> tuple[Result, list[tuple[str, ...]]]:
    """`twin rebuild` of a bundle whose weights come out so, with scores like this; and what was compared."""
    asked: list[tuple[str, ...]] = []

    async def compare(*arguments: str) -> dict[str, Any]:
        asked.append(arguments)
        one = ScoreDifference(
            metric="facts_found", original=0.5, rebuilt=0.8, difference=0.3, low=0.1, high=0.4, n=40, seed_spread=None,
            is_within=is_within,
        )  # fmt: skip
        return RebuiltScores(differences=(one,), not_compared=()).model_dump(mode="json")

    made = Rebuilt(persona="ada", bundle="0123456789ab", parts=(part,))
    monkeypatch.setattr(rebuild_flow, "asks_models", lambda bundle: asks)
    monkeypatch.setattr(rebuilt_persona, "set_up", lambda home, bundle, folder: home.root / "recipe.yaml")
    monkeypatch.setattr(rebuild_flow, "rebuild", lambda home, bundle, recipe: made)
    monkeypatch.setattr(rebuilt_scores, "compare_rebuilt", compare)
    return twin("rebuild", "bundle-0123", "--persona-folder", "ada", *options), asked


def test_a_bundle_that_is_none_is_told_before_a_server_is_started(flows: Flows, tmp_path: Path) -> None:
    result = twin("rebuild", str(tmp_path / "nothing"), "--persona-folder", str(tmp_path))
    assert result.exit_code == 1 and "nothing" in result.stderr
    assert flows.started == []


def test_a_rebuild_with_the_same_weights_is_the_same_model_and_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = rebuilt(monkeypatch, IDENTICAL, "--evaluate")
    assert result.exit_code == 0, result.output
    assert "scores: the original's" in result.stdout and asked == []
    result, asked = rebuilt(monkeypatch, IDENTICAL, "--evaluate", "--even-if-identical")
    assert len(asked) == 1 and "scores: within" in result.stdout


def test_a_rebuild_with_other_weights_is_compared_if_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch, flows: Flows
) -> None:
    result, asked = rebuilt(monkeypatch, OTHER)
    assert result.exit_code == 0 and asked == [] and "--evaluate" in result.stdout
    result, asked = rebuilt(monkeypatch, OTHER, "--evaluate")
    ((persona, recipe, original, bundle),) = asked
    assert (persona, bundle) == ("ada", "0123456789ab")
    assert (Path(recipe).name, Path(original).name) == ("recipe.yaml", "bundle-0123")
    assert result.exit_code == 0 and flows.started[-1] == ("elasticsearch", "llm", "business")
    result, _ = rebuilt(monkeypatch, OTHER, "--evaluate", "--json", is_within=False)
    assert result.exit_code == 1 and not json.loads(result.stdout)["scores"]["differences"][0]["is_within"]


def test_the_model_of_the_bundles_own_recipe_is_served(monkeypatch: pytest.MonkeyPatch, flows: Flows) -> None:
    result, _ = rebuilt(monkeypatch, IDENTICAL, asks=True)
    assert result.exit_code == 0 and flows.started == [("elasticsearch",), ("llm",)]
    assert flows.recipes[0] == "demo" and Path(flows.recipes[1]).name == "recipe.yaml"
