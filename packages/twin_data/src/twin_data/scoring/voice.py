"""Voice fidelity: is this the persona's hand? An authorship check, placed between two levels measured on unseen texts.

A logistic regression over style without topic (`style_features`) tells the persona from other authors and from generic
assistant prose. Its logit means little by itself, and less for short texts; so it is placed between the *floor*, what
authors get that the model has not seen, and the *ceiling*, what the persona's own unseen texts get, both at the same
length. 0 % is another author, 100 % is the persona, far more is a caricature.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text, digest_value
from twin_data.contracts.errors import CorpusError, IntegrityError
from twin_data.scoring.sentences import sentence_spans, words
from twin_data.scoring.style_features import (
    HABITS,
    Floats,
    frequent_grams,
    gram_counts,
    gram_matrix,
    habits,
    masked,
    shared_words,
)

MIN_WORDS = 25
"""Shorter texts are not scored: their style is chance."""
PROFILE_FILE = "voice.json"
MIN_SEGMENTS = 4
MIN_AUTHORS = 2
MIN_GAP = 0.2
"""Logits between floor and ceiling below which per cent of the gap would be noise."""
_FITTED = ("grams", "gram_scale", "gram_weights", "habit_means", "habit_scales", "habit_weights", "intercept")


class VoiceConfig(Contract):
    """How a voice is learned."""

    lengths: tuple[int, ...] = (30, 60, 120, 240)
    """Words of the segments that are learned from and calibrated on."""
    max_grams: int = Field(default=4000, ge=100)
    min_texts: int = Field(default=5, ge=1)
    """An n-gram must occur in so many segments."""
    penalty: float = Field(default=1.0, gt=0)
    """Strength of the L2 penalty."""
    folds: int = Field(default=5, ge=2)
    max_segments: int = Field(default=300, ge=20)
    """Segments of one author and one length; of more, evenly spaced ones are taken."""
    min_own_words: int = 3_000
    """With fewer of the persona's own words there is no voice to be measured."""


@dataclass(frozen=True)
class VoiceText:
    """A text of one author, and the group (family) that must not be on both sides of a fold."""

    group: str
    text: str


class LevelPoint(Contract):
    """Floor and ceiling at one length."""

    words: int
    floor: float
    ceiling: float


class VoiceScore(Contract):
    """The voice of one text."""

    logit: float
    percent: float
    """Of the gap between floor and ceiling at this length."""
    words: int


