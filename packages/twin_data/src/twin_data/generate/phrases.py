"""Names and noun phrases worth asking about, found by word classes and corpus statistics, without a parser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import regex

from twin_data.scoring.sentences import STOPWORDS, content_stems, sentence_spans, words
from twin_data.scoring.support import names
from twin_data.scoring.weights import TermWeights

MIN_HEAD_SHARE = 0.3
"""Share of a word's occurrences in which it ends a noun phrase; below it, it is taken for an adjective or a verb."""
MIN_PHRASE_WEIGHT = 0.32
"""Mean weight of a phrase's stems: what is said on every page is not worth asking about."""
_DETERMINER = r"the|an?|my|our|his|her|its|their|this|that|these|those"
_AFTER_HEAD = (
    r"of|in|on|at|by|for|from|to|with|is|was|are|were|has|had|have|that|which|who|whom|would|could|can|will|must|should|"
    r"did|does|do|as|than|when|where|because|if|without|under|over|between|against|into|through"
)
_PHRASE = regex.compile(
    rf"(?i)(?<![\p{{L}}\p{{N}}'’])(?P<determiner>{_DETERMINER})\s+"
    rf"(?P<words>[\p{{L}}]+(?:[-'’][\p{{L}}]+)*(?:\s+[\p{{L}}]+(?:-[\p{{L}}]+)*){{0,2}}?)"
    rf"(?=(?P<after>\s+(?:{_AFTER_HEAD}|and|or)\b|[.;:!?,—–]|\s+[—–-]\s|\s*$))"
)
_NAME_RUN = regex.compile(
    r"(?<![\p{L}\p{N}-])(?:(?:Mr|Mrs|Miss|Dr|St|Lord|Lady|Sir|Professor)\.?\s)?\p{Lu}\p{L}+(?:-\p{Lu}\p{L}+)*(?:['’]s)?"
    r"(?:\s(?:(?:of|the|de|von)\s)?\p{Lu}\p{L}+(?:-\p{Lu}\p{L}+)*)*"
)
_RELATIVE = regex.compile(
    r"(?i)(?<![,;:.!?—–(“\"‘]\s)(?<!^)(?<!\b(?:of|in|on|at|by|for|from|to|with|and|or|but|about|like|than|under|over)\s)that\b"
)
"""`the wind that blew`, rather than `in that wind`."""
_BEFORE_NOUN = regex.compile(rf"\s(?!(?:{_AFTER_HEAD}|and|or|but|not|so|we|he|she|it|they|you)\b)\p{{Ll}}+(?<!ed|s)\b")
_CALENDAR = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday".split()
)
_VAGUE = frozenset(
    "way ways sort kind kinds lot bit part parts case cases rest end side point time times day days moment year "
    "years fact thing matter question word words people man men person place others sake hand hands first second "
    "third last next whole half number order use one two three four five six answer reason idea course instance "
    "example couple deal thousand hundred dozen gap matters age former latter present past future contrary like "
    "good".split()
)


_ORDINAL = regex.compile(r"\p{L}+(?:est|th|first|second|third)|\p{L}+ty|eleven|twelve|\p{L}+teen")


@dataclass(frozen=True)
class Phrase:
    """What a question can be about.

    Attributes:
        text: As it stands in a question: `the gauge`, `your answer`, `Cockle Gate`.
        bare: The words as the text has them, without a determiner.
        weight: Mean weight of its stems.
        is_name: Whether it is a proper name.
    """

    text: str
    bare: str
    weight: float
    is_name: bool

    @property
    def is_plural(self) -> bool:
        """Whether its last word looks like several."""
        return bool(regex.search(r"(?i)(?<!s|u|i)s$|\b(?:men|women|children|people|feet|teeth|mice|geese)$", self.bare))


