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
from collections.abc import Callable, Sequence
from functools import cache
from math import fsum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.overlaps import rouge_scorer, token_f1
from benchmarks.verifier_fit import fit
from benchmarks.verifier_rows import DATA, SEED, Row, labelled_rows, squad_rows
from twin_data.configuration.home import cache_folder
from twin_data.contracts.answers import RetrievedPassage
from twin_data.contracts.base import Span
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import DocumentKind
from twin_data.contracts.releases import VerificationSettings
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.sentences import content_stems, sentence_spans, words
from twin_data.scoring.support import EvidenceText, Support, sentence_windows
from twin_data.scoring.weights import TermWeights, term_weights
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder
from twin_serve.answering.verification import granted_names, objection

PEER_WINDOWS = 3
"""Peers that are slow look at the stretches of most words in common only."""

RESAMPLES = 1000

Floats = NDArray[np.float64]


# --------------------------------------------------------------------------------------------------------- measures


class Measures:
    """Ours and its peers over the same rows; what a passage costs to prepare is paid once."""

    def __init__(self, rows: Sequence[Row], encoder: SentenceEncoder | None) -> None:
        texts = list(dict.fromkeys(text for row in rows for text in row.passages))
        self.weights: TermWeights = term_weights(texts)
        self.bar = VerificationSettings().min_support
        self._evidence = {text: EvidenceText(text, [Span(start=0, end=len(text))]) for text in texts}
        self._windows = {
            text: [span.of(text) for span in sentence_windows(text, [Span(start=0, end=len(text))])] for text in texts
        }
        self._stems = {text: [frozenset(content_stems(one)) for one in self._windows[text]] for text in texts}
        self._encoder = encoder
        self._vectors = self._encoded(texts) if encoder else {}
        self._rouge = rouge_scorer()

    def peers(self) -> dict[str, Callable[[Row], float]]:
        """By name, ours first."""
        found: dict[str, Callable[[Row], float]] = {
            "ours": self.support, "share of words": self.coverage, "token F1": self.token_f1, "ROUGE-L": self.rouge_l,
        }  # fmt: skip
        return found | ({"MiniLM cosine": self.cosine} if self._encoder else {})

    def support(self, row: Row) -> float:
        """The best score of any passage."""
        return self._best(row)[1].score

    def is_served(self, row: Row) -> bool:
        """Whether serving would ship the sentence, were it to the point."""
        text, support = self._best(row)
        return support.score >= self.bar and not objection(row.text, _passage(text), support.span)

    @cache  # noqa: B019 - lives as long as the report
    def _best(self, row: Row) -> tuple[str, Support]:
        granted = granted_names(row.question, [_passage(text) for text in row.passages])
        found = [
            (text, self._evidence[text].support(row.text, self.weights.weight, granted=granted))
            for text in row.passages
        ]
        return max(((text, one) for text, one in found if one), key=lambda one: one[1].score)

    def coverage(self, row: Row) -> float:
        """The weighted share of the claim's stems that the best stretch holds."""
        return self._best_windows(row)[0][0]

    def token_f1(self, row: Row) -> float:
        """SQuAD's F1 of the words in common, at best."""
        return max(
            token_f1(words(row.text.casefold()), words(window.casefold())) for _, window in self._best_windows(row)
        )

    def rouge_l(self, row: Row) -> float:
        """ROUGE-L's precision at best: the share of the claim in the longest common subsequence."""
        return max(self._rouge(window, row.text) for _, window in self._best_windows(row))

    def cosine(self, row: Row) -> float:
        """The embedding's likeness to the nearest sentence."""
        assert self._encoder
        claim = self._encoder.encode([row.text])[0]
        return max(float((self._vectors[text] @ claim).max()) for text in row.passages)

    @cache  # noqa: B019
    def _best_windows(self, row: Row) -> list[tuple[float, str]]:
        weights = {one: self.weights.weight(one) + 0.05 for one in content_stems(row.text)}
        total = fsum(weights.values()) or 1.0
        scored = [
            # Exactly summed: in whatever order a set comes, ties stay ties.
            (fsum(weights[one] for one in weights.keys() & held) / total, -len(window), window)
            for text in row.passages
            for window, held in zip(self._windows[text], self._stems[text], strict=True)
        ]
        return [(score, window) for score, _, window in sorted(scored, reverse=True)[:PEER_WINDOWS]]

    def _encoded(self, texts: list[str]) -> dict[str, NDArray[np.float32]]:
        """Vectors of each text's sentences, shape (sentences, D)."""
        assert self._encoder
        sentences = {text: [span.of(text) for span in sentence_spans(text)] for text in texts}
        every = list(dict.fromkeys(one for found in sentences.values() for one in found))
        vectors = dict(zip(every, self._encoder.encode(every), strict=True))
        return {text: np.stack([vectors[one] for one in found]) for text, found in sentences.items()}


