"""The scores of a whole run, each with its interval, by the names of `metric_names`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin_data.contracts.answers import Cost
from twin_data.contracts.evaluation import QuestionKind, Score
from twin_eval.metric_names import BOOKS, NDCG_DEPTH, SECONDS_QUANTILES
from twin_eval.own_words import TEXT_SOURCES, OwnText, VoiceSample
from twin_eval.scorers import AnswerScores, EvidenceCheck, FactCheck, ScoredAnswer, ndcg
from twin_eval.statistics import (
    Floats,
    IntervalConfig,
    function_score,
    mean_score,
    proportion_score,
    quantile_score,
)

Value = bool | float | None


@dataclass(frozen=True)
class RowMetric:
    """A metric that gives each question a value, so that two bundles can be compared question by question."""

    name: str
    concerns: Callable[[ScoredAnswer], bool]
    """The questions that it is about."""
    value: Callable[[ScoredAnswer], Value]
    """None where a question could not be scored."""
    is_share: bool = True
    within: tuple[float, float] = (0.0, math.inf)
    """What a mean can be at least and at most."""
    by_document: bool = True
    """Whether rows of one source document stand and fall together; what an answer takes does not rest on it."""


def answer_scores(scored: Sequence[ScoredAnswer], *, ks: Sequence[int], config: IntervalConfig) -> tuple[Score, ...]:
    """Every score that the answers can give."""
    stages = _stages(scored)
    found = [
        *(_score(metric, scored, config) for metric in (*ROW_METRICS, *_depths(scored, ks), *stages)),
        *(_of_parts(name, scored, parts) for name, parts in _PARTS.items()),
        *(score for metric in (_SECONDS, *stages) for score in _quantiles(metric, scored, config)),
    ]
    return tuple(score for score in found if score is not None)


def _quantiles(metric: RowMetric, scored: Sequence[ScoredAnswer], config: IntervalConfig) -> list[Score | None]:
    """Median and 95th percentile of seconds, of the whole or in a stage: `seconds_p50.<stage>`."""
    values = [metric.value(one) for one in scored]
    stage = metric.name.removeprefix(_SECONDS.name)
    return [
        quantile_score(f"{name}{stage}", values, quantile, config=config)
        for name, quantile in SECONDS_QUANTILES.items()
    ]


def _of_parts(
    name: str, scored: Sequence[ScoredAnswer], parts: Callable[[AnswerScores], Iterable[bool | None]]
) -> Score | None:
    """A share of what answers are made of: sentences, citations."""
    found = [(flag, one.cluster) for one in scored if one.scores for flag in parts(one.scores)]
    return proportion_score(name, [flag for flag, _ in found], clusters=[cluster for _, cluster in found])


def voice_scores(samples: Sequence[VoiceSample], *, config: IntervalConfig) -> tuple[Score, ...]:
    """How much of the persona's voice is in what the twin worded itself."""
    percents, clusters = _percents(samples)
    by_source = {source: _percents([one for one in samples if one.source == source]) for source in TEXT_SOURCES}
    over = [None if one is None else one > 100 for one in percents]
    atypical = [None if one.score is None else not one.score.typical for one in samples]
    found = [
        mean_score("voice", percents, config=config, clusters=clusters),
        *(mean_score(f"voice.{source}", part, config=config, clusters=c) for source, (part, c) in by_source.items()),
        function_score("voice_fidelity", percents, fidelity, config=config, clusters=clusters),
        proportion_score("voice_over_100", over, clusters=clusters),
        proportion_score("voice_atypical", atypical, clusters=clusters),
    ]
    return tuple(score for score in found if score is not None)


def _percents(samples: Sequence[VoiceSample]) -> tuple[list[float | None], list[str]]:
    return [one.score.percent if one.score else None for one in samples], [one.cluster for one in samples]


def fidelity(voice: Floats) -> Floats:
    """100 less the distance from 100, where the persona's own texts lie on average; of means, never of single texts.

    A single text of the persona's own lies some forty points off, above or below; that is no fault of it.
    """
    return np.asarray(100 - np.abs(voice - 100))


def copying_score(texts: Sequence[OwnText]) -> Score | None:
    """The share of copied stretches over all texts."""
    flags = [flag for one in texts for flag in one.copied or ()]
    clusters = [one.cluster for one in texts for _ in one.copied or ()]
    return proportion_score("copied_8grams", flags, clusters=clusters)


