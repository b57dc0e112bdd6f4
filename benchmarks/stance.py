"""Stance by rules beside the mood of the sentence, on hand labels.

    python -m benchmarks.stance [--misses]

Needs nothing but the repository: `benchmarks/labels/stance.jsonl`. The rules were written on the first part of the
labels and mended on the second; the third was labelled after that and before they saw it (docs/labelling.md). Peers:
VADER (Hutto and Gilbert, 2014) on the whole sentence and on five words on each side of the topic, neutral up to .05
as its authors advise, and saying "neither" of everything. Intervals draw sentences (bootstrap, 95 %); the difference
is of the same draws.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.stance_rows import ANY, DISPUTED, PREDICATED
from twin_data.contracts.base import Contract
from twin_data.scoring.sentences import stem, words
from twin_data.scoring.sentiment import NEUTRAL, vader
from twin_data.scoring.stance import stance

LABELS = Path(__file__).resolve().parent / "labels" / "stance.jsonl"
SIGNS = {"for": 1, "neither": 0, "against": -1}
WRITTEN = "written"
RESAMPLES = 2000
_WINDOW = 5

Signs = NDArray[np.int64]


class LabelledStance(Contract):
    """A line of the file."""

    id: str
    part: Literal["first", "second", "third"]
    topic: str
    sentence: str
    label: Literal["for", "neither", "against"]

    @property
    def draw(self) -> str:
        """How the sentence came into the file."""
        return self.id.split("-")[-2]

    @property
    def is_held_out(self) -> bool:
        """Whether the rules were settled before anybody had read it."""
        return self.part == "third"


def _near(row: LabelledStance) -> str:
    found = words(row.sentence)
    at = next(at for at, word in enumerate(found) if stem(word) == stem(row.topic))
    return " ".join(found[max(0, at - _WINDOW) : at + _WINDOW + 1])


def _sign(value: float) -> int:
    return int(value > NEUTRAL) - int(value < -NEUTRAL)


OURS, MOOD = "rules", "VADER, whole sentence"
SYSTEMS: dict[str, Callable[[LabelledStance], int]] = {
    OURS: lambda row: int(stance(row.sentence, stem(row.topic))),
    MOOD: lambda row: _sign(vader(row.sentence)),
    "VADER, five words on each side": lambda row: _sign(vader(_near(row))),
    "always neither": lambda _: 0,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="also the rules' misses among those developed on")
    misses = parser.parse_args().misses
    rows = [LabelledStance.model_validate_json(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    held = [one for one in rows if one.is_held_out]
    developed = [one for one in rows if not one.is_held_out]
    print("| sentences | n (for, against) | system | macro-F1 | F1 for | F1 against | accuracy | less the rules' F1 |")
    print("|---|---|---|---|---|---|---|---|")
    _report("held out", held)
    for draw in (DISPUTED, PREDICATED):
        _report(f"held out, {draw}", [one for one in held if one.draw == draw])
    for draw in (ANY, DISPUTED, PREDICATED, WRITTEN):
        _report(f"developed on, {draw}", [one for one in developed if one.draw == draw])
    _print_confusion(held)
    if misses:
        for one in developed:
            if (said := SYSTEMS[OURS](one)) != SIGNS[one.label]:
                print(f"{one.label} but {said:+d} [{one.topic}] {one.sentence}")


def _report(name: str, rows: Sequence[LabelledStance]) -> None:
    truth = np.array([SIGNS[one.label] for one in rows])
    drawn = np.random.default_rng(0).integers(len(rows), size=(RESAMPLES, len(rows)))
    ours = np.array([SYSTEMS[OURS](one) for one in rows])
    for system, read in SYSTEMS.items():
        said = np.array([read(one) for one in rows])
        scores = [f1s(truth, said).mean(), *f1s(truth, said)[[0, 2]], np.mean(truth == said)]
        resampled = np.array([f1s(truth[at], said[at]).mean() for at in drawn])
        less = resampled - [f1s(truth[at], ours[at]).mean() for at in drawn]
        low, high = np.quantile(resampled, [0.025, 0.975])
        gap = "" if system == OURS else "[{:+.2f}, {:+.2f}]".format(*np.quantile(less, [0.025, 0.975]))
        count = f"{len(rows)} ({np.sum(truth > 0)}, {np.sum(truth < 0)})"
        print(
            f"| {name} | {count} | {system} | {scores[0]:.2f} [{low:.2f}, {high:.2f}] "
            + "".join(f"| {one:.2f} " for one in scores[1:])
            + f"| {gap} |"
        )


def f1s(truth: Signs, said: Signs) -> NDArray[np.float64]:
    """F1 of for, neither and against, shape (3,); 0 of a class that is neither true nor said."""
    classes = np.array([[1], [0], [-1]])
    both = ((truth == classes) & (said == classes)).sum(axis=1)
    either = (truth == classes).sum(axis=1) + (said == classes).sum(axis=1)
    return np.asarray(2 * both / np.maximum(1, either))


def _print_confusion(rows: Sequence[LabelledStance]) -> None:
    counts = Counter((one.label, SYSTEMS[OURS](one)) for one in rows)
    print("\n| held out, by the rules | said for | neither | against |\n|---|---|---|---|")
    for label in SIGNS:
        print(f"| {label} | " + " | ".join(str(counts[label, sign]) for sign in SIGNS.values()) + " |")
    print()


if __name__ == "__main__":
    main()
