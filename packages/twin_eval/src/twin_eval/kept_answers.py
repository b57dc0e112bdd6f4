"""Whether what was asked of one bundle has been asked of another, in the same way."""

from __future__ import annotations

from pathlib import Path

from twin_eval.answering import ANSWERS_FILE, DRAFTS_FILE, stored_answers
from twin_eval.scored_run import ScoredRun

_MOST_OPEN = 0.02
"""The share of questions, at most, that would have to be asked all the same: what the endpoint failed on then."""


def has_answered_as(folder: Path, bundle_id: str, run: ScoredRun) -> bool:
    """Whether a bundle's answers to what a run asked are kept, by the same code, options and index.

    Args:
        folder: Of the bundle's evaluation on the same questions.
        bundle_id: Whose it is.
        run: Another bundle's, which was asked now.

    Raises:
        IntegrityError: A kept file is damaged.
    """
    parts = {
        ANSWERS_FILE: [one.record for one in run.answers],
        DRAFTS_FILE: [one.record for one in run.drafts],
    }
    asked = lacking = 0
    for name, records in parts.items():
        kept = stored_answers(folder / name)
        asked += len(records)
        lacking += sum((bundle_id, *one.key[1:]) not in kept for one in records)
    return lacking <= _MOST_OPEN * asked
