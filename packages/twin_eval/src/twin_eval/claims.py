"""The evaluation's own look at what an answer claims: the service's word for a sentence is not taken.

The deterministic check of `twin_data.scoring.support` is made again here from what the API shows: each sentence against
what it cites, or, where nothing was cited, against the passages that were retrieved. All words weigh the same, as the
index's weights are not public.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twin_data.contracts.answers import SentenceOutcome
from twin_data.contracts.base import Contract, Span
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.scoring.copies import is_mostly_copied
from twin_data.scoring.near_copies import near_copy
from twin_data.scoring.sentences import grams, sentence_spans, words
from twin_data.scoring.support import EvidenceText, names
from twin_data.scoring.word_forms import content_forms, name_form
from twin_eval.copying import copied_flags
from twin_eval.folding import word_line
from twin_eval.matching import NormalisedText, states_fact
from twin_eval.records import Answer, SentenceSeen
from twin_eval.unquoted import DISCLOSURE, OWN

MIN_SUPPORT = 0.5
"""From it on a sentence counts as supported. A tenth below the bar that serving has: there rare words weigh more."""
SHARED_WORDS = 8
"""A stretch that has so many words in a row in common with the evidence, or all of a shorter one's, lies on it."""


class ClaimCheck(Contract):
    """One sentence of the twin's own."""

    text: str
    cites: bool
    """Whether it names a source."""
    supported: bool
    """By what it cites; where it cites nothing, by a retrieved passage."""
    contradicted: bool
    """A passage denies what it affirms, or affirms what it denies, and none supports it, whichever of them it cites."""
    to_the_point: bool
    """It states an essential fact of the question's; where there is none, it cites the place that holds the answer. Of
    a question that names neither nothing more is known, and every sentence is."""
    is_copied: bool = False
    """More than half of it stands in the evidence by eight words in a row: it is checked, but is the persona's."""


def check_claims(question: HeldOutQuestion, answer: Answer) -> tuple[ClaimCheck, ...]:
    """Each sentence that the twin shipped as its own, disclosures aside; none of a refusal.

    What is copied is among them, since a copy with a word exchanged may be wrong; its own it is not (`is_copied`).
    """
    if answer.is_declined:
        return ()
    shown = [passage.text for passage in answer.twin.passages]
    granted = granted_names(question.question, answer)
    own = (one for one in answer.twin.sentences if one.outcome in OWN and one.reason != DISCLOSURE)
    return tuple(
        _checked(one, question, cited_by(one, answer), shown, granted).model_copy(
            update={"is_copied": is_copied(one.text, answer)}
        )
        for one in own
        if words(one.text)
    )


def granted_names(question: str, answer: Answer) -> set[str]:
    """Forms of the question's names that the answer's evidence has somewhere: a passage may say "she" for them."""
    sources = (f"{one.title} {one.quote}" for one in answer.twin.citations)
    held = {name_form(word) for text in (*sources, *(one.text for one in answer.twin.passages)) for word in words(text)}
    return {name_form(name) for name in names(question)} & held


def is_copied(text: str, answer: Answer) -> bool:
    """Whether what is said as the twin's own is for the greater part copied from the answer's evidence.

    By the rules of decisions 36 and 56, by which serving quotes such a sentence. A shorter one than eight words may be
    written twice by chance.
    """
    sources = (*(one.text for one in answer.twin.passages), *(one.quote for one in answer.twin.citations))
    if is_mostly_copied(copied_flags([text], sources)[0]):
        return True
    parts = [span.of(text) for span in sentence_spans(text)]
    nearly = [part for part in parts if any(near_copy(part, source) for source in sources)]
    return 2 * sum(len(words(part)) for part in nearly) > len(words(text))


def cited_by(sentence: SentenceSeen, answer: Answer) -> list[str]:
    """The quotations of the sources that a sentence names."""
    return [one.quote for one in answer.twin.citations if one.n in sentence.citations and one.quote]


def supports(evidence: str, sentence: str, granted: Iterable[str] = ()) -> bool:
    """Whether a text says what the sentence says."""
    found = _evidence(evidence).support(sentence, _alike, granted=frozenset(granted))
    return found is not None and not found.missing and found.score >= MIN_SUPPORT


