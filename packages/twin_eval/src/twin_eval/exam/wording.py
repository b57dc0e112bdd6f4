"""Questions that a sentence answers, worded by patterns of English clauses.

Each pattern knows which stretch of the sentence is the answer, so that the facts of a right one can be taken from it.
A sentence that no pattern fits without a doubt is not asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from twin_data.contracts.evaluation import QuestionKind
from twin_data.generate.clauses import (
    SUBJECT,
    SUBORDINATORS,
    addresses_reader,
    complex_sentence,
    is_past,
    lowered_start,
    spoken_to_author,
)
from twin_data.generate.phrases import PhraseFinder
from twin_data.scoring.sentences import STOPWORDS, content_stems, words
from twin_eval.exam.people import NAME, People
from twin_eval.exam.statements import needs_context
from twin_eval.exam.verbs import FORMS, PARTICLES

MAX_CLAUSE_WORDS = 14
MAX_SUBJECT_WORDS = 9
FACTUAL, OPINION = QuestionKind.FACTUAL, QuestionKind.OPINION


@dataclass(frozen=True)
class Worded:
    """A question made of a sentence.

    Attributes:
        pattern: Which rule made it.
        kind: Factual or opinion.
        text: The question.
        answer: The stretch of the sentence that answers it.
        facts: What a right answer must state, where the pattern knows; else they are chosen from `answer`.
        is_bare: Whether what it asks about needs the document's title to be found.
    """

    pattern: str
    kind: QuestionKind
    text: str
    answer: str
    facts: tuple[str, ...] = ()
    is_bare: bool = False


_NOUN_ENDING = regex.compile(r"(?:ity|ness|ism|tion|sion|ment|ence|ance|ship|hood|dom|ure|phy|logy)s?$")
_ORDINAL_HEAD = regex.compile(r"(?:th|first|second|third|one|two|three)$")
_COMPARED = regex.compile(r"(?i)\b(?:more|less|greater|better|stronger|larger) .*\ba\b")
_VALUED = regex.compile(
    r"(?i)\b(?:best|worst|greatest|noblest|chief|main|only|real|true|truest|essential|objection|fault|vice|virtue|danger|"
    r"beauty|difficulty|weakness|strength|mistake|error|evil|trouble|charm|merit|defect|secret|moral|lesson|\p{L}{3,}est)\b"
)
_SUBJECT_STOP = regex.compile(
    r"(?i)\b(?:that|which|who|whom|what|where|though|every|no|all|for|when|if|because|there|it|this|these|those|he|she|they|"
    r"but|not|as|than|so|like|such|first|second|third|other|question|fact|point|truth|answer|reason|result|whole|same|"
    r"thing|case|former|latter|next|last|rest|matter|said|says|think|thinks|believe|only|nobody|nothing|everybody|"
    r"everything|somebody|anything|anybody|never|always|even|around|among|beside|beyond|within|across|behind|one|is|are|was|were|has|have|had|can|could|will|would|may|might|must|should|do|"
    r"does|did)\b"
)
_PLAIN_SUBJECT = r"(?:(?:The|My|Our|A|An)\s[^,;:—–()\"“”?!]+?|\p{Lu}[\p{Ll}-]+(?:\s[\p{L}-]+){0,2}?|I)"
_COPULA = regex.compile(rf"(?P<s>{_PLAIN_SUBJECT})\s(?P<be>is|was|are|were)\s(?P<rest>[^;:]+?)[.!]")
_RELATIVE = regex.compile(
    r"(?P<s>(?:The|My|One) [^,;:—–()\"“”?!]*?\b(?:that|which|who)\b [^,;:—–()\"“”?!]+?)\s(?P<be>is|was|are|were)\s(?P<rest>[^;:]+?)[.!]"
)
_ANY_COPULA = regex.compile(r"\b(?:is|was|are|were)\b")
_CLEFT = regex.compile(
    r"It (?P<be>is|was) (?:only |precisely |exactly |always |especially |just )?(?P<x>(?:the|an?|my|our)\s[^,;:—()]+?)\s"
    r"(?P<that>that|who|which)\s(?P<rest>[^;:—()“”]+?)[.!]"
)
_BY_I_MEAN = regex.compile(
    r"By (?P<x>[^,;:—()]{3,60}?),? I (?:simply |merely |only |here )?(?P<v>mean|meant|understand) (?P<rest>[^;:]+?)[.!]"
)
_NOMINAL = regex.compile(
    r"(?:always |only |simply |really |just |roughly |about |merely )?(?:an?|the|my|our|one|two|what|£?\d[\d.,]*)\b"
)
_THAT_CLAUSE = regex.compile(r"(?:simply |merely |only |just )?(?:that|to)\s\p{Ll}")
_NOT_BUT = regex.compile(
    rf"(?P<s>{_PLAIN_SUBJECT})\s(?P<be>is|was|are|were)\snot\s(?:merely |only |simply |so much )?"
    r"(?P<no>(?:an?|the|that|to|in|of)\s[^,;:—()]+?)[,;]?\sbut\s(?:rather\s)?(?P<yes>[^;:—()]+?)[.!]"
)
_LIKE = regex.compile(
    rf"(?P<s>{_PLAIN_SUBJECT})\s(?P<be>is|was|are|were)\s(?:rather |very much |something )?like\s(?P<rest>[^;:]+?)[.!]"
)
_CALLED = regex.compile(
    rf"(?P<s>{_PLAIN_SUBJECT})\s(?P<be>is|was|are|were)\s(?:commonly |generally |sometimes |usually |often )?"
    r"(?:called|known as|named)\s(?P<rest>[^;:,]+?)[.!,]"
)
_BECAUSE = regex.compile(
    r"(?P<main>[^;:—–()\"“”?!]+?),?\s(?:(?P<how>simply|merely|precisely|partly|just|largely|chiefly|exactly)\s)?"
    r"(?:because|for the simple reason that|for the reason that)\s(?P<why>[^;:—()]+?)[.!]"
)
_REASON = regex.compile(
    r"(?:The|One|My) (?:real |true |chief |main )?reason (?:why|that) (?P<main>[^,;:—()]+?) (?:is|was) that (?P<why>[^;:—]+)[.!]"
)
_NUMBERS = (
    r"(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\p{L}+)?|"
    r"(?:a|one|two|three|four|five|six) (?:hundred|thousand|dozen|million))"
)
_THERE_ARE = regex.compile(
    rf"There (?P<be>are|were) (?:only |just |at least |exactly )?(?P<n>{_NUMBERS}) (?P<what>\p{{Ll}}[^,;:—()]*?)(?:[,;:—(].*)?[.!]"
)
_HAS_NUMBER = regex.compile(
    rf"(?P<s>{_PLAIN_SUBJECT})\s(?P<v>has|have|had|takes?|took|needs?|keeps?|kept|holds?|held|costs?|lasts?|lasted|"
    rf"contains?|weighs?|measures?)\s(?:only |just |about |at least |exactly )?(?P<n>{_NUMBERS})\s(?P<noun>\p{{Ll}}{{3,}}s)\b"
    r"(?P<rest>[^,;:—()]*?)(?:[,;:—(].*)?[.!]"
)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_YEAR = r"[Ii]n (?:the year )?(?P<x>1[0-9]\d\d|20\d\d)"
_MONTH = rf"[Ii]n (?P<x>(?:{_MONTHS})(?:(?: of)? \d{{4}})?)"
_DAY = (
    rf"[Oo]n (?P<x>(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTHS})(?: \d{{4}})?|(?:{_MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?|"
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?(?: the \d{1,2}(?:st|nd|rd|th))?)"
)
_WHEN = tuple(
    (name, asked, regex.compile(rf"{date},? (?P<clause>.+)[.!]"), regex.compile(rf"(?P<clause>.+[^,\s]) {date}[.!]"))
    for name, asked, date in (
        ("year", "In which year", _YEAR), ("day", "On which day", _DAY), ("month", "In which month", _MONTH)
    )
)  # fmt: skip
_NOT_THEN = regex.compile(
    r"(?i)\b(?:all|early|late|only|or|and|since|not|none|until|again|about|back|except|even|also|once|somewhere)$"
)
_FUTURE = regex.compile(r"\b(?:will|shall|won['’]t)\b|['’]ll\b")
_TO_IS_TO = regex.compile(r"To (?P<a>\p{Ll}[^,;:—()]+?) is (?:simply |really |only )?to (?P<b>[^;:—()]+?)[.!]")
_SAYS = regex.compile(
    rf"(?P<who>{NAME})\s(?P<v>says|said|thinks|thought|wrote|writes|believes|believed|holds|maintains|maintained|argues|argued|"
    r"declares|declared|remarks|remarked)\s(?:somewhere |once |rightly |quite truly )?that\s(?P<what>[^;:—()]+?)[.!]"
)
_SAY_BASE = {
    "says": "say", "said": "say", "thinks": "think", "thought": "think", "wrote": "write", "writes": "write",
    "believes": "believe", "believed": "believe", "holds": "hold", "maintains": "maintain", "maintained": "maintain",
    "argues": "argue", "argued": "argue", "declares": "declare", "declared": "declare", "remarks": "remark",
    "remarked": "remark",
}  # fmt: skip
_I_THINK = regex.compile(
    r"(?:For my part,? |Personally,? )?I (?:do |really |also |still |quite |firmly )?(?:think|believe|hold|maintain|suspect|"
    r"am convinced|am sure|am certain|am inclined to think|should say|would say|confess)(?: that)? (?P<c>.+)"
)
_MY = regex.compile(
    r"My (?:own |chief |main |first |only |real )?(?P<n>objection|view|opinion|rule|advice|answer|complaint|quarrel|"
    r"favourite|favorite|ambition|hope|fear|belief|guess|idea|definition|experience)(?P<of>(?:\s(?:to|of|on|about|with|against|for|is to)\s[^,;:—()]+?)?)"
    r"\s(?P<be>is|was|has always been|has been)\s(?P<rest>[^;:]+?)[.!]"
)
_I_PREFER = regex.compile(
    r"I (?:would |should |had |much |infinitely )*(?:prefer|preferred)\s(?P<a>[^,;:—()]+?)\sto\s(?P<b>[^,;:—()]+?)[.!]"
)
_WHO_VERB = regex.compile(
    r"(?:is|was|has|had|said|says|wrote|made|found|gave|took|told|saw|kept|left|lost|sent|held|brought|began|built|bought|"
    r"caught|felt|led|met|paid|put|ran|set|spoke|spent|taught|threw|understood|won|knew|thought|came|went|died|stood|sat|"
    r"thinks|believes|holds|maintains|admires|loves|hates|knows|calls|called|invented|discovered|founded|married|"
    r"\p{Ll}{3,}ed)\b"
)


class Wording:
    """Words questions about single sentences of one corpus."""

    def __init__(self, finder: PhraseFinder, people: People) -> None:
        """Take what the corpus says of its phrases and names."""
        self._finder = finder
        self._people = people

    def questions(self, sentence: str) -> list[Worded]:
        """Every question that a rule can make of the sentence; the caller chooses."""
        found = (
            one
            for rule in (
                self._why, self._definition, self._relative, _cleft, _meant, self._not_but, self._verb, self._called, self._alike, _how_many, self._when, self._who,
                self._said, self._thought, _mine, _preferred, _amounts, self._conditions,
            )
            for one in rule(sentence)
        )  # fmt: skip
        return [one for one in found if not needs_context(one.text)]

    def subject(self, text: str) -> str | None:
        """The subject as it stands in a question; None if it is not one that can be asked about."""
        if len(words(text)) > MAX_SUBJECT_WORDS or _SUBJECT_STOP.search(text) or addresses_reader(text):
            return None
        if not content_stems(text) or _ends_open(text):
            return None
        shown = spoken_to_author(lowered_start(text))
        first = words(text)[0]
        if not regex.match(r"(?:the|your|a|an)\b", shown):
            if first.casefold() in STOPWORDS or first.endswith("ly") or self._is_verbal(text):
                return None
            if self._finder.is_common_word(first):
                shown = shown[0].lower() + shown[1:]
                if len(words(text)) == 1 and not (_NOUN_ENDING.search(first) or self._finder.ends_phrases(first)):
                    return None
        return None if text.endswith(("ly", "'s", "’s")) or _COMPARED.search(text) else shown

    def _is_verbal(self, text: str) -> bool:
        """Whether a verb form seems to stand inside a subject without an article."""
        return any(
            word in FORMS and word not in {"end", "love", "want", "show", "hate", "fear"} for word in text.split()[1:]
        )

    def _definition(self, sentence: str) -> Iterator[Worded]:
        """`Bigotry is the anger of …` → `What is bigotry?`."""
        found = _COPULA.fullmatch(sentence)
        if not found or (shown := self.subject(found["s"])) is None or found["s"] == "I":
            return
        rest, be = found["rest"], found["be"]
        if regex.match(r"(?:not|n't|never|the more|the less|to be|what)\b", rest) or len(words(rest)) < 3:
            return
        if _ORDINAL_HEAD.search(found["s"]):
            return
        if be in {"are", "were"} and _THAT_CLAUSE.match(rest):
            return
        if not (_NOMINAL.match(rest) or _THAT_CLAUSE.match(rest)) or self._people.is_person(found["s"]):
            return
        if regex.search(r"\b(?:them|it|him|her)\b", " ".join(words(rest)[:6])):
            return
        kind = OPINION if _VALUED.search(found["s"]) else FACTUAL
        view = ", in your view," if kind is OPINION else ""
        if shown[:1].isupper() and be not in {"is", "are"}:
            return
        text = f"How do you describe {shown}?" if shown[:1].isupper() else f"What{view} {be} {shown}?"
        yield Worded("definition", kind, text, _first_part(rest), is_bare=_is_short(found["s"]))

    def _relative(self, sentence: str) -> Iterator[Worded]:
        """`The only thing that can save us is …` → `What is the only thing that can save you?`."""
        found = _RELATIVE.fullmatch(sentence)
        if not found or not 5 <= len(words(found["s"])) <= MAX_CLAUSE_WORDS or addresses_reader(sentence):
            return
        rest = found["rest"]
        if _ANY_COPULA.search(rest) or not (_NOMINAL.match(rest) or _THAT_CLAUSE.match(rest)) or len(words(rest)) < 3:
            return
        if _ANY_COPULA.search(regex.split(r"\b(?:that|which|who)\b", found["s"])[0]):
            return
        if _NO_TOPIC.match(found["s"]) or _ends_open(found["s"]) or _DISCOURSE.search(found["s"]):
            return
        kind = OPINION if _VALUED.search(found["s"]) else FACTUAL
        shown = spoken_to_author(lowered_start(found["s"]))
        yield Worded("relative", kind, f"What, by your account, {found['be']} {shown}?", _first_part(rest))

    def _verb(self, sentence: str) -> Iterator[Worded]:
        """`Government means …` → `What does government mean?`."""
        for form, (auxiliary, base) in FORMS.items():
            at = regex.search(rf"(?<=\s){form}\s", sentence)
            if at is None:
                continue
            subject, rest = sentence[: at.start()].strip(), sentence[at.end() :].rstrip(".!")
            if not regex.fullmatch(_PLAIN_SUBJECT, subject) or (shown := self.subject(subject)) is None:
                continue
            asked = base
            if base in PARTICLES:
                particle = next((one for one in PARTICLES[base] if rest.startswith(f"{one} ")), None)
                if particle is None:
                    continue
                asked, rest = f"{base} {particle}", rest[len(particle) + 1 :]
            if len(words(rest)) < 3 or _AFTER_VERB.match(rest) or regex.search(r"[;:—]", rest):
                continue
            if auxiliary == "does" and _is_plural(subject) or auxiliary == "do" and not _is_plural(subject):
                continue
            auxiliary = "do" if subject == "I" and auxiliary == "does" else auxiliary
            is_bare = len(content_stems(subject)) < 2
            yield Worded("verb", FACTUAL, f"What {auxiliary} {shown} {asked}?", _first_part(rest), is_bare=is_bare)

    def _when(self, sentence: str) -> Iterator[Worded]:
        """`… in 1863 …` → `In which year was it that …?`."""
        if regex.search(r"[;:—()“”\"]", sentence) or _FUTURE.search(sentence) or addresses_reader(sentence):
            return
        for name, asked, first, last in _WHEN:
            found = first.fullmatch(sentence) or last.fullmatch(sentence)
            if (
                not found
                or _NOT_THEN.search(found["clause"])
                or regex.match(r"(?:and|or|to|of|but)\b", found["clause"])
            ):
                continue
            clause = _opened(found["clause"])
            if (
                not self._is_clause(clause)
                or not 4 <= len(words(clause)) <= MAX_CLAUSE_WORDS + 4
                or needs_context(clause)
            ):
                continue
            be = "was" if is_past(clause) else "is"
            yield Worded(
                f"when_{name}", FACTUAL, f"{asked} {be} it that {self._shown(clause)}?", found["x"], (found["x"],)
            )

    def _is_clause(self, text: str) -> bool:
        """Whether a text begins like a clause with a subject, and not like an order or a fragment."""
        first = words(text)[0]
        if SUBJECT.match(text) or not self._finder.is_common_word(first):
            return True
        return self._finder.ends_phrases(first) and bool(_ANY_VERB.search(text))

    def _who(self, sentence: str) -> Iterator[Worded]:
        """`Mr. Healy summed up …` → `Who summed up …?`."""
        found = regex.match(rf"(?P<name>{NAME})\s(?P<rest>.+)[.!]$", sentence)
        if not found or not self._people.is_person(found["name"]) or not _WHO_VERB.match(found["rest"]):
            return
        if len(words(found["name"])) == 1 and self._finder.is_common_word(found["name"]):
            return
        rest = regex.split(r"[;:—]|, (?:and|but|for|so|yet)\s", found["rest"])[0].rstrip(" ,")
        if not 5 <= len(words(rest)) <= MAX_CLAUSE_WORDS + 2 or addresses_reader(rest):
            return
        if regex.search(r"[“”\"]", rest) or regex.match(
            r"(?:is|was|has|had) (?!(?:the|one of|said|written|made|asked|told|called)\b)", rest
        ):
            return
        surname = found["name"].split()[-1]
        yield Worded("who", FACTUAL, f"Who {spoken_to_author(rest)}?", found["name"], (surname,))

    def _said(self, sentence: str) -> Iterator[Worded]:
        """`Mr. Shaw says that property is …` → `What does Mr. Shaw say that property is?`."""
        found = _SAYS.fullmatch(sentence)
        if not found or not self._people.is_person(found["who"]):
            return
        clause = regex.fullmatch(
            r"(?P<s>[^,]+?) (?P<be>is|was|are|were) (?P<rest>(?:an?|the|to|that|like)\s.+)", found["what"]
        )
        if clause and (shown := self.subject(_opened(clause["s"]))) is not None:
            auxiliary = "did" if found["v"].endswith("d") or found["v"] in {"thought", "wrote"} else "does"
            verb = _SAY_BASE[found["v"]]
            yield Worded(
                "said", FACTUAL, f"What {auxiliary} {found['who']} {verb} that {shown} {clause['be']}?", clause["rest"]
            )

    def _thought(self, sentence: str) -> Iterator[Worded]:
        """`I think that X is …` → `What, in your opinion, is X?`."""
        found = _I_THINK.fullmatch(sentence)
        clause = _COPULA.fullmatch(_opened(found["c"])) if found else None
        if (
            clause
            and (shown := self.subject(clause["s"])) is not None
            and not regex.match(r"(?:not|never)\b", clause["rest"])
        ):
            wording = f"What, in your opinion, {clause['be']} {shown}?"
            if not (_NOMINAL.match(clause["rest"]) or _THAT_CLAUSE.match(clause["rest"])):
                wording = f"What do you think of {shown}?"
            yield Worded("thought", OPINION, wording, clause["rest"])

    def _why(self, sentence: str) -> Iterator[Worded]:
        """`The gate is slow because …` → `Why is it that the gate is slow?`."""
        found = _BECAUSE.fullmatch(sentence) or _REASON.fullmatch(sentence)
        if not found or len(words(found["why"])) < 4 or not 4 <= len(words(found["main"])) <= MAX_CLAUSE_WORDS:
            return
        main = found["main"]
        if (
            needs_context(main)
            or "because" in found["why"]
            or _NO_CAUSE.search(main)
            or addresses_reader(main)
            or "," in main
        ):
            return
        if not self._is_clause(main) or _NO_CAUSE_START.match(main):
            return
        yield Worded("why", FACTUAL, f"Why is it that {self._shown(main)}?", found["why"])

    def _not_but(self, sentence: str) -> Iterator[Worded]:
        """`Poetry was not the disease, but the medicine.` → `What, if not the disease, was poetry?`."""
        found = _NOT_BUT.fullmatch(sentence)
        if not found or _SUBJECT_STOP.search(found["s"]) or addresses_reader(sentence) or found["s"] == "I":
            return
        no, yes = found["no"], found["yes"]
        if len(words(no)) > MAX_CLAUSE_WORDS or len(words(yes)) < 2 or _ends_open(found["s"]):
            return
        articles = {"a", "an", "the"}
        first, second = no.split()[0], yes.split()[0]
        if first != second and not {first, second} <= articles:
            return
        yield Worded(
            "not_but", FACTUAL, f"What, if not {spoken_to_author(no)}, {found['be']} {self._shown(found['s'])}?", yes
        )

    def _called(self, sentence: str) -> Iterator[Worded]:
        """`The pamphlet was called …` → `What was the pamphlet called?`."""
        found = _CALLED.match(sentence)
        if not found or _SUBJECT_STOP.search(found["s"]) or len(words(found["rest"])) > 6 or _ends_open(found["s"]):
            return
        if not regex.match(r"(?:after|upon|in|on|by|out|for|to|from)\b", found["rest"]):
            yield Worded("called", FACTUAL, f"What {found['be']} {self._shown(found['s'])} called?", found["rest"])

    def _alike(self, sentence: str) -> Iterator[Worded]:
        """`The creed is like a key.` → `To what do you liken the creed?`."""
        found = _LIKE.fullmatch(sentence)
        if not found or _SUBJECT_STOP.search(found["s"]) or found["s"] == "I" or _ends_open(found["s"]):
            return
        if not found["s"].split()[0].endswith("ing") and _NOMINAL.match(found["rest"]):
            yield Worded("like", FACTUAL, f"To what do you liken {self._shown(found['s'])}?", found["rest"])

    def _shown(self, clause: str) -> str:
        """A clause inside a question, spoken to the author."""
        lowered = lowered_start(clause)
        if (
            lowered == clause
            and self._finder.is_common_word(words(clause)[0])
            and not clause.startswith(("I ", "I'", "I’"))
        ):
            lowered = clause[0].lower() + clause[1:]
        shown = spoken_to_author(lowered)
        return f"y{shown[1:]}" if regex.match(r"You(?:r|['’]\p{L}+)?\b", shown) else shown

    def _conditions(self, sentence: str) -> Iterator[Worded]:
        """`When the tide turns, the gate shuts.` → `What happens when the tide turns?`."""
        found = complex_sentence(sentence)
        if not found or addresses_reader(sentence) or not found.is_fronted:
            return
        clause = lowered_start(found.subordinate)
        if not 4 <= len(words(clause)) <= MAX_CLAUSE_WORDS or len(words(found.main)) < 4:
            return
        if needs_context(clause) or _DISCOURSE.search(clause) or len(_PRONOUN_SUBJECT.findall(clause)) > 1:
            return
        shown = spoken_to_author(clause)
        past = is_past(found.main)
        if found.subordinator in {"when", "whenever", "as soon as"} and past == is_past(clause):
            text = f"What happened when {shown}?" if past else f"What happens, as you see it, when {shown}?"
        elif found.subordinator == "if" and _MODAL.search(found.main):
            text = f"What, in your view, follows if {shown}?"
        else:
            return
        yield Worded(f"condition_{found.subordinator.replace(' ', '_')}", FACTUAL, text, found.main)


_NO_CAUSE = regex.compile(
    rf"(?i)\b(?:not|neither|nor|only|merely|simply|solely|who|which|whom|whose|said|say|says|{'|'.join(SUBORDINATORS)})\b|n['’]t\b"
)
_NO_CAUSE_START = regex.compile(
    r"(?:Is|Are|Was|Were|Do|Does|Did|It is|It was|Perhaps|For|In|On|At|By|With|To|Of|From)\b"
)
_MODAL = regex.compile(r"\b(?:will|would|can|cannot|must|should|may|might|shall)\b")
_ANY_VERB = regex.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|will|would|must|should|may|might|do|does|did|\p{Ll}{3,}ed|trust|want|need|like|"
    r"love|hate|know|think|believe|make|take|give|come|go|get)\b"
)
_NO_TOPIC = regex.compile(
    r"(?:The|My|One) (?:thing|fact|point|reason|truth|answer|question|result|man|person|people|moment|day)\s(?:that|which|who)\b"
)
_DISCOURSE = regex.compile(
    r"(?i)\b(?:I|we)\b(?: \p{L}+)? (?:come|turn|say|said|speak|talk|hear|look|glance|consider|understand|ask|begin)\b"
)
_PRONOUN_SUBJECT = regex.compile(r"(?i)\b(?:I|we|he|she|it|they|you|there)\b")
_AFTER_VERB = regex.compile(
    r"(?i)(?:it|by|to be|in|of|for|at|from|with|on|as|that he|that she|that they|this|them|him|her|up|out|off|away|so|not|and|or)\b"
)


def _cleft(sentence: str) -> Iterator[Worded]:
    """`It is the humble man who …` → `Who is it, as you say, who …?`."""
    found = _CLEFT.fullmatch(sentence)
    if not found or not 4 <= len(words(found["rest"])) <= MAX_CLAUSE_WORDS or len(words(found["x"])) > 9:
        return
    if not _FINITE_START.match(found["rest"]) or regex.search(r"\b(?:that|which|who)\b", found["x"]):
        return
    if regex.match(
        r"(?:an? |the )?(?:fact|pity|mistake|question|truth|good|sort|kind|shame|matter|common|case|way)\b",
        found["x"][2:].strip(),
    ):
        return
    asked = "Who" if found["that"] == "who" else "What"
    rest = spoken_to_author(found["rest"])
    yield Worded(
        "cleft",
        FACTUAL,
        f"{asked} {found['be']} it, by your account, {found['that']} {rest}?".replace("which", "that"),
        found["x"],
    )


def _meant(sentence: str) -> Iterator[Worded]:
    """`By the prose of a thing I mean …` → `What do you mean by the prose of a thing?`."""
    if (found := _BY_I_MEAN.fullmatch(sentence)) and not needs_context(found["x"]):
        yield Worded(
            "meant",
            FACTUAL,
            f"What do you {found['v'].replace('meant', 'mean')} by {spoken_to_author(found['x'])}?",
            found["rest"],
        )


_FINITE_START = regex.compile(
    r"(?:has|have|had|is|was|are|were|does|did|do|can|could|will|would|must|should|may|makes?|made|gives?|gave|takes?|took|"
    r"comes?|came|goes|went|keeps?|kept|\p{Ll}{3,}ed|\p{Ll}{3,}s|never|always|really)\b"
)


def _how_many(sentence: str) -> Iterator[Worded]:
    if (found := _THERE_ARE.fullmatch(sentence)) and 2 <= len(words(found["what"])) <= MAX_CLAUSE_WORDS:
        what = spoken_to_author(found["what"]).strip()
        if regex.match(r"or\b", what):
            return
        yield Worded("how_many", FACTUAL, f"How many {what} do you say there {found['be']}?", found["n"], (found["n"],))
    elif (
        (found := _HAS_NUMBER.fullmatch(sentence))
        and not _SUBJECT_STOP.search(found["s"])
        and not _ends_open(found["s"])
    ):
        have = {"has": ("does", "have"), "have": ("do", "have"), "had": ("did", "have")}
        if (form := have.get(found["v"]) or FORMS.get(found["v"])) is None:
            return
        auxiliary, base = form
        shown = spoken_to_author(lowered_start(found["s"]))
        rest = spoken_to_author(found["rest"]) if len(words(found["rest"])) <= 8 else ""
        text = f"How many {found['noun']} {auxiliary} {shown} {base}{rest}?"
        yield Worded("how_many_has", FACTUAL, text, found["n"], (found["n"],), is_bare=_is_short(found["s"]))


def _mine(sentence: str) -> Iterator[Worded]:
    found = _MY.fullmatch(sentence)
    if found and len(words(found["rest"])) >= 3 and found["of"]:
        be = "is" if found["be"].startswith("has") else found["be"]
        yield Worded("mine", OPINION, f"What {be} your {found['n']}{spoken_to_author(found['of'])}?", found["rest"])


def _preferred(sentence: str) -> Iterator[Worded]:
    if found := _I_PREFER.fullmatch(sentence):
        yield Worded("prefer", OPINION, f"What do you prefer to {spoken_to_author(found['b'])}?", found["a"])


def _amounts(sentence: str) -> Iterator[Worded]:
    found = _TO_IS_TO.fullmatch(sentence)
    if found and 2 <= len(words(found["a"])) <= MAX_CLAUSE_WORDS and not addresses_reader(sentence):
        yield Worded("amounts", OPINION, f"What is it, in your view, to {spoken_to_author(found['a'])}?", found["b"])


def _ends_open(subject: str) -> bool:
    """Whether a subject breaks off: its last word wants another."""
    return subject.split()[-1].casefold() in STOPWORDS and subject != "I"


def _first_part(rest: str) -> str:
    """What is said up to the first comma, if that says enough; the rest tells more of it."""
    first = rest.split(",", 1)[0]
    return first if len(content_stems(first)) >= 2 else rest


def _is_short(subject: str) -> bool:
    """Whether a subject names too little to be found without a title."""
    return len(content_stems(subject)) < 2


def _is_plural(subject: str) -> bool:
    head = regex.split(r"\s(?:of|in|on|for|with|to|from|at|by)\s", subject)[0].split()[-1]
    return head == "I" or " and " in subject or (head.endswith("s") and not head.endswith(("ss", "us", "is"))) or head.casefold() in {
        "men", "women", "people", "children",
    }  # fmt: skip


def _opened(text: str) -> str:
    return text[:1].upper() + text[1:]
