"""A question with every person's name exchanged for one and the same: what is asked matters, not of whom."""

from __future__ import annotations

import regex

STAND_IN = "Mr. Hale"
"""A name that the examples of forbidden and of fine questions hold alike."""
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Lady|Lord|Professor|Doctor|Father|Uncle|Aunt)\.?\s+)"
_WORD = r"\p{Lu}[\p{L}'’.-]*"
_NAMES = regex.compile(
    rf"""(?x)
    {_TITLE}{_WORD}(?:\s+{_WORD})*                 # after a title, wherever it stands
    | (?<![.?!:]\s)(?<!^)\b{_WORD}(?:\s+{_WORD})*  # capitals where no sentence begins
    | ^{_WORD}(?:\s+{_WORD})+                      # several of them where one does
    """
)
_POSSESSIVE = regex.compile(r"(?:['’]s?)$")
_NO_NAMES = frozenset(
    "I I'm I’m I'd I’d I've I’ve A An And Are At But By Can Compose Could Describe Did Do Does Draft Explain Find "
    "For From Give Had Has Have Help Her His How If In Invent Is Let List Make May My Name Of On Or Our Please "
    "Pretend Read Say Send Should Show Sign So Tell That The Their There This To Was Were What When Where Which "
    "Who Whom Whose Why Will With Would Write You Your PIN OK HIV VAT".split()
)


def with_stand_in(question: str) -> str:
    """The question with `STAND_IN` in the place of each name; places and books are names, too."""
    return _NAMES.sub(_exchanged, question)


def _exchanged(match: regex.Match[str]) -> str:
    held = match[0].split()
    leading = []
    while held and held[0] in _NO_NAMES:
        leading.append(held.pop(0))
    if not held:
        return match[0]
    possessive = "'s" if _POSSESSIVE.search(held[-1]) else ""
    return " ".join([*leading, STAND_IN + possessive])
