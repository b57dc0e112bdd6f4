from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.fake_service import citation, passage
from twin_eval.prose import without_markers, without_sources
from twin_eval.records import Answer, AnswerRecord, PassageSeen
from twin_eval.scorers import (
    AnswerScores,
    cites_evidence,
    evidence_retrieved,
    is_quote_verbatim,
    key_facts,
    ndcg,
    own_sentence_share,
    score_answer,
    score_record,
    stitched,
)

Question = Callable[..., HeldOutQuestion]
MakeAnswer = Callable[..., Answer]
TEXT = "The wind backed.\n\nIt was high water at Ferrier's. Nobody slept that night, and I least of all.\n\nWe drew it."


def seen(start: int, end: int, *, document: str = "notes/a.md", text: str = TEXT) -> PassageSeen:
    return PassageSeen.model_validate(passage(document, text, start, end))


def sentence(outcome: str) -> dict[str, object]:
    return {"text": "A sentence.", "outcome": outcome, "support": 0.9, "citations": [1], "reason": ""}


def test_all_essential_facts_make_an_answer_complete(make_question: Question) -> None:
    question = make_question(facts=("high water", "Ferrier's"), optional=("nobody slept",))
    found = key_facts(question, "High-water stood at ferrier’s.")
    assert found is not None
    assert found.is_complete
    assert found.missing_other == ("nobody slept",)
    half = key_facts(question, "High water, and nobody slept.")
    assert half is not None
    assert (half.is_complete, half.missing_essential, half.essential_share) == (False, ("Ferrier's",), 0.5)


def test_facts_are_unscored_without_essential_ones(make_question: Question) -> None:
    assert key_facts(make_question(facts=(), optional=("slept",)), "Nobody slept.") is None


def test_citation_markers_are_no_facts(make_question: Question) -> None:
    question = make_question(facts=("12",))
    found = key_facts(question, "Some of them [12].")
    assert found is not None
    assert not found.is_complete
    across = key_facts(make_question(facts=("water rose",)), "The water [1, 2] rose.")
    assert across is not None
    assert across.is_complete


def test_markers_are_told_from_indices() -> None:
    assert without_markers("It rose [1], and rows[2] fell.[3]") == "It rose, and rows[2] fell."


@pytest.mark.parametrize(
    "footer",
    [
        "\n\n[1] The surge, 9 January 2022, https://example.org\n    “high water”",
        "\n\n**Sources**\n\n1. The surge “high water”",
        "\nSources:\n- [1] The surge",
    ],
)
def test_the_list_of_sources_is_left_out_of_the_prose(footer: str) -> None:
    assert without_sources(f"We drew it. [1]{footer}", {1}) == "We drew it. [1]"


def test_prose_that_only_looks_like_sources_stays() -> None:
    for content in (
        "I name my sources.\nAll of them.", "[3] things to say:\nfirst", "Sources say so.\nOthers not.", "[1] We drew it.",
    ):  # fmt: skip
        assert without_sources(content, {1}) == content


@pytest.mark.parametrize(
    ("content", "is_stated"),
    [
        ("We drew it. [1]\n\nSources:\n[1] “It was high water at Ferrier's.” — Notes, 9 January 2022", False),
        ("We drew it. “It was high water at Ferrier's.” [1]\n\nSources:\n[1] Notes, 9 January 2022", True),
        ("“It was high water at Ferrier's.” [1]\n\nSources:\n[1] Notes", True),
    ],
)
def test_an_answer_states_what_it_says_and_quotes_and_not_what_its_sources_say(
    make_question: Question, make_answer: MakeAnswer, content: str, is_stated: bool
) -> None:
    cited = [citation(1, "notes/a.md", TEXT, "It was high water at Ferrier's.")]
    answer = make_answer(content, citations=cited)
    scores = score_answer(make_question(), answer, {"notes/a.md": TEXT}.get, ks=(5,))
    assert scores.facts is not None
    assert scores.facts.is_complete is is_stated
    dated = score_answer(make_question(facts=("2022",)), answer, lambda _: None, ks=(5,))
    assert dated.facts is not None
    assert not dated.facts.is_complete, "the date of a source"


def test_a_refusal_states_no_fact_whatever_it_names(make_question: Question, make_answer: MakeAnswer) -> None:
    named = make_answer("I would rather not say that it was high water.", outcome="declined")
    scores = score_answer(make_question(facts=("high water",)), named, lambda _: None, ks=(5,))
    assert scores.facts is not None and scores.facts.missing_essential == ("high water",)


