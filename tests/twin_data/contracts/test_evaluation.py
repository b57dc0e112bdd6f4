from __future__ import annotations

import pytest
from pydantic import ValidationError

from twin_data.contracts.evaluation import EvaluationReport, QuestionKind, Score


def test_three_kinds_are_answerable() -> None:
    assert [kind for kind in QuestionKind if kind.is_answerable] == ["factual", "multi", "opinion"]


def test_no_score_stands_on_nothing() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Score(name="cited", value=1.0, low=1.0, high=1.0, n=0)


def test_a_report_finds_its_scores_by_name() -> None:
    score = Score(name="cited", value=0.9, low=0.8, high=1.0, n=10)
    report = EvaluationReport(persona="ada", bundle="b", questions_digest="d", scores=(score,))
    assert report.score("cited") == score
    assert report.score("voice") is None
