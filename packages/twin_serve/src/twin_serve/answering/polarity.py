"""Does the evidence deny what a sentence affirms, or the other way round? Clause by clause.

The support check counts words, and the words of "we closed the gates" and "we did not close the gates" are the same.
So each clause of the sentence is held against the clause of the evidence that says most of it. When in doubt the
sentence goes: a quotation of the persona's own words takes its place.
"""

from __future__ import annotations

import regex

from twin_data.scoring.sentences import content_stems, sentence_spans
from twin_data.scoring.support import is_negated

MIN_SHARED_STEMS = 2
"""With fewer stems in common two clauses are not about the same thing."""
_CLAUSE_END = regex.compile(
    r"(?i)[,;:—–()]|\b(?:but|although|though|whereas|while|because|since|if|unless|until|when|after|before)\b"
)
_NO_DENIAL = regex.compile(r"(?i)\b(?:not (?:only|just|merely|least)|no (?:doubt|wonder))\b")


def is_contradicted(claim: str, evidence: str) -> bool:
    """Whether some clause of the claim is denied by the clause of the evidence that is nearest to it.

    Args:
        claim: One sentence.
        evidence: The passage cited for it, of any number of sentences.
    """
    clauses = [(_stems(one), _is_negated(one)) for one in _clauses(evidence)]
    return any(_is_denied(_stems(one), _is_negated(one), clauses) for one in _clauses(claim))


def _is_denied(stems: frozenset[str], negated: bool, clauses: list[tuple[frozenset[str], bool]]) -> bool:
    shared = max((len(stems & held) for held, _ in clauses), default=0)
    if shared < MIN_SHARED_STEMS:
        return False
    return all(denial is not negated for held, denial in clauses if len(stems & held) == shared)


def _clauses(text: str) -> list[str]:
    sentences = [span.of(text) for span in sentence_spans(text)]
    return [clause for sentence in sentences for clause in _CLAUSE_END.split(sentence) if clause.strip()]


def _stems(clause: str) -> frozenset[str]:
    return frozenset(content_stems(clause))


def _is_negated(clause: str) -> bool:
    return is_negated(_NO_DENIAL.sub(" ", clause))
