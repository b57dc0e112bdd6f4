"""Rules for what has changed places: numbers, dates, names, ends of a scale, sides of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import filterfalse, pairwise

from twin_data.scoring.readings import MONTHS, Reading, Word
from twin_data.scoring.reversals.lexicon import FIRST, MINE, STEPS, Step
from twin_data.scoring.reversals.pair import SAME_PLACE, Pair, goes_before_verbs, nearest_clauses, shares

_MORE_OR_LESS = frozenset("more less fewer".split())

_LINKS = frozenset("and or of in at from to on with for who which that because as than".split())

_PLACING = frozenset("in at to from for with of on".split())

_BEING = frozenset("is are was were be been being".split())

_ARTICLES = frozenset("the a an my his her our their".split())

_OWN_DEEDS = frozenset(
    "wanted hoped believed thought said bought sold wrote moved paid built made left went refused began".split()
)

_POINTING = frozenset("he she it they this that these those which who there".split())


def of_so_many(pair: Pair) -> str:
    """Seven of nine where the passage says two of nine."""
    told = {found for one in pair.evidence for found in shares(one)}
    for part, whole in shares(pair.claim):
        if (part, whole) not in told and any(whole == other for _, other in told):
            return f"the passage does not say {part} of {whole}"
    return ""


def counted(pair: Pair) -> str:
    """A number beside what the passage counts by another: "eleven weeks" of "two weeks" and "eleven crashes"."""
    told = [found for one in pair.evidence for found in one.followers()]
    for number, thing in pair.claim.followers():
        if thing.text in MONTHS:
            continue
        counted = [other for same, other in told if same.text == number.text]
        by = {other.text for other, same in told if same.form == thing.form}
        is_other = counted and thing.form not in {one.form for one in counted} and by and number.text not in by
        if is_other or _is_other_unit(thing, counted):
            return f"the passage does not say “{number.text} {thing.text}”"
    return ""


def _is_other_unit(thing: Word, counted: Sequence[Word]) -> bool:
    """Whether what the passage counts are units of the same scale, and none of them this one."""
    step = STEPS.get(thing.text)
    units = [STEPS[one.text] for one in counted if one.text in STEPS]
    return step is not None and bool(units) and all(one.scale == step.scale and one.side != step.side for one in units)


def dated(pair: Pair) -> str:
    """A day, a month and a year that the passage does not put together."""
    told = [found for one in pair.evidence for found in _dates(one)]
    known = pair.forms | {number for one in pair.evidence for number in one.numbers}
    for month, numbers in _dates(pair.claim):
        of_month = [others for other, others in told if other == month]
        if numbers <= known and of_month and not any(numbers <= others for others in of_month):
            return f"the passage does not say “{' '.join(sorted(numbers))}” of that month"
    return ""


def _dates(reading: Reading) -> list[tuple[str, frozenset[str]]]:
    """Each month with the numbers right beside it, day and year."""
    found = []
    for at, word in enumerate(reading.words):
        if word.text in MONTHS:
            beside = [reading.words[place] for place in (at - 1, at + 1, at + 2) if 0 <= place < len(reading.words)]
            found.append((word.text[:3], frozenset(one.text for one in beside if one.is_number)))
    return found


def in_its_clause(pair: Pair) -> str:
    """A number that the passage gives of another name, or of what another clause begins with."""
    for clause in pair.claim.clauses:
        names, head = pair.names_in(clause), _head(clause)
        for number in sorted(clause.numbers - _parts_of_names(clause)):
            told = [one for one in pair.clauses if number in one.numbers]
            others = [pair.names_in(one) for one in told]
            is_of_others = names and others and all(others) and all(names.isdisjoint(one) for one in others)
            heads = {_head(one) for one in told}
            # "We kept it and closed it in June": the clause that begins with its verb has its subject from before.
            is_elsewhere = told and head and head not in heads and "" not in heads and heads.isdisjoint(clause.forms)
            if (is_of_others and names <= pair.forms) or (is_elsewhere and _begins_another(pair, head, number)):
                return f"the passage says {number} of something else"
    return ""


def _parts_of_names(clause: Reading) -> frozenset[str]:
    """Numbers that belong to a name: "Gate 7"."""
    return frozenset(one.text for before, one in pairwise(clause.words) if one.is_number and before.is_capital)


def _begins_another(pair: Pair, head: str, number: str) -> bool:
    """Whether a clause begins with this word and has other numbers; where it is a person's, or has none at all."""
    of_head = [one for one in pair.clauses if _head(one) == head]
    apart = [one for one in of_head if number not in one.numbers]
    return bool(of_head) and len(apart) == len(of_head) and (any(one.numbers for one in apart) or head == MINE)


