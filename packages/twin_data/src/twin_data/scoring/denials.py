"""What a sentence denies and what it affirms, clause by clause, and whether another text says the opposite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import regex

from twin_data.scoring.alignment import MIN_WEIGHT, Weight
from twin_data.scoring.numerals import without_numbers
from twin_data.scoring.sentences import words
from twin_data.scoring.word_forms import content_forms

NEGATIONS = frozenset("not no never none nobody nothing neither nor without cannot".split())
# "Not only", "no fewer than 42", "not until May": a negation in form alone.
_NO_DENIAL = regex.compile(
    r"(?i)\b(?:not|no) (?:only|just|merely|simply|until|till|fewer|less|more|later|doubt|wonder)\b"
)
# "It is unfair to say that he founded a religion", "the mistake of supposing that …": what follows is denied.
_CALLED_WRONG = regex.compile(
    r"(?i)\b(?:unfair|unjust|untrue|false|absurd|ridiculous|nonsense|fantastic|idle|wrong|mistaken|misleading"
    r"|fallacy|error|mistake|delusion)(?:\s+(?:of|to|for)(?:\s+\p{L}+){1,5}?)?\s+"
    r"(?:to\s+(?:say|call|suppose|think|believe|imagine|pretend|assume|claim|maintain|describe|assert)"
    r"|of\s+(?:saying|calling|supposing|thinking|believing|imagining|assuming)|that)\b"
)
_CLAUSE_END = regex.compile(
    r"[,;:.!?…()]+(?=\s|$|[\"'”’»)])|\s[–-]+\s|—|\bbut\b|(?=\b(?:without|nor)\b)"
    r"|\b(?:and|or)(?=\s+(?:not|never|no|nothing|nobody|none)\b)"
)
OPPOSED_SHARE = 0.5
"""Share of a clause's weight that, found only where the evidence says the opposite, makes it a contradiction."""
MIN_DENIED_STEMS = 2
"""Content words of one clause among several that must stand on the other side before it counts as denied."""


@dataclass(frozen=True)
class Clause:
    """What a clause says, and whether it denies it.

    Attributes:
        forms: Of its words of content, each with the stem by which it is weighed.
        negated: Whether it denies them.
    """

    forms: Mapping[str, str]
    negated: bool

    @classmethod
    def all_of(cls, text: str) -> list[Clause]:
        """The clauses of a text that say anything."""
        pieces = _CLAUSE_END.split(_NO_DENIAL.sub(" ", text))
        found = [cls(content_forms(without_numbers(piece)), is_negated(piece)) for piece in pieces if piece]
        return [one for one in found if one.forms or one.negated]


def contradiction(claim: Sequence[Clause], evidence: Sequence[Clause], weight: Weight) -> str:
    """What the evidence says against the claim: that half a clause's words stand only where the opposite is said.

    A single word speaks against a claim of one clause only: beside others it is often said of something else.
    """
    if any(one.negated for one in claim) and not any(one.negated for one in evidence):
        return "the passage does not deny it"
    for clause in claim:
        agreeing, opposite = (
            frozenset(form for one in evidence if (one.negated == clause.negated) is same for form in one.forms)
            for same in (True, False)
        )
        opposed = opposite - agreeing
        if len(claim) > 1 and len(clause.forms.keys() & opposed) < MIN_DENIED_STEMS:
            continue
        against = _covered(clause.forms, opposed, weight) if clause.forms else 0.0
        if clause.negated and against > OPPOSED_SHARE:  # "on Tuesdays, never on Fridays" denies with half its words
            return "the passage does not deny it"
        if not clause.negated and against >= OPPOSED_SHARE:
            return "the passage denies it"
    return ""


def _covered(forms: Mapping[str, str], held: Set[str], weight: Weight) -> float:
    weights = {one: weight(stem) + MIN_WEIGHT for one, stem in forms.items()}
    return sum(weights[one] for one in weights if one in held) / sum(weights.values())


def contradicts_itself(claim: Sequence[Clause]) -> bool:
    """Whether the same words are affirmed and denied: "you are a sailor, and you are not a sailor"."""
    affirmed, denied = (
        {frozenset(one.forms) for one in claim if one.negated is side and one.forms} for side in (False, True)
    )
    return not affirmed.isdisjoint(denied)


def is_negated(text: str) -> bool:
    """Whether the text denies something, or calls it wrong to say so; "not only" and the like deny nothing."""
    if _CALLED_WRONG.search(text):
        return True
    lowered = (word.casefold().replace("’", "'") for word in words(_NO_DENIAL.sub(" ", text)))
    return any(word in NEGATIONS or word.endswith("n't") for word in lowered)
