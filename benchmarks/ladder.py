"""How often the ladder's verdict is right, where the truth is known; and what the ladder costs beside its requests.

    python -m benchmarks.ladder [--rounds 300] [--resamples 500] [--questions 60 400]

Needs no server and no data. Rungs are simulated: each question has a hardness that all rungs share, and each rung a
rate of right answers. Printed are the shares of rounds in which the verdict says to go up: although nothing above is
better (to be at most 5 %), and where the highest rung is better by so much (goal 80 %). The peer is the rule that
people use without intervals: go up where the figure is higher. Then the seconds that a ladder of five rungs takes to
score, compare and write down, without a single request.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from statistics import NormalDist

import numpy as np

from twin_data.configuration.rubric import Bar, RelativeBar, Rubric
from twin_data.contracts.evaluation import Evidence, HeldOutQuestion, KeyFact, QuestionKind
from twin_data.contracts.ladder import Ladder
from twin_data.contracts.releases import (
    GenerationSettings,
    Lineage,
    MachinePrice,
    ModelReference,
    ReleaseBundle,
    RetrievalSettings,
    Rung,
    VerificationSettings,
)
from twin_data.statistics import wilson_interval
from twin_eval import gate
from twin_eval.client import read_answer
from twin_eval.fake_service import citation, completion
from twin_eval.ladder import Climbed, RungRun, build_ladder
from twin_eval.model_card import Origin
from twin_eval.records import Answer, AnswerRecord
from twin_eval.report import write_report
from twin_eval.scored_run import RunRecords, ScoredRun, score_run
from twin_eval.scorers import ScoredAnswer, score_record
from twin_eval.statistics import IntervalConfig

QUESTIONS_OF_A_DOCUMENT = 3
SHARED_HARDNESS = 0.6
"""Share of the variance of a right answer, on the scale of a probit, that all rungs have in common."""
FIT = (Bar(metric="facts_found", at_least=0.05),)
RUBRIC = Rubric(
    absolute=FIT,
    relative=(
        RelativeBar(metric="facts_found", better="higher", margin=0.1),
        RelativeBar(metric="whole_answer", better="higher", margin=0.1),
        RelativeBar(metric="over_refusal", better="lower", margin=0.1),
    ),
    improves=("facts_found", "whole_answer"),
)
SENTENCE = "It was high water."
MODEL = ModelReference(name="none", source="simulated", digest="0" * 64, licence="none")


@dataclass(frozen=True)
class Truth:
    """The true rate of right answers of each rung."""

    name: str
    rates: dict[Rung, float]


TRUTHS = (
    Truth("base = SFT", {Rung.BASE: 0.35, Rung.SFT: 0.35}),
    Truth("base = SFT = DPO", {Rung.BASE: 0.35, Rung.SFT: 0.35, Rung.DPO: 0.35}),
    Truth("all five equal", dict.fromkeys(Rung, 0.35)),
    Truth("DPO better by .10", {Rung.BASE: 0.35, Rung.SFT: 0.35, Rung.DPO: 0.45}),
    Truth("DPO better by .20", {Rung.BASE: 0.35, Rung.SFT: 0.35, Rung.DPO: 0.55}),
    Truth("SFT and DPO better by .20", {Rung.BASE: 0.35, Rung.SFT: 0.55, Rung.DPO: 0.55}),
)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--questions", type=int, nargs="+", default=[60, 400])
    arguments = parser.parse_args()
    print("| truth | questions | rounds | the verdict says to go up | the bare figure does |\n|---|---|---|---|---|")
    for count in arguments.questions:
        for truth in TRUTHS:
            _print_verdicts(truth, count, arguments.rounds, IntervalConfig(resamples=arguments.resamples))
    print("\n| questions | score five rungs, s | compare, s | page and logs, s | page, MB |\n|---|---|---|---|---|")
    for count in arguments.questions:
        _print_expense(count)


def _print_verdicts(truth: Truth, count: int, rounds: int, config: IntervalConfig) -> None:
    rng = np.random.default_rng(20_261_128)
    ups = bare = 0
    for _ in range(rounds):
        flags = simulate(rng, count, list(truth.rates.values()))
        runs = [rung_run(rung, right) for rung, right in zip(truth.rates, flags, strict=True)]
        found = build_ladder(runs, RUBRIC, config=config)
        ups += goes_up(found)
        figures = [right.mean() for right in flags]
        bare += int(np.argmax(figures) > 0)
    share = f"{ups / rounds:.3f} [{', '.join(f'{one:.3f}' for one in wilson_interval(ups, rounds))}]"
    print(f"| {truth.name} | {count} | {rounds} | {share} | {bare / rounds:.3f} |", flush=True)


def goes_up(ladder: Ladder) -> bool:
    """Whether the verdict sends higher than the cheapest fit rung."""
    return ladder.recommended is not ladder.cheapest_fit


def simulate(rng: np.random.Generator, count: int, rates: Sequence[float]) -> list[np.ndarray]:
    """For each rate, which of `count` questions are answered rightly; what is hard for one rung is hard for all."""
    documents = rng.normal(size=-(-count // QUESTIONS_OF_A_DOCUMENT)).repeat(QUESTIONS_OF_A_DOCUMENT)[:count]
    shared = np.sqrt(SHARED_HARDNESS / 2) * (documents + rng.normal(size=count))
    own = np.sqrt(1 - SHARED_HARDNESS)
    return [shared + own * rng.normal(size=count) < NormalDist().inv_cdf(rate) for rate in rates]


def rung_run(rung: Rung, right: np.ndarray) -> RungRun:
    """A rung's run of which these answers are right and in its own words."""
    answers = tuple(_scored(at, bool(flag)) for at, flag in enumerate(right))
    return RungRun(manifest=manifest(rung), run=replace(_empty_run(rung, len(right)), answers=answers))


