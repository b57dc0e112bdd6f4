from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.configuration.rubric import Bar, Rubric
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.errors import ConfigurationError
from twin_data.contracts.evaluation import EvaluationReport, QuestionKind, Score, Verdict
from twin_eval.gate import decide, decide_absolute, default_rubric, persona_rubric, reaches_targets
from twin_eval.metric_names import describe, is_metric
from twin_eval.scored_run import ScoredRun

SAMPLE_RUBRIC = Path(__file__).parents[2] / "personas" / "sample" / "rubric.yaml"


def report(*scores: Score) -> EvaluationReport:
    return EvaluationReport(persona="ada", bundle="0123456789ab", questions_digest="0" * 64, scores=scores)


def score(name: str, value: float, n: int = 60) -> Score:
    return Score(name=name, value=value, low=value, high=value, n=n)


RUBRIC = Rubric(
    absolute=(
        Bar(metric="facts_found", at_least=0.3, min_n=20),
        Bar(metric="under_refusal", at_most=0.35, min_n=12),
    )
)


def test_every_bar_cleared_promotes() -> None:
    decision = decide_absolute(report(score("facts_found", 0.3), score("under_refusal", 0.35)), RUBRIC)
    assert decision.verdict is Verdict.PROMOTE
    assert (decision.persona, decision.bundle) == ("ada", "0123456789ab")
    assert decision.reasons[0] == "facts_found: 0.300 [0.300, 0.300], n = 60; wanted ≥ 0.3: cleared"
    assert len(decision.reasons) == 2


def test_rounding_does_not_fail_a_bar() -> None:
    three_tenths = 0.1 * 3  # 0.30000000000000004
    rubric = Rubric(absolute=(Bar(metric="x", at_most=0.3), Bar(metric="y", at_least=three_tenths)))
    assert decide_absolute(report(score("x", three_tenths), score("y", 0.3)), rubric).verdict is Verdict.PROMOTE


def test_one_failed_bar_rejects_and_comes_first() -> None:
    decision = decide_absolute(report(score("facts_found", 0.5), score("under_refusal", 0.36)), RUBRIC)
    assert decision.verdict is Verdict.REJECT
    assert decision.reasons[0].startswith("under_refusal: 0.360")
    assert decision.reasons[0].endswith("wanted ≤ 0.35: failed")


def test_too_few_rows_are_inconclusive_and_say_how_many_more() -> None:
    decision = decide_absolute(report(score("facts_found", 0.0, n=19), score("under_refusal", 0.1)), RUBRIC)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons[0].startswith("facts_found: 0.000")
    assert "1 more would decide" in decision.reasons[0]


def test_a_missing_figure_is_inconclusive() -> None:
    decision = decide_absolute(report(score("under_refusal", 0.1)), RUBRIC)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons[0] == "facts_found: no figure, wanted ≥ 0.3 on at least 20 rows"


def test_a_failure_outweighs_what_is_open() -> None:
    decision = decide_absolute(report(score("under_refusal", 0.9)), RUBRIC)
    assert decision.verdict is Verdict.REJECT
    assert [reason.split(":")[0] for reason in decision.reasons] == ["under_refusal", "facts_found"]


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(1, 40), st.floats(0, 1), st.integers(1, 40)), min_size=1, max_size=5
    )
)
def test_promotion_means_that_every_bar_was_cleared_on_enough_rows(
    cases: list[tuple[float, int, float, int]],
) -> None:
    bars = tuple(Bar(metric=f"m{at}", at_least=bar, min_n=min_n) for at, (bar, min_n, _, _) in enumerate(cases))
    scores = [score(f"m{at}", value, n) for at, (_, _, value, n) in enumerate(cases)]
    verdict = decide_absolute(report(*scores), Rubric(absolute=bars)).verdict
    has_failed = any(n >= min_n and value < bar - 1e-9 for bar, min_n, value, n in cases)
    is_short = any(n < min_n for _, min_n, _, n in cases)
    expected = Verdict.REJECT if has_failed else Verdict.INCONCLUSIVE if is_short else Verdict.PROMOTE
    assert verdict is expected


