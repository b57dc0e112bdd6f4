"""The sentiment of a sentence, from -1 to 1: VADER's (Hutto and Gilbert, 2014).

A lexicon of English with rules for negation and degree. It sees words, not what they are said of: irony and quoted
opinions count as they read. What is said of a thing that the sentence names is its stance (`stance.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

NEUTRAL = 0.05
"""Sentences up to here are neutral, as VADER's authors advise."""

Sentiment = Callable[[str], float]


def vader(text: str) -> float:
    """VADER's compound score of a sentence."""
    return float(_analyser().polarity_scores(text)["compound"])


def lexicon() -> dict[str, float]:
    """VADER's words, in lower case, from -4 to 4."""
    return {word: float(value) for word, value in _analyser().lexicon.items()}


@cache
def _analyser():  # type: ignore[no-untyped-def]  # the library has no types
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # reads its lexicon

    return SentimentIntensityAnalyzer()
