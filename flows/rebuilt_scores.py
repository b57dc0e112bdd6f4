"""The scores of a rebuilt bundle beside its original's: do they differ by more than chance and another seed explain?"""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

from prefect import flow

from flows.exam_runs import put_questions
from flows.exams import Exam, prepare
from flows.hearing import Silent, heard
from flows.recipes import EvaluationSettings, load_recipe
from flows.turns import refresh_turn
from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Rubric
from twin_data.contracts.base import Contract
from twin_data.contracts.errors import PlatformError
from twin_data.contracts.releases import ReleaseBundle
from twin_data.registry import open_registry
from twin_data.registry.bundle_folder import DIGESTS_FILE, MANIFEST_FILE, read_bundle_folder
from twin_data.registry.port import RegisteredBundle
from twin_eval.comparison import CONFIDENCE, difference_on
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig


class ScoreDifference(Contract):
    """One metric of the rubric's comparison, on the same questions."""

    metric: str
    original: float
    rebuilt: float
    difference: float
    """Rebuilt less original; the interval holds 95 %, as far as the questions go."""
    low: float
    high: float
    n: int
    seed_spread: float | None
    """Standard deviation over training seeds, as the rubric knows it; None where it does not."""
    is_within: bool
    """Whether the questions and, where its spread is known, another seed explain the difference."""

    @property
    def text(self) -> str:
        """For people."""
        seeds = "spread of training seeds unknown" if self.seed_spread is None else f"seeds {self.seed_spread:.3f}"
        return (
            f"{self.metric:<14} {'within' if self.is_within else 'BEYOND'}  {self.original:.3f} {self.rebuilt:.3f}: "
            f"{self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}], n = {self.n}; {seeds}"
        )


class RebuiltScores(Contract):
    """The comparison as a whole."""

    differences: tuple[ScoreDifference, ...]
    not_compared: tuple[str, ...]
    """Metrics of which the two have too few rows in common."""

    @property
    def is_within(self) -> bool:
        """Whether something was compared, and nothing lies beyond the spread."""
        return bool(self.differences) and all(one.is_within for one in self.differences)

    @property
    def text(self) -> str:
        """For people."""
        lines = [one.text for one in self.differences]
        lines += [f"{name:<14} not compared: too few rows" for name in self.not_compared]
        verdict = "within" if self.is_within else "NOT SHOWN TO BE within"
        return "\n".join([*lines, f"scores: {verdict} the spread of two trainings"])


def compare_scores(original: ScoredRun, rebuilt: ScoredRun, rubric: Rubric, config: IntervalConfig) -> RebuiltScores:
    """Compare every metric of the rubric's `relative`, on the same questions.

    A difference is within the spread if it is no larger than what questions and seeds make of two bundles that are
    alike with 95 %: the arm of the paired interval, and √2 times the seeds' standard deviation where that is known.
    """
    found, lacking = [], []
    for bar in rubric.relative:
        one = difference_on(rebuilt, original, bar.metric, config=config)
        if one is None:
            lacking.append(bar.metric)
            continue
        low, high = one.lower(CONFIDENCE), one.upper(CONFIDENCE)
        arm = one.value - low if one.value > 0 else high - one.value
        seeds = NormalDist().inv_cdf(CONFIDENCE) * math.sqrt(2) * (bar.seed_spread or 0.0)
        found.append(
            ScoreDifference(
                metric=bar.metric,
                original=one.champion,
                rebuilt=one.candidate,
                difference=one.value,
                low=low,
                high=high,
                n=one.n,
                seed_spread=bar.seed_spread,
                is_within=abs(one.value) <= math.hypot(arm, seeds),
            )
        )
    return RebuiltScores(differences=tuple(found), not_compared=tuple(lacking))


async def ask_both(
    home: TwinHome, exam: Exam, original: RegisteredBundle, rebuilt: RegisteredBundle, settings: EvaluationSettings
) -> RebuiltScores:
    """Put the same questions to both bundles of one home.

    Raises:
        PlatformError: One of them can answer nothing, for instance because it was made with other prompt templates.
    """
    former, anew = [await _heard(home, one, exam, settings) for one in (original, rebuilt)]
    return await asyncio.to_thread(compare_scores, former, anew, exam.rubric, IntervalConfig())


async def _heard(home: TwinHome, bundle: RegisteredBundle, exam: Exam, settings: EvaluationSettings) -> ScoredRun:
    run = await heard(bundle, put_questions(home, bundle, exam, settings))
    if isinstance(run, Silent):
        raise PlatformError(
            f"{run.model_name} answers nothing: {run.why}",
            next_step="mend what it names, then run the same command again",
        )
    return run


@flow(name="compare-rebuilt", flow_run_name="compare-rebuilt-{persona}", log_prints=False)
async def compare_rebuilt(persona: str, recipe: str, original: str, rebuilt: str) -> dict[str, Any]:
    """Compare the scores of a rebuilt bundle with its original's.

    Args:
        persona: A persona of `$TWIN_HOME`.
        recipe: Name or path of a recipe.
        original: The original's folder; it is registered beside the rebuilt one, and no alias points at it.
        rebuilt: Id of the rebuilt bundle.

    Returns:
        `RebuiltScores` as plain JSON.
    """
    home, chosen = TwinHome.from_environment(), load_recipe(recipe)
    with refresh_turn(home, persona):
        registry = open_registry(home)
        former = register_beside(home, Path(original))
        again = registry.resolve(persona, bundle_id=rebuilt)
        exam = prepare(home, persona, chosen).of_questions
        return (await ask_both(home, exam, former, again, chosen.evaluation)).model_dump(mode="json")


def register_beside(home: TwinHome, folder: Path) -> RegisteredBundle:
    """Register a bundle of another home in this one; no alias moves, and doing so twice changes nothing.

    Raises:
        IntegrityError: The bundle's files are not what it says.
    """
    manifest: ReleaseBundle = read_bundle_folder(folder)
    files: dict[str, Path | str] = {
        path.name: path for path in folder.iterdir() if path.name not in {MANIFEST_FILE, DIGESTS_FILE}
    }
    return open_registry(home).register(manifest, files, as_candidate=False)