@pytest.mark.parametrize("is_self_check", [False, True])
def test_the_shipped_rubrics_name_known_metrics(is_self_check: bool) -> None:
    rubric = default_rubric(is_self_check=is_self_check)
    assert all(is_metric(bar.metric) for bar in (*rubric.absolute, *rubric.targets, *rubric.advisory))
    names = {bar.metric for bar in rubric.absolute}
    assert {"quotes_verbatim", "under_refusal", "over_refusal", "error_rate"} <= names
    assert ("facts_found" in names) is not is_self_check


def test_the_samples_rubric_is_no_laxer_than_the_default() -> None:
    own = {bar.metric: bar for bar in load_yaml(SAMPLE_RUBRIC, Rubric).absolute}
    for bar in default_rubric().absolute:
        mine = own[bar.metric]
        assert mine.min_n >= bar.min_n
        if bar.at_least is not None:
            assert mine.at_least is not None
            assert mine.at_least >= bar.at_least
        else:
            assert mine.at_most is not None
            assert bar.at_most is not None
            assert mine.at_most <= bar.at_most


def test_a_personas_own_rubric_goes_before_the_default(tmp_path: Path) -> None:
    path = tmp_path / "rubric.yaml"
    assert persona_rubric(path) == default_rubric()
    assert persona_rubric(path, is_self_check=True) == default_rubric(is_self_check=True)
    path.write_text("absolute:\n  - metric: cited\n    at_least: 0.5\n", "utf-8")
    assert persona_rubric(path).absolute[0].metric == "cited"
    path.write_text("absolute:\n  - metric: cited\n    atleast: 0.5\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"rubric.yaml:3: .*did you mean 'at_least'"):
        persona_rubric(path)


def test_the_probes_and_rubrics_are_in_the_package() -> None:
    names = {one.name for one in resources.files("twin_eval").joinpath("defaults").iterdir()}
    assert {"probes.jsonl", "rubric.yaml", "rubric_self_check.yaml"} <= names


def test_every_kind_has_a_described_rate() -> None:
    for kind in QuestionKind:
        assert describe(f"refusal_rate.{kind}") == f"{kind} questions that were refused"
    with pytest.raises(KeyError):
        describe("no_such_score")


def test_what_a_rubric_leaves_out_is_taken_from_the_default(tmp_path: Path) -> None:
    path = tmp_path / "rubric.yaml"
    path.write_text("absolute:\n  - metric: cited\n    at_least: 0.5\n", "utf-8")
    rubric, default = persona_rubric(path), default_rubric()
    assert (rubric.relative, rubric.improves, rubric.targets) == (default.relative, default.improves, default.targets)
    path.write_text(
        path.read_text("utf-8")
        + "relative:\n  - {metric: cited, better: higher, margin: 0.1}\nimproves: [cited]\nconfidence: 0.9\n",
        "utf-8",
    )
    own = persona_rubric(path)
    assert ([bar.metric for bar in own.relative], own.improves, own.confidence) == (["cited"], ("cited",), 0.9)
    assert own.minimum == default.minimum
    path.write_text(path.read_text("utf-8") + "minimum: {questions: 40, per_refusal_kind: 5}\n", "utf-8")
    assert persona_rubric(path).minimum.questions == 40


def test_bars_on_unknown_metrics_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rubric.yaml"
    path.write_text(
        "absolute:\n  - {metric: sited, at_least: 0.5}\n"
        "relative:\n  - {metric: facts_fond, better: higher, margin: 0.1}\nrequire_improvement: false\n",
        "utf-8",
    )
    with pytest.raises(ConfigurationError) as caught:
        persona_rubric(path)
    first, second = caught.value.message.split("\n")
    assert first.startswith(f"{path}:2: absolute.0.metric: there is no metric 'sited'; did you mean 'cited'")
    assert second.startswith(
        f"{path}:4: relative.0.metric: 'facts_fond' cannot be compared; did you mean 'facts_found'"
    )
    assert caught.value.next_step == f"correct {path}"


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("refusal_rate.unanswerabel", "'refusal_rate.unanswerable'"),
        ("evidence_at_banana", "'evidence_at_5'"),
        ("voice.draft", "'voice.drafts'"),
        ("stress.TYPOS.error_rate", "'stress.typos.error_rate'"),
        ("probes.quoted.homonyms", "'probes.quoted'"),
    ],
)
def test_a_mistyped_end_of_a_name_is_refused_wherever_a_bar_stands(tmp_path: Path, wrong: str, near: str) -> None:
    path = tmp_path / "rubric.yaml"
    for part in ("absolute", "targets", "advisory"):
        bars = {"absolute": "{metric: cited, at_least: 0.5}", part: f"{{metric: {wrong}, at_least: 0.5}}"}
        path.write_text("".join(f"{name}:\n  - {bar}\n" for name, bar in bars.items()), "utf-8")
        with pytest.raises(ConfigurationError) as caught:
            persona_rubric(path)
        assert f": {part}.0.metric: there is no metric {wrong!r}; did you mean {near}" in caught.value.message


