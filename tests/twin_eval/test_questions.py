from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twin_data.contracts.evaluation import HeldOutQuestion, QuestionKind
from twin_eval.errors import QuestionsError
from twin_eval.questions import (
    balanced_subset,
    check_evidence,
    check_reference_answers,
    load_questions,
    question_digest,
    questions_digest,
)
from twin_eval.source_texts import source_texts

SAMPLE = Path(__file__).parents[2] / "personas" / "sample"
CHESTERTON = Path(__file__).parents[3] / "shared" / "data" / "personas" / "chesterton"
GOOD: dict[str, Any] = {
    "id": "q1",
    "kind": "factual",
    "question": "When was it drawn?",
    "answer": "At 04:12.",
    "facts": [{"text": "04:12", "essential": True}],
    "evidence": [{"file": "blog/surge.md", "quote": "We drew it at\n04:12"}],
    "expected": "answer",
}
REFUSED = {"kind": "unanswerable", "answer": None, "facts": [], "evidence": [], "expected": "refuse"}


def write(path: Path, *rows: dict[str, Any] | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("question", "answer", "facts"),
    [
        ("Did you draw it at 04:12 or at 05:40?", "At 04:12.", ("04:12",)),
        ("Was it the oak gate or the iron one?", "The oak gate.", ("oak gate",)),
        ("Did you draw it at 04:12?", "Yes, at 04:12.", ("04:12", "yes")),
        ("Does a man smoke?", "A man does not smoke.", ("smoke",)),
        ("What did it cost?", "It was €4,000.", ("4,000 euros",)),
    ],
)
def test_questions_that_people_ask_are_read(tmp_path: Path, question: str, answer: str, facts: tuple[str, ...]) -> None:
    marked = [{"text": fact, "essential": True} for fact in facts]
    row = {**GOOD, "question": question, "answer": answer, "facts": marked}
    assert len(load_questions(write(tmp_path / "q.jsonl", row))) == 1


def test_questions_are_read_in_order_and_blank_lines_ignored(tmp_path: Path) -> None:
    second = {**GOOD, **REFUSED, "id": "q2", "question": "A line\u2028separator?"}
    loaded = load_questions(write(tmp_path / "q.jsonl", GOOD, "", json.dumps(second, ensure_ascii=False)))
    assert [(one.id, one.kind) for one in loaded] == [("q1", QuestionKind.FACTUAL), ("q2", QuestionKind.UNANSWERABLE)]
    assert loaded[0] == HeldOutQuestion.model_validate(GOOD)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "not JSON at character 2"),
        ("[1]", "a list where an object belongs"),
        ({**GOOD, "kind": "factul"}, "kind: unknown kind 'factul'; did you mean 'factual'?"),
        ({**GOOD, "evidnce": []}, "unknown field 'evidnce'; did you mean 'evidence'?"),
        ({key: GOOD[key] for key in GOOD if key != "question"}, "the field 'question' is missing; add it"),
        ({**GOOD, "facts": [{"text": "x"}]}, "the field 'facts.0.essential' is missing"),
        ({**GOOD, "expected": "refuse"}, "a question of kind 'factual' expects 'answer', not 'refuse'"),
        ({**GOOD, **REFUSED, "facts": GOOD["facts"]}, "a question to be refused has facts or evidence"),
        ({**GOOD, "facts": [{"text": "04:12", "essential": False}]}, "no fact is essential"),
        ({**GOOD, "evidence": []}, "no evidence; quote the passage"),
        ({**GOOD, "question": "Did you draw it at 4:12?"}, "the question itself states every essential fact"),
        ({**GOOD, "evidence": [{"file": "a", "quote": " "}]}, "an evidence quote is empty"),
        ({**GOOD, "facts": [{"text": "the", "essential": True}]}, "the fact 'the' has no word to look for"),
        ({**GOOD, "question": " "}, "question is empty"),
        ({**GOOD, "answer": "At dawn."}, "does not state the essential fact '04:12'; use the answer's own words"),
        (GOOD, "a second question with the id 'q1'; rename one"),
    ],
)
def test_a_wrong_line_is_named_with_its_fix(tmp_path: Path, row: dict[str, Any] | str, message: str) -> None:
    path = write(tmp_path / "q.jsonl", GOOD, row)
    with pytest.raises(QuestionsError) as caught:
        load_questions(path)
    assert caught.value.message.startswith(f"{path}:2: ")
    assert message in caught.value.message
    assert caught.value.next_step == f"correct {path}"


