"""Which names of a corpus are people, by the company they keep: titles before them, verbs of speech after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import regex

from twin_data.scoring.sentences import STOPWORDS, words

TITLE = r"(?:Mr|Mrs|Miss|Ms|Dr|Sir|Lord|Lady|Professor|Father|Saint|St|Captain|Cardinal)\.?"
NAME = (
    rf"(?:{TITLE}\s)?\p{{Lu}}\p{{L}}+(?:-\p{{Lu}}\p{{L}}+)*"
    r"(?:\s(?:(?:de|von|van)\s)?(?:\p{Lu}\.\s?)*\p{Lu}\p{L}+)*"
)
_TITLED = regex.compile(rf"(?<!\p{{L}}){TITLE}\s(?P<name>(?:\p{{Lu}}\.\s?)*\p{{Lu}}\p{{L}}+(?:\s\p{{Lu}}\p{{L}}+)*)")
_SPEAKING = regex.compile(
    r"(?<![\p{L}.])(?P<name>\p{Lu}\p{L}+(?:\s\p{Lu}\p{L}+)?)\s(?:says|said|thinks|thought|wrote|writes|believed|"
    r"believes|told|asked|replied|answered|remarked|remarks|laughed|complained|suggested|argued|argues|married|"
    r"died|himself|herself)\b"
)
_PLACED = regex.compile(r"\b(?:in|at|near|from|to|through|across)\s(?P<name>\p{Lu}\p{L}+(?:\s\p{Lu}\p{L}+)?)")
_HOLY = regex.compile(
    r"(?:Saint|St|Father|Lady|Cardinal)\b|(?:Sir|Lord) (?:\p{Lu}\p{L}+ )?(?:Chancellor|Chief|Mayor|Bishop|Justice)"
)
_NO_NAMES = frozenset(
    "he she it they we you i one nobody somebody everybody someone anyone who what which that this there god "
    "people man woman men women nature science history the a an and but or if when all both many some most each "
    "every no not".split()
)


_BEGINS = regex.compile(r"(?:\A|[.!?…:;]\W*|\n\s*)\Z")
_OPENERS = frozenset(
    "yesterday today tomorrow tonight later earlier afterwards meanwhile eventually finally suddenly soon honestly "
    "frankly apparently naturally obviously thankfully luckily sadly maybe perhaps still instead thus hence therefore "
    "however anyway nevertheless otherwise besides although since because unless whereas whether like unlike whenever "
    "wherever once twice first second lastly next last dear poor old young little big yes well oh ah okay ok sorry "
    "hello hi hey monday tuesday wednesday thursday friday saturday sunday".split()
)
"""Words that open sentences before a name, also where a small corpus writes none of them small."""


class People:
    """The people whom a corpus names."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Read the corpus's texts."""
        texts = tuple(texts)
        small = {word for text in texts for word in words(text) if word.islower()} | STOPWORDS
        self._people: Counter[str] = Counter()
        self._titled: dict[str, str] = {}
        places: Counter[str] = Counter()
        for text in texts:
            for one in _TITLED.finditer(text):
                self._people[one["name"]] += 1
                self._titled.setdefault(one["name"], one[0])
            for one in _SPEAKING.finditer(text):
                begins = _BEGINS.search(text, max(0, one.start() - 4), one.start())
                self._people[_without_opening(one["name"], small) if begins else one["name"]] += 1
            places.update(one["name"] for one in _PLACED.finditer(text))
        for name in list(self._people):
            if places[name] > self._people[name] or name.split()[0].casefold() in _NO_NAMES:
                del self._people[name]

    def is_person(self, name: str) -> bool:
        """Whether the corpus treats the name as a person's."""
        return bool(_TITLED.fullmatch(name)) or self._people[name] > 0

    @property
    def names(self) -> tuple[str, ...]:
        """How the corpus calls those who are people beyond doubt, the most named first.

        With a title if it gives one; without, only a name of two words.
        """
        ranked = sorted(self._people.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(
            self._titled.get(name, name)
            for name, _ in ranked
            if (name in self._titled and not _HOLY.match(self._titled[name])) or " " in name
        )


def _without_opening(name: str, small: AbstractSet[str]) -> str:
    """A name that begins its sentence, less a first word that only opens it: the corpus writes it small, too.

    Where that is a name's own ("Will Ames", "will"), its last is left: somebody is asked about less, nobody invented.
    An article or pronoun stays, by which what follows is known as no name.
    """
    first, _, rest = name.partition(" ")
    word = first.casefold()
    return rest if rest and word not in _NO_NAMES and (word in small or word in _OPENERS) else name
