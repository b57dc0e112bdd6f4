"""Whether a claim says with the evidence's own words what the evidence does not say: turned round, or cut loose.

`support` counts how a claim's words lie in the evidence; a model that exchanges two names, or leaves out the "if", lays
nearly all of them right. Each rule here looks for one such turn and names it. In doubt a rule is silent: a true claim
that is lost costs a quotation in its place, but lost by the dozen they leave a twin without words of its own.
`benchmarks/reversals.py` measures both on labelled pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twin_data.scoring.readings import Reading, as_written
from twin_data.scoring.reversals.cut_loose import (
    asked,
    attribution,
    cause,
    condition,
    denied,
    doubt,
    former,
    intent,
    quantity,
)
from twin_data.scoring.reversals.exchanged import (
    bound,
    comparison,
    counted,
    dated,
    from_to,
    in_its_clause,
    of_so_many,
    opposite,
    sequence,
    turned_range,
    whose,
)
from twin_data.scoring.reversals.pair import Pair

_RULES: tuple[Callable[[Pair], str], ...] = (
    asked,
    of_so_many,
    counted,
    dated,
    in_its_clause,
    from_to,
    comparison,
    turned_range,
    opposite,
    sequence,
    denied,
    quantity,
    attribution,
    doubt,
    condition,
    intent,
    former,
    cause,
    bound,
    whose,
)


def reversal(claim: Reading, evidence: Sequence[Reading]) -> str:
    """How the claim turns round or cuts loose what the evidence says, in words; empty if no rule finds anything.

    Args:
        claim: One sentence.
        evidence: The statements of the stretch that supports it best: its sentences, cut at semicolons.
    """
    pair = Pair(claim, evidence)
    return as_written(next((found for rule in _RULES if (found := rule(pair))), ""))
