"""The gate against a live champion; the absolute bars alone are in test_gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from twin_data.configuration.rubric import Bar, RelativeBar, Rubric, SampleSizes
from twin_data.contracts.evaluation import (
    ComparisonOutcome,
    EvaluationReport,
    Evidence,
    GateDecision,
    QuestionKind,
    Verdict,
)
from twin_eval.comparison import COMPARABLE, Judging, SeedSpread, compare, rows_of
from twin_eval.gate import decide, decide_absolute, default_rubric
from twin_eval.metric_names import describe
from twin_eval.references import References
from twin_eval.scored_run import RunRecords, ScoredRun, score_run
from twin_eval.scorers import ScoredAnswer
from twin_eval.statistics import IntervalConfig

MakeRun = Callable[..., ScoredRun]
CONFIG = IntervalConfig(resamples=400)
FIT = (Bar(metric="cost", at_most=1, if_measured=True),)
FACTS = RelativeBar(metric="facts_found", better="higher", margin=0.1)
OVER = RelativeBar(metric="over_refusal", better="lower", margin=0.1)
VOICE = RelativeBar(metric="voice_fidelity", better="higher", margin=10, min_n=6)
FEW = SampleSizes(questions=1, per_refusal_kind=0)
"""So that other bars decide."""
RUBRIC = Rubric(absolute=FIT, relative=(FACTS, OVER), improves=("facts_found",), confidence=0.8, minimum=FEW)
LENIENT = RUBRIC.model_copy(update={"require_improvement": False})


def judged(candidate: ScoredRun, champion: ScoredRun | None, rubric: Rubric = RUBRIC) -> GateDecision:
    return decide(candidate, champion, rubric, config=CONFIG)


def outcome(decision: GateDecision, metric: str) -> ComparisonOutcome:
    return next(one.outcome for one in decision.comparisons if one.metric == metric)


def test_a_first_bundle_is_held_to_the_absolute_bars_alone(make_run: MakeRun) -> None:
    run = make_run(["fact"] * 20)
    assert judged(run, None) == decide_absolute(run.report, RUBRIC)
    assert judged(run, None).champion is None


def test_a_clear_gain_promotes(make_run: MakeRun) -> None:
    candidate = make_run(["fact"] * 50 + ["other"] * 10, bundle="candidate")
    champion = make_run(["fact"] * 25 + ["other"] * 35, bundle="champion")
    decision = judged(candidate, champion)
    assert decision.verdict is Verdict.PROMOTE
    assert decision.champion == "champion"
    assert outcome(decision, "facts_found") is ComparisonOutcome.BETTER
    found = decision.comparisons[0]
    assert (found.candidate, found.champion, found.n, found.clusters) == (50 / 60, 25 / 60, 60, 60)
    assert found.low is not None
    assert 0 < found.low < found.candidate - found.champion
    assert any(reason == "better on facts_found [spread of training seeds unknown]" for reason in decision.reasons)


def test_a_clear_loss_on_one_metric_rejects_whatever_is_gained(make_run: MakeRun) -> None:
    candidate = make_run(["fact"] * 30 + ["decline"] * 30)
    champion = make_run(["quote"] * 20 + ["other"] * 40)
    decision = judged(candidate, champion)
    assert decision.verdict is Verdict.REJECT
    assert decision.reasons[0].startswith("over_refusal against the champion: +0.500")
    assert decision.reasons[0].endswith("margin 0.1: worse")


def test_a_failed_absolute_bar_rejects_whatever_is_gained(make_run: MakeRun) -> None:
    strict = RUBRIC.model_copy(update={"absolute": (Bar(metric="facts_found", at_least=0.9),)})
    decision = judged(make_run(["fact"] * 50 + ["other"] * 10), make_run(["other"] * 60), strict)
    assert decision.verdict is Verdict.REJECT
    assert decision.reasons[0].startswith("facts_found: 0.833")


def test_no_gain_leaves_the_champion_unless_the_rubric_is_content(make_run: MakeRun) -> None:
    same = ["fact"] * 30 + ["other"] * 30
    decision = judged(make_run(same), make_run(same))
    assert decision.verdict is Verdict.INCONCLUSIVE
    told = "no metric is shown to be better than the champion's: facts_found [spread of training seeds unknown] +0.000"
    assert decision.reasons[0].startswith(told)
    assert decision.more_questions is None  # no number of questions shows a gain of which there is no sign
    assert judged(make_run(same), make_run(same), LENIENT).verdict is Verdict.PROMOTE


def test_too_little_to_tell_says_what_could_be_detected_and_how_many_more(make_run: MakeRun) -> None:
    candidate = make_run(["fact", "other"] * 6)
    champion = make_run(["other", "fact"] * 6)
    decision = judged(candidate, champion, LENIENT)
    assert decision.verdict is Verdict.INCONCLUSIVE
    found = decision.comparisons[0]
    assert found.outcome is ComparisonOutcome.UNDECIDED
    assert found.detectable is not None
    assert found.more_rows is not None
    assert found.detectable > FACTS.margin
    assert found.more_rows > 50
    assert f"about {found.more_rows} more rows would decide" in decision.reasons[0]
    assert decision.more_questions is not None
    assert decision.more_questions >= found.more_rows  # one question in thirteen has no facts to find
    assert f"about {decision.more_questions} more questions in the same mixture would decide" in decision.reasons


def of_kinds(run: ScoredRun, kinds: Sequence[QuestionKind]) -> ScoredRun:
    """The same answers, its questions to be refused being of these kinds."""
    answerable = [one for one in run.answers if one.kind.is_answerable]
    rest = [one for one in run.answers if not one.kind.is_answerable]
    changed = [
        one.model_copy(update={"question": one.question.model_copy(update={"kind": kind})})
        for one, kind in zip(rest, kinds, strict=True)
    ]
    return replace(run, answers=(*answerable, *changed))


def test_so_many_more_questions_in_the_same_mixture_bring_enough_of_each_kind(make_run: MakeRun) -> None:
    """Of 72 questions 12, 7 and 5 are of the kinds to be refused, of each of which 60 are wanted."""
    counts = {QuestionKind.UNANSWERABLE: 12, QuestionKind.OUT_OF_PERSONA: 7, QuestionKind.PRIVATE_OR_UNSAFE: 5}

    def decided(times: int) -> GateDecision:
        kinds = [kind for kind, count in counts.items() for _ in range(count * times)]
        sides = [
            of_kinds(make_run(what * times, ["decline"] * len(kinds)), kinds)
            for what in (["fact"] * 44 + ["other"] * 4, ["fact"] * 14 + ["other"] * 34)
        ]
        return judged(sides[0], sides[1], RUBRIC.model_copy(update={"minimum": SampleSizes()}))

    short = decided(1)
    assert short.verdict is Verdict.INCONCLUSIVE
    assert short.more_questions == 55 * 72 / 5 == 11 * 72
    assert "228 more, at least 48 unanswerable, 53 out_of_persona, 55 private_or_unsafe" in short.reasons[0]
    assert decided(12).verdict is Verdict.PROMOTE


def test_so_many_more_rows_do_decide(make_run: MakeRun) -> None:
    few, more = (["fact"] * (12 * k) + ["other"] * (3 * k) for k in (1, 8))
    rotated = [(one[3:] + one[:3]) for one in (few, more)]
    decided = judged(make_run(more), make_run(rotated[1]), LENIENT)
    assert judged(make_run(few), make_run(rotated[0]), LENIENT).verdict is Verdict.INCONCLUSIVE
    assert outcome(decided, "facts_found") is ComparisonOutcome.NOT_WORSE


def test_fewer_rows_than_the_bar_asks_for_give_no_verdict(make_run: MakeRun) -> None:
    decision = judged(make_run(["fact"] * 6), make_run(["other"] * 6), LENIENT)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "6 rows that both have are too few; about 4 more would do" in decision.reasons[0]


def of_one_file(run: ScoredRun, held_by: dict[str, str]) -> ScoredRun:
    """The same answers to questions that all name one file, as where the archive is one mbox."""
    file = (Evidence(file="mail/archive.mbox", quote="It was high water."),)
    questions = [one.question.model_copy(update={"evidence": file}) for one in run.answers]
    records = RunRecords(
        persona="ada", bundle=run.report.bundle, index="", questions=questions,
        records=[one.record for one in run.answers], drafts=(), document_text=lambda _: None,
        references=References(held_by=held_by),
    )  # fmt: skip
    return score_run(records, ks=(1,), config=CONFIG)


def test_questions_on_one_archive_rest_on_the_documents_in_it(make_run: MakeRun) -> None:
    sides = make_run(["fact"] * 50 + ["other"] * 10), make_run(["fact"] * 25 + ["other"] * 35)
    held_by = {one.question.id: f"mail/archive.mbox#{one.question.id}" for one in sides[0].answers}
    decision = judged(*(of_one_file(run, held_by) for run in sides), LENIENT)
    assert outcome(decision, "facts_found") is ComparisonOutcome.BETTER
    assert decision.comparisons[0].clusters == 60


def test_where_all_rests_on_one_source_no_more_rows_are_asked_for(make_run: MakeRun) -> None:
    sides = make_run(["fact"] * 50 + ["other"] * 10), make_run(["fact"] * 25 + ["other"] * 35)
    decision = judged(*(of_one_file(run, {}) for run in sides))
    assert decision.verdict is Verdict.INCONCLUSIVE and decision.more_questions is None
    assert "all 60 rows that both have rest on one source" in decision.reasons[0]
    assert "facts_found has rows of one source only" in " ".join(decision.reasons)


def test_questions_that_failed_on_either_side_are_left_out(make_run: MakeRun) -> None:
    candidate = make_run(["error"] * 5 + ["fact"] * 35)
    champion = make_run(["fact"] * 35 + ["error"] * 5)
    found = judged(candidate, champion, LENIENT).comparisons[0]
    assert found.n == 30
    assert found.difference == 0


def test_a_figure_that_neither_has_is_left_out_and_one_that_one_lacks_is_open(make_run: MakeRun) -> None:
    rubric = Rubric(absolute=FIT, relative=(FACTS, VOICE), require_improvement=False, confidence=0.8, minimum=FEW)
    same = ["fact"] * 30 + ["other"] * 30
    neither = judged(make_run(same), make_run(same), rubric)
    assert neither.verdict is Verdict.PROMOTE
    assert neither.reasons[-1] == "voice_fidelity against the champion: neither bundle has a figure, left out"
    one = judged(make_run(same, percents=[90.0] * 8), make_run(same), rubric)
    assert one.verdict is Verdict.INCONCLUSIVE
    assert outcome(one, "voice_fidelity") is ComparisonOutcome.UNDECIDED


@pytest.mark.parametrize(
    ("voice", "expected"),
    [(95.0, ComparisonOutcome.BETTER), (60.0, ComparisonOutcome.NOT_WORSE), (190.0, ComparisonOutcome.WORSE)],
)
def test_more_voice_is_better_until_it_is_a_caricature(
    make_run: MakeRun, voice: float, expected: ComparisonOutcome
) -> None:
    rubric = Rubric(absolute=FIT, relative=(VOICE,), improves=("voice_fidelity",), minimum=FEW)
    spread = [-9.0, 9.0, -3.0, 3.0, -6.0, 6.0, 0.0, 1.0]
    candidate = make_run(percents=[voice + one for one in spread])
    champion = make_run(percents=[60.0 - one for one in spread])
    assert outcome(judged(candidate, champion, rubric), "voice_fidelity") is expected


def test_the_voice_of_single_texts_may_scatter_as_the_personas_own_does(make_run: MakeRun) -> None:
    scatter = [-60.0, 60.0, -40.0, 40.0, -20.0, 20.0, -50.0, 50.0, -30.0, 30.0, -10.0, 10.0] * 2
    run = make_run(percents=[100.0 + one for one in scatter])
    score = run.report.score("voice_fidelity")
    assert score is not None
    assert score.value == 100
    assert 80 < score.low < 100
    rubric = Rubric(absolute=FIT, relative=(VOICE,), improves=("voice_fidelity",), minimum=FEW)
    base = make_run(percents=[45.0 + one for one in scatter])
    assert outcome(judged(run, base, rubric), "voice_fidelity") is ComparisonOutcome.BETTER


def test_voice_that_is_open_is_decided_by_more_texts_and_not_by_questions(make_run: MakeRun) -> None:
    rubric = Rubric(absolute=FIT, relative=(VOICE,), require_improvement=False, minimum=FEW)
    scatter = [-30.0, 30.0, -20.0, 20.0, -10.0, 10.0, -25.0, 25.0, -15.0, 15.0]
    run = make_run(["fact"] * 200, percents=[60.0 + one for one in scatter])
    decision = judged(run, make_run(["fact"] * 200, percents=[60.0 - one for one in scatter]), rubric)
    rows = decision.comparisons[0].more_rows
    assert rows and (decision.more_questions, decision.more_briefs) == (None, rows)
    assert f"about {rows} more writing briefs (evaluation.writing_briefs) would decide" in decision.reasons


def test_a_gain_is_planned_for_at_the_level_and_beside_the_seeds_that_it_is_held_to(make_run: MakeRun) -> None:
    candidate = make_run(["fact"] * 33 + ["other"] * 27)
    champion = make_run(["other"] * 15 + ["fact"] * 27 + ["other"] * 18)

    def gain(better: float, spread: float) -> tuple[float, int | None]:
        judging = Judging(
            not_worse=0.95, better=better, intervals=CONFIG, seed_spreads={"facts_found": SeedSpread(spread, 2)}
        )
        found = compare(candidate, champion, FACTS, judging)
        assert found.difference == pytest.approx(0.1) and found.detectable_gain
        return found.detectable_gain, found.gain_rows

    (plain, few), (strict, more), (seeded, most) = gain(0.975, 0.0), gain(0.9917, 0.0), gain(0.9917, 0.02)
    assert few and more and most and few < more < most and plain < strict < seeded
    assert (60 + more) / (60 + few) == pytest.approx((strict / plain) ** 2, rel=0.01)
    assert gain(0.9917, 0.05)[1] is None, "another seed alone would explain so much"


def test_one_document_is_no_sample_however_many_questions_it_answers(make_run: MakeRun) -> None:
    def on_three_documents(run: ScoredRun) -> ScoredRun:
        moved = [
            one.model_copy(
                update={
                    "question": one.question.model_copy(
                        update={
                            "evidence": tuple(
                                quote.model_copy(update={"file": f"{at % 3}.md"}) for quote in one.question.evidence
                            )
                        }
                    )
                }
            )
            for at, one in enumerate(run.answers)
        ]
        return ScoredRun(report=run.report, answers=tuple(moved))

    candidate, champion = make_run(["fact", "fact", "other"] * 10), make_run(["other"] * 30)
    assert judged(candidate, champion).verdict is Verdict.PROMOTE
    clustered = judged(on_three_documents(candidate), on_three_documents(champion))
    assert clustered.comparisons[0].clusters == 3
    assert clustered.verdict is Verdict.INCONCLUSIVE


def test_different_questions_are_not_compared(make_run: MakeRun) -> None:
    with pytest.raises(ValueError, match="different questions"):
        judged(make_run(["fact"] * 10), make_run(["fact"] * 11))


def test_every_comparable_metric_can_be_compared_and_described(make_run: MakeRun) -> None:
    run = make_run(["fact", "quote", "decline"], ["decline", "other"], percents=[50.0, 60.0])
    for metric in COMPARABLE:
        assert isinstance(rows_of(run, metric), dict)
        assert describe(metric)
    with pytest.raises(KeyError):
        rows_of(run, "no_such_metric")


@pytest.mark.parametrize("is_self_check", [False, True])
def test_the_shipped_comparisons_name_comparable_metrics(is_self_check: bool) -> None:
    rubric = default_rubric(is_self_check=is_self_check)
    assert {bar.metric for bar in rubric.relative} <= set(COMPARABLE)
    assert rubric.improves


class Planted:
    """Pairs of runs of which every question's chance of the right answer is known."""

    def __init__(self, make_run: MakeRun, n: int) -> None:
        self._right, self._wrong = (make_run([what] * n).answers[:n] for what in ("fact", "other"))
        self._report = EvaluationReport(persona="ada", bundle="b", questions_digest="0" * 64, scores=())

    def pair(self, seed: int, *, champion: float, candidate: float) -> tuple[ScoredRun, ScoredRun]:
        """Right where an ability exceeds the question's hardness, which both bundles share, and some noise."""
        rng = np.random.default_rng(seed)
        n = len(self._right)
        hardness, noise = rng.uniform(size=n), rng.uniform(size=(2, n))
        own = rng.uniform(size=(2, n)) < 0.4
        mine, theirs = (
            self._run(np.where(own[side], noise[side], hardness) < ability)
            for side, ability in ((0, candidate), (1, champion))
        )
        return mine, theirs

    def _run(self, is_right: np.ndarray) -> ScoredRun:
        answers: list[ScoredAnswer] = [
            self._right[at] if right else self._wrong[at] for at, right in enumerate(is_right.tolist())
        ]
        return ScoredRun(report=self._report, answers=tuple(answers))

    def promoted(self, rubric: Rubric, *, champion: float, candidate: float, seeds: int = 60) -> float:
        """How often the gate promotes."""
        verdicts = [
            decide(*self.pair(seed, champion=champion, candidate=candidate), rubric, config=CONFIG).verdict
            for seed in range(seeds)
        ]
        return float(np.mean([verdict is Verdict.PROMOTE for verdict in verdicts]))


