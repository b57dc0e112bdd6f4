"""What the claim verifier lets through of claims that turn the passage round, and what it refuses of true ones.

    python -m benchmarks.reversals [--half looked-at|held-out|all] [--show]

The labelled rows are the repository's (`benchmarks/labels/reversals.jsonl`, docs/labelling.md): forty passages of a
person's own words, each with three claims that it bears out and three that use its words and get one thing wrong. Every
other passage was looked at while the rules of `twin_data.scoring.reversals` were written; the others were not. Peers in
the same run: the verifier without these rules, and the cosine of all-MiniLM-L6-v2 embeddings at the bar that lets as
many true claims pass as the verifier does. Intervals: 95 % bootstrap, passages drawn whole.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.resamples import Resamples
from benchmarks.verifier_rows import SEED
from twin_data.configuration.home import cache_folder
from twin_data.contracts.base import Span
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.support import EvidenceText
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder

LABELS = Path(__file__).parent / "labels" / "reversals.jsonl"
BAR = 0.6
"""Serving's and the evaluation's."""


@dataclass(frozen=True)
class Row:
    """A claim and the passage that bears it out or does not."""

    passage: str
    claim: str
    holds: bool
    kind: str


def read_rows(half: str) -> list[Row]:
    """The rows of every other passage, or all."""
    found = [json.loads(line) for line in LABELS.read_text("utf-8").splitlines()]
    numbers = {text: at for at, text in enumerate(dict.fromkeys(one["evidence"] for one in found))}
    wanted = {"looked-at": {0}, "held-out": {1}, "all": {0, 1}}[half]
    rows = [Row(one["evidence"], one["claim"], one["holds"], one["kind"]) for one in found]
    return [one for one in rows if numbers[one.passage] % 2 in wanted]


def _score(row: Row) -> tuple[float, str]:
    found = EvidenceText(row.passage, [Span(start=0, end=len(row.passage))]).support(row.claim, lambda _: 1.0)
    return (found.score, found.missing) if found else (0.0, "")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("looked-at", "held-out", "all"), default="held-out")
    parser.add_argument("--show", action="store_true", help="print every claim that is judged wrongly")
    arguments = parser.parse_args()
    rows = read_rows(arguments.half)
    found = [_score(row) for row in rows]
    with patch("twin_data.scoring.support.reversal", lambda *_: ""):
        before = [_score(row)[0] for row in rows]
    true = np.array([row.holds for row in rows])
    passes = np.array([score >= BAR for score, _ in found])
    encoder = SentenceEncoder(ensure_encoder(cache_folder() / "models", EmbeddingModelConfig()))
    near = np.array([float(np.dot(*encoder.encode([row.claim, row.passage]))) for row in rows])
    bar = np.quantile(near[true], 1 - passes[true].mean())
    passages = len({row.passage for row in rows})
    print(f"{len(rows)} claims of {passages} passages, {int(true.sum())} true; half: {arguments.half}")
    resamples = Resamples([row.passage for row in rows], seed=SEED)
    for name, accepted in (
        ("verifier", passes),
        ("without the rules", np.array(before) >= BAR),
        ("embeddings, as many true", near >= bar),
    ):
        true_share, false_share = resamples.share(accepted, true), resamples.share(accepted, ~true)
        print(f"{name:26} true accepted {true_share}   false accepted {false_share}")
    _print_kinds(rows, passes)
    if arguments.show:
        for row, (score, missing) in zip(rows, found, strict=True):
            if (score >= BAR) is not row.holds:
                judged = "LOST" if row.holds else "PASSED"
                print(f"  {judged} {row.kind} {score:.2f} {row.claim} | {missing} | {row.passage}")


def _print_kinds(rows: Sequence[Row], passes: NDArray[np.bool_]) -> None:
    every, accepted = (
        Counter(row.kind for row in rows),
        Counter(row.kind for row, ok in zip(rows, passes, strict=True) if ok),
    )
    print("accepted of each kind: " + ", ".join(f"{kind} {accepted[kind]}/{every[kind]}" for kind in sorted(every)))


if __name__ == "__main__":
    main()
