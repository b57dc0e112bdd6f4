"""A claim beside the statements of the stretch that supports it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from twin_data.scoring.readings import Reading, Word
from twin_data.scoring.reversals.lexicon import BEFORE_VERBS, SAID_FORMS

SAME_PLACE = 0.6
"""Share of a claim's words that must lie behind an "if" or a "he says that" for the claim to be what is said there."""


@dataclass(frozen=True)
class Pair:
    """What the rules look at."""

    claim: Reading
    evidence: Sequence[Reading]

    @cached_property
    def names(self) -> frozenset[str]:
        """Forms of whatever is written as a name within a sentence of either side."""
        return self.claim.names.union(*(one.names for one in self.evidence))

    @cached_property
    def clauses(self) -> list[Reading]:
        """Those of the evidence."""
        return [clause for one in self.evidence for clause in one.clauses]

    @cached_property
    def forms(self) -> frozenset[str]:
        """All of the evidence's."""
        return frozenset().union(*(one.forms for one in self.evidence))

    @cached_property
    def texts(self) -> frozenset[str]:
        """All words of the evidence."""
        return frozenset().union(*(one.texts for one in self.evidence))

    @cached_property
    def holders(self) -> list[Reading]:
        """The statements that most of the claim's words stand in; several where they hold equally many."""
        wanted = self.claim.forms - SAID_FORMS
        shares = [len(wanted & one.forms) for one in self.evidence]
        best = max(shares, default=0)
        if not wanted or best < SAME_PLACE * len(wanted):
            return []
        return [one for one, share in zip(self.evidence, shares, strict=True) if share == best]

    @cached_property
    def told(self) -> frozenset[str]:
        """All words of the statements that hold the claim; of all where none does."""
        return frozenset().union(*(one.texts for one in self.holders or self.evidence))

    def is_name(self, word: Word) -> bool:
        """Whether a word is a name on this side or the other."""
        return word.is_name or (word.is_capital and word.form in self.names)

    def names_in(self, clause: Reading) -> frozenset[str]:
        """Forms of the names in a clause."""
        return frozenset(one.form for one in clause.words if self.is_name(one))

    def all_of(self, holds: Callable[[Reading], str]) -> str:
        """The objection that every statement in question raises; empty if one raises none."""
        found = [holds(one) for one in self.holders]
        return found[0] if found and all(found) else ""


def nearest_clauses(wanted: frozenset[str], clauses: Iterable[Reading]) -> list[Reading]:
    """The clauses with most of these forms, all of them if several have equally many; none if none has any."""
    shares = [(len(wanted & one.forms), one) for one in clauses]
    best = max((share for share, _ in shares), default=0)
    return [one for share, one in shares if share == best] if best else []


def shares(reading: Reading) -> list[tuple[str, str]]:
    """Each "two of the nine", as its two numbers."""
    found = []
    for at, word in enumerate(reading.words[:-2]):
        if word.is_number and reading.words[at + 1].text == "of":
            found += [(word.text, one.text) for one in reading.words[at + 2 : at + 4] if one.is_number][:1]
    return found


def goes_before_verbs(word: Word) -> bool:
    """Whether it may stand between somebody and the verb that tells what they do: auxiliaries and adverbs."""
    return word.text in BEFORE_VERBS or (word.text.endswith("ly") and not word.is_capital)
