from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from twin_data.configuration.rubric import Bar, RelativeBar, Rubric
from twin_data.configuration.yaml_files import load_yaml

SAMPLE = Path(__file__).parents[3] / "personas" / "sample" / "rubric.yaml"


def test_the_samples_rubric_is_right() -> None:
    rubric = load_yaml(SAMPLE, Rubric)
    assert {bar.metric for bar in rubric.absolute} >= {"quotes_verbatim", "under_refusal", "over_refusal"}


@pytest.mark.parametrize("bounds", [{}, {"at_least": 0.1, "at_most": 0.2}])
def test_a_bar_has_one_bound(bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="exactly one of at_least and at_most"):
        Bar(metric="cited", **bounds)


def test_a_rubric_without_bars_is_none() -> None:
    with pytest.raises(ValidationError):
        Rubric(absolute=())


FACTS = RelativeBar(metric="facts_found", better="higher", margin=0.1)
FIT = (Bar(metric="cited", at_least=0.9),)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"relative": (FACTS, FACTS), "improves": ("facts_found",)}, "facts_found twice"),
        ({"relative": (FACTS,), "improves": ("voice",)}, "improves names voice, which relative does not compare"),
        ({"relative": (FACTS,)}, "improves is empty"),
        ({"confidence": 0.4}, "greater than or equal to 0.5"),
    ],
)
def test_a_comparison_that_could_decide_nothing_is_refused(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Rubric.model_validate({"absolute": FIT, **fields})


def test_a_comparison_may_be_left_out_or_ask_for_no_gain() -> None:
    assert Rubric(absolute=FIT).relative == ()
    assert Rubric(absolute=FIT, relative=(FACTS,), require_improvement=False).improves == ()


def test_who_says_nothing_decides_on_enough_questions_and_with_confidence() -> None:
    rubric = Rubric(absolute=FIT)
    assert (rubric.minimum.questions, rubric.minimum.per_refusal_kind, rubric.confidence) == (300, 60, 0.95)


def test_a_margin_is_a_loss_that_is_accepted() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        RelativeBar(metric="cited", better="higher", margin=0)
