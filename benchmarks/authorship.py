"""Authorship verification beside its peers: Chesterton against essayists and assistant prose, whole books held out.

    python -m benchmarks.authorship [--systems ours,characters,delta,encoder] [--segments 60] [--rounds 4] [--cheats]

Needs the test data beside the repository; `encoder` also exports the MiniLM encoder on first use. Four rounds: each
leaves out one of Chesterton's four books, a quarter of the other authors with all they wrote (each has one book, so
these are authors that fitting never saw) and a quarter of the assistant's answers. Every system is fitted on the rest
and scores segments of about 30, 60, 120 and 240 words of what was left out, as many of each length; once on the texts
as they are and once with the topic masked: words that are not among the thousand most frequent ones that most of the
*training* authors share are reduced to their last two letters.

AUC is the mean over pairs of a book of Chesterton's and another author, so that each book counts the same; its interval
draws whole books on both sides. Brier score and expected calibration error (ten bins) are of the probability at even
odds. Peers: character 4-gram TF-IDF and logistic regression; Burrows' Delta (2002) on the 150 most frequent words;
sentence embeddings and logistic regression.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from twin_data.configuration.home import cache_folder
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.sentences import sentence_spans
from twin_data.scoring.style_features import masked, shared_words
from twin_data.scoring.voice import VoiceConfig, VoiceProfile, VoiceText, segments_of
from twin_data.scoring.voice_fitting import fit_voice
from twin_data.sources.contrast import read_contrast
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder
from twin_eval.counterfeits import (
    CANNED_REFUSALS,
    pet_phrases,
    stuffed_with_phrases,
    stuffed_with_quotations,
    word_salad,
)
from twin_eval.statistics import IntervalConfig, mean_score
from twin_eval.unquoted import unquoted

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
PUBLISHER = "Standard Ebooks"
ASSISTANT = "assistant"
LENGTHS = (30, 60, 120, 240)
ROUNDS = 4
KEPT_WORDS = 1000
TRAINING_SEGMENTS = VoiceConfig().max_segments
"""Of one author and length, at most; what ours takes by default."""
ENCODED_SEGMENTS = 40
"""The same for sentence embeddings, which take long on a processor."""
DELTA_WORDS = 150
RESAMPLES = 2000
CHEAT_WORDS = 120

Floats = NDArray[np.float64]
Texts = list[str]
Row = tuple[str, bool, int, str]
"""Book, whether it is Chesterton's, length asked for, text."""
Score = Callable[[Texts], Floats]
"""Log-odds at even odds beforehand, one a text."""


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


@dataclass(frozen=True)
class Tested:
    """Rows of all rounds: the book, whether it is Chesterton's, the length asked for."""

    books: NDArray[np.str_]
    is_own: NDArray[np.bool_]
    lengths: NDArray[np.intp]


def tested_rows(rows: Sequence[Row]) -> Tested:
    """The columns of rows."""
    books, is_own, lengths, _ = zip(*rows, strict=True)
    return Tested(np.asarray(books), np.asarray(is_own), np.asarray(lengths))


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


def spaced(texts: Texts, most: int) -> Texts:
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


_PROFILES: dict[tuple[str, ...], VoiceProfile] = {}


def ours(one: Round, mask: Callable[[str], str] | None) -> Score:
    """This project's scorer, which masks by itself; unmasked, every word of the training texts is kept."""
    config = VoiceConfig() if mask else VoiceConfig(shared_by=1e-9, max_kept_words=10**9)
    profile = fit_ours(one, config)
    return lambda texts: profile.logits(texts)


def fit_ours(one: Round, config: VoiceConfig) -> VoiceProfile:
    """Chapters are the groups, as the feature pipeline makes them; each round is fitted once."""
    key = (*one.held_own, config.model_dump_json())
    if key not in _PROFILES:
        own = [VoiceText(f"{title}/{at}", text) for title, texts in one.own.items() for at, text in enumerate(texts)]
        _PROFILES[key] = fit_voice(own, one.others, config=config)
    return _PROFILES[key]


def characters(one: Round, mask: Callable[[str], str] | None) -> Score:
    """Character 4-gram TF-IDF and logistic regression."""
    texts, is_own, weights = one.training(TRAINING_SEGMENTS)
    show = mask or (lambda text: text)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(4, 4), sublinear_tf=True, min_df=3, max_features=30_000)
    model = LogisticRegression(C=10.0, max_iter=500)
    model.fit(vectorizer.fit_transform([show(text) for text in texts]), is_own, sample_weight=weights)
    return lambda asked: np.asarray(model.decision_function(vectorizer.transform([show(text) for text in asked])))


