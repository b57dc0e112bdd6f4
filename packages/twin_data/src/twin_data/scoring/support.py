"""Whether a passage supports a claim: a deterministic check that names what is missing.

The score is the weighted share of the claim's content stems that the evidence holds, adjacent pairs counted beside
single stems. Three things stop a claim whatever its score: a number, a name or a negation that the evidence lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import regex

from twin_data.contracts.base import Span
from twin_data.scoring.sentences import STOPWORDS, WORD, content_stems, sentence_spans, stem, words

PAIR_SHARE = 0.25
"""Weight of adjacent pairs beside single stems."""
PAIR_DISTANCE = 3
"""How many content stems apart a pair may stand in the evidence."""
MIN_WEIGHT = 0.05
"""Added to every stem's weight, so that a claim made of common words alone can still be checked."""
MAX_WINDOW_SENTENCES = 3
_NEGATIONS = frozenset("not no never none nobody nothing neither nor without cannot".split())
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"}
_SENTENCE_START = regex.compile(r"(?:^|[.!?…:;]\s+|\n)[\s\"'“‘(—–-]*$")
Weight = Callable[[str], float]


@dataclass(frozen=True)
class Support:
    """How well a span of a text supports a claim.

    Attributes:
        score: 0 to 1; 0 if a hard constraint failed.
        span: The shortest run of sentences, within the evidence, that gives the score.
        missing: What the evidence lacks, in words; empty if no hard constraint failed.
    """

    score: float
    span: Span
    missing: str = ""


class EvidenceText:
    """One text prepared for checking many claims: its runs of one to three sentences within the allowed spans."""

    def __init__(self, text: str, allowed: Sequence[Span]) -> None:
        """Prepare `text`; only spans in `allowed` (the persona's own words) may be cited."""
        self.text = text
        self._windows = [_Window.of(text, span) for span in sentence_windows(text, allowed)]

    def support(self, claim: str, weight: Weight) -> Support | None:
        """The window that best supports the claim, the shortest if several do; None if the text has none.

        Args:
            claim: One sentence.
            weight: Weight of a stem, 0 to 1.
        """
        prepared = _Claim.of(claim)
        found = [_support(prepared, window, weight) for window in self._windows]
        return max(found, key=lambda one: (round(one.score, 3), one.span.start - one.span.end), default=None)


@dataclass(frozen=True)
class _Claim:
    stems: list[str]
    numbers: set[str]
    names: set[str]
    negated: bool

    @classmethod
    def of(cls, text: str) -> _Claim:
        return cls(content_stems(text), numbers(text), names(text), is_negated(text))


@dataclass(frozen=True)
class _Window:
    span: Span
    stems: frozenset[str]
    near: frozenset[tuple[str, str]]
    words: frozenset[str]
    numbers: set[str]
    negated: bool

    @classmethod
    def of(cls, text: str, span: Span) -> _Window:
        piece = span.of(text)
        held = content_stems(piece)
        near = frozenset((a, b) for i, a in enumerate(held) for b in held[i + 1 : i + 1 + PAIR_DISTANCE])
        every = frozenset(stem(word) for word in words(piece))
        return cls(span, frozenset(held), near, every, numbers(piece), is_negated(piece))


def sentence_windows(text: str, allowed: Sequence[Span], *, longest: int = MAX_WINDOW_SENTENCES) -> list[Span]:
    """Every run of one to `longest` consecutive sentences that lies within one allowed span."""
    windows = []
    for span in allowed:
        sentences = [
            Span(start=one.start + span.start, end=one.end + span.start) for one in sentence_spans(span.of(text))
        ]
        for first in range(len(sentences)):
            for last in range(first, min(first + longest, len(sentences))):
                windows.append(Span(start=sentences[first].start, end=sentences[last].end))
    return windows


def _support(claim: _Claim, window: _Window, weight: Weight) -> Support:
    if missing := _missing_constraint(claim, window):
        return Support(score=0.0, span=window.span, missing=missing)
    if not claim.stems:
        return Support(score=0.0, span=window.span, missing="the sentence says nothing that can be checked")
    single = _covered(claim.stems, window.stems, weight)
    pairs = list(zip(claim.stems, claim.stems[1:], strict=False))
    if not pairs:
        return Support(score=single, span=window.span)
    paired = sum((a, b) in window.near or (b, a) in window.near for a, b in pairs) / len(pairs)
    return Support(score=(1 - PAIR_SHARE) * single + PAIR_SHARE * paired, span=window.span)


def _covered(stems: list[str], held: frozenset[str], weight: Weight) -> float:
    weights = {one: weight(one) + MIN_WEIGHT for one in stems}
    return sum(weights[one] for one in weights if one in held) / sum(weights.values())


def _missing_constraint(claim: _Claim, window: _Window) -> str:
    if unknown := claim.numbers - window.numbers:
        return f"the number {min(unknown)} is not in the passage"
    if unnamed := sorted(name for name in claim.names if stem(name) not in window.words):
        return f"the name {unnamed[0]} is not in the passage"
    if claim.negated and not window.negated:
        return "the passage does not deny it"
    return ""


def numbers(text: str) -> set[str]:
    """The numbers of a text in a common form: `1,310` and `1310` are one, as are `seven` and `7`."""
    found = set()
    for word in words(text):
        if word[0].isdigit():
            found.add(word.replace(",", "").rstrip(".0") if "." in word else word.replace(",", ""))
        elif value := _NUMBER_WORDS.get(word.casefold()):
            found.add(value)
    found.discard("1")  # "one" is a pronoun more often than a figure
    return found


def names(text: str) -> set[str]:
    """Words that look like proper names: capitalised where no sentence begins, or written with several capitals."""
    found = set()
    for match in WORD.finditer(text):
        word = match[0]
        if not word[0].isupper() or word.casefold() in STOPWORDS or word.startswith(("I'", "I’")) or len(word) < 2:
            continue
        if not _SENTENCE_START.search(text[: match.start()]) or any(letter.isupper() for letter in word[1:]):
            found.add(word.removesuffix("'s").removesuffix("’s"))
    return found


def is_negated(text: str) -> bool:
    """Whether the text holds an odd number of negations."""
    count = 0
    for word in words(text):
        lowered = word.casefold().replace("’", "'")
        count += lowered in _NEGATIONS or lowered.endswith("n't")
    return count % 2 == 1
