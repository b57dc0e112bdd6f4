from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from twin_data.contracts.base import Span
from twin_data.scoring.answerability import (
    FEATURES,
    PLAIN_MODEL,
    RERANKED_FEATURES,
    RERANKED_MODEL,
    Evidence,
    find_evidence,
    scattered_names,
    wanted_type,
)
from twin_data.scoring.weights import term_weights

FERRY = "The ferry left at noon. I steered by the smell of the bakery."
ROPE = "A rope is spliced by hand. Ingrid Vass made me unpick it fourteen times."
WEIGHTS = term_weights([FERRY, ROPE])


@dataclass(frozen=True)
class Part:
    text: str
    late: float | None = None
    weakest: float | None = None
    fused: float = 0.5
    start: int = 0
    context: str = ""

    @property
    def own(self) -> tuple[Span, ...]:
        return (Span(start=0, end=len(self.text)),)


class Alike:
    """Finds every text as like the question as any other: what is left to tell windows apart is their place."""

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        return np.ones((len(texts), 1), dtype=np.float32)


def best(*parts: Part, question: str = "Tell me something.") -> list[str]:
    vector = np.ones(1, dtype=np.float32)
    found = find_evidence(question, vector, parts, encoder=Alike(), weights=WEIGHTS)
    return [one.text for one in found.windows]


@pytest.mark.parametrize(("ferry", "rope"), [(0.6, 0.4), (0.5, None)])
def test_of_equal_windows_those_of_the_passage_nearest_by_late_interaction_come_first(
    ferry: float, rope: float | None
) -> None:
    assert best(Part(ROPE, rope), Part(FERRY, ferry))[0] == FERRY
    assert best(Part(ROPE, ferry), Part(FERRY, rope))[0] == ROPE


def test_without_reranking_nothing_is_behind() -> None:
    vector = np.ones(1, dtype=np.float32)
    found = find_evidence("x", vector, [Part(ROPE), Part(FERRY)], encoder=Alike(), weights=WEIGHTS)
    assert {one.behind for one in found.windows} == {0.0}


def test_a_window_that_holds_the_questions_words_comes_before_one_that_does_not() -> None:
    assert "bakery" in best(Part(ROPE), Part(FERRY), question="Which smell of a bakery?")[0]


def test_no_own_words_hold_no_answer() -> None:
    found = find_evidence("x", np.ones(1, dtype=np.float32), [], encoder=Alike(), weights=WEIGHTS)
    assert found.windows == () and found.answerability == 0.0


def evidence_of(*candidates: Part) -> Evidence:
    vector = np.ones(1, dtype=np.float32)
    return find_evidence("Who left at noon?", vector, candidates, encoder=Alike(), weights=WEIGHTS)


def test_each_judge_gets_the_features_it_was_fitted_on() -> None:
    assert len(evidence_of(Part(FERRY)).features) == len(FEATURES) == len(PLAIN_MODEL.coefficients)
    reranked = evidence_of(Part(FERRY, 0.7, 0.4))
    assert len(reranked.features) == len(RERANKED_FEATURES) == len(RERANKED_MODEL.coefficients)


def test_what_a_part_of_the_question_does_not_match_is_answered_less_probably() -> None:
    matched, half = (evidence_of(Part(FERRY, 0.7, weakest), Part(ROPE, 0.5, 0.9)) for weakest in (0.6, 0.1))
    assert matched.answerability > half.answerability
    assert matched.features[-2:] == (0.7, 0.6), "of the nearest passage"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many times did you unpick it?", "number"),
        ("When did the ferry leave?", "date"),
        ("Who taught you?", "name"),
        ("What do you think of ropes?", None),
    ],
)
def test_what_kind_of_thing_is_asked_for(question: str, kind: str | None) -> None:
    assert wanted_type(question) == kind


@pytest.mark.parametrize(
    ("question", "shown", "scattered"),
    [
        ("What of the last season of Game of Thrones?", "The last game was up; the thrones of kings fell.", {"Game", "Thrones"}),
        ("What of Halcyon Berths?", "halcyon berths offered on tuesday", set()),
        ("What of Bernard Shaw?", "Mr. Shaw says so.", set()),
        ("What of Mary Ann Quill?", "she, mary-ann, said no", set()),
        ("What of Ropes?", "ropes hold", set()),
        ("What of Ropes and the ferry?", "ropes hold", set()),
    ],
)  # fmt: skip
def test_the_words_of_a_long_name_scattered_are_not_the_name(question: str, shown: str, scattered: set[str]) -> None:
    assert scattered_names(question, shown) == scattered
