"""The instruction dataset of the sample persona: what every row must be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from twin_data.contracts.datasets import DroppedRow, Instruction, ResponseSource, TaskKind
from twin_data.contracts.digests import digest_rows
from twin_data.contracts.documents import Rejection, Role, Split
from twin_data.generate.adapt import is_verbatim
from twin_data.generate.asking import Asked
from twin_data.generate.balance import BalanceConfig
from twin_data.generate.candidates import write_candidates
from twin_data.generate.grounding import chunks_of, unsupported_sentences
from twin_data.generate.instructions import InstructionConfig, InstructionInputs, InstructionSet, held_out_families, run
from twin_data.generate.material import Material
from twin_data.generate.phrases import PhraseFinder
from twin_data.generate.rewriting import REWRITE_STAGE, rejected_rewrite, replayed, tidy_wording
from twin_data.scoring.refusal import is_refusal
from twin_data.scoring.sentences import sentence_spans


def _rows(made: InstructionSet, task: TaskKind) -> list[Instruction]:
    return [row for row in made.instructions if row.task is task]


def test_there_are_rows_of_every_task_and_source(made: InstructionSet) -> None:
    tasks = Counter(row.task for row in made.instructions)
    assert len(made.instructions) >= 400
    assert tasks[TaskKind.ANSWER] > tasks[TaskKind.WRITE] * 0.8 > tasks[TaskKind.DECLINE] > 0
    adapted = [row for row in _rows(made, TaskKind.ANSWER) if row.response_source is ResponseSource.ADAPTED]
    assert len(adapted) >= 0.7 * tasks[TaskKind.ANSWER]
    assert len({row.source for row in made.instructions}) > 4


def test_the_same_seed_gives_the_same_rows_and_another_gives_others(material: Material) -> None:
    few = InstructionConfig(max_chunks=60)
    rows = digest_rows(run(InstructionInputs(material), config=few).instructions)
    assert digest_rows(run(InstructionInputs(material), config=few).instructions) == rows
    other = InstructionConfig(max_chunks=60, seed=5)
    assert digest_rows(run(InstructionInputs(material), config=other).instructions) != rows


def test_every_answer_holds_by_servings_own_check(material: Material, made: InstructionSet) -> None:
    for row in _rows(made, TaskKind.ANSWER):
        chunks = chunks_of(material, row.context, row.spans)
        assert unsupported_sentences(row.response, chunks, material) == [], row.response


def test_no_adapted_answer_would_be_quoted(material: Material, made: InstructionSet) -> None:
    for row in _rows(made, TaskKind.ANSWER):
        if row.response_source is ResponseSource.ADAPTED:
            assert not any(
                is_verbatim(row.response, chunk.text) for chunk in chunks_of(material, row.context, row.spans)
            )


def test_the_passage_that_answers_is_shown_in_varied_places(made: InstructionSet) -> None:
    places = Counter(
        next(at for at, one in enumerate(row.context) if _holds(one, row))
        for row in _rows(made, TaskKind.ANSWER)
        if row.context
    )
    assert set(places) == {0, 1, 2, 3}
    assert places[0] == max(places.values())


def _holds(passage: object, row: Instruction) -> bool:
    span = row.spans[0]
    one = passage
    return one.document_id == span.document_id and one.start <= span.start < one.end  # type: ignore[attr-defined]


def test_stretches_in_the_place_of_passages_hold_the_answer_and_are_short(material: Material) -> None:
    rows = run(InstructionInputs(material), config=InstructionConfig(max_chunks=60, excerpts=3)).instructions
    texts = {one.document_id: one.text for one in material.documents}
    answers = [row for row in rows if row.task is TaskKind.ANSWER and row.context]
    assert answers
    for row in answers:
        span = row.spans[0]
        said = texts[span.document_id][span.start : row.spans[-1].end]
        shown = [texts[one.document_id][one.start : one.end] for one in row.context]
        assert len(shown) <= 3
        assert any(said in text for text in shown), "the answer's own sentence is there to be read"
        assert all(text in row.prompt[-1].content for text in shown)
        assert all(len(text.split()) <= 60 or len(sentence_spans(text)) <= 2 for text in shown)
        assert unsupported_sentences(row.response, chunks_of(material, row.context, row.spans), material) == []


def test_refusals_are_refusals_and_their_passages_are_of_other_families(
    material: Material, made: InstructionSet
) -> None:
    for row in _rows(made, TaskKind.DECLINE):
        assert is_refusal(row.response) and not row.spans and row.source == ""
    others = [row for row in made.instructions if row.task is not TaskKind.DECLINE]
    assert sum(is_refusal(row.response) for row in others) <= 0.02 * len(others)


def test_nothing_of_the_test_set_is_in_any_prompt_or_response(material: Material, made: InstructionSet) -> None:
    for row in made.instructions:
        assert all(material.document[span.document_id].split is Split.TRAIN for span in (*row.spans, *row.context))
        assert not material.overlaps_test_set(row.response)
        assert not material.overlaps_test_set(row.prompt[-1].content)


def test_held_out_rows_are_of_families_that_train_nothing(material: Material, made: InstructionSet) -> None:
    families = {
        side: {
            material.document[span.document_id].family
            for row in made.instructions
            if row.held_out is side
            for span in row.spans
        }
        for side in (True, False)
    }
    assert families[True] and not families[True] & families[False]


def test_no_wording_and_no_family_is_worn_out(material: Material, made: InstructionSet) -> None:
    templates = Counter(row.template for row in made.instructions)
    assert len(templates) > 40
    assert templates.most_common(1)[0][1] <= 0.1 * len(made.instructions)
    families = Counter(material.document[row.spans[0].document_id].family for row in made.instructions if row.spans)
    assert families.most_common(1)[0][1] <= 0.12 * len(made.instructions)


def test_what_is_dropped_has_a_reason(made: InstructionSet) -> None:
    assert made.dropped and all(row.stage and row.reason and len(row.text) <= 200 for row in made.dropped)


def test_caps_are_kept(material: Material) -> None:
    capped = InstructionConfig(balance=BalanceConfig(max_rows=60, max_tokens=20_000), max_chunks=150)
    rows = run(InstructionInputs(material), config=capped).instructions
    letters = sum(len(turn.content) for row in rows for turn in row.prompt) + sum(len(row.response) for row in rows)
    assert 10 < len(rows) <= 60
    assert letters // 4 <= 20_000


@pytest.mark.parametrize(
    ("opening", "quoted", "is_kept"),
    [
        ("No. I do not bed ridges in December,", True, False),
        ("No. I do not bed ridges in December,", False, False),
        ("I do not. The gutters are fine,", False, False),
        ("I do not bed ridges in December,", True, False),
        ("I do not bed ridges in December,", False, True),
        ("Nobody beds ridges in December,", True, True),
    ],
)
def test_an_answer_to_somebody_is_no_text_to_a_brief(
    small_material: Callable[..., Material], opening: str, quoted: bool, is_kept: bool
) -> None:
    said = f"{opening} because the mortar of the ridge freezes on the ladder, and the ladder on the roof freezes too."
    own = small_material({"mail/a.md": ["Can you do the ridge before Christmas?", said]})
    (document,) = own.documents
    asked = document.passages[0].model_copy(update={"role": Role.QUOTED if quoted else Role.OWN, "style": "heading"})
    document = document.model_copy(update={"passages": (asked, document.passages[1])})
    finder = PhraseFinder([said, "The ridge. The ladder on the roof. The roof of the ladder."], own.weights)
    (made,) = write_candidates(
        replace(own, documents=(document,)), finder, min_words=10, min_short_words=10, max_words=90
    )
    assert (isinstance(made, DroppedRow) and made.reason == "answers_somebody") is not is_kept


def test_excluded_spans_are_neither_trained_on_nor_shown(
    small_material: Callable[..., Material],
) -> None:
    paragraph = "The gate was shut at nine, and the keeper of the gate went home because the tide had turned. " * 3
    whole = small_material(
        {"notes/a.md": [paragraph.strip()], "notes/b.md": [paragraph.strip().replace("nine", "ten")]}
    )
    assert len(whole.trainable) == 2
    document = whole.documents[0]
    banned = Rejection(
        stage="decontaminate",
        document_id=document.document_id,
        text_digest=document.digest,
        start=3,
        end=9,
        reason="shares",
        redacted_text="",
    )
    part = small_material(
        {"notes/a.md": [paragraph.strip()], "notes/b.md": [paragraph.strip().replace("nine", "ten")]},
        exclusions=(banned,),
    )
    assert [part.chunks[at].document_id for at in part.trainable] == ["notes/b.md"]


def test_held_out_families_are_at_least_one_and_stable() -> None:
    families = [f"f{at}" for at in range(40)]
    chosen = held_out_families(families, 0.05, 0)
    assert len(chosen) == 2 and chosen == held_out_families(families[::-1] * 2, 0.05, 0)
    assert len(held_out_families(["only", "two"], 0.05, 0)) == 1
    assert held_out_families(families, 0.0, 0) == frozenset()


def test_a_teachers_wording_is_taken_only_if_it_asks_the_same(material: Material) -> None:
    config = InstructionConfig(balance=BalanceConfig(max_rows=40), max_chunks=120)

    def rewrite(questions: Sequence[str]) -> list[str | None]:
        return [
            None if at % 3 == 0 else f"Pray, {question[0].lower()}{question[1:]}" if at % 3 == 1 else "What is it?"
            for at, question in enumerate(questions)
        ]

    plain = run(InstructionInputs(material), config=config)
    reworded = run(InstructionInputs(material, rewrite), config=config)
    assert len(plain.instructions) == len(reworded.instructions)
    asked = [row.prompt[-1].content for row in reworded.instructions]
    assert any("Question: Pray, " in text for text in asked)
    assert not any("Question: What is it?" in text for text in asked)
    reasons = Counter(row.reason for row in reworded.dropped if row.stage == "rewrite")
    assert reasons["rewrite_is_empty"] and sum(reasons.values()) > reasons["rewrite_is_empty"]


def test_a_capped_teacher_is_asked_the_same_few_questions_of_rows_that_fit(material: Material) -> None:
    free = InstructionConfig(balance=BalanceConfig(max_rows=40), max_chunks=120)
    config = free.model_copy(update={"balance": BalanceConfig(max_rows=40, max_tokens=12_000)})
    calls: list[list[str]] = []

    def rewrite(questions: Sequence[str]) -> list[str]:
        calls.append(list(questions))
        return [f"Pray, {one[0].lower()}{one[1:]}" for one in questions]

    plain = run(InstructionInputs(material), config=config)
    capped = run(InstructionInputs(material, rewrite, 7), config=config)
    again = run(InstructionInputs(material, rewrite, 7), config=config)
    assert capped == again and calls[0] == calls[1] and len(set(calls[0])) == 7
    prompts = [row.prompt[-1].content for row in plain.instructions]
    assert all(any(question in prompt for prompt in prompts) for question in calls[0]), "none of a row over the budget"
    asked = {one.question: one for one in capped.wordings}
    assert set(asked) == set(calls[0])
    worded = [one for one in asked.values() if not one.rejected]
    shown = " ".join(row.prompt[-1].content for row in capped.instructions)
    assert worded and all(str(one.wording) in shown for one in worded)
    assert sum("Pray, " in row.prompt[-1].content for row in capped.instructions) == len(worded)

    run(InstructionInputs(material, rewrite), config=config)
    assert len(calls[2]) > 7 and calls[2][:7] == calls[0], "without a cap all of them"
    replay = run(InstructionInputs(material, replayed(capped.wordings), 7), config=config)
    assert replay == capped, "what a bundle carries stands for its teacher"


GARBAGE = (
    "<html><body>502 Bad Gateway</body></html>",
    "the the the the the the",
    "\x00\ufffd" * 9,
    "Sure!\n\nWhat?",
    "?" * 5000,
)


def test_a_teacher_that_returns_garbage_changes_no_row_and_is_counted(material: Material) -> None:
    config = InstructionConfig(balance=BalanceConfig(max_rows=40), max_chunks=120)
    asked: list[str] = []

    def rewrite(questions: Sequence[str]) -> list[str | None]:
        asked.extend(questions)
        return [GARBAGE[at % len(GARBAGE)] for at in range(len(questions))]

    reworded = run(InstructionInputs(material, rewrite), config=config)
    assert reworded.instructions == run(InstructionInputs(material), config=config).instructions
    assert len([row for row in reworded.dropped if row.stage == REWRITE_STAGE]) == len(asked) > len(GARBAGE)


@pytest.mark.parametrize(
    ("wording", "reason"),
    [
        ("", "rewrite_is_empty"),
        ("What?", "rewrite_is_no_question"),
        ("How deep did the water stand at the wall?", "rewrite_changes_names_or_numbers"),
        ("How deep did things stand at Ferrier in 1934?", "rewrite_loses_the_subject"),
        (
            "Did the water at Ferrier in 1934 reach the brass bolt on the chapel stairs and stay?",
            "rewrite_tells_the_answer",
        ),
        ("How deep did the water stand at Ferrier in 1934?", ""),
    ],
)
def test_rewrites_are_judged(wording: str, reason: str) -> None:
    asked = Asked("x", "What about the water at Ferrier in 1934?", False, ("water",))
    response = "The water reached the brass bolt on the chapel stairs and stayed."
    assert rejected_rewrite(asked, wording, response) == reason


def test_what_teachers_put_around_a_wording_is_taken_off() -> None:
    assert tidy_wording('Reworded question: "How deep was it?"\n') == "How deep was it?"
