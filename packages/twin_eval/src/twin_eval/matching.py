"""Whether a text states a key fact: its words next to each other, or spread over one sentence in their order.

What does not count as a difference: letter case, accents, quotes, punctuation, white space, hyphens, articles, the
common spellings of Britain and America, inflection (Snowball stems), and how numbers, units and days are written. What
is counted, its sign and its currency belong to the fact: `£300` is not said by "300 dollars". Of three words of content
or more others may stand between, and the end may stand first ("In 2021 we left Kafka" states "left Kafka in 2021").
What "and" joins may come in any order. A sentence that denies the words, asks or doubts them, or names them among
guesses, does not state them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise

import regex

from twin_data.contracts.evaluation import HeldOutQuestion, KeyFact
from twin_data.scoring.sentences import STOPWORDS, WORD, sentence_spans, stem
from twin_data.scoring.spellings import one_spelling
from twin_eval.asserting import NEGATIONS, Sentence
from twin_eval.numerals import Gap, Word, normalise_days, normalise_numbers, write_out_dates
from twin_eval.units import normalise_units, write_out_capitals, write_out_units

_APOSTROPHES = dict.fromkeys(map(ord, "‘’ʼ′`´"), "'")
_HYPHENS = frozenset("-\u2010\u2011")
_WIDTHLESS = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
_THOUSANDS_SPACE = regex.compile(r"(?<=\p{Nd})[\u00a0\u2009\u202f](?=\p{Nd}{3}(?!\p{Nd}))")
_NO_ASCII = regex.compile(r"[^\x00-\x7f]")
_AND = regex.compile(r"\s&\s")
_ARTICLES = frozenset({"a", "an", "the"})
_ENDINGS = {"'re": "are", "'m": "am", "'ll": "will", "'ve": "have"}
_NEGATED = {"can't": "can", "cannot": "can", "won't": "will", "shan't": "shall"}
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "feet": "foot", "teeth": "tooth", "mice": "mouse",
    "lice": "louse", "geese": "goose", "oxen": "ox", "wives": "wife", "knives": "knife", "lives": "life",
    "halves": "half", "leaves": "leaf", "shelves": "shelf", "wolves": "wolf", "thieves": "thief", "loaves": "loaf",
    "calves": "calf",
}  # fmt: skip


MIN_SPREAD = 3
"""Words of content that a fact must have before others may stand between them: two stand near each other by chance."""
MOST_BETWEEN = 4
"""Words that may stand between those of a spread fact, all together."""

LONGEST_ITEM = 3
"""Words of a member of a list; what is longer is a clause, whose place tells something."""


class NormalisedText:
    """A text made ready for many look-ups."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = _lines(text)

    @cached_property
    def _sentences(self) -> list[Sentence]:
        """Each sentence, by both ways of taking a hyphen."""
        spelt = ((text, _words(text)) for text in (span.of(self._text) for span in sentence_spans(self._text)))
        forms = ((_without_articles(words), text) for text, one in spelt for words in (one, _without_hyphens(one)))
        return [Sentence.of(words, [_stem(one.text) for one in words], text) for words, text in forms]

    def states(self, fact: str, *, among: frozenset[str] = frozenset()) -> bool:
        """Whether the fact's words stand in this text, by any way of taking hyphens, and it says so.

        Args:
            fact: What is looked for.
            among: Stems of alternatives to it. Where it is joined with one by "or" the text leaves open which it is.
        """
        places = [(one, place) for one, place in self._places(fact) if among.isdisjoint(one.alternatives(place))]
        if among and not places:
            return False
        if not places:
            return self.mentions(fact)  # over the end of a sentence, or what was taken for one
        denies, asks = not NEGATIONS.isdisjoint(one.text for one in _words(fact)), "?" in fact
        return any((denies or not one.denies(place)) and (asks or not one.leaves_open(place)) for one, place in places)

    def denies(self, fact: str) -> bool:
        """Whether they stand there as something that is not so."""
        return any(sentence.denies(place) for sentence, place in self._places(fact))

    def leaves_open(self, fact: str) -> bool:
        """Whether they stand there as what may be so or not: asked, doubted, or one of several guesses."""
        return any(sentence.leaves_open(place) for sentence, place in self._places(fact))

    def alternatives(self, fact: str) -> frozenset[str]:
        """The stems of what this text names beside them with "or"; none of small words."""
        if "or" not in self._text.casefold():
            return frozenset()
        return frozenset().union(*(one.alternatives(place) for one, place in self._places(fact))) - _SMALL

    def is_just(self, fact: str) -> bool:
        """Whether a sentence consists of them, and so says nothing of them."""
        return any(len(place) == len(sentence.stems) for sentence, place in self._places(fact))

    def mentions(self, fact: str) -> bool:
        """Whether they stand there, either way."""
        written = (part in line for part in _lines(fact) if part.strip() for line in self._lines)
        return any(written) or bool(self._places(fact))

    def _places(self, fact: str) -> list[tuple[Sentence, range]]:
        wanted = [part.split() for part in sorted(_lines(fact)) if part.strip()]
        found = [
            (sentence, place)
            for part in wanted
            for sentence in self._sentences
            for place in (*_runs(sentence.stems, part), *_spread(sentence.stems, part))
        ]
        if found or not (items := _items(fact)):
            return found
        return [(one, place) for one in self._sentences for place in _together(one.stems, items)]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to look for or in."""
        return not any(line.strip() for line in self._lines)


def _runs(sentence: Sequence[str], wanted: Sequence[str]) -> Iterator[range]:
    """Where these very words stand."""
    size = len(wanted)
    for at in range(len(sentence) - size + 1):
        if sentence[at : at + size] == wanted:
            yield range(at, at + size)


def _spread(sentence: Sequence[str], wanted: Sequence[str]) -> Iterator[range]:
    """Where the fact's words of content stand in their order, or with its end put first, and few others between."""
    content = [one for one in wanted if one not in _SMALL]
    if len(content) < MIN_SPREAD or not set(content).issubset(sentence):
        return
    small = len(wanted) - len(content)
    for turn in range(len(content)):
        order = content[turn:] + content[:turn]
        for start in (at for at, word in enumerate(sentence) if word == order[0]):
            place = _in_order(sentence, start, order)
            if place and len(place) <= len(content) + small + MOST_BETWEEN and _keeps_numbers(sentence, place, content):
                yield place


