"""The voice scorer and its peers, each fitted on a round: log-odds that a text is Chesterton's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.authorship_rounds import Floats, Round, Texts
from twin_data.configuration.home import cache_folder
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.voice import VoiceConfig, VoiceProfile, VoiceText
from twin_data.scoring.voice_fitting import fit_voice
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder

TRAINING_SEGMENTS = VoiceConfig().max_segments
"""Of one author and length, at most; what ours takes by default."""
ENCODED_SEGMENTS = 40
"""The same for sentence embeddings, which take long on a processor."""
DELTA_WORDS = 150

Score = Callable[[Texts], Floats]
"""Log-odds at even odds beforehand, one a text."""


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
