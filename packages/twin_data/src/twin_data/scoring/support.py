"""Whether a passage supports a claim: a deterministic check that names what is missing.

What the claim's words have to do with each other in the evidence is counted by `alignment.relations` and weighed by a
logistic curve whose coefficients `benchmarks/verifier.py` fits on labelled claims; the fewer its content words, the
more its small ones count (`wording`). What stops a claim whatever its score: a number or a name that the evidence
lacks, a clause of the evidence that says the opposite, and that it breaks off, contradicts itself, says the same words
over again where the evidence does not, or is a scrap.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property, lru_cache

import regex

from twin_data.contracts.base import Span
from twin_data.scoring.alignment import MIN_WEIGHT, Laid, Relations, Weight, relations
from twin_data.scoring.denials import Clause, contradiction, contradicts_itself
from twin_data.scoring.denials import is_negated as is_negated
from twin_data.scoring.numerals import held_numbers as held_numbers
from twin_data.scoring.numerals import numbers as numbers
from twin_data.scoring.readings import Reading
from twin_data.scoring.reversals import reversal
from twin_data.scoring.scraps import breaks_off, is_scrap, repeated_runs, said_again
from twin_data.scoring.sentences import STOPWORDS, WORD, sentence_spans, words
from twin_data.scoring.word_forms import name_form
from twin_data.scoring.wording import wording

NEAR_SHARE = 0.25
"""Weight of neighbouring words beside single ones."""
MAX_WINDOW_SENTENCES = 3
LOOKED_AT = 0.4
"""Score from which a claim is looked at for what it turns round: no bar lies lower."""
_STATEMENT_END = regex.compile(r";\s")
_SENTENCE_START = regex.compile(r"(?:^|[.!?…:;][\"'”’»)\]]*\s+|\n)[\s\"'“‘(—–-]*$")


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


@dataclass(frozen=True)
class SupportModel:
    """The lower of two scores: how much of the claim the evidence says, and how far it says the same of it.

    The first is coverage with a share for neighbours; a claim half of whose words are nowhere is not saved by the other
    half. The second is a logistic curve over what the relations say of the words' order and company, stretched so that
    a copy scores 1. No coefficient is negative. `benchmarks/verifier.py --fit` fits them, and sets the intercept so
    that the shipped bar, .6, lies where the fitted rows call for it.

    Attributes:
        intercept: The logit of nothing in common.
        coefficients: Of the fields of `Relations`, in their order.
    """

    intercept: float
    coefficients: tuple[float, ...]

    @cached_property
    def _ends(self) -> tuple[float, float]:
        return _logistic(self.intercept), _logistic(self.intercept + sum(self.coefficients))

    def score(self, found: Relations) -> float:
        """Between 0 and 1."""
        logit = self.intercept + sum(a * b for a, b in zip(self.coefficients, astuple(found), strict=True))
        return min(stated(found), self._stretched(logit))

    def bound(self, coverage: float) -> float:
        """What a stretch of that coverage scores at most."""
        return (1 - NEAR_SHARE) * coverage + NEAR_SHARE

    def _stretched(self, logit: float) -> float:
        low, high = self._ends
        return (_logistic(logit) - low) / (high - low)


def stated(found: Relations) -> float:
    """How much of a claim the evidence says: the weighted share of its words, and of neighbours that are near."""
    return (1 - NEAR_SHARE) * found.coverage + NEAR_SHARE * found.near


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


DEFAULT_MODEL = SupportModel(intercept=-9.9, coefficients=(3.22, 0.0, 1.21, 2.36, 1.01, 1.03, 0.93, 0.71, 2.32))
"""Fitted on six articles of SQuAD 2.0 on 2026-11-28 (`python -m benchmarks.verifier --fit`, docs/benchmarks.md)."""


class EvidenceText:
    """One text prepared for checking many claims: its runs of one to three sentences within the allowed spans."""

    def __init__(self, text: str, allowed: Sequence[Span], *, model: SupportModel = DEFAULT_MODEL) -> None:
        """Prepare `text`; only spans in `allowed` (the persona's own words) may be cited."""
        self.text = text
        self._model = model
        self._parts = [_Part.of(text, span) for span in allowed]

    def support(self, claim: str, weight: Weight, *, granted: Collection[str] = ()) -> Support | None:
        """The window that best supports the claim, the shortest if several do; None if the text has none.

        Args:
            claim: One sentence.
            weight: Weight of a stem, 0 to 1.
            granted: Forms of names that need not stand in the window: who is asked after by name is "she" in the text.
        """
        prepared = _prepared(claim, frozenset(granted))
        best: Support | None = None
        for coverage, window in self._by_coverage(prepared, weight):
            if best and not best.missing and self._model.bound(coverage) < round(best.score, 3):
                break
            found = self._judge(prepared, window, weight)
            if best is None or _rank(found) > _rank(best):
                best, said = found, window.all_words
        # Small words choose no window: a longer one always has more of them.
        return best and replace(best, score=best.score * wording(prepared.laid.words[0], said, prepared.distinct))

    def denies(self, claim: str, weight: Weight, *, min_coverage: float = 0.6) -> bool:
        """Whether a stretch that has this share of the claim's words says the contrary."""
        prepared = _prepared(claim)
        return any(
            contradiction(prepared.clauses, window.clauses, weight)
            for coverage, window in self._by_coverage(prepared, weight)
            if coverage >= min_coverage
        )

    def relations(self, claim: str, weight: Weight, *, granted: Collection[str] = ()) -> Relations | None:
        """What the model sees of the window that best supports the claim; None where a hard constraint fails."""
        found = self.support(claim, weight, granted=granted)
        if found is None or found.missing:
            return None
        window = next(one for part in self._parts for one in part.windows() if one.span == found.span)
        return relations(_prepared(claim).laid, window.part.laid, window.first, window.last, weight)

    def _by_coverage(self, claim: _Claim, weight: Weight) -> list[tuple[float, _Window]]:
        """The windows with the share of the claim's words that each holds, the fullest first."""
        weights = [weight(token.stem) + MIN_WEIGHT for token in claim.laid.tokens]
        total = sum(weights) or 1.0
        shares: dict[int, float] = {}
        found = []
        for part in self._parts:
            masks = part.masks(claim.laid)
            for window in part.windows():
                mask = 0
                for number in range(window.first, window.last + 1):
                    mask |= masks[number]
                if mask not in shares:
                    shares[mask] = sum(one for at, one in enumerate(weights) if mask >> at & 1) / total
                found.append((shares[mask], window))
        return sorted(found, key=lambda one: -one[0])

    def _judge(self, claim: _Claim, window: _Window, weight: Weight) -> Support:
        if (
            missing := claim.fault
            or _missing_constraint(claim, window)
            or contradiction(claim.clauses, window.clauses, weight)
        ):
            return Support(score=0.0, span=window.span, missing=missing)
        found = relations(claim.laid, window.part.laid, window.first, window.last, weight)
        score = self._model.score(found)
        if score >= LOOKED_AT and (turned := claim.turned_round(window.statements)):
            return Support(score=0.0, span=window.span, missing=turned)
        return Support(score=score, span=window.span)


def _rank(one: Support) -> tuple[float, int]:
    return round(one.score, 3), one.span.start - one.span.end


@dataclass(frozen=True)
class _Claim:
    laid: Laid
    numbers: set[str]
    names: set[str]
    clauses: list[Clause]
    fault: str
    text: str

    @classmethod
    def of(cls, text: str, granted: Collection[str] = ()) -> _Claim:
        laid, clauses = Laid.of([text]), Clause.all_of(text)
        unnamed = {name for name in names(text) if name_form(name) not in granted}
        return cls(laid, numbers(text), unnamed, clauses, _fault(text, laid, clauses), text)

    @cached_property
    def statements(self) -> list[Reading]:
        """It, cut at semicolons."""
        return [Reading.of(piece) for piece in _STATEMENT_END.split(self.text)]

    def turned_round(self, evidence: Sequence[Reading]) -> str:
        """How it turns the evidence round; empty if it does not."""
        return next((found for one in self.statements if (found := reversal(one, evidence))), "")

    @cached_property
    def repeated(self) -> dict[str, int]:
        """Runs of words that it says more than once."""
        return repeated_runs(self.text)

    @cached_property
    def distinct(self) -> int:
        """How many content words it has, each counted once."""
        return len({token.form for token in self.laid.tokens}) or 1


@lru_cache(maxsize=1024)
def _prepared(text: str, granted: frozenset[str] = frozenset()) -> _Claim:
    """A claim made ready once for all the texts that it is held against."""
    return _Claim.of(text, granted)


def _fault(text: str, laid: Laid, clauses: Sequence[Clause]) -> str:
    """What keeps a sentence from being a claim, whatever the evidence says."""
    if not laid.tokens or is_scrap(text):
        return "the sentence says nothing that can be checked"
    return "the sentence contradicts itself" if contradicts_itself(clauses) else ""


class _Part:
    """An allowed span: its sentences are prepared once, whatever windows they are in."""

    def __init__(self, spans: Sequence[Span], sentences: Sequence[str]) -> None:
        self.spans = spans
        self.sentences = sentences
        self.laid = Laid.of(sentences)
        self.words = [frozenset(name_form(word) for word in words(one)) for one in sentences]
        self.numbers = [held_numbers(one) for one in sentences]
        self.clauses = [Clause.all_of(one) for one in sentences]
        self._windows = [
            _Window(self, first, last)
            for first in range(len(spans))
            for last in range(first, min(first + MAX_WINDOW_SENTENCES, len(spans)))
        ]

    @classmethod
    def of(cls, text: str, allowed: Span) -> _Part:
        spans = _sentences(text, allowed)
        return cls(spans, [one.of(text) for one in spans])

    def windows(self) -> list[_Window]:
        return self._windows

    @cached_property
    def statements(self) -> list[list[Reading]]:
        """The statements of each sentence: it, cut at semicolons."""
        return [[Reading.of(piece) for piece in _STATEMENT_END.split(one)] for one in self.sentences]

    def masks(self, claim: Laid) -> list[int]:
        """For each sentence, which of the claim's tokens it holds, as bits."""
        masks = [0] * len(self.spans)
        for at, token in enumerate(claim.tokens):
            for place in self.laid.places.get(token.form, ()):
                masks[self.laid.tokens[place].sentence] |= 1 << at
        return masks


class _Window:
    """A run of sentences of one part."""

    def __init__(self, part: _Part, first: int, last: int) -> None:
        self.part, self.first, self.last = part, first, last
        self.span = Span(start=part.spans[first].start, end=part.spans[last].end)

    @property
    def text(self) -> str:
        return " ".join(self.part.sentences[self.first : self.last + 1])

    @cached_property
    def statements(self) -> list[Reading]:
        return [one for found in self.part.statements[self.first : self.last + 1] for one in found]

    @cached_property
    def all_words(self) -> list[str]:
        return [word for one in self.part.laid.words[self.first : self.last + 1] for word in one]

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset().union(*self.part.words[self.first : self.last + 1])

    @cached_property
    def numbers(self) -> set[str]:
        return set().union(*self.part.numbers[self.first : self.last + 1])

    @cached_property
    def clauses(self) -> list[Clause]:
        return [one for clauses in self.part.clauses[self.first : self.last + 1] for one in clauses]


def _sentences(text: str, allowed: Span) -> list[Span]:
    return [
        Span(start=one.start + allowed.start, end=one.end + allowed.start) for one in sentence_spans(allowed.of(text))
    ]


def sentence_windows(text: str, allowed: Sequence[Span], *, longest: int = MAX_WINDOW_SENTENCES) -> list[Span]:
    """Every run of one to `longest` consecutive sentences that lies within one allowed span."""
    windows = []
    for span in allowed:
        sentences = _sentences(text, span)
        for first in range(len(sentences)):
            for last in range(first, min(first + longest, len(sentences))):
                windows.append(Span(start=sentences[first].start, end=sentences[last].end))
    return windows


def _missing_constraint(claim: _Claim, window: _Window) -> str:
    if unknown := claim.numbers - window.numbers:
        return f"the number {min(unknown)} is not in the passage"
    if unnamed := sorted(name for name in claim.names if name_form(name) not in window.words):
        return f"the name {unnamed[0]} is not in the passage"
    if run := said_again(claim.repeated, window.text):
        return f"the sentence says “{run}” again, the passage does not"
    return "the sentence breaks off" if breaks_off(claim.text, window.text) else ""


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
