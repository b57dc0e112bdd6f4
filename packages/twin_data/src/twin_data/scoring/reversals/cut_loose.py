"""Rules for what was cut loose from the words that bound it: a question, an "if", a "he says that", a doubt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import filterfalse, pairwise

from twin_data.scoring.denials import is_negated, nearest
from twin_data.scoring.readings import Reading
from twin_data.scoring.reversals.lexicon import (
    AGREES,
    ALL,
    ALL_IN_FORM,
    CAUSE,
    CONCESSION,
    CONDITIONAL,
    DOUBTS,
    FIRST,
    HEDGES,
    IF,
    IF_IN_FORM,
    IN_INTENT,
    INTENT,
    MOST,
    OLD,
    PAST,
    PRESENT,
    REPORTS,
    SAID,
    SAID_FORMS,
    SOME,
)
from twin_data.scoring.reversals.pair import SAME_PLACE, Pair, goes_before_verbs, shares
from twin_data.scoring.word_forms import form

TURNED_SHARE = 0.75
"""Share of a clause's words that must stand in one clause of the passage, and only where the opposite is said."""
MIN_TURNED = 2
"""How many words these are at least."""

_NO_SUBJECT = frozenset(
    "the a an my his her their our your its this that no any every of to in with and or some not".split()
)

_CONTRASTS = frozenset("but yet though although".split())

_NO_COMPLEMENT = frozenset("of about for to in on with at from and or as than so it's but by".split())


def asked(pair: Pair) -> str:
    """What the passage only asks."""
    if pair.claim.text.rstrip("\"'”’) ").endswith("?"):
        return ""
    return pair.all_of(lambda one: "the passage only asks" if one.text.rstrip("\"'”’) ").endswith("?") else "")


def denied(pair: Pair) -> str:
    """What the passage only denies, said; what it only says, denied."""
    if any(is_negated(one.text) and not one.is_negated for one in pair.evidence):
        return ""  # it calls something wrong to say: `denials` reads that
    for clause in pair.claim.clauses:
        # By the nearest clause of either kind: "the owl does not sing, but the robin sings all day" is about two birds.
        told = ((one.forms, one.is_negated) for one in pair.clauses)
        agreeing, against = nearest(clause.forms, clause.is_negated, told)
        if against - agreeing >= MIN_TURNED and against >= TURNED_SHARE * len(clause.forms):
            return "the passage does not deny it" if clause.is_negated else "the passage denies it"
    return ""


def quantity(pair: Pair) -> str:
    """All or most where the passage says some."""
    claimed = frozenset(ALL_IN_FORM.sub(" ", pair.claim.text).casefold().split())
    told = pair.told
    if claimed & ALL and not told & ALL and told & (SOME | MOST):
        return f"the passage does not say “{min(claimed & ALL)}”"
    is_part = told & SOME or any(map(shares, pair.evidence))
    if claimed & (MOST - {"nearly", "almost"}) and not told & (MOST | ALL) and is_part:
        return f"the passage does not say “{min(claimed & MOST)}”"
    return ""


def attribution(pair: Pair) -> str:
    """What somebody else says, said in one's own name; or one's own word put into somebody else's mouth."""
    sayers = _sayers(pair.claim)
    attributes = any(not is_mine for _, is_mine in sayers)
    agrees = any(AGREES.search(one.text) for one in pair.evidence)

    def objection(statement: Reading) -> str:
        told = _sayers(statement)
        theirs = [at for at, is_mine in told if not is_mine and _behind(pair.claim, statement, at)]
        mine = [at for at, is_mine in told if is_mine and _behind(pair.claim, statement, at)]
        if theirs and not mine and not attributes and not agrees:
            return "the passage says so of what somebody else says"
        if mine and not theirs and attributes and not any(is_mine for _, is_mine in sayers):
            return "the passage does not say that somebody else says so"
        return ""

    return pair.all_of(objection)


def _sayers(reading: Reading) -> list[tuple[int, bool]]:
    """The place behind each verb that reports what somebody says or thinks, and whether that is "I" or "we"."""
    found = []
    for at, word in enumerate(reading.words):
        if word.text == "according":
            found.append((at + 1, False))
        if word.text not in SAID and word.text not in REPORTS or at == 0 or at + 1 == len(reading.words):
            continue
        subject = next(filterfalse(goes_before_verbs, reversed(reading.words[max(0, at - 4) : at])), None)
        before, after = reading.words[at - 1], reading.words[at + 1]
        if before.text in _NO_SUBJECT or after.text in _NO_COMPLEMENT or after.clause != word.clause or subject is None:
            continue
        if subject.text in FIRST or subject.text not in {"you", "it"} or before.text in {"is", "was"}:
            found.append((at + 1, subject.text in FIRST))
    return found


def _behind(claim: Reading, statement: Reading, at: int, *, ends: frozenset[str] = _CONTRASTS | FIRST) -> bool:
    """Whether most of the claim's words that a statement has stand behind a place in it, before it turns elsewhere.

    Args:
        claim: What is said.
        statement: One of the passage.
        at: The place.
        ends: The words at whose head a clause turns elsewhere; "and I" does where "I" does.
    """
    wanted = (claim.forms - SAID_FORMS) & statement.forms
    told = statement.forms_between(at, _complement_end(statement, at, ends))
    return bool(wanted) and len(wanted & told) >= SAME_PLACE * len(wanted)


def _complement_end(statement: Reading, at: int, ends: frozenset[str]) -> int:
    """Where a statement stops saying what somebody says, or what holds on an "if": at a "but", or where "I" goes on."""
    for place in range(max(0, at) + 1, len(statement.words)):
        word, before = statement.words[place], statement.words[place - 1]
        if word.clause == before.clause:
            continue
        following = statement.words[place + 1].text if place + 1 < len(statement.words) else ""
        if word.text in ends or (word.text == "and" and following in ends):
            return place
    return len(statement.words)


