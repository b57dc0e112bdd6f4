"""The stub that evaluations are timed against, and the checks of planted twins' sentences."""

from __future__ import annotations

import httpx
import pytest

from benchmarks.harness_stub import BUNDLE, answer_of, application, corpus, sample_questions
from benchmarks.sentence_checks import Archive
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.client import read_answer


@pytest.fixture(scope="module")
def questions() -> tuple[HeldOutQuestion, ...]:
    return sample_questions(100)


@pytest.fixture(scope="module")
def archive(questions: tuple[HeldOutQuestion, ...]) -> Archive:
    return Archive.of_sample(questions[:3])


def test_questions_go_round_with_names_of_their_own(questions: tuple[HeldOutQuestion, ...]) -> None:
    assert len({one.id for one in questions}) == len({one.question for one in questions}) == 100


def test_the_stub_answers_as_the_service_does(questions: tuple[HeldOutQuestion, ...]) -> None:
    answers = [read_answer(httpx.Response(200, content=answer_of(one.question)), seconds=0.1) for one in questions[:8]]
    assert [one.is_declined for one in answers] == [False, False, False, True] * 2
    for answer in answers:
        assert answer.twin.bundle == BUNDLE
        for cited in answer.twin.citations:
            assert corpus()[cited.document_id][cited.start : cited.end] == cited.quote
    assert len(answers[0].twin.passages) == 20


async def test_the_stub_speaks_openais_form_too(questions: tuple[HeldOutQuestion, ...]) -> None:
    transport = httpx.ASGITransport(application(0.0))
    async with httpx.AsyncClient(transport=transport, base_url="http://stub") as client:
        body = {"model": "sample@x", "messages": [{"role": "user", "content": questions[0].question}]}
        found = (await client.post("/v1/chat/completions", json=body)).json()
    assert found["usage"]["total_tokens"] > 0 and found["model"] == "sample@x"


def test_what_stands_in_the_evidence_is_a_quotation(questions: tuple[HeldOutQuestion, ...], archive: Archive) -> None:
    quote = " ".join(questions[0].evidence[0].quote.split())
    answer = archive.answer(questions[0], [quote])
    assert answer["outcome"] == "quoted"
    (cited,) = answer["citations"]
    assert archive.documents[cited["document_id"]][cited["start"] : cited["end"]] == quote


def test_what_the_evidence_does_not_say_is_dropped(questions: tuple[HeldOutQuestion, ...], archive: Archive) -> None:
    answer = archive.answer(questions[0], ["The bishop of Lisbon painted four hundred elephants in 1732."])
    assert answer["outcome"] == "declined"
    assert [one["outcome"] for one in answer["sentences"]] == ["dropped"]
