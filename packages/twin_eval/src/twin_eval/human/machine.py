"""What the deterministic scores said of the texts that people label."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.answers import SentenceCheck, SentenceOutcome
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.labels import answer_item, sentence_item
from twin_eval.scorers import ScoredAnswer
from twin_eval.storage import complete_lines

SCORED_FILE = "scored.jsonl"
_REFUSED_SUPPORT = frozenset({SentenceOutcome.DROPPED, SentenceOutcome.UNSUPPORTED})
_ABOUT_SUPPORT = "passage"
"""Stands in every reason for which the service finds a sentence unsupported, and in none of the others, such as that it
was cut off or does not answer the question: of these it has not said whether they are supported."""


@dataclass(frozen=True)
class SentenceScore:
    """The verifier's verdict, and the source document that the question rests on."""

    is_supported: bool
    cluster: str


@dataclass
class MachineScores:
    """Verdicts by what `twin_data.contracts.labels` names the sentences and answers."""

    sentences: dict[str, SentenceScore] = field(default_factory=dict)
    answers: dict[str, ScoredAnswer] = field(default_factory=dict)

    def add(self, one: ScoredAnswer) -> None:
        """Take in an answer and its sentences; what was known of the same text is replaced."""
        if one.record.answer is None:
            return
        bundle, question = one.record.bundle, one.question.question
        self.answers[answer_item(bundle, question, one.record.answer.content)] = one
        for check in one.record.answer.twin.sentences:
            if (is_supported := support_of(check)) is not None:
                item = sentence_item(bundle, question, check.text)
                self.sentences[item] = SentenceScore(is_supported, one.cluster)


def support_of(check: SentenceCheck) -> bool | None:
    """Whether the verifier found a sentence of the twin's own supported; None where it did not say."""
    if check.outcome is SentenceOutcome.SUPPORTED:
        return True
    return False if check.outcome in _REFUSED_SUPPORT and _ABOUT_SUPPORT in check.reason else None


def machine_scores(answers: Iterable[ScoredAnswer]) -> MachineScores:
    """The verdicts on these answers."""
    found = MachineScores()
    for one in answers:
        found.add(one)
    return found


def stored_answers(persona_folder: Path, bundles: Collection[str]) -> tuple[ScoredAnswer, ...]:
    """Every scored answer of these bundles, the oldest evaluation first.

    Raises:
        IntegrityError: A file of scored answers is damaged.
    """
    paths = [path for bundle in sorted(bundles) for path in (persona_folder / bundle).glob(f"*/{SCORED_FILE}")]
    paths.sort(key=lambda path: path.stat().st_mtime_ns)
    return tuple(one for path in paths for one in read_scored(path))


def newest_scored(persona_folder: Path, bundle: str) -> Path | None:
    """The bundle's last evaluation; None if it has none."""
    paths = (persona_folder / bundle).glob(f"*/{SCORED_FILE}")
    return max(paths, key=lambda path: path.stat().st_mtime_ns, default=None)


def read_scored(path: Path) -> tuple[ScoredAnswer, ...]:
    """The answers of one evaluation with their scores.

    Raises:
        IntegrityError: The file is damaged.
    """
    try:
        return tuple(ScoredAnswer.model_validate_json(line) for line in complete_lines(path))
    except ValidationError as error:
        raise IntegrityError(
            f"{path} is not a file of scored answers", next_step="run `twin evaluate PERSONA` again: no answer is lost"
        ) from error
