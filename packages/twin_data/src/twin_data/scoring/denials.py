"""What a sentence denies and what it affirms, clause by clause, and whether another text says the opposite.

One list of words and one way to read them, for three looks of rising reach: `contradiction` by how much of a clause's
weight stands only where the opposite is said, `nearest` for the rules of `reversals`, and `is_contradicted`, which in
doubt takes the nearest clause's word for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

import regex

from twin_data.scoring.alignment import MIN_WEIGHT, Weight
from twin_data.scoring.numerals import without_numbers
from twin_data.scoring.plain_words import numbered
from twin_data.scoring.sentences import sentence_spans, words
from twin_data.scoring.word_forms import content_forms, lowered

NEGATIONS = frozenset(
    "not no never none nobody nothing neither nor without cannot hardly scarcely ifnot ratherthan insteadof".split()
)
_NOT_DONE = frozenset(
    "refuse refuses refused refusing decline declines declined declining fail fails failed failing forget forgets"
    " forgot forgetting".split()
)
"""Before "to": what one refuses to do one does not do."""
_IN_FORM_ALONE = regex.compile(
    r"(?i)\b(?:not|no) (?=(?:only|just|merely|simply|least|until|till|fewer|less|more|later|doubt|wonder)\b)"
)
"""Denies nothing: "not only", "no fewer than 42", "not until May"."""
_MARKS = regex.compile(r"(?i)\b(?:no|nos|not|rather|instead|unless)\b")
_UNLESS = regex.compile(r"(?i)\bunless\b")
_NOT_BUT = regex.compile(r"(?i)\b(rather) (than)\b|\b(instead) (of)\b")
# "It is unfair to say that he founded a religion", "the mistake of supposing that …": what follows is denied.
_CALLED_WRONG = regex.compile(
    r"(?i)\b(?:unfair|unjust|untrue|false|absurd|ridiculous|nonsense|fantastic|idle|wrong|mistaken|misleading"
    r"|fallacy|error|mistake|delusion)(?:\s+(?:of|to|for)(?:\s+\p{L}+){1,5}?)?\s+"
    r"(?:to\s+(?:say|call|suppose|think|believe|imagine|pretend|assume|claim|maintain|describe|assert)"
    r"|of\s+(?:saying|calling|supposing|thinking|believing|imagining|assuming)|that)\b"
)
_CLAUSE_END = regex.compile(
    r"[,;:.!?…()]+(?=\s|$|[\"'”’»)])|\s[–-]+\s|—|\bbut\b|(?=\b(?:without|nor|ifnot|ratherthan|insteadof)\b)"
    r"|\b(?:and|or)(?=\s+(?:not|never|no|nothing|nobody|none)\b)"
)
_NARROW_CLAUSE_END = regex.compile(
    r"(?i)[,;:—–()]|\b(?:but|although|though|whereas|while|because|since|if|unless|until|when|after|before)\b"
    r"|(?=\b(?:ifnot|ratherthan|insteadof)\b)"
)
OPPOSED_SHARE = 0.5
"""Share of a clause's weight that, found only where the evidence says the opposite, makes it a contradiction."""
MIN_DENIED_FORMS = 2
"""Content words of one clause among several that must stand on the other side before it counts as denied."""
MIN_SHARED_FORMS = 2
"""With fewer words in common two clauses are not about the same thing."""


def denials_marked(text: str) -> str:
    """A sentence without negations in form alone, where "rather than", "instead of" and "unless" are marked as such.

    "Unless you pay" denies that you pay; "we do not go unless you pay" hardly does.
    """
    if not _MARKS.search(text):
        return text
    text = numbered(_IN_FORM_ALONE.sub("", text))
    text = _NOT_BUT.sub(lambda match: "".join(filter(None, match.groups())).casefold(), text)
    return text if not _UNLESS.search(text) or denies(_lowered_words(text)) else _UNLESS.sub("ifnot", text)


def denies(said: Sequence[str]) -> bool:
    """Whether words, in lower case and out of `denials_marked`, deny something; not to refuse to is to do."""
    denied = any(word in NEGATIONS or word.endswith("n't") for word in said)
    undone = any(one in _NOT_DONE and other == "to" for one, other in pairwise(said))
    return denied is not undone


def is_negated(text: str) -> bool:
    """Whether the text denies something, or calls it wrong to say so; "not only" and the like deny nothing."""
    return _is_denial(denials_marked(text))


def _is_denial(marked: str) -> bool:
    return bool(_CALLED_WRONG.search(marked)) or denies(_lowered_words(marked))


def _lowered_words(text: str) -> list[str]:
    return [lowered(word) for word in words(text)]


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
        found = [cls.of(without_numbers(piece)) for piece in _CLAUSE_END.split(denials_marked(text)) if piece]
        return [one for one in found if one.forms or one.negated]

    @classmethod
    def of(cls, marked: str) -> Clause:
        """One clause out of `denials_marked`."""
        return cls(content_forms(marked), _is_denial(marked))


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
        if len(claim) > 1 and len(clause.forms.keys() & opposed) < MIN_DENIED_FORMS:
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


def nearest(forms: Set[str], negated: bool, clauses: Iterable[tuple[Set[str], bool]]) -> tuple[int, int]:
    """Of a clause's words, how many the nearest clause that agrees has, and the nearest that says the opposite.

    Args:
        forms: The clause's words.
        negated: Whether it denies them.
        clauses: The words of each other clause, and whether it denies them.
    """
    held = {True: 0, False: 0}
    for others, denial in clauses:
        held[denial] = max(held[denial], len(forms & others))
    return held[negated], held[not negated]


def is_contradicted(claim: str, evidence: str) -> bool:
    """Whether some clause of the claim is denied by the clause of the evidence that is nearest to it.

    The support check counts words, and the words of "we closed the gates" and "we did not close the gates" are the
    same. When in doubt the sentence goes: a quotation of the persona's own words takes its place.

    Args:
        claim: One sentence.
        evidence: The passage cited for it, of any number of sentences.
    """
    told = [(one.forms.keys(), one.negated) for one in _narrow_clauses(evidence)]
    for clause in _narrow_clauses(claim):
        agreeing, opposite = nearest(clause.forms.keys(), clause.negated, told)
        if opposite >= MIN_SHARED_FORMS and opposite > agreeing:
            return True
    return False


def _narrow_clauses(text: str) -> list[Clause]:
    pieces = (
        piece for span in sentence_spans(text) for piece in _NARROW_CLAUSE_END.split(denials_marked(span.of(text)))
    )
    return [Clause.of(one) for one in pieces if one.strip()]
