"""The figures of each interaction, from what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twin_data.contracts.answers import AnswerOutcome, Interaction
from twin_data.contracts.api_headers import EVALUATION_FEATURE
from twin_data.contracts.digests import digest_text
from twin_data.contracts.monitoring import ScoredInteraction
from twin_data.scoring.sentences import words
from twin_data.scoring.voice import VoiceScore
from twin_eval.monitoring.similarity import CorpusVectors
from twin_eval.prose import without_markers, without_sources
from twin_eval.unquoted import unquoted

SIMILARITY_SIGNAL = "top_cosine"
_WORDED = frozenset({AnswerOutcome.GENERATED, AnswerOutcome.REPAIRED})
"""Outcomes with sentences of the model's own: a refusal is a fixed text, a quotation the persona's. The reply to a
greeting counts as generated, but the model has written nothing for it."""


class Voice(Protocol):
    """Rates how much texts sound like the persona; a fitted `VoiceProfile` does."""

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        """The voice of each text; None for those too short to say."""
        ...


@dataclass(frozen=True)
class Scorer:
    """What interactions are scored with."""

    corpus: CorpusVectors
    voice: Voice | None
    """None for a persona whose voice cannot be measured."""
    expected_questions: frozenset[str]
    """Texts of the held-out questions that the corpus answers."""

    def score(self, interactions: Sequence[Interaction]) -> tuple[ScoredInteraction, ...]:
        """One row an interaction, in their order."""
        similarities = self._similarities(interactions)
        percents = self._percents(interactions)
        return tuple(
            self._row(one, similarity, percent)
            for one, similarity, percent in zip(interactions, similarities, percents, strict=True)
        )

    def _similarities(self, interactions: Sequence[Interaction]) -> list[float]:
        """The service's own figure where it kept one: its query also holds what the conversation was about."""
        known = [one.signals.get(SIMILARITY_SIGNAL) for one in interactions]
        unknown = [at for at, value in enumerate(known) if value is None]
        computed = self.corpus.similarities([interactions[at].question for at in unknown])
        found = dict(zip(unknown, computed.tolist(), strict=True))
        return [round(value if value is not None else found[at], 6) for at, value in enumerate(known)]

    def _percents(self, interactions: Sequence[Interaction]) -> list[float | None]:
        if self.voice is None:
            return [None] * len(interactions)
        worded = [
            at
            for at, one in enumerate(interactions)
            if one.status == "ok" and one.outcome in _WORDED and one.cost.completion_tokens
        ]
        scores = self.voice.score([unquoted(_body(interactions[at].answer)) for at in worded])
        found = {at: score.percent for at, score in zip(worded, scores, strict=True) if score is not None}
        return [found.get(at) for at in range(len(interactions))]

    def _row(self, one: Interaction, similarity: float, percent: float | None) -> ScoredInteraction:
        is_evaluation = one.feature == EVALUATION_FEATURE
        return ScoredInteraction(
            trace_id=one.trace_id,
            created_at=one.created_at,
            persona=one.persona,
            bundle=one.bundle,
            feature=one.feature,
            mode=one.mode,
            status=one.status,
            outcome=one.outcome,
            declined=None if one.outcome is None else one.outcome is AnswerOutcome.DECLINED,
            question_digest=digest_text(one.question) if is_evaluation else "",
            question_similarity=similarity,
            question_words=len(words(one.question)),
            answer_words=len(words(_body(one.answer))) if one.status == "ok" else None,
            supported_share=one.signals.get("supported_share"),
            answerability=one.signals.get("answerability"),
            voice_percent=percent,
            completion_tokens=one.cost.completion_tokens,
            seconds=one.cost.seconds,
            amount=one.cost.amount,
            currency=one.cost.currency,
            is_evaluation=is_evaluation,
            is_expected=is_evaluation and one.question in self.expected_questions,
        )


def _body(answer: str) -> str:
    """The answer without its citation marks and its list of sources."""
    return without_markers(without_sources(answer, ()))
