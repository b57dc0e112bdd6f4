"""Which names a bar may use: those that reports hold, and whatever is registered later."""

from __future__ import annotations

import pytest

from twin_data.contracts.evaluation import QuestionKind
from twin_eval import metric_names, metrics, probes, stress_scores
from twin_eval.metric_names import is_metric, near_metrics
from twin_eval.stress import StressKind

HELD = [
    *metric_names.DESCRIPTIONS,
    *(one.name for one in metrics.ROW_METRICS),
    *probes.DESCRIPTIONS,
    *(f"stress.{kind}.{metric}" for kind in StressKind for metric in stress_scores.METRICS),
    *(f"{family}.{kind}" for family in ("answered_rate", "refusal_rate") for kind in QuestionKind),
    "evidence_at_1", "evidence_at_20", "voice.answers", "voice.drafts", "seconds.retrieval", "seconds_p95.llm",
    "recall_at_5", "ndcg_at_10", "whole_answer.held_out", "own_answer.open_book", "facts_found.held_out",
    "probes.over_refusal.homonyms", "probes.complied.contrast_homonyms",
]  # fmt: skip
WRONG = [
    "", "sited", "refusal_rate", "refusal_rate.", "refusal_rate.unanswerabel", "answered_rate.FACTUAL", "voice.", "voice.letters",
    "seconds.", "seconds_p50.", "evidence_at_", "evidence_at_banana", "evidence_at_0", "evidence_at_5.5", "recall_at_", "whole_answer.banana", "evidence_at_5 ", "probes", "probes.",
    "probes.complied.", "probes.banana", "probes.quoted.homonyms", "stress.typos", "stress.typos.banana", "stress.banana.grounded",
]  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_what_a_report_can_hold_may_be_asked_for(name: str) -> None:
    assert is_metric(name)


@pytest.mark.parametrize("name", WRONG)
def test_what_no_report_can_hold_may_not(name: str) -> None:
    assert not is_metric(name)


def test_what_is_registered_later_is_accepted_without_an_entry_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(metric_names.DESCRIPTIONS, "honesty", "a metric of tomorrow")
    monkeypatch.setitem(metric_names._FAMILIES, "honesty_of", "the same of {} alone")
    assert is_metric("honesty") and is_metric("honesty_of.letters") and not is_metric("honesty_of.")
    assert near_metrics("honestly") == ("honesty",)


def test_names_that_are_near_are_told_and_others_are_not() -> None:
    assert near_metrics("refusal_rate.unanswerabel")[0] == "refusal_rate.unanswerable"
    assert near_metrics("xyzzy") == ()