def _head(clause: Reading) -> str:
    """Form of the word a clause begins with, small words aside; `MINE` for "I" and "we", empty for other pronouns."""
    for word in clause.words:
        if word.text in FIRST:
            return MINE
        if word.text in _POINTING:
            return ""
        if word.form:
            return "" if word.is_number else word.form
    return ""


def from_to(pair: Pair) -> str:
    """From A to B where the passage says from B to A."""
    told = [ends for one in pair.evidence for ends in _ends(one)]
    for start, end in _ends(pair.claim):
        straight = any(start & first and end & last for first, last in told)
        if not straight and any(start & last and end & first for first, last in told):
            return "the passage says from one to the other the other way round"
    return ""


def _ends(reading: Reading) -> list[tuple[frozenset[str], frozenset[str]]]:
    """What stands behind each "from" and the "to" that follows it, up to four words each."""
    found = []
    for at, word in enumerate(reading.words):
        if word.text != "from":
            continue
        to = next(
            (place for place in range(at + 1, min(at + 7, len(reading.words))) if reading.words[place].text == "to"), -1
        )
        if to > 0:
            ends = reading.forms_between(at + 1, to), reading.forms_between(to + 1, to + 5)
            found.append((ends[0] - ends[1], ends[1] - ends[0]))
    return found


def turned_range(pair: Pair) -> str:
    """From 900 to 300 where the passage says 300 to 900."""
    told = {found for one in pair.evidence for found in _number_pairs(one)}
    turned = [(a, b) for a, b in _number_pairs(pair.claim) if (b, a) in told and (a, b) not in told]
    return f"the passage says {turned[0][1]} to {turned[0][0]}" if turned else ""


def _number_pairs(reading: Reading) -> list[tuple[str, str]]:
    """Each "300 to 900", units between them or not."""
    found = []
    for at, word in enumerate(reading.words):
        if word.text == "to":
            before = next((one.text for one in reversed(reading.words[max(0, at - 2) : at]) if one.is_number), "")
            behind = next((one.text for one in reading.words[at + 1 : at + 2] if one.is_number), "")
            found += [(before, behind)] if before and behind and before != behind else []
    return found


def comparison(pair: Pair) -> str:
    """What is compared has changed places, the comparison has not."""
    here = pair.claim.at("than")
    if here < 1:
        return ""
    for one in pair.clauses:
        there = one.at("than")
        if there < 1:
            continue
        by, told = _comparative(pair.claim.words[:here]), _comparative(one.words[:there])
        crossed, straight = _crossed(pair.claim, one, "than", "than")
        is_turned = straight > crossed and by.adjective and by == replace(told, is_less=not told.is_less)
        if (crossed > straight and by == told) or is_turned:
            return "the passage compares them the other way round"
    return ""


@dataclass(frozen=True)
class _Comparative:
    """What two things are compared by.

    Attributes:
        step: Where its word stands on a scale, if it does on any.
        adjective: Form of what is compared, "clear" of "clearer" and "less clear"; empty where that is an amount.
        is_less: Whether it is "less".
    """

    step: Step | None = None
    adjective: str = ""
    is_less: bool = False


def _comparative(words: Sequence[Word]) -> _Comparative:
    """What words before "than" compare by: the last on a scale, by its side of it, else the last that ends so."""
    alike = [one for one in words if one.text in _MORE_OR_LESS or one.text.endswith("er")]
    if words and len(words) > 1 and words[-2].text in ("more", "less") and words[-1].form:
        return _Comparative(None, words[-1].form, words[-2].text == "less")
    if step := next((STEPS[one.text] for one in reversed(alike) if one.text in STEPS), None):
        return _Comparative(step)
    return _Comparative(None, alike[-1].form) if alike else _Comparative()


