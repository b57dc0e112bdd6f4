"""What went wrong, by cause: each question with its passages, its draft and a link to its sample in the Inspect log."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from twin_eval.failures import FAILURES, cause_of
from twin_eval.folding import word_line
from twin_eval.page.rows import QuestionBlock, Side, shortened
from twin_eval.records import PassageSeen
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import ScoredAnswer

DETAILED = 60
"""Failures whose passages are on the page: with those of four hundred it would weigh megabytes."""
DETAILED_OF_A_CAUSE = 12
SHOWN_PASSAGES = 6
LONGEST_PASSAGE = 900
VIEWER = "http://127.0.0.1:7575"
"""Where `inspect view` serves by itself."""


@dataclass(frozen=True)
class PassageLine:
    """A passage that was found."""

    place: int
    document: str
    text: str
    note: str


@dataclass(frozen=True)
class FailureDetail:
    """All that is known of a failure: enough to see its cause without any tool."""

    expected: str
    side: Side
    passages: tuple[PassageLine, ...]
    left_out: int
    """Passages that were found and are not shown."""


@dataclass(frozen=True)
class FailureRow:
    """One question that went wrong."""

    at: int
    """Its number on the page."""
    id: str
    question: str
    wrongs: tuple[str, ...]
    what: str
    sample: str
    """Address of its sample while `inspect view` runs; empty without a log."""
    detail: FailureDetail | None


@dataclass(frozen=True)
class FailureGroup:
    """The questions that went wrong for one cause."""

    cause: str
    share: float
    """Of all failures."""
    rows: tuple[FailureRow, ...]


@dataclass(frozen=True)
class FailuresPart:
    """All that the template shows of failures."""

    groups: tuple[FailureGroup, ...]
    failed: int
    asked: int
    undetailed: int
    log: str
    dump: str
    """Prints one sample of the log; the word SAMPLE stands for its id."""


def failures_part(
    run: ScoredRun, blocks: Sequence[QuestionBlock], *, passages: int | None, log: str | None
) -> FailuresPart | None:
    """What the page shows, the commonest cause first; None if nothing went wrong.

    Args:
        run: The candidate.
        blocks: Its questions, as the page shows them.
        passages: How many of the passages found are answered from; None where that is not known.
        log: Name of the Inspect log beside the page.
    """
    by_cause: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(run.answers):
        if _wrongs(one):
            by_cause[cause_of(one, passages)].append(at)
    if not by_cause:
        return None
    failed, groups, room = sum(map(len, by_cause.values())), [], DETAILED
    for cause, places in sorted(by_cause.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        detailed = min(len(places), room, DETAILED_OF_A_CAUSE)
        room -= detailed
        rows = [
            _row(run.answers[at], blocks[at], at, passages if number < detailed else 0, log)
            for number, at in enumerate(places)
        ]
        groups.append(FailureGroup(cause, len(places) / failed, tuple(rows)))
    return FailuresPart(
        groups=tuple(groups),
        failed=failed,
        asked=len(run.answers),
        undetailed=sum(row.detail is None for group in groups for row in group.rows),
        log=log or "",
        dump=f"inspect log dump {log} | jq '.samples[] | select(.id == {json.dumps('SAMPLE')})'",
    )


def sample_address(log: str, question_id: str) -> str:
    """Where `inspect view`, started in the log's folder, shows a question's sample."""
    return f"{VIEWER}/#/logs/{quote(log)}/samples/sample/{quote(question_id, safe='')}/1"


def _wrongs(one: ScoredAnswer) -> dict[str, str]:
    return {title: what for title, what_of in FAILURES.items() if (what := what_of(one)) is not None}


def _row(one: ScoredAnswer, block: QuestionBlock, at: int, passages: int | None, log: str | None) -> FailureRow:
    """A row; with no passages asked for (0, not None) it has no detail."""
    wrongs = _wrongs(one)
    return FailureRow(
        at=at + 1,
        id=one.question.id,
        question=shortened(one.question.question),
        wrongs=tuple(wrongs),
        what=shortened("; ".join(wrongs.values())),
        sample=sample_address(log, one.question.id) if log else "",
        detail=None if passages == 0 else _detail(one, block, passages),
    )


def _detail(one: ScoredAnswer, block: QuestionBlock, passages: int | None) -> FailureDetail:
    found = one.record.answer.twin.passages if one.record.answer else ()
    shown = found[: min(passages or SHOWN_PASSAGES, SHOWN_PASSAGES)]
    quotes = [word_line(evidence.quote) for evidence in one.question.evidence]
    return FailureDetail(
        expected=block.expected,
        side=block.sides[0],
        passages=tuple(_passage(place, each, quotes) for place, each in enumerate(shown, start=1)),
        left_out=len(found) - len(shown),
    )


def _passage(place: int, one: PassageSeen, quotes: Sequence[str]) -> PassageLine:
    held = word_line(one.text)
    holds = any(each in held for each in quotes)
    text = one.text if len(one.text) <= LONGEST_PASSAGE else f"{one.text[: LONGEST_PASSAGE - 1]}…"
    return PassageLine(place, one.document_id, text, "holds the evidence" if holds else "")
