"""What a persona may bring to be judged by: its own questions and its own bars."""

from __future__ import annotations

from pathlib import Path

from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.gate import persona_rubric
from twin_eval.probes import Probe, load_probes
from twin_eval.questions import load_questions

QUESTIONS_FILE = "questions.jsonl"
RUBRIC_FILE = "rubric.yaml"


def own_questions(home: TwinHome, persona: str) -> tuple[HeldOutQuestion, ...]:
    """The persona's held-out questions; empty only where it brings no file of them.

    Raises:
        QuestionsError: The file is there and wrong, or empty.
    """
    path = home.persona_folder(persona) / QUESTIONS_FILE
    return load_questions(path) if path.is_file() else ()


def rubric_of(home: TwinHome, persona: str) -> Rubric:
    """The persona's bars, or the product's; these are others where the questions have to be made of the corpus.

    Raises:
        ConfigurationError: The file is there and wrong.
    """
    folder = home.persona_folder(persona)
    return persona_rubric(folder / RUBRIC_FILE, is_self_check=not (folder / QUESTIONS_FILE).is_file())


def probes_of(home: TwinHome, persona: str, rubric: Rubric, path: str | None = None) -> tuple[Probe, ...]:
    """The prompts of a file, or of the one that the rubric names, which may lie beside it; none if neither is given.

    Raises:
        QuestionsError: The file is missing or wrong.
    """
    if path is not None:
        return load_probes(Path(path))
    return load_probes(home.persona_folder(persona) / rubric.probes) if rubric.probes else ()
