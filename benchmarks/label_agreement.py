"""How far two passes of hand labels agree: the share, and Cohen's kappa (1960).

    python -m benchmarks.label_agreement FIRST SECOND

Both are files of docs/labelling.md; rows are paired by id, and every row of SECOND has to be in FIRST. Says it for the
four labels and for supported against the rest, and names the rows that differ.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.verifier_rows import LabelledSentence, labelled_sentences


def paired_labels(first: Sequence[LabelledSentence], second: Sequence[LabelledSentence]) -> list[tuple[str, str, str]]:
    """The id and both labels of each row of the second pass.

    Raises:
        ValueError: A row is not in the first pass, or holds another sentence there.
    """
    known = {one.id: one for one in first}
    for one in second:
        if one.id not in known or known[one.id].sentence != one.sentence:
            raise ValueError(f"row {one.id} of the second pass is not in the first one")
    return [(one.id, known[one.id].label, one.label) for one in second]


def share_agreed(pairs: Sequence[tuple[str, str]]) -> float:
    """The share of pairs with the same label twice."""
    return sum(one == other for one, other in pairs) / len(pairs)


def kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa: how much of the agreement that chance would not have brought is there; 1.0 if nothing varies."""
    left, right = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(left[label] * right[label] for label in left) / len(pairs) ** 2
    return (share_agreed(pairs) - by_chance) / (1 - by_chance) if by_chance < 1 else 1.0


def _in_two(label: str) -> str:
    return label if label == "supported" else "the rest"


def main() -> None:
    """Print what is agreed and what is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path, metavar="FIRST")
    parser.add_argument("second", type=Path, metavar="SECOND")
    arguments = parser.parse_args()
    rows = paired_labels(labelled_sentences(arguments.first), labelled_sentences(arguments.second))
    if not rows:
        raise SystemExit(f"{arguments.second} has no rows")
    four = [(one, other) for _, one, other in rows]
    two = [(_in_two(one), _in_two(other)) for one, other in four]
    print("| labels | n | share agreed | kappa |\n|---|---|---|---|")
    for name, pairs in (("four", four), ("supported or not", two)):
        print(f"| {name} | {len(pairs)} | {share_agreed(pairs):.3f} | {kappa(pairs):.3f} |")
    for name, one, other in rows:
        if one != other:
            print(f"\n{name}: {one}, then {other}")


if __name__ == "__main__":
    main()
