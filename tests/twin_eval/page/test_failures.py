"""What the page shows of failures: by cause, with passages and sample, and never more than a page bears."""

from __future__ import annotations

import pytest

from twin_eval.page import failures
from twin_eval.page.failures import failures_part, sample_address
from twin_eval.page.rows import question_blocks
from twin_eval.scored_run import ScoredRun

from . import specimen


@pytest.fixture(scope="module")
def run() -> ScoredRun:
    return specimen.run(specimen.BUNDLE)


def part(run: ScoredRun, log: str | None = "inspect.eval") -> failures.FailuresPart:
    found = failures_part(run, question_blocks(run, None), passages=4, log=log)
    assert found is not None
    return found


def test_every_failure_has_one_cause_and_the_commonest_comes_first(run: ScoredRun) -> None:
    found = part(run)
    counts = [len(group.rows) for group in found.groups]
    assert sum(counts) == found.failed == 33 and counts == sorted(counts, reverse=True)
    assert sum(group.share for group in found.groups) == pytest.approx(1)
    ids = [row.id for group in found.groups for row in group.rows]
    assert len(set(ids)) == len(ids)


def test_a_failure_shows_the_passages_that_were_answered_from_and_marks_the_evidence(run: ScoredRun) -> None:
    by_cause = {group.cause: group.rows[0] for group in part(run).groups}
    detail = by_cause["judge: the evidence was found, and taken for no answer"].detail
    assert detail and [one.note for one in detail.passages] == ["holds the evidence", "", "", ""]
    assert detail.left_out == 8 and detail.side.outcome == "declined"
    lost = by_cause["search: no evidence was found"].detail
    assert lost and not any(one.note for one in lost.passages)
    gone = by_cause["endpoint: llm_unavailable"].detail
    assert gone and gone.passages == () and gone.side.text == "the language model is away"


def test_beyond_the_cap_rows_stay_and_details_are_counted(run: ScoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "DETAILED_OF_A_CAUSE", 2)
    monkeypatch.setattr(failures, "DETAILED", 7)
    found = part(run)
    rows = [row for group in found.groups for row in group.rows]
    assert len(rows) == 33 and sum(row.detail is not None for row in rows) == 7 and found.undetailed == 26
    assert all(sum(row.detail is not None for row in group.rows) <= 2 for group in found.groups)


def test_a_long_passage_is_cut(run: ScoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "LONGEST_PASSAGE", 50)
    texts = [one.text for group in part(run).groups for row in group.rows if row.detail for one in row.detail.passages]
    assert texts and all(len(one) == 50 and one.endswith("…") for one in texts)


def test_each_row_leads_to_its_sample(run: ScoredRun) -> None:
    row = part(run).groups[0].rows[0]
    assert row.sample == f"http://127.0.0.1:7575/#/logs/inspect.eval/samples/sample/{row.id}/1"
    assert sample_address("inspect.eval", "a/b c?").endswith("/sample/a%2Fb%20c%3F/1")
    assert part(run, log=None).groups[0].rows[0].sample == ""


def test_nothing_wrong_is_no_part(run: ScoredRun) -> None:
    right = [one for one in run.answers if one.scores and one.scores.is_decision_right and one.scores.is_whole]
    kept = tuple(one for one in right if one.scores and one.scores.facts and one.scores.facts.is_complete)
    whole = ScoredRun(report=run.report, answers=kept)
    assert failures_part(whole, question_blocks(whole, None), passages=4, log=None) is None
