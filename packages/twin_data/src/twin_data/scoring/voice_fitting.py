"""How a voice is learned: a penalised logistic regression, calibrated on texts and authors that it had not seen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from twin_data.contracts.digests import digest_text, digest_value
from twin_data.contracts.errors import CorpusError
from twin_data.scoring.sentences import words
from twin_data.scoring.style_counts import Stretch, StyleCounts, count_style, grouping, stretches, words_in
from twin_data.scoring.style_features import Floats, sentences_of, shared_words
from twin_data.scoring.style_regression import Rows, auc, logistic
from twin_data.scoring.voice import (
    CALIBRATION_WORDS,
    MIN_WORDS,
    Calibration,
    LevelPoint,
    VoiceConfig,
    VoiceProfile,
    VoiceText,
    damped,
)

MIN_SEGMENTS = 4
MIN_AUTHORS = 2
MIN_GAP = 0.2
"""Log-odds between floor and ceiling below which per cent of the gap would be noise."""
LEAST_KNOWN_QUANTILE = 0.005
"""Share of the texts calibrated on that may count as of no known kind."""
OWN = ""
WHOLE = 0
"""The length class of rows that are whole texts, which nothing is learned from."""


def fit_voice(own: Sequence[VoiceText], others: Mapping[str, Sequence[str]], *, config: VoiceConfig) -> VoiceProfile:
    """Learn a voice, and measure floor and ceiling on texts and authors that each fold has not seen.

    Args:
        own: The persona's own words.
        others: Texts of each other author; generic assistant prose counts as one.
        config: Lengths, sizes, penalty.

    Raises:
        CorpusError: There are too few own words, or fewer than two other authors.
    """
    _check(own, others, config)
    texts_by_author = {OWN: [one.text for one in own], **others}
    kept = shared_words(texts_by_author, share=config.shared_by, most=config.max_kept_words)
    data = _segments(own, others, kept, config)
    sums = _unseen_sums(data, config)
    calibration = _calibration(sums, data)
    unseen = calibration.log_odds(sums, data.words)
    inputs, scaling = scaled_inputs(data.counts, np.ones(len(data.words), dtype=bool))
    weights = logistic(inputs, data.is_own, data.weights(), config.penalty)
    split = scaling.characters.size, scaling.characters.size + scaling.tokens.size
    return VoiceProfile(
        kept_words=tuple(sorted(kept)),
        character_grams=data.counts.characters.grams,
        character_weights=_rounded(weights[: split[0]] * scaling.characters),
        token_grams=data.counts.tokens.grams,
        token_weights=_rounded(weights[split[0] : split[1]] * scaling.tokens),
        habit_means=_rounded(scaling.habit_means),
        habit_scales=_rounded(scaling.habit_scales),
        habit_weights=_rounded(weights[split[1] : -1]),
        intercept=round(float(weights[-1]), 6),
        calibration=calibration,
        levels=_levels(data, unseen, calibration, config),
        auc=round(auc(unseen, data.is_own), 6),
        segments=len(data.words),
        own_digest=digest_value(sorted(digest_text(one.text) for one in own)),
        authors=tuple(sorted(others)),
    )


def unseen_log_odds(
    own: Sequence[VoiceText], others: Mapping[str, Sequence[str]], *, config: VoiceConfig
) -> tuple[Floats, float]:
    """Log-odds that the persona wrote each of its texts, as a whole, and the AUC that they are told by.

    Each is by a regression that saw neither its group nor, among the others, a fifth of the authors. Shape (len(own),).

    Raises:
        CorpusError: There are too few own words, or fewer than two other authors.
    """
    _check(own, others, config)
    texts_by_author = {OWN: [one.text for one in own], **others}
    kept = shared_words(texts_by_author, share=config.shared_by, most=config.max_kept_words)
    data = _segments(own, others, kept, config, whole=True)
    sums = _unseen_sums(data, config)
    segments = data.lengths > WHOLE
    calibration = _calibration(sums, data, segments)
    longest = float(max(config.lengths))
    log_odds = calibration.log_odds(sums, np.clip(data.words, min(config.lengths), longest))
    by_fold = [
        at for fold in range(config.folds) for at, one in enumerate(own) if _fold(one.group, config.folds) == fold
    ]
    found = np.zeros(len(own))
    found[by_fold] = log_odds[~segments & data.is_own]
    return found, auc(log_odds[segments], data.is_own[segments])


def _check(own: Sequence[VoiceText], others: Mapping[str, Sequence[str]], config: VoiceConfig) -> None:
    own_words = sum(len(words(one.text)) for one in own)
    if own_words < config.min_own_words:
        raise CorpusError(
            f"{own_words:,} own words are too few to measure a voice by; {config.min_own_words:,} are needed",
            next_step="add sources: twin add PERSONA SOURCE",
        )
    if len(others) < MIN_AUTHORS:
        raise CorpusError(
            f"{len(others)} contrast authors; a voice is measured against at least two",
            next_step="add folders of other authors' texts to the persona's contrast folder",
        )


@dataclass(frozen=True)
class _Data:
    """Segments with what is counted in them, their words, length class, author and fold; N rows."""

    counts: StyleCounts
    words: Floats
    lengths: NDArray[np.intp]
    authors: NDArray[np.str_]
    folds: NDArray[np.intp]

    @property
    def is_own(self) -> Rows:
        return np.asarray(self.authors == OWN)

    def weights(self, rows: Rows | None = None) -> Floats:
        """One unit for the persona, one for all others; within them the same for each author and length class."""
        chosen = np.ones(len(self.words), dtype=bool) if rows is None else rows
        labels = [
            f"{author}/{length}" for author, length in zip(self.authors[chosen], self.lengths[chosen], strict=True)
        ]
        sizes = Counter(labels)
        weights = np.asarray([1 / sizes[label] for label in labels])
        own = self.is_own[chosen]
        return np.where(own, weights / weights[own].sum(), weights / weights[~own].sum())


def _segments(
    own: Sequence[VoiceText],
    others: Mapping[str, Sequence[str]],
    kept: frozenset[str],
    config: VoiceConfig,
    *,
    whole: bool = False,
) -> _Data:
    blocks = [
        (OWN, fold, [one.text for one in own if _fold(one.group, config.folds) == fold]) for fold in range(config.folds)
    ]
    blocks += [(author, at % config.folds, list(texts)) for at, (author, texts) in enumerate(sorted(others.items()))]
    sentences: list[str] = []
    found: list[tuple[str, int, int, Stretch]] = []
    for author, fold, texts in blocks:
        by_text = [sentences_of(text) for text in texts]
        theirs = [sentence for text in by_text for sentence in text]
        most = math.ceil(config.max_segments / config.folds) if author == OWN else config.max_segments
        numbers = words_in(theirs).tolist()
        for length in config.lengths:
            runs = stretches(numbers, length, shortest=max(MIN_WORDS, length // 2))
            found += [(author, fold, length, one.moved(len(sentences))) for one in _spaced(runs, most)]
        at = len(sentences)
        for text in by_text if whole and author == OWN else ():
            found.append((author, fold, WHOLE, Stretch(at, at + len(text), int(words_in(text).sum()))))
            at += len(text)
        sentences += theirs
    counted = count_style(sentences, kept, most=config.max_grams, at_least=config.min_sentences)
    return _Data(
        counts=counted.summed(grouping([(one.first, one.last) for *_, one in found], len(sentences))),
        words=np.asarray([one.words for *_, one in found], dtype=float),
        lengths=np.asarray([length for _, _, length, _ in found]),
        authors=np.asarray([author for author, *_ in found]),
        folds=np.asarray([fold for _, fold, _, _ in found]),
    )


def _spaced(runs: list[Stretch], most: int) -> list[Stretch]:
    """At most so many of the stretches, evenly spaced."""
    return runs if len(runs) <= most else [runs[at * len(runs) // most] for at in range(most)]


def _fold(group: str, folds: int) -> int:
    return int(digest_text(group)[:8], 16) % folds


@dataclass(frozen=True)
class Scaling:
    """What brings counts on one scale: factors of the n-grams, means and deviations of the habits."""

    characters: Floats
    tokens: Floats
    habit_means: Floats
    habit_scales: Floats


def scaled_inputs(counts: StyleCounts, rows: Rows, scaling: Scaling | None = None) -> tuple[sparse.csr_matrix, Scaling]:
    """The regression's inputs of some rows, the last column being ones; the scaling is learned if none is given."""
    characters, tokens = counts.characters.roots[rows], counts.tokens.roots[rows]
    habits = counts.habits[rows]
    if scaling is None:
        scaling = Scaling(_scales(characters), _scales(tokens), habits.mean(axis=0), habits.std(axis=0) + 1e-6)
    standardised = damped((habits - scaling.habit_means) / scaling.habit_scales)
    parts = [
        characters @ sparse.diags(scaling.characters),
        tokens @ sparse.diags(scaling.tokens),
        sparse.csr_matrix(standardised),
        sparse.csr_matrix(np.ones((len(habits), 1))),
    ]
    return sparse.hstack(parts, format="csr"), scaling


