"""Questions that a sentence answers, worded by patterns of English clauses.

Each pattern knows which stretch of the sentence is the answer, so that the facts of a right one can be taken from it.
A sentence that no pattern fits without a doubt is not asked about.
"""

from __future__ import annotations

from twin_eval.exam import being, doing
from twin_eval.exam.grammar import Grammar, Worded
from twin_eval.exam.statements import needs_context

TOPIC = "topic"
"""The plainest pattern, for what is left."""
RULES = (
    doing.why, being.definition, being.relative, being.cleft, being.meant, being.not_but, doing.doing, being.called,
    being.alike, doing.how_many, doing.when, doing.who, being.said, being.thought, being.mine, doing.prefer,
    doing.amounts, doing.condition, doing.topic,
)  # fmt: skip


def worded(sentence: str, grammar: Grammar) -> list[Worded]:
    """Every question that a rule can make of the sentence; the caller chooses."""
    found = (one for rule in RULES for one in rule(sentence, grammar))
    return [one for one in found if not needs_context(one.text)]
