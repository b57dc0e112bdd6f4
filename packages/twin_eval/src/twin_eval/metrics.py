"""The scores of a whole run, each with its interval, by the names that a rubric's bars use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twin_data.contracts.answers import Cost
from twin_data.contracts.evaluation import QuestionKind, Score
from twin_eval.scorers import AnswerScores, FactCheck, ScoredAnswer
from twin_eval.statistics import IntervalConfig, mean_score, proportion_score, quantile_score

DESCRIPTIONS = {
    "facts_found": "answerable questions whose answer states every essential fact, declined ones included",
    "facts_found_in_prose": "the same without the list of sources below the answer",
    "essential_facts_share": "share of the essential facts that an answer states",
    "facts_found_when_answered": "the same as facts_found, declined questions left out",
    "evidence_any": "questions of which at least one evidence quote was retrieved, at any depth",
    "evidence_all": "questions of which every evidence quote was retrieved, at any depth",
    "cites_evidence": "answers that cite a document which holds the evidence",
    "cited": "answers with at least one citation",
    "quotes_verbatim": "citations whose quotation is the document's text to the letter (n counts citations)",
    "own_sentences": "shipped sentences that are the twin's own and supported, not quotations",
    "over_refusal": "answerable questions that the twin refused",
    "under_refusal": "questions to be refused that the twin answered",
    "decision_right": "questions rightly answered or rightly refused",
    "error_rate": "questions that the endpoint failed on (n counts all questions)",
    "seconds_p50": "median seconds from question to whole answer",
    "seconds_p95": "95th percentile of seconds from question to whole answer",
    "prompt_tokens": "prompt tokens an answer",
    "completion_tokens": "generated tokens an answer",
    "cost": "money an answer, in the currency of the machine's price",
}
_OF_KIND = {"answered_rate": "answered", "refusal_rate": "refused"}

Flag = Callable[[ScoredAnswer, AnswerScores], bool | None]
Number = Callable[[ScoredAnswer, AnswerScores], float | None]


def describe(name: str) -> str:
    """What a score says, in words."""
    family, _, rest = name.partition(".")
    if family in _OF_KIND:
        return f"{rest} questions that were {_OF_KIND[family]}"
    if name.startswith("evidence_at_"):
        return f"questions whose every evidence quote stands in the best {name.removeprefix('evidence_at_')} passages"
    return DESCRIPTIONS[name]


def all_scores(scored: Sequence[ScoredAnswer], *, ks: Sequence[int], config: IntervalConfig) -> tuple[Score, ...]:
    """Every score that the answers can give, in the order of the report."""
    rows = _Rows(scored, config)
    found = [
        *_fact_scores(rows),
        *_evidence_scores(rows, ks),
        *_citation_scores(rows),
        *_refusal_scores(rows),
        proportion_score("error_rate", [one.scores is None for one in scored], config=config),
        *_expense_scores(rows),
    ]
    return tuple(score for score in found if score is not None)


class _Rows:
    """Scored answers and the ways of making one score of some of them; errors count as unscored each time."""

    def __init__(self, scored: Sequence[ScoredAnswer], config: IntervalConfig) -> None:
        self.all = tuple(scored)
        self.answerable = tuple(one for one in scored if one.question.expected == "answer")
        self.to_refuse = tuple(one for one in scored if one.question.expected == "refuse")
        self.with_facts = tuple(one for one in self.answerable if any(fact.essential for fact in one.question.facts))
        self.with_evidence = tuple(one for one in scored if one.question.evidence)
        self.config = config

    def answered(self, rows: Sequence[ScoredAnswer]) -> tuple[ScoredAnswer, ...]:
        """Those that were answered or failed: declined ones are not asked about."""
        return tuple(one for one in rows if one.scores is None or one.scores.is_answered)

    def share(self, name: str, rows: Sequence[ScoredAnswer], flag: Flag) -> Score | None:
        """A proportion over rows."""
        flags = [None if one.scores is None else flag(one, one.scores) for one in rows]
        return proportion_score(name, flags, config=self.config)

    def mean(self, name: str, rows: Sequence[ScoredAnswer], number: Number) -> Score | None:
        """A mean over rows."""
        numbers = [None if one.scores is None else number(one, one.scores) for one in rows]
        return mean_score(name, numbers, config=self.config)


def _fact_scores(rows: _Rows) -> list[Score | None]:
    return [
        rows.share("facts_found", rows.with_facts, lambda _, scores: _complete(scores.facts)),
        rows.share("facts_found_in_prose", rows.with_facts, lambda _, scores: _complete(scores.facts_in_prose)),
        rows.share(
            "facts_found_when_answered", rows.answered(rows.with_facts), lambda _, scores: _complete(scores.facts)
        ),
        rows.mean(
            "essential_facts_share",
            rows.with_facts,
            lambda _, scores: None if scores.facts is None else scores.facts.essential_share,
        ),
    ]


def _complete(check: FactCheck | None) -> bool | None:
    return None if check is None else check.is_complete


def _evidence_scores(rows: _Rows, ks: Sequence[int]) -> list[Score | None]:
    """Recall at each k that the service shows enough passages for, and at all that it shows.

    An answer with fewer passages than others had fewer hits, and is scored; but where no answer shows k passages,
    nothing can be said of k.
    """
    shown = max((one.scores.passages for one in rows.with_evidence if one.scores), default=0)
    deep_enough = [k for k in ks if k <= shown]
    return [
        *(rows.share(f"evidence_at_{k}", rows.with_evidence, _is_complete_at(k)) for k in deep_enough),
        rows.share("evidence_all", rows.with_evidence, lambda _, scores: scores.evidence[-1].is_complete),
        rows.share("evidence_any", rows.with_evidence, lambda _, scores: scores.evidence[-1].is_any),
    ]


def _is_complete_at(k: int) -> Flag:
    return lambda _, scores: next(check.is_complete for check in scores.evidence if check.k == k)


def _citation_scores(rows: _Rows) -> list[Score | None]:
    quotes = [is_verbatim for one in rows.all if one.scores for is_verbatim in one.scores.quotes_verbatim]
    answered = rows.answered(rows.all)
    return [
        proportion_score("quotes_verbatim", quotes, config=rows.config),
        rows.share("cited", answered, lambda _, scores: scores.citations > 0),
        rows.share("cites_evidence", rows.answered(rows.with_evidence), lambda _, scores: scores.cites_evidence),
        rows.mean("own_sentences", answered, lambda _, scores: scores.own_sentence_share),
    ]


def _refusal_scores(rows: _Rows) -> list[Score | None]:
    found = [
        rows.share("over_refusal", rows.answerable, lambda _, scores: not scores.is_answered),
        rows.share("under_refusal", rows.to_refuse, lambda _, scores: scores.is_answered),
        rows.share("decision_right", rows.all, lambda _, scores: scores.is_decision_right),
    ]
    for kind in QuestionKind:
        of_kind = [one for one in rows.all if one.kind is kind]
        found += [
            rows.share(f"answered_rate.{kind}", of_kind, lambda _, scores: scores.is_answered),
            rows.share(f"refusal_rate.{kind}", of_kind, lambda _, scores: not scores.is_answered),
        ]
    return found


def _expense_scores(rows: _Rows) -> list[Score | None]:
    seconds = [one.record.answer.seconds if one.record.answer else None for one in rows.all]
    return [
        quantile_score("seconds_p50", seconds, 0.5, config=rows.config),
        quantile_score("seconds_p95", seconds, 0.95, config=rows.config),
        rows.mean("prompt_tokens", rows.all, lambda one, _: _cost(one).prompt_tokens),
        rows.mean("completion_tokens", rows.all, lambda one, _: _cost(one).completion_tokens),
        rows.mean("cost", rows.all, lambda one, _: _cost(one).amount),
    ]


def _cost(one: ScoredAnswer) -> Cost:
    """What a scored answer took; a scored row has an answer."""
    assert one.record.answer is not None
    return one.record.answer.twin.cost
