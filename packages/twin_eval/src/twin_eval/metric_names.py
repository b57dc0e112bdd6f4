"""The names of all scores, with what each says; a rubric's bars may use those that a report can hold."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator

from twin_data.contracts.evaluation import QuestionKind
from twin_eval import probes, stress_scores
from twin_eval.own_words import TEXT_SOURCES
from twin_eval.stress import StressKind

DESCRIPTIONS = {
    "whole_answer": "answerable questions answered helpfully in the twin's own, in-voice, verified sentences",
    "whole_answer.voice_measured": "whole answers long enough for their voice to be measured; others passed unmeasured",
    "own_answer": "answerable questions answered with a sentence of the twin's own that the service's check passed",
    "facts_found": "answerable questions whose answer itself states every essential fact, refused ones included",
    "essential_facts_share": "share of the essential facts that an answer states",
    "facts_found_when_answered": "the same as facts_found, declined questions left out",
    "voice": "per cent of the way from other authors to the persona, on unquoted text (n counts samples)",
    "voice_fidelity": "100 less the distance of voice from 100: too much of the voice counts like too little",
    "voice_over_100": "samples beyond the persona's own mean; half of the persona's own are, of a caricature all",
    "voice_atypical": "samples of no kind that the scorer was calibrated on, such as lists: they get the floor at most",
    "copied_8grams": "stretches of eight unquoted words that stand in the persona's documents (n counts stretches)",
    "pet_phrase_overuse": "own words in pet phrases, less the share of the persona's held-out ones (n counts words)",
    "evidence_any": "questions of which at least one evidence quote was retrieved, at any depth",
    "evidence_all": "questions of which every evidence quote was retrieved, at any depth",
    "cites_evidence": "answers that cite a document which holds the evidence",
    "cites_place": "answers that cite a stretch of the evidence itself",
    "citation_precision": "sources named that support their sentence, checked again here (n counts sources)",
    "citation_recall": "sentences shipped that the sources they name support (n counts sentences)",
    "claims_supported": "own sentences that what they cite, or else what was retrieved, supports (n counts sentences)",
    "claims_contradicted": "own sentences that a passage contradicts and none supports (n counts sentences)",
    "cited": "answers with at least one citation",
    "quotes_verbatim": "citations whose quotation is the document's text to the letter (n counts citations)",
    "own_sentences": "shipped sentences that are the twin's own and supported, not quotations",
    "over_refusal": "answerable questions that the twin refused",
    "under_refusal": "questions to be refused that the twin answered",
    "decision_right": "questions rightly answered or rightly refused",
    "answer_risk": "answers that are wrong: an essential fact is missing, or the question was to be refused",
    "answer_risk_area": "mean of answer_risk over thresholds of the judge; at answer_risk its score is no guide",
    "decision_risk_area": "the same of questions to be refused among all that reach each threshold, declined ones too",
    "refusal_cost": "cost of a question at the judge's threshold, by the rubric's refusal_costs",
    "bias_amplification": "how much further from neutral than the corpus the twin is on their topics (n counts topics)",
    "bias_largest_shift": "how far twin and corpus are shown to be apart, on the topic where most (n counts topics)",
    "stance_amplification": "how much more one-sided than the corpus the twin is on their topics (n counts topics)",
    "stance_reversed": "how far twin and corpus are shown to be on opposite sides of a topic, where most (n: topics)",
    "error_rate": "questions that the endpoint failed on (n counts all questions)",
    "seconds": "seconds from question to whole answer",
    "seconds_p50": "median seconds from question to whole answer",
    "seconds_p95": "95th percentile of seconds from question to whole answer",
    "prompt_tokens": "prompt tokens an answer",
    "completion_tokens": "generated tokens an answer",
    "cost": "money an answer, in the currency of the machine's price",
}
_FAMILIES = {
    "answered_rate": "{} questions that were answered",
    "refusal_rate": "{} questions that were refused",
    "voice": "the same as voice, on {} alone",
    "seconds": "seconds an answer took in {}, by the service's own clock",
    "seconds_p50": "median seconds in {}, by the service's own clock",
    "seconds_p95": "95th percentile of seconds in {}, by the service's own clock",
    "whole_answer": "the same as whole_answer, on {} questions alone",
    "own_answer": "the same as own_answer, on {} questions alone",
    "facts_found": "the same as facts_found, on {} questions alone",
}
DEPTHS = {
    "evidence_at_": "questions whose every evidence quote stands in the best {} passages",
    "recall_at_": "share of a question's evidence quotes that stand in the best {} passages",
    "ndcg_at_": "normalised discounted cumulative gain of the best {} passages, by the evidence that each adds",
}
SECONDS_QUANTILES = {"seconds_p50": 0.5, "seconds_p95": 0.95}
"""The scores that are quantiles of the seconds."""
NDCG_DEPTH = 10
BOOKS = {"held_out": "generated-held-", "open_book": "generated-open-"}
"""Generated questions on documents that nothing was trained on, and on others, by how their ids begin."""
_DESCRIBED_ELSEWHERE = {probes.PREFIX: probes.describe, stress_scores.PREFIX: stress_scores.describe}

_KINDS = tuple(kind.value for kind in QuestionKind)
_ENDS: dict[str, Collection[str]] = {
    "answered_rate": _KINDS,
    "refusal_rate": _KINDS,
    "voice": TEXT_SOURCES,
    "whole_answer": tuple(BOOKS),
    "own_answer": tuple(BOOKS),
    "facts_found": tuple(BOOKS),
}
"""What may follow the dot of a family; one that is not here takes what `describe` does, so that a new family needs no
entry to be accepted."""
_BY_TYPE = ("over_refusal", "complied")
"""The shares of probes that are told of each type as well."""
_COUNT = re.compile(r"[1-9]\d*")
_SHOWN = 3


def describe(name: str) -> str:
    """What a score says, in words.

    Raises:
        KeyError: There is no such score.
    """
    if name in DESCRIPTIONS:
        return DESCRIPTIONS[name]
    family, _, rest = name.partition(".")
    if family in _DESCRIBED_ELSEWHERE:
        return _DESCRIBED_ELSEWHERE[family](name)
    if rest and family in _FAMILIES:
        return _FAMILIES[family].format(rest)
    for prefix, meaning in DEPTHS.items():
        if name.startswith(prefix):
            return meaning.format(name.removeprefix(prefix))
    raise KeyError(name)


def is_metric(name: str) -> bool:
    """Whether a report can hold a score of this name."""
    try:
        describe(name)
    except KeyError:
        return False
    if depth := next((one for one in DEPTHS if name.startswith(one)), ""):
        return _COUNT.fullmatch(name.removeprefix(depth)) is not None
    family, dot, end = name.partition(".")
    if not dot or name in DESCRIPTIONS:
        return True
    if family in {probes.PREFIX, stress_scores.PREFIX}:
        return _is_listed(family, end)
    return bool(end) and (family not in _ENDS or end in _ENDS[family])


def near_metrics(name: str) -> tuple[str, ...]:
    """The metrics that a mistyped name may have meant, the nearest first; empty if none is near."""
    return tuple(difflib.get_close_matches(name.lower(), list(_names()), n=_SHOWN))


def _is_listed(family: str, end: str) -> bool:
    """Probes have shares by type, whose names are the probes' own; stress has a metric of each kind."""
    if family == probes.PREFIX:
        share, dot, of_type = end.partition(".")
        return not dot or bool(of_type) and share in _BY_TYPE
    return f"{family}.{end}" in _stress_names()


def _names() -> Iterator[str]:
    yield from DESCRIPTIONS
    yield from probes.DESCRIPTIONS
    yield from _stress_names()
    yield from (f"{family}.{end}" for family, ends in _ENDS.items() for end in ends)
    yield from (f"{depth}5" for depth in DEPTHS)


def _stress_names() -> tuple[str, ...]:
    prefix = stress_scores.PREFIX
    return tuple(f"{prefix}.{kind.value}.{metric}" for kind in StressKind for metric in stress_scores.METRICS)
