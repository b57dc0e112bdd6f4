"""Each sentence of a draft against the passages: supported and to the point, or dropped with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.answers import RetrievedPassage, SentenceCheck, SentenceOutcome
from twin_data.contracts.base import Span
from twin_data.scoring.addressee import speaks_to_the_persona
from twin_data.scoring.closeness import closeness, stray
from twin_data.scoring.denials import is_contradicted
from twin_data.scoring.departures import departure
from twin_data.scoring.sentences import STOPWORDS, content_stems, words
from twin_data.scoring.support import EvidenceText, Support, held_numbers, names, numbers
from twin_data.scoring.word_forms import content_forms, form, name_form
from twin_serve.answering.citations import CitationList
from twin_serve.answering.copies import Copy, find_copy, own_in_passage, stands_whole
from twin_serve.twins import Twin

MIN_RELEVANCE = 0.3
"""Cosine of sentence and question below which a sentence, however true, answers something else."""
MIN_CONTENT_STEMS = 2
WORD_FOR_WORD = "copied word for word"
REPEATED = "it repeats an earlier sentence"
ECHO = "it says the question again"
SPOKEN_TO = "it speaks to the persona, not as the persona"
TOO_LONG_TO_QUOTE = "it copies part of a sentence that is too long to quote"
DENIED = "the passage says the contrary"
NO_OWN_WORDS = "no passage holds words of the persona's own"
_OPENERS = frozenset(
    "although hence however indeed instead meanwhile moreover nor perhaps since still therefore thus".split()
)
_NO_ADVERBS = frozenset(
    "ally anomaly assembly beverly billy bully carly cecily connolly dolly donnelly emily everly family fly harly healy"
    " holly italy july kelly kennelly kimberly lally lily lilly mcnally milly molly monopoly nelly polly reilly rally"
    " reply sally shelly sicily supply tilly wally waverly willy".split()
)
"""Names and nouns that end as adverbs do."""


@dataclass(frozen=True)
class Found:
    """Where a sentence's best support stands.

    Attributes:
        passage: The passage that holds it.
        support: Score and place.
        objection: What the passages lack of it or say to the contrary; empty if nothing.
        closeness: Cosine to what supports it; 0 where there is an objection.
        strays: That it is not near enough to what supports it; empty if it is, or where there is an objection.
    """

    passage: RetrievedPassage
    support: Support
    objection: str = ""
    closeness: float = 0.0
    strays: str = ""


class PassageEvidence:
    """Passages prepared for checking many sentences against them. Runs in worker threads, one sentence at a time."""

    def __init__(self, passages: Sequence[RetrievedPassage], twin: Twin, question: str = "") -> None:
        """Prepare nothing yet.

        Args:
            passages: What may be cited; only the persona's own words in them count.
            twin: Whose bars and term weights count.
            question: What was asked; its names may stand for pronouns of the passages.
        """
        self._passages = passages
        self._question = question
        self._twin = twin

    @cached_property
    def _texts(self) -> list[EvidenceText]:
        return [EvidenceText(one.text, own_in_passage(one)) for one in self._passages]

    @cached_property
    def asked(self) -> frozenset[str]:
        """Forms of the question's words that carry meaning."""
        return frozenset(content_forms(self._question))

    @cached_property
    def _granted(self) -> frozenset[str]:
        return granted_names(self._question, self._passages)

    def best(self, sentence: str) -> Found | None:
        """The best support, whether it is enough or not; None if no passage holds words of the persona's own."""
        best: tuple[RetrievedPassage, Support] | None = None
        for passage, text in zip(self._passages, self._texts, strict=True):
            found = text.support(sentence, self._twin.weights.weight, granted=self._granted)
            if found and (best is None or found.score > best[1].score):
                best = passage, found
        if best is None:
            return None
        passage, support = best
        if support.score < self._twin.manifest.verification.min_support:
            return Found(passage, support, self._what_is_missing(sentence))
        if objected := objection(sentence, passage, support.span):
            return Found(passage, support, objected)
        evidence, encode = support.span.of(passage.text), self._twin.encoder.encode
        granted = self.asked.union(content_forms(passage.context))
        if departed := departure(sentence, evidence, encode, granted=granted):
            return Found(passage, support, departed)
        near = closeness(sentence, evidence, encode)
        bars = self._twin.manifest.verification
        strays = stray(support.score, near, min_closeness=bars.min_closeness, min_held=bars.min_held)
        return Found(passage, support, closeness=near, strays=strays)

    def denies(self, sentence: str) -> bool:
        """Whether the passage that says most of a sentence says the contrary."""
        found = self.best(sentence)
        return found is not None and is_contradicted(sentence, found.support.span.of(found.passage.text))

    def copied(self, sentence: str) -> Copy | None:
        """What the sentence was copied from, if it is mostly a copy."""
        return find_copy(sentence, self._passages)

    def holds_whole(self, sentence: str) -> bool:
        """Whether the persona wrote this very sentence, and not as part of a longer one."""
        return stands_whole(sentence, self._passages)

    def _what_is_missing(self, sentence: str) -> str:
        """What of the sentence no passage holds, or else that no passage says all of it in one place."""
        own = [span.of(one.text) for one in self._passages for span in own_in_passage(one)]
        if unknown := sorted(numbers(sentence).difference(*map(held_numbers, own))):
            return f"the number {unknown[0]} is not in the passages"
        held = {name_form(word) for text in own for word in words(text)}
        if unnamed := sorted(name for name in names(sentence) if name_form(name) not in held):
            return f"the name {unnamed[0]} is not in the passages"
        return "the passages do not say so"