def support_together(texts: Sequence[str], sentence: str, granted: Iterable[str] = ()) -> bool:
    """Whether one of the texts says what the sentence says, or all of them do together.

    What is joined is, of each text, the sentence nearest to it: a stretch of evidence is three sentences at most.
    """
    if any(supports(text, sentence, granted) for text in texts):
        return True
    return len(texts) > 1 and supports("\n\n".join(_nearest(text, sentence) for text in texts), sentence, granted)


def citation_pairs(answer: Answer) -> list[bool]:
    """For each source that a shipped sentence names, whether it supports that sentence, or is needed beside the others.

    So ALCE's citation precision (Gao et al., 2023): a source is wrong if it does not support the sentence alone and the
    others do without it, or all of them together do not. A quotation is supported by what it was copied from. Citations
    that no sentence names support nothing.
    """
    if answer.is_declined:
        return []
    shipped = [one for one in answer.twin.sentences if one.outcome is not SentenceOutcome.DROPPED]
    pairs = [held for one in shipped for held in _holding(cited_by(one, answer), one)]
    named = {n for one in shipped for n in one.citations}
    return pairs + [False] * sum(one.n not in named for one in answer.twin.citations)


def cited_sentences(answer: Answer) -> list[bool]:
    """For each sentence shipped, disclosures aside, whether the sources that it names support it, be it together."""
    if answer.is_declined:
        return []
    shipped = (one for one in answer.twin.sentences if one.outcome is not SentenceOutcome.DROPPED)
    return [_hold(cited_by(one, answer), one) for one in shipped if one.reason != DISCLOSURE]


def lies_on(quote: str, evidence: str) -> bool:
    """Whether a cited stretch and a question's evidence are, at least in part, the same words."""
    one, other = word_line(quote), word_line(evidence)
    if not one.strip() or not other.strip():
        return False
    shared = min(SHARED_WORDS, len(one.split()), len(other.split()))
    return not set(grams(one, shared)).isdisjoint(grams(other, shared))


def _checked(
    one: SentenceSeen, question: HeldOutQuestion, cited: Sequence[str], shown: Sequence[str], granted: set[str]
) -> ClaimCheck:
    supported = (
        support_together(cited, one.text, granted)
        if cited
        else any(supports(text, one.text, granted) for text in shown)
    )
    denied = not supported and any(_evidence(text).denies(one.text, _alike) for text in (*cited, *shown))
    return ClaimCheck(
        text=one.text,
        cites=bool(cited),
        supported=supported,
        contradicted=denied and not any(supports(text, one.text, granted) for text in shown),
        to_the_point=_is_to_the_point(question, one.text, cited),
    )


def _is_to_the_point(question: HeldOutQuestion, sentence: str, cited: Sequence[str]) -> bool:
    """The place alone is not enough where a fact is known: a sentence that says the question again rests on it, too."""
    if essential := [fact for fact in question.facts if fact.essential]:
        stated = NormalisedText(sentence)
        return any(states_fact(stated, question, fact) for fact in essential)
    return not question.evidence or any(
        lies_on(quote, evidence.quote) for quote in cited for evidence in question.evidence
    )


def _holding(quotes: Sequence[str], sentence: SentenceSeen) -> list[bool]:
    """For each quotation whether it holds the sentence alone, or the others do not without it."""
    together = _hold(quotes, sentence)
    return [
        _hold([quote], sentence) or (together and not _hold([*quotes[:at], *quotes[at + 1 :]], sentence))
        for at, quote in enumerate(quotes)
    ]


def _hold(quotes: Sequence[str], sentence: SentenceSeen) -> bool:
    if sentence.outcome is not SentenceOutcome.QUOTED:
        return support_together(quotes, sentence.text)
    said = word_line(sentence.text)
    return any(said in line or line in said for line in map(word_line, quotes))


def _nearest(text: str, sentence: str) -> str:
    """The sentence of a text that has most of these words of content; of equals the first."""
    wanted = content_forms(sentence).keys()
    return max(
        (span.of(text) for span in sentence_spans(text)),
        key=lambda one: len(wanted & content_forms(one).keys()),
        default="",
    )


def _evidence(text: str) -> EvidenceText:
    return EvidenceText(text, [Span(start=0, end=len(text))])


def _alike(stem_: str) -> float:
    del stem_
    return 1.0