class PhraseFinder:
    """Finds phrases by what the corpus says of its words."""

    def __init__(self, texts: Iterable[str], weights: TermWeights) -> None:
        """Count which words end noun phrases, and which are written with a small letter too.

        Args:
            texts: The trainable chunks.
            weights: Weights of their stems.
        """
        self._weights = weights
        self._seen: Counter[str] = Counter()
        self._heads: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()  # heads of phrases of one word
        self._lower: Counter[str] = Counter()
        for text in texts:
            self._seen.update(word.casefold() for word in words(text))
            self._lower.update(word for word in words(text) if word.islower())
            listed = [match["words"].casefold().split() for match in _PHRASE.finditer(text) if _counts(match)]
            self._heads.update(one[-1] for one in listed)
            self._alone.update(one[0] for one in listed if len(one) == 1)

    def phrases(self, sentence: str) -> list[Phrase]:
        """The phrases of a sentence, the most telling first; names before others of the same weight."""
        found = [*self._names(sentence), *self._nouns(sentence)]
        unique = {one.bare.casefold(): one for one in reversed(found)}
        return sorted(unique.values(), key=lambda one: (-(one.weight + 0.1 * one.is_name), one.bare))

    def is_common_word(self, word: str) -> bool:
        """Whether the corpus writes it with a small letter, too."""
        return self._lower[word.casefold()] > 0

    def is_mostly_small(self, word: str) -> bool:
        """Whether the corpus writes it with a small letter more often than not, so that it is no name."""
        return 2 * self._lower[word.casefold()] > self._seen[word.casefold()]

    def ends_phrases(self, word: str) -> bool:
        """Whether the corpus ends noun phrases with the word, so that it is a noun."""
        return self._heads[word.casefold()] > 1

    def _names(self, sentence: str) -> Iterable[Phrase]:
        known = names(sentence)
        for match in _NAME_RUN.finditer(sentence):
            run = match[0]
            parts = [part for part in regex.split(r"[\s-]", run) if part[0].isupper() and not part.endswith(".")]
            inside = [part for part in parts if part.removesuffix("'s").removesuffix("’s") in known]
            begins = parts[:1] if parts[:1] != inside[:1] else []
            if not inside or len(inside) + len(begins) < len(parts) or any(map(self.is_common_word, begins)):
                continue
            if all(part.casefold() in _CALENDAR for part in parts) or run.endswith(("'s", "’s")):
                continue
            if any(self._lower[part.casefold()] > 2 for part in inside[-1:]) and len(parts) == 1:
                continue  # a common word with a capital
            if len(parts) == 1 and _BEFORE_NOUN.match(sentence, match.end()):
                continue  # "Roman literary men"
            before = regex.search(r"(?i)\b(the|an?|my|our|his|her|its|their)\s+$", sentence[: match.start()])
            article = before[1].casefold() if before else ""
            if article in {"his", "her", "its", "their"}:
                continue  # whose, the question could not say
            shown = {"": run, "my": f"your {run}", "our": f"your {run}"}.get(article, f"{article} {run}")
            yield Phrase(shown, run, self._weight(run), is_name=True)

    def _nouns(self, sentence: str) -> Iterable[Phrase]:
        for match in _PHRASE.finditer(sentence, overlapped=True):
            listed = match["words"].split()
            head = listed[-1].casefold()
            if (
                _RELATIVE.match(sentence, match.start())
                or head in _VAGUE
                or _ORDINAL.fullmatch(head)
                or any(word.casefold() in STOPWORDS or word.casefold() in _CALENDAR for word in listed)
            ):
                continue
            if any(word[0].isupper() or "'" in word or "’" in word for word in listed) or head.endswith(
                ("ly", "ing", "ed")
            ):
                continue
            fewest = 2 if _is_loose(match) or len(listed) > 1 else 1  # a long phrase is no evidence for itself
            if not self._alone[head] and any(self._alone[word.casefold()] for word in listed[:-1]):
                continue  # "the pound fell": a noun and what is said of it
            if self._heads[head] < fewest or self._heads[head] < MIN_HEAD_SHARE * self._seen[head]:
                continue
            shown = "your" if match["determiner"].casefold() in {"my", "our"} else "the"
            yield Phrase(f"{shown} {match['words']}", match["words"], self._weight(match["words"]), is_name=False)

    def _weight(self, text: str) -> float:
        stems = content_stems(text)
        return sum(map(self._weights.weight, stems)) / len(stems) if stems else 0.0


def _counts(match: regex.Match[str]) -> bool:
    """Whether a phrase is evidence that its last word is a noun."""
    return not _is_loose(match) and not _RELATIVE.match(match.string, match.start())


def _is_loose(match: regex.Match[str]) -> bool:
    """Whether what follows can also follow an adjective: `the cold and …`."""
    return match["after"].strip() in {"and", "or", ",", "—", "–", "-"}


def key_phrases(text: str, finder: PhraseFinder, count: int) -> list[Phrase]:
    """The most telling phrases of a stretch, at most one a sentence, in the order of the text."""
    best = []
    for at, span in enumerate(sentence_spans(text)):
        if found := [one for one in finder.phrases(span.of(text)) if one.weight >= MIN_PHRASE_WEIGHT]:
            best.append((at, found[0]))
    unique = {one.bare.casefold(): (at, one) for at, one in reversed(best)}
    chosen = sorted(unique.values(), key=lambda pair: (-pair[1].weight, pair[0]))[:count]
    return [one for _, one in sorted(chosen, key=lambda pair: pair[0])]
