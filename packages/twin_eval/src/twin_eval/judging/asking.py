"""Puts each text to the judge once, several at a time, and keeps each verdict the moment it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import IntegrityError
from twin_eval.answering import Progress
from twin_eval.judging.items import JudgeItem
from twin_eval.judging.judges import Judge, JudgeFailure
from twin_eval.storage import AppendOnlyLines, append_lines, complete_lines

VERDICTS_FILE = "judged.jsonl"
WHAT = "texts put to the judge"
_MAX_AWAY_IN_A_ROW = 5
"""After so many failures to connect the rest is not asked."""


class StoredVerdict(Contract):
    """What a judge said of a text, by the text's digest: what is forgotten elsewhere must not stay here."""

    key: str
    judge: str
    said: bool | None
    """None if the reply could not be read."""
    asked_at: datetime


@dataclass
class Opinions:
    """What came of all items."""

    said: dict[str, bool | None] = field(default_factory=dict)
    """By `JudgeItem.key`; what failed is not among them."""
    errors: dict[str, str] = field(default_factory=dict)
    """Likewise, why there is no reply."""
    reused: int = 0
    """Verdicts of former runs."""
    stopped: str = ""
    """Why the rest was not asked; empty if it was."""


async def ask_judge(
    items: Sequence[JudgeItem], judge: Judge, path: Path, *, progress: Callable[[Progress], None] | None = None
) -> Opinions:
    """One verdict a text; what this judge has said before, of this bundle on any question set, is used again.

    A judge that is away or refuses ends the asking, not the evaluation: its word decides nothing. Errors are asked
    again by the next call.

    Args:
        items: What is judged.
        judge: Who is asked.
        path: The file that keeps the verdicts, in the run's folder inside the bundle's.
        progress: Called after every verdict.

    Raises:
        EvaluationError: Another process writes the file.
        StoreError: It cannot be written.
        IntegrityError: It is damaged.
    """
    known = stored_verdicts(path)
    with append_lines(path) as lines:
        return await _Asking(judge, lines, {one.key(judge.identity): one for one in items}, progress).complete(known)


def stored_verdicts(path: Path) -> dict[str, StoredVerdict]:
    """Every verdict kept in files of this name beside each other, one folder a question set.

    Raises:
        IntegrityError: A file of verdicts is damaged.
    """
    found = {}
    for one in sorted(path.parent.parent.glob(f"*/{path.name}")):
        for number, line in enumerate(complete_lines(one), start=1):
            try:
                verdict = StoredVerdict.model_validate_json(line)
            except ValidationError as error:
                raise IntegrityError(
                    f"{one}:{number} is not a judge's verdict", next_step=f"delete {one}: the judge is asked again"
                ) from error
            found[verdict.key] = verdict
    return found


class _Asking:
    """The state of one pass over the texts."""

    def __init__(
        self,
        judge: Judge,
        lines: AppendOnlyLines,
        items: Mapping[str, JudgeItem],
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._judge = judge
        self._lines = lines
        self._items = items
        self._progress = progress
        self._opinions = Opinions()
        self._away_in_a_row = 0

    async def complete(self, known: Mapping[str, StoredVerdict]) -> Opinions:
        """Use what is known, ask the rest."""
        opinions = self._opinions
        opinions.said = {key: known[key].said for key in self._items if key in known}
        opinions.reused = len(opinions.said)
        waiting = iter([key for key in self._items if key not in known])
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._judge.concurrency, len(self._items) - opinions.reused)):
                    group.create_task(self._ask_each(waiting))
        except BaseExceptionGroup as group_error:
            raise group_error.exceptions[0] from None  # the other tasks were cancelled because of it
        if opinions.stopped:
            missing = self._items.keys() - opinions.said.keys() - opinions.errors.keys()
            opinions.errors |= dict.fromkeys(missing, opinions.stopped)
        return opinions

    async def _ask_each(self, waiting: Iterator[str]) -> None:
        for key in waiting:
            try:
                said = await self._judge.verdict(self._items[key])
            except JudgeFailure as failure:
                self._note(key, failure)
            else:
                self._keep(key, said)
            if self._progress:
                opinions = self._opinions
                done = len(opinions.said) + len(opinions.errors)
                state = Progress(done, len(self._items), opinions.reused, len(opinions.errors), WHAT)
                self._progress(state)
            if self._opinions.stopped:
                return

    def _keep(self, key: str, said: bool | None) -> None:
        verdict = StoredVerdict(key=key, judge=self._judge.name, said=said, asked_at=datetime.now(UTC))
        self._lines.append(verdict.model_dump_json())
        self._opinions.said[key] = said
        self._away_in_a_row = 0

    def _note(self, key: str, failure: JudgeFailure) -> None:
        self._opinions.errors[key] = str(failure)
        self._away_in_a_row = self._away_in_a_row + 1 if failure.is_away else 0
        if failure.is_final or self._away_in_a_row >= _MAX_AWAY_IN_A_ROW:
            self._opinions.stopped = str(failure)
