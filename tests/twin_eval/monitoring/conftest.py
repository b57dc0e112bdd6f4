"""A corpus of two subjects in a space of three directions, and interactions about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from twin_data.contracts.answers import AnswerOutcome, Cost, Interaction
from twin_data.contracts.monitoring import ScoredInteraction
from twin_eval.monitoring.similarity import CorpusVectors

START = datetime(2026, 3, 1, tzinfo=UTC)
SUBJECTS = ("rope", "lamp")


class WordEncoder:
    """One direction a subject; whatever names none points away from both."""

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        rows = [[float(subject in text) for subject in SUBJECTS] + [0.2] for text in texts]
        vectors = np.asarray(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def corpus() -> CorpusVectors:
    texts = (
        "A mooring rope should be spliced by the person who will trust it one day.",
        "The lamp on the eastern jetty went out in a wind that came from the bakery.",
        "Every rope that was ever sold as new had been a rope of somebody else before that.",
    )
    encoder = WordEncoder()
    return CorpusVectors(
        documents=np.asarray(["posts/rope", "posts/lamp", "posts/new"]),
        texts=texts,
        vectors=encoder.encode(list(texts)),
        encoder=encoder,
    )


@pytest.fixture
def make_interaction() -> Callable[..., Interaction]:
    def make(number: int, question: str = "What of the rope?", answer: str = "It holds.", **fields: Any) -> Interaction:
        return Interaction(
            **{
                "trace_id": f"{number:032x}", "created_at": START + timedelta(minutes=number), "persona": "ada",
                "bundle": "0123456789ab", "key_id": None, "user": None, "feature": None, "status": "ok",
                "outcome": AnswerOutcome.GENERATED, "error_code": None, "cost": Cost(completion_tokens=50, seconds=1.0),
                "question": question, "answer": answer, **fields,
            }
        )  # fmt: skip

    return make


@pytest.fixture
def make_row() -> Callable[..., ScoredInteraction]:
    def make(number: int, similarity: float = 0.55, **fields: Any) -> ScoredInteraction:
        return ScoredInteraction(
            **{
                "trace_id": f"{number:032x}", "created_at": START + timedelta(minutes=number), "persona": "ada",
                "bundle": "0123456789ab", "feature": None, "mode": "answer", "status": "ok",
                "outcome": AnswerOutcome.GENERATED, "declined": False, "question_digest": str(number),
                "question_similarity": similarity, "question_words": 9, "answer_words": 40, "supported_share": 0.5,
                "answerability": None, "voice_percent": None, "completion_tokens": 50, "seconds": 1.0, "amount": None,
                "currency": None, "is_evaluation": False, "is_expected": False, **fields,
            }
        )  # fmt: skip

    return make