def test_every_wrong_line_is_listed_up_to_a_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", *["{"] * 25)
    with pytest.raises(QuestionsError) as caught:
        load_questions(path)
    assert f"{path}:1: " in caught.value.message
    assert caught.value.message.endswith("… and 5 more")


@pytest.mark.parametrize(
    ("content", "message"), [(None, "does not exist"), (b"\n\n", "holds no question"), (b"\xff", "not UTF-8")]
)
def test_a_file_without_questions_is_an_error(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "q.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(QuestionsError, match=message) as caught:
        load_questions(path)
    assert caught.value.next_step


def test_quotes_must_stand_in_their_source_after_folding(tmp_path: Path) -> None:
    (question,) = load_questions(write(tmp_path / "q.jsonl", GOOD))
    assert check_evidence([question], {"blog/surge.md": "So.  We drew\tit at 04:\u206012 then."}.get) == ()
    (altered,) = check_evidence([question], {"blog/surge.md": "We drew it at 04.12"}.get)
    assert str(altered).startswith("q1: blog/surge.md does not hold the quote “We drew it at\n04:12”; copy")
    (absent,) = check_evidence([question], lambda _: None)
    assert "there is no source 'blog/surge.md'" in absent.message


def test_a_reference_answer_must_state_its_own_facts() -> None:
    good = HeldOutQuestion.model_validate(GOOD)
    bad = HeldOutQuestion.model_validate({**GOOD, "answer": "At dawn."})
    assert check_reference_answers([good]) == ()
    (problem,) = check_reference_answers([good, bad])
    assert "does not state the essential fact '04:12'" in problem.message
    assert check_reference_answers([good.model_copy(update={"answer": None})]) == (), "its facts are its answer"


def test_digests_name_the_set_in_any_order_and_the_wording_alone() -> None:
    first = HeldOutQuestion.model_validate(GOOD)
    second = first.model_copy(update={"id": "q2"})
    assert questions_digest([first, second]) == questions_digest([second, first])
    assert questions_digest([first]) != questions_digest([first, second])
    mended = HeldOutQuestion.model_validate({**GOOD, "facts": [{"text": "dawn", "essential": True}]})
    assert question_digest(mended) == question_digest(first)
    assert questions_digest([mended]) != questions_digest([first])


def test_a_subset_holds_every_kind_in_the_files_order() -> None:
    refused = {**GOOD, **REFUSED}
    rows = [{**GOOD, "id": f"f{at}"} for at in range(10)] + [{**refused, "id": f"u{at}"} for at in range(3)]
    questions = [HeldOutQuestion.model_validate(row) for row in rows]
    assert [one.id for one in balanced_subset(questions, 5)] == ["f0", "f1", "f2", "u0", "u1"]
    assert len(balanced_subset(questions, 12)) == 12
    assert balanced_subset(questions, None) == balanced_subset(questions, 13) == tuple(questions)


@pytest.mark.skipif(not CHESTERTON.is_dir(), reason="needs ../shared/data, which is not part of the repository")
def test_the_chesterton_questions_stand_in_their_pages() -> None:
    questions = load_questions(CHESTERTON / "questions.jsonl")
    assert len(questions) == 60
    assert {one.kind for one in questions} == set(QuestionKind)
    assert check_evidence(questions, source_texts(CHESTERTON)) == ()
    assert check_reference_answers(questions) == ()


def test_the_samples_questions_stand_in_its_sources() -> None:
    questions = load_questions(SAMPLE / "questions.jsonl")
    assert len(questions) >= 60
    assert {one.kind for one in questions} == set(QuestionKind)
    assert check_evidence(questions, source_texts(SAMPLE / "sources")) == ()
    assert check_reference_answers(questions) == ()


@pytest.mark.skipif(not CHESTERTON.is_dir(), reason="needs ../shared/data, which is not part of the repository")
def test_a_changed_letter_in_a_chesterton_quote_is_noticed() -> None:
    questions = load_questions(CHESTERTON / "questions.jsonl")
    texts = {one.file: one.quote for question in questions for one in question.evidence}
    assert check_evidence(questions[:1], lambda file: texts[file].replace("g", "q"))
