"""What the last ladder said of training, and whether it still holds for a recipe."""

from __future__ import annotations

from flows.bundles import newest_base_bundle
from flows.exam_files import rubric_of, settings_of_today
from flows.recipes import Recipe
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_value
from twin_data.contracts.errors import RegistryError
from twin_data.contracts.evaluation import ExamStamp
from twin_data.contracts.ladder import Ladder
from twin_data.contracts.releases import TRAINED, Rung
from twin_data.registry import open_registry
from twin_eval.earlier import scoring_digest
from twin_eval.report import newest_ladder


class LadderFinding(Contract):
    """What the last ladder said."""

    verdict: str
    recommended: Rung | None
    needs_training: bool
    """Whether the rung to stand on is a trained one, or no rung without training clears the bars."""
    is_current: bool
    """Whether features, base model, retrieval, bars and code are those of now."""
    differs: tuple[str, ...] = ()
    """In what it differs from now, in words."""

    def text(self) -> str:
        """For people."""
        of_what = f" (of {', '.join(self.differs)})" if self.differs else ""
        return f"ladder{of_what}: {self.verdict}"


def find_ladder(home: TwinHome, persona: str, recipe: Recipe) -> LadderFinding | None:
    """What the last ladder said, and whether it still holds for a recipe; None if none has been climbed.

    Training is called unnecessary only where a rung without it reaches the targets, or where trained rungs were
    evaluated and found not worth it: a ladder that ends below training cannot say what training would give.

    Raises:
        ConfigurationError: The persona's bars are wrong.
        IntegrityError: The ladder's file is damaged.
    """
    found = newest_ladder(home.evaluations / persona)
    if found is None:
        return None
    differs = (*_made_otherwise(home, found, recipe), *_judged_otherwise(home, found))
    is_settled = found.cheapest_on_target is not None or any(one.rung in TRAINED for one in found.rungs)
    return LadderFinding(
        verdict=found.verdict,
        recommended=found.recommended,
        needs_training=not is_settled or found.recommended is None or found.recommended in TRAINED,
        is_current=not differs,
        differs=differs,
    )


def _made_otherwise(home: TwinHome, found: Ladder, recipe: Recipe) -> tuple[str, ...]:
    """In what its rungs differ from what the recipe would make of the newest features, in words."""
    try:
        features = newest_base_bundle(home, found.persona).manifest.lineage.features_digest
    except RegistryError:
        features = ""
    climbed = {one.bundle for one in found.rungs}
    rungs = [one.manifest for one in open_registry(home).bundles(found.persona) if one.bundle_id in climbed]
    wanted = recipe.base_model
    told = {
        "other features": found.features_digest != features,
        "bundles that are gone": len(rungs) != len(climbed),
        "another base model": any(
            (one.base_model.name, one.base_model.source) != (wanted.name, wanted.source) for one in rungs
        ),
        "another retrieval": any(one.retrieval not in (None, recipe.retrieval) for one in rungs),
    }
    return tuple(words for words, is_so in told.items() if is_so)


def _judged_otherwise(home: TwinHome, found: Ladder) -> tuple[str, ...]:
    """In what its exam differs from one of today on the same questions and index, in words."""
    if found.stamp is None:
        return ("bars and code that it does not name",)
    return found.stamp.differs_from(_of_today(found.stamp, home, found.persona))


def _of_today(stamp: ExamStamp, home: TwinHome, persona: str) -> ExamStamp:
    """The stamp that the same questions, put to the same index, would have today."""
    return stamp.model_copy(
        update={
            "settings_digests": (settings_of_today(stamp.index),),
            "rubric_digest": digest_value(rubric_of(home, persona)),
            "scoring_digest": scoring_digest(),
        }
    )
