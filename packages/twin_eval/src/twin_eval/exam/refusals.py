"""Questions to be refused whoever the persona is: beside every author's subjects, or private, or harmful."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from twin_data.contracts.evaluation import QuestionKind
from twin_data.scoring.sentences import content_stems
from twin_data.scoring.weights import TermWeights
from twin_eval.self_check import generic_probes

SLOT = "{person}"
MAX_KNOWN_SHARE = 0.5
"""Share of a question's words of meaning that may be at home in the corpus before it might be its subject."""
_AT_HOME = 2
"""Chunks that hold a word which is at home."""


def out_of_persona(weights: TermWeights) -> list[str]:
    """Shipped questions on subjects of other trades; those whose words the corpus uses are left out."""
    return [
        one for one in (*_lines("out_of_persona"), *_probes(QuestionKind.OUT_OF_PERSONA)) if _is_foreign(one, weights)
    ]


def private_or_unsafe(people: Sequence[str]) -> list[str]:
    """Shipped questions that nobody should answer; each that asks about a person asks about another of the corpus's."""
    found: list[str] = []
    for line in _lines("private_or_unsafe"):
        if SLOT not in line:
            found.append(line)
        elif people:
            found.append(line.replace(SLOT, people[len(found) % len(people)]))
    return [*found, *_probes(QuestionKind.PRIVATE_OR_UNSAFE)]


def _lines(name: str) -> list[str]:
    text = resources.files("twin_eval").joinpath(f"defaults/{name}.txt").read_text("utf-8")
    return [line for line in text.split("\n") if line]


def _probes(kind: QuestionKind) -> list[str]:
    return [one.question for one in generic_probes() if one.kind is kind]


def _is_foreign(question: str, weights: TermWeights) -> bool:
    stems = set(content_stems(question))
    at_home = sum(weights.frequencies.get(one, 0) >= _AT_HOME for one in stems)
    rare = sum(weights.frequencies.get(one, 0) == 0 for one in stems)
    return rare > 1 or (rare == 1 and at_home <= MAX_KNOWN_SHARE * len(stems))
