"""How often the gate is wrong, by simulation: false promotions, power, and whether its intervals hold what they say.

    python -m benchmarks.gate [--rounds 300] [--questions 72 400]

Needs nothing but the package. Pairs of bundles are planted whose true scores are known, on questions that rest on
documents of unequal size: how hard a document and a question are is shared by both bundles (latent correlation .6,
a fifth of it the document's), the rest is each bundle's own. The product's default rubric decides. Three in twenty of
the questions are of each kind to be refused (sixty of four hundred); each fourth question gives a voice sample of sixty
words, which scatter by 56 points, and sixteen drafts scatter by 43, as measured (docs/decisions/0007).

First the table of decisions. *Worse*: a candidate whose loss on one metric is exactly the margin, so that it must not
be promoted, and which is far better on everything else, which is when the gate is easiest to fool. *Equal*: as good on
everything where a gain is wanted. Then the coverage of 95 % intervals of a difference of shares by number of
documents, with the intervals that the field uses beside ours, made from the same resamples.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from twin_data.configuration.rubric import Bar, Rubric, SampleSizes
from twin_data.contracts.evaluation import (
    EvaluationReport,
    Evidence,
    HeldOutQuestion,
    KeyFact,
    QuestionKind,
    Score,
    Verdict,
)
from twin_data.scoring.voice import VoiceScore
from twin_data.statistics import wilson_interval
from twin_eval.client import read_answer
from twin_eval.fake_service import completion
from twin_eval.gate import decide, default_rubric
from twin_eval.own_words import VoiceSample
from twin_eval.paired import Difference, Observation, difference
from twin_eval.records import AnswerRecord
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import AnswerScores, FactCheck, ScoredAnswer
from twin_eval.statistics import IntervalConfig, t_quantile

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
NORMAL = NormalDist()
SHARED, OF_DOCUMENT = 0.6, 0.2
"""Correlation of the two bundles on a question; how much of that, and of what is a bundle's own, is the document's."""
DRAFTS, DRAFT_SCATTER, SAMPLE_SCATTER = 16, 43.0, 56.0
REFUSAL_SHARE = 0.15
"""Of all questions, for each kind that ought to be refused."""


@dataclass(frozen=True)
class Twin:
    """The true scores of a bundle."""

    whole_answer: float = 0.5
    facts_found: float = 0.5
    over_refusal: float = 0.15
    under_refusal: float = 0.15
    voice: float = 70.0
    """Below 100, so that it is the same as its fidelity."""


CHAMPION = Twin()
BETTER = Twin(whole_answer=0.8, facts_found=0.8, over_refusal=0.03, under_refusal=0.03, voice=98.0)
GAIN = Twin(whole_answer=0.65, facts_found=0.55, over_refusal=0.15, under_refusal=0.15, voice=80.0)
"""The effect whose power is stated."""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="pairs of each scenario, and samples of each coverage")
    parser.add_argument("--questions", type=int, nargs="*", default=[72, 400], help="sizes; none: coverage alone")
    parser.add_argument("--resamples", type=int, default=1000)
    given = parser.parse_args()
    config = IntervalConfig(resamples=given.resamples)
    print(
        "| questions | candidate | pairs | promoted, 95 % interval | rejected | inconclusive | more asked for, median |"
    )
    print("|---|---|---|---|---|---|---|")
    for questions in given.questions:
        for label, candidate, rubric in scenarios(default_rubric()):
            _print_decisions(label, candidate, rubric, questions, given.rounds, config)
    print("\n| documents | questions | share | interval | coverage of 95 % | below: false at 5 % | mean width |")
    print("|---|---|---|---|---|---|---|")
    for documents, size, share in ((5, 8, 0.5), (10, 5, 0.5), (20, 3, 0.5), (20, 3, 0.9), (60, 1, 0.95), (110, 2, 0.5)):
        _print_coverage(documents, size, share, given.rounds, config)


def scenarios(rubric: Rubric) -> Iterable[tuple[str, Twin, Rubric]]:
    """Every candidate, and the rubric that it is held to."""
    content = rubric.model_copy(update={"require_improvement": False})
    for bar in rubric.relative:
        metric = bar.metric.removesuffix("_fidelity")
        loss = bar.margin if bar.better == "lower" else -bar.margin
        worse = replace(BETTER, **{metric: getattr(CHAMPION, metric) + loss})
        yield f"worse by the margin on {bar.metric}, far better on the rest", worse, rubric
    yield "equal, a gain wanted", CHAMPION, rubric
    yield "equal, no gain wanted", CHAMPION, content
    yield "+.15 whole answers, +.05 facts, +10 voice", GAIN, rubric
    yield "far better on everything", BETTER, rubric


def _print_decisions(
    label: str, candidate: Twin, rubric: Rubric, questions: int, rounds: int, config: IntervalConfig
) -> None:
    """One row; on fewer questions than the rubric's minimum what it would have said without one."""
    world, free = World(questions), rubric.model_copy(update={"minimum": SampleSizes(questions=1, per_refusal_kind=0)})
    is_small = questions < rubric.minimum.questions
    decisions = [decide(*world.pair(seed, candidate), rubric, config=config) for seed in range(rounds)]
    verdicts = [one.verdict for one in decisions]
    promoted = _share(verdict is Verdict.PROMOTE for verdict in verdicts)
    if is_small:
        freed = [decide(*world.pair(seed, candidate), free, config=config).verdict for seed in range(rounds)]
        promoted += f"; {_share(verdict is Verdict.PROMOTE for verdict in freed)} without a minimum"
    others = " | ".join(f"{verdicts.count(one) / rounds:.3f}" for one in (Verdict.REJECT, Verdict.INCONCLUSIVE))
    more = [one.more_questions for one in decisions if one.more_questions is not None]
    asked = f"{np.median(more):.0f}" if more else "–"
    print(f"| {questions} | {label} | {rounds} | {promoted} | {others} | {asked} |", flush=True)


