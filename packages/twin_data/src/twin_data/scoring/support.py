"""Whether a passage supports a claim: a deterministic check that names what is missing.

The score is the weighted share of the claim's content stems that the evidence holds, adjacent pairs counted beside
single stems. Three things stop a claim whatever its score: a number or a name that the evidence lacks, and a clause of
the evidence that says the opposite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import regex

from twin_data.contracts.base import Span
from twin_data.scoring.numerals import numbers as numbers
from twin_data.scoring.numerals import without_numbers
from twin_data.scoring.sentences import STOPWORDS, WORD, content_stems, sentence_spans, stem, words

PAIR_SHARE = 0.25
"""Weight of adjacent pairs beside single stems."""
PAIR_DISTANCE = 3
"""How many content stems apart a pair may stand in the evidence."""
MIN_WEIGHT = 0.05
"""Added to every stem's weight, so that a claim made of common words alone can still be checked."""
MAX_WINDOW_SENTENCES = 3
_NEGATIONS = frozenset("not no never none nobody nothing neither nor without cannot".split())
# "Not only", "no fewer than 42", "not until May": a negation in form alone.
_NO_DENIAL = regex.compile(
    r"(?i)\b(?:not|no) (?:only|just|merely|simply|until|till|fewer|less|more|later|doubt|wonder)\b"
)
_CLAUSE_END = regex.compile(
    r"[,;:.!?…()]+(?=\s|$|[\"'”’»)])|\s[–-]+\s|—|\bbut\b|(?=\b(?:without|nor)\b)"
    r"|\b(?:and|or)(?=\s+(?:not|never|no|nothing|nobody|none)\b)"
)
OPPOSED_SHARE = 0.5
"""Share of a clause's weight that, found only where the evidence says the opposite, makes it a contradiction."""
_SENTENCE_START = regex.compile(r"(?:^|[.!?…:;][\"'”’»)\]]*\s+|\n)[\s\"'“‘(—–-]*$")
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
class _Clause:
    stems: frozenset[str]
    negated: bool

    @classmethod
    def all_of(cls, text: str) -> list[_Clause]:
        pieces = _CLAUSE_END.split(_NO_DENIAL.sub(" ", text))
        found = [cls(frozenset(content_stems(without_numbers(piece))), is_negated(piece)) for piece in pieces if piece]
        return [one for one in found if one.stems or one.negated]


@dataclass(frozen=True)
class _Claim:
    stems: list[str]
    numbers: set[str]
    names: set[str]
    clauses: list[_Clause]

    @classmethod
    def of(cls, text: str) -> _Claim:
        # Numbers are a constraint of their own, and may be spelled otherwise in the evidence.
        stems = content_stems(without_numbers(text)) or content_stems(text)
        return cls(stems, numbers(text), names(text), _Clause.all_of(text))


@dataclass(frozen=True)
class _Window:
    span: Span
    stems: frozenset[str]
    near: frozenset[tuple[str, str]]
    words: frozenset[str]
    numbers: set[str]
    clauses: list[_Clause]

    @classmethod
    def of(cls, text: str, span: Span) -> _Window:
        piece = span.of(text)
        held = content_stems(piece)
        near = frozenset((a, b) for i, a in enumerate(held) for b in held[i + 1 : i + 1 + PAIR_DISTANCE])
        every = frozenset(stem(word) for word in words(piece))
        return cls(span, frozenset(held), near, every, numbers(piece), _Clause.all_of(piece))


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
    if missing := _missing_constraint(claim, window) or _contradiction(claim, window, weight):
        return Support(score=0.0, span=window.span, missing=missing)
    if not claim.stems:
        return Support(score=0.0, span=window.span, missing="the sentence says nothing that can be checked")
    single = _covered(claim.stems, window.stems, weight)
    pairs = list(zip(claim.stems, claim.stems[1:], strict=False))
    if not pairs:
        return Support(score=single, span=window.span)
    paired = sum((a, b) in window.near or (b, a) in window.near for a, b in pairs) / len(pairs)
    return Support(score=(1 - PAIR_SHARE) * single + PAIR_SHARE * paired, span=window.span)


def _covered(stems: Iterable[str], held: frozenset[str], weight: Weight) -> float:
    weights = {one: weight(one) + MIN_WEIGHT for one in stems}
    return sum(weights[one] for one in weights if one in held) / sum(weights.values())


def _missing_constraint(claim: _Claim, window: _Window) -> str:
    if unknown := claim.numbers - window.numbers:
        return f"the number {min(unknown)} is not in the passage"
    if unnamed := sorted(name for name in claim.names if stem(name) not in window.words):
        return f"the name {unnamed[0]} is not in the passage"
    return ""


def _contradiction(claim: _Claim, window: _Window, weight: Weight) -> str:
    """What the window says against the claim: that half a clause's words stand only where the opposite is said."""
    if any(one.negated for one in claim.clauses) and not any(one.negated for one in window.clauses):
        return "the passage does not deny it"
    for clause in claim.clauses:
        agreeing, opposite = (
            frozenset(stem for one in window.clauses if (one.negated == clause.negated) is same for stem in one.stems)
            for same in (True, False)
        )
        against = _covered(clause.stems, opposite - agreeing, weight) if clause.stems else 0.0
        if clause.negated and against > OPPOSED_SHARE:  # "on Tuesdays, never on Fridays" denies with half its words
            return "the passage does not deny it"
        if not clause.negated and against >= OPPOSED_SHARE:
            return "the passage denies it"
    return ""


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
    """Whether the text denies something; "not only" and the like deny nothing."""
    lowered = (word.casefold().replace("’", "'") for word in words(_NO_DENIAL.sub(" ", text)))
    return any(word in _NEGATIONS or word.endswith("n't") for word in lowered)
