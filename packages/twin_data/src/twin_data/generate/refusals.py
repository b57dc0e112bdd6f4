"""Refusals in the twin's own person: what a twin says when its passages do not hold the answer."""

from __future__ import annotations

from twin_data.generate.lengths import word_count
from twin_data.scoring.refusal import is_refusal

OPENINGS = {
    "not_written": "I have not written about {x}, so I cannot tell you.",
    "nothing_here": "There is nothing in these pages of mine about {x}.",
    "do_not_know": "I do not know. What I have written does not touch on {x}.",
    "silent": "On {x} my pages are silent, and I would rather not guess.",
    "cannot_say": "I cannot say; nothing I have put on paper answers that about {x}.",
    "never_set_down": "I never set that down about {x}, and I will not invent it.",
    "no_record": "I have no record of {x} to answer you from.",
    "rather_not": "I would rather not answer: I find nothing of mine on {x}.",
    "passages_lack": "None of my passages says anything of {x}.",
    "not_mine": "That about {x} is not something I have written down, so I will leave it.",
    "no_answer": "I have no answer to give you on {x}.",
    "will_not_guess": "I won't guess about {x}; I have not written on it.",
    "cannot_find": "I can find nothing I wrote about {x}, so I must pass.",
    "unable": "I am not able to answer that from what I have written; {x} is not in it.",
}
CLOSINGS = {
    "none": "",
    "only_speak": "I only speak from what I have written.",
    "ask_other": "Ask me something I have written about, and I will answer.",
    "better_silent": "Better no answer than a made-up one.",
    "not_pretend": "I will not pretend otherwise.",
    "no_more": "I can't tell you more than that.",
    "elsewhere": "Somebody else may know; I don't.",
}


def refusal(subject: str, turn: int, *, length: int | None = None) -> tuple[str, str]:
    """A refusal that the scorer recognises as one, and the name of its wording.

    Args:
        subject: What was asked about, as it stands in a question: `the gauge`.
        turn: Any number; each wording has its turn.
        length: Words that it should have, or nearly: of what closes a refusal that is chosen which fits best. None lets
            these have their turn, too.
    """
    openings, closings = list(OPENINGS), list(CLOSINGS.values())
    in_turn = [closings[(turn // len(openings)) % len(closings)]]
    for step in range(len(openings)):
        opening = openings[(turn + step) % len(openings)]
        said = OPENINGS[opening].format(x=subject)
        texts = [f"{said} {closing}".strip() for closing in (in_turn if length is None else closings)]
        if recognised := [text for text in texts if is_refusal(text)]:
            return opening, min(recognised, key=lambda text: abs(word_count(text) - (length or 0)))
    raise ValueError(f"no wording refuses {subject!r} so that it is recognised")