def _passage(text: str) -> RetrievedPassage:
    name = digest_text(text)
    return RetrievedPassage(
        chunk_id=name, document_id=name, start=0, end=len(text), text=text,
        own=(Span(start=0, end=len(text)),), section="", context="", title="", date=None, url=None,
        source="benchmark", kind=DocumentKind.ARTICLE, bm25=1.0, cosine=0.5, fused=0.5,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- reports


class Resamples:
    """How often each row is drawn in each bootstrap sample, whole clusters at a time (Efron and Tibshirani, 1993)."""

    def __init__(self, rows: Sequence[Row]) -> None:
        names = {name: at for at, name in enumerate(dict.fromkeys(row.cluster for row in rows))}
        random = np.random.default_rng(SEED)
        drawn = random.integers(0, len(names), (RESAMPLES, len(names)))
        counts = np.stack([np.bincount(one, minlength=len(names)) for one in drawn])
        self.weights: Floats = counts[:, [names[row.cluster] for row in rows]].astype(np.float64)

    def auc(self, scores: Floats, is_true: NDArray[np.bool_], of: NDArray[np.bool_]) -> str:
        """The area under the ROC curve over the rows in `of`, with its interval."""
        value = area_under_curve(scores[of], is_true[of], np.ones((1, int(of.sum()))))[0]
        drawn = area_under_curve(scores[of], is_true[of], self.weights[:, of])
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        return f"{value:.3f} [{low:.3f}, {high:.3f}]"

    def auc_gain(self, ours: Floats, other: Floats, is_true: NDArray[np.bool_]) -> str:
        """Our area less another measure's on the same rows, with the interval of the difference."""
        all_rows = np.ones((1, len(is_true)))
        value = area_under_curve(ours, is_true, all_rows)[0] - area_under_curve(other, is_true, all_rows)[0]
        drawn = area_under_curve(ours, is_true, self.weights) - area_under_curve(other, is_true, self.weights)
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"

    def share(self, passed: NDArray[np.bool_], of: NDArray[np.bool_]) -> str:
        """The share of the rows in `of` that passed, with its interval."""
        weights = self.weights[:, of]
        with np.errstate(invalid="ignore"):
            drawn = (weights @ passed[of]) / weights.sum(axis=1)
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        return f"{passed[of].mean():.3f} [{low:.3f}, {high:.3f}]"


def area_under_curve(scores: Floats, is_true: NDArray[np.bool_], weights: Floats) -> Floats:
    """The probability that a true row scores above a false one, ties counted half, for each row of weights (R, n)."""
    _, rank = np.unique(scores, return_inverse=True)
    levels = int(rank.max()) + 1
    found = []
    for one in weights:
        true = np.bincount(rank, weights=one * is_true, minlength=levels)
        false = np.bincount(rank, weights=one * ~is_true, minlength=levels)
        below = np.cumsum(false) - false / 2
        pairs = true.sum() * false.sum()
        found.append(float(true @ below / pairs) if pairs else np.nan)
    return np.array(found)


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
    resamples = Resamples(rows)
    _print_areas(scores, is_true, kinds, resamples)
    _print_accepted(scores["ours"] >= measures.bar, served, is_true, kinds, resamples)
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
