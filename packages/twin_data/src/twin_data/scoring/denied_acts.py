"""Which acts of answering a clause denies its speaker: saying, knowing, having set down, having at hand.

Who refuses denies such an act *of what was asked*. That stands behind the act as nothing at all ("I can't say."), as
a pointer ("that"), as a question of its own ("who it was"), as a subject ("about the war") or as the sort of thing that
answers are made of ("her address", "any figures"). With any other object the same words tell of the speaker's life: "I
can't speak French.", "I never wrote poetry.", "I don't know Leeds." And whoever denies no such act refuses nothing by
it: "I don't eat meat."
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from twin_data.scoring import denied_words as known
from twin_data.scoring.denied_objects import Object, is_no_answer, is_not_had, object_of
from twin_data.scoring.sentences import stem, words

ACTS = ("says_not", "says_not_on", "knows_not", "records_not", "records_not_on", "holds_not")
"""What is denied of what was asked; `…_on`: of a subject that is named."""
OF_A_THING = "of_a_thing"
"""What is said of an act whose object is no answer."""

_SPELLED = {
    "cannot": "can not",
    "can't": "can not",
    "won't": "will not",
    "shan't": "shall not",
    "ain't": "am not",
    "gonna": "going to",
    "wanna": "want to",
}
_ENDINGS = {"n't": "not", "'m": "am", "'ve": "have", "'d": "would", "'ll": "will", "'re": "are"}
_SHORT_IS = frozenset("it's that's there's this's what's who's here's".split())
_PAST_FORMS = frozenset("said spoken written wrote told".split())


def denied_acts(clause: str) -> frozenset[str]:
    """What a clause, in small letters, denies its speaker: names out of `ACTS`, or `OF_A_THING` alone."""
    said = _spelled(clause)
    found = {*_negated(said), *_nothing(said), *_nothing_to_tell(said)}
    return frozenset(found - {OF_A_THING} or found)


def _spelled(clause: str) -> list[str]:
    """Words, of which short forms are written out: "don't" is two."""
    told: list[str] = []
    for word in words(clause):
        ending = next((one for one in _ENDINGS if word.endswith(one)), "")
        full = _SPELLED.get(word) or (f"{word.removesuffix(ending)} {_ENDINGS[ending]}" if ending else word)
        told += full.replace("'s", " is" if word in _SHORT_IS else "").split()
    return told


def _negated(said: Sequence[str]) -> Iterator[str]:
    """Acts behind a negation: "not", "never", "unable to", "no right to", "too early to"."""
    for at, word in enumerate(said):
        has_no_right = word == "no" and not known.RIGHTS.isdisjoint(said[at + 1 : at + 2])
        is_too = word == "too" and said[at + 2 : at + 3] == ["to"]
        if not (word in known.NEGATIONS | known.UNWILLING or has_no_right or is_too):
            continue
        start = at + 1 + has_no_right + is_too
        act = next((here for here in range(start, len(said)) if not _is_passed(said[here])), len(said) - 1)
        if act < start or _is_relative(said) or not _is_own(said[:at], said[at:act]):
            continue
        if "have" in said[max(0, at - 1) : act] and is_not_had(said[act:]):
            yield "holds_not"
        yield from _named(said[act], said[act + 1 :], narrated=not known.PAST.isdisjoint(said[max(0, at - 1) : at]))


def _named(act: str, behind: Sequence[str], *, narrated: bool) -> Iterator[str]:
    """The feature of an act with what stands behind it; what was not said or known once, in a story, is none."""
    root, of = stem(act), object_of(act, behind)
    is_past = act.endswith("ed") or act in _PAST_FORMS
    if root in known.SAYING and not narrated and not is_past and (root != "go" or of == "pointer"):
        yield _feature("says_not", of)
    elif root in known.KNOWING and not narrated:
        is_name = of == "answer" and known.DETERMINERS.isdisjoint(behind[:1])  # "I don't remember names"
        yield _feature("knows_not", "thing" if is_name else of)
    elif root in known.RECORDING:
        yield _feature("records_not", of)
    elif act in {"hold", "possess", "keep"} and behind and is_not_had(behind):
        yield "holds_not"


def _feature(name: str, of: Object) -> str:
    if of == "thing":
        return OF_A_THING
    return f"{name}_on" if of == "subject" and name != "knows_not" else name


def _nothing(said: Sequence[str]) -> Iterator[str]:
    """What is said, known, written or held to be nothing, or no word, idea or record: "I have nothing on that"."""
    for at, word in enumerate(said):
        before, behind = said[:at], said[at + 1 :]
        if word not in {"nothing", "no"} or not _has_nothing(before, behind) or _excepts(behind):
            continue
        left = [one for one in behind if one not in {"further", "more"}]
        is_statement = set(before) <= known.LEADS and not known.COPULAS.isdisjoint(behind)  # "Nothing about it was new"
        if is_no_answer(left) if word == "no" else not is_statement and _is_answerless(left, is_bare=at > 0):
            yield "holds_not"


def _nothing_to_tell(said: Sequence[str]) -> Iterator[str]:
    """What is called nothing that the speaker does: "this isn't something I share", "not one I can answer"."""
    for at, word in enumerate(said):
        noun = next((there for there in range(at, min(at + 4, len(said))) if said[there] in known.THINGS), -1)
        if word not in {"not", "never", "nothing"} or noun < 0 or (at and said[at - 1] not in {"is", "are", "this"}):
            continue
        behind = [one for one in said[noun + 1 :] if one not in {"that", "which", "on"}]
        act = next((one for one in behind[1:] if one not in known.PASSED), "")
        if behind[:1] in (["i"], ["we"]) and stem(act) in known.SAYING | known.KNOWING | known.RECORDING:
            yield "says_not"


def _has_nothing(before: Sequence[str], behind: Sequence[str]) -> bool:
    """Whether what stands before "nothing" is the speaker's having, saying, knowing, or "there is", or no more."""
    if before[:1] == ["to"]:
        return False
    if set(before) <= known.LEADS:
        return True
    *rest, verb = [one for one in _last_joined(before) if one not in known.ADDRESSED | {"of"}] or [""]
    if verb == "is":
        is_ours = behind[:1] == ["to"] or not known.OWN_PLACES.isdisjoint(behind)
        return rest[-1:] == ["there"] and is_ours
    subject = _without_auxiliaries(rest)
    return stem(verb) in known.HOLDING and (not subject or subject[-1] in known.SELF)