class SentenceVerifier:
    """Checks the sentences of one answer. Runs in a worker thread; one instance a request."""

    def __init__(
        self, passages: Sequence[RetrievedPassage], question: str, query_vector: NDArray[np.float32], twin: Twin
    ) -> None:
        """Prepare nothing yet.

        Args:
            passages: What may be cited.
            question: What was asked.
            query_vector: Its embedding, shape (D,).
            twin: Whose bars and encoder count.
        """
        self.passages = passages
        self._evidence = PassageEvidence(passages, twin, question)
        self._query_vector = query_vector
        self._twin = twin
        self._shipped = Shipped()

    def begin_anew(self, shipped: Sequence[str]) -> None:
        """Another draft is looked at, to follow the sentences that were shipped."""
        self._shipped = Shipped()
        for sentence in shipped:
            self._shipped.add(sentence)

    def check(self, sentence: str, citations: CitationList) -> SentenceCheck:
        """Judge one sentence; a supported one gets its citation."""
        if len(content_stems(sentence)) < MIN_CONTENT_STEMS:
            return dropped(sentence, "it says nothing that can be checked")
        if self._shipped.holds(sentence):
            return dropped(sentence, REPEATED)
        if sentence.endswith(("?", ":")):
            return dropped(sentence, "it asks or announces, and tells nothing")
        found = self._evidence.best(sentence)
        if found is None:
            return dropped(sentence, NO_OWN_WORDS)
        support = found.support
        if support.score < self._twin.manifest.verification.min_support:
            return dropped(sentence, found.objection, support.score)
        if (relevance := self._relevance(sentence)) < MIN_RELEVANCE:
            return dropped(sentence, f"it does not answer the question (likeness {relevance:.2f})", support.score)
        if copied := self._evidence.copied(sentence):
            return self._quoted(sentence, copied, citations)
        evidence = support.span.of(found.passage.text)
        if self._says_the_question_again(sentence, evidence):
            return dropped(sentence, ECHO, support.score)
        if speaks_to_the_persona(sentence, evidence):
            return dropped(sentence, SPOKEN_TO, support.score)
        if reason := found.objection or found.strays:
            return dropped(sentence, reason, support.score)
        self._shipped.add(sentence)
        return supported(sentence, found, citations)

    def _quoted(self, sentence: str, copied: Copy, citations: CitationList) -> SentenceCheck:
        """The persona's own sentence as it stands in the document, not as the model typed it."""
        passage, text = copied.passage, copied.span.of(copied.passage.text)
        if self._shipped.holds(text):
            return dropped(sentence, REPEATED)
        if not copied.is_whole and len(text.split()) > self._twin.manifest.verification.max_quote_words:
            return dropped(sentence, TOO_LONG_TO_QUOTE)
        for one in (sentence, text):
            self._shipped.add(one)
        citation = citations.cite(passage, _in_document(passage, copied.span), 1.0)
        return SentenceCheck(
            text=text,
            outcome=SentenceOutcome.QUOTED,
            support=1.0,
            citations=(citation.n,),
            reason=_how_copied(copied),
        )

    def _says_the_question_again(self, sentence: str, evidence: str) -> bool:
        """Whether its evidence holds no word of it that was not asked with; a figure alone may be the answer."""
        new = content_forms(sentence).keys() - self._evidence.asked
        return new.isdisjoint(content_forms(evidence)) and not numbers(sentence)

    def _relevance(self, sentence: str) -> float:
        return float(self._twin.encoder.encode([sentence])[0] @ self._query_vector)


