"""Style without topic: what a text looks like once every word that tells its subject is masked.

Masking follows text distortion (Stamatatos, 2017, "Authorship attribution using text distortion"): words that most
authors share stay as they are, all others are reduced to their last letters, so that grammar, punctuation, casing and
rhythm remain. Counted are character n-grams of the masked text and the rates of a few habits.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import regex
from numpy.typing import NDArray

from twin_data.scoring.sentences import WORD, sentence_spans, words

Floats = NDArray[np.float64]

GRAM_LENGTHS = (2, 3, 4)
KEPT_SUFFIX = 2
MASK = "•"
_SPACES = regex.compile(r"\s+")
_CONTRACTION = regex.compile(r"(?i)\p{L}['’](?:s|t|re|ve|ll|d|m)\b")
_HABITS = {
    "comma": regex.compile(r","),
    "semicolon": regex.compile(r";"),
    "colon": regex.compile(r":"),
    "dash": regex.compile(r"—|–|\s-\s|--"),
    "bracket": regex.compile(r"\("),
    "question": regex.compile(r"\?"),
    "exclamation": regex.compile(r"!"),
    "quotation": regex.compile(r"[“\"]"),
    "ellipsis": regex.compile(r"…|\.\.\."),
    "contraction": _CONTRACTION,
    "first_person": regex.compile(r"(?i)\b(?:I|me|my|mine|myself)\b"),
    "we": regex.compile(r"(?i)\b(?:we|us|our|ours)\b"),
    "you": regex.compile(r"(?i)\byou(?:r|rs)?\b"),
    "list": regex.compile(r"(?m)^\s*(?:[-*•]|\d+[.)])\s"),
    "bold": regex.compile(r"\*\*|__"),
    "and_opening": regex.compile(r"(?:^|[.!?]\s+)(?:And|But|So|Or)\b"),
    "negation": regex.compile(r"(?i)\b(?:not|no|never|nor|none|nothing)\b|n['’]t\b"),
    "capitals": regex.compile(r"\b\p{Lu}{2,}\b"),
}
HABITS = (*_HABITS, "sentence_words", "sentence_spread", "word_letters", "long_words", "new_words")


def shared_words(texts_by_author: Mapping[str, Sequence[str]], *, share: float = 0.6) -> frozenset[str]:
    """Lower-cased words that at least this share of the authors use: the ones that cannot tell a subject."""
    used = [{word.casefold() for text in texts for word in words(text)} for texts in texts_by_author.values()]
    counts = Counter(word for vocabulary in used for word in vocabulary)
    needed = max(2, math.ceil(share * len(used)))
    return frozenset(word for word, count in counts.items() if count >= needed)


def masked(text: str, kept: Collection[str]) -> str:
    """The text with each word outside `kept` reduced to a mask and its last letters, numbers to `0`."""

    def replaced(match: regex.Match[str]) -> str:
        word = match[0]
        if word[0].isdigit():
            return "0"
        lowered = word.casefold()
        if lowered in kept:
            return lowered if word.islower() or not word[0].isupper() else word[0] + lowered[1:]
        head = MASK.upper() if word[0].isupper() else MASK
        return ("^" if word[0].isupper() else "") + head + lowered[-KEPT_SUFFIX:]

    return _SPACES.sub(" ", WORD.sub(replaced, text)).strip()


def gram_counts(masked_text: str) -> Counter[str]:
    """Character n-grams of a masked text."""
    padded = f" {masked_text} "
    return Counter(padded[at : at + length] for length in GRAM_LENGTHS for at in range(len(padded) - length + 1))


def habits(text: str) -> Floats:
    """Rates of habits, shape (len(HABITS),): marks and word classes a hundred words, lengths in words and letters."""
    found = words(text)
    count = max(1, len(found))
    lengths = [len(words(span.of(text))) for span in sentence_spans(text)] or [0]
    letters = [len(word) for word in found] or [0]
    distinct = len({word.casefold() for word in found})
    rates = [100 * len(pattern.findall(text)) / count for pattern in _HABITS.values()]
    return np.asarray(
        [
            *rates,
            float(np.mean(lengths)),
            float(np.std(lengths)),
            float(np.mean(letters)),
            100 * sum(size > 8 for size in letters) / count,
            distinct / math.sqrt(count),  # Guiraud's measure: less dependent on length than the plain ratio
        ]
    )


def frequent_grams(counts: Iterable[Counter[str]], *, most: int, at_least: int) -> tuple[str, ...]:
    """The n-grams that occur in most texts, in order of name; only those in at least `at_least` of them."""
    in_texts: Counter[str] = Counter()
    for one in counts:
        in_texts.update(one.keys())
    ranked = sorted(((-number, gram) for gram, number in in_texts.items() if number >= at_least))
    return tuple(sorted(gram for _, gram in ranked[:most]))


def gram_matrix(counts: Sequence[Counter[str]], grams: Sequence[str]) -> Floats:
    """Shape (texts, grams): square roots of relative frequencies, which tame the common n-grams (Hellinger)."""
    matrix = np.zeros((len(counts), len(grams)))
    place = {gram: at for at, gram in enumerate(grams)}
    for row, one in enumerate(counts):
        total = max(1, sum(one.values()))
        for gram, number in one.items():
            if (at := place.get(gram)) is not None:
                matrix[row, at] = math.sqrt(number / total)
    return matrix
