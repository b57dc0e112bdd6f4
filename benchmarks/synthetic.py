"""Documents to measure cleaning on: invented and real ones, with edited copies planted among them."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from lxml import html

VOCABULARY = 50_000
RATES = (0.01, 0.02, 0.04)
_STOP_WORDS = (
    "the",
    "of",
    "and",
    "to",
    "that",
    "be",
    "with",
    "have",
)  # the commonest, as in any language; the rules ask
_LETTERS = np.array(list("etaoinshrdlucmfwypvbgkqjxz"))


@dataclass(frozen=True)
class Planted:
    """Texts, and for each edited copy the row of its original, by the share of words that was exchanged."""

    texts: list[str]
    copies: dict[float, dict[int, int]]


def invented(count: int, *, words: int = 200, seed: int = 0) -> list[list[str]]:
    """Documents of half to one and a half times `words`, words of a Zipf distribution."""
    draw = np.random.default_rng(seed)
    vocabulary = _vocabulary()
    weights = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    sizes = draw.integers(words // 2, words * 3 // 2 + 1, count)
    drawn = np.searchsorted(weights, draw.random(int(sizes.sum())) * weights[-1])
    ends = np.cumsum(sizes)
    return [[vocabulary[at] for at in drawn[end - size : end]] for size, end in zip(sizes, ends, strict=True)]


@cache
def _vocabulary() -> list[str]:
    draw = np.random.default_rng(0)
    made = ["".join(draw.choice(_LETTERS, size)) for size in draw.integers(2, 11, VOCABULARY)]
    return [*_STOP_WORDS, *made[len(_STOP_WORDS) :]]


def real(folder: Path, *, words: int = 120) -> list[list[str]]:
    """The paragraphs of the pages below a folder, joined up to at least `words`."""
    documents: list[list[str]] = []
    for page in sorted(folder.rglob("*.xhtml")):
        pending: list[str] = []
        for paragraph in html.fromstring(page.read_bytes()).iter("{*}p", "p"):
            pending += re.sub(r"\s+", " ", str(paragraph.text_content())).split()
            if len(pending) >= words:
                documents.append(pending)
                pending = []
    return documents


def with_copies(originals: Sequence[list[str]], copies: int, *, seed: int = 0) -> Planted:
    """The documents, and for each rate `copies` of them with that share of words exchanged at random places.

    What comes in is made of letters alone: cleaning counts "w3f" as three words, and one exchanged would be three.
    """
    draw = np.random.default_rng(seed)
    texts, planted = [" ".join(one) for one in originals], {}
    chosen = draw.permutation(len(originals))[: copies * len(RATES)]
    for number, rate in enumerate(RATES):
        planted[rate] = {}
        for row in chosen[number * copies : (number + 1) * copies]:
            changed = list(originals[row])
            for at in draw.choice(len(changed), max(1, round(rate * len(changed))), replace=False):
                changed[at] = "".join(draw.choice(_LETTERS, 8))
            planted[rate][len(texts)] = int(row)
            texts.append(" ".join(changed))
    return Planted(texts, planted)


def as_documents(texts: Sequence[str] | pl.Series) -> pl.DataFrame:
    """Rows of the contract `CleanDocument`, one passage each, over five sources and four years."""
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)}).with_row_index("row")
    first = date(2021, 1, 1)
    days = [first + timedelta(days=at * 1461 // max(1, len(texts))) for at in range(len(texts))]
    passage = pl.struct(
        pl.lit(0, pl.Int64).alias("start"),
        pl.col("text").str.len_chars().cast(pl.Int64).alias("end"),
        pl.lit("own").alias("role"),
        pl.lit("paragraph").alias("style"),
        pl.lit(None, pl.String).alias("author"),
        pl.lit(0, pl.Int64).alias("level"),
    )
    return frame.select(
        pl.format("s{}/{}", pl.col("row") % 5, "row").alias("document_id"),
        pl.format("s{}", pl.col("row") % 5).alias("source"),
        pl.lit("article").alias("kind"),
        pl.lit("").alias("title"),
        pl.Series("date", days, dtype=pl.Date),
        pl.lit(None, pl.String).alias("url"),
        "text",
        pl.col("text").hash().cast(pl.String).alias("digest"),  # stands in for SHA-256, which cleaning computes
        pl.concat_list(passage).alias("passages"),
        pl.lit(None, pl.String).alias("thread"),
        pl.lit(None, pl.String).alias("series"),
    )


def race(systems: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and processor seconds of each system in each round; the order alternates."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in systems}
    for number in range(rounds):
        for name in list(systems)[:: -1 if number % 2 else 1]:
            wall, processor = time.perf_counter(), time.process_time()
            systems[name]()
            taken[name].append((time.perf_counter() - wall, time.process_time() - processor))
    return taken


def print_race(
    taken: Mapping[str, list[tuple[float, float]]], amount: float, unit: str, notes: Mapping[str, str]
) -> None:
    """One line a system, and how many times faster than it the first one is: the median over the rounds."""
    ours = next(iter(taken))
    print(f"| system | {unit} a second | {unit} a processor second | ours over it, wall | processor | what it found |")
    print("|---|---|---|---|---|---|")
    for name, rounds in taken.items():
        rates = [amount / statistics.median(one[at] for one in rounds) for at in (0, 1)]
        pairs = list(zip(rounds, taken[ours], strict=True))
        ratios = [statistics.median(theirs[at] / mine[at] for theirs, mine in pairs) for at in (0, 1)]
        shown = " | ".join(f"{rate:,.3g}" for rate in rates)
        print(f"| {name} | {shown} | {ratios[0]:.1f} | {ratios[1]:.1f} | {notes.get(name, '')} |", flush=True)
    print()
