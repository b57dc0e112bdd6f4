"""What an evaluation adds to a model card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from twin_data.contracts.releases import Rung
from twin_eval.gate import decide, default_rubric
from twin_eval.model_card import Origin, card_summary, evaluated_card
from twin_eval.report import write_report
from twin_eval.scored_run import ScoredRun

from .test_ladder import manifest

MakeRun = Callable[..., ScoredRun]
PAGE = Path("/home/me/.twin/evaluations/ada/0123456789ab/4567/report.html")


@pytest.fixture
def run(make_run: MakeRun) -> ScoredRun:
    return make_run(["fact"] * 12 + ["decline", "error"], ["decline"] * 6 + ["other"], percents=[80.0, 95.0, 120.0])


def test_the_section_tells_date_counts_scores_decision_and_place(run: ScoredRun) -> None:
    decision = decide(run, None, default_rubric())
    card = evaluated_card("# Ada\n\nIts own card.\n", run, decision, PAGE, ladder="Stand on base+retrieval.")
    assert card.startswith("# Ada\n\nIts own card.\n\n## Evaluation\n")
    assert "Answers of 2026-01-01; 21 questions (14 factual, 7 unanswerable), 3 drafts." in card
    assert "`evaluations/ada/0123456789ab/4567/report.html`" in card
    assert f"**Decision: {decision.verdict}**" in card and all(f"- {one}\n" in card for one in decision.reasons)
    facts = run.report.score("facts_found")
    assert facts and f"| facts_found | {facts.value:.3f} | [{facts.low:.3f}, {facts.high:.3f}] | {facts.n} |" in card
    assert "- not measured: cost (the bundle's recipe states no price for the machine)" in card
    assert "Ladder: Stand on base+retrieval." in card


def test_the_card_says_whose_texts_the_voice_is_told_from(run: ScoredRun) -> None:
    told = run.report.model_copy(update={"voice_contrast": "measured against Brody"})
    named, decision = replace(run, report=told), decide(run, None, default_rubric())
    assert evaluated_card("", named, decision, PAGE).endswith("\nVoice is measured against Brody.\n")
    assert "Voice is" not in evaluated_card("", run, decision, PAGE)


def test_a_champion_is_named_and_small_money_is_seen(run: ScoredRun, make_run: MakeRun) -> None:
    champion = make_run(["quote"] * 14, ["decline"] * 7, bundle="champion")
    cost = run.report.scores[0].model_copy(update={"name": "cost", "value": 0.000262, "low": 0.0, "high": 0.0003})
    priced = run.report.model_copy(update={"scores": (*run.report.scores, cost)})
    dear = ScoredRun(report=priced, answers=run.answers, drafts=run.drafts, samples=run.samples)
    card = evaluated_card("", dear, decide(dear, champion, default_rubric()), PAGE)
    assert "compared with the live bundle champion" in card and "| cost | 0.000262 | [0.000, 0.000300] |" in card


def test_the_summary_is_one_line(run: ScoredRun) -> None:
    told = card_summary(run, decide(run, None, default_rubric()))
    assert told.startswith("2026-01-01: ") and "facts_found 0." in told and "\n" not in told


def test_a_card_is_written_only_where_the_bundle_s_is_known(run: ScoredRun, tmp_path: Path) -> None:
    rubric = default_rubric()
    decision = decide(run, None, rubric)
    bare = write_report(run, tmp_path / "bare", decision=decision, rubric=rubric, origin=Origin(manifest(Rung.BASE)))
    assert not bare.card.exists()
    origin = Origin(manifest(Rung.BASE), card="# Ada\n")
    files = write_report(run, tmp_path / "whole", decision=decision, rubric=rubric, origin=origin)
    assert "## Evaluation" in files.card.read_text("utf-8")
