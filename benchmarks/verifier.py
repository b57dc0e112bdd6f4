"""The claim verifier beside simpler measures: how well each tells true claims from planted distortions.

    python -m benchmarks.verifier [--half test|fit|all] [--every N] [--no-encoder]
    python -m benchmarks.verifier --fit
    python -m benchmarks.verifier --labels FILE

Needs the test data beside the repository (SQuAD); its articles are halved, one half to fit on, one to test on. Each
claim is held against five paragraphs, its own and the four of its article that share most words with it. Prints the
area under the ROC curve for each kind of claim with the 95 % bootstrap interval (paragraphs or questions drawn whole),
what is accepted at the shipped threshold, and what each peer accepts at a bar of its own that lets as many true ones
pass. Peers: token F1 as SQuAD counts it, ROUGE-L (Lin, 2004; by the package `rouge-score` where that is installed),
the weighted share of the claim's words, and the cosine of all-MiniLM-L6-v2 embeddings.

`--fit` prints coefficients to put into `twin_data.scoring.support.DEFAULT_MODEL`; it looks at the first half only.

`--labels` reads hand-labelled sentences instead, one JSON object a line (docs/labelling.md): `{"id", "question",
"sentence", "passages": [text], "label": "supported" | "unsupported" | "contradicted" | "nonsense", "note"}`; the
repository's are in `benchmarks/labels/natural_errors.jsonl`. `--without REGEX` leaves out the rows in whose id,
sentence or note it finds something.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.resamples import Floats, Resamples
from benchmarks.verifier_fit import fit
from benchmarks.verifier_measures import MOSTLY_COPIED, WORD_FOR_WORD, WORDED_ANEW, Measures
from benchmarks.verifier_rows import DATA, SEED, Row, labelled_rows, squad_rows
from twin_data.configuration.home import cache_folder
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder


def report(rows: Sequence[Row], encoder: SentenceEncoder | None) -> None:
    """Print a table of areas, one of what is accepted, and seconds a claim."""
    measures = Measures(rows, encoder)
    scores, seconds = {}, {}
    for name, measure in measures.peers().items():
        begun = time.process_time()
        scores[name] = np.array([measure(row) for row in rows])
        seconds[name] = (time.process_time() - begun) / len(rows)
    served = np.array([measures.is_served(row) for row in rows])
    is_true = np.array([row.is_true for row in rows])
    kinds = np.array([row.kind for row in rows])
    resamples = Resamples([row.cluster for row in rows], seed=SEED)
    _print_areas(scores, is_true, kinds, resamples)
    _print_accepted(scores["ours"] >= measures.bar, served, is_true, kinds, resamples)
    _print_copied(np.array([measures.copied(row) for row in rows]), served, is_true, resamples)
    _print_level(scores, is_true, measures.bar, resamples)
    print("\nCPU milliseconds a claim: " + ", ".join(f"{name} {1000 * one:.1f}" for name, one in seconds.items()))


def _print_areas(
    scores: dict[str, Floats], is_true: NDArray[np.bool_], kinds: NDArray[np.str_], resamples: Resamples
) -> None:
    every = np.ones_like(is_true)
    for title, side in (("false", ~is_true), ("true", is_true)):
        print(f"| {title} claims ({int((~side).sum())} of the others) | n | " + " | ".join(scores) + " |")
        print("|---|---|" + "---|" * len(scores))
        for kind in [*dict.fromkeys(kinds[side]), "all"]:
            of = side & (every if kind == "all" else kinds == kind)
            areas = [resamples.auc(one, is_true, ~side | of) for one in scores.values()]
            print(f"| {kind} | {int(of.sum())} | " + " | ".join(areas) + " |")
        print()


def _print_accepted(
    passed: NDArray[np.bool_], served: NDArray[np.bool_], is_true: NDArray[np.bool_], kinds: NDArray[np.str_],
    resamples: Resamples,
) -> None:  # fmt: skip
    print("| claims | n | at the bar | shipped by serving |\n|---|---|---|---|")
    for title, side in (("true", is_true), ("false", ~is_true)):
        for kind in ["all", *dict.fromkeys(kinds[side])]:
            of = side & ((kinds == kind) | (kind == "all"))
            shares = [resamples.share(one, of) for one in (passed, served)]
            print(f"| {title}: {kind} | {int(of.sum())} | " + " | ".join(shares) + " |")


def _print_copied(
    copied: NDArray[np.str_], served: NDArray[np.bool_], is_true: NDArray[np.bool_], resamples: Resamples
) -> None:
    print("\n| how much of it stands in a passage | true | of them served | false | of them served | served as |")
    print("|---|---|---|---|---|---|")
    for kind in (WORD_FOR_WORD, MOSTLY_COPIED, WORDED_ANEW):
        sides = [(copied == kind) & side for side in (is_true, ~is_true)]
        told = [f"{int(one.sum())} | {resamples.share(served, one) if one.any() else ''}" for one in sides]
        print(f"| {kind} | " + " | ".join(told) + f" | {'own' if kind == WORDED_ANEW else 'quotation'} |")


def _print_level(scores: dict[str, Floats], is_true: NDArray[np.bool_], bar: float, resamples: Resamples) -> None:
    """Each measure at the highest bar at which it accepts as many true claims as ours does at the shipped one."""
    wanted = float((scores["ours"][is_true] >= bar).mean())
    print(f"\n| at the bar where {wanted:.3f} of the true ones pass | bar | false ones that pass | our area less its |")
    print("|---|---|---|---|")
    for name, one in scores.items():
        level = _bar_for(one[is_true], wanted)
        gain = "" if name == "ours" else resamples.auc_gain(scores["ours"], one, is_true)
        print(f"| {name} | {level:.3f} | {resamples.share(one >= level, ~is_true)} | {gain} |")


def _bar_for(true_scores: Floats, wanted: float) -> float:
    return float(np.sort(true_scores)[::-1][max(round(wanted * len(true_scores)) - 1, 0)])


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("test", "fit", "all"), default="test")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth row only, for a quick look")
    parser.add_argument("--fit", action="store_true", help="fit the coefficients on the first half and print them")
    parser.add_argument("--no-encoder", action="store_true", help="leave out the sentence embeddings")
    parser.add_argument("--labels", type=Path, help="hand-labelled sentences, JSON lines")
    parser.add_argument("--without", metavar="REGEX", help="leave out labelled rows by id, sentence or note")
    arguments = parser.parse_args()
    if not arguments.labels and not DATA.is_file():
        raise SystemExit(f"there is no {DATA}: put the test data beside the repository, or give --labels FILE")
    if arguments.fit:
        print(repr(fit(list(squad_rows("fit")))))
        return
    rows = (
        labelled_rows(arguments.labels, without=arguments.without)
        if arguments.labels
        else list(squad_rows(arguments.half))
    )[:: arguments.every]
    encoder = None
    if not arguments.no_encoder:
        encoder = SentenceEncoder(ensure_encoder(cache_folder() / "models", EmbeddingModelConfig()))
    report(rows, encoder)


if __name__ == "__main__":
    main()
