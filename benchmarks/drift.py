"""The one-number drift test on synthetic windows: detection and false alarms, out of sample.

    python -m benchmarks.drift [--rounds 20]

Each SQuAD article of the test data beside the repository plays a persona: its paragraphs are the corpus, its questions,
answerable or not, are what users ask. Reference and window are disjoint draws of them; in a drifted window a part is
replaced by foreign questions, which come from one other article, from all others, from XSTest, from Cranfield or from
the questions about Chesterton's essays. The settings of the test were chosen on the articles of the first half; only
the others count. Kolmogorov-Smirnov and Mann-Whitney on the same cosines stand beside it.
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
from twin_eval.monitoring.foreign import Floats, compare_foreign_shares, foreign_level
from twin_eval.monitoring.similarity import foreign_probes

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SETS = ((150, 200, 20), (150, 200, 10), (150, 200, 40), (60, 100, 10), (40, 30, 15))
"""Sizes of reference and window, and how many of the window's questions are foreign."""
LARGEST = 350
"""Questions of an article that a round needs."""

PValue = Callable[[Floats, Floats], float]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="windows of each size and article")
    rounds = parser.parse_args().rounds
    encoder = SentenceEncoder(ensure_encoder(cache_folder() / "models", EmbeddingModelConfig()))
    articles = _articles()
    questions = {name: encoder.encode(asked) for name, (_, asked) in articles.items()}
    others = {name: encoder.encode(asked) for name, asked in _other_questions().items()}
    probes = encoder.encode(list(foreign_probes()))
    large = [name for name in articles if len(questions[name]) >= LARGEST]
    counted = large[len(large) // 2 :]
    generator = np.random.default_rng(7)
    found: dict[tuple[str, tuple[int, int, int]], list[tuple[float, float]]] = {}
    for name in counted:
        corpus = encoder.encode(list(articles[name][0]))
        nearest = {one: (vectors @ corpus.T).max(axis=1).astype(float) for one, vectors in (questions | others).items()}
        level = foreign_level((probes @ corpus.T).max(axis=1).astype(float))
        tests = _tests(level)
        for sizes in SETS:
            for at in range(rounds):
                reference, calm, drifted = _draw(nearest, name, sizes, generator, mixed=bool(at % 2))
                for test, p_value in tests.items():
                    pair = (p_value(reference, calm), p_value(reference, drifted))
                    found.setdefault((test, sizes), []).append(pair)
    _print(found, len(counted))


def _tests(level: object) -> dict[str, PValue]:
    threshold = MonitoringConfig().foreign_threshold

    def foreign(reference: Floats, current: Floats) -> float:
        return compare_foreign_shares(reference, current, level, threshold=threshold)[0].p_value  # type: ignore[arg-type]

    return {
        "share of foreign questions": foreign,
        "Kolmogorov-Smirnov": lambda reference, current: float(ks_2samp(reference, current).pvalue),
        "Mann-Whitney, one-sided": lambda reference, current: float(
            mannwhitneyu(current, reference, alternative="less").pvalue
        ),
    }


def _draw(
    nearest: dict[str, Floats], name: str, sizes: tuple[int, int, int], generator: np.random.Generator, *, mixed: bool
) -> tuple[Floats, Floats, Floats]:
    n, m, foreign = sizes
    own = generator.permutation(nearest[name])
    reference, window = own[:n], own[n : n + m]
    names = [one for one in nearest if one != name]
    pool = np.concatenate([nearest[one] for one in names]) if mixed else nearest[str(generator.choice(names))]
    return reference, window, np.concatenate([window[foreign:], generator.choice(pool, foreign, replace=False)])


def _print(found: dict[tuple[str, tuple[int, int, int]], list[tuple[float, float]]], articles: int) -> None:
    threshold = MonitoringConfig().foreign_threshold
    print(f"{articles} articles, threshold {threshold}\n")
    print("| test | reference | window | foreign | windows | detected | false alarms |\n|---|---|---|---|---|---|---|")
    for (test, (n, m, foreign)), pairs in found.items():
        calm, drifted = np.asarray(pairs).T
        rates = f"{(drifted <= threshold).mean():.1%} | {(calm <= threshold).mean():.1%}"
        print(f"| {test} | {n} | {m} | {foreign / m:.0%} | {len(pairs)} | {rates} |")


def _articles() -> dict[str, tuple[tuple[str, ...], list[str]]]:
    data = json.loads((DATA / "squad" / "dev-v2.0-part.json").read_text("utf-8"))["data"]
    return {
        one["title"]: (
            tuple(part["context"] for part in one["paragraphs"]),
            sorted({row["question"].strip() for part in one["paragraphs"] for row in part["qas"]}),
        )
        for one in data
    }


def _other_questions() -> dict[str, list[str]]:
    with (DATA / "xstest" / "xstest_prompts.csv").open(encoding="utf-8", newline="") as stream:
        xstest = [row["prompt"] for row in csv.DictReader(stream)]
    queries = (DATA / "cranfield" / "cran.qry").read_text("utf-8").split(".I ")[1:]
    lines = (DATA / "personas" / "chesterton" / "questions.jsonl").read_text("utf-8").splitlines()
    return {
        "xstest": xstest,
        "cranfield": [" ".join(one.split(".W", 1)[1].split()) for one in queries],
        "chesterton": [json.loads(line)["question"] for line in lines],
    }


if __name__ == "__main__":
    main()