def delta(one: Round, mask: Callable[[str], str] | None) -> Score:
    """Burrows' Delta: mean absolute difference of z-scores to Chesterton, less that to the nearest other author."""
    show = mask or (lambda text: text)
    texts, is_own, weights = one.training(TRAINING_SEGMENTS)
    # A word begins with a letter, so that what masking left of others does not count as one.
    counter = CountVectorizer(token_pattern=r"(?<![\w•])[^\W\d_]+(?:['’][^\W\d_]+)?", max_features=DELTA_WORDS)
    rates = frequencies(counter.fit_transform([show(text) for text in texts]))
    means, deviations = np.average(rates, axis=0, weights=weights), rates.std(axis=0) + 1e-9
    whole = {
        "": [text for part in one.own.values() for text in part],
        **{name: list(part) for name, part in one.others.items()},
    }
    joined = frequencies(counter.transform([show("\n\n".join(part)) for part in whole.values()]))
    centres = (joined - means) / deviations

    def margins(rates: Floats) -> Floats:
        z = (rates - means) / deviations
        distances = np.stack([np.abs(z - centre).mean(axis=1) for centre in centres], axis=1)
        return np.asarray(distances[:, 1:].min(axis=1) - distances[:, 0])[:, None]

    model = LogisticRegression(C=1e3).fit(margins(rates), is_own, sample_weight=weights)
    return lambda asked: np.asarray(
        model.decision_function(margins(frequencies(counter.transform([show(text) for text in asked]))))
    )


def frequencies(counts: object) -> Floats:
    """Relative frequencies among the counted words, shape (texts, words)."""
    dense = np.asarray(counts.toarray(), dtype=float)  # type: ignore[attr-defined]
    return np.asarray(dense / np.maximum(1, dense.sum(axis=1, keepdims=True)))


_VECTORS: dict[str, NDArray[np.float32]] = {}


def embeddings(one: Round, mask: Callable[[str], str] | None) -> Score:
    """Sentence embeddings (MiniLM) and logistic regression."""
    encoder = SentenceEncoder(ensure_encoder(cache_folder() / "models", EmbeddingModelConfig()), threads=2)
    show = mask or (lambda text: text)

    def encode(texts: Texts) -> NDArray[np.float32]:
        shown = [show(text) for text in texts]
        new = [text for text in dict.fromkeys(shown) if text not in _VECTORS]
        _VECTORS.update(zip(new, encoder.encode(new), strict=True))
        return np.stack([_VECTORS[text] for text in shown])

    texts, is_own, weights = one.training(ENCODED_SEGMENTS)
    model = LogisticRegression(C=10.0, max_iter=500).fit(encode(texts), is_own, sample_weight=weights)
    return lambda asked: np.asarray(model.decision_function(encode(asked)))


SYSTEMS: dict[str, Callable[[Round, Callable[[str], str] | None], Score]] = {
    "ours": ours,
    "characters": characters,
    "delta": delta,
    "encoder": embeddings,
}
NAMES = {
    "ours": "ours",
    "characters": "character 4-grams, TF-IDF, logistic regression",
    "delta": "Burrows' Delta",
    "encoder": "MiniLM embeddings, logistic regression",
}


def concordance(logits: Floats, tested: Tested, chosen: NDArray[np.bool_] | None = None) -> Floats:
    """Share of pairs in the right order, shape (own books, other books); ties count half."""
    rows = np.ones(len(logits), dtype=bool) if chosen is None else chosen
    own = sorted(set(tested.books[tested.is_own].tolist()))
    others = sorted(set(tested.books[~tested.is_own & rows].tolist()))

    def pair(mine: str, theirs: str) -> float:
        a, b = logits[rows & (tested.books == mine)], logits[rows & (tested.books == theirs)]
        return float(np.mean((a[:, None] > b) + 0.5 * (a[:, None] == b)))

    return np.asarray([[pair(mine, theirs) for theirs in others] for mine in own])


