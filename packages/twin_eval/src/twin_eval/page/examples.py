"""Which answers a reader should see first: the best, the worst, and those that changed against another bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_eval.failures import FAILURES
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import ScoredAnswer

SHOWN = 3
"""Answers of each sort."""
_GRAVITY = tuple(FAILURES)
"""The ways of going wrong; what a reader must hear of first comes first."""


@dataclass(frozen=True)
class Pick:
    """An answer worth reading, by its place in the run, and why."""

    at: int
    why: str


def best(run: ScoredRun, count: int = SHOWN) -> tuple[Pick, ...]:
    """Nothing wrong, every fact stated, and as much as possible in the twin's own supported sentences."""
    held = [(at, one) for at, one in enumerate(run.answers) if _is_whole(one) and not wrongs(one)]
    ranked = sorted(held, key=lambda pair: (-_own(pair[1]), _seconds(pair[1])))
    return tuple(Pick(at, f"{_own(one):.0%} of its sentences are its own and supported") for at, one in ranked[:count])


def worst(run: ScoredRun, count: int = SHOWN) -> tuple[Pick, ...]:
    """The gravest ways of going wrong first; of one way, the answers that go wrong in others, too.

    Where the endpoint failed there is no answer to read.
    """
    failed = [(at, found) for at, one in enumerate(run.answers) if one.scores and (found := wrongs(one))]
    ranked = sorted(failed, key=lambda pair: (_grave(pair[1]), -len(pair[1])))
    return tuple(Pick(at, "; ".join(found)) for at, found in ranked[:count])


def changed(run: ScoredRun, other: ScoredRun, count: int = SHOWN) -> tuple[Pick, ...]:
    """Questions that one of the two gets right and the other wrong; losses and gains in turn, losses first.

    Where the endpoint failed on either side nothing is known to have changed.
    """
    theirs = {one.question.id: one for one in other.answers}
    losses: list[Pick] = []
    gains: list[Pick] = []
    for at, one in enumerate(run.answers):
        before = theirs.get(one.question.id)
        if before is None or not (one.scores and before.scores) or bool(wrongs(one)) is bool(wrongs(before)):
            continue
        side = losses if wrongs(one) else gains
        side.append(Pick(at, f"lost: {'; '.join(wrongs(one))}" if wrongs(one) else f"won: {'; '.join(wrongs(before))}"))
    in_turn = [one for pair in zip(losses, gains, strict=False) for one in pair]
    rest = losses[len(gains) :] + gains[len(losses) :]
    return tuple([*in_turn, *rest][:count])


def wrongs(one: ScoredAnswer) -> tuple[str, ...]:
    """The ways in which an answer went wrong."""
    return tuple(title for title, what_of in FAILURES.items() if what_of(one) is not None)


def _grave(found: Sequence[str]) -> int:
    return min(_GRAVITY.index(title) for title in found)


def _is_whole(one: ScoredAnswer) -> bool:
    return one.scores is not None and one.scores.is_whole


def _own(one: ScoredAnswer) -> float:
    return (one.scores.own_sentence_share or 0.0) if one.scores else 0.0


def _seconds(one: ScoredAnswer) -> float:
    return one.record.answer.seconds if one.record.answer else 0.0
