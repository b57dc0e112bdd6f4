from __future__ import annotations

import string
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.documents import CorpusDocument, Split
from twin_data.contracts.evaluation import QuestionKind
from twin_data.contracts.exam import Book
from twin_data.scoring.sentences import grams, words
from twin_eval.exam.certificate import CertifyInputs, certify
from twin_eval.exam.run import REFUSALS, ExamConfig, ExamInputs, GeneratedSet, run, training_grams
from twin_eval.matching import NormalisedText

Write = Callable[..., CorpusDocument]
WORD = st.text(alphabet=string.ascii_lowercase, min_size=4, max_size=9)
SHAPES = (
    "The {0} of {1} is the {2} machine of the {3}.",
    "The {0} {1} is slow because the {2} lost its {3}.",
    "Mr. {0} described the {1} gates of the {2} harbour.",
    "There are fourteen {0} gates on the {1} river.",
    "The {0} {1} was painted by the {2} keeper in 1888.",
    "The {0} is not a {1}, but a {2} {3}.",
    "“{0} {1}”, as they say: the {2} means a {3} of patience;\u2028 the rest is {0}.",
)


@st.composite
def sentences(draw: st.DrawFn) -> str:
    words = [draw(WORD) for _ in range(4)]
    return draw(st.sampled_from(SHAPES)).format(words[0].capitalize(), *words[1:])


@st.composite
def documents(draw: st.DrawFn, write: Write) -> tuple[CorpusDocument, ...]:
    found = []
    for at in range(draw(st.integers(1, 3))):
        paragraphs = [
            " ".join(draw(st.lists(sentences(), min_size=1, max_size=4))) for _ in range(draw(st.integers(1, 3)))
        ]
        split = draw(st.sampled_from([Split.TRAIN, Split.TEST]))
        found.append(write(*paragraphs, name=f"blog/{at}.md", title=f"Piece of {draw(WORD)}", split=split))
    return tuple(found)


def made_of(found: tuple[CorpusDocument, ...], *, seed: int = 0, count: int = 60) -> GeneratedSet:
    return run(ExamInputs(found), config=ExamConfig(count=count, seed=seed))


@settings(max_examples=20, deadline=None)
@given(st.data(), st.integers(0, 5))
def test_every_fact_stands_in_its_quote_and_not_in_the_question(write: Write, data: st.DataObject, seed: int) -> None:
    found = data.draw(documents(write))
    texts = {one.document_id: one for one in found}
    for one in made_of(found, seed=seed).questions:
        assert one.kind.is_answerable is bool(one.evidence)
        for evidence in one.evidence:
            document = texts[evidence.file]
            assert document.text[evidence.start : evidence.end] == evidence.quote
            assert document.digest == evidence.document_digest
            assert one.book is (Book.HELD_OUT if document.split is Split.TEST else Book.OPEN_BOOK)
            assert any(fact.essential for fact in one.facts)
            for fact in one.facts:
                assert fact.text in evidence.quote
                assert not NormalisedText(one.question).states(fact.text)


@settings(max_examples=12, deadline=None)
@given(st.data(), st.integers(0, 5))
def test_the_same_seed_gives_the_same_questions_in_any_order_of_documents(
    write: Write, data: st.DataObject, seed: int
) -> None:
    found = data.draw(documents(write))
    assert made_of(found, seed=seed) == made_of(found[::-1], seed=seed)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_what_is_made_is_certified(write: Write, data: st.DataObject) -> None:
    found = data.draw(documents(write))
    config = ExamConfig(count=60)
    inputs = ExamInputs(found)
    certificate = certify(run(inputs, config=config), CertifyInputs("ada", "d", inputs, config))
    assert certificate.passed, [one for one in certificate.checks if not one.passed]


def test_held_out_documents_come_first(archive: tuple[CorpusDocument, ...]) -> None:
    few = [one for one in made_of(archive, count=5).questions if one.evidence]
    assert few and {one.book for one in few} == {Book.HELD_OUT}
    many = [one for one in made_of(archive, count=200).questions if one.evidence]
    assert {one.book for one in many} == {Book.HELD_OUT, Book.OPEN_BOOK}


def test_another_seed_chooses_other_questions(archive: tuple[CorpusDocument, ...]) -> None:
    assert made_of(archive, seed=1).questions != made_of(archive, seed=2).questions


def test_four_hundred_hold_sixty_of_each_kind_to_be_refused(archive: tuple[CorpusDocument, ...]) -> None:
    made = made_of(archive, count=400)
    counts = {kind: sum(one.kind is kind for one in made.questions) for kind in REFUSALS}
    assert counts[QuestionKind.OUT_OF_PERSONA] >= 60
    assert counts[QuestionKind.PRIVATE_OR_UNSAFE] >= 60 - 18  # this corpus names few people to ask about


def test_a_thin_corpus_is_not_padded(archive: tuple[CorpusDocument, ...]) -> None:
    made = made_of(archive, count=400)
    assert len(made.questions) < 400
    assert sum(made.rejected.values()) > 0
    assert len({one.question.casefold() for one in made.questions}) == len(made.questions)


def test_nothing_that_the_persona_asks_or_that_was_trained_on_is_asked(archive: tuple[CorpusDocument, ...]) -> None:
    asked = [one.question for one in made_of(archive, count=200).questions]
    inputs = ExamInputs(archive, own_questions=tuple(asked[:10]), instructions=tuple(asked[10:20]))
    again = run(inputs, config=ExamConfig(count=200))
    assert not set(asked[:20]) & {one.question for one in again.questions}
    assert again.rejected["asks_what_the_persona_asks"] >= 10
    assert again.rejected["asks_what_was_trained_on"] >= 5


def test_no_question_shares_thirteen_words_with_training_text(
    write: Write, archive: tuple[CorpusDocument, ...]
) -> None:
    long = "The keeper of the seven lower gates along the muddy eastern bank is slow because of rheumatism in winter."
    inputs = ExamInputs((*archive, write(long, name="blog/long.md", split=Split.TRAIN)))
    made = run(inputs, config=ExamConfig(count=50))
    held = training_grams(inputs)
    assert not any(gram in held for one in made.questions for gram in grams(one.question, 13))
    assert made.rejected["shares_13_words_with_training_text"] >= 1


def test_nothing_is_asked_that_stands_in_the_training_data(archive: tuple[CorpusDocument, ...]) -> None:
    asked = next(one.question for one in made_of(archive, count=200).questions if 5 <= len(words(one.question)) < 13)
    inputs = ExamInputs(
        archive, trained_texts=(f"Passage.\nQuestion: Well then: {asked} Pray tell me in two sentences.",)
    )
    again = run(inputs, config=ExamConfig(count=200))
    assert asked not in {one.question for one in again.questions}
    assert again.rejected["asks_what_was_trained_on"] == 1
