"""Voice fidelity: is this the persona's hand? An authorship check, placed between two levels measured on unseen texts.

A logistic regression over style without topic (`style_features`) tells the persona from other authors and from generic
assistant prose. What it says of a short text is worth less than of a long one: its sums are calibrated by length into
log-odds, on texts and authors that it had not seen. These are placed between the *floor*, what authors get that
it has not seen, and the *ceiling*, what the persona's own unseen texts get, both at the same length. 0 % is another
author, 100 % is the persona, far more is a caricature.

A text like none that it was calibrated on (shuffled words, another language, code) is recognised by its n-grams that
were never met, and gets the floor at most: a classifier's word about such a text means nothing.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_value
from twin_data.contracts.errors import IntegrityError
from twin_data.scoring.sentences import sentence_spans, words
from twin_data.scoring.style_features import (
    HABITS,
    TALLIES,
    Floats,
    character_grams,
    habit_rates,
    masked,
    sentences_of,
    tallies,
    token_grams,
)

MIN_WORDS = 25
"""Shorter texts are not scored: their style is chance."""
PROFILE_FILE = "voice.json"
CALIBRATION_WORDS = 100
"""Length at which calibration's slope and offset are stated."""


class VoiceConfig(Contract):
    """How a voice is learned."""

    lengths: tuple[int, ...] = (30, 60, 120, 240)
    """Words of the segments that are learned from and calibrated on."""
    shared_by: float = Field(default=0.6, gt=0, le=1)
    """Share of the authors that must use a word, or it tells the subject and is masked."""
    max_kept_words: int = Field(default=1000, ge=50)
    """Words that are not masked: so many at most of the shared ones, the most frequent."""
    max_grams: int = Field(default=12_000, ge=100)
    """N-grams of characters, and as many of tokens."""
    min_sentences: int = Field(default=5, ge=1)
    """An n-gram must occur in so many sentences."""
    penalty: float = Field(default=0.05, gt=0)
    """Strength of the L2 penalty."""
    folds: int = Field(default=5, ge=2)
    max_segments: int = Field(default=800, ge=20)
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
    least_known: float
    """Share of a text's token n-grams that fitting had met, below which it is of no kind that was calibrated on."""


class Calibration(Contract):
    """Log-odds from a regression's sums, by length: `(slope + slope_growth z) sum + offset + offset_growth z`.

    `z` is the logarithm of the text's words over `CALIBRATION_WORDS`; the odds are those of a text that is as likely
    the persona's as not (Platt, 1999, with the length as a covariate).
    """

    slope: float
    slope_growth: float
    offset: float
    offset_growth: float

    def log_odds(self, sums: Floats, lengths: Floats) -> Floats:
        """Log-odds, shape (N,), of sums and lengths in words, both of shape (N,)."""
        z = np.log(lengths / CALIBRATION_WORDS)
        return np.asarray(self.slope_at(lengths) * sums + self.offset + self.offset_growth * z)

    def slope_at(self, lengths: Floats) -> Floats:
        """Log-odds a unit of the sums, shape (N,); where it is not positive the sums told nothing."""
        return np.asarray(self.slope + self.slope_growth * np.log(lengths / CALIBRATION_WORDS))


class VoiceScore(Contract):
    """The voice of one text."""

    logit: float
    """Log-odds that the persona wrote it, were that as likely as not beforehand."""
    percent: float
    """Of the gap between floor and ceiling at this length."""
    words: int
    typical: bool = True
    """Whether the text is of a kind that the scorer was calibrated on; if not, it has the floor at most."""