def _scales(roots: sparse.csr_matrix) -> Floats:
    """Factors that bring n-grams on one scale, damped: a rare one must not weigh as much as a common one."""
    means = np.asarray(roots.mean(axis=0)).ravel()
    deviations = np.sqrt(np.maximum(0, np.asarray(roots.multiply(roots).mean(axis=0)).ravel() - means**2))
    damping = 0.25 * math.sqrt(float(np.mean(deviations**2))) or 1.0
    return np.asarray(1 / (math.sqrt(len(means)) * (deviations + damping)))


def _unseen_sums(data: _Data, config: VoiceConfig) -> Floats:
    """Each segment's sum by a regression that saw neither its family nor, for another author's, that author."""
    unseen = np.zeros(len(data.words))
    for fold in sorted(set(data.folds.tolist())):
        aside = data.folds == fold
        learned = ~aside & (data.lengths > WHOLE)
        inputs, scaling = scaled_inputs(data.counts, learned)
        weights = logistic(inputs, data.is_own[learned], data.weights(learned), config.penalty)
        unseen[aside] = scaled_inputs(data.counts, aside, scaling)[0] @ weights
    return unseen


def _calibration(sums: Floats, data: _Data, rows: Rows | None = None) -> Calibration:
    """Platt's calibration with the length as a covariate, on unseen sums; of all rows, or of some."""
    used = np.ones(len(sums), dtype=bool) if rows is None else rows
    z = np.log(data.words[used] / CALIBRATION_WORDS)
    inputs = np.stack([sums[used], sums[used] * z, z, np.ones(len(z))], axis=1)
    slope, slope_growth, offset_growth, offset = (
        round(float(one), 6) for one in logistic(inputs, data.is_own[used], data.weights(used), 1e-3)
    )
    return Calibration(slope=slope, slope_growth=slope_growth, offset=offset, offset_growth=offset_growth)