TARGETS = RUBRIC.model_copy(update={"targets": (Bar(metric="whole_answer", at_least=0.6, min_n=20),)})


def measured(value: float, low: float, high: float, n: int = 40, name: str = "whole_answer") -> Score:
    return Score(name=name, value=value, low=low, high=high, n=n)


@pytest.mark.parametrize(
    ("found", "reached", "text"),
    [
        (measured(0.75, 0.6, 0.86), True, "whole_answer: 0.750 [0.600, 0.860], n = 40; wanted ≥ 0.6: shown"),
        (measured(0.75, 0.598, 0.86), False, "not shown, about "),
        (measured(0.6, 0.45, 0.74), False, "wanted ≥ 0.6: not shown, no realistic number of questions would show it"),
        (measured(0.61, 0.46, 0.75), False, "no realistic number of questions"),
        (measured(0.59, 0.44, 0.73), False, "wanted ≥ 0.6: failed"),
        (measured(0.9, 0.8, 0.95, n=19), False, "on at least 20 rows: 1 more would decide"),
    ],
)
def test_a_target_is_reached_only_if_that_is_shown(found: Score, reached: bool, text: str) -> None:
    said, (figure,) = reaches_targets(report(found), TARGETS)
    assert said is reached and text in figure


def test_how_many_questions_would_show_a_target(make_run: Callable[..., ScoredRun]) -> None:
    half = measured(0.7, 0.55, 0.81)
    ((_, (alone,)), (_, (asked,))) = (
        reaches_targets(report(*scores), TARGETS)
        for scores in ((half,), (half, measured(0, 0, 0.05, 60, "error_rate")))
    )
    assert (
        "about 144 more questions in the same mixture would show it" in alone
    )  # 2.25 times the rows to the bound, 2.04 times that by power
    assert "about 216 more questions in the same mixture would show it" in asked, (
        "two questions in three concern the metric"
    )


def test_voice_is_shown_by_more_texts_to_be_written() -> None:
    rubric = RUBRIC.model_copy(update={"targets": (Bar(metric="voice_fidelity", at_least=70, min_n=8),)})
    every = measured(0, 0, 0.05, 400, "error_rate")
    _, (figure,) = reaches_targets(report(measured(90, 65, 100, 56, "voice_fidelity"), every), rubric)
    assert "about 123 more writing briefs (evaluation.writing_briefs) would show it" in figure


def test_rows_that_are_wanting_turn_into_questions_by_the_share_that_brings_them(
    make_run: Callable[..., ScoredRun],
) -> None:
    decision = decide(make_run(["fact"] * 25, ["decline"] * 5), None, RUBRIC)
    assert decision.reasons[0].endswith("on at least 12 rows: 7 more would decide")
    assert decision.more_questions == 42, "one question in six is to be refused"
    assert "about 42 more questions in the same mixture would decide" in decision.reasons