def _how_copied(copied: Copy) -> str:
    if copied.is_whole:
        return WORD_FOR_WORD
    return "copied word for word out of a longer sentence" if copied.is_exact else "copied but for a few words"


class Shipped:
    """The sentences of an answer so far, by their words."""

    def __init__(self) -> None:
        self._known: set[tuple[str, ...]] = set()

    def add(self, sentence: str) -> None:
        """Remember one."""
        self._known.add(_words_of(sentence))

    def holds(self, sentence: str) -> bool:
        """Whether these words were said before; punctuation and letter case aside."""
        return _words_of(sentence) in self._known


def _words_of(sentence: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words(sentence))


def supported(sentence: str, found: Found, citations: CitationList, reason: str = "") -> SentenceCheck:
    """The verdict on a sentence that holds, with its citation."""
    score = found.support.score
    citation = citations.cite(found.passage, _in_document(found.passage, found.support.span), score)
    return SentenceCheck(
        text=sentence,
        outcome=SentenceOutcome.SUPPORTED,
        support=round(score, 4),
        closeness=round(found.closeness, 4),
        citations=(citation.n,),
        reason=reason,
    )


def objection(sentence: str, passage: RetrievedPassage, span: Span) -> str:
    """What speaks against a sentence whose words are held by its evidence; empty if nothing does.

    Args:
        sentence: What is to be shipped.
        passage: The passage that supports it best.
        span: Where in the passage's text.
    """
    first = words(sentence)[0]
    if _may_name(first) and form(first) not in {form(word) for word in words(f"{passage.context} {passage.text}")}:
        return f"the name {first} is not in the passages"
    return DENIED if is_contradicted(sentence, span.of(passage.text)) else ""


def _may_name(first: str) -> bool:
    """Whether the first word of a sentence may be somebody's name: the support check looks at later words only."""
    lowered = first.casefold()
    is_adverb = lowered.endswith("ly") and lowered not in _NO_ADVERBS
    return first[0].isupper() and lowered not in STOPWORDS | _OPENERS and not is_adverb


def granted_names(question: str, passages: Sequence[RetrievedPassage]) -> frozenset[str]:
    """Forms of the question's names that some passage has, whichever: another may say "she" for them."""
    held = {name_form(word) for one in passages for word in words(f"{one.context} {one.text}")}
    return frozenset(name_form(name) for name in names(question)) & held


def _in_document(passage: RetrievedPassage, span: Span) -> Span:
    return Span(start=span.start + passage.start, end=span.end + passage.start)


def dropped(sentence: str, reason: str, support: float = 0.0) -> SentenceCheck:
    """The verdict on a sentence that is not shipped."""
    return SentenceCheck(text=sentence, outcome=SentenceOutcome.DROPPED, support=round(support, 4), reason=reason)
