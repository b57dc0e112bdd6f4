"""What the corpus verdict means for training: a branch, not a remark."""

from __future__ import annotations

from typing import Any

from twin_data.contracts.errors import CorpusError
from twin_data.transform.verdict import CorpusVerdict

ENOUGH = "enough to fine-tune"


class TrainingNotAdvisableError(CorpusError):
    """The corpus is too thin, too uneven or not consented; prompt and retrieval serve better."""


def objections_to_training(verdict: CorpusVerdict | dict[str, Any]) -> tuple[str, ...]:
    """Why the corpus should not be trained on; empty if it may."""
    judged = verdict if isinstance(verdict, CorpusVerdict) else CorpusVerdict.model_validate(verdict)
    return () if judged.recommendation == ENOUGH else judged.reasons


def require_advisable(verdict: CorpusVerdict, override_reason: str | None) -> None:
    """Let training go on if the corpus allows it, or somebody takes it on themselves.

    Raises:
        TrainingNotAdvisableError: It does not, and nobody does.
    """
    objections = objections_to_training(verdict)
    if objections and not override_reason:
        raise TrainingNotAdvisableError(
            f"training {verdict.persona!r} is not advisable: {'; '.join(objections)}",
            next_step=f"stay with prompt and retrieval, add sources, or twin train {verdict.persona} "
            '--override-reason "…", which is recorded in the bundle',
        )