def _score(metric: RowMetric, scored: Sequence[ScoredAnswer], config: IntervalConfig) -> Score | None:
    rows = [one for one in scored if metric.concerns(one)]
    values = [metric.value(one) for one in rows]
    clusters = [one.cluster for one in rows] if metric.by_document else None
    if metric.is_share:
        flags = [None if one is None else bool(one) for one in values]
        return proportion_score(metric.name, flags, clusters=clusters)
    return mean_score(metric.name, values, config=config, clusters=clusters, within=metric.within)


def _if_scored(value: Callable[[ScoredAnswer, AnswerScores], Value]) -> Callable[[ScoredAnswer], Value]:
    """An error of the endpoint stays unscored."""
    return lambda one: None if one.scores is None else value(one, one.scores)


def _share(
    name: str, concerns: Callable[[ScoredAnswer], bool], value: Callable[[ScoredAnswer, AnswerScores], bool | None]
) -> RowMetric:
    return RowMetric(name, concerns, _if_scored(value))


def _mean(
    name: str,
    concerns: Callable[[ScoredAnswer], bool],
    value: Callable[[ScoredAnswer, AnswerScores], float | None],
    *,
    most: float = math.inf,
) -> RowMetric:
    return RowMetric(name, concerns, _if_scored(value), is_share=False, within=(0.0, most))


def _expense(name: str, value: Callable[[ScoredAnswer, AnswerScores], float | None]) -> RowMetric:
    return RowMetric(name, _any, _if_scored(value), is_share=False, by_document=False)


def _duration(name: str, value: Callable[[ScoredAnswer, AnswerScores], float | None]) -> RowMetric:
    """Of answers at the run's concurrency alone."""
    return _expense(name, lambda one, scores: value(one, scores) if one.is_timed else None)


def _any(one: ScoredAnswer) -> bool:
    return True


def _answerable(one: ScoredAnswer) -> bool:
    return one.question.expected == "answer"


def _whole(one: ScoredAnswer) -> bool:
    return _answerable(one) and one.scores is not None and one.scores.is_whole


def _to_refuse(one: ScoredAnswer) -> bool:
    return one.question.expected == "refuse"


def _with_facts(one: ScoredAnswer) -> bool:
    return _answerable(one) and any(fact.essential for fact in one.question.facts)


def _with_evidence(one: ScoredAnswer) -> bool:
    return bool(one.question.evidence)


def _searched(one: ScoredAnswer) -> bool:
    """With evidence to be found, and looked for, or failed: what is declined for what it asks is not looked up.

    What the archive does not hold is unscored, not left out: readers are to see that it was asked.
    """
    is_open = one.scores is None or not one.scores.evidence_held
    return _with_evidence(one) and (is_open or (one.scores is not None and bool(one.scores.evidence)))


def _of_book(prefix: str, concerns: Callable[[ScoredAnswer], bool]) -> Callable[[ScoredAnswer], bool]:
    return lambda one: one.question.id.startswith(prefix) and concerns(one)


def _answered(one: ScoredAnswer) -> bool:
    """Answered or failed: declined ones are not asked about."""
    return one.scores is None or one.scores.is_answered


def _complete(check: FactCheck | None) -> bool | None:
    return None if check is None else check.is_complete


def _essential_share(check: FactCheck | None) -> float | None:
    return None if check is None else check.essential_share


def _cost(one: ScoredAnswer) -> Cost:
    """What a scored answer took; a scored row has an answer."""
    assert one.record.answer is not None
    return one.record.answer.twin.cost


def _of_kind(kind: QuestionKind) -> Callable[[ScoredAnswer], bool]:
    return lambda one: one.kind is kind


def _depths(scored: Sequence[ScoredAnswer], ks: Sequence[int]) -> list[RowMetric]:
    """Recall at each k that the service shows enough passages for.

    An answer with fewer passages than others had fewer hits, and is scored; but where no answer shows k passages,
    nothing can be said of k.
    """
    shown = max((one.scores.passages for one in scored if one.scores and one.question.evidence), default=0)
    depths = [k for k in ks if k <= shown]
    return [
        *(_share(f"evidence_at_{k}", _searched, _is_complete_at(k)) for k in depths),
        *(_mean(f"recall_at_{k}", _searched, _recall_at(k), most=1.0) for k in depths),
        *([_mean(f"ndcg_at_{NDCG_DEPTH}", _searched, _ndcg, most=1.0)] if shown else []),
    ]


def _ndcg(one: ScoredAnswer, scores: AnswerScores) -> float | None:
    answer = one.record.answer
    return ndcg(one.question, answer.twin.passages, NDCG_DEPTH) if answer and scores.evidence else None