def _excepts(behind: Sequence[str]) -> bool:
    """Whether something is left of "nothing": "nothing but", "no notion of retiring"."""
    ideas_of = any(of == "of" and what.endswith("ing") for of, what in pairwise(behind))
    return ideas_of or not known.EXCEPTING.isdisjoint(behind)


def _is_answerless(behind: Sequence[str], *, is_bare: bool) -> bool:
    """Whether "nothing" with this behind it is no answer, and not "nothing like" or "nothing against"."""
    if not behind:
        return is_bare
    if behind[0] == "to":
        return stem("".join(behind[1:2])) in known.REPORTING
    if behind[0] == "in":
        return any(stem(one) in known.RECORDS or one in known.ARCHIVES for one in behind[:4])
    return behind[:3] != ["of", "the", "kind"] and behind[0] in (known.ABOUT - {"into"}) | {
        "useful",
        "from",
        "that",
        "there",
    }


def _is_relative(said: Sequence[str]) -> bool:
    """Whether the clause tells of "what I don't know", which may fill a book."""
    return said[0] == "what" and said[1] in known.SELF


def _is_passed(word: str) -> bool:
    return word in known.PASSED or _is_adverb(word)


def _is_adverb(word: str) -> bool:
    return word.endswith("ly") and len(word) > 5


def _is_own(before: Sequence[str], passed: Sequence[str]) -> bool:
    """Whether the one to whom an act is denied is the speaker."""
    left = _without_auxiliaries(_last_joined(before))
    if not left or not known.SELF.isdisjoint(passed) or set(left) <= known.LEADS:
        return True
    is_vowed = passed[1:2] == ["to"] and before[0] in known.SELF  # "I gave my word not to tell"
    return is_vowed or left[-1] in known.SELF or (left[-1] == "it" and not known.FITTING.isdisjoint(passed))


def _without_auxiliaries(before: Sequence[str]) -> list[str]:
    """What stands before an act, as far as its subject."""
    end = len(before)
    while end and (before[end - 1] in known.AUXILIARIES or _is_adverb(before[end - 1])):
        end -= 1
    return list(before[:end])


def _last_joined(before: Sequence[str]) -> list[str]:
    """The last of what one speaker is said to do and to do: "I have been and know" is "know"."""
    joint = max((at for at, one in enumerate(before) if one in {"and", "but"}), default=-1)
    is_own = next((one in known.SELF for one in before if one in known.SELF | known.OTHERS), False)
    return list(before[joint + 1 :]) if joint > 0 and is_own else list(before)