def opposite(pair: Pair) -> str:
    """The word of the other end of a scale: "rose" where the passage says "fell"."""
    for clause in pair.claim.clauses:
        for word in clause.words:
            if (step := STEPS.get(word.text)) is None:
                continue
            wanted = frozenset(one.form for one in clause.words if one.form and one.text not in STEPS)
            looked_at = pair.clauses if step.is_rigid else nearest_clauses(wanted, pair.clauses)
            sides = [_other_side(near, step, clause) for near in looked_at]
            others = [other for other in sides if other]
            is_other = bool(others) and (len(others) == len(sides) or (step.is_rigid and None not in sides))
            if is_other and not _is_converse(pair, word.text, others[0]):
                return f"the passage says “{others[0]}”, not “{word.text}”"
    return ""


def _other_side(near: Reading, step: Step, clause: Reading) -> str | None:
    """The word of another step of the scale in a clause.

    Empty if there is none or a negation turns it, None if this very step is in it.
    """
    steps = [(one.text, STEPS[one.text]) for one in near.words if one.text in STEPS]
    found = [(text, other.side) for text, other in steps if other.scale == step.scale]
    if any(side == step.side for _, side in found):
        return None
    if near.is_negated is not clause.is_negated:
        return ""
    return next((text for text, _ in found if text not in clause.texts), "")


def _is_converse(pair: Pair, word: str, other: str) -> bool:
    """Whether it is told from its other end: "a larch weighs less than an oak", "we ate after we had swum"."""
    is_compared = any(_are_crossed(pair.claim, one, "than", "than") for one in pair.clauses)
    return is_compared or any(_are_crossed(pair.claim, one, word, other) for one in pair.evidence)


def sequence(pair: Pair) -> str:
    """What came first comes last, beside the same "before" or "after"."""
    for word in ("before", "after"):
        here, places = pair.claim.at(word), [(one, one.at(word)) for one in pair.evidence]
        for one, there in places if here >= 0 else ():
            if there >= 0 and _have_changed_places(_sides(pair.claim, here), _sides(one, there)):
                return "the passage tells them in the other order"
    return ""


def _have_changed_places(claimed: tuple[frozenset[str], ...], told: tuple[frozenset[str], ...]) -> bool:
    """Whether most of what stands on each side of the claim stands on the other side of the evidence alone."""
    (left, right), (first, last) = claimed, told
    crossed = (left & last - first, left), (right & first - last, right)
    return all(side and len(found) >= SAME_PLACE * len(side) for found, side in crossed)


def _are_crossed(claim: Reading, evidence: Reading, word: str, other: str) -> bool:
    """Whether what stands before `word` in the claim stands behind `other` in the evidence, and the reverse."""
    crossed, straight = _crossed(claim, evidence, word, other)
    return crossed > straight


def _crossed(claim: Reading, evidence: Reading, word: str, other: str) -> tuple[int, int]:
    """How many words stand on the other side of `other` than of `word` in the claim, and how many behind both."""
    here, there = claim.at(word), evidence.at(other)
    if here < 0 or there < 0:
        return 0, 0
    left, right = _sides(claim, here)
    first, last = _sides(evidence, there)
    crossed = len((left - right) & (last - first)) + len((right - left) & (first - last))
    return crossed, len((right & last) - left - first)


def _sides(reading: Reading, at: int) -> tuple[frozenset[str], frozenset[str]]:
    """What stands before a word, or at the beginning of a sentence behind its clause, and the rest of its clause."""
    words = reading.words
    end = next((place for place, one in enumerate(words) if one.clause > words[at].clause), len(words))
    return _compared(words[:at] if at else words[end:]), _compared(words[at + 1 : end])


def _compared(words: Sequence[Word]) -> frozenset[str]:
    """Forms of what is compared, and `MINE` for the speaker."""
    forms = {one.form for one in words if one.form and one.text not in {"one", "ones"}}
    return frozenset(forms | {MINE for one in words if one.text in FIRST})


