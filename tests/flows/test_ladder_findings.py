"""What a former ladder says of training by a recipe, and whether it says it of today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import ladder_findings
from flows.ladder_findings import LadderFinding, find_ladder
from flows.recipes import Recipe, load_recipe
from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Bar, Rubric
from twin_data.contracts.answers import TwinOptions
from twin_data.contracts.digests import digest_value
from twin_data.contracts.evaluation import EvaluationReport, ExamStamp, Verdict
from twin_data.contracts.ladder import Ladder, RungResult
from twin_data.contracts.releases import ReleaseBundle, Rung
from twin_data.registry.memory import MemoryRegistry
from twin_eval.answering import AskPlan
from twin_eval.earlier import scoring_digest
from twin_serve.version import answering_code

from ..bundles import MODEL
from .bench import manifest

RUBRIC = Rubric(absolute=(Bar(metric="answered", at_least=0.5),))
Climb = Callable[..., LadderFinding]


def of_recipe(recipe: Recipe, **changes: Any) -> ReleaseBundle:
    """A bundle 0 that the recipe would make of the newest features."""
    model = MODEL.model_copy(update={"name": recipe.base_model.name, "source": recipe.base_model.source})
    return manifest("", **{"base_model": model, "retrieval": recipe.retrieval, **changes})


def stamp(**changes: Any) -> ExamStamp:
    """That of a ladder of today."""
    asked = AskPlan(
        bundle="b", questions=(), options=TwinOptions(), concurrency=4, index="twin-ada-1",
        code=answering_code(),
    )  # fmt: skip
    today = ExamStamp(
        asked_at=datetime(2026, 11, 2, tzinfo=UTC), questions_digest="q", index="twin-ada-1",
        settings_digests=(asked.settings_digest,), rubric_digest=digest_value(RUBRIC), scoring_digest=scoring_digest(),
    )  # fmt: skip
    return today.model_copy(update=changes)


TODAY = stamp()


@pytest.fixture
def climb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Climb:
    """Keep a ladder of these rungs and say what is found of it."""
    home, registry, recipe = TwinHome(tmp_path / "home"), MemoryRegistry(tmp_path / "registry"), load_recipe("laptop")
    base = registry.register(of_recipe(recipe), {"lineage/recipe.json": "{}"})
    monkeypatch.setattr(ladder_findings, "open_registry", lambda home: registry)
    monkeypatch.setattr(ladder_findings, "newest_base_bundle", lambda home, persona: base)
    monkeypatch.setattr(ladder_findings, "rubric_of", lambda home, persona: RUBRIC)

    def make(
        *rungs: Rung,
        bundle: ReleaseBundle | None = None,
        on_target: Rung | None = None,
        features: str = "0",
        stamped: ExamStamp | None = TODAY,
        forgotten: bool = False,
    ) -> LadderFinding:
        asked = registry.register(bundle, {"lineage/recipe.json": "{}"}) if bundle else base
        report = EvaluationReport(
            persona="ada", bundle="gone" if forgotten else asked.bundle_id, questions_digest="q", scores=()
        )
        results = tuple(
            RungResult(rung=one, report=report, fit=Verdict.PROMOTE, fit_reasons=(), on_target=False, target_reasons=())
            for one in rungs or (Rung.BASE,)
        )
        ladder = Ladder(
            persona="ada", features_digest=features, questions_digest="q", rungs=results, steps=(),
            cheapest_on_target=on_target, recommended=Rung.BASE, verdict="Stand on what you have.", stamp=stamped,
        )  # fmt: skip
        path = home.evaluations / "ada" / "0123456789ab" / "questions" / "ladder.json"
        path.parent.mkdir(parents=True)
        path.write_text(ladder.model_dump_json(), "utf-8")
        found = find_ladder(home, "ada", recipe)
        assert found is not None
        return found

    return make


def test_none_was_climbed(tmp_path: Path) -> None:
    assert find_ladder(TwinHome(tmp_path), "ada", load_recipe("laptop")) is None


def test_a_rung_on_target_makes_training_unnecessary(climb: Climb) -> None:
    found = climb(Rung.PROMPT, Rung.BASE, on_target=Rung.BASE)
    assert found.is_current and not found.needs_training and found.text() == "ladder: Stand on what you have."


def test_a_ladder_that_ends_below_training_cannot_speak_against_it(climb: Climb) -> None:
    assert climb(Rung.PROMPT, Rung.BASE).needs_training


def test_trained_rungs_that_were_not_worth_it_do(climb: Climb) -> None:
    assert not climb(Rung.BASE, Rung.SFT).needs_training


def test_of_other_bars_it_is_not_of_today_and_says_so(climb: Climb) -> None:
    found = climb(on_target=Rung.BASE, stamped=stamp(rubric_digest="r"), features="f" * 64)
    assert not found.is_current
    assert found.text() == "ladder (of other features, other bars): Stand on what you have."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"features": "f" * 64}, "other features"),
        ({"bundle": of_recipe(load_recipe("gpu_8b"))}, "another base model, another retrieval"),
        ({"bundle": of_recipe(load_recipe("laptop"), retrieval=None)}, ""),
        ({"forgotten": True}, "bundles that are gone"),
        ({"stamped": None}, "bars and code that it does not name"),
        ({"stamped": stamp(scoring_digest="s")}, "another code of scoring"),
        ({"stamped": stamp(settings_digests=("s",))}, "another code or other options of answering"),
    ],
)
def test_what_differs_from_today_is_named(climb: Climb, changes: dict[str, Any], told: str) -> None:
    found = climb(**changes)
    assert ", ".join(found.differs) == told
    assert found.is_current is not bool(told)
