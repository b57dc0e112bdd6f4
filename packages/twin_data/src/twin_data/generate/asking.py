"""Questions that a passage of the persona's answers, worded without a teacher.

Some are made of the sentence itself (`When the tide turns, the gate shuts.` asks `What happens when the tide turns?`);
the others ask about one of its phrases. The wordings are many, and the caller balances them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from twin_data.contracts.documents import Chunk, DocumentKind
from twin_data.generate.clauses import (
    addresses_reader,
    capitalised,
    complex_sentence,
    has_loose_pronoun,
    is_past,
    lowered_start,
    spoken_to_author,
    without_lead,
)
from twin_data.generate.phrases import MIN_PHRASE_WEIGHT, Phrase, PhraseFinder
from twin_data.scoring.sentences import STOPWORDS, words

MAX_CLAUSE_WORDS = 18
MAX_SUBJECT_WORDS = 9
PHRASE_WORDINGS = 6
"""Wordings tried for one phrase of one sentence."""


@dataclass(frozen=True)
class Asked:
    """A question, the template that worded it, and whether it is made of the sentence rather than of a phrase."""

    template: str
    text: str
    from_sentence: bool
    phrases: tuple[str, ...] = ()
    """What the response must name: the phrase that a question asks about, the phrases of a brief."""

    @property
    def focus(self) -> str:
        """The phrase that a question asks about; empty of one that is made of the sentence."""
        return next(iter(self.phrases), "")


PHRASE_TEMPLATES = {
    "say_about": "What did you say about {x}?",
    "say_of": "What do you say of {x}?",
    "make_of": "What do you make of {x}?",
    "tell_me": "Tell me about {x}.",
    "what_about": "What about {x}?",
    "your_view": "What is your view of {x}?",
    "know_about": "What can you tell me about {x}?",
    "explain": "Could you explain what you meant about {x}?",
    "think_of": "What do you think of {x}?",
    "story": "What was it you wrote about {x}?",
    "in_your_words": "How would you put it, about {x}?",
    "remind": "Remind me: what was it about {x}?",
    "how_come": "Why bring in {x}?",
    "where_stand": "Where do you stand on {x}?",
    "more_on": "Can you say more on {x}?",
    "hear": "I should like to hear about {x}.",
    "what_of": "And what of {x}?",
    "short": "In a sentence or two, what about {x}?",
    "wonder": "I was wondering about {x}. What do you say?",
    "matter": "What's the matter with {x}, or what's right with it?",
    "curious": "I'm curious about {x}.",
    "asked_before": "If somebody asked you about {x}, what would you tell them?",
    "point": "What is the point you make about {x}?",
    "read_you": "I read you on {x} once. What was the gist?",
}
TWO_PHRASE_TEMPLATES = {
    "connect": "What is there between {x} and {y}?",
    "between": "What do you say about {x} and {y}?",
    "with_respect": "Why mention {x}, when you talk of {y}?",
    "bring_together": "How do {x} and {y} go together for you?",
    "both": "You mention {x} and {y}. What about them?",
    "as_regards": "As regards {y}: what about {x}?",
}
PLACED_TEMPLATES = {
    "in_title": "In “{title}”, what do you say about {x}?",
    "title_first": "“{title}”: what was that about {x}?",
    "writing_title": "When you wrote “{title}”, what did you have to say of {x}?",
    "from_title": "I'm thinking of “{title}”. What was your point on {x}?",
    "title_comes": "“{title}”: why bring in {x}?",
}
DATED_TEMPLATES = {
    "dated_say": "What did you say about {x} in {when}?",
    "dated_back": "Back in {when}, what was it you said about {x}?",
    "dated_write": "You wrote about {x} in {when}. What did you say?",
}
NUMBER_TEMPLATES = {
    "how_many_about": "How many {n} do you give, where you mention {x}?",
    "how_many_with": "With {x}, how many {n} are we talking about?",
    "how_many_matter": "In the matter of {x}, how many {n} was it?",
    "how_many_tell": "Tell me about {x}: how many {n}?",
}
CLAUSE_TEMPLATES = {
    "when_past": "What happened when {c}?",
    "when_present": "What happens when {c}?",
    "when_do": "And when {c}, what then?",
    "if_then": "What if {c}?",
    "if_follows": "Suppose {c}. What follows?",
    "because": "Why is it that {c}?",
    "because_say": "Why do you say that {c}?",
    "although": "Do you grant that {c}?",
    "before": "What about the time before {c}?",
    "after": "What came after {c}?",
    "until": "How do things stand until {c}?",
    "since": "What do you draw from it, that {c}?",
}
SUBJECT_TEMPLATES = {
    "what_is": "What {be} {s}?",
    "define": "How would you describe {s}?",
    "what_was_told": "Can you tell me what {s} {be}?",
    "what_like": "What would you say {s} {be} like?",
}
QUESTION_TEMPLATES: dict[str, str] = {
    **PHRASE_TEMPLATES, **TWO_PHRASE_TEMPLATES, **PLACED_TEMPLATES, **DATED_TEMPLATES, **NUMBER_TEMPLATES,
    **CLAUSE_TEMPLATES, **SUBJECT_TEMPLATES,
}  # fmt: skip
"""Every wording of a question, by name."""

_NUMBER = regex.compile(
    r"(?i)(?<![\p{L}\p{N}£$-])(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\p{L}+)?|"
    r"(?:a|one|two|three|four|five|six) (?:hundred|thousand|dozen|score))\s+(?P<noun>\p{Ll}{3,}s)(?=[\s.,;:])"
)
_DEFINED = regex.compile(
    r"(?P<subject>(?:The|My|Our|A|An)\s[^,;:—–()\"“”]+?|\p{Lu}[\p{Ll}-]+(?:\s[\p{L}-]+){0,2}?)\s(?P<be>is|was|are|were)\s(?P<rest>.+)"
)
_IN_SUBJECT = regex.compile(
    r"(?i)\b(?:that|which|who|whom|what|where|though|every|no|all|for|when|if|because|there|it|this|these|those|he|she|they|and|or|but|not|only|as|than|"
    r"so|like|such|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\p{L}+(?:teen|tie)th|last|former|latter|other|question|fact|point|truth|answer|reason|result|whole|same|most|more)\b"
)


class Questioner:
    """Words the questions that a sentence of a chunk answers."""

    def __init__(self, finder: PhraseFinder) -> None:
        """Take the phrases that `finder` sees."""
        self._finder = finder

    def questions(self, sentence: str, chunk: Chunk, *, turn: int = 0) -> list[Asked]:
        """Questions that a sentence of the persona's own in a chunk answers.

        Args:
            sentence: The sentence.
            chunk: Where it stands.
            turn: Any number; a phrase is asked about in some wordings only, each sentence's turn in others.
        """
        core = without_lead(sentence)
        phrases = [one for one in self._finder.phrases(sentence) if one.weight >= MIN_PHRASE_WEIGHT]
        return [
            *_of_clauses(core),
            *_of_subject(core, self._finder),
            *_of_numbers(sentence, phrases),
            *_of_phrases(phrases[:3], chunk, turn),
        ]


def _of_clauses(sentence: str) -> Iterator[Asked]:
    """Questions made of a subordinate clause, answered by the main one; or the other way round."""
    found = complex_sentence(sentence)
    if not found or addresses_reader(sentence):
        return
    asks_for_cause = found.subordinator == "because"
    clause = lowered_start(found.main if asks_for_cause else found.subordinate)
    if has_loose_pronoun(clause) or len(words(clause)) > MAX_CLAUSE_WORDS:
        return
    past = is_past(found.main)
    names = {
        "when": ["when_past"] if past else ["when_present", "when_do"],
        "whenever": ["when_present"],
        "if": ["if_then", "if_follows"],
        "because": ["because", "because_say"],
        "although": ["although"],
        "though": ["although"],
        "since": ["since"],
        "before": ["before"],
        "after": ["after"],
        "until": ["until"],
    }.get(found.subordinator, [])
    for name in names:
        yield Asked(name, CLAUSE_TEMPLATES[name].format(c=spoken_to_author(clause)), from_sentence=True)


def _of_subject(sentence: str, finder: PhraseFinder) -> Iterator[Asked]:
    """`The gain was 0.3 cm.` is asked for by `What was the gain?`."""
    found = _DEFINED.fullmatch(sentence)
    if not found or len(words(found["subject"])) > MAX_SUBJECT_WORDS or addresses_reader(found["subject"]):
        return
    subject = found["subject"]
    if _IN_SUBJECT.search(subject) or regex.match(
        r"(?:not|n't|to|about|in|at|on|by)\b|\p{Ll}+(?:ed|ing|en)\b", found["rest"]
    ):
        return
    if all(word.casefold() in STOPWORDS for word in words(subject)) or len(words(found["rest"])) < 3:
        return
    shown = spoken_to_author(lowered_start(subject))
    if not regex.match(r"(?:the|your|a|an)\b", shown):
        if _LIKELY_PERSON.match(subject) or len(words(subject)) > 2 or words(subject)[0].casefold() in STOPWORDS:
            return
        if finder.is_common_word(words(subject)[0]):
            shown = shown[0].lower() + shown[1:]
    for name in ("what_is", "what_was_told") if _NOMINAL.match(found["rest"]) else ("define", "what_like"):
        yield Asked(name, SUBJECT_TEMPLATES[name].format(be=found["be"], s=shown), from_sentence=True)


_NOMINAL = regex.compile(
    r"(?:always |only |simply |really |just |roughly |about )?(?:an?|the|my|our|its|one|two|that|what|£?\d[\d.,]*)\b"
)
_LIKELY_PERSON = regex.compile(
    r"(?:Mr|Mrs|Miss|Dr|Sir|Lord)\b|\p{Lu}\p{Ll}+ \p{Lu}|He|She|They|It|We|You|One|Nobody|Nothing|Everything|Somebody"
)


def _of_numbers(sentence: str, phrases: list[Phrase]) -> Iterator[Asked]:
    for found in _NUMBER.finditer(sentence):
        noun = found["noun"]
        others = [one for one in phrases if noun not in words(one.bare)]
        if (
            noun in {"times", "others", "things", "was", "has", "this", "does", "years", "days", "ones", "reasons"}
            or not others
        ):
            continue
        for name in NUMBER_TEMPLATES:
            text = NUMBER_TEMPLATES[name].format(n=noun, x=others[0].text)
            yield Asked(name, text, from_sentence=True, phrases=(others[0].bare, found[0]))


def _of_phrases(phrases: list[Phrase], chunk: Chunk, turn: int) -> Iterator[Asked]:
    for phrase in phrases:
        for name, wording in _some(PHRASE_TEMPLATES, turn, PHRASE_WORDINGS):
            if name == "matter" and phrase.is_plural:
                continue  # "… or what's right with it?"
            yield Asked(name, capitalised(wording.format(x=phrase.text)), False, (phrase.bare,))
        if title := shown_title(chunk.kind, chunk.section, chunk.title):
            for name, wording in _some(PLACED_TEMPLATES, turn, 2):
                yield Asked(name, wording.format(x=phrase.text, title=title), False, (phrase.bare,))
        if chunk.date:
            for name, wording in _some(DATED_TEMPLATES, turn, 1):
                text = wording.format(x=phrase.text, when=f"{chunk.date:%B %Y}")
                yield Asked(name, text, False, (phrase.bare,))
    if len(phrases) > 1:
        for name, wording in _some(TWO_PHRASE_TEMPLATES, turn, 3):
            text = wording.format(x=phrases[0].text, y=phrases[1].text)
            yield Asked(name, capitalised(text), False, (phrases[0].bare, phrases[1].bare))


def _some(templates: dict[str, str], turn: int, count: int) -> list[tuple[str, str]]:
    """`count` of the templates, beginning at some turn."""
    listed = list(templates.items())
    return [listed[(turn + step * 5) % len(listed)] for step in range(count)]


def shown_title(kind: DocumentKind, *names: str) -> str:
    """The first of a piece's names (section, title) that a reader would use; empty if there is none."""
    if kind not in {DocumentKind.ARTICLE, DocumentKind.TRANSCRIPT}:
        return ""
    readable = [regex.sub(r"^[IVXLC]+:\s+", "", name) for name in names]
    named = (name for name in readable if regex.search(r"\p{L}{2}", name))  # no "205 0"
    fit = (name for name in named if 1 < len(words(name)) <= 8 and not regex.search(r"[“”\"\[\]/#@]", name))
    return next(fit, "")
