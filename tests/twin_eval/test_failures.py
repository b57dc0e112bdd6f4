"""Each wrong answer has the cause that lies earliest in the pipeline, whatever came of it later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.failures import FAILURES, cause_of
from twin_eval.fake_service import citation
from twin_eval.page.examples import wrongs
from twin_eval.records import Answer, AnswerRecord
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import ScoredAnswer, score_record

QUOTE = "It was high water at Ferrier's."
OTHER = "Nobody came."


def passages(*texts: str) -> list[dict[str, Any]]:
    return [
        {"chunk_id": f"c{at}", "document_id": f"notes/{at}.md", "start": 0, "end": len(text), "text": text}
        for at, text in enumerate(texts)
    ]


def dropped(text: str, reason: str) -> dict[str, Any]:
    return {"text": text, "outcome": "dropped", "support": 0.1, "reason": reason}


@pytest.fixture
def scored(
    make_question: Callable[..., HeldOutQuestion],
    make_answer: Callable[..., Answer],
    make_record: Callable[..., AnswerRecord],
) -> Callable[..., ScoredAnswer]:
    def make(
        content: str = "Something else.",
        *,
        kind: str = "factual",
        facts: tuple[str, ...] = ("high water",),
        quotes: tuple[str, ...] = (QUOTE,),
        **twin: Any,
    ) -> ScoredAnswer:
        question = make_question("q1", kind, facts=facts, quotes=quotes)
        record = make_record(question, make_answer(content, **twin))
        return score_record(question, record, {"notes/0.md": QUOTE}.get, ks=(1,))

    return make


def test_evidence_that_the_archive_does_not_hold_is_no_fault_of_the_search(
    make_question: Callable[..., HeldOutQuestion],
    make_answer: Callable[..., Answer],
    make_record: Callable[..., AnswerRecord],
) -> None:
    question = make_question("q1", facts=("high water",), quotes=(QUOTE,))
    record = make_record(question, make_answer(OTHER, passages=passages(OTHER)))
    one = score_record(question, record, {}.get, ks=(1,), evidence_held=False)
    assert cause_of(one) == "question: the archive does not hold the evidence that it quotes"


def test_an_answer_that_a_passage_contradicts_is_not_right_whatever_facts_it_states(
    scored: Callable[..., ScoredAnswer],
) -> None:
    denied, stated = "Priya wrote the parser.", "It was high water at Ferrier's."
    said = [
        {"text": text, "outcome": outcome, "support": 0.9, "citations": [1]}
        for text, outcome in ((stated, "supported"), (denied, "unsupported"))
    ]
    source = f"{stated} Priya never wrote the parser."
    cited = [citation(1, "notes/1.md", source, source)]
    one = scored(f"{stated} {denied}", sentences=said, citations=cited, passages=passages(source))
    assert one.scores and one.scores.facts and one.scores.facts.is_complete
    assert wrongs(one) == ("Contradicted by a passage",)
    assert FAILURES["Contradicted by a passage"](one) == denied
    assert cause_of(one) == "check: it let a sentence through that a passage contradicts"
    held = scored(stated, sentences=said[:1], citations=cited, passages=passages(source))
    assert wrongs(held) == ()


DECLINED = {"outcome": "declined"}
NO_EVIDENCE = {**DECLINED, "decline_reason": "no_evidence"}
UNSUPPORTED = {**DECLINED, "decline_reason": "unsupported"}


@pytest.mark.parametrize(
    ("twin", "cause"),
    [
        (NO_EVIDENCE, "search: no evidence was found"),
        ({**NO_EVIDENCE, "passages": passages(OTHER)}, "search: no evidence was found"),
        ({**NO_EVIDENCE, "passages": passages(QUOTE)}, "judge: the evidence was found, and taken for no answer"),
        (
            {**NO_EVIDENCE, "passages": passages(OTHER, OTHER, QUOTE)},
            "search: the evidence was found, but not among the 2 passages that are answered from",
        ),
        ({**NO_EVIDENCE, "quotes": (QUOTE, "And low."), "passages": passages(QUOTE)}, "search: a part of the evidence was not found"),
        ({**NO_EVIDENCE, "quotes": (), "passages": passages(OTHER)}, "judge: passages were found, and taken for no answer"),
        ({**UNSUPPORTED, "passages": passages(OTHER)}, "search: no evidence was found"),
        (
            {
                **UNSUPPORTED,
                "passages": passages(QUOTE),
                "sentences": [
                    dropped("Brown came.", "the name Brown is not in the passages"),
                    dropped("Ada Grey came.", "the name Grey is not in the passages"),
                    dropped("It rained.", "the passages do not say so"),
                ],
            },
            "check: nothing of the draft held: the name … is not in the passages",
        ),
        ({**UNSUPPORTED, "passages": passages(QUOTE)}, "check: nothing of the draft held: nothing was drafted"),
        ({**DECLINED, "decline_reason": "model_declined"}, "model: it declined by itself"),
        ({**DECLINED, "decline_reason": "unsafe"}, "rule: taken for harmful"),
        ({**DECLINED, "decline_reason": "tired", "passages": passages(QUOTE)}, "declined: tired"),
        ({}, "no retrieval: written from the model's memory"),
        ({"passages": passages(OTHER)}, "search: no evidence was found"),
        ({"passages": passages(QUOTE)}, "model: the evidence was found and not used"),
        (
            {"passages": passages(QUOTE), "citations": [citation(1, "notes/0.md", QUOTE, QUOTE)]},
            "model: the evidence was found and cited, and the answer does not state the fact",
        ),
        (
            {
                "passages": passages(OTHER),
                "sentences": [dropped("It was high water.", "it does not answer the question (likeness 0.31)")],
            },
            "check: it dropped the sentence that states the fact: it does not answer the question",
        ),
        (
            {"passages": passages(QUOTE), "outcome": "quoted"},
            "model: no sentence of its own held, and the quotation does not say it",
        ),
        (
            {"kind": "private_or_unsafe"},
            "rule: not recognised as private or harmful, and answered (private_or_unsafe)",
        ),
        ({"kind": "unanswerable"}, "judge: a question to be refused was taken for answerable (unanswerable)"),
        (
            {"content": "It was high water.", "passages": passages(QUOTE), "citations": [{**citation(1, "notes/0.md", QUOTE, QUOTE), "quote": "It was low."}]},
            "citation: the quotation is not what the document says",
        ),
    ],
)  # fmt: skip
def test_the_cause_is_where_it_went_wrong_first(
    scored: Callable[..., ScoredAnswer], twin: dict[str, Any], cause: str
) -> None:
    assert cause_of(scored(**twin), passages=2) == cause


def test_an_endpoint_s_error_is_its_own_cause(make_run: Callable[..., ScoredRun]) -> None:
    assert cause_of(make_run(["error"]).answers[0]) == "endpoint: llm_unavailable"


def test_where_nothing_is_known_of_the_passages_used_all_count(scored: Callable[..., ScoredAnswer]) -> None:
    one = scored(**NO_EVIDENCE, passages=passages(OTHER, OTHER, QUOTE))
    assert cause_of(one) == "judge: the evidence was found, and taken for no answer"
