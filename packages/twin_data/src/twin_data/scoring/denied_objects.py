"""What an act of answering is denied of: of what was asked, or of a thing in the speaker's life."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from twin_data.scoring import denied_words as known
from twin_data.scoring.sentences import stem

Object = Literal["none", "pointer", "question", "subject", "answer", "thing"]
"""In "I can't say", "… say that", "… say who it was", "… speak about her", "… give names" and "… speak French"."""
_TOWARDS = frozenset({"to", "for", "with"})
_PHRASE_ENDS = known.ABOUT | (known.CIRCUMSTANCE - {"any"}) | frozenset("to with that mine or by than like out".split())


def object_of(act: str, behind: Sequence[str]) -> Object:
    """What an act is denied of, by the words behind it."""
    root = stem(act)
    is_told = root not in known.JUDGING and _addresses(behind)
    if root in known.HELPING and (is_told or behind[:2] == ["with", "your"]):
        return "pointer"
    if root in known.KNOWING and any(
        one.endswith("ing") and stem(one) in known.SAYING | {"write", "mention"} for one in behind
    ):
        return "question"  # "I don't recall ever discussing it"
    found = _object([one for at, one in enumerate(behind) if at > 1 or one not in known.PARTICLES], is_told=is_told)
    if root == "look" and behind[:1] != ["into"]:
        return "thing"
    if root in known.FINDING and list(behind) in (["it"], ["that"], ["them"]):
        return "thing"
    if found == "thing":
        stands_for = root in known.SPEAKING_UP and behind[:1] == ["for"]
        return "subject" if stands_for or root in known.DISCLOSING | known.COVERING else "thing"
    return "thing" if _tells_of_a_life(act, root, found, behind) else found


def is_no_answer(behind: Sequence[str]) -> bool:
    """Whether "no" before these words denies an idea, or a record of something: "idea", "record of it"."""
    for at, word in enumerate(behind[:2]):
        after = behind[at + 1] if at + 1 < len(behind) else ""
        if stem(word) in known.IDEAS:
            follows = known.ABOUT | (known.LEFT_OPEN - known.CIRCUMSTANCE) | (known.ASKING - {"how", "why"})
            at_hand = behind[at + 1 : at + 3] in (["in", "front"], ["in", "my"])
            return not after or at_hand or after in follows | {"to", "you", "for", "from", "yet"}
        if stem(word) in known.RECORDS:
            return after in {"of", "on", "about", "in", "that"} or (after == "for" and stem(word) != "memori")
    return False


def is_not_had(behind: Sequence[str]) -> bool:
    """Whether what the speaker does not have is an answer: "that", "any figures", "a word on it"."""
    if behind[0] in known.POINTERS and set(behind[1:]) <= known.LEFT_OPEN | {"to", "hand"}:
        return True
    bare = known.DETERMINERS | {"a", "an", "any", "single"}
    start = next((at for at, one in enumerate(behind) if one not in bare), 0)
    return is_no_answer(behind[start:])


def _tells_of_a_life(act: str, root: str, found: Object, behind: Sequence[str]) -> bool:
    """Acts that with such an object are a habit or a view: "I never write", "I don't recommend it"."""
    if root in known.JUDGING:
        return found in {"pointer", "answer"}
    if root == "comment" and found == "answer":
        return True  # "I never comment my code"
    if found == "none":
        speaks = root in {"speak", "talk"} and not known.CIRCUMSTANCE.isdisjoint(behind[:1])
        return speaks or root == "write" or act in {"said", "spoken"} or root in known.SET_DOWN
    clarifies = act in {"speaking", "talking"} and found == "subject"  # "I am not speaking of the rich"
    return clarifies or (root in known.SET_DOWN and found != "pointer")


def _addresses(behind: Sequence[str]) -> bool:
    """Whether an act is denied to somebody: "tell you", "speak to anyone"."""
    return bool(behind) and (
        behind[0] in known.ADDRESSED or (behind[0] in {"to", "with"} and not known.ADDRESSED.isdisjoint(behind[1:2]))
    )


def _object(behind: Sequence[str], *, is_told: bool) -> Object:
    rest = list(behind)
    while _addresses(rest):
        rest = rest[1 if rest[0] in known.ADDRESSED else 2 :]
    if rest[:1] in (["nor"], ["or"]):
        rest = rest[2:]  # "neither confirm nor deny it"
    if set(rest) <= known.LEFT_OPEN:
        return "none"
    first, after = rest[0], "".join(rest[1:2])
    if first in known.ASKING and (is_told or _asks(first, after)):
        return "question"
    if first in known.ABOUT | _TOWARDS:
        return _object_about(first, rest[1:], is_told=is_told)
    if first in known.POINTERS and _points(after):
        return "pointer"
    if first in known.CIRCUMSTANCE - {"any"}:
        return "none"
    if first == "a" and after in {"word", "line", "thing"} and rest[2:3] in ([], ["on"], ["about"]):
        return "pointer"
    end = next((at for at, one in enumerate(rest) if at and one in _PHRASE_ENDS), len(rest))
    return "answer" if stem(rest[end - 1]) in known.ANSWERS else "thing"


def _asks(first: str, after: str) -> bool:
    return after != "to" and (first not in {"how", "why"} or after in known.MEASURES)


def _points(after: str) -> bool:
    goes_on = (known.LEFT_OPEN - {"i"}) | known.ABOUT | {"to", "and"}
    return not after or after in goes_on or stem(after) in known.POINTED


def _object_about(first: str, rest: Sequence[str], *, is_told: bool) -> Object:
    """Of what stands behind "about" or "to"; a preposition without anything behind it has its object in front."""
    if not rest:
        return "pointer"
    inner = _object(rest, is_told=is_told)
    if rest[0] in known.SET_TIMES:
        return "thing"
    if inner in {"pointer", "question"}:
        return inner
    return "subject" if first in known.ABOUT else "thing"
