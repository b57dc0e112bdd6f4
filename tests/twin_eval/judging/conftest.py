"""Scored answers of which some sentences were shipped, some dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.fake_service import citation
from twin_eval.records import Answer, AnswerRecord
from twin_eval.scored_run import RunRecords, ScoredRun, score_run
from twin_eval.statistics import IntervalConfig

PASSAGE = "It was high water at the mill. The gate stood open."
UNREAD = "Eels ate the mill, too low in the list to be answered from."
QUOTE = "It was high water at the mill."


@pytest.fixture
def make_judged_run(
    make_question: Callable[..., HeldOutQuestion],
    make_answer: Callable[..., Answer],
    make_record: Callable[..., AnswerRecord],
) -> Callable[..., ScoredRun]:
    """A run of so many answered questions, each with one shipped and one dropped sentence, and a refused one."""

    def make(count: int = 3) -> ScoredRun:
        questions = [make_question(f"q{at}") for at in range(count)] + [make_question("u", "unanswerable")]
        answers = [_answered(make_answer, at) for at in range(count)]
        answers.append(make_answer("I would rather not.", outcome="declined", decline_reason="no_evidence"))
        records = [make_record(question, answer) for question, answer in zip(questions, answers, strict=True)]
        run = RunRecords(
            persona="ada", bundle=records[0].bundle, index="i", questions=questions, records=records, drafts=(),
            document_text=lambda _: None,
        )  # fmt: skip
        return score_run(run, ks=(1,), config=IntervalConfig(resamples=200))

    return make


def _answered(make_answer: Callable[..., Answer], at: int) -> Answer:
    sentences: list[dict[str, Any]] = [
        {"text": f"The tide came {at}.", "outcome": "supported", "support": 0.9, "citations": [1]},
        {"text": f"Eels ate the mill {at}.", "outcome": "dropped", "support": 0.1, "reason": "no passage says so"},
        {"text": f"And what {at}?", "outcome": "dropped", "support": 0.1, "reason": "it asks"},
        {"text": QUOTE, "outcome": "quoted", "support": 1.0, "citations": [1]},
    ]
    passages = [
        {"chunk_id": name, "document_id": f"notes/{name}.md", "start": 0, "end": len(text), "text": text}
        for name, text in (("a", PASSAGE), ("b", UNREAD))
    ]
    cited = [citation(1, "notes/a.md", PASSAGE, QUOTE)]
    text = f"The tide came {at}. [1]" + (" high water" if at % 2 == 0 else "")
    return make_answer(text, sentences=sentences, passages=passages, citations=cited)