def with_interval(pairs: Floats) -> str:
    """The mean over pairs of books and its interval: whole books are drawn on both sides."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, pairs.shape[0], (RESAMPLES, pairs.shape[0]))
    columns = rng.integers(0, pairs.shape[1], (RESAMPLES, pairs.shape[1]))
    means = [pairs[np.ix_(row, column)].mean() for row, column in zip(rows, columns, strict=True)]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{pairs.mean():.3f} [{low:.3f}, {high:.3f}]"


def calibration(logits: Floats, tested: Tested, rows: NDArray[np.bool_]) -> tuple[float, float]:
    """Brier score and expected calibration error, both sides and each book weighted alike."""
    probabilities = 1 / (1 + np.exp(-np.clip(logits[rows], -500, 500)))
    books, own = tested.books[rows], tested.is_own[rows]
    weights = np.zeros(len(books))
    for side in (True, False):
        names = sorted(set(books[own == side].tolist()))
        for name in names:
            weights[books == name] = 0.5 / len(names) / np.sum(books == name)
    brier = float(weights @ (probabilities - own) ** 2)
    bins = np.minimum(9, (probabilities * 10).astype(int))
    error = sum(abs(float(weights[bins == one] @ (probabilities[bins == one] - own[bins == one]))) for one in range(10))
    return brier, error


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
        f"| {people} | {areas} | {brier} | {error} |",
        flush=True,
    )


def planted(one: Round) -> None:
    """Per cent of the gap of Chesterton's unseen book and of each cheat, with intervals over segments."""
    profile = fit_ours(one, VoiceConfig())
    own = [text for texts in one.own.values() for text in texts]
    answers = list(one.held_others[ASSISTANT])
    quotable = [span.of(text) for text in own[:8] for span in sentence_spans(text)]
    phrases = pet_phrases(own, answers)
    quoting = [stuffed_with_quotations(text, quotable, seed=at) for at, text in enumerate(answers)]
    cheats = {
        "Chesterton, the book left out": [text for texts in one.held_own.values() for text in texts],
        **{f"{name}, never seen": list(texts) for name, texts in one.held_others.items() if name != ASSISTANT},
        "assistant prose": answers,
        "canned refusals": list(CANNED_REFUSALS) * 5,
        "the author quoted in assistant prose": [unquoted(text) for text in quoting],
        "the same, quotations counted": quoting,
        "pet phrases in assistant prose": [
            stuffed_with_phrases(text, phrases, seed=at) for at, text in enumerate(answers)
        ],
        "word salad": [word_salad(own, words=CHEAT_WORDS, seed=at) for at in range(40)],
    }
    print("\n| text | segments | per cent of the gap | of no known kind |\n|---|---|---|---|")
    for name, texts in cheats.items():
        scores = [found for found in profile.score(spaced(segments_of(texts, CHEAT_WORDS), 60)) if found]
        score = mean_score(name, [found.percent for found in scores], config=IntervalConfig())
        strange = np.mean([not found.typical for found in scores])
        if score is not None:
            print(
                f"| {name} | {score.n} | {score.value:.0f} [{score.low:.0f}, {score.high:.0f}] | {strange:.2f} |",
                flush=True,
            )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--segments", type=int, default=60, help="test segments of each book and length")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="the first so many of the four rounds")
    parser.add_argument("--cheats", action="store_true", help="score planted cheats as well")
    arguments = parser.parse_args()
    found = rounds()[: arguments.rounds]
    rows = [test_rows(one, arguments.segments) for one in found]
    tested = tested_rows([row for part in rows for row in part])
    print(f"{len(tested.books)} segments, {int(tested.is_own.sum())} of them Chesterton's\n")
    print(
        "| system | topic | AUC, authors never seen and assistant | authors alone "
        "| AUC by length | Brier | calibration error |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in arguments.systems.split(","):
        by_mask: dict[bool, Floats] = {}
        started = time.process_time()
        for is_masked in (True, False):
            by_mask[is_masked] = all_scored(name, found, rows, is_masked)
            report(name, by_mask[is_masked], tested, is_masked)
        lost = concordance(by_mask[False], tested) - concordance(by_mask[True], tested)
        print(f"| {NAMES[name]} | lost by masking | {with_interval(lost)} | | | | |")
        print(f"<!-- {name}: {time.process_time() - started:.0f} s of processor time -->", flush=True)
    if arguments.cheats:
        planted(found[-1])


def all_scored(name: str, found: Sequence[Round], rows: Sequence[Sequence[Row]], is_masked: bool) -> Floats:
    """Log-odds of all rounds' test segments; what a round gave is told on standard error, as all take long."""
    parts = []
    for at, (one, part) in enumerate(zip(found, rows, strict=True), start=1):
        parts.append(scored(name, one, part, is_masked))
        area = concordance(parts[-1], tested_rows(part)).mean()
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