@cache
def question(at: int) -> HeldOutQuestion:
    """Question number `at`; three in a row rest on one document."""
    return HeldOutQuestion(
        id=f"q{at}",
        kind=QuestionKind.FACTUAL,
        question=f"What of {at}?",
        answer="high water",
        facts=(KeyFact(text="high water", essential=True),),
        evidence=(Evidence(file=f"notes/{at // QUESTIONS_OF_A_DOCUMENT}.md", quote=SENTENCE),),
        expected="answer",
    )


def record(at: int, right: bool) -> AnswerRecord:
    """The record of an answer."""
    return AnswerRecord(
        question_id=f"q{at}",
        question_digest="0" * 64,
        bundle="simulated",
        settings_digest="0" * 64,
        asked_at=datetime(2026, 11, 28, tzinfo=UTC),
        answer=_answer(right),
    )


@cache
def _answer(right: bool) -> Answer:
    text = SENTENCE if right else "Nobody knows."
    cites = [citation(1, "notes/0.md", SENTENCE, SENTENCE)] if right else []
    outcome = "supported" if right else "dropped"
    sentence = {"text": text, "outcome": outcome, "support": 0.9, "citations": [1] if right else []}
    return read_answer(completion(text, bundle="simulated", sentences=[sentence], citations=cites), seconds=1.0)


@cache
def _scored(at: int, right: bool) -> ScoredAnswer:
    return score_record(question(at), record(at, right), lambda _: None, ks=(5,))


@cache
def _empty_run(rung: Rung, count: int) -> ScoredRun:
    """A scored run of right answers alone; its report holds the bars that the simulated rungs clear."""
    return scored(rung, [True] * count)


def scored(rung: Rung, right: Sequence[bool]) -> ScoredRun:
    """A run, scored whole."""
    given = RunRecords(
        persona="simulated",
        bundle=rung.value,
        index="",
        questions=[question(at) for at in range(len(right))],
        records=[record(at, flag) for at, flag in enumerate(right)],
        drafts=(),
        document_text=lambda _: None,
    )
    return score_run(given, ks=(5,), config=IntervalConfig())


@cache
def manifest(rung: Rung) -> ReleaseBundle:
    """A bundle of that rung."""
    lineage = Lineage(
        persona_digest="0", features_digest="0", table_versions={}, index="", recipe="none", recipe_digest="0",
        code_digest="0", corpus_licence="none", consent_date=date(2026, 11, 28),
    )  # fmt: skip
    return ReleaseBundle(
        persona="simulated", display_name="Nobody", rung=rung, base_model=MODEL, max_model_len=2048,
        embedding_model=MODEL, prompt_digest="0", retrieval=RetrievalSettings(), verification=VerificationSettings(),
        generation=GenerationSettings(), price=MachinePrice(), disclosure="", style_notes="", lineage=lineage,
    )  # fmt: skip


def _print_expense(count: int) -> None:
    """Seconds of a ladder whose answers are all at hand."""
    rng, rates = np.random.default_rng(1), [0.05, 0.1, 0.35, 0.4, 0.45]
    times = [time.perf_counter()]
    runs = []
    for rung, right in zip(Rung, simulate(rng, count, rates), strict=True):
        runs.append(RungRun(manifest=manifest(rung), run=scored(rung, [bool(one) for one in right])))
    times.append(time.perf_counter())
    found = Climbed(ladder=build_ladder(runs, RUBRIC), runs=tuple(runs))
    times.append(time.perf_counter())
    with tempfile.TemporaryDirectory() as folder:
        top = runs[-1]
        decision = gate.decide(top.run, None, RUBRIC)
        files = write_report(
            top.run, Path(folder), decision=decision, rubric=RUBRIC, ladder=found, origin=Origin(top.manifest)
        )
        times.append(time.perf_counter())
        size = files.page.stat().st_size / 1e6
    spent = " | ".join(f"{after - before:.1f}" for before, after in zip(times, times[1:], strict=False))
    print(f"| {count} | {spent} | {size:.1f} |", flush=True)


if __name__ == "__main__":
    main()
