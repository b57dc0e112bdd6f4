"""What a persona is judged by: its own questions, completed candidates, a generated set, and its own bars."""

from __future__ import annotations

from pathlib import Path

from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Rubric
from twin_data.contracts.answers import TwinOptions
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.contracts.exam import FEWEST_ANSWERABLE
from twin_data.store.tables import FeatureStore, digest_frame
from twin_data.transform.pipeline import DOCUMENTS
from twin_eval.answering import AskPlan
from twin_eval.errors import QuestionsError
from twin_eval.exam.files import GENERATED_FILE, check_certificate, generated_questions, read_candidates
from twin_eval.gate import persona_rubric
from twin_eval.probes import Probe, load_probes
from twin_eval.questions import completed, load_questions
from twin_serve.version import answering_code

QUESTIONS_FILE = "questions.jsonl"
RUBRIC_FILE = "rubric.yaml"


def own_questions(home: TwinHome, persona: str) -> tuple[HeldOutQuestion, ...]:
    """The persona's held-out questions; empty only where it brings no file of them.

    Raises:
        QuestionsError: The file is there and wrong, or empty.
    """
    path = home.persona_folder(persona) / QUESTIONS_FILE
    return load_questions(path) if path.is_file() else ()


def written_questions(home: TwinHome, persona: str) -> tuple[HeldOutQuestion, ...]:
    """What people wrote: own questions, and the candidates that they have completed.

    Raises:
        QuestionsError: A file is wrong.
    """
    return (*own_questions(home, persona), *completed(read_candidates(home.persona_folder(persona))))


def held_out_questions(home: TwinHome, persona: str) -> tuple[HeldOutQuestion, ...]:
    """All that may not be trained on: own questions, candidates that a person has completed, and generated ones.

    Raises:
        QuestionsError: A file is wrong, or two questions have the same id.
    """
    folder = home.persona_folder(persona)
    found = (
        *written_questions(home, persona),
        *(one.as_held_out() for one in generated_questions(folder)),
    )
    unique = {one.id: one for one in found}
    if len(unique) < len(found):
        twice = sorted({one.id for one in found if unique[one.id] is not one})
        raise QuestionsError(f"two files in {folder} have a question {twice[0]!r}", next_step="rename one of the two")
    return found


def exam_questions(home: TwinHome, persona: str) -> tuple[HeldOutQuestion, ...]:
    """The same for an evaluation, which asks a generated set only with a certificate of the corpus as it is now.

    One with hardly anything to be answered is asked beside the persona's own questions, and does not stand for them.

    Raises:
        QuestionsError: A file is wrong, or the generated set is not certified.
    """
    folder = home.persona_folder(persona)
    if (folder / GENERATED_FILE).is_file():
        check_certificate(folder, persona, corpus_digest(FeatureStore.of(home.features, persona)))
    return held_out_questions(home, persona) if has_question_set(home, persona) else written_questions(home, persona)


def corpus_digest(store: FeatureStore) -> str:
    """Names the kept documents, with the side of the split that each is on."""
    return digest_frame(store.read(DOCUMENTS))


def has_question_set(home: TwinHome, persona: str) -> bool:
    """Whether there is a set to be judged by; without one the self-check is asked.

    That is an own file, or a generated set with enough answerable questions for a verdict: a chat's short lines may
    give none at all.

    Raises:
        QuestionsError: The generated set is damaged.
    """
    folder = home.persona_folder(persona)
    if (folder / QUESTIONS_FILE).is_file():
        return True
    return sum(one.kind.is_answerable for one in generated_questions(folder)) >= FEWEST_ANSWERABLE


def rubric_of(home: TwinHome, persona: str) -> Rubric:
    """The persona's bars, or the product's; these are others where the self-check is asked.

    Raises:
        ConfigurationError: The file is there and wrong.
        QuestionsError: The generated set is damaged.
    """
    is_self_check = not has_question_set(home, persona)
    return persona_rubric(home.persona_folder(persona) / RUBRIC_FILE, is_self_check=is_self_check)


def probes_of(home: TwinHome, persona: str, rubric: Rubric, path: str | None = None) -> tuple[Probe, ...]:
    """The prompts of a file, or of the one that the rubric names, which may lie beside it; none if neither is given.

    Raises:
        QuestionsError: The file is missing or wrong.
    """
    if path is not None:
        return load_probes(Path(path))
    return load_probes(home.persona_folder(persona) / rubric.probes) if rubric.probes else ()


def settings_of_today(index: str, max_tokens: int | None = None) -> str:
    """Names the settings of an answer that the code of now gives, asked as it is served.

    Args:
        index: The search index.
        max_tokens: Longest answer of a quick look; None leaves it to the bundle.
    """
    plan = AskPlan(
        bundle="", questions=(), options=TwinOptions(), concurrency=1, index=index, code=answering_code(),
        max_tokens=max_tokens,
    )  # fmt: skip
    return plan.settings_digest
