"""How far people agree with the deterministic scores, and with each other. Pure functions over labels and scores."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import combinations

from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import Score
from twin_data.contracts.labels import AnswerLabel, AnswerVerdict, InVoice, SentenceLabel, SentenceVerdict
from twin_eval.human.machine import MachineScores
from twin_eval.human.shares import share
from twin_eval.human.store import Label
from twin_eval.scorers import ScoredAnswer
from twin_eval.statistics import IntervalConfig, kappa_score

MEANINGS = {
    "supported": "sentences: supported, or not, by the passages",
    "refused": "answers: the twin refused, or did not",
    "refusal_right": "refusals: rightly refused, or wrongly",
    "facts_found": "answers: right, or wrong; by the scores, every essential fact is stated or not",
    "four_labels": "sentences: supported, unsupported, contradicted or nonsense",
    "answer": "answers: right, wrong, rightly or wrongly refused",
    "in_voice": "answers: in the person's voice, yes, no or unsure",
}
TWO_WAY = frozenset({"supported", "refused", "refusal_right", "facts_found"})
"""Those that say yes or no."""
SCORES = "the scores"
"""The other rater where people are held against the machine."""


class Agreement(Contract):
    """Two raters on the same texts."""

    measure: str
    """One of `MEANINGS`."""
    raters: tuple[str, str]
    agreed: Score
    """Share of the texts on which both said the same; whole source documents are drawn for the interval."""
    kappa: Score | None
    """Cohen's; None where both always said one and the same, so that there is nothing beyond chance."""
    clusters: int
    """Source documents that the texts rest on."""
    only_first: int = 0
    """Of two-way measures: texts that only the first rater says it of."""
    only_second: int = 0


class Pair(Contract):
    """What two raters said of one text."""

    first: str
    second: str
    cluster: str


def with_scores(labels: Iterable[Label], machine: MachineScores, config: IntervalConfig) -> tuple[Agreement, ...]:
    """People against the deterministic scores; each label of each labeller is a row."""
    kept = tuple(labels)
    found: dict[str, list[Pair]] = {
        "supported": [pair for one in kept if (pair := _support(one, machine))],
        "refused": [pair for one in kept if (pair := _on_answer(one, machine, _refused))],
        "refusal_right": [pair for one in kept if (pair := _on_answer(one, machine, _refusal_right))],
        "facts_found": [pair for one in kept if (pair := _on_answer(one, machine, _facts_found))],
    }
    return tuple(agreement(name, ("people", SCORES), pairs, config) for name, pairs in found.items() if pairs)


def between_people(labels: Iterable[Label], machine: MachineScores, config: IntervalConfig) -> tuple[Agreement, ...]:
    """Every two labellers on what both have labelled."""
    by_labeller: dict[str, dict[str, Label]] = {}
    for one in labels:
        by_labeller.setdefault(one.labeller, {})[one.item] = one
    found = []
    for first, second in combinations(sorted(by_labeller), 2):
        for name, said in _SAID.items():
            if pairs := _both_said(by_labeller[first], by_labeller[second], said, machine):
                found.append(agreement(name, (first, second), pairs, config))
    return tuple(found)


def voice_share(labels: Iterable[Label], machine: MachineScores, config: IntervalConfig) -> Score | None:
    """The share of answers that people find in the voice; who is unsure counts as unscored."""
    heard = [one for one in labels if isinstance(one, AnswerLabel) and one.in_voice]
    flags = [None if one.in_voice is InVoice.UNSURE else one.in_voice is InVoice.YES for one in heard]
    return share("in_voice", flags, config=config, clusters=[cluster_of(one, machine) for one in heard])


def agreement(name: str, raters: tuple[str, str], pairs: Sequence[Pair], config: IntervalConfig) -> Agreement:
    """Share agreed and kappa of some pairs; at least one."""
    clusters: list[Hashable] = [one.cluster for one in pairs]
    flags = [one.first == one.second for one in pairs]
    agreed = share(f"agreed.{name}", flags, config=config, clusters=clusters)
    assert agreed is not None
    sides = [(one.first, one.second) for one in pairs]
    return Agreement(
        measure=name,
        raters=raters,
        agreed=agreed,
        kappa=kappa_score(f"kappa.{name}", sides, config=config, clusters=clusters),
        clusters=len(set(clusters)),
        only_first=sides.count(("yes", "no")) if name in TWO_WAY else 0,
        only_second=sides.count(("no", "yes")) if name in TWO_WAY else 0,
    )


def cluster_of(label: Label, machine: MachineScores) -> str:
    """The source document that a labelled text rests on, as far as it is known; else its question."""
    if isinstance(label, SentenceLabel) and label.item in machine.sentences:
        return machine.sentences[label.item].cluster
    if isinstance(label, AnswerLabel) and label.item in machine.answers:
        return machine.answers[label.item].cluster
    return f"question {label.question}"


def _support(label: Label, machine: MachineScores) -> Pair | None:
    if not isinstance(label, SentenceLabel) or label.item not in machine.sentences:
        return None
    score = machine.sentences[label.item]
    said = _yes(label.label is SentenceVerdict.SUPPORTED)
    return Pair(first=said, second=_yes(score.is_supported), cluster=score.cluster)


def _on_answer(
    label: Label, machine: MachineScores, verdicts: Callable[[AnswerVerdict, ScoredAnswer], tuple[bool, bool] | None]
) -> Pair | None:
    if not isinstance(label, AnswerLabel) or label.label is None or label.item not in machine.answers:
        return None
    scored = machine.answers[label.item]
    both = verdicts(label.label, scored)
    return Pair(first=_yes(both[0]), second=_yes(both[1]), cluster=scored.cluster) if both else None


def _refused(said: AnswerVerdict, scored: ScoredAnswer) -> tuple[bool, bool] | None:
    return (said.is_refusal, not scored.scores.is_answered) if scored.scores else None


def _refusal_right(said: AnswerVerdict, scored: ScoredAnswer) -> tuple[bool, bool] | None:
    """Only where both see a refusal: of an answer the label says whether it is right, not whether it should be."""
    if scored.scores is None or scored.scores.is_answered or not said.is_refusal:
        return None
    return said is AnswerVerdict.REFUSAL_RIGHT, scored.scores.is_decision_right


def _facts_found(said: AnswerVerdict, scored: ScoredAnswer) -> tuple[bool, bool] | None:
    """Only where both see an answer, and facts are known that a right one states."""
    scores = scored.scores
    if scores is None or scores.facts is None or not scores.is_answered or said.is_refusal:
        return None
    return said is AnswerVerdict.RIGHT, scores.facts.is_complete


def _both_said(
    first: Mapping[str, Label], second: Mapping[str, Label], said: Callable[[Label], str | None], machine: MachineScores
) -> list[Pair]:
    found = []
    for item in first.keys() & second.keys():
        mine, theirs = said(first[item]), said(second[item])
        if mine is not None and theirs is not None:
            found.append(Pair(first=mine, second=theirs, cluster=cluster_of(first[item], machine)))
    return sorted(found, key=lambda pair: (pair.cluster, pair.first, pair.second))


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


_SAID: dict[str, Callable[[Label], str | None]] = {
    "four_labels": lambda one: one.label.value if isinstance(one, SentenceLabel) else None,
    "supported": lambda one: _yes(one.label is SentenceVerdict.SUPPORTED) if isinstance(one, SentenceLabel) else None,
    "answer": lambda one: one.label.value if isinstance(one, AnswerLabel) and one.label else None,
    "in_voice": lambda one: one.in_voice.value if isinstance(one, AnswerLabel) and one.in_voice else None,
}
"""What two people can say of the same text."""
