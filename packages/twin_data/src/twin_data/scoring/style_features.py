"""Style without topic: what a text looks like once every word that tells its subject is masked.

Masking follows text distortion (Stamatatos, 2017, "Authorship attribution using text distortion"): frequent words that
most authors share stay as they are, all others are reduced to their last letters, so that grammar, punctuation, casing
and rhythm remain. Counted, sentence by sentence, are character n-grams of the masked text, n-grams of its words and
marks (function words with what stands between them: syntax without a tagger), and a few habits.

A text's counts are the sums over its sentences. Counting each sentence once therefore serves stretches of any length.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import regex
from numpy.typing import NDArray

from twin_data.scoring.sentences import WORD, sentence_spans, words

Floats = NDArray[np.float64]

CHARACTER_GRAMS = (2, 3, 4, 5)
TOKEN_GRAMS = (1, 2, 3)
KEPT_SUFFIX = 2
MASK = "•"
BEGINNING, END = "<s>", "</s>"
_SPACES = regex.compile(r"\s+")
_TOKEN = regex.compile(r"\^?•?[\p{L}\p{M}]+(?:['’]\p{L}+)*|\p{N}+|\.\.\.|--|[^\s\p{L}\p{M}\p{N}]")
_MARKS = {
    "comma": regex.compile(r","),
    "semicolon": regex.compile(r";"),
    "colon": regex.compile(r":"),
    "dash": regex.compile(r"—|–|\s-\s|--"),
    "bracket": regex.compile(r"\("),
    "question": regex.compile(r"\?"),
    "exclamation": regex.compile(r"!"),
    "quotation": regex.compile(r"[“\"]"),
    "ellipsis": regex.compile(r"…|\.\.\."),
    "contraction": regex.compile(r"(?i)\p{L}['’](?:s|t|re|ve|ll|d|m)\b"),
    "first_person": regex.compile(r"(?i)\b(?:I|me|my|mine|myself)\b"),
    "we": regex.compile(r"(?i)\b(?:we|us|our|ours)\b"),
    "you": regex.compile(r"(?i)\byou(?:r|rs)?\b"),
    "list": regex.compile(r"(?m)^\s*(?:[-*•]|\d+[.)])\s"),
    "bold": regex.compile(r"\*\*|__"),
    "and_opening": regex.compile(r"^(?:And|But|So|Or)\b"),
    "negation": regex.compile(r"(?i)\b(?:not|no|never|nor|none|nothing)\b|n['’]t\b"),
    "capitals": regex.compile(r"\b\p{Lu}{2,}\b"),
}
HABITS = (*_MARKS, "long_words", "word_letters", "sentence_words", "sentence_spread", "short_sentences")
LONG_WORD_LETTERS, SHORT_SENTENCE_WORDS = 9, 8
TALLIES = (*_MARKS, "long_words", "letters", "words", "sentences", "squared_sentence_words", "short_sentences")
"""What is counted in a sentence for the habits; the tallies of a text are the sums over its sentences."""


def shared_words(
    texts_by_author: Mapping[str, Sequence[str]], *, share: float = 0.6, most: int | None = None
) -> frozenset[str]:
    """Lower-cased words that at least this share of the authors use: the ones that cannot tell a subject.

    Args:
        texts_by_author: Texts of each author.
        share: Of the authors.
        most: Only so many, those with the highest mean relative frequency; what all authors of long books mention
            at times ("church", "money") is a subject nevertheless.
    """
    used: Counter[str] = Counter()
    frequency: defaultdict[str, float] = defaultdict(float)
    for texts in texts_by_author.values():
        counts = Counter(word.casefold() for text in texts for word in words(text))
        total = counts.total()
        used.update(counts.keys())
        for word, count in counts.items():
            frequency[word] += count / total
    needed = math.ceil(share * len(texts_by_author))
    shared = sorted((-frequency[word], word) for word, authors in used.items() if authors >= needed)
    return frozenset(word for _, word in shared[:most])


def masked(text: str, kept: Collection[str]) -> str:
    """The text with each word outside `kept` reduced to a mask and its last letters, numbers to `0`."""

    def replaced(match: regex.Match[str]) -> str:
        word = match[0]
        if word[0].isdigit():
            return "0"
        lowered = word.casefold()
        if lowered in kept:
            return lowered if word.islower() or not word[0].isupper() else word[0] + lowered[1:]
        return ("^" if word[0].isupper() else "") + MASK + lowered[-KEPT_SUFFIX:]

    return _SPACES.sub(" ", WORD.sub(replaced, text)).strip()


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of a text, each with its inner line breaks."""
    return tuple(span.of(text) for span in sentence_spans(text))


def character_grams(masked_sentence: str) -> Counter[str]:
    """Character n-grams of a masked sentence, blanks around it included."""
    padded = f" {masked_sentence} "
    return Counter(padded[at : at + length] for length in CHARACTER_GRAMS for at in range(len(padded) - length + 1))


def token_grams(masked_sentence: str) -> Counter[str]:
    """N-grams of the words and marks of a masked sentence, its beginning and end among them; joined by blanks."""
    tokens = [BEGINNING, *_TOKEN.findall(masked_sentence), END]
    return Counter(" ".join(tokens[at : at + n]) for n in TOKEN_GRAMS for at in range(len(tokens) - n + 1))


def tallies(sentence: str) -> Floats:
    """What the habits are made of, counted in one sentence, shape (len(TALLIES),)."""
    found = words(sentence)
    marks = [len(pattern.findall(sentence)) for pattern in _MARKS.values()]
    long_words = sum(len(word) >= LONG_WORD_LETTERS for word in found)
    letters = sum(map(len, found))
    is_short = len(found) < SHORT_SENTENCE_WORDS
    return np.asarray([*marks, long_words, letters, len(found), 1, len(found) ** 2, is_short], dtype=float)


def habit_rates(summed: Floats) -> Floats:
    """Habits of texts from their summed tallies, shapes (N, len(TALLIES)) to (N, len(HABITS)).

    Marks and long words a hundred words; mean letters of a word; mean and standard deviation of a sentence's words;
    short sentences a hundred sentences.
    """
    column = {name: summed[:, at] for at, name in enumerate(TALLIES)}
    number, sentences = np.maximum(1, column["words"]), np.maximum(1, column["sentences"])
    mean = column["words"] / sentences
    spread = np.sqrt(np.maximum(0, column["squared_sentence_words"] / sentences - mean**2))
    marks = [100 * column[name] / number for name in (*_MARKS, "long_words")]
    rhythm = [column["letters"] / number, mean, spread, 100 * column["short_sentences"] / sentences]
    return np.stack([*marks, *rhythm], axis=1)


def habits(text: str) -> Floats:
    """Habits of one text, shape (len(HABITS),)."""
    summed = np.sum([tallies(one) for one in sentences_of(text)] or [np.zeros(len(TALLIES))], axis=0)
    return np.asarray(habit_rates(summed[np.newaxis])[0])
