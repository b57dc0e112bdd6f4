"""What a sentence makes of a fact's words: it says so, denies it, or leaves open whether it is so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from twin_eval.numerals import YEAR, Gap, Word
from twin_eval.units import UNITS

DENIED_WITHIN = 3
"""Words before a fact in which a negation governs it."""
NEGATIONS = frozenset("not never no neither nor without hardly nobody none".split())
_NO_DENIAL = frozenset("only but merely just fewer less more until before than doubt".split())
"""After a negation: "not only", "no fewer than", "not before one o'clock", "not a gale but a breeze"."""
_AGAINST = frozenset("decid chose chosen choos opt adviz argu rule".split())
"""Before "against", in stems. To fight or to vote against a thing is said of the thing."""
_SUPPOSING = frozenset({"would", "could", "might"})
_COPULAS = frozenset("am is are was were be been".split())
_AUXILIARIES = _COPULAS | frozenset("do does did has have had can could will would should shall may might must".split())
_PREPOSITIONS = frozenset(
    "of in on at by with for from to about into over under between after before since until as like through".split()
)
_PARTICIPLE = regex.compile(
    r"\p{L}+(?:ed|en|wn|ught)|made|built|kept|left|sent|sold|told|run|put|set|done|gone|found|held|lost|met|paid|read|said"
    r"|spent|won"
)
_BEFORE_FIGURES = frozenset("in on at by it was or of and maybe perhaps even from".split())
"""What may stand between the figures of a list."""
_LIST_REACH = 3
"""Words from "or" to a member of its list."""
_ASKING = _AUXILIARIES | frozenset("who whose whom what when where why which how".split())
_BEFORE_QUESTIONS = frozenset("and but so or then well".split())
_DOUBTS = frozenset("doubt fals untru wrong".split())
"""Before "that", in stems."""
_UNKNOWN = frozenset("know sure certain say tell rememb recal clear see idea".split())
_WONDERING = frozenset("wonder doubt unclear unsur uncertain".split())
"""Both before "whether" or "if", in stems: the former where they are denied, or hard."""
_HARD = NEGATIONS | {"hard", "difficult", "impossible"}
_QUESTION_MARK = regex.compile(r"\?[\s\"'”’»)\]]*$")
_CLAUSE_JOINTS = frozenset("and but so because yet".split())


@dataclass(frozen=True)
class Sentence:
    """Its words and their stems, articles aside, and which of them begin after a mark."""

    words: list[str]
    stems: list[str]
    after_mark: list[bool]
    is_question: bool = False
    """Whether a question mark ends it."""

    @classmethod
    def of(cls, words: Sequence[Word], stems: Sequence[str], text: str) -> Sentence:
        """The sentence of these words, which were taken from the text."""
        marks = [one.gap is Gap.BREAK for one in words]
        return cls([one.text for one in words], list(stems), marks, bool(_QUESTION_MARK.search(text)))

    def denies(self, place: range) -> bool:
        """Whether the words at a place are said not to be so.

        A negation governs what it stands in or shortly before, with no mark between, as "rather than" and "refused to"
        do; and what is the subject of the verb that it denies ("Kafka was never used").
        """
        return self._denied_before(place) or self._denied_behind(place)

    def leaves_open(self, place: range) -> bool:
        """Whether it does not say if the words at a place are so: it asks, doubts or does not know, or guesses."""
        return self.asks or self._doubts(place) or self._guesses(place)

    @property
    def asks(self) -> bool:
        """Whether it is put as a question; "It was Kafka, was it not?" says so."""
        first = next((one for one in self.words if one not in _BEFORE_QUESTIONS), "")
        return self.is_question and first in _ASKING

    def _doubts(self, place: range) -> bool:
        """Whether "not know whether" or "false that" governs them, with neither mark nor joint of clauses between."""
        for at in range(place.start - 1, -1, -1):
            if self.words[at] in {"whether", "if"} and self._is_unknown(at):
                return True
            before = self.stems[at - 1] if at and not self.after_mark[at] else ""
            if before in _DOUBTS and self.words[at] in {"that", "it", "we"}:
                return {*NEGATIONS, "little"}.isdisjoint(self.words[max(0, at - 2) : at - 1])
            if self.after_mark[at] or self.words[at] in _CLAUSE_JOINTS:
                return False
        return False

    def _is_unknown(self, joint: int) -> bool:
        """Whether the speaker does not know what "whether" leads to; "we looked whether" tells what was looked at."""
        governing = frozenset(self.stems[max(0, joint - 3) : joint])
        if not _WONDERING.isdisjoint(governing):
            return True
        return not _UNKNOWN.isdisjoint(governing) and not _HARD.isdisjoint(self.words[max(0, joint - 6) : joint])

    def _guesses(self, place: range) -> bool:
        """Whether they are one of several that are joined by "or", each of their own sort: figures, or after "either".

        "2021, or 2022" and "either Kafka or Rabbit" state neither; "5 km or 3 miles" are the same said twice.
        """
        before, behind = self.words[: place.start], self.words[place.stop :]
        if "or" not in (*before, *behind) or "or" in self.words[place.start : place.stop]:
            return False
        if "either" in before and before[-1] == "or":
            return True
        if "either" in before[-DENIED_WITHIN:] and "or" in behind:
            return True
        if not any(self._is_figure(at) for at in place):
            return False
        return any(self._is_alike(place, at) for at in (*self._listed_behind(place), *self._listed_before(place)))

    def alternatives(self, place: range) -> frozenset[str]:
        """The stems on the other side of an "or" that stands near the place."""
        found: list[str] = []
        for at in (at for at in range(max(0, place.start - _LIST_REACH), place.start) if self.words[at] == "or"):
            found += self.stems[max(0, at - _LIST_REACH) : at]
        for at in range(place.stop, min(place.stop + _LIST_REACH, len(self.words))):
            if self.words[at] == "or":
                found += self.stems[at + 1 : at + 1 + _LIST_REACH]
        return frozenset(found)

    def _denied_before(self, place: range) -> bool:
        at = place.start
        while at > max(0, place.start - DENIED_WITHIN) and not self.after_mark[at]:
            at -= 1
        return any(self._is_negation(one, place) for one in range(at, place.stop)) or any(
            self._turns_down(one) for one in range(at, place.start)
        )

    def _is_negation(self, at: int, place: range) -> bool:
        word = self.words[at]
        if word not in NEGATIONS or not _NO_DENIAL.isdisjoint(self.words[at + 1 : max(place.start, at + 2)]):
            return False
        if word == "without":  # "Without Kafka we would have failed"
            return _SUPPOSING.isdisjoint(self.words)
        is_praise = word == "not" and at > 0 and self.words[at - 1] in {"can", "could"}  # "… can't praise it enough"
        return not (is_praise and {"enough", "too"} & set(self.words[place.stop :]))

    def _turns_down(self, at: int) -> bool:
        pair = tuple(self.stems[at : at + 2])
        if pair in {("instead", "of"), ("rather", "than"), ("refus", "to"), ("declin", "to"), ("anyth", "but")}:
            return True
        if pair[0] == "except":  # "nothing except Kafka" is Kafka
            return {*NEGATIONS, "nothing"}.isdisjoint(self.words[:at])
        return pair[0] == "against" and at > 0 and self.stems[at - 1] in _AGAINST

    def _denied_behind(self, place: range) -> bool:
        if place.start and self.words[place.start - 1] in _PREPOSITIONS:
            return False  # not the subject
        at = place.stop
        first = self._following(at)
        verb = first if first in _AUXILIARIES else ""
        at += bool(verb)
        negation = self._following(at)
        if negation != "never" and not (verb and negation == "not"):
            return False
        said = self._following(at + 1)
        # "Kafka was not cheap" says something of Kafka, "Kafka was not used" does not.
        return said not in _NO_DENIAL and (verb not in _COPULAS or bool(_PARTICIPLE.fullmatch(said)))

    def _following(self, at: int) -> str:
        """The word at this place; empty behind the end or a mark."""
        return self.words[at] if at < len(self.words) and not self.after_mark[at] else ""

    def _is_figure(self, at: int) -> bool:
        return self.words[at][:1].isdecimal()

    def _listed_behind(self, place: range) -> Iterator[int]:
        """The next figure of a list that goes on with "or" behind the place."""
        at = place.stop
        while at < len(self.words) and self.words[at] != "or":
            if self.words[at] not in _BEFORE_FIGURES and not self._is_figure(at):
                return
            at += 1
        yield from filter(self._is_figure, range(at, min(at + _LIST_REACH + 1, len(self.words))))

    def _listed_before(self, place: range) -> Iterator[int]:
        """The figure before "or", where the place is what comes behind it."""
        joints = range(max(0, place.start - _LIST_REACH), place.start)
        for joint in (at for at in joints if self.words[at] == "or"):
            yield from filter(self._is_figure, range(max(0, joint - _LIST_REACH), joint))

    def _is_alike(self, place: range, other: int) -> bool:
        """Whether a figure elsewhere is of the sort of the place's: years, or numbers of one unit."""
        mine = next(filter(self._is_figure, place))
        years = [bool(YEAR.fullmatch(self.words[at])) for at in (mine, other)]
        units = {self.words[at + 1] for at in (mine, other) if at + 1 < len(self.words)} & UNITS
        return years[0] == years[1] and len(units) < 2