@lru_cache(maxsize=4096)
def _items(fact: str) -> tuple[list[str], ...]:
    """The stems of each member of a list that "and" ends; nothing where the fact is none, or a member is no thing."""
    words = _without_articles(_words(fact))
    if "and" not in {one.text for one in words}:
        return ()
    items: list[list[str]] = [[]]
    for one in words:
        if one.gap is Gap.BREAK and items[-1]:
            items.append([])
        if one.text == "and":
            items.append([])
        else:
            items[-1].append(_stem(one.text))
    items = [one for one in items if one]
    is_list = len(items) > 1 and all(len(one) <= LONGEST_ITEM and not _SMALL.issuperset(one) for one in items)
    return tuple(items) if is_list else ()


def _together(sentence: Sequence[str], items: Sequence[Sequence[str]]) -> Iterator[range]:
    """From the first to the last of these in a sentence that holds all of them, in any order."""
    places = [next(_runs(sentence, one), None) for one in items]
    there = [one for one in places if one]
    if len(there) == len(items):
        yield range(min(one.start for one in there), max(one.stop for one in there))


def _in_order(sentence: Sequence[str], start: int, order: Sequence[str]) -> range | None:
    """From the first of these words to the last, each the next of its kind; None if one does not come."""
    at = start
    for word in order[1:]:
        try:
            at = sentence.index(word, at + 1)
        except ValueError:
            return None
    return range(start, at + 1)


