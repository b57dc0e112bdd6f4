"""Questions that sound like the persona's own subjects and that no document of its answers.

Each asks for something of a person, a piece or an event that the corpus names, and is kept only if nothing near a
mention of it says anything of the kind; of a piece nothing in the whole of it may, since it seldom names itself. What
is looked through are the sentences themselves, not an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from twin_data.contracts.documents import CorpusDocument
from twin_data.generate.asking import shown_title
from twin_data.generate.clauses import SUBJECT, addresses_reader, is_past, lowered_start, spoken_to_author
from twin_data.scoring.sentences import content_stems, sentence_spans, stem, words
from twin_eval.exam.people import People
from twin_eval.exam.statements import Statement, needs_context

WINDOW = 2
"""Sentences before and after a mention that are looked through."""


@dataclass(frozen=True)
class Unanswered:
    """A question, the rule that made it, the template of that rule, and whether only a name was filled into it."""

    pattern: str
    template: str
    text: str
    has_slots_only: bool = True


OF_PEOPLE = {
    "In which year was {x} born?": "born birth year age",
    "At which school was {x} taught as a child?": "school taught child schooling college",
    "What was the maiden name of the mother of {x}?": "mother maiden parent",
    "In which town did {x} grow up?": "town grow grew born childhood village city",
    "Where does {x} lie buried?": "buried grave tomb die died death dead",
    "How many brothers and sisters did {x} have?": "brother sister sibling",
    "Which musical instrument did {x} learn to play?": "instrument piano violin fiddle flute play music musician",
    "On which occasion did you first shake hands with {x}?": "hand shake met meet first acquaintance introduced",
    "What did {x} write to you in reply?": "wrote write letter reply replied answer",
    "Which dish did {x} like best?": "dish food eat ate dinner favourite favorite breakfast",
    "In which hotel did {x} stay when you met?": "hotel inn stay lodging met",
    "What present did {x} give you at Christmas?": "present gift gave christmas",
    "How tall was {x}, in feet and inches?": "tall height feet foot inches",
    "What was the name of the dog that {x} kept?": "dog hound terrier pet",
}
"""By template: words that would be near a mention of the person if the corpus knew the answer."""
OF_PIECES = {
    "How many days did it take you to write “{x}”?": "days week write wrote writing finished",
    "How much were you paid for “{x}”?": "paid pay fee money guineas pounds",
    "Who drew the illustrations for “{x}”?": "drew drawing illustrated illustration picture",
    "Which editor turned “{x}” down before it was printed?": "editor printed rejected magazine published",
    "What did the first reader of “{x}” say to you about it?": "reader review reviewer critic",
    "How many copies of “{x}” were sold in its first year?": "copies copy sold edition",
    "Which passage of “{x}” did you strike out before it appeared?": "struck strike deleted draft omitted",
    "To whom did you read “{x}” aloud first?": "aloud read audience lecture",
    "Whom did you ask for advice before you finished “{x}”?": "advice advise advised ask asked counsel",
    "Which other title did you think of for “{x}”?": "title call called name named",
    "In which room did you sit when you wrote “{x}”?": "room desk sat kitchen study office wrote",
}
INVENTED = (
    "Ambrose Tillyard", "Josephine Quellmann", "Lemuel Brackstone", "Odile Fennimarch", "Barnaby Crosskettle",
    "Isolde Vanterpool", "Percival Uttershaw", "Wilhelmina Dashgrove", "Cuthbert Ollernshaw", "Marguerite Pellowes",
    "Thaddeus Wrigglesby", "Henrietta Blomquist", "Eustachius Gaunt-Perrin", "Philippa Zellweather", "Montague "
    "Ibberson",
)  # fmt: skip
OF_INVENTED = (
    "What do you say about the poems of {x}?",
    "Why did you quarrel with {x}?",
    "Which argument of {x} do you answer at length?",
    "What did {x} tell you on your last walk together?",
    "How do you judge the sermons of {x}?",
    "What did {x} reply to your last message?",
    "Which piece of advice do you owe to {x}?",
)
PRESUMED = {
    "To whom did you read “{x}” aloud first?": "aloud audience lecture lectures",
    "What do you say about the poems of {x}?": "poem poems poet poetry",
    "How do you judge the sermons of {x}?": "sermon sermons pulpit",
    "How much were you paid for “{x}”?": "paid fee guineas honorarium royalties",
    "Who drew the illustrations for “{x}”?": "illustration illustrations illustrator illustrated engraving",
    "Which editor turned “{x}” down before it was printed?": "editor editors publisher printed",
    "How many copies of “{x}” were sold in its first year?": "copies edition editions publisher",
    "Which passage of “{x}” did you strike out before it appeared?": "printed proofs manuscript publisher editor",
}
"""By template: words of the world that it presumes. A blogger whose archive holds none of them is not asked it."""
_SOMEBODY = regex.compile(
    r"\b(?:a|an)\s(?P<who>(?:\p{Ll}+\s){0,2}(?:man|woman|boy|girl|lady|gentleman|friend|doctor|priest|poet|critic|"
    r"journalist|professor|publisher|keeper|clerk|neighbour|cabman|policeman|tramp|sailor|farmer|schoolmaster|"
    r"lawyer|captain|clergyman|visitor|reader|colleague|engineer|shopkeeper|fisherman|"
    r"mechanic))\swho\s(?P<did>\p{Ll}[^,;:—()“”\"]+?)(?=[,;:.—])"
)
_DATED = regex.compile(
    r"(?i)\b(?:\d{4}|\d{1,2}(?:st|nd|rd|th)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|"
    r"April|May|June|July|August|September|October|November|December|o['’]clock|morning|evening|night|noon|"
    r"yesterday)\b"
)
_MY_DEED = regex.compile(
    r"I (?:once |first |then )?(?:met|wrote|read|went|bought|sat|built|drew|walked|visited|climbed|sailed|drove|"
    r"painted|mended|planted|dined|cycled|rowed|posted|greased|tested|switched|moved|rang|sent|fixed|replaced|"
    r"measured)\s(?!that\b|on to\b)[^,;:—()“”\"]+"
)


class Unanswerable:
    """Makes such questions of one corpus and checks them against it."""

    def __init__(self, documents: Sequence[CorpusDocument], people: People) -> None:
        """Read every sentence, others' words and headings included."""
        self._people = people
        self._sentences = [
            frozenset(content_stems(span.of(document.text)))
            for document in documents
            for span in sentence_spans(document.text)
        ]
        self._held: dict[str, list[int]] = {}
        for at, stems in enumerate(self._sentences):
            for one in stems:
                self._held.setdefault(one, []).append(at)
        self._pieces: dict[str, set[str]] = {}
        for document in sorted(documents, key=lambda one: one.document_id):
            if title := shown_title(document.kind, document.title):
                self._pieces.setdefault(title, set()).update(content_stems(document.text))

    def questions(self, statements: Sequence[Statement]) -> Iterator[Unanswered]:
        """Every question that can be made."""
        for name in self._people.names:
            for template, telling in OF_PEOPLE.items():
                if not self._is_told(name, telling):
                    yield Unanswered("of_a_person", template, template.format(x=name))
        for title, held in self._pieces.items():
            for template, telling in OF_PIECES.items():
                if (
                    not self._is_of_another_world(template)
                    and not held & _stems(telling)
                    and not self._is_told(title, telling)
                ):
                    yield Unanswered("of_a_piece", template, template.format(x=title))
        templates = [one for one in OF_INVENTED if not self._is_of_another_world(one)]
        for at, name in enumerate(one for one in INVENTED if not self._is_known(one)):
            for step in range(2):
                template = templates[(at + step * 2) % len(templates)]
                yield Unanswered("of_nobody", template, template.format(x=name))
        for statement in statements:
            yield from _nameless(statement)
            yield from _undated(statement)

    def is_answered(self, question: str) -> bool:
        """Whether one sentence of the corpus holds every word of meaning that the question has."""
        wanted = set(content_stems(question))
        rarest = min(wanted, key=lambda one: len(self._held.get(one, ())), default=None)
        return rarest is not None and any(wanted <= self._sentences[at] for at in self._held.get(rarest, ()))

    def _is_known(self, name: str) -> bool:
        return any(stem(word) in self._held for word in words(name))

    def _is_of_another_world(self, template: str) -> bool:
        """Whether the corpus speaks of nothing that the template takes for granted."""
        presumed = PRESUMED.get(template)
        return presumed is not None and not any(one in self._held for one in _stems(presumed))

    def _is_told(self, subject: str, telling: str) -> bool:
        """Whether anything of the kind stands near a mention of the subject."""
        named = set(content_stems(subject.split()[-1] if self._people.is_person(subject) else subject))
        wanted = _stems(telling)
        if not named:
            return True
        rarest = min(named, key=lambda one: len(self._held.get(one, ())))
        return any(
            wanted & self._sentences[near]
            for at in self._held.get(rarest, ())
            if named <= self._sentences[at]
            for near in range(max(0, at - WINDOW), min(len(self._sentences), at + WINDOW + 1))
        )


