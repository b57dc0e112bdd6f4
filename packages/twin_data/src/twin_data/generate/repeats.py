"""Rows that repeat others: letter for letter, or in all but a few words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from twin_data.contracts.datasets import TaskKind
from twin_data.scoring.sentences import grams, words

RUN_WORDS = 5
SHARED_RUNS = 0.5
"""Share of the runs of words that two responses may have in common: of the shorter's where texts were to be written
(a newsletter is a column with a greeting before it), of the longer's where questions were to be answered (a sentence
answers one question by itself, another together with its neighbour)."""


def plain(text: str) -> str:
    """The words of a text, letter case and punctuation aside."""
    return " ".join(word.casefold() for word in words(text))


def duplicates(texts: Iterable[str]) -> int:
    """How many of the texts repeat an earlier one, letter case and punctuation aside."""
    seen = Counter(map(plain, texts))
    return sum(seen.values()) - len(seen)


class Responses:
    """The responses of rows, and whether another one repeats any of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._said: set[str] = set()
        self._sizes: list[int] = []
        self._holders: dict[tuple[TaskKind, str], list[int]] = defaultdict(list)

    def add(self, task: TaskKind, text: str) -> None:
        """Take a response among those that none may repeat."""
        self._said.add(plain(text))
        if runs := _runs(task, text):
            for one in runs:
                self._holders[task, one].append(len(self._sizes))
            self._sizes.append(len(runs))

    def are_repeated_by(self, task: TaskKind, text: str) -> bool:
        """Whether a response says what one of any task says, or nearly what one of its own task says."""
        if plain(text) in self._said:
            return True
        runs = _runs(task, text)
        shared = Counter(at for one in runs for at in self._holders.get((task, one), ()))
        longer_counts = task is TaskKind.ANSWER
        return any(
            count > SHARED_RUNS * (max if longer_counts else min)(len(runs), self._sizes[at])
            for at, count in shared.items()
        )


def _runs(task: TaskKind, text: str) -> frozenset[str]:
    """Runs of words by which responses are compared; refusals are worded alike, and none is a copy for that."""
    return frozenset() if task is TaskKind.DECLINE else frozenset(grams(text, RUN_WORDS))


def repeated(rows: Iterable[tuple[TaskKind, str]]) -> int:
    """How many of the rows, each a task and its response, repeat an earlier one in all but a few words."""
    seen, count = Responses(), 0
    for task, text in rows:
        count += seen.are_repeated_by(task, text)
        seen.add(task, text)
    return count
