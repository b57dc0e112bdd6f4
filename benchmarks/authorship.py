"""Authorship verification beside its peers: Chesterton against essayists and assistant prose, whole books held out.

    python -m benchmarks.authorship [--systems ours,characters,delta,encoder] [--segments 60] [--rounds 4] [--cheats]

Needs the test data beside the repository; `encoder` also exports the MiniLM encoder on first use. Four rounds: each
leaves out one of Chesterton's four books, a quarter of the other authors with all they wrote (each has one book, so
these are authors that fitting never saw) and a quarter of the assistant's answers. Every system is fitted on the rest
and scores segments of about 30, 60, 120 and 240 words of what was left out, as many of each length; once on the texts
as they are and once with the topic masked: words that are not among the thousand most frequent ones that most of the
*training* authors share are reduced to their last two letters.

AUC is the mean over pairs of a book of Chesterton's and another author, so that each book counts the same; its interval
draws whole books on both sides. Pairs of different rounds compare two fits' scales, so the mean of each round's own
pairs stands beside it. Brier score and expected calibration error (ten bins) are of the probability at even
odds. Peers: character 4-gram TF-IDF and logistic regression; Burrows' Delta (2002) on the 150 most frequent words;
sentence embeddings and logistic regression. `--cheats` puts planted cheats before the last round's scorer, too.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.authorship_cheats import print_cheats
from benchmarks.authorship_figures import (
    Tested,
    calibration,
    columns_of,
    concordance,
    with_interval,
    within_rounds,
)
from benchmarks.authorship_rounds import ASSISTANT, LENGTHS, ROUNDS, Floats, Round, Row, rounds, test_rows
from benchmarks.authorship_systems import NAMES, SYSTEMS
from twin_data.scoring.style_features import masked, shared_words

KEPT_WORDS = 1000


def report(name: str, logits: Floats, tested: Tested, is_masked: bool) -> None:
    """The line of one system."""
    by_length = [tested.lengths == one for one in LENGTHS]
    areas = " / ".join(f"{concordance(logits, tested, rows).mean():.3f}" for rows in by_length)
    calibrated = [calibration(logits, tested, rows) for rows in by_length]
    brier = " / ".join(f"{one:.3f}" for one, _ in calibrated)
    error = " / ".join(f"{one:.3f}" for _, one in calibrated)
    people = with_interval(concordance(logits, tested, tested.books != ASSISTANT))
    print(
        f"| {NAMES[name]} | {'masked' if is_masked else 'as it is'} | {with_interval(concordance(logits, tested))} "
        f"| {within_rounds(logits, tested)} | {people} | {areas} | {brier} | {error} |",
        flush=True,
    )


def print_systems(names: Sequence[str], found: Sequence[Round], rows: Sequence[Sequence[Row]], tested: Tested) -> None:
    """The table of the systems, masked and as the texts are."""
    print(
        "| system | topic | AUC, authors never seen and assistant | pairs of one round | authors alone "
        "| AUC by length | Brier | calibration error |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        by_mask: dict[bool, Floats] = {}
        started = time.process_time()
        for is_masked in (True, False):
            by_mask[is_masked] = all_scored(name, found, rows, is_masked)
            report(name, by_mask[is_masked], tested, is_masked)
        lost = concordance(by_mask[False], tested) - concordance(by_mask[True], tested)
        print(f"| {NAMES[name]} | lost by masking | {with_interval(lost)} | | | | | |")
        print(f"<!-- {name}: {time.process_time() - started:.0f} s of processor time -->", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="which ones; an empty string for none")
    parser.add_argument("--segments", type=int, default=60, help="test segments of each book and length")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="the first so many of the four rounds")
    parser.add_argument("--cheats", action="store_true", help="score planted cheats as well")
    arguments = parser.parse_args()
    found = rounds()[: arguments.rounds]
    rows = [test_rows(one, arguments.segments) for one in found]
    tested = columns_of(rows)
    print(f"{len(tested.books)} segments, {int(tested.is_own.sum())} of them Chesterton's\n")
    if arguments.systems:
        print_systems(arguments.systems.split(","), found, rows, tested)
    if arguments.cheats:
        print_cheats(found[-1])


def all_scored(name: str, found: Sequence[Round], rows: Sequence[Sequence[Row]], is_masked: bool) -> Floats:
    """Log-odds of all rounds' test segments; what a round gave is told on standard error, as all take long."""
    parts = []
    for at, (one, part) in enumerate(zip(found, rows, strict=True), start=1):
        parts.append(scored(name, one, part, is_masked))
        area = concordance(parts[-1], columns_of([part])).mean()
        print(f"{name}, masked {is_masked}, round {at}: {area:.3f}", file=sys.stderr, flush=True)
    return np.concatenate(parts)


def scored(name: str, one: Round, rows: Sequence[Row], is_masked: bool) -> Floats:
    """Log-odds of a round's test segments by a system fitted on the rest."""
    own = [text for texts in one.own.values() for text in texts]
    kept = shared_words({"": own, **one.others}, most=KEPT_WORDS) if is_masked else frozenset()
    score = SYSTEMS[name](one, (lambda text: masked(text, kept)) if is_masked else None)
    return score([text for *_, text in rows])


if __name__ == "__main__":
    main()
