from __future__ import annotations

from collections.abc import Callable

import pytest

from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.claims import check_claims, citation_pairs, cited_sentences, lies_on, supports
from twin_eval.fake_service import citation, passage
from twin_eval.records import Answer

Question = Callable[..., HeldOutQuestion]
MakeAnswer = Callable[..., Answer]
TEXT = (
    "The wind backed to the west. It was high water at Ferrier's when the gate gave way. Nobody slept that night, and I "
    "least of all. We drew the gate in March, and the council paid for the oak."
)
QUOTE = "It was high water at Ferrier's when the gate gave way."
ELSEWHERE = "We drew the gate in March, and the council paid for the oak."


def said(text: str, outcome: str = "supported", *citations: int, reason: str = "") -> dict[str, object]:
    return {"text": text, "outcome": outcome, "support": 0.9, "citations": citations, "reason": reason}


@pytest.fixture
def sources() -> list[dict[str, object]]:
    return [citation(1, "notes/a.md", TEXT, QUOTE), citation(2, "notes/a.md", TEXT, ELSEWHERE)]


def test_the_services_word_is_not_taken(make_question: Question, make_answer: MakeAnswer) -> None:
    """A service that marks whatever it says as supported is found out by what it cites."""
    cites = [citation(1, "notes/a.md", TEXT, QUOTE)]
    answer = make_answer(
        sentences=[
            said("The gate gave way at high water.", "supported", 1),
            said("The moon fell down.", "supported", 1),
        ],
        citations=cites,
    )
    held, lied = check_claims(make_question(), answer)
    assert (held.supported, held.to_the_point, held.cites) == (True, True, True)
    assert (lied.supported, lied.to_the_point, lied.cites) == (False, False, True)


def test_the_place_of_the_answer_is_not_the_answer(make_question: Question, make_answer: MakeAnswer) -> None:
    """A sentence that says the question again cites the right place."""
    cites = [citation(1, "notes/a.md", TEXT, QUOTE)]
    answer = make_answer(sentences=[said("The gate gave way.", "supported", 1)], citations=cites)
    assert not check_claims(make_question(), answer)[0].to_the_point
    assert check_claims(make_question(facts=("gave way",)), answer)[0].to_the_point
    assert check_claims(make_question(facts=(), optional=("high water",)), answer)[0].to_the_point, "none is essential"
    elsewhere = [citation(1, "notes/a.md", TEXT, ELSEWHERE)]
    answer = make_answer(sentences=[said("We drew the gate.", "supported", 1)], citations=elsewhere)
    assert not check_claims(make_question(facts=()), answer)[0].to_the_point


def test_without_sources_what_was_retrieved_counts(make_question: Question, make_answer: MakeAnswer) -> None:
    shown = [passage("notes/a.md", TEXT, 0, len(TEXT))]
    answer = make_answer(sentences=[said("The council paid for the oak.", "unchecked")], passages=shown)
    (claim,) = check_claims(make_question(), answer)
    assert (claim.supported, claim.cites) == (True, False)


def test_what_a_passage_denies_is_contradicted(make_question: Question, make_answer: MakeAnswer) -> None:
    shown = [passage("notes/a.md", "The council never paid for the oak.", 0, 35)]
    denied = make_answer(sentences=[said("The council paid for the oak.", "unchecked")], passages=shown)
    assert check_claims(make_question(), denied)[0].contradicted
    agreed = make_answer(sentences=[said("The council never paid for the oak.", "unchecked")], passages=shown)
    assert not check_claims(make_question(), agreed)[0].contradicted
    elsewhere = make_answer(sentences=[said("Herons stood about the quay.", "unchecked")], passages=shown)
    assert not check_claims(make_question(), elsewhere)[0].contradicted


def test_what_another_passage_supports_is_badly_cited_and_not_contradicted(
    make_question: Question, make_answer: MakeAnswer
) -> None:
    denial = "The council never paid for the oak."
    paid = said("The council paid for the oak.", "supported", 1)
    cites, text = [citation(1, "notes/b.md", denial, denial)], f"{denial} {ELSEWHERE}"
    shown = [passage("notes/b.md", text, 0, len(denial)), passage("notes/b.md", text, len(denial) + 1, len(text))]
    (claim,) = check_claims(make_question(), make_answer(sentences=[paid], citations=cites, passages=shown))
    assert (claim.supported, claim.contradicted) == (False, False)
    (claim,) = check_claims(make_question(), make_answer(sentences=[paid], citations=cites, passages=shown[:1]))
    assert (claim.supported, claim.contradicted) == (False, True)