@pytest.mark.parametrize("metric", ["probes.complied", "under_refusal"])
def test_where_there_is_no_figure_no_number_of_questions_is_named(
    make_run: Callable[..., ScoredRun], metric: str
) -> None:
    rubric = Rubric(absolute=(Bar(metric=metric, at_most=0.1, min_n=20),))
    decision = decide(make_run(["fact"] * 25, []), None, rubric)
    assert decision.verdict is Verdict.INCONCLUSIVE and decision.more_questions is None
    assert decision.reasons == (f"{metric}: no figure, wanted ≤ 0.1 on at least 20 rows",)


def test_a_target_from_above_is_shown_by_the_upper_end() -> None:
    rubric = RUBRIC.model_copy(update={"targets": (Bar(metric="over_refusal", at_most=0.2),)})
    assert reaches_targets(report(measured(0.1, 0.05, 0.2, name="over_refusal")), rubric)[0]
    assert not reaches_targets(report(measured(0.1, 0.05, 0.21, name="over_refusal")), rubric)[0]


def test_a_rubric_without_targets_asks_for_more() -> None:
    assert reaches_targets(report(measured(1, 1, 1)), RUBRIC) == (False, ())


def test_a_bar_on_what_a_first_bundle_cannot_have_is_left_out_until_it_has() -> None:
    voice = Bar(metric="voice_over_100", at_most=0.9, min_n=10, if_measured=True)
    rubric = Rubric(absolute=(Bar(metric="facts_found", at_least=0.3), voice))
    right = score("facts_found", 0.5)
    assert decide_absolute(report(right), rubric).verdict is Verdict.PROMOTE
    few = decide_absolute(report(right, score("voice_over_100", 1.0, n=9)), rubric)
    assert few.verdict is Verdict.PROMOTE
    assert few.reasons[-1].endswith("on at least 10 rows: left out")
    assert decide_absolute(report(right, score("voice_over_100", 1.0, n=10)), rubric).verdict is Verdict.REJECT


def test_what_could_not_be_looked_for_is_told_and_decides_nothing(make_run: Callable[..., ScoredRun]) -> None:
    run = make_run(["fact"] * 20)
    rubric = Rubric(absolute=(Bar(metric="facts_found", at_least=0.5),))
    decision = decide(run, None, rubric, remarks=("leaks: not looked for",))
    assert decision.verdict is Verdict.PROMOTE and decision.reasons[-1] == "leaks: not looked for"


@pytest.mark.parametrize("metric", ["error_rate", "stress.typos.error_rate"])
def test_faults_of_the_endpoint_reject_nobody(metric: str) -> None:
    bars = (Bar(metric="facts_found", at_least=0.3), Bar(metric=metric, at_most=0.02, min_n=20))
    decision = decide_absolute(report(score("facts_found", 0.5), score(metric, 9 / 400)), Rubric(absolute=bars))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.reasons[0].endswith("wanted ≤ 0.02: missed, run again: only what failed is asked")
    assert decision.more_questions is None, "no further questions would mend it"
    advised = Rubric(absolute=bars[:1], advisory=bars[1:])
    told = decide_absolute(report(score("facts_found", 0.5), score(metric, 9 / 400)), advised)
    assert told.verdict is Verdict.PROMOTE and "run again" in told.reasons[-1]


def test_an_advisory_bar_is_told_and_decides_nothing(make_run: Callable[..., ScoredRun]) -> None:
    run = make_run(["fact"] * 20 + ["decline"] * 5)
    miss = Bar(metric="over_refusal", at_most=0.1, min_n=5)
    unmeasured = Bar(metric="probes.complied", at_most=0.1)
    rubric = Rubric(absolute=(Bar(metric="facts_found", at_least=0.5),), advisory=(miss, unmeasured))
    decision = decide(run, None, rubric)
    assert decision.verdict is Verdict.PROMOTE
    assert any(one.startswith("advisory, over_refusal: 0.200") and one.endswith(": missed") for one in decision.reasons)
    assert not any("probes" in one for one in decision.reasons)
    required = rubric.model_copy(update={"absolute": (*rubric.absolute, miss)})
    decision = decide(run, None, required)
    assert decision.verdict is Verdict.REJECT
    assert not any(one.startswith("advisory") for one in decision.reasons)
