"""Patterns that ask what something is: definitions, likenesses, names, opinions."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from twin_data.generate.clauses import addresses_reader, lowered_start, spoken_to_author
from twin_data.scoring.sentences import STOPWORDS, content_stems, words
from twin_eval.exam.grammar import (
    DISCOURSE,
    FACTUAL,
    MAX_CLAUSE_WORDS,
    NOMINAL,
    OPINION,
    PLAIN_SUBJECT,
    THAT_CLAUSE,
    VALUED,
    Grammar,
    Worded,
    ends_open,
    first_part,
    is_short,
    opened,
)
from twin_eval.exam.people import NAME
from twin_eval.exam.statements import needs_context
from twin_eval.exam.verbs import FORMS

_BE = r"(?P<be>is|was|are|were)"
_COPULA = regex.compile(rf"(?P<s>{PLAIN_SUBJECT})\s{_BE}\s(?P<rest>[^;:]+?)[.!]")
_NO_DEFINITION = regex.compile(r"(?:not|n't|never|the more|the less|to be|what)\b")
_OF_SOMETHING_BEFORE = regex.compile(r"\b(?:them|it|him|her)\b")
_MEASURE = regex.compile(
    r"(?i)\b(?:price|gain|cost|tally|height|number|sum|length|width|depth|total|distance|weight|share|difference|"
    r"rate|level|error|lead|delay|bill|time)\b"
)
_SOMEBODY = regex.compile(r"\b(?:man|woman|lady|boy|girl|saint|gentleman|fellow|companion|friend)\b")
_RELATIVE = regex.compile(
    rf"(?P<s>(?:The|My|One) [^,;:—–()\"“”?!]*?\b(?:that|which|who)\b [^,;:—–()\"“”?!]+?)\s{_BE}\s(?P<rest>[^;:]+?)[.!]"
)
_NO_TOPIC = regex.compile(
    r"(?:The|My|One) (?:thing|fact|point|reason|truth|answer|question|result|man|person|people|moment|day)\s"
    r"(?:that|which|who)\b"
)
_ANY_COPULA = regex.compile(r"\b(?:is|was|are|were)\b")
_NOT_BUT = regex.compile(
    rf"(?P<s>{PLAIN_SUBJECT})\s{_BE}\snot\s(?P<no>(?:an?|the|that|to|in|of)\s[^,;:—()]+?)[,;]?\sbut\s(?:rather\s)?"
    r"(?P<yes>[^;:—()]+?)[.!]"
)
_LIKE = regex.compile(rf"(?P<s>{PLAIN_SUBJECT})\s{_BE}\s(?:rather |very much |something )?like\s(?P<rest>[^;:]+?)[.!]")
_CALLED = regex.compile(
    rf"(?P<s>{PLAIN_SUBJECT})\s{_BE}\s(?:commonly |generally |sometimes |usually |often )?(?:called|known as|named)\s"
    r"(?!(?:after|upon|in|on|by|out|for|to|from)\b)(?P<rest>[^;:,]+?)[.!,]"
)
_CLEFT = regex.compile(
    r"It (?P<be>is|was) (?:only |precisely |exactly |always |especially |just )?(?P<x>(?:the|an?|my|"
    r"our)\s[^,;:—()]+?)\s(?P<that>that|who|which)\s(?P<rest>[^;:—()“”]+?)[.!]"
)
_NO_CLEFT = regex.compile(
    r"(?:the|an?|my|our)\s(?:\p{L}+ )?(?:fact|pity|mistake|question|truth|good|sort|kind|shame|matter|case|way|"
    r"thing|rule|common|sign|comfort|commonplace)\b|.*\b(?:that|which|who)\b"
)
_FINITE = regex.compile(
    r"(?:has|have|had|is|was|are|were|does|did|do|can|could|will|would|must|should|may|makes?|made|gives?|gave|takes?|"
    r"took|comes?|came|goes|went|keeps?|kept|\p{Ll}{3,}ed|\p{Ll}{3,}s|never|always|really)\b"
)
_SAYS = regex.compile(
    rf"(?P<who>{NAME})\s(?P<v>says|said|thinks|thought|wrote|writes|believes|believed|holds|maintains|maintained|"
    rf"argues|"
    r"argued|declares|declared|remarks|remarked)\s(?:somewhere |once |rightly |quite truly )?that\s(?P<s>[^,;:—()]+?)\s"
    rf"{_BE}\s(?P<rest>(?:an?|the|to|that|like)\s[^;:—()]+?)[.!]"
)
_BASE = {
    "says": "say", "said": "say", "thinks": "think", "thought": "think", "wrote": "write", "writes": "write",
    "believes": "believe", "believed": "believe", "holds": "hold", "maintains": "maintain", "maintained": "maintain",
    "argues": "argue", "argued": "argue", "declares": "declare", "declared": "declare", "remarks": "remark",
    "remarked": "remark",
}  # fmt: skip
_SAYING = frozenset(
    {*_BASE, *"know knows knew tell tells told show shows showed feel feels felt hope hopes suppose supposes".split()}
)
"""What a clause with `that` hangs on, rather than a noun."""
_I_THINK = regex.compile(
    r"(?:For my part,? |Personally,? )?I (?:do |really |also |still |quite |firmly )?(?:think|believe|hold|maintain|am "
    r"convinced|am sure|am certain|am inclined to think|should say|would say|confess)(?: that)? (?P<c>.+)"
)
_MY = regex.compile(
    r"My (?:own |chief |main |first |only |real )?(?P<n>objection|view|opinion|rule|advice|answer|complaint|quarrel|"
    r"favourite|favorite|ambition|hope|fear|belief|guess|idea|definition|experience)"
    r"(?P<of>\s(?:to|of|on|about|with|against|for)\s[^,;:—()]+?)\s(?P<be>is|was|has always been|has been)\s"
    r"(?P<rest>[^;:]+?)[.!]"
)
_BY_I_MEAN = regex.compile(
    r"By (?P<x>[^,;:—()]{3,60}?),? I (?:simply |merely |only |here )?(?P<v>mean|meant|understand) (?P<rest>[^;:]+?)[.!]"
)


def definition(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`Bigotry is the anger of …` → `What is bigotry?`."""
    found = _COPULA.fullmatch(sentence)
    shown = grammar.subject(found["s"]) if found else None
    if not found or shown is None or found["s"] == "I" or grammar.people.is_person(found["s"]):
        return
    rest, be, part = found["rest"], found["be"], first_part(found["rest"])
    if rest[0] in "£0123456789" and not _MEASURE.search(found["s"]):
        return
    if _NO_DEFINITION.match(rest) or len(words(rest)) < 3 or _OF_SOMETHING_BEFORE.search(part):
        return
    if not NOMINAL.match(rest) and not (be in {"is", "was"} and THAT_CLAUSE.match(rest)):
        return
    is_past = be in {"was", "were"}
    if is_past and (shown[:1].isupper() or _SOMEBODY.search(shown)):
        return
    kind = OPINION if VALUED.search(found["s"]) else FACTUAL
    view = ", in your view," if kind is OPINION else ""
    text = f"How do you describe {shown}?" if shown[:1].isupper() else f"What{view} {be} {shown}?"
    anchor = f"{found['s']} {be} "
    yield Worded("definition", kind, text, part, is_bare=is_short(found["s"]), anchor=anchor)


