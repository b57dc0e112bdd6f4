"""Held-out questions: read, validated, and checked against the sources that they quote."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from twin_data.contracts.digests import digest_rows, digest_text
from twin_data.contracts.evaluation import HeldOutQuestion, QuestionKind
from twin_data.contracts.exam import GeneratedQuestion, QuestionCandidate
from twin_eval.errors import QuestionsError
from twin_eval.folding import fold_white_space
from twin_eval.matching import NormalisedText, states_fact
from twin_eval.records import Asked
from twin_eval.row_problems import described

QuestionT = TypeVar("QuestionT", HeldOutQuestion, GeneratedQuestion, QuestionCandidate)
_SHOWN_PROBLEMS = 20
_EXAMPLE = (
    '{"id": "…", "kind": "factual", "question": "…", "answer": "…", "expected": "answer", '
    '"facts": [{"text": "…", "essential": true}], "evidence": [{"file": "…", "quote": "…"}]}'
)


@dataclass(frozen=True)
class QuestionProblem:
    """What is wrong with one question, and what to change."""

    question_id: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.question_id}: {self.message}; {self.fix}"


def load_questions(path: Path) -> tuple[HeldOutQuestion, ...]:
    """Read `questions.jsonl`: one question a line, blank lines ignored.

    Raises:
        QuestionsError: The file is missing or empty, or lines are wrong; every problem is listed as
            `file:line: what is wrong; what to change`.
    """
    return _load(path, HeldOutQuestion, _inconsistencies)


def load_generated(path: Path) -> tuple[GeneratedQuestion, ...]:
    """Read `questions.generated.jsonl`; the same as `load_questions`."""
    return _load(path, GeneratedQuestion, _inconsistencies)


def load_candidates(path: Path) -> tuple[QuestionCandidate, ...]:
    """Read `questions.candidates.jsonl`; those that a person has completed are held to what `load_questions` asks."""
    return _load(path, QuestionCandidate, _incomplete)


def completed(candidates: Sequence[QuestionCandidate]) -> tuple[HeldOutQuestion, ...]:
    """The candidates that a person has completed, as questions."""
    return tuple(_as_question(one) for one in candidates if one.is_complete)


def _load(
    path: Path, model: type[QuestionT], inconsistencies: Callable[[QuestionT], list[str]]
) -> tuple[QuestionT, ...]:
    if not path.is_file():
        raise QuestionsError(f"{path} does not exist", next_step=f"create it, one question a line: {_EXAMPLE}")
    questions: dict[str, QuestionT] = {}
    problems: list[str] = []
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # not splitlines: U+2028 may stand inside a JSON string
    except UnicodeDecodeError as error:
        raise QuestionsError(f"{path}: not UTF-8 at byte {error.start}", next_step="save the file as UTF-8") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        read = _read(line, model)
        if isinstance(read, model):
            found = inconsistencies(read)
            if questions.setdefault(read.id, read) is not read:
                found.append(f"a second question with the id {read.id!r}; rename one")
        else:
            assert isinstance(read, list)
            found = read
        problems += [f"{path}:{number}: {problem}" for problem in found]
    if problems:
        more = f"\n… and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        raise QuestionsError("\n".join(problems[:_SHOWN_PROBLEMS]) + more, next_step=f"correct {path}")
    if not questions:
        raise QuestionsError(f"{path} holds no question", next_step=f"write one a line: {_EXAMPLE}")
    return tuple(questions.values())


def balanced_subset(questions: Sequence[HeldOutQuestion], limit: int | None) -> tuple[HeldOutQuestion, ...]:
    """At most `limit` questions for a quick run, every kind in turn, in their own order.

    Files are sorted by kind as a rule: their first lines would hold nothing that is to be refused.
    """
    if limit is None or limit >= len(questions):
        return tuple(questions)
    by_kind = [[one for one in questions if one.kind is kind] for kind in QuestionKind]
    in_turn = [one for row in zip_longest(*by_kind) for one in row if one is not None]
    chosen = {one.id for one in in_turn[:limit]}
    return tuple(one for one in questions if one.id in chosen)


def check_evidence(
    questions: Sequence[HeldOutQuestion], text_of: Callable[[str], str | None]
) -> tuple[QuestionProblem, ...]:
    """Find the evidence quotes that do not stand in the sources, white space folded.

    Args:
        questions: The questions.
        text_of: The text of a source file without markup; None if there is no such file.
    """
    folded: dict[str, str | None] = {}
    problems = []
    for question in questions:
        for evidence in question.evidence:
            if evidence.file not in folded:
                text = text_of(evidence.file)
                folded[evidence.file] = None if text is None else fold_white_space(text)
            held = folded[evidence.file]
            if held is None:
                message = f"there is no source {evidence.file!r}"
                problems.append(QuestionProblem(question.id, message, "correct evidence.file"))
            elif fold_white_space(evidence.quote) not in held:
                shown = evidence.quote if len(evidence.quote) <= 80 else f"{evidence.quote[:79]}…"
                fix = "copy the quote from the source, letter by letter"
                problems.append(QuestionProblem(question.id, f"{evidence.file} does not hold the quote “{shown}”", fix))
    return tuple(problems)


def check_reference_answers(questions: Sequence[HeldOutQuestion]) -> tuple[QuestionProblem, ...]:
    """Find essential facts that the question's own answer does not state: who gave that very answer would be wrong.

    A question without an answer in full is not looked at: its facts are its answer.
    """
    problems = []
    for question in questions:
        stated = NormalisedText(question.answer or "")
        for fact in question.facts:
            is_wanted = fact.essential and not NormalisedText(fact.text).is_empty
            if is_wanted and not stated.is_empty and not stated.mentions(fact.text):
                message = f"the reference answer does not state the essential fact {fact.text!r}"
                problems.append(QuestionProblem(question.id, message, "use the answer's own words for the fact"))
    return tuple(problems)


def questions_digest(questions: Sequence[HeldOutQuestion]) -> str:
    """Names a question set: ids, wording, facts and evidence, in any order."""
    return digest_rows(questions)


def question_digest(question: Asked) -> str:
    """Names what is asked. Facts and evidence are left out: mending them does not make an answer stale."""
    return digest_text(question.question)


def _read(line: str, model: type[QuestionT]) -> QuestionT | list[str]:
    """The question of one line, or what is wrong with it."""
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        return [f"not JSON at character {error.pos + 1}: {error.msg}; write one JSON object on one line"]
    if not isinstance(values, dict):
        return [f"a {type(values).__name__} where an object belongs; write {_EXAMPLE}"]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = list(model.model_fields)
        return [described(dict(problem), fields) for problem in error.errors(include_url=False)]


def _incomplete(candidate: QuestionCandidate) -> list[str]:
    """What is wrong with a candidate that a person has begun to complete."""
    if not candidate.is_complete:
        begun = candidate.facts or candidate.evidence or candidate.expected is not None
        return ["facts, evidence or expected are filled in and kind is not; fill it in, or empty them"] if begun else []
    if candidate.expected is None:
        return ["expected is not filled in; write 'answer' or 'refuse'"]
    return _inconsistencies(_as_question(candidate))


def _as_question(candidate: QuestionCandidate) -> HeldOutQuestion:
    return HeldOutQuestion.model_validate({name: getattr(candidate, name) for name in HeldOutQuestion.model_fields})


def _inconsistencies(question: HeldOutQuestion) -> list[str]:
    """What makes a well-formed question impossible to score."""
    found = []
    for name in ("id", "question"):
        if not str(getattr(question, name)).strip():
            found.append(f"{name} is empty; fill it in")
    wanted = "answer" if question.kind.is_answerable else "refuse"
    if question.expected != wanted:
        kind, expected = question.kind.value, question.expected
        found.append(f"a question of kind {kind!r} expects {wanted!r}, not {expected!r}; change one")
    if question.expected == "refuse" and (question.facts or question.evidence):
        found.append("a question to be refused has facts or evidence; empty both, or change its kind")
    if question.expected == "answer":
        if not any(fact.essential for fact in question.facts):
            found.append("no fact is essential; mark what a right answer must state")
        if not question.evidence:
            found.append("no evidence; quote the passage that holds the answer")
    if not all(evidence.quote.strip() for evidence in question.evidence):
        found.append("an evidence quote is empty; fill it in")
    found += [
        f"the fact {fact.text!r} has no word to look for; write the phrase that a right answer contains"
        for fact in question.facts
        if NormalisedText(fact.text).is_empty
    ]
    found += [f"{one.message}; {one.fix}" for one in check_reference_answers([question])]
    if _answers_itself(question):
        found.append(
            "the question itself states every essential fact, so that to repeat it would be a right answer; ask "
            "without the fact, ask for one of two (“in 2021 or in 2022?”), or add as a fact what a right answer says "
            "beyond it, such as “yes”"
        )
    return found


def _answers_itself(question: HeldOutQuestion) -> bool:
    """Whether its own words, given as the answer, would state every essential fact."""
    said = NormalisedText(question.question.replace("?", "."))  # put as an answer
    essential = [fact for fact in question.facts if fact.essential]
    return bool(essential) and all(states_fact(said, question, fact) for fact in essential)
