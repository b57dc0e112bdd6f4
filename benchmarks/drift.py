"""The one-number drift test on synthetic windows: detection and false alarms.

    python -m benchmarks.drift [--rounds 20]

Each SQuAD article of the test data beside the repository plays a persona: its paragraphs are the corpus, its questions,
answerable or not, are what users ask. Reference and window are disjoint draws of them; in a drifted window a part is
replaced by foreign questions, which come from one other set or from all others: articles, XSTest, Cranfield, the
questions about Chesterton's essays. Kolmogorov-Smirnov and Mann-Whitney on the same cosines stand beside it.

How far this is out of sample: the kind of test (a mixture, not counts in the tail) was chosen with all ten large
articles in view, and its constants on the five of `TUNED_ON`. *Other large articles* are the remaining five: new to
the constants, not to the choice of the test. *Never used* are two small articles and Cranfield, on which nothing was
chosen; they have too few questions for windows of 200.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp, mannwhitneyu

from twin_data.configuration.home import cache_folder
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder
from twin_eval.monitoring.config import MonitoringConfig
from twin_eval.monitoring.foreign import Floats, ForeignLevel, compare_foreign_shares, foreign_level
from twin_eval.monitoring.similarity import Vectors, foreign_probes

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
TUNED_ON = (
    "Computational_complexity_theory", "European_Union_law", "Immune_system", "Islamism", "French_and_Indian_War",
)  # fmt: skip
NEVER_USED = ("Normans", "1973_oil_crisis", "cranfield")
Sizes = tuple[int, int, int]
LARGE: tuple[Sizes, ...] = ((150, 200, 20), (150, 200, 10), (150, 200, 40), (60, 100, 10), (40, 30, 15))
"""Sizes of reference and window, and how many of the window's questions are foreign."""
SMALL: tuple[Sizes, ...] = ((100, 100, 10), (100, 100, 20), (40, 30, 15))

PValue = Callable[[Floats, Floats], float]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="windows of each size and article")
    rounds = parser.parse_args().rounds
    encoder = SentenceEncoder(ensure_encoder(cache_folder() / "models", EmbeddingModelConfig()))
    corpora, asked = _sets()
    questions = {name: encoder.encode(texts) for name, texts in asked.items()}
    probes = encoder.encode(list(foreign_probes()))
    others = [name for name in corpora if name not in TUNED_ON + NEVER_USED and len(asked[name]) >= _needed(LARGE)]
    print(f"threshold {MonitoringConfig().foreign_threshold}, {rounds} windows of each size and set\n")
    print("| sets | test | reference | window | foreign | windows | detected | false alarms |")
    print("|---|---|---|---|---|---|---|---|")
    for label, names, sizes in (("other large articles", others, LARGE), ("never used", list(NEVER_USED), SMALL)):
        found: dict[tuple[str, Sizes], list[tuple[float, float]]] = {}
        for name in names:
            corpus = encoder.encode(corpora[name])
            nearest = {one: _nearest(vectors, corpus) for one, vectors in questions.items()}
            tests = _tests(foreign_level(_nearest(probes, corpus)))
            _measure(found, tests, nearest, name, sizes, rounds)
        _print(f"{label} ({len(names)})", found)


def _needed(sizes: tuple[Sizes, ...]) -> int:
    return max(n + m for n, m, _ in sizes)


def _nearest(vectors: Vectors, corpus: Vectors) -> Floats:
    return np.asarray((vectors @ corpus.T).max(axis=1), dtype=np.float64)


def _measure(
    found: dict[tuple[str, Sizes], list[tuple[float, float]]],
    tests: dict[str, PValue],
    nearest: dict[str, Floats],
    name: str,
    sizes: tuple[Sizes, ...],
    rounds: int,
) -> None:
    """Add the p-values of calm and drifted windows of one persona."""
    generator = np.random.default_rng(7)
    for size in sizes:
        for at in range(rounds):
            reference, calm, drifted = _draw(nearest, name, size, generator, mixed=bool(at % 2))
            for test, p_value in tests.items():
                pair = (p_value(reference, calm), p_value(reference, drifted))
                found.setdefault((test, size), []).append(pair)


def _tests(level: ForeignLevel) -> dict[str, PValue]:
    threshold = MonitoringConfig().foreign_threshold

    def foreign(reference: Floats, current: Floats) -> float:
        return compare_foreign_shares(reference, current, level, threshold=threshold)[0].p_value

    return {
        "share of foreign questions": foreign,
        "Kolmogorov-Smirnov": lambda reference, current: float(ks_2samp(reference, current).pvalue),
        "Mann-Whitney, one-sided": lambda reference, current: float(
            mannwhitneyu(current, reference, alternative="less").pvalue
        ),
    }


def _draw(
    nearest: dict[str, Floats], name: str, sizes: Sizes, generator: np.random.Generator, *, mixed: bool
) -> tuple[Floats, Floats, Floats]:
    n, m, foreign = sizes
    own = generator.permutation(nearest[name])
    reference, window = own[:n], own[n : n + m]
    names = [one for one in nearest if one != name]
    pool = np.concatenate([nearest[one] for one in names]) if mixed else nearest[str(generator.choice(names))]
    return reference, window, np.concatenate([window[foreign:], generator.choice(pool, foreign, replace=False)])


def _print(label: str, found: dict[tuple[str, Sizes], list[tuple[float, float]]]) -> None:
    threshold = MonitoringConfig().foreign_threshold
    for (test, (n, m, foreign)), pairs in found.items():
        calm, drifted = np.asarray(pairs).T
        rates = f"{(drifted <= threshold).mean():.1%} | {(calm <= threshold).mean():.1%}"
        print(f"| {label} | {test} | {n} | {m} | {foreign / m:.0%} | {len(pairs)} | {rates} |")


def _sets() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Corpora by name, and questions by name; some sets of questions have no corpus."""
    articles = json.loads((DATA / "squad" / "dev-v2.0-part.json").read_text("utf-8"))["data"]
    corpora = {one["title"]: [part["context"] for part in one["paragraphs"]] for one in articles}
    asked = {
        one["title"]: sorted({row["question"].strip() for part in one["paragraphs"] for row in part["qas"]})
        for one in articles
    }
    abstracts = (DATA / "cranfield" / "cran.all.1400").read_text("utf-8").split(".I ")[1:]
    corpora["cranfield"] = [text for one in abstracts if (text := " ".join(one.split("\n.W\n", 1)[1].split()))]
    queries = (DATA / "cranfield" / "cran.qry").read_text("utf-8").split(".I ")[1:]
    asked["cranfield"] = [" ".join(one.split("\n.W\n", 1)[1].split()) for one in queries]
    with (DATA / "xstest" / "xstest_prompts.csv").open(encoding="utf-8", newline="") as stream:
        asked["xstest"] = [row["prompt"] for row in csv.DictReader(stream)]
    lines = (DATA / "personas" / "chesterton" / "questions.jsonl").read_text("utf-8").splitlines()
    asked["chesterton"] = [json.loads(line)["question"] for line in lines]
    return corpora, asked


if __name__ == "__main__":
    main()