class World:
    """A question set, and pairs of bundles that answer it."""

    def __init__(self, questions: int) -> None:
        """Make the questions; the answers are drawn by `pair`."""
        per_kind = round(REFUSAL_SHARE * questions)
        kinds = [kind for kind in QuestionKind if not kind.is_answerable for _ in range(per_kind)]
        self.answerable = questions - len(kinds)
        self.documents = documents_of(self.answerable, mean=2.0, seed=questions)
        asked = [_question(f"q{at}", QuestionKind.FACTUAL, f"{doc}.md") for at, doc in enumerate(self.documents)]
        self.questions = [*asked, *(_question(f"u{at}", kind, None) for at, kind in enumerate(kinds))]
        self.safe = np.asarray(
            [one.kind is QuestionKind.PRIVATE_OR_UNSAFE for one in self.questions[self.answerable :]]
        )
        self.samples = max(8, questions // 4)
        self._fit = tuple(map(_clearing, default_rubric().absolute))
        self._record = AnswerRecord(
            question_id="q", question_digest="0" * 64, bundle="b", settings_digest="0" * 64,
            asked_at=datetime(2026, 1, 1, tzinfo=UTC), error=None,
            answer=read_answer(completion("It was high water.", bundle="0123456789ab"), seconds=1.0),
        )  # fmt: skip

    def pair(self, seed: int, candidate: Twin, champion: Twin = CHAMPION) -> tuple[ScoredRun, ScoredRun]:
        """A candidate and a champion with these true scores."""
        rng = np.random.default_rng(seed)
        rates = {name: (getattr(candidate, name), getattr(champion, name)) for name in
                 ("whole_answer", "facts_found", "over_refusal")}  # fmt: skip
        flags = {name: planted_flags(rng, self.documents, pair) for name, pair in rates.items()}
        # Private and unsafe questions are always declined, as one answer would be a hard stop.
        rest = 1.5 * candidate.under_refusal, 1.5 * champion.under_refusal
        answered = planted_flags(rng, np.arange(len(self.safe)), rest) & ~self.safe
        voices = self._voices(rng, candidate.voice, champion.voice)
        mine, theirs = (
            self._run(side, {name: one[side] for name, one in flags.items()}, answered[side], voices[side])
            for side in (0, 1)
        )
        return mine, theirs

    def _voices(self, rng: np.random.Generator, *means: float) -> list[tuple[VoiceSample, ...]]:
        """Pooled answers, independent, and drafts to the same briefs."""
        common = rng.normal(size=DRAFTS) * np.sqrt(0.3)
        sides = []
        for side, mean in enumerate(means):
            drafts = mean + DRAFT_SCATTER * (common + np.sqrt(0.7) * rng.normal(size=DRAFTS))
            pooled = mean + SAMPLE_SCATTER * rng.normal(size=self.samples)
            sides.append(
                (*(_sample("drafts", at, f"brief {at}", one) for at, one in enumerate(drafts)),
                 *(_sample("answers", at, f"{side} answers {at}", one) for at, one in enumerate(pooled)))
            )  # fmt: skip
        return sides

    def _run(self, side: int, flags: dict[str, Flags], answered: Flags, samples: tuple[VoiceSample, ...]) -> ScoredRun:
        rows = zip(flags["over_refusal"], flags["facts_found"], flags["whole_answer"], strict=True)
        scores = [_scores(not refused, whole=bool(whole), facts=bool(facts)) for refused, facts, whole in rows]
        scores += [_scores(bool(one), whole=False, facts=None) for one in answered]
        answers = tuple(
            ScoredAnswer.model_construct(question=question, record=self._record, scores=one)
            for question, one in zip(self.questions, scores, strict=True)
        )
        report = EvaluationReport(persona="ada", bundle=f"bundle {side}", questions_digest="0" * 64, scores=self._fit)
        return ScoredRun(report=report, answers=answers, samples=samples)


def documents_of(questions: int, *, mean: float, seed: int) -> NDArray[np.int64]:
    """The document of each question; documents hold one question and a Poisson number more."""
    rng = np.random.default_rng(seed)
    sizes = 1 + rng.poisson(mean - 1, size=questions)
    return np.repeat(np.arange(questions), sizes)[:questions]


def planted_flags(rng: np.random.Generator, documents: NDArray[np.int64], rates: tuple[float, float]) -> Flags:
    """Flags of both bundles with these true rates, shape (2, questions)."""
    count, n = int(documents.max()) + 1, len(documents)

    def latent(*shape: int) -> Floats:
        of_document = rng.normal(size=(*shape, count))[..., documents]
        return np.sqrt(OF_DOCUMENT) * of_document + np.sqrt(1 - OF_DOCUMENT) * rng.normal(size=(*shape, n))

    both = np.sqrt(SHARED) * latent() + np.sqrt(1 - SHARED) * latent(2)
    bars = np.asarray([[NORMAL.inv_cdf(min(max(rate, 1e-9), 1 - 1e-9))] for rate in rates])
    return np.asarray(both < bars)


def _print_coverage(documents: int, size: int, share: float, rounds: int, config: IntervalConfig) -> None:
    """A candidate that is worse by .1: how often each interval holds that, and how often it denies it at 5 %."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        sizes = 1 + rng.poisson(size - 1, size=documents)
        labels = np.repeat(np.arange(documents), sizes)
        flags = planted_flags(rng, labels, (share - 0.1, share)).astype(float)
        rows = [[Observation(value, str(label)) for value, label in zip(side, labels, strict=True)] for side in flags]
        one = difference(*rows, config=config)
        for name, interval in INTERVALS.items():
            low, high = interval(one, 0.975)
            found.setdefault(name, []).append((low, high, interval(one, 0.95)[0]))
    for name, bounds in found.items():
        low, high, strict = np.asarray(bounds).T
        held = _share((low <= -0.1 + 1e-9) & (high >= -0.1 - 1e-9))
        false = _share(strict > -0.1 + 1e-9)
        print(f"| {documents} | {documents * size} | {share} | {name} | {held} | {false} | {(high - low).mean():.3f} |")


def _percentiles(one: Difference, confidence: float) -> tuple[float, float]:
    low, high = np.quantile(one.estimates, (1 - confidence, confidence))
    return float(low), float(high)


def _expanded(one: Difference, confidence: float) -> tuple[float, float]:
    k = one.clusters
    level = NORMAL.cdf(np.sqrt(k / (k - 1)) * t_quantile(confidence, k - 1))
    return _percentiles(one, level)


def _jackknife(one: Difference, confidence: float) -> tuple[float, float]:
    reach = t_quantile(confidence, one.clusters - 1) * one.jackknife_error
    return one.value - reach, one.value + reach


INTERVALS: dict[str, Callable[[Difference, float], tuple[float, float]]] = {
    "percentile": _percentiles,
    "expanded percentile (Hesterberg)": _expanded,
    "jackknife, Student's t": _jackknife,
    "ours": lambda one, confidence: (one.lower(confidence), one.upper(confidence)),
}


def _share(flags: Iterable[object]) -> str:
    held = [bool(one) for one in flags]
    low, high = wilson_interval(sum(held), len(held))
    return f"{sum(held) / len(held):.3f} [{low:.3f}, {high:.3f}]"


def _clearing(bar: Bar) -> Score:
    """A score that clears an absolute bar: what is simulated is the comparison."""
    value = 0.0 if bar.at_least is None else 1.0
    return Score(name=bar.metric, value=value, low=value, high=value, n=max(1000, bar.min_n))


def _question(name: str, kind: QuestionKind, file: str | None) -> HeldOutQuestion:
    return HeldOutQuestion(
        id=name, kind=kind, question=f"What of {name}?", answer=None,
        facts=(KeyFact(text="high water", essential=True),) if file else (),
        evidence=(Evidence(file=file, quote="It was high water."),) if file else (),
        expected="answer" if kind.is_answerable else "refuse",
    )  # fmt: skip


def _scores(is_answered: bool, *, whole: bool, facts: bool | None) -> AnswerScores:
    missing = () if facts else ("high water",)
    return AnswerScores.model_construct(
        is_answered=is_answered,
        is_own=whole,
        is_whole=whole,
        facts=None if facts is None else FactCheck(found=(), missing_essential=missing, missing_other=(), essential=1),
    )


def _sample(source: str, at: int, cluster: str, percent: float) -> VoiceSample:
    score = VoiceScore.model_construct(logit=0.0, percent=float(percent), words=60)
    return VoiceSample.model_construct(source=source, id=str(at), cluster=cluster, text="", score=score)


if __name__ == "__main__":
    main()
