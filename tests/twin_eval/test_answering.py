"""Which questions are asked, which answers are used again, and when an evaluation ends early."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from twin_data.contracts.answers import TwinOptions
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.answering import ANSWERS_FILE, Progress
from twin_eval.errors import BundleRefusedError, EvaluationError
from twin_eval.fake_service import FakeService, completion, refusal
from twin_eval.run import EvaluationInputs, evaluate, run_folder

from .small_exam import BUNDLE, CONFIG, TEXT, declined, figures, right

Question = Callable[..., HeldOutQuestion]


async def test_a_second_run_asks_only_what_failed(inputs: EvaluationInputs, service: FakeService) -> None:
    first = await evaluate(inputs, config=CONFIG)
    service.requests.clear()
    states: list[Progress] = []
    second = await evaluate(replace(inputs, progress=states.append), config=CONFIG)
    assert list(service.asked) == ["What of q5?"]
    assert figures(second) == figures(first)
    assert states[-1] == Progress(done=7, total=7, reused=6, errors=1)
    assert [one.done for one in states] == list(range(1, 8))


async def test_answers_are_not_used_for_other_settings_or_bundles(
    inputs: EvaluationInputs, service: FakeService
) -> None:
    await evaluate(inputs, config=CONFIG)
    service.requests.clear()
    await evaluate(inputs, config=CONFIG.model_copy(update={"options": TwinOptions(verify=False)}))
    assert len(service.asked_unchecked) == 7
    other = FakeService("ada", lambda _: completion("x", bundle="other"))
    await evaluate(replace(inputs, bundle="other", transport=other.transport), config=CONFIG)
    assert len(other.asked) == 7


async def test_a_grown_question_set_reuses_the_answers_to_the_old_one(
    inputs: EvaluationInputs, service: FakeService, make_question: Question
) -> None:
    few = replace(inputs, questions=inputs.questions[:2])
    await evaluate(few, config=CONFIG)
    service.requests.clear()
    more = replace(inputs, questions=(*inputs.questions[:2], make_question("q3")))
    scored = await evaluate(more, config=CONFIG)
    assert list(service.asked) == ["What of q3?"]
    assert figures(scored)["facts_found"] == (round(2 / 3, 4), 3, 0)
    kept = (run_folder(more) / ANSWERS_FILE).read_text("utf-8").splitlines()
    assert [json.loads(line)["question_id"] for line in kept] == ["q1", "q2", "q3"]
    await evaluate(more, config=CONFIG)
    assert len((run_folder(more) / ANSWERS_FILE).read_text("utf-8").splitlines()) == 3


async def test_mended_facts_are_scored_without_asking_again(inputs: EvaluationInputs, make_question: Question) -> None:
    service = FakeService("ada", lambda _: right(), documents={"notes/a.md": TEXT})
    one = replace(inputs, questions=(make_question("q1", facts=("low water",)),), transport=service.transport)
    assert figures(await evaluate(one, config=CONFIG))["facts_found"][0] == 0.0
    mended = replace(one, questions=(make_question("q1"),))
    assert figures(await evaluate(mended, config=CONFIG))["facts_found"][0] == 1.0
    assert len(service.asked) == 1


async def test_an_interrupted_run_goes_on_where_it_stopped(inputs: EvaluationInputs, service: FakeService) -> None:
    class StopError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise StopError

    config = CONFIG.model_copy(update={"concurrency": 1})
    with pytest.raises(StopError):
        await evaluate(replace(inputs, progress=stop), config=config)
    path = run_folder(inputs) / ANSWERS_FILE
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"question_id": "q4", "ans')  # what a kill in mid-write leaves
    service.requests.clear()
    scored = await evaluate(inputs, config=config)
    assert list(service.asked) == ["What of q4?", "What of q5?", "What of u1?", "What of u2?"]
    assert figures(scored)["facts_found"] == (0.5, 4, 1)


async def test_a_damaged_line_is_named(inputs: EvaluationInputs) -> None:
    await evaluate(inputs, config=CONFIG)
    path = run_folder(inputs) / ANSWERS_FILE
    path.write_text("{}\n" + path.read_text("utf-8"), "utf-8")
    with pytest.raises(IntegrityError, match=r"answers.jsonl:1 is not a record"):
        await evaluate(inputs, config=CONFIG)


async def test_no_more_questions_are_under_way_than_allowed(inputs: EvaluationInputs, make_question: Question) -> None:
    under_way = most = 0

    async def slow(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        if request.url.path == "/v1/models":
            return httpx.Response(200, json={})
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return declined()

    many = tuple(make_question(f"q{at}") for at in range(20))
    await evaluate(
        replace(inputs, questions=many, transport=httpx.MockTransport(slow)),
        config=CONFIG.model_copy(update={"concurrency": 3}),
    )
    assert most == 3


async def test_a_service_that_goes_away_ends_the_run_and_keeps_the_answers(
    inputs: EvaluationInputs, make_question: Question
) -> None:
    def gone_after_two(question: str) -> httpx.Response:
        if question in {"What of q0?", "What of q1?"}:
            return right()
        raise httpx.ConnectError("refused")

    service = FakeService("ada", gone_after_two, documents={"notes/a.md": TEXT})
    many = replace(inputs, questions=tuple(make_question(f"q{at}") for at in range(20)), transport=service.transport)
    with pytest.raises(EvaluationError, match="went away") as caught:
        await evaluate(many, config=CONFIG.model_copy(update={"concurrency": 1}))
    assert "answers so far are kept" in caught.value.next_step
    assert len(service.asked) == 7
    back = FakeService("ada", lambda _: right(), documents={"notes/a.md": TEXT})
    await evaluate(replace(many, transport=back.transport), config=CONFIG)
    assert len(back.asked) == 18


@pytest.mark.parametrize("code", ["llm_unavailable", "search_unavailable"])
async def test_what_is_behind_the_service_going_away_stops_the_run(
    inputs: EvaluationInputs, make_question: Question, code: str
) -> None:
    def every_other_needs_no_model(question: str) -> httpx.Response:
        number = int(question.removeprefix("What of q").removesuffix("?"))
        unasked = {"prompt_tokens": 0, "completion_tokens": 0, "seconds": 0.1}
        by_rule = completion("I would rather not.", bundle=BUNDLE, outcome="declined", cost=unasked)
        return by_rule if number % 2 else refusal(503, code, "it broke off")

    service = FakeService("ada", every_other_needs_no_model)
    many = replace(inputs, questions=tuple(make_question(f"q{at}") for at in range(30)), transport=service.transport)
    with pytest.raises(EvaluationError, match="behind the service went away after 8 of 30 questions"):
        await evaluate(many, config=CONFIG.model_copy(update={"concurrency": 1}))


@pytest.mark.parametrize("code", ["model_unavailable", "bundle_mismatch"])
async def test_a_bundle_that_is_not_served_ends_its_run(
    inputs: EvaluationInputs, make_question: Question, code: str
) -> None:
    service = FakeService("ada", lambda _: refusal(503, code, "rank 64 is too much"))
    many = replace(inputs, questions=tuple(make_question(f"q{at}") for at in range(30)), transport=service.transport)
    with pytest.raises(BundleRefusedError, match="does not serve bundle 0123456789ab: rank 64 is too much"):
        await evaluate(many, config=CONFIG.model_copy(update={"concurrency": 1}))
    assert len(service.asked) == 5


async def test_a_service_that_comes_back_is_asked_on(inputs: EvaluationInputs, make_question: Question) -> None:
    def every_third(question: str) -> httpx.Response:
        if int(question.removeprefix("What of q").removesuffix("?")) % 3 == 0:
            return right()
        raise httpx.ConnectError("refused")

    service = FakeService("ada", every_third)
    many = replace(inputs, questions=tuple(make_question(f"q{at}") for at in range(30)), transport=service.transport)
    scored = await evaluate(many, config=CONFIG.model_copy(update={"concurrency": 1}))
    assert figures(scored)["error_rate"] == (round(2 / 3, 4), 30, 0)
    reasons = {one.name: one.reason for one in scored.report.unmeasured}
    assert "no cited document could be fetched" in reasons["quotes_verbatim"]


async def test_an_unknown_bundle_ends_the_run_at_once(inputs: EvaluationInputs) -> None:
    service = FakeService("ada", lambda _: refusal(404, "unknown_model", "there is no bundle 0123456789ab"))
    with pytest.raises(EvaluationError, match="there is no bundle"):
        await evaluate(replace(inputs, transport=service.transport), config=CONFIG)
    assert len(service.asked) <= CONFIG.concurrency


async def test_answers_of_other_code_are_asked_again(inputs: EvaluationInputs, service: FakeService) -> None:
    await evaluate(inputs, config=CONFIG)
    every = len(service.asked)
    await evaluate(inputs, config=CONFIG)
    assert len(service.asked) == every + 1, "answers of the same code are used again, errors are not"
    service.code = "code-2"
    await evaluate(inputs, config=CONFIG)
    assert len(service.asked) == 2 * every + 1


async def test_answers_found_in_another_index_are_asked_again(inputs: EvaluationInputs, service: FakeService) -> None:
    await evaluate(replace(inputs, index="twin-ada-1"), config=CONFIG)
    service.requests.clear()
    scored = await evaluate(replace(inputs, index="twin-ada-2"), config=CONFIG)
    assert len(service.asked) == 7
    assert scored.report.index == "twin-ada-2"