def _recall_at(k: int) -> Callable[[ScoredAnswer, AnswerScores], float | None]:
    return lambda _, scores: next((check.found / check.wanted for check in scores.evidence if check.k == k), None)


def _is_complete_at(k: int) -> Callable[[ScoredAnswer, AnswerScores], bool | None]:
    return lambda _, scores: next((check.is_complete for check in scores.evidence if check.k == k), None)


def _at_any_depth(value: Callable[[EvidenceCheck], bool]) -> Callable[[ScoredAnswer, AnswerScores], bool | None]:
    return lambda _, scores: value(scores.evidence[-1]) if scores.evidence else None


def _stages(scored: Sequence[ScoredAnswer]) -> list[RowMetric]:
    """The seconds of each stage that the service names."""
    answers = [one.record.answer for one in scored if one.record.answer]
    names = dict.fromkeys(stage for answer in answers for stage in answer.twin.seconds_by_stage)
    return [_duration(f"seconds.{stage}", _seconds_in(stage)) for stage in names]


def _seconds_in(stage: str) -> Callable[[ScoredAnswer, AnswerScores], float | None]:
    def seconds(one: ScoredAnswer, _: AnswerScores) -> float | None:
        return one.record.answer.twin.seconds_by_stage.get(stage) if one.record.answer else None

    return seconds


_SECONDS = _duration("seconds", lambda one, _: one.record.answer.seconds if one.record.answer else None)
ROW_METRICS = (
    _share("whole_answer", _answerable, lambda _, scores: scores.is_whole),
    _share("whole_answer.voice_measured", _whole, lambda _, scores: scores.voice is not None),
    _share("own_answer", _answerable, lambda _, scores: scores.is_own),
    _share("facts_found", _with_facts, lambda _, scores: _complete(scores.facts)),
    _share(
        "facts_found_when_answered",
        lambda one: _with_facts(one) and _answered(one),
        lambda _, scores: _complete(scores.facts),
    ),
    _mean("essential_facts_share", _with_facts, lambda _, scores: _essential_share(scores.facts), most=1.0),
    *(
        metric
        for book, prefix in BOOKS.items()
        for metric in (
            _share(f"whole_answer.{book}", _of_book(prefix, _answerable), lambda _, scores: scores.is_whole),
            _share(f"own_answer.{book}", _of_book(prefix, _answerable), lambda _, scores: scores.is_own),
            _share(f"facts_found.{book}", _of_book(prefix, _with_facts), lambda _, scores: _complete(scores.facts)),
        )
    ),
    _share("evidence_all", _searched, _at_any_depth(lambda check: check.is_complete)),
    _share("evidence_any", _searched, _at_any_depth(lambda check: check.is_any)),
    _share("cited", _answered, lambda _, scores: scores.citations > 0),
    _share(
        "cites_evidence",
        lambda one: _with_evidence(one) and _answered(one),
        lambda _, scores: scores.cites_evidence,
    ),
    _share("cites_place", lambda one: _with_evidence(one) and _answered(one), lambda _, scores: scores.cites_place),
    _mean("own_sentences", _answered, lambda _, scores: scores.own_sentence_share, most=1.0),
    _share("over_refusal", _answerable, lambda _, scores: not scores.is_answered),
    _share("under_refusal", _to_refuse, lambda _, scores: scores.is_answered),
    _share("decision_right", _any, lambda _, scores: scores.is_decision_right),
    *(_share(f"answered_rate.{kind}", _of_kind(kind), lambda _, scores: scores.is_answered) for kind in QuestionKind),
    *(
        _share(f"refusal_rate.{kind}", _of_kind(kind), lambda _, scores: not scores.is_answered)
        for kind in QuestionKind
    ),
    RowMetric("error_rate", _any, lambda one: one.scores is None),
    _SECONDS,
    _expense("prompt_tokens", lambda one, _: _cost(one).prompt_tokens),
    _expense("completion_tokens", lambda one, _: _cost(one).completion_tokens),
    _expense("cost", lambda one, _: _cost(one).amount),
)
"""Every metric that has a value a question."""

_PARTS: Mapping[str, Callable[[AnswerScores], Iterable[bool | None]]] = {
    "quotes_verbatim": lambda scores: scores.quotes_verbatim,
    "citation_precision": lambda scores: scores.citation_pairs,
    "citation_recall": lambda scores: scores.cited_sentences,
    "claims_supported": lambda scores: (one.supported for one in scores.claims),
    "claims_contradicted": lambda scores: (one.contradicted for one in scores.claims),
}
"""Shares of what answers are made of."""
