"""The authorship score by size of the corpus: what growing subsamples of the persona's families teach.

At each size the voice's regression (`voice_fitting`) is fitted on families and contrast authors, and tells texts of
families and of authors that it has not seen. Sizes are nested: in each draw the families come in another order, and a
smaller sample is the beginning of a larger one. The chance that an own text is ranked above another author's is taken
within a fold, where one regression scored both, and averaged over authors; intervals draw whole families and authors.

The curve is a power law with an asymptote, `1 - AUC = a + b n^-c` (Hestness et al., 2017), fitted anew in each
resample. How far it can be trusted is tried on what is known: the largest size, foretold from the smaller ones.

The regression sees fewer n-grams than a profile does, and which words are masked is decided on the whole corpus, so
the smallest sizes look a little better than they would by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.digests import digest_text
from twin_data.contracts.learning import LearningCurve, LearningCurveConfig
from twin_data.scoring.curve_points import Measured, curve_of
from twin_data.scoring.sentences import words
from twin_data.scoring.style_counts import Stretch, StyleCounts, count_style, grouping, stretches, words_in
from twin_data.scoring.style_features import Floats, sentences_of, shared_words
from twin_data.scoring.style_regression import logistic
from twin_data.scoring.voice import VoiceConfig, VoiceText
from twin_data.scoring.voice_fitting import scaled_inputs

Progress = Callable[[int, int], None]
Indices = NDArray[np.intp]
Item = TypeVar("Item")


def learning_curve(
    own: Sequence[VoiceText],
    others: Mapping[str, Sequence[str]],
    *,
    config: LearningCurveConfig,
    voice: VoiceConfig,
    progress: Progress,
) -> LearningCurve:
    """Measure the curve; where material or contrasts are too thin, say so instead.

    Args:
        own: The persona's own words that may train, each with its family.
        others: Texts of each other author; generic assistant prose counts as one.
        config: Sizes, folds, bars.
        voice: Which words are masked, and the penalty.
        progress: Called with the number of fits done and of all.
    """
    others = {name: texts for name, texts in others.items() if _word_count(texts) >= config.text_words}
    if unsaid := _too_thin(own, others, config):
        return LearningCurve(unsaid=unsaid)
    data = _counted(own, others, config, voice)
    sizes = _sizes(data, config)
    if len(sizes) < 2 or len(set(data.family.tolist())) < config.min_families:
        return LearningCurve(unsaid=f"too few texts of {config.text_words} words to learn from in growing samples")
    measured = _measured(data, sizes, config, voice.penalty, progress)
    return curve_of(measured, data.names, config=config)


def _too_thin(own: Sequence[VoiceText], others: Mapping[str, Sequence[str]], config: LearningCurveConfig) -> str:
    families = len({one.group for one in own})
    if families < config.min_families:
        return f"{families} families of documents may train; {config.min_families} are needed to hold some out"
    if len(others) < config.min_authors:
        return f"{len(others)} contrast authors; {config.min_authors} are needed, so that some are never seen"
    return ""


@dataclass(frozen=True)
class _Data:
    """Texts of about one length, the persona's first; N rows.

    Attributes:
        counts: What is counted in them.
        words: Of each text.
        family: Of each own text, by number; -1 for others'.
        author: Of each text, by number; -1 for the persona.
        fold: In which each is held out.
        names: Of the contrast authors.
    """

    counts: StyleCounts
    words: Floats
    family: Indices
    author: Indices
    fold: Indices
    names: tuple[str, ...]
    folds: int

    @property
    def is_own(self) -> NDArray[np.bool_]:
        return np.asarray(self.author < 0)


def _counted(
    own: Sequence[VoiceText], others: Mapping[str, Sequence[str]], config: LearningCurveConfig, voice: VoiceConfig
) -> _Data:
    texts_by_author = {"": [one.text for one in own], **others}
    kept = shared_words(texts_by_author, share=voice.shared_by, most=voice.max_kept_words)
    folds = min(config.folds, len(others))
    sentences: list[str] = []
    found: list[tuple[int, int, Stretch]] = []  # family or -1, author or -1, sentences
    mine = [
        (number, text) for number, texts in enumerate(_blocks(own, config.text_words)) for text in _cut(texts, config)
    ]
    for number, text in _spaced(mine, config.max_own_texts):
        found.append((number, -1, _added(sentences, text)))
    for number, (_, theirs) in enumerate(sorted(others.items())):
        for text in _spaced(_cut(theirs, config), config.max_texts_per_author):
            found.append((-1, number, _added(sentences, text)))
    counted = count_style(sentences, kept, most=config.max_grams, at_least=voice.min_sentences)
    family, author = (np.asarray([one[at] for one in found], dtype=np.intp) for at in (0, 1))
    family[author < 0] = np.unique(family[author < 0], return_inverse=True)[1]  # some may have lost all their texts
    words = np.asarray([one.words for *_, one in found], dtype=float)
    return _Data(
        counts=counted.summed(grouping([(one.first, one.last) for *_, one in found], len(sentences))),
        words=words,
        family=family,
        author=author,
        fold=np.where(author < 0, _balanced(family, words, folds)[family], author % folds),
        names=tuple(sorted(others)),
        folds=folds,
    )


def _word_count(texts: Sequence[str]) -> int:
    return sum(len(words(text)) for text in texts)


def _blocks(own: Sequence[VoiceText], length: int) -> list[list[str]]:
    """The texts of each family; families too short for a text of the length are joined with the next such ones."""
    by_family: dict[str, list[str]] = {}
    for one in own:
        by_family.setdefault(one.group, []).append(one.text)
    blocks: list[list[str]] = []
    held: list[str] = []
    for name in sorted(by_family, key=digest_text):
        texts = by_family[name]
        if _word_count(texts) >= length:
            blocks.append(texts)
            continue
        held += texts
        if _word_count(held) >= length:
            blocks.append(held)
            held = []
    return blocks


def _cut(texts: Sequence[str], config: LearningCurveConfig) -> list[list[str]]:
    """Texts of about one length, each as its sentences."""
    theirs = [sentence for text in texts for sentence in sentences_of(text)]
    runs = stretches(words_in(theirs).tolist(), config.text_words, shortest=config.text_words // 2)
    return [theirs[one.first : one.last] for one in runs]


def _added(sentences: list[str], text: Sequence[str]) -> Stretch:
    """The text as a stretch of the list of sentences, to which its own are added: only what is used is counted."""
    first = len(sentences)
    sentences += text
    return Stretch(first, len(sentences), int(words_in(text).sum()))


def _spaced(items: Sequence[Item], most: int) -> Sequence[Item]:
    """At most so many, evenly spaced."""
    return items if len(items) <= most else [items[at * len(items) // most] for at in range(most)]


def _balanced(family: Indices, words: Floats, folds: int) -> Indices:
    """The fold of each family, shape (families,): the largest first, each to the fold with the fewest words so far."""
    own = family >= 0
    totals = np.bincount(family[own], weights=words[own])
    fold, held = np.zeros(len(totals), dtype=np.intp), np.zeros(folds)
    for number in np.argsort(-totals, kind="stable"):
        fold[number] = int(np.argmin(held))
        held[fold[number]] += totals[number]
    return fold


def _sizes(data: _Data, config: LearningCurveConfig) -> list[float]:
    """Words to learn from: what all folds can give, halved as long as enough is left."""
    own = data.is_own
    per_fold = np.bincount(data.fold[own], weights=data.words[own], minlength=data.folds)
    sizes: list[float] = []
    size = float(per_fold.sum() - per_fold.max())
    while size >= config.min_words and len(sizes) < config.sizes:
        sizes.append(size)
        size /= 2
    return sizes[::-1]


def _measured(
    data: _Data, sizes: Sequence[float], config: LearningCurveConfig, penalty: float, progress: Progress
) -> Measured:
    families, authors = int(data.family.max()) + 1, len(data.names)
    draws = [config.draws] * (len(sizes) - 1) + [1]  # the largest sample is the same whatever the order
    total, done = sum(draws) * data.folds, 0
    words = np.zeros(len(sizes))
    ranked = np.zeros((len(sizes), families, authors))
    losses = np.zeros((len(sizes), len(data.words)))
    for at, size in enumerate(sizes):
        for draw in range(draws[at]):
            unseen = np.zeros(len(data.words))
            for fold in range(data.folds):
                rows = _sample(data, fold, size, draw)
                words[at] += data.words[rows & data.is_own].sum() / (draws[at] * data.folds)
                inputs, scaling = scaled_inputs(data.counts, rows)
                weights = logistic(inputs, data.is_own[rows], _weights(data, rows), penalty)
                aside = data.fold == fold
                unseen[aside] = scaled_inputs(data.counts, aside, scaling)[0] @ weights
                done += 1
                progress(done, total)
            ranked[at] += _ranked(data, unseen, families) / draws[at]
            losses[at] += _losses(data, unseen) / draws[at]
    own = data.is_own
    return Measured(
        words=words,
        fits=tuple(one * data.folds for one in draws),
        ranked=ranked,
        own_loss=np.stack([_means(data.family[own], one[own], families) for one in losses]),
        other_loss=np.stack([_means(data.author[~own], one[~own], authors) for one in losses]),
        texts=np.bincount(data.family[own], minlength=families).astype(float),
    )


def _sample(data: _Data, fold: int, size: float, draw: int) -> NDArray[np.bool_]:
    """Rows to learn from: families in the draw's order until there are so many words, and all authors not held out."""
    rows = np.asarray(data.fold != fold)
    own = np.flatnonzero(rows & data.is_own)
    order = np.random.default_rng([draw, 17]).permutation(int(data.family.max()) + 1)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    own = own[np.argsort(place[data.family[own]], kind="stable")]
    before = np.cumsum(data.words[own]) - data.words[own]
    rows[own[before >= size]] = False
    return rows


