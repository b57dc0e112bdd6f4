"""A model's drafts, each with what is wrong with it and how much of it is copied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from twin_data.contracts.datasets import PolicyDraft, RejectedReason, TaskKind
from twin_data.contracts.documents import Chunk
from twin_data.generate.adapt import is_verbatim
from twin_data.generate.candidates import MIN_SUPPORT
from twin_data.generate.draft_prompts import DraftPrompt
from twin_data.generate.grounding import SentenceSupport, chunks_of, sentences, supports, whole_sentences
from twin_data.generate.material import Material
from twin_data.scoring.addressee import speaks_to_the_persona
from twin_data.scoring.closeness import Encode, closeness, stray
from twin_data.scoring.copies import copied_share, is_mostly_copied, word_stretches
from twin_data.scoring.departures import departure
from twin_data.scoring.near_copies import near_copy
from twin_data.scoring.refusal import is_refusal
from twin_data.scoring.word_forms import content_forms


@dataclass(frozen=True)
class JudgedDraft:
    """A draft, held against its passages.

    Attributes:
        text: The draft without a half sentence at its end.
        fault: What is wrong with it; None if only its voice, or that it is a copy, may be.
        at: Number of the sentence that shows the fault.
        copied: Share of its stretches of `COPIED_WORDS` words that stand in the passages.
        is_own: Whether serving would ship its sentences as its own: none stands there word for word, or mostly.
        support: How well the passages support the weakest of its sentences, 0 to 1.
    """

    text: str
    fault: RejectedReason | None = None
    at: int = 0
    copied: float = 0.0
    is_own: bool = True
    support: float = 0.0


@dataclass(frozen=True)
class Judge:
    """Holds drafts against their passages as serving does.

    Attributes:
        material: The features.
        encode: Embeds sentences; None leaves their nearness to the passages unjudged.
        min_closeness: Cosine to the stretch that supports it below which a sentence says something else.
        min_held: The same of the product of support and cosine.
    """

    material: Material
    encode: Encode | None = None
    min_closeness: float = 0.0
    min_held: float = 0.0

    def judged(self, drafts: Sequence[PolicyDraft], prompt: DraftPrompt) -> list[JudgedDraft]:
        """The drafts of a prompt that say anything, in their order."""
        texts = [whole for one in drafts if (whole := whole_sentences(one.text, one.finish_reason))]
        chunks = passages_of(prompt, self.material) if texts else []
        return [self._judged(text, prompt, chunks) for text in texts]

    def _judged(self, text: str, prompt: DraftPrompt, chunks: Sequence[Chunk]) -> JudgedDraft:
        refuses = is_refusal(text)
        if prompt.expected == "refuse":
            return JudgedDraft(text, None if refuses else RejectedReason.WRONGLY_ANSWERED)
        if refuses:
            return JudgedDraft(text, RejectedReason.WRONGLY_REFUSED)
        if prompt.task is not TaskKind.ANSWER:
            return JudgedDraft(text)
        granted = content_forms(" ".join(prompt.phrases))
        copied, held = share_copied(text, chunks), supports(text, chunks, self.material)
        if unsupported := [at for at, one in enumerate(held) if not self._holds(one, granted)]:
            return JudgedDraft(text, RejectedReason.UNSUPPORTED, unsupported[0], copied)
        return JudgedDraft(text, None, 0, copied, _is_own(text, chunks), min((one.score for one in held), default=0.0))

    def _holds(self, one: SentenceSupport, granted: Collection[str]) -> bool:
        if one.score < MIN_SUPPORT or speaks_to_the_persona(one.sentence, one.stretch):
            return False
        if self.encode is None:
            return True
        near = closeness(one.sentence, one.stretch, self.encode)
        strays = stray(one.score, near, min_closeness=self.min_closeness, min_held=self.min_held)
        return not (strays or departure(one.sentence, one.stretch, self.encode, granted=granted))


def _is_own(text: str, chunks: Sequence[Chunk]) -> bool:
    """Whether no sentence of the text is a copy."""
    held = {stretch for chunk in chunks for stretch in word_stretches(chunk.text)}
    return not any(
        is_mostly_copied([stretch in held for stretch in word_stretches(sentence)])
        or any(is_verbatim(sentence, chunk.text) or near_copy(sentence, chunk.text) for chunk in chunks)
        for sentence in sentences(text)
    )


def share_copied(text: str, chunks: Sequence[Chunk]) -> float:
    """Share of a text's stretches that the chunks hold; of a near copy all count."""
    sources = [chunk.text for chunk in chunks]
    nearly = [part for part in sentences(text) if any(near_copy(part, source) for source in sources)]
    return copied_share(text, [*sources, *nearly])


def passages_of(prompt: DraftPrompt, material: Material) -> list[Chunk]:
    """What an answer may rest on; a text has no passages that it must keep to."""
    return chunks_of(material, prompt.context, prompt.spans) if prompt.task is TaskKind.ANSWER else []
