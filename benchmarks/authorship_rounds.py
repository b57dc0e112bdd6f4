"""What authorship is measured on: rounds that leave out books and authors whole, and segments of what is left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twin_data.scoring.voice import segments_of
from twin_data.sources.contrast import read_contrast

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
PUBLISHER = "Standard Ebooks"
ASSISTANT = "assistant"
LENGTHS = (30, 60, 120, 240)
ROUNDS = 4

Floats = NDArray[np.float64]
Texts = Sequence[str]
Item = TypeVar("Item")
Row = tuple[str, bool, int, str]
"""Book, whether it is Chesterton's, length asked for, text."""


@dataclass(frozen=True)
class Round:
    """What one round is fitted on, and the segments it is tested on."""

    own: dict[str, tuple[str, ...]]
    others: dict[str, tuple[str, ...]]
    held_own: dict[str, tuple[str, ...]]
    held_others: dict[str, tuple[str, ...]]

    def training(self, most: int) -> tuple[Texts, NDArray[np.bool_], Floats]:
        """Segments of every length, whether they are Chesterton's, and weights: both sides and each author alike."""
        own = [text for texts in self.own.values() for text in texts]
        rows = [
            (text, author, length)
            for author, texts in {"": own, **self.others}.items()
            for length in LENGTHS
            for text in spaced(segments_of(texts, length), most)
        ]
        names = np.asarray([author for _, author, _ in rows])
        weights = np.ones(len(rows))
        for author in set(names.tolist()):
            weights[names == author] = (1 if author == "" else 1 / len(self.others)) / np.sum(names == author)
        return [text for text, _, _ in rows], names == "", weights * len(rows) / 2


def rounds() -> list[Round]:
    """The four rounds."""
    books = {name: prose(texts) for name, texts in read_contrast(DATA / "personas" / "chesterton").items()}
    others = {name: prose(texts) for name, texts in read_contrast(DATA / "contrast").items()}
    answers = assistant_answers()
    titles = sorted(books)
    found = []
    for at in range(ROUNDS):
        aside = {name for number, name in enumerate(sorted(others)) if number % ROUNDS == at}
        found.append(
            Round(
                own={title: books[title] for title in titles if title != titles[at]},
                others={name: texts for name, texts in others.items() if name not in aside}
                | {ASSISTANT: tuple(one for number, one in enumerate(answers) if number % ROUNDS != at)},
                held_own={titles[at]: books[titles[at]]},
                held_others={name: others[name] for name in sorted(aside)} | {ASSISTANT: answers[at::ROUNDS]},
            )
        )
    return found


def assistant_answers() -> tuple[str, ...]:
    """Answers of a generic assistant model."""
    lines = [
        line for path in sorted((DATA / ASSISTANT).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]
    return tuple(json.loads(line)["text"] for line in lines)


def prose(texts: Sequence[str]) -> tuple[str, ...]:
    """Without the publisher's pages, which every book shares."""
    return tuple(text for text in texts if PUBLISHER not in text)


def spaced(texts: Sequence[Item], most: int) -> Sequence[Item]:
    """At most so many, evenly spaced."""
    return texts if len(texts) <= most else [texts[at * len(texts) // most] for at in range(most)]


def test_rows(one: Round, segments: int) -> list[Row]:
    """Book, whether it is Chesterton's, length and text of a round's test segments."""
    return [
        (name, is_own, length, text)
        for books, is_own in ((one.held_own, True), (one.held_others, False))
        for name, texts in books.items()
        for length in LENGTHS
        for text in spaced(segments_of(texts, length), segments // ROUNDS if name == ASSISTANT else segments)
    ]