def _levels(data: _Data, unseen: Floats, calibration: Calibration, config: VoiceConfig) -> tuple[LevelPoint, ...]:
    """Floor and ceiling at each length that has enough segments."""
    known = data.counts.tokens.known_shares()
    points = []
    others = sorted(set(data.authors[~data.is_own].tolist()))
    for length in config.lengths:
        here = data.lengths == length
        own = unseen[here & data.is_own]
        theirs = [group for one in others if (group := unseen[here & (data.authors == one)]).size]
        if own.size < MIN_SEGMENTS or len(theirs) < MIN_AUTHORS:
            continue
        points.append(
            LevelPoint(
                words=length,
                floor=round(float(np.mean([group.mean() for group in theirs])), 6),
                ceiling=round(float(own.mean()), 6),
                least_known=round(float(np.quantile(known[here], LEAST_KNOWN_QUANTILE)), 6),
            )
        )
    # A slope below zero would turn sums that mislead into a gap that looks right.
    slopes = calibration.slope_at(np.asarray([float(point.words) for point in points]))
    if not points or np.any(slopes <= 0) or any(point.ceiling - point.floor < MIN_GAP for point in points):
        raise CorpusError(
            "the persona's voice cannot be told from the contrast authors'",
            next_step="add more of the persona's own writing, or contrast authors who write differently",
        )
    return tuple(points)


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(float(one), 6) for one in values)
