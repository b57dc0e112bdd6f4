"""What the twin worded itself in a run, and two things measured on it: whose voice it is, and how much is copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from twin_data.contracts.base import Contract
from twin_data.scoring.copies import is_mostly_copied
from twin_data.scoring.sentences import sentence_spans
from twin_data.scoring.voice import VoiceScore
from twin_eval.briefs import Brief
from twin_eval.claims import is_copied
from twin_eval.copying import copied_flags
from twin_eval.records import Answer, AnswerRecord
from twin_eval.scorers import ScoredAnswer
from twin_eval.unquoted import own_draft, own_sentences, pooled

TextSource = Literal["answers", "drafts"]
TEXT_SOURCES: tuple[TextSource, ...] = ("answers", "drafts")


class VoiceScorer(Protocol):
    """Tells the persona's hand from others'."""

    @property
    def digest(self) -> str:
        """Names the scorer."""
        ...

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        """The voice of each text; None for texts that are too short."""
        ...


class DraftRecord(Contract):
    """A brief and what the twin wrote to it."""

    brief: Brief
    record: AnswerRecord


class OwnText(Contract):
    """What the twin worded itself in one answer or draft."""

    source: TextSource
    id: str
    """Of the question or the brief."""
    cluster: str
    """The source document that it rests on."""
    sentences: tuple[str, ...]
    """Of an answer; a draft is one piece, so that its paragraphs are kept, until copies are taken out of it."""
    copied: tuple[bool, ...] | None = None
    """Whether each stretch of eight words stands in the persona's documents; None if these were not given."""


class VoiceSample(Contract):
    """A text long enough to have a style."""

    source: TextSource
    id: str
    """Of the brief; of pooled answers a number."""
    cluster: str
    text: str
    score: VoiceScore | None
    """None if it was too short after all."""


def own_texts(answers: Iterable[ScoredAnswer], drafts: Iterable[DraftRecord]) -> tuple[OwnText, ...]:
    """The twin's own wording in each answer and draft that has any, in their order."""
    found = []
    for one in answers:
        sentences = own_sentences(one.record.answer) if one.record.answer else ()
        if sentences:
            found.append(OwnText(source="answers", id=one.question.id, cluster=one.cluster, sentences=sentences))
    for draft in drafts:
        text = own_draft(draft.record.answer) if draft.record.answer else ""
        if text:
            brief = draft.brief
            found.append(OwnText(source="drafts", id=brief.id, cluster=brief.document_id, sentences=(text,)))
    return tuple(found)


def with_copies(texts: Sequence[OwnText], documents: Iterable[str]) -> tuple[OwnText, ...]:
    """The texts with each stretch of eight words looked up in the documents."""
    flags = copied_flags([" ".join(one.sentences) for one in texts], documents)
    return tuple(one.model_copy(update={"copied": tuple(held)}) for one, held in zip(texts, flags, strict=True))


def answer_voices(records: Sequence[AnswerRecord], scorer: VoiceScorer) -> list[float | None]:
    """The voice of each answer's own words, in per cent of the gap; None where there are too few to have a style.

    What is copied from the answer's evidence is left out: that it sounds like the persona is no merit of the twin's.
    """
    texts = [" ".join(_worded(one.answer)) if one.answer else "" for one in records]
    return [one.percent if one else None for one in scorer.score(texts)]


def _worded(answer: Answer) -> list[str]:
    return [one for one in own_sentences(answer) if not is_copied(one, answer)]


def without_copies(texts: Sequence[OwnText], documents: Iterable[str]) -> tuple[OwnText, ...]:
    """The texts without sentences that are, for the greater part, copied: the persona's words are not the twin's voice.

    Quotation marks make no difference to whose words they are. A text of which nothing is left is left out.
    """
    parts = [
        (at, span.of(text)) for at, one in enumerate(texts) for text in one.sentences for span in sentence_spans(text)
    ]
    own: dict[int, list[str]] = {}
    for (at, part), held in zip(parts, copied_flags([part for _, part in parts], documents), strict=True):
        if not is_mostly_copied(held):
            own.setdefault(at, []).append(part)
    return tuple(texts[at].model_copy(update={"sentences": tuple(kept)}) for at, kept in own.items())


def voice_samples(bundle: str, texts: Sequence[OwnText], scorer: VoiceScorer) -> tuple[VoiceSample, ...]:
    """Scored samples: answers pooled in their order, and each draft by itself.

    A pooled sample is a cluster of its own, so two bundles' are compared as independent ones: which answers share a
    sample depends on how much each of them said.
    """
    answered = pooled(sentence for one in texts if one.source == "answers" for sentence in one.sentences)
    unscored = [
        VoiceSample(source="answers", id=str(at), cluster=f"{bundle} answers {at}", text=text, score=None)
        for at, text in enumerate(answered, start=1)
    ]
    unscored += [
        VoiceSample(source="drafts", id=one.id, cluster=one.cluster, text=" ".join(one.sentences), score=None)
        for one in texts
        if one.source == "drafts"
    ]
    scores = scorer.score([one.text for one in unscored])
    return tuple(one.model_copy(update={"score": score}) for one, score in zip(unscored, scores, strict=True))