def test_scores_kept_with_a_field_that_is_gone_are_read(make_question: Question, make_answer: MakeAnswer) -> None:
    scores = score_answer(make_question(), make_answer(), lambda _: None, ks=(5,))
    kept = scores.model_dump(mode="json") | {"facts_in_prose": None}
    assert AnswerScores.model_validate(kept) == scores


@pytest.mark.parametrize(
    ("kind", "outcome", "is_right"),
    [
        ("factual", "quoted", True),
        ("factual", "declined", False),
        ("private_or_unsafe", "declined", True),
        ("unanswerable", "quoted", False),
    ],
)
def test_decisions(make_question: Question, make_answer: MakeAnswer, kind: str, outcome: str, is_right: bool) -> None:
    scores = score_answer(make_question(kind=kind), make_answer(outcome=outcome), lambda _: None, ks=(5,))
    assert scores.is_decision_right is is_right
    assert scores.is_answered is (outcome != "declined")


def test_quotes_must_be_the_document_to_the_letter(make_answer: MakeAnswer) -> None:
    right = citation(1, "notes/a.md", TEXT, "It was high water at Ferrier's.")
    moved = {**right, "start": right["start"] + 1, "end": right["end"] + 1}
    altered = {**right, "quote": "It was high water at Ferrier’s."}
    empty = {**right, "end": right["start"], "quote": ""}
    elsewhere = {**right, "document_id": "notes/b.md"}
    answer = make_answer(citations=[right, moved, altered, empty, elsewhere])
    verdicts = [is_quote_verbatim(one, {"notes/a.md": TEXT}.get) for one in answer.twin.citations]
    assert verdicts == [True, False, False, False, None]


def test_evidence_is_looked_for_in_the_first_k_passages(make_question: Question) -> None:
    question = make_question(quotes=("It was high water at Ferrier's.", "We drew it."))
    passages = [seen(0, 16), seen(18, 96), seen(TEXT.index("We drew"), len(TEXT))]
    found = [evidence_retrieved(question, passages, k) for k in (1, 2, 3)]
    assert [(one.found, one.is_any, one.is_complete) for one in found] == [
        (0, False, False),
        (1, True, False),
        (2, True, True),
    ]


def test_evidence_may_straddle_two_chunks(make_question: Question) -> None:
    question = make_question(quotes=("The wind backed. It was high   water at Ferrier’s.",))
    first, second = seen(0, 16), seen(18, 49)
    assert evidence_retrieved(question, [second, first], 2).is_complete
    assert not evidence_retrieved(question, [first, second], 1).is_complete
    other_document = seen(18, 49, document="notes/b.md")
    assert not evidence_retrieved(question, [first, other_document], 2).is_complete


def test_evidence_with_markup_is_found_in_clean_text(make_question: Question) -> None:
    assert evidence_retrieved(make_question(quotes=("It was *high* water at **Ferrier's**.",)), [seen(18, 49)], 5).found


def test_a_part_of_a_word_is_no_evidence(make_question: Question) -> None:
    assert not evidence_retrieved(make_question(quotes=("he wind backed",)), [seen(0, 16)], 5).found


@given(st.lists(st.integers(1, len(TEXT) - 1), max_size=6), st.integers(0, 4), st.randoms())
def test_chunks_that_cover_a_document_give_it_back(cuts: list[int], overlap: int, random: object) -> None:
    bounds = sorted({0, *cuts, len(TEXT)})
    chunks = [seen(max(0, start - overlap), end) for start, end in pairwise(bounds)]
    random.shuffle(chunks)  # type: ignore[attr-defined]
    assert stitched(chunks) == [TEXT]


def test_chunks_with_text_missing_between_them_stay_apart() -> None:
    assert stitched([seen(0, 10), seen(14, 30)]) == [TEXT[:10], TEXT[14:30]]


def test_chunks_whose_offsets_do_not_fit_their_text_are_not_joined() -> None:
    odd = PassageSeen(chunk_id="x", document_id="notes/a.md", start=16, end=20, text="a text of another length")
    assert stitched([seen(0, 16), odd]) == [TEXT[:16], odd.text]


def test_citing_the_document_that_holds_the_evidence(make_question: Question, make_answer: MakeAnswer) -> None:
    texts = {"slack/gates#1": TEXT, "notes/b.md": "Something else."}
    right = citation(1, "slack/gates#1", TEXT, "We drew it.")
    wrong = citation(2, "notes/b.md", texts["notes/b.md"], "Something")
    question = make_question()
    assert cites_evidence(question, make_answer(citations=[wrong, right]), texts.get) is True
    assert cites_evidence(question, make_answer(citations=[wrong]), texts.get) is False
    assert cites_evidence(question, make_answer(), texts.get) is False
    assert cites_evidence(question, make_answer(citations=[right]), lambda _: None) is None
    assert cites_evidence(question, make_answer(outcome="declined", citations=[right]), texts.get) is None
    assert cites_evidence(make_question(kind="unanswerable"), make_answer(citations=[right]), texts.get) is None


