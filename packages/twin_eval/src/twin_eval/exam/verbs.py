"""Verbs that a question can be formed with: third person, past and base form."""

from __future__ import annotations

_REGULAR = (
    "mean consist depend imply lead teach prove represent want lack forget love hate fear deserve resemble demand "
    "require need seek understand prefer admire destroy create express believe lie begin come end belong cost "
    "contain measure weigh"
).split()
_THIRD = {"imply": "implies", "teach": "teaches", "express": "expresses"}
_PAST = {
    "mean": "meant", "lead": "led", "teach": "taught", "forget": "forgot", "seek": "sought", "understand": "understood",
    "begin": "began", "come": "came", "imply": "implied", "prefer": "preferred",
}  # fmt: skip
_NO_PAST = frozenset({"cost", "lie"})
"""Their past looks like another form, or like another verb's."""
PARTICLES = {
    "consist": ("of", "in"), "depend": ("on", "upon"), "lead": ("to",), "lie": ("in",), "begin": ("with", "in"),
    "come": ("from", "out of"), "end": ("in", "with"), "belong": ("to",), "believe": ("in",),
}  # fmt: skip
"""Verbs that are asked about together with a word after them, and with no other."""


def _third(base: str) -> str:
    return _THIRD.get(base, f"{base}s")


def _past(base: str) -> str:
    return _PAST.get(base, f"{base}d" if base.endswith("e") else f"{base}ed")


FORMS: dict[str, tuple[str, str]] = {
    **{base: ("do", base) for base in _REGULAR},
    **{_third(base): ("does", base) for base in _REGULAR},
    **{_past(base): ("did", base) for base in _REGULAR if base not in _NO_PAST},
}
"""By form: the auxiliary of its question, and the base form that goes with it."""