class VoiceProfile(Contract):
    """A fitted scorer; plain JSON, so that it can be read and left."""

    kept_words: tuple[str, ...]
    grams: tuple[str, ...]
    gram_scale: tuple[float, ...]
    gram_weights: tuple[float, ...]
    habit_means: tuple[float, ...]
    habit_scales: tuple[float, ...]
    habit_weights: tuple[float, ...]
    intercept: float
    levels: tuple[LevelPoint, ...]
    auc: float
    """Of unseen own segments against segments of unseen authors, all lengths together."""
    segments: int
    own_digest: str
    """Names the own texts it was fitted on."""
    authors: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the profile."""
        return digest_value(self)

    def logits(self, texts: Sequence[str]) -> Floats:
        """Logits, shape (len(texts),)."""
        if not texts:
            return np.zeros(0)
        kept = frozenset(self.kept_words)
        counts = [gram_counts(masked(text, kept)) for text in texts]
        return _linear(counts, np.stack([habits(text) for text in texts]), self.model_dump(include=set(_FITTED)))

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        """The voice of each text; None for those of fewer than `MIN_WORDS` words."""
        lengths = [len(words(text)) for text in texts]
        long_enough = [at for at, length in enumerate(lengths) if length >= MIN_WORDS]
        scores: list[VoiceScore | None] = [None] * len(texts)
        for at, logit in zip(long_enough, self.logits([texts[at] for at in long_enough]), strict=True):
            scores[at] = VoiceScore(
                logit=round(float(logit), 6),
                percent=round(self.percent(float(logit), lengths[at]), 4),
                words=lengths[at],
            )
        return scores

    def percent(self, logit: float, length: int) -> float:
        """Where a logit stands between floor and ceiling at that length in words; straight in the logarithm."""
        at = [math.log(point.words) for point in self.levels]
        floor = float(np.interp(math.log(length), at, [point.floor for point in self.levels]))
        ceiling = float(np.interp(math.log(length), at, [point.ceiling for point in self.levels]))
        return 100 * (logit - floor) / (ceiling - floor)

    def save(self, folder: Path) -> Path:
        """Write the profile into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / PROFILE_FILE
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(self.model_dump(mode="json"), ensure_ascii=False) + "\n", "utf-8")
        beside.replace(path)
        return path

    @classmethod
    def load(cls, folder: Path) -> VoiceProfile:
        """Read the profile of a folder.

        Raises:
            IntegrityError: There is none, or it cannot be read.
        """
        path = folder / PROFILE_FILE
        try:
            return cls.model_validate_json(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise IntegrityError(
                f"{path} is no voice profile", next_step="run `twin datasets PERSONA`, which fits it anew"
            ) from error


def fit_voice(own: Sequence[VoiceText], others: Mapping[str, Sequence[str]], *, config: VoiceConfig) -> VoiceProfile:
    """Learn a voice, and measure floor and ceiling on texts and authors that each fold has not seen.

    Args:
        own: The persona's own words.
        others: Texts of each other author; generic assistant prose counts as one.
        config: Lengths, sizes, penalty.

    Raises:
        CorpusError: There are too few own words, or fewer than two other authors.
    """
    own_words = sum(len(words(one.text)) for one in own)
    if own_words < config.min_own_words:
        raise CorpusError(
            f"{own_words:,} own words are too few to measure a voice by; {config.min_own_words:,} are needed",
            next_step="add sources: twin add PERSONA SOURCE",
        )
    if len(others) < 2:
        raise CorpusError(
            f"{len(others)} contrast authors; a voice is measured against at least two",
            next_step="add folders of other authors' texts to the persona's contrast folder",
        )
    data = _segments(own, others, config)
    unseen = _unseen_logits(data, config)
    fitted = _fit(data, np.ones(len(data.texts), dtype=bool), config)
    return VoiceProfile(
        **fitted,
        kept_words=tuple(sorted(data.kept)),
        levels=_levels(data, unseen, config),
        auc=round(_auc(unseen, data.is_own), 6),
        segments=len(data.texts),
        own_digest=digest_value(sorted(digest_text(one.text) for one in own)),
        authors=tuple(sorted(others)),
    )


def segments_of(texts: Iterable[str], length: int) -> list[str]:
    """Stretches of whole sentences of about `length` words; neighbouring short texts are joined."""
    found: list[str] = []
    held: list[str] = []
    count = 0
    for text in texts:
        for span in sentence_spans(text):
            sentence = span.of(text)
            held.append(sentence)
            count += len(words(sentence))
            if count >= length:
                found.append(" ".join(held))
                held, count = [], 0
        if held:
            held[-1] += "\n\n"
    if count >= max(MIN_WORDS, length // 2):
        found.append(" ".join(held).strip())
    return found


@dataclass(frozen=True)
class _Data:
    """Segments with what is counted in them, their label, length class, author and fold; N rows."""

    texts: tuple[str, ...]
    is_own: NDArray[np.bool_]
    lengths: NDArray[np.intp]
    authors: NDArray[np.str_]
    folds: NDArray[np.intp]
    kept: frozenset[str]
    counts: tuple[Counter[str], ...]
    rates: Floats

    def weights(self, rows: NDArray[np.bool_]) -> Floats:
        """One unit for the persona, one for all others; within them the same for each author and length class."""
        labels = [f"{author}/{length}" for author, length in zip(self.authors[rows], self.lengths[rows], strict=True)]
        sizes = Counter(labels)
        weights = np.asarray([1 / sizes[label] for label in labels])
        own = self.is_own[rows]
        return np.where(own, weights / weights[own].sum(), weights / weights[~own].sum())


def _segments(own: Sequence[VoiceText], others: Mapping[str, Sequence[str]], config: VoiceConfig) -> _Data:
    kept = shared_words({"": [one.text for one in own], **others})
    rows: list[tuple[str, int, str, int]] = []
    for length in config.lengths:
        for fold in range(config.folds):
            texts = [one.text for one in own if _fold(one.group, config.folds) == fold]
            segments = _spaced(segments_of(texts, length), math.ceil(config.max_segments / config.folds))
            rows += [(text, length, "", fold) for text in segments]
        for at, (author, theirs) in enumerate(sorted(others.items())):
            segments = _spaced(segments_of(theirs, length), config.max_segments)
            rows += [(text, length, author, at % config.folds) for text in segments]
    segmented, lengths, authors, folds = zip(*rows, strict=True)
    return _Data(
        texts=segmented,
        is_own=np.asarray([author == "" for author in authors]),
        lengths=np.asarray(lengths),
        authors=np.asarray(authors),
        folds=np.asarray(folds),
        kept=kept,
        counts=tuple(gram_counts(masked(text, kept)) for text in segmented),
        rates=np.stack([habits(text) for text in segmented]),
    )


def _spaced(texts: list[str], most: int) -> list[str]:
    """At most so many of the texts, evenly spaced."""
    return texts if len(texts) <= most else [texts[at * len(texts) // most] for at in range(most)]


def _fold(group: str, folds: int) -> int:
    return int(digest_text(group)[:8], 16) % folds


def _unseen_logits(data: _Data, config: VoiceConfig) -> Floats:
    """Each segment's logit by a model that saw neither its family nor, for another author's, that author."""
    unseen = np.zeros(len(data.texts))
    for fold in sorted(set(data.folds.tolist())):
        aside = data.folds == fold
        fitted = _fit(data, ~aside, config)
        unseen[aside] = _logits(data, aside, fitted)
    return unseen


def _fit(data: _Data, rows: NDArray[np.bool_], config: VoiceConfig) -> dict[str, Any]:
    """Weights of a logistic regression on some of the rows."""
    counts = [one for one, chosen in zip(data.counts, rows, strict=True) if chosen]
    grams = frequent_grams(counts, most=config.max_grams, at_least=config.min_texts)
    matrix = gram_matrix(counts, grams)
    # Grams on one scale, damped: a rare one must not weigh as much as a common one.
    gram_scale = 1 / (np.sqrt(len(grams)) * (matrix.std(axis=0) + 0.25 * matrix.std()))
    rates = data.rates[rows]
    means, scales = rates.mean(axis=0), rates.std(axis=0) + 1e-6
    inputs = np.hstack([matrix * gram_scale, _damped((rates - means) / scales), np.ones((len(counts), 1))])
    weights = _logistic(inputs, data.is_own[rows], data.weights(rows), config.penalty)
    split = len(grams)
    return {
        "grams": grams,
        "gram_scale": tuple(gram_scale.round(9).tolist()),
        "gram_weights": tuple(weights[:split].round(9).tolist()),
        "habit_means": tuple(means.round(9).tolist()),
        "habit_scales": tuple(scales.round(9).tolist()),
        "habit_weights": tuple(weights[split:-1].round(9).tolist()),
        "intercept": round(float(weights[-1]), 9),
    }


def _logits(data: _Data, rows: NDArray[np.bool_], fitted: Mapping[str, Any]) -> Floats:
    return _linear([one for one, chosen in zip(data.counts, rows, strict=True) if chosen], data.rates[rows], fitted)


def _linear(counts: Sequence[Counter[str]], rates: Floats, fitted: Mapping[str, Any]) -> Floats:
    grams = gram_matrix(counts, fitted["grams"]) * np.asarray(fitted["gram_scale"])
    damped = _damped((rates - np.asarray(fitted["habit_means"])) / np.asarray(fitted["habit_scales"]))
    linear = grams @ np.asarray(fitted["gram_weights"]) + damped @ np.asarray(fitted["habit_weights"])
    return np.asarray(linear + fitted["intercept"])


def _damped(rates: Floats) -> Floats:
    """Standardised rates on the grams' scale, outliers cut: one odd habit of a short text must not decide."""
    return np.asarray(np.clip(rates, -3, 3) / math.sqrt(len(HABITS)))


def _logistic(inputs: Floats, is_own: NDArray[np.bool_], weights: Floats, penalty: float) -> Floats:
    """L2-penalised weighted logistic regression; the last column is the intercept, which is not penalised."""
    from scipy.optimize import minimize

    signs = np.where(is_own, 1.0, -1.0)

    def loss(beta: Floats) -> tuple[float, Floats]:
        margins = signs * (inputs @ beta)
        value = float(weights @ np.logaddexp(0, -margins))
        gradient = -(weights * signs / (1 + np.exp(np.clip(margins, -500, 500)))) @ inputs
        shrunk = np.append(beta[:-1], 0.0)
        return value + 0.5 * penalty * 1e-3 * float(shrunk @ shrunk), gradient + penalty * 1e-3 * shrunk

    found = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return np.asarray(found.x)


def _levels(data: _Data, unseen: Floats, config: VoiceConfig) -> tuple[LevelPoint, ...]:
    """Floor and ceiling at each length that has enough segments."""
    points = []
    others = sorted(set(data.authors[~data.is_own].tolist()))
    for length in config.lengths:
        here = data.lengths == length
        own = unseen[here & data.is_own]
        theirs = [group for one in others if (group := unseen[here & (data.authors == one)]).size]
        if own.size < MIN_SEGMENTS or len(theirs) < MIN_AUTHORS:
            continue
        floor = float(np.mean([group.mean() for group in theirs]))
        points.append(LevelPoint(words=length, floor=round(floor, 6), ceiling=round(float(own.mean()), 6)))
    if not points or any(point.ceiling - point.floor < MIN_GAP for point in points):
        raise CorpusError(
            "the persona's voice cannot be told from the contrast authors'",
            next_step="add more of the persona's own writing, or contrast authors who write differently",
        )
    return tuple(points)


def _auc(logits: Floats, is_own: NDArray[np.bool_]) -> float:
    """Probability that an own segment scores above another author's (Mann-Whitney)."""
    order = np.argsort(np.concatenate([logits[is_own], logits[~is_own]]), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    own = int(is_own.sum())
    return float((ranks[:own].sum() - own * (own + 1) / 2) / (own * (len(logits) - own)))