def test_own_sentences_are_supported_and_not_quoted(make_answer: MakeAnswer) -> None:
    outcomes = ["supported", "quoted", "dropped", "unchecked", "supported"]
    assert own_sentence_share(make_answer(sentences=[sentence(one) for one in outcomes])) == 0.5
    assert own_sentence_share(make_answer(sentences=[sentence("dropped")])) is None
    assert own_sentence_share(make_answer(outcome="declined", sentences=[sentence("supported")])) is None


def test_an_error_of_the_endpoint_has_no_scores(
    make_question: Question, make_record: Callable[..., AnswerRecord]
) -> None:
    question = make_question()
    assert score_record(question, make_record(question, None), lambda _: None, ks=(5,)).scores is None


def whole(question: HeldOutQuestion, answer: Answer, voice: float | None = None) -> bool:
    return score_answer(question, answer, lambda _: None, ks=(1,), voice=voice).is_whole


OWN = "High water it was at Ferrier's, and nobody slept."
CITED = citation(1, "notes/a.md", TEXT, "It was high water at Ferrier's. Nobody slept that night, and I least of all.")


def test_a_whole_answer_is_own_verified_helpful_and_in_voice(make_question: Question, make_answer: MakeAnswer) -> None:
    question = make_question()
    mine = {"text": OWN, "outcome": "supported", "support": 0.9, "citations": [1]}
    answer = make_answer(sentences=[mine], citations=[CITED])
    assert whole(question, answer)
    assert whole(question, answer, voice=40.0)
    assert not whole(question, answer, voice=-5.0), "another's voice"
    assert not whole(question, make_answer(sentences=[{**mine, "outcome": "quoted"}], citations=[CITED]))
    assert not whole(question, make_answer(sentences=[{**mine, "text": "The moon is a cheese."}], citations=[CITED]))
    assert not whole(question, make_answer(sentences=[{**mine, "citations": []}], citations=[CITED]))
    assert not whole(question, make_answer(outcome="declined", sentences=[mine], citations=[CITED]))


def test_a_copy_is_no_sentence_of_its_own_whatever_the_service_calls_it(
    make_question: Question, make_answer: MakeAnswer
) -> None:
    question, passages = make_question(), [passage("notes/a.md", TEXT, 0, len(TEXT))]
    copied = "It was high water at Ferrier's. Nobody slept that night, and then we left."
    for text in (
        "It was high water at Ferrier's. Nobody slept that night, and I least of all.",
        copied,
        f"“{copied}” [1]",
        "It was high tide at Ferrier's. Nobody slept that night, and me least of all.",
    ):
        copy = {"text": text, "outcome": "supported", "support": 0.9, "citations": [1]}
        answer = make_answer(sentences=[copy], citations=[CITED], passages=passages)
        scores = score_answer(question, answer, lambda _: None, ks=(1,))
        assert (scores.is_whole, scores.is_own, scores.own_sentence_share) == (False, False, 0.0), text
        assert len(scores.claims) == 1, "a copy with words exchanged is checked"
    mine = {"text": OWN, "outcome": "supported", "support": 0.9, "citations": [1]}
    both = make_answer(sentences=[mine, copy], citations=[CITED], passages=passages)
    assert whole(question, both)
    assert own_sentence_share(both) == 0.5


def test_a_true_sentence_on_something_else_is_no_whole_answer(make_question: Question, make_answer: MakeAnswer) -> None:
    beside = citation(1, "notes/a.md", TEXT, "We drew it.")
    mine = {"text": "We drew it then.", "outcome": "supported", "support": 0.9, "citations": [1]}
    answer = make_answer(sentences=[mine], citations=[beside])
    assert score_answer(make_question(), answer, lambda _: None, ks=(1,)).is_own
    assert not whole(make_question(), answer)
    assert whole(make_question(facts=(), quotes=()), answer), "where the answer's place is not known none is asked for"


def test_a_refusal_in_the_twins_own_words_is_one_whatever_the_service_calls_it(
    make_question: Question, make_answer: MakeAnswer
) -> None:
    answer = make_answer("I'm afraid I would rather not say anything about that.", outcome="generated")
    scores = score_answer(make_question(kind="unanswerable"), answer, lambda _: None, ks=(1,))
    assert (scores.is_answered, scores.is_decision_right) == (False, True)
    quoting = make_answer("I would rather not say. “We drew it.” [1]", citations=[CITED], outcome="quoted")
    assert score_answer(make_question(), quoting, lambda _: None, ks=(1,)).is_answered, "it quotes all the same"