def _stems(telling: str) -> set[str]:
    return {stem(word) for word in telling.split()}


def _nameless(statement: Statement) -> Iterator[Unanswered]:
    """`I met a publisher who said …` → `What was the name of the publisher who said …?`."""
    found = _SOMEBODY.search(statement.core)
    if not found or not regex.search(r"\bI\b", statement.core) or not is_past(found["did"]):
        return
    if regex.search(r"\b(?:named|called|Mr|Mrs|Miss)\b|\p{Ll}\s\p{Lu}\p{Ll}+", f"{statement.core} {statement.around}"):
        return
    text = f"What was the name of the {found['who']} who {spoken_to_author(found['did'])}?"
    if 8 <= len(words(text)) <= 24 and not needs_context(text):
        yield Unanswered("nameless", "nameless", text, has_slots_only=False)


def _undated(statement: Statement) -> Iterator[Unanswered]:
    """`I once walked to the mill.` → `On which day of the week was it that you once walked to the mill?`."""
    sentence = statement.core.rstrip(".!")
    if not _MY_DEED.fullmatch(sentence) or _DATED.search(f"{statement.core} {statement.around}"):
        return
    clause = spoken_to_author(lowered_start(sentence))
    if not SUBJECT.match(sentence) or not 5 <= len(words(clause)) <= 14 or addresses_reader(sentence):
        return
    text = f"On which day of the week was it that {clause}?"
    if not needs_context(text):
        yield Unanswered("undated", "undated", text, has_slots_only=False)