def _keeps_numbers(sentence: Sequence[str], place: range, content: Sequence[str]) -> bool:
    """Whether each number is said of the word that follows it: "three boys and two girls" are not "two boys"."""
    there = [one for one in sentence[place.start : place.stop] if one not in _SMALL]
    counted = [pair for pair in pairwise(content) if pair[0].isdecimal()]
    return all(pair in list(pairwise(there)) for pair in counted)


def states_fact(text: NormalisedText, question: HeldOutQuestion, fact: KeyFact) -> bool:
    """Whether the text states one of a question's facts, as the reference answer does.

    What the reference denies is to be denied, or named alone ("What did you refuse to use?"); what it leaves open
    may be left open. Who names both of what the question lets choose from has not chosen.
    """
    answer = NormalisedText(question.answer or "")
    if answer.states(fact.text) or not answer.mentions(fact.text):
        return text.states(fact.text, among=NormalisedText(question.question).alternatives(fact.text))
    if answer.denies(fact.text):
        return text.denies(fact.text) or text.is_just(fact.text)
    return text.states(fact.text) or text.leaves_open(fact.text)


def states(text: str, fact: str) -> bool:
    """Whether `text` states `fact`."""
    return NormalisedText(text).states(fact)


@lru_cache(maxsize=4096)
def _lines(text: str) -> frozenset[str]:
    """The stems by both ways of taking a hyphen, so that lamp-post, lamp post and lamppost agree with each other.

    Remembered, since every fact is looked for in several texts.
    """
    words = _words(text)
    return frozenset({_line(words), _line(_without_hyphens(words))})


def _words(text: str) -> list[Word]:
    return normalise_days(normalise_units(normalise_numbers(list(_split(_plain(text))))))


def _plain(text: str) -> str:
    """Lower case, no accents, one kind of apostrophe and of space."""
    text = _THOUSANDS_SPACE.sub("", text.translate(_WIDTHLESS))
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    bare = _NO_ASCII.sub(lambda match: "" if unicodedata.combining(match[0]) else match[0], decomposed)
    return write_out_units(write_out_dates(_AND.sub(" and ", write_out_capitals(bare).casefold())))


def _split(text: str) -> Iterable[Word]:
    end = 0
    for match in WORD.finditer(text):
        gap = _gap(text[end : match.start()]) if end else Gap.BREAK
        yield from _expanded(match[0], gap)
        end = match.end()


def _gap(between: str) -> Gap:
    if not between:
        return Gap.GLUED
    if between in _HYPHENS:
        return Gap.HYPHEN
    return Gap.SPACE if between.isspace() else Gap.BREAK


def _expanded(word: str, gap: Gap) -> Iterable[Word]:
    """A contraction as the words it stands for."""
    if word in _NEGATED or (word.endswith("n't") and len(word) > 3):
        yield Word(_NEGATED.get(word, word.removesuffix("n't")), gap)
        yield Word("not", Gap.SPACE)
        return
    for ending, full in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending):
            yield Word(word.removesuffix(ending), gap)
            yield Word(full, Gap.SPACE)
            return
    yield Word(word, gap)


def _without_hyphens(words: list[Word]) -> list[Word]:
    result: list[Word] = []
    for word in words:
        if word.gap is Gap.HYPHEN and result and word.text.isalpha() and result[-1].text.isalpha():
            before = result.pop()
            result.append(Word(before.text + word.text, before.gap))
        else:
            result.append(word)
    return result


def _line(words: list[Word]) -> str:
    """The stems in a line that begins and ends with a space, so that only whole words are found in it."""
    return f" {' '.join(_stem(word.text) for word in _without_articles(words))} "


def _without_articles(words: Sequence[Word]) -> list[Word]:
    return [word for word in words if word.text not in _ARTICLES]


def _stem(word: str) -> str:
    word = _IRREGULAR.get(word.removesuffix("'s"), word)
    return stem(one_spelling(word))


_SMALL = frozenset(_stem(word) for word in STOPWORDS)
