from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.base import Span
from twin_data.scoring.answerability import EvidenceWindow
from twin_data.scoring.excerpts import MAX_SENTENCES, MAX_WORDS, best_excerpts, excerpt_around, nearest_excerpt
from twin_data.scoring.weights import term_weights

SENTENCES = [
    "The lamp went out at nine.", "Nobody had oil in the boat.", "We steered by the smell of the bakery.",
    "Osric had left the ovens open.", "It took us twenty-six minutes.", "I sang the whole way across.",
]  # fmt: skip
TEXT = " ".join(SENTENCES)
START = 40
QUESTION = "What did you steer by when the lamp was out?"
WEIGHTS = term_weights([TEXT, "A bakery needs ovens.", "A lamp needs oil."])


@dataclass(frozen=True)
class Part:
    """A passage, all but its last sentence the persona's own."""

    text: str = TEXT
    start: int = START
    context: str = "The night the lamp went out, 12 November 2024"
    fused: float = 0.5
    late: float | None = None
    weakest: float | None = None

    @property
    def own(self) -> tuple[Span, ...]:
        return (Span(start=self.start, end=self.start + self.text.index(SENTENCES[-1]) - 1),)


def place(number: int) -> Span:
    at = TEXT.index(SENTENCES[number]) + START
    return Span(start=at, end=at + len(SENTENCES[number]))


def window(first: int, last: int, score: float, passage: int = 0) -> EvidenceWindow:
    span = Span(start=place(first).start, end=place(last).end)
    text = TEXT[span.start - START : span.end - START]
    return EvidenceWindow(passage, span, text, cosine=score, coverage=0, fused=0, behind=0, sentences=last - first + 1)


@given(number=st.integers(0, 4), lot=st.text(max_size=6))
def test_the_answer_stands_whole_in_its_excerpt(number: int, lot: str) -> None:
    made = excerpt_around(Part(), place(number), 3, lot)
    assert made and made == excerpt_around(Part(), place(number), 3, lot), "the same lot, the same stretch"
    assert SENTENCES[number] in made.text and made.passage == 3
    assert made.text == TEXT[made.span.start - START : made.span.end - START]
    assert SENTENCES[-1] not in made.text, "only the persona's own words"
    assert sum(one in made.text for one in SENTENCES) <= MAX_SENTENCES and len(made.text.split()) <= MAX_WORDS


def test_an_answer_of_two_sentences_keeps_both() -> None:
    both = Span(start=place(1).start, end=place(2).end)
    made = excerpt_around(Part(), both, 0, "lot")
    assert made and SENTENCES[1] in made.text and SENTENCES[2] in made.text


def test_what_is_not_the_personas_own_has_no_excerpt() -> None:
    assert excerpt_around(Part(), place(5), 0, "lot") is None


def test_stretches_differ_in_length_by_chance() -> None:
    lengths = {len(made.text) for lot in range(40) if (made := excerpt_around(Part(), place(2), 0, str(lot)))}
    assert len(lengths) >= 3


def test_the_nearest_excerpt_holds_the_questions_words() -> None:
    made = nearest_excerpt(Part(), QUESTION, WEIGHTS, 1)
    assert made and SENTENCES[0] in made.text and SENTENCES[2] in made.text
    assert made.passage == 1


def test_a_passage_of_others_words_gives_none() -> None:
    @dataclass(frozen=True)
    class Quoted(Part):
        @property
        def own(self) -> tuple[Span, ...]:
            return ()

    assert nearest_excerpt(Quoted(), QUESTION, WEIGHTS, 0) is None


def test_the_best_windows_are_shown_once_each() -> None:
    ranked = [window(2, 3, 0.9), window(2, 2, 0.8), window(0, 0, 0.7, passage=1), window(0, 1, 0.6, passage=1)]
    made = best_excerpts(ranked, [Part(), Part()], 3)
    assert [(one.passage, one.span) for one in made] == [(0, ranked[0].span), (1, ranked[2].span)]
    assert {one.context for one in made} == {Part().context}


@pytest.mark.parametrize("count", [0, 1])
def test_no_more_are_shown_than_asked_for(count: int) -> None:
    assert len(best_excerpts([window(0, 0, 0.9), window(2, 2, 0.8)], [Part()], count)) == count


def test_a_sentence_that_neighbouring_passages_share_is_shown_once() -> None:
    assert len(best_excerpts([window(2, 2, 0.9), window(2, 3, 0.8, passage=1)], [Part(), Part()], 2)) == 1