def bound(pair: Pair) -> str:
    """A name in another's place: before the verb, or behind the same word and preposition."""
    if _is_passive(pair.claim) or any(map(_is_passive, pair.evidence)):
        return ""
    for at, word in enumerate(pair.claim.words):
        if not pair.is_name(word):
            continue
        for beside, others in (_before_verb(pair, at), _behind_word(pair, at)):
            if others and word.form not in others and word.form in pair.forms:
                return f"the passage does not say “{beside}” of {word.text.capitalize()}"
    return ""


def _is_passive(reading: Reading) -> bool:
    """Whether it says by whom something was done."""
    by = [at for at, one in enumerate(reading.words) if one.text == "by"]
    return any(one.text in _BEING for at in by for one in reading.words[max(0, at - 4) : at])


def _before_verb(pair: Pair, at: int) -> tuple[str, frozenset[str]]:
    """The next word that carries meaning behind a name, and the names that stand so before it in the passage."""
    words = pair.claim.words
    ahead = [place for place in range(at + 1, min(at + 4, len(words))) if words[place].clause == words[at].clause]
    verb = next((words[place] for place in ahead if words[place].form), None)
    if verb is None or pair.is_name(verb) or verb.is_number or words[at + 1].text in _LINKS:
        return "", frozenset()
    found: set[str] = set()
    for one in pair.evidence:
        for place, other in enumerate(one.words):
            if other.form == verb.form:
                before = [near for near in one.words[max(0, place - 3) : place] if near.clause == other.clause]
                named = [near.form for near in before if pair.is_name(near)]
                if not named:
                    return "", frozenset()  # who does it there is not said by name
                found |= set(named)
    return verb.text, frozenset(found)


def _behind_word(pair: Pair, at: int) -> tuple[str, frozenset[str]]:
    """Word and preposition right before a name, and the names that stand so behind them in the passage."""
    words = pair.claim.words
    if (
        at < 2
        or words[at - 1].text not in _PLACING
        or not words[at - 2].form
        or words[at - 2].clause != words[at].clause
    ):
        return "", frozenset()
    found: set[str] = set()
    for one in pair.evidence:
        for place, other in enumerate(one.words[:-2]):
            if other.form == words[at - 2].form and one.words[place + 1].text == words[at - 1].text:
                if not pair.is_name(one.words[place + 2]):
                    return "", frozenset()
                found.add(one.words[place + 2].form)
    return f"{words[at - 2].text} {words[at - 1].text}", frozenset(found)


def whose(pair: Pair) -> str:
    """What somebody else did, told as one's own deed, or the other way round."""
    words = pair.claim.words
    for at, word in enumerate(words[:-1]):
        verb = next(filterfalse(goes_before_verbs, words[at + 1 : at + 4]), None)
        if (
            verb is None
            or not verb.form
            or verb.clause != word.clause
            or not (word.text in FIRST or pair.is_name(word))
        ):
            continue
        doers = [
            _doer(one, place)
            for one in pair.evidence
            for place, other in enumerate(one.words)
            if other.text == verb.text
        ]
        if word.text in FIRST and doers and all(doer not in ("", MINE) for doer in doers):
            return f"the passage does not say “{verb.text}” of me"
        if word.text not in FIRST and verb.text in _OWN_DEEDS and doers and all(doer == MINE for doer in doers):
            return f"the passage says “{verb.text}” of me"
    return ""


def _doer(reading: Reading, at: int) -> str:
    """Who stands before a verb in its clause: `MINE` ("our team", too), another's form or pronoun; empty if nobody."""
    before = [one for one in reading.words[max(0, at - 4) : at] if one.clause == reading.words[at].clause]
    doer = next(filterfalse(goes_before_verbs, reversed(before)), None)
    if doer is None or any(one.text in FIRST or one.text == "our" for one in before):
        return "" if doer is None else MINE
    if doer.text in {"he", "she", "they"}:
        return doer.text
    return doer.form if doer.is_capital or any(one.text in _ARTICLES for one in before) else ""
