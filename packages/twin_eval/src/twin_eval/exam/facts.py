"""What a right answer must state: the telling words of the stretch that answers the question."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from twin_data.contracts.evaluation import KeyFact
from twin_data.scoring.sentences import STOPWORDS, WORD, content_stems, stem, words
from twin_data.scoring.weights import TermWeights
from twin_eval.matching import NormalisedText

MIN_FACT_WEIGHT = 0.25
ESSENTIAL, OTHERS = 2, 2
SHORT_ANSWER_WORDS = 5
"""Of an answer of so many words of meaning or fewer one is essential."""
_WEAK = frozenset(
    "merely really simply quite indeed perhaps almost always never sometimes often rather certainly obviously "
    "exactly entirely absolutely practically generally especially actually mere whole little great good bad old "
    "new long short large small certain sort kind way thing things something anything nothing everything somebody "
    "anybody nobody everybody hold held half told made make opposite lain send sent else somewhat chosen choose "
    "acting produce back person thou best better worst worse man men people one two world time day come came go "
    "went get got take took give gave see saw know knew think thought seem seemed find found put call called mean "
    "meant ought want like need".split()
)
_SAYS_LITTLE = frozenset(
    "tool year month week hour minute second moment period language place part number amount level name group team "
    "member case example point matter issue problem question answer reason result effect cause fact idea work job task "
    "use user life hand side end start beginning middle top bottom area field system method process project plan step "
    "stage business company word line page piece bit set list type form style version model item object subject topic "
    "detail difference change chance choice decision effort attempt experience feeling interest power right "
    "rule order state condition situation position view sense value quality kinds sorts ways things times days years "
    "months weeks hours minutes seconds tools languages places parts numbers names groups teams members cases examples "
    "points matters issues problems questions answers reasons results ideas works jobs tasks lives hands words lines "
    "trust try help keep turn show use used uses using work works worked working happen happens happened start started "
    "stop stopped become becomes became look looks looked feel feels felt able possible different important sure real "
    "wrote write written named called "
    "whole true easy hard simple clear full next last main big high low early late".split()
)
"""Common words of general English: one of them alone is in half of all answers, right or wrong."""
_COMPOUND = regex.compile(rf"(?:{WORD.pattern})(?:-(?:{WORD.pattern}))*(?:\p{{L}}+)?")
NUMBER_WORD_WEIGHT = 0.5
_NUMBER_WORDS = frozenset(
    "three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen million".split()
)


def chosen_facts(question: str, answer: str, weights: TermWeights) -> tuple[KeyFact, ...]:
    """The words of an answer that tell most and that the question does not hold, in the order of the answer.

    Neighbouring words are one fact. Empty if nothing tells enough.
    """
    asked = set(content_stems(question))
    best: dict[str, tuple[float, int, int]] = {}
    for found in _COMPOUND.finditer(answer):
        stems = [stem(word) for word in words(found[0])]
        if _tells(found[0]) and not asked & set(stems):
            weight = max(map(weights.weight, stems))
            if found[0][0].isdecimal():
                weight = 1.0
            elif found[0].casefold() in _NUMBER_WORDS:
                weight = max(weight, NUMBER_WORD_WEIGHT)
            best.setdefault(" ".join(stems), (weight, found.start(), found.end()))
    ranked = sorted(best.values(), key=lambda one: (-one[0], one[1]))
    telling = [one for one in ranked if one[0] >= MIN_FACT_WEIGHT and answer[one[1] : one[2]] not in _SAYS_LITTLE]
    count = 1 if len(ranked) <= SHORT_ANSWER_WORDS else ESSENTIAL
    essential = _joined(answer, [(start, end) for _, start, end in telling[:count]])
    others = _joined(answer, [(start, end) for _, start, end in telling[count : count + OTHERS]])
    return (
        *(KeyFact(text=one, essential=True) for one in essential),
        *(KeyFact(text=one, essential=False) for one in others),
    )


def _tells(word: str) -> bool:
    """Whether a word, or several with hyphens, can be a fact at all."""
    lowered = word.casefold().replace("’", "'")
    if lowered in _NUMBER_WORDS or regex.fullmatch(r"\d[\d.,:]*", word):
        return True
    is_adverb = lowered.endswith("ly") and len(word) > 5
    return len(word) > 2 and word[-1].isalpha() and lowered not in STOPWORDS and lowered not in _WEAK and not is_adverb


def given_facts(texts: Sequence[str]) -> tuple[KeyFact, ...]:
    """Facts that a pattern knows itself."""
    return tuple(KeyFact(text=one, essential=True) for one in texts)


def are_sound(facts: Sequence[KeyFact], question: str, quote: str) -> bool:
    """Whether a fact is essential, and each one stands in the quote to the letter and not in the question."""
    asked = NormalisedText(question)
    said = NormalisedText(quote)
    return any(one.essential for one in facts) and all(
        one.text in quote and said.mentions(one.text) and not asked.mentions(one.text) for one in facts
    )


def _joined(answer: str, places: list[tuple[int, int]]) -> list[str]:
    """The words at these places; those that one space parts are one."""
    runs: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if runs and answer[runs[-1][1] : start] == " ":
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return [answer[start:end] for start, end in runs]
