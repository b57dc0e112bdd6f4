"""Patterns that ask what something does, why, when, how often, and who does it."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from twin_data.generate.clauses import (
    SUBORDINATORS,
    addresses_reader,
    complex_sentence,
    is_past,
    lowered_start,
    spoken_to_author,
)
from twin_data.scoring.sentences import content_stems, words
from twin_eval.exam.grammar import (
    DISCOURSE,
    FACTUAL,
    MAX_CLAUSE_WORDS,
    OPINION,
    PLAIN_SUBJECT,
    Grammar,
    Worded,
    ends_open,
    first_part,
    is_plural,
    is_short,
    opened,
)
from twin_eval.exam.people import NAME
from twin_eval.exam.statements import needs_context
from twin_eval.exam.verbs import FORMS, PARTICLES

_AFTER_VERB = regex.compile(
    r"(?i)(?:it|by|to be|in|of|for|at|from|with|on|as|that (?:he|she|they)|this|them|him|her|up|out|off|away|so|"
    r"such|these|those|not|no|and|or|presumably|me|us|you|I|it's)\b"
)
_BECAUSE = regex.compile(
    r"(?P<main>[^;:—–()\"“”?!]+?),?\s(?:(?:very )?(?:precisely|partly|just|largely|chiefly|exactly|mainly)\s)?"
    r"(?:because|for the simple reason that|for the reason that)\s(?P<why>[^;:—()]+?)[.!]"
)
_REASON = regex.compile(
    r"(?:The|One|My) (?:real |true |chief |main )?reason (?:why|that) (?P<main>[^,;:—()]+?) (?:is|was) that "
    r"(?P<why>[^;:—]+)[.!]"
)
_NO_CAUSE = regex.compile(
    r"(?i)\b(?:not|neither|nor|only|merely|simply|solely|who|which|whom|whose|said|say|says|(?:is|was) that|"
    rf"{'|'.join(SUBORDINATORS)})\b|n['’]t\b|,"
)
_NO_CAUSE_START = regex.compile(
    r"(?:Is|Are|Was|Were|Do|Does|Did|It is|It was|Perhaps|For|In|On|At|By|With|To|Of|From|Granted)\b"
)
_MODAL = regex.compile(r"\b(?:will|would|can|cannot|must|should|may|might|shall)\b")
_WEAK_MAIN = regex.compile(r"(?:this|that|there|it (?:may|should|is|was)|I)\b")
_PRONOUN_SUBJECT = regex.compile(r"(?i)\b(?:I|we|he|she|it|they|you|there)\b")
_WHO_VERB = regex.compile(
    r"(?:is|was|has|had|said|says|wrote|made|found|gave|took|told|saw|kept|left|lost|sent|held|brought|began|built|"
    r"bought|caught|felt|led|met|paid|put|ran|set|spoke|spent|taught|threw|understood|won|knew|thought|came|went|"
    r"died|stood|sat|thinks|believes|holds|maintains|admires|loves|hates|knows|calls|\p{Ll}{3,}ed)\b"
)
_NEXT_DEED = regex.compile(
    r"[;:—]|, (?:and|but|for|so|yet)\s"
    rf"|\s(?:and|but|while|so)\s(?=(?:{NAME}|the \p{{L}}+|my \p{{L}}+)\s{_WHO_VERB.pattern}|(?:I|we|he|she|they|it)\s)"
)
"""Where somebody else's deed begins: `wrote the lexer and Tom reviewed it`."""
_WEAK_WHO = regex.compile(r"(?:is|was|has|had) (?!(?:the|one of|said|written|made|asked|told|called)\b)")
_NUMBERS = (
    r"(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    r"seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\p{L}+)?|(?:a|one|"
    r"two|three|four|five|six) (?:hundred|thousand|dozen|million))"
)
_THERE_ARE = regex.compile(
    rf"There (?P<be>are|were) (?:only |just |at least |exactly )?(?P<n>{_NUMBERS}) (?!or\b)"
    r"(?P<what>\p{Ll}[^,;:—()]*?)\s?(?:[,;:—(].*)?[.!]"
)
_HAS_NUMBER = regex.compile(
    rf"(?P<s>{PLAIN_SUBJECT})\s(?P<v>has|have|had|needs?|costs?|contains?|weighs?|measures?|measured|weighed)\s"
    rf"(?:only |just |about |at least |exactly )?(?P<n>{_NUMBERS})\s(?P<noun>\p{{Ll}}{{3,}}s)\b"
    r"(?P<rest>[^,;:—()]*?)\s?(?:[,;:—(].*)?[.!]"
)
_HAVE = {"has": ("does", "have"), "have": ("do", "have"), "had": ("did", "have")}
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATES = (
    ("year", "In which year", r"[Ii]n (?:the year )?(?P<x>1[0-9]\d\d|20\d\d)"),
    ("month", "In which month", rf"[Ii]n (?P<x>(?:{_MONTHS})(?:(?: of)? \d{{4}})?)"),
    (
        "day",
        "On which day",
        rf"[Oo]n (?P<x>(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTHS})(?: \d{{4}})?|(?:{_MONTHS}) \d{{1,2}}"
        r"(?:st|nd|rd|th)?|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?"
        rf"(?: the \d{{1,2}}(?:st|nd|rd|th)|,? \d{{1,2}} (?:{_MONTHS}))?)",
    ),
)
_WHEN = tuple(
    (name, asked, regex.compile(rf"{date},? (?P<clause>.+)[.!]"), regex.compile(rf"(?P<clause>.+[^,\s]) {date}[.!]"))
    for name, asked, date in _DATES
)
_NOT_THEN = regex.compile(
    r"(?i)\b(?:all|early|late|only|or|and|since|not|none|until|again|about|back|except|even|also|once|somewhere|open)$"
)
_NO_CLAUSE = regex.compile(r"(?:and|or|to|of|but|before|after|at|in|on|by|for|with|\d)\b")
_PRESENT_VERB = regex.compile(
    r"(?:(?!that\b|who\b|which\b)[\p{L}'’-]+\s){1,5}?(?:gets?|is|are|am|has|have|goes|comes)\s"
)
"""A clause of now, though a word in it ends in -ed: `my sister gets married`."""
_FUTURE = regex.compile(r"\b(?:will|shall|won['’]t)\b|['’]ll\b")
_TO_IS_TO = regex.compile(r"To (?P<a>\p{Ll}[^,;:—()]+?) is (?:simply |really |only )?to (?P<b>[^;:—()]+?)[.!]")
_I_PREFER = regex.compile(
    r"I (?:would |should |had |much |infinitely )*(?:prefer|preferred)\s(?P<a>[^,;:—()]+?)\sto\s(?P<b>[^,;:—()]+?)[.!]"
)
_SAYS_LITTLE = regex.compile(r"^\p{L}+ not\b|^cannot\b|\bof the two\b|\bboth\b")
_SUBJECT_FIRST = regex.compile(
    r"(?P<s>(?:The|My|Our|An?)\s[^,;:—–()\"“”?!]+?)\s(?P<rest>(?:cannot|can|could|will|would|must|should|may|might|"
    r"has|have|had|does|did|do|is|are|was|were|\p{Ll}{3,}(?<!need|feed|seed|deed|indeed|sacred|hundred|wicked|"
    r"naked)ed(?! (?:to|by|in|of|from|with|at|on|as|for)\b)|makes|took|gave|stood|came|went|knew|found|lost|"
    r"kept)\s[^;:]+)[.!]"
)