def doubt(pair: Pair) -> str:
    """What is doubted, hoped or put as a mere possibility, said as a fact."""
    if pair.claim.texts & HEDGES:
        return ""

    def objection(statement: Reading) -> str:
        match = DOUBTS.search(statement.text)
        if match is None or (pair.claim.is_negated and match[0].casefold().startswith(("i ", "we "))):
            return ""  # what is doubted may be denied
        at = len(Reading.of(statement.text[: match.end()]).words)
        return f"the passage says “{match[0]}”" if _behind(pair.claim, statement, at) else ""

    return pair.all_of(objection)


def condition(pair: Pair) -> str:
    """What holds on a condition, said without it."""
    if pair.claim.texts & CONDITIONAL:
        return ""

    def objection(statement: Reading) -> str:
        bare = Reading.of(IF_IN_FORM.sub(" ", statement.text))
        at = bare.at(*IF)
        if at < 0:
            return ""
        begin = max((place for place in range(at) if bare.words[place].text in {"but", "and"}), default=0)
        is_bound = _behind(pair.claim, bare, begin - 1, ends=_CONTRASTS)
        return f"the passage says “{bare.words[at].text}”" if is_bound else ""

    return pair.all_of(objection)


def intent(pair: Pair) -> str:
    """What was meant, tried or nearly done, said as done."""
    if pair.claim.texts & IN_INTENT:
        return ""

    def objection(statement: Reading) -> str:
        for match in INTENT.finditer(statement.text):
            verb = form(match[1] or match[2])
            apart = Reading.of(f"{statement.text[: match.start()]} {statement.text[match.end() :]}")
            if verb in pair.claim.forms and verb not in apart.forms:
                return f"the passage says “{match[0]}”"
        return ""

    return pair.all_of(objection)


def former(pair: Pair) -> str:
    """What was once believed or done, said of now."""
    if "still" in pair.claim.texts and not pair.texts & {"still", "yet", "today", "now", "always", "remain", "remains"}:
        return "the passage does not say “still”"
    if pair.claim.texts & PAST:
        return ""

    def objection(statement: Reading) -> str:
        match = OLD.search(statement.text)
        said = [one for one in pair.claim.words if one.text in PRESENT]
        if match is None or not said:
            return ""
        now = statement.at("now", "nowadays", "today")
        later = statement.forms_between(now, len(statement.words)) if now >= 0 else frozenset[str]()
        wanted = pair.claim.forms & statement.forms
        is_of_now = len(wanted & later) >= SAME_PLACE * len(wanted) if wanted else False
        return "" if is_of_now else f"the passage says “{match[0]}”"

    return pair.all_of(objection)


def cause(pair: Pair) -> str:
    """Cause and effect changed, or "because" where the passage says "although"."""
    told = pair.told
    if (
        pair.claim.texts & CONCESSION
        and not told & (CONCESSION | {"but", "still", "even"})
        and told & {"because", "since"}
    ):
        return "the passage gives it as a reason"
    if pair.claim.texts & {"because", "since"} and not told & (CAUSE | {"why", "reason"}) and told & CONCESSION:
        return "the passage does not give it as a reason"
    if (at := pair.claim.at("because")) >= 0 and not pair.claim.is_negated:
        wanted = pair.claim.forms_between(at, len(pair.claim.words))
        if wanted and any(wanted <= _no_reason(one) for one in pair.evidence):
            return "the passage says that this is not why"
    if (claimed := _reason_first(pair.claim)) is None:
        return ""
    given = list(filter(None, map(_reason_first, pair.evidence)))
    if _is_anothers(claimed, given, pair.forms):
        return "the passage gives another reason"
    reason, effect = claimed
    for reasons in given:
        first, second = reasons[0] - reasons[1], reasons[1] - reasons[0]
        if len(reason & second) + len(effect & first) > len(reason & first) + len(effect & second):
            return "the passage gives cause and effect the other way round"
    return ""


_Reason = tuple[frozenset[str], frozenset[str]]
"""Forms of a reason, and of what it is given for."""


def _is_anothers(claimed: _Reason, given: Sequence[_Reason], said: frozenset[str]) -> bool:
    """Whether the passage gives a reason for the same, and says the claimed one of something else."""
    reason, effect = claimed
    if not reason or 2 * len(reason & said) <= len(reason) or any(reason & why for why, _ in given):
        return False
    return any(why and effect and len(effect & what) >= TURNED_SHARE * len(effect) for why, what in given)


def _reason_first(reading: Reading) -> _Reason | None:
    """What a statement gives as a reason, and of what; None if it gives none."""
    end = len(reading.words)
    because = reading.at("because", "since")
    if because > 0:
        return reading.forms_between(because, end), reading.forms_between(0, because)
    if because == 0:
        turn = next((at for at in range(1, end) if reading.words[at].clause != reading.words[0].clause), end)
        return reading.forms_between(0, turn), reading.forms_between(turn, end)
    so = next((at for at, (_, word) in enumerate(pairwise(reading.words), 1) if word.text in {"so", "therefore"}), -1)
    if so > 0 and reading.words[so].clause != reading.words[so - 1].clause:
        return reading.forms_between(0, so), reading.forms_between(so, end)
    return None


def _no_reason(reading: Reading) -> frozenset[str]:
    """What a statement says behind "not because"."""
    at = next(
        (at for at, (one, other) in enumerate(pairwise(reading.words), 1) if (one.text, other.text) == _NOT_WHY), -1
    )
    return reading.forms_between(at, len(reading.words)) if at >= 0 else frozenset()


_NOT_WHY = ("not", "because")