def _weights(data: _Data, rows: NDArray[np.bool_]) -> Floats:
    """One unit for the persona, one for all others together, within which each author has the same."""
    author = data.author[rows]
    sizes = np.bincount(author + 1, minlength=len(data.names) + 1)
    present = int(np.count_nonzero(sizes[1:]))
    return np.asarray(1 / (sizes[author + 1] * np.where(author < 0, 1, present)))


def _ranked(data: _Data, unseen: Floats, families: int) -> Floats:
    """Chance of each family's texts to stand above each author's of the same fold, shape (F, J)."""
    found = np.full((families, len(data.names)), np.nan)
    for number in range(len(data.names)):
        theirs = np.sort(unseen[data.author == number])
        if not len(theirs):
            continue
        rows = data.is_own & (data.fold == number % data.folds)
        above = np.searchsorted(theirs, unseen[rows], "left") + np.searchsorted(theirs, unseen[rows], "right")
        found[:, number] = _means(data.family[rows], above / (2 * len(theirs)), families)
    return found


def _losses(data: _Data, unseen: Floats) -> Floats:
    """Log-loss of each text, its fold calibrated on the other folds' (Platt, 1999), shape (N,)."""
    losses = np.zeros(len(unseen))
    signs = np.where(data.is_own, 1.0, -1.0)
    for fold in range(data.folds):
        aside = data.fold == fold
        columns = np.stack([unseen, np.ones(len(unseen))], axis=1)
        slope = logistic(columns[~aside], data.is_own[~aside], _weights(data, ~aside), 1e-3)
        losses[aside] = np.logaddexp(0, -signs[aside] * (columns[aside] @ slope))
    return losses


def _means(groups: Indices, values: Floats, size: int) -> Floats:
    """Mean of each group, NaN for one that is empty."""
    counts = np.bincount(groups, minlength=size)
    sums = np.bincount(groups, weights=values, minlength=size)
    return np.asarray(np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0))