def doing(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`Government means …` → `What does government mean?`."""
    for form in dict.fromkeys(word for word in sentence.split() if word in FORMS):
        auxiliary, base = FORMS[form]
        subject, _, rest = sentence.rstrip(".!").partition(f" {form} ")
        shown = grammar.subject(subject) if regex.fullmatch(PLAIN_SUBJECT, subject) else None
        if shown is None:
            continue
        asked = base
        if base in PARTICLES:
            particle = next((one for one in PARTICLES[base] if rest.startswith(f"{one} ")), None)
            if particle is None:
                continue
            asked, rest = f"{base} {particle}", rest[len(particle) + 1 :]
        if len(words(rest)) < 3 or _AFTER_VERB.match(rest) or regex.search(r"[;:—]", rest):
            continue
        if (auxiliary == "does" and is_plural(subject)) or (auxiliary == "do" and not is_plural(subject)):
            continue
        yield Worded("verb", FACTUAL, f"What {auxiliary} {shown} {asked}?", first_part(rest), is_bare=is_short(subject))


def why(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`The gate is slow because …` → `Why is it that the gate is slow?`."""
    found = _BECAUSE.fullmatch(sentence) or _REASON.fullmatch(sentence)
    if not found or not 4 <= len(words(found["main"])) <= MAX_CLAUSE_WORDS or len(content_stems(found["why"])) < 2:
        return
    main = found["main"]
    if regex.search(r"\bthat\b", main) and sentence[found.end("main")] != ",":
        return  # what is caused may be what the inner clause says
    if ends_open(main) or regex.search(r"\bthat \p{L}+$", main):
        return
    if needs_context(main) or "because" in found["why"] or _NO_CAUSE.search(main) or addresses_reader(main):
        return
    if grammar.is_clause(main) and not _NO_CAUSE_START.match(main):
        yield Worded("why", FACTUAL, f"Why is it that {grammar.shown(main)}?", found["why"])


def condition(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`When the tide turns, the gate shuts.` → `What happens when the tide turns?`."""
    found = complex_sentence(sentence)
    if not found or addresses_reader(sentence) or not found.is_fronted:
        return
    clause, main = lowered_start(found.subordinate), found.main
    if not 4 <= len(words(clause)) <= MAX_CLAUSE_WORDS or len(content_stems(main)) < 3 or _WEAK_MAIN.match(main):
        return
    if needs_context(clause) or DISCOURSE.search(clause) or len(_PRONOUN_SUBJECT.findall(clause)) > 1:
        return
    shown = spoken_to_author(clause)
    if found.subordinator in {"when", "whenever", "as soon as"} and is_past(main) == is_past(clause):
        text = f"What happened when {shown}?" if is_past(main) else f"What happens, as you see it, when {shown}?"
        yield Worded("condition_when", FACTUAL, text, main)
    elif found.subordinator == "if" and _MODAL.search(main):
        yield Worded("condition_if", FACTUAL, f"What, in your view, follows if {shown}?", main)


def when(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`… in 1863.` → `In which year was it that …?`."""
    if regex.search(r"[;:—()“”\"]", sentence) or _FUTURE.search(sentence) or addresses_reader(sentence):
        return
    for name, asked, first, last in _WHEN:
        found = first.fullmatch(sentence) or last.fullmatch(sentence)
        if not found or _NOT_THEN.search(found["clause"]) or _NO_CLAUSE.match(found["clause"]):
            continue
        clause = opened(found["clause"])
        if not grammar.is_clause(clause) or not 4 <= len(words(clause)) <= MAX_CLAUSE_WORDS + 4:
            continue
        if needs_context(clause):
            continue
        be = "was" if is_past(clause) and not _PRESENT_VERB.match(clause) else "is"
        text = f"{asked} {be} it that {grammar.shown(clause)}?"
        yield Worded(f"when_{name}", FACTUAL, text, found["x"], (found["x"],))


def who(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`Mr. Healy summed up …` → `Who summed up …?`."""
    found = regex.match(rf"(?P<name>{NAME})\s(?P<rest>.+)[.!]$", sentence)
    if not found or not grammar.people.is_person(found["name"]) or not _WHO_VERB.match(found["rest"]):
        return
    if len(words(found["name"])) == 1 and grammar.finder.is_common_word(found["name"]):
        return
    rest = _NEXT_DEED.split(found["rest"])[0].rstrip(" ,")
    if not 5 <= len(words(rest)) <= MAX_CLAUSE_WORDS + 2 or addresses_reader(rest):
        return
    if not regex.search(r"[“”\"]", rest) and not _WEAK_WHO.match(rest):
        yield Worded("who", FACTUAL, f"Who {spoken_to_author(rest)}?", found["name"], (found["name"].split()[-1],))


def how_many(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`There are two kinds of …` → `How many kinds of … do you say there are?`."""
    if regex.search(r"\b(?:it|he|she|they|them|this)\b", sentence.split(",")[0]):
        return
    if (found := _THERE_ARE.fullmatch(sentence)) and 2 <= len(words(found["what"])) <= MAX_CLAUSE_WORDS:
        text = f"How many {spoken_to_author(found['what'])} do you say there {found['be']}?"
        yield Worded("how_many", FACTUAL, text, found["n"], (found["n"],))
    elif found := _HAS_NUMBER.fullmatch(sentence):
        form, shown = _HAVE.get(found["v"]) or FORMS.get(found["v"]), grammar.subject(found["s"])
        if form is None or shown is None:
            return
        auxiliary, base = ("do", form[1]) if found["s"] == "I" and form[0] == "does" else form
        rest = spoken_to_author(found["rest"]) if len(words(found["rest"])) <= 8 else ""
        text = f"How many {found['noun']} {auxiliary} {shown} {base}{rest}?"
        yield Worded("how_many", FACTUAL, text, found["n"], (found["n"],), is_bare=is_short(found["s"]))


def prefer(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`I prefer tea to coffee.` → `What do you prefer to coffee?`."""
    if found := _I_PREFER.fullmatch(sentence):
        yield Worded("prefer", OPINION, f"What do you prefer to {spoken_to_author(found['b'])}?", found["a"])


def amounts(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`To be in a romance is to be …` → `What is it, in your view, to be in a romance?`."""
    found = _TO_IS_TO.fullmatch(sentence)
    if found and 2 <= len(words(found["a"])) <= MAX_CLAUSE_WORDS and not addresses_reader(sentence):
        yield Worded("amounts", OPINION, f"What is it, in your view, to {spoken_to_author(found['a'])}?", found["b"])


def topic(sentence: str, grammar: Grammar) -> Iterator[Worded]:
    """`The tattered cloak of the beggar will …` → `What do you say about the tattered cloak of the beggar?`."""
    found = _SUBJECT_FIRST.fullmatch(sentence)
    shown = grammar.subject(found["s"]) if found else None
    if (
        found is None
        or _SAYS_LITTLE.search(found["rest"])
        or regex.match(r"(?:The|An?) (?:more|less|better|sooner|good many)\b", sentence)
    ):
        return
    if shown is not None and len(content_stems(found["s"])) >= 2 and len(content_stems(found["rest"])) >= 4:
        text, said = f"What do you say about {shown}?", first_part(found["rest"])
        yield Worded("topic", FACTUAL, text, said, is_bare=True, anchor=found["s"])
