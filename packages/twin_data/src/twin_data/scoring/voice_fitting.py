"""How a voice is learned: a penalised logistic regression, calibrated on texts and authors that it had not seen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from twin_data.contracts.digests import digest_text, digest_value
from twin_data.contracts.errors import CorpusError
from twin_data.scoring.sentences import words
from twin_data.scoring.style_counts import Stretch, StyleCounts, count_style, grouping, stretches, words_in
from twin_data.scoring.style_features import Floats, sentences_of, shared_words
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
STOP = {"maxiter": 200, "ftol": 1e-6, "gtol": 1e-6}
"""Of the regression: further steps move weights, not the order of texts."""
OWN = ""
Rows = NDArray[np.bool_]


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
        auc=round(_auc(unseen, data.is_own), 6),
        segments=len(data.words),
        own_digest=digest_value(sorted(digest_text(one.text) for one in own)),
        authors=tuple(sorted(others)),
    )


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
    own: Sequence[VoiceText], others: Mapping[str, Sequence[str]], kept: frozenset[str], config: VoiceConfig
) -> _Data:
    blocks = [
        (OWN, fold, [one.text for one in own if _fold(one.group, config.folds) == fold]) for fold in range(config.folds)
    ]
    blocks += [(author, at % config.folds, list(texts)) for at, (author, texts) in enumerate(sorted(others.items()))]
    sentences: list[str] = []
    found: list[tuple[str, int, int, Stretch]] = []
    for author, fold, texts in blocks:
        theirs = [sentence for text in texts for sentence in sentences_of(text)]
        most = math.ceil(config.max_segments / config.folds) if author == OWN else config.max_segments
        numbers = words_in(theirs).tolist()
        for length in config.lengths:
            runs = stretches(numbers, length, shortest=max(MIN_WORDS, length // 2))
            found += [(author, fold, length, one.moved(len(sentences))) for one in _spaced(runs, most)]
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
        inputs, scaling = scaled_inputs(data.counts, ~aside)
        weights = logistic(inputs, data.is_own[~aside], data.weights(~aside), config.penalty)
        unseen[aside] = scaled_inputs(data.counts, aside, scaling)[0] @ weights
    return unseen


def logistic(inputs: sparse.csr_matrix | Floats, is_own: Rows, weights: Floats, penalty: float) -> Floats:
    """L2-penalised weighted logistic regression; the last column is the intercept, which is not penalised."""
    signs = np.where(is_own, 1.0, -1.0)

    def loss(beta: Floats) -> tuple[float, Floats]:
        margins = signs * (inputs @ beta)
        value = float(weights @ np.logaddexp(0, -margins))
        gradient = (-(weights * signs / (1 + np.exp(np.clip(margins, -500, 500))))) @ inputs
        shrunk = np.append(beta[:-1], 0.0)
        return value + 0.5 * penalty * 1e-3 * float(shrunk @ shrunk), gradient + penalty * 1e-3 * shrunk

    found = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B", options=STOP)
    return np.asarray(found.x)


def _calibration(sums: Floats, data: _Data) -> Calibration:
    """Platt's calibration with the length as a covariate, on unseen sums."""
    z = np.log(data.words / CALIBRATION_WORDS)
    inputs = np.stack([sums, sums * z, z, np.ones(len(z))], axis=1)
    slope, slope_growth, offset_growth, offset = (
        round(float(one), 6) for one in logistic(inputs, data.is_own, data.weights(), 1e-3)
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


def _auc(logits: Floats, is_own: Rows) -> float:
    """Probability that an own segment scores above another author's (Mann-Whitney)."""
    order = np.argsort(np.concatenate([logits[is_own], logits[~is_own]]), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    own = int(is_own.sum())
    return float((ranks[:own].sum() - own * (own + 1) / 2) / (own * (len(logits) - own)))
