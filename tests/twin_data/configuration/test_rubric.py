from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from twin_data.configuration.rubric import Bar, Rubric
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
