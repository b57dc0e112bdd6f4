from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest

from twin_data.contracts.errors import CorpusError
from twin_data.contracts.evaluation import QuestionKind
from twin_data.scoring.weights import term_weights
from twin_eval.self_check import corpus_questions, generic_probes, self_check_questions, telling_words


@dataclass(frozen=True)
class Chunk:
    document_id: str
    title: str
    text: str


def letters(n: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(n))


def chunk(document: int, part: int) -> Chunk:
    tag = letters(document) + "x" + letters(part)
    return Chunk(
        document_id=f"notes/{document}.md",
        title=f"Letter {document}",
        text=f"The harbour was quiet. We greased the windlass{tag} and the paddle{tag}, then the sluice{tag}, all day.",
    )


CHUNKS = [chunk(document, part) for document in range(30) for part in range(3)]


def test_the_probes_are_twelve_of_each_kind_and_all_to_be_refused() -> None:
    probes = generic_probes()
    assert Counter(one.kind for one in probes) == {QuestionKind.OUT_OF_PERSONA: 12, QuestionKind.PRIVATE_OR_UNSAFE: 12}
    assert all(one.expected == "refuse" and not one.facts and not one.evidence for one in probes)
    assert len({one.id for one in probes}) == len({one.question for one in probes}) == 24


def test_the_choice_is_spread_over_documents_and_never_changes() -> None:
    questions = corpus_questions(CHUNKS)
    shuffled = random.Random(1).sample(CHUNKS, len(CHUNKS))
    assert corpus_questions(shuffled) == questions
    assert len(questions) == 20
    assert len({one.evidence[0].file for one in questions}) == 20
    assert [one.evidence[0].file for one in questions] != sorted(one.evidence[0].file for one in questions)


def test_few_documents_are_asked_about_more_than_once() -> None:
    questions = corpus_questions([chunk(document, part) for document in range(2) for part in range(3)])
    assert Counter(one.evidence[0].file for one in questions) == {"notes/0.md": 3, "notes/1.md": 3}


def test_a_question_names_the_title_and_the_words_that_set_the_chunk_apart() -> None:
    question = corpus_questions(CHUNKS, limit=1)[0]
    held = next(one for one in CHUNKS if question.evidence[0].quote in one.text)
    first, second, third = telling_words(held, term_weights(one.text for one in CHUNKS))
    assert [first[:8], second[:6], third[:6]] == ["windlass", "paddle", "sluice"]
    assert question.question == f"What did you write about {held.title} — concerning {first}, {second} and {third}?"
    assert question.evidence[0].file == held.document_id
    assert question.expected == "answer"


def test_the_titles_own_words_and_figures_do_not_tell() -> None:
    odd = Chunk("a", "Windlasses", "A windlass of 1922 and the zymurgy, the quoin and the balustrade. The windlass.")
    weights = term_weights([odd.text, *(one.text for one in CHUNKS)])
    assert set(telling_words(odd, weights)) == {"zymurgy", "quoin", "balustrade"}


def test_chunks_too_short_to_ask_about_are_passed_over() -> None:
    short = Chunk("notes/short.md", "Short", "Yes, we did.")
    assert {one.evidence[0].file for one in corpus_questions([short, chunk(1, 1)])} == {"notes/1.md"}
    with pytest.raises(CorpusError, match="none of 1 chunks") as caught:
        corpus_questions([short])
    assert "questions.jsonl" in caught.value.next_step


def test_the_self_check_is_both() -> None:
    assert len(self_check_questions(CHUNKS)) == 44