def test_quotations_disclosures_and_refusals_are_no_claims(make_question: Question, make_answer: MakeAnswer) -> None:
    sentences = [
        said(QUOTE, "quoted", 1),
        said("I am a twin.", "unchecked", reason="disclosure"),
        said("No.", "dropped"),
    ]
    assert check_claims(make_question(), make_answer(sentences=sentences)) == ()
    declined = make_answer(outcome="declined", sentences=[said("The gate gave way.", "supported", 1)])
    assert check_claims(make_question(), declined) == ()


def test_precision_asks_of_each_source_and_recall_of_each_sentence(
    make_answer: MakeAnswer, sources: list[dict[str, object]]
) -> None:
    answer = make_answer(
        sentences=[
            said("The gate gave way at high water.", "supported", 1, 2),  # the second says nothing of it
            said(QUOTE, "quoted", 1),
            said("The council paid for the oak.", "unchecked"),  # true, and names no source
            said("I am a twin.", "unchecked", reason="disclosure"),
        ],
        citations=sources,
    )
    assert citation_pairs(answer) == [True, False, True]
    assert cited_sentences(answer) == [True, True, False]


BILL = "Autumn was mild. The monthly bill fell from 4,200 to 1,300 dollars after the move. We were glad of it."
LATENCY = "Nobody had hoped for it. The slowest page took 95 milliseconds after the move. Then came winter."
BOTH = "After the move the monthly bill fell to 1,300 dollars and the slowest page took 95 milliseconds."


def test_two_sources_support_together_what_neither_does_alone(make_question: Question, make_answer: MakeAnswer) -> None:
    cites = [citation(at, f"notes/{at}.md", text, text) for at, text in ((1, BILL), (2, LATENCY), (3, ELSEWHERE))]
    answer = make_answer(sentences=[said(BOTH, "supported", 1, 2)], citations=cites[:2])
    (claim,) = check_claims(make_question(), answer)
    assert claim.supported
    assert (citation_pairs(answer), cited_sentences(answer)) == ([True, True], [True])
    more = make_answer(sentences=[said(BOTH, "supported", 1, 2, 3)], citations=cites)
    assert citation_pairs(more) == [True, True, False], "the third is not needed"
    fewer = make_answer(sentences=[said(BOTH, "supported", 1, 3)], citations=[cites[0], cites[2]])
    assert not check_claims(make_question(), fewer)[0].supported
    assert (citation_pairs(fewer), cited_sentences(fewer)) == ([False, False], [False])


def test_a_source_that_no_sentence_names_supports_nothing(
    make_answer: MakeAnswer, sources: list[dict[str, object]]
) -> None:
    answer = make_answer(sentences=[said(QUOTE, "quoted", 1)], citations=sources)
    assert citation_pairs(answer) == [True, False]


def test_a_stretch_lies_on_the_evidence_by_eight_words_or_all_of_a_short_one() -> None:
    assert lies_on(TEXT, QUOTE)
    assert lies_on("water at Ferrier's when the gate gave way. Nobody slept that night", QUOTE.upper())
    assert lies_on("high water", QUOTE)
    assert not lies_on("when the gate gave way. Nobody slept that night", QUOTE)
    assert not lies_on("", QUOTE)
    assert not lies_on(ELSEWHERE, QUOTE)


def test_only_names_that_the_evidence_has_somewhere_are_granted(
    make_question: Question, make_answer: MakeAnswer
) -> None:
    """A question cannot put into its evidence somebody of whom nothing there is said."""
    quote = "She drew the gate in March, and paid for the oak herself."
    question = make_question(facts=("March",)).model_copy(update={"question": "When did old Ottoline draw the gate?"})

    def is_supported(*shown: str) -> bool:
        passages = [passage("notes/b.md", text, 0, len(text)) for text in shown]
        one = said("In March Ottoline drew the gate, and paid for the oak herself.", "supported", 1)
        cites = [citation(1, "notes/a.md", quote, quote)]
        answer = make_answer(sentences=[one], citations=cites, passages=passages)
        return check_claims(question, answer)[0].supported

    assert not is_supported(quote)
    assert is_supported(quote, "Ottoline came back in the winter.")


def test_a_name_of_the_question_may_stand_for_a_pronoun() -> None:
    assert not supports("She drew the gate in March.", "In March Ottoline drew the gate.")
    assert supports("She drew the gate in March.", "In March Ottoline drew the gate.", {"ottolin"})