def relative(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`The only thing that can save us is …` → `What is the only thing that can save you?`."""
    found = _RELATIVE.fullmatch(sentence)
    if not found or not 5 <= len(words(found["s"])) <= MAX_CLAUSE_WORDS or addresses_reader(sentence):
        return
    rest, before = found["rest"], regex.split(r"\b(?:that|which|who)\b", found["s"])[0]
    named = words(before)[-1].casefold()
    if named in STOPWORDS or named in FORMS or named in _SAYING:
        return  # "My instinct tells me that my head is …"
    if _ANY_COPULA.search(rest) or _ANY_COPULA.search(before) or len(words(rest)) < 3:
        return
    if not (NOMINAL.match(rest) or THAT_CLAUSE.match(rest)):
        return
    if _NO_TOPIC.match(found["s"]) or ends_open(found["s"]) or DISCOURSE.search(found["s"]):
        return
    kind = OPINION if VALUED.search(found["s"]) else FACTUAL
    text = f"What, by your account, {found['be']} {grammar.shown(found['s'])}?"
    yield Worded("relative", kind, text, first_part(rest))


def not_but(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`Poetry was not the disease, but the medicine.` → `What, if not the disease, was poetry?`."""
    found = _NOT_BUT.fullmatch(sentence)
    shown = grammar.subject(found["s"]) if found else None
    if not found or shown is None or addresses_reader(sentence) or found["s"] == "I":
        return
    no, yes = found["no"], found["yes"]
    first, second = no.split()[0], yes.split()[0]
    if len(words(no)) > MAX_CLAUSE_WORDS or len(words(yes)) < 2:
        return
    if first == second or {first, second} <= {"a", "an", "the"}:
        yield Worded("not_but", FACTUAL, f"What, if not {spoken_to_author(no)}, {found['be']} {shown}?", yes)


def alike(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`The creed is like a key.` → `To what do you liken the creed?`."""
    found = _LIKE.fullmatch(sentence)
    shown = grammar.subject(found["s"]) if found else None
    if found and shown is not None and found["s"] != "I" and NOMINAL.match(found["rest"]):
        yield Worded("like", FACTUAL, f"To what do you liken {shown}?", first_part(found["rest"]))


def called(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`The pamphlet was called …` → `What was the pamphlet called?`."""
    found = _CALLED.match(sentence)
    shown = grammar.subject(found["s"]) if found else None
    if found and shown is not None and len(words(found["rest"])) <= 6:
        yield Worded("called", FACTUAL, f"What {found['be']} {shown} called?", found["rest"])


def cleft(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`It is the humble man who …` → `Who is it, by your account, who …?`."""
    found = _CLEFT.fullmatch(sentence)
    if not found or not 4 <= len(words(found["rest"])) <= MAX_CLAUSE_WORDS or len(words(found["x"])) > 9:
        return
    if not _FINITE.match(found["rest"]) or _NO_CLEFT.match(found["x"]) or addresses_reader(sentence):
        return
    asked, that = ("Who", "who") if found["that"] == "who" else ("What", "that")
    rest = spoken_to_author(found["rest"])
    yield Worded("cleft", FACTUAL, f"{asked} {found['be']} it, by your account, {that} {rest}?", found["x"])


def said(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`Mr. Shaw says that property is …` → `What does Mr. Shaw say that property is?`."""
    found = _SAYS.fullmatch(sentence)
    shown = grammar.subject(opened(found["s"])) if found else None
    if found and shown is not None and grammar.people.is_person(found["who"]):
        auxiliary = "did" if found["v"].endswith("d") or found["v"] in {"thought", "wrote"} else "does"
        text = f"What {auxiliary} {found['who']} {_BASE[found['v']]} that {shown} {found['be']}?"
        yield Worded("said", FACTUAL, text, found["rest"])


def thought(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`I think that X is …` → `What, in your opinion, is X?`."""
    found = _I_THINK.fullmatch(sentence)
    clause = _COPULA.fullmatch(opened(found["c"])) if found else None
    shown = grammar.subject(clause["s"]) if clause else None
    if clause is None or shown is None or regex.match(r"(?:not|never)\b", clause["rest"]):
        return
    is_nominal = NOMINAL.match(clause["rest"]) or THAT_CLAUSE.match(clause["rest"])
    text = f"What, in your opinion, {clause['be']} {shown}?" if is_nominal else f"What do you think of {shown}?"
    yield Worded("thought", OPINION, text, first_part(clause["rest"]))


def mine(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`My objection to X is …` → `What is your objection to X?`."""
    found = _MY.fullmatch(sentence)
    if found and len(content_stems(found["rest"])) >= 2:
        be = "is" if found["be"].startswith("has") else found["be"]
        text = f"What {be} your {found['n']}{spoken_to_author(found['of'])}?"
        yield Worded("mine", OPINION, text, first_part(found["rest"]))


def meant(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`By the prose of a thing I mean …` → `What do you mean by the prose of a thing?`."""
    if (found := _BY_I_MEAN.fullmatch(sentence)) and not needs_context(found["x"]):
        verb = found["v"].replace("meant", "mean")
        text = f"What do you {verb} by {spoken_to_author(lowered_start(found['x']))}?"
        yield Worded("meant", FACTUAL, text, first_part(found["rest"]))