class VoiceProfile(Contract):
    """A fitted scorer; plain JSON, so that it can be read and left."""

    format: Literal[2] = 2
    kept_words: tuple[str, ...]
    character_grams: tuple[str, ...]
    character_weights: tuple[float, ...]
    token_grams: tuple[str, ...]
    token_weights: tuple[float, ...]
    habit_means: tuple[float, ...]
    habit_scales: tuple[float, ...]
    habit_weights: tuple[float, ...]
    intercept: float
    calibration: Calibration
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
        """Calibrated log-odds, shape (len(texts),), untypical texts at the floor at most."""
        return np.asarray([self._judged(text, max(1, len(words(text))))[0] for text in texts])

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        """The voice of each text; None for those of fewer than `MIN_WORDS` words."""
        return [self._score(text) for text in texts]

    def percent(self, logit: float, length: int) -> float:
        """Where a logit stands between floor and ceiling at that length in words; straight in the logarithm."""
        floor, ceiling = self._at(length, "floor"), self._at(length, "ceiling")
        return 100 * (logit - floor) / (ceiling - floor)

    def _score(self, text: str) -> VoiceScore | None:
        if (length := len(words(text))) < MIN_WORDS:
            return None
        logit, typical = self._judged(text, length)
        percent = round(self.percent(logit, length), 4)
        return VoiceScore(logit=round(logit, 6), percent=percent, words=length, typical=typical)

    def _judged(self, text: str, length: int) -> tuple[float, bool]:
        """Log-odds, and whether the text is of a kind that they mean something for."""
        sentences = sentences_of(text)
        kept, masks = self._kept, []
        for one in sentences:
            masks.append(masked(one, kept))
        tokens = _total(token_grams(one) for one in masks)
        sums = (
            _weighted(_total(character_grams(one) for one in masks), self._character_weights)
            + _weighted(tokens, self._token_weights)
            + float(damped(self._habits(sentences)) @ np.asarray(self.habit_weights))
            + self.intercept
        )
        logit = float(self.calibration.log_odds(np.asarray([sums]), np.asarray([self._within(length)]))[0])
        known = sum(count for gram, count in tokens.items() if gram in self._token_weights) / max(1, tokens.total())
        if known >= self._at(length, "least_known"):
            return logit, True
        return min(logit, self._at(length, "floor")), False

    def _habits(self, sentences: Sequence[str]) -> Floats:
        """Standardised, shape (len(HABITS),)."""
        summed = np.sum([tallies(one) for one in sentences] or [np.zeros(len(TALLIES))], axis=0)
        rates = habit_rates(summed[np.newaxis])[0]
        return np.asarray((rates - np.asarray(self.habit_means)) / np.asarray(self.habit_scales))

    def _within(self, length: int) -> int:
        """The nearest length that was calibrated on."""
        return min(max(length, self.levels[0].words), self.levels[-1].words)

    def _at(self, length: int, field: Literal["floor", "ceiling", "least_known"]) -> float:
        at = [math.log(point.words) for point in self.levels]
        return float(np.interp(math.log(length), at, [getattr(point, field) for point in self.levels]))

    @cached_property
    def _kept(self) -> frozenset[str]:
        return frozenset(self.kept_words)

    @cached_property
    def _character_weights(self) -> dict[str, float]:
        return dict(zip(self.character_grams, self.character_weights, strict=True))

    @cached_property
    def _token_weights(self) -> dict[str, float]:
        return dict(zip(self.token_grams, self.token_weights, strict=True))

    def to_json(self) -> str:
        """The text of `PROFILE_FILE`."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False) + "\n"

    @classmethod
    def load(cls, folder: Path) -> VoiceProfile:
        """Read the profile of a folder.

        Raises:
            IntegrityError: There is none, or it cannot be read, for instance because it is of another format.
        """
        path = folder / PROFILE_FILE
        try:
            return cls.model_validate_json(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise IntegrityError(
                f"{path} is no voice profile", next_step=f"delete {path}, then run the same command again"
            ) from error


def damped(standardised: Floats) -> Floats:
    """Habits on the n-grams' scale, outliers cut: one odd habit of a short text must not decide. Shape (…, HABITS)."""
    return np.asarray(np.clip(standardised, -3, 3) / math.sqrt(len(HABITS)))


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


def _total(counts: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def _weighted(counts: Counter[str], weights: dict[str, float]) -> float:
    """Square roots of relative frequencies (Hellinger) times weights; the total counts unknown n-grams as well."""
    total = max(1, counts.total())
    return math.fsum(math.sqrt(count / total) * weights[gram] for gram, count in counts.items() if gram in weights)