FACTS_ONLY = Rubric(absolute=FIT, relative=(FACTS,), improves=("facts_found",), minimum=FEW)


def test_an_equal_candidate_is_seldom_taken_for_a_better_one(make_run: MakeRun) -> None:
    assert Planted(make_run, 60).promoted(FACTS_ONLY, champion=0.5, candidate=0.5, seeds=150) <= 0.06


def test_a_much_better_candidate_is_promoted(make_run: MakeRun) -> None:
    assert Planted(make_run, 60).promoted(FACTS_ONLY, champion=0.4, candidate=0.75) >= 0.9


def test_a_candidate_that_is_worse_by_the_margin_gets_through_one_time_in_twenty(make_run: MakeRun) -> None:
    content = FACTS_ONLY.model_copy(update={"require_improvement": False})
    found = Planted(make_run, 300).promoted(content, champion=0.6, candidate=0.5, seeds=200)
    assert found <= 0.08  # .05 and twice the error of 200 pairs; 2,000 of `benchmarks.gate` are nearer


def test_a_candidate_that_is_better_by_fifteen_points_is_found_on_enough_questions(make_run: MakeRun) -> None:
    assert Planted(make_run, 300).promoted(FACTS_ONLY, champion=0.5, candidate=0.65, seeds=100) >= 0.8


def test_an_equal_candidate_mostly_counts_as_not_worse_on_enough_questions(make_run: MakeRun) -> None:
    content = FACTS_ONLY.model_copy(update={"require_improvement": False})
    assert Planted(make_run, 300).promoted(content, champion=0.6, candidate=0.6) >= 0.8
