"""Questions about what the corpus names once: the phrase is asked about, the rest of the sentence is the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import regex

from twin_data.contracts.digests import digest_text
from twin_data.contracts.evaluation import QuestionKind
from twin_data.generate.phrases import Phrase, PhraseFinder
from twin_data.scoring.sentences import content_stems, words
from twin_eval.exam.statements import Statement, needs_context
from twin_eval.exam.wording import Worded

MIN_WEIGHT = 0.5
"""Mean weight of a phrase's stems: rarer than what is merely worth asking about."""
LATEST_WORD = 9
"""A phrase that begins later in its sentence is seldom what the sentence is about."""
MAX_WORDS = 30
FEWEST_STEMS = 7
"""Of the sentence: it has to say something of the phrase."""
_NO_PHRASE = regex.compile(r"(?i)\b(?:\p{L}*(?:eth|enth|irst|econd|ixth|inth|ifth|ourth|hird)|dozen|hundred|own)\b")
WORDINGS = (
    "What do you say about {x}?",
    "What do you say of {x}?",
    "What did you write about {x}?",
    "What point do you make about {x}?",
    "What is it that you have to say of {x}?",
)
_CLAIM = regex.compile(
    r"\b(?:is|are|was|were|has|have|had|can|cannot|will|would|must|should|may|does|did|\p{Ll}{3,}ed)\b"
)


class Topics:
    """Phrases that stand once in a corpus."""

    def __init__(self, finder: PhraseFinder, texts: Sequence[str], statements: Iterable[Statement]) -> None:
        """Find what the statements name, and count how often the corpus does.

        Args:
            finder: Sees phrases.
            texts: The whole corpus.
            statements: The sentences that are asked about.
        """
        self._found = {one.core: found for one in statements if (found := list(_phrases(finder, one.core)))}
        wanted = {_gram(phrase) for found in self._found.values() for phrase in found}
        lengths = sorted({len(gram) for gram in wanted})
        self._counts: Counter[tuple[str, ...]] = Counter()
        for text in texts:
            folded = [word.casefold() for word in words(text)]
            for length in lengths:
                grams = (tuple(folded[at : at + length]) for at in range(len(folded) - length + 1))
                self._counts.update(gram for gram in grams if gram in wanted)

    def questions(self, statement: Statement) -> Iterator[Worded]:
        """A question about the rarest phrase near the beginning of the sentence, if the corpus has it nowhere else."""
        sentence = statement.core
        for phrase in self._found.get(sentence, ()):
            turn = int(digest_text(sentence)[:8], 16)
            text = WORDINGS[turn % len(WORDINGS)].format(x=phrase.text)
            if self._counts[_gram(phrase)] == 1 and not needs_context(text):
                at = sentence.find(phrase.bare)
                rest = f"{sentence[:at]} {sentence[at + len(phrase.bare) :]}"
                yield Worded("topic", QuestionKind.FACTUAL, text, rest)
                return


def _phrases(finder: PhraseFinder, sentence: str) -> Iterator[Phrase]:
    """The telling phrases near the beginning of a sentence that says something of them."""
    if len(words(sentence)) > MAX_WORDS or not _CLAIM.search(sentence):
        return
    if len(set(content_stems(sentence))) < FEWEST_STEMS:
        return
    for phrase in finder.phrases(sentence):
        at = sentence.find(phrase.bare)
        is_early = 0 <= at and len(words(sentence[:at])) <= LATEST_WORD
        if phrase.weight >= MIN_WEIGHT and is_early and not _NO_PHRASE.search(phrase.bare):
            if phrase.is_name or len(words(phrase.bare)) > 1:
                yield phrase


def _gram(phrase: Phrase) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words(phrase.bare))