SILENT = "I never wrote about that."
DRAWN = "We drew it."


@pytest.mark.parametrize(
    ("content", "cited", "is_answered"),
    [
        (f"{SILENT} [1]", [(SILENT, "supported")], False),
        (f"{SILENT} [1]", [], False),
        (f"{SILENT} [1]\n\nSources:\n[1] A note", [(SILENT, "supported")], False),
        (SILENT, [(DRAWN, "dropped")], False),
        (f"{SILENT} “{DRAWN}” [1]", [(DRAWN, "quoted")], True),
        (f"{SILENT} {DRAWN} [1]", [(DRAWN, "supported")], True),
        (f"{SILENT} [1] {DRAWN} [1]", [(SILENT, "supported"), (DRAWN, "supported")], True),
    ],
)
def test_a_refusal_that_cites_is_one_unless_something_else_cites(
    make_question: Question,
    make_answer: MakeAnswer,
    content: str,
    cited: Sequence[tuple[str, str]],
    is_answered: bool,
) -> None:
    sentences = [{"text": text, "outcome": outcome, "support": 0.9, "citations": [1]} for text, outcome in cited]
    answer = make_answer(content, citations=[CITED], sentences=sentences)
    scores = score_answer(make_question(kind="unanswerable"), answer, lambda _: None, ks=(1,))
    assert (scores.is_answered, scores.is_decision_right) == (is_answered, not is_answered)


def test_what_is_declined_unsearched_says_nothing_of_retrieval(
    make_question: Question, make_answer: MakeAnswer
) -> None:
    declined = make_answer(outcome="declined", decline_reason="private")
    assert score_answer(make_question(), declined, lambda _: None, ks=(1,)).evidence == ()
    searched = make_answer(outcome="declined", decline_reason="no_evidence", passages=[passage("n", TEXT, 0, 16)])
    assert [one.found for one in score_answer(make_question(), searched, lambda _: None, ks=(1,)).evidence] == [0, 0]


def test_a_fact_that_the_reference_answer_denies_is_to_be_denied(make_question: Question) -> None:
    question = make_question(facts=("smoke",)).model_copy(update={"answer": "Because a man does not smoke."})
    for text, stated in (
        ("It is because he does not smoke.", True),
        ("Because men smoke.", False),
        ("No one can say.", False),
    ):
        found = key_facts(question, text)
        assert found is not None
        assert found.is_complete is stated


@pytest.mark.parametrize(
    ("reference", "text", "is_stated"),
    [
        ("I refused to pay 400 pounds.", "400 pounds.", True),
        ("I refused to pay 400 pounds.", "I gladly paid 400 pounds.", False),
        ("It was 300 or 400 pounds.", "I paid 300 or 400 pounds.", True),
        ("It was 400 pounds.", "I paid 300 or 400 pounds.", False),
    ],
)
def test_a_fact_is_stated_as_the_reference_answer_states_it(
    make_question: Question, reference: str, text: str, is_stated: bool
) -> None:
    found = key_facts(make_question(facts=("400 pounds",)).model_copy(update={"answer": reference}), text)
    assert found is not None
    assert found.is_complete is is_stated


@pytest.mark.parametrize(
    ("text", "is_stated"),
    [
        ("Oak.", True),
        ("It was oak, not iron.", True),
        ("It was oak for its price or its looks.", True),
        ("You ask whether it was oak or iron.", False),
        ("You ask whether it was iron or oak.", False),
        ("Iron or oak? It was oak.", True),
    ],
)
def test_who_names_both_that_a_question_lets_choose_from_has_not_chosen(
    make_question: Question, text: str, is_stated: bool
) -> None:
    either = {"question": "Was the gate oak or iron?", "answer": "It was oak."}
    found = key_facts(make_question(facts=("oak",)).model_copy(update=either), text)
    assert found is not None
    assert found.is_complete is is_stated


def test_ndcg_rewards_evidence_that_comes_early(make_question: Question) -> None:
    question = make_question(quotes=("It was high water at Ferrier's.",))
    held, other = seen(18, len(TEXT)), seen(0, 16)
    assert ndcg(question, [held, other], 10) == 1.0
    assert ndcg(question, [other, held], 10) == pytest.approx(1 / 1.585, abs=1e-3)
    assert ndcg(question, [other], 10) == 0.0
    assert ndcg(question, [other, held], 1) == 0.0
    assert ndcg(question, [held, held], 10) == 1.0, "the same again adds nothing"
