"""Shards: what is finished stays, what fails is named. The real Distilabel runs in the tests marked integration."""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

import pytest

from twin_data.contracts.answers import Turn
from twin_data.contracts.errors import ConfigurationError, LLMError, LLMUnavailableError
from twin_data.generate import shards
from twin_data.generate.asking_models import policy_drafts, rewriter
from twin_data.generate.draft_prompts import DraftPrompt
from twin_data.generate.shards import ChatRequest, ChatResult, ShardConfig, ShardJob, ShardResult, run_shards
from twin_data.generate.teacher import Endpoint, TeacherConfig, teacher_endpoint


def _fakes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fake_endpoint", Path(__file__).with_name("fake_endpoint.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_endpoint"] = module
    spec.loader.exec_module(module)
    return module


serving = _fakes().serving
PROMPT = DraftPrompt(
    prompt_id="p1", task="answer", prompt=(Turn(role="user", content="Question: what?"),), expected="answer",
    response="r", response_source="own", phrases=(), spans=(), context=(), refusal="n", family="f", answer="a",
)  # fmt: skip


def _requests(*questions: str) -> list[ChatRequest]:
    return [
        ChatRequest(request_id=f"r{at}", messages=(Turn(role="user", content=text),))
        for at, text in enumerate(questions)
    ]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as fake:
        yield Endpoint(base_url=fake.base_url, model="m", max_tokens=50)


class Workers:
    """Stands for the worker process: answers a job file, and remembers how many requests each had."""

    def __init__(self, answer: Callable[[str, int], str | None]) -> None:
        self.sizes: list[int] = []
        self.answer = answer

    def __call__(self, job_file: Path, log: Path, limit_s: float, endpoint: Endpoint) -> None:
        job = ShardJob.model_validate_json(job_file.read_bytes())
        self.sizes.append(len(job.requests))
        results = tuple(
            ChatResult(
                request_id=one.request_id,
                text=self.answer(one.messages[-1].content, len(self.sizes)),
                finish_reason="stop",
            )
            for one in job.requests
        )
        Path(job.result).write_bytes(ShardResult(results=results).model_dump_json().encode())


def test_finished_shards_are_not_asked_again(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(lambda question, turn: f"{question}!")
    monkeypatch.setattr(shards, "_run_worker", workers)
    asked = _requests(*"abcde")
    seen: list[tuple[int, int]] = []
    config = ShardConfig(rows=2)
    first = run_shards(
        asked, endpoint, folder=tmp_path, config=config, progress=lambda done, total: seen.append((done, total))
    )
    assert [one.text for one in first.results] == ["a!", "b!", "c!", "d!", "e!"] and first.dropped == ()
    assert workers.sizes == [2, 2, 1] and seen == [(0, 5), (2, 5), (4, 5), (5, 5)]
    (tmp_path / sorted(path.name for path in tmp_path.glob("*.json"))[0]).unlink()
    assert run_shards(asked, endpoint, folder=tmp_path, config=config) == first
    assert len(workers.sizes) == 4
    assert not list(tmp_path.glob("*.job.json"))


def test_an_empty_row_is_asked_once_more_and_then_dropped(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(
        lambda question, turn: None if question == "never" or turn == 1 and question == "later" else question
    )
    monkeypatch.setattr(shards, "_run_worker", workers)
    answers = run_shards(_requests("now", "later", "never", "fine"), endpoint, folder=tmp_path, config=ShardConfig())
    assert [one.text for one in answers.results] == ["now", "later", "fine"]
    assert [(one.row_id, one.reason) for one in answers.dropped] == [("r2", "no_answer_twice")]
    assert workers.sizes == [4, 2]


def test_a_model_that_gives_nothing_is_an_error(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_run_worker", Workers(lambda question, turn: None))
    with pytest.raises(LLMError, match="nothing usable to 3 of 3") as raised:
        run_shards(_requests("a", "b", "c"), endpoint, folder=tmp_path, config=ShardConfig())
    assert endpoint.base_url in raised.value.message and raised.value.next_step
    assert not list(tmp_path.glob("*.json")), "the next call asks again"


def test_a_result_of_other_rows_is_an_error_and_not_kept(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(job_file: Path, log: Path, limit_s: float, endpoint: Endpoint) -> None:
        job = ShardJob.model_validate_json(job_file.read_bytes())
        Path(job.result).write_text('{"results": []}', "utf-8")

    monkeypatch.setattr(shards, "_run_worker", wrong)
    with pytest.raises(LLMError, match="without a result"):
        run_shards(_requests("a"), endpoint, folder=tmp_path, config=ShardConfig())
    assert not list(tmp_path.glob("*.json"))


def test_a_teacher_that_is_down_is_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(LLMUnavailableError, match="cannot be reached") as raised:
            run_shards(_requests("a"), Endpoint(base_url=url, model="m"), folder=tmp_path, config=ShardConfig())
    assert url in raised.value.message and "twin up llm" in raised.value.next_step


def test_a_page_that_is_no_model_service_is_named(tmp_path: Path) -> None:
    with serving(models={"hello": "world"}) as fake:
        with pytest.raises(LLMUnavailableError, match="no OpenAI-compatible service"):
            run_shards(
                _requests("a"), Endpoint(base_url=fake.base_url, model="m"), folder=tmp_path, config=ShardConfig()
            )


def test_a_model_that_the_endpoint_has_not_is_found_before_any_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(lambda question, turn: question)
    monkeypatch.setattr(shards, "_run_worker", workers)
    listed = {"data": [{"id": f"m{at:02}"} for at in range(15)]}
    with serving(models=listed, known=("org/short",)) as fake:
        unknown = Endpoint(base_url=fake.base_url, model="smol")
        with pytest.raises(LLMError, match=r"has no model 'smol'; it offers 'm00', 'm01', .*'m11', and 3 others") as no:
            run_shards(_requests("a"), unknown, folder=tmp_path, config=ShardConfig())
        assert fake.base_url in no.value.message and "datasets.teacher.model" in no.value.next_step
        assert workers.sizes == [] and fake.asked == []
        for name in ("m07", "org/short"):  # in the list, or known by another name than its own
            known = unknown.model_copy(update={"model": name})
            assert run_shards(_requests("a"), known, folder=tmp_path, config=ShardConfig()).results
    assert workers.sizes == [1, 1]


def test_an_endpoint_without_a_list_of_models_is_taken_at_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_run_worker", Workers(lambda question, turn: question))
    with serving(lists=False) as fake:
        endpoint = Endpoint(base_url=fake.base_url, model="m")
        assert run_shards(_requests("a"), endpoint, folder=tmp_path, config=ShardConfig()).results
        astray = endpoint.model_copy(update={"base_url": fake.base_url.removesuffix("/v1"), "model": "other"})
        with pytest.raises(LLMUnavailableError, match="no OpenAI-compatible service") as raised:
            run_shards(_requests("a"), astray, folder=tmp_path, config=ShardConfig())
    assert "it ends with /v1" in raised.value.next_step


def test_a_program_that_speaks_no_http_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        greeter = threading.Thread(target=greet, daemon=True)
        greeter.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        with pytest.raises(LLMUnavailableError, match="cannot be reached at .*220 mail.example") as raised:
            run_shards(_requests("a"), Endpoint(base_url=url, model="m"), folder=tmp_path, config=ShardConfig())
        greeter.join(5)
    assert url in raised.value.message and "datasets.teacher" in raised.value.next_step


def test_a_key_that_is_not_taken_is_named_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(key="right") as fake:
        endpoint = Endpoint(base_url=fake.base_url, model="m", api_key_variable="MY_KEY")
        monkeypatch.setenv("MY_KEY", "wrong-secret")
        with pytest.raises(LLMUnavailableError, match=r"does not take the key in \$MY_KEY.*401") as raised:
            run_shards(_requests("a"), endpoint, folder=tmp_path, config=ShardConfig())
        assert "export MY_KEY" in raised.value.next_step
        assert "wrong-secret" not in f"{raised.value.message} {raised.value.next_step}"
        monkeypatch.setenv("MY_KEY", "right")
        monkeypatch.setattr(shards, "_run_worker", Workers(lambda question, turn: question))
        assert run_shards(_requests("a"), endpoint, folder=tmp_path, config=ShardConfig()).results


def test_a_teacher_that_goes_down_half_way_loses_no_finished_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(lambda question, turn: f"{question}!")
    monkeypatch.setattr(shards, "_run_worker", workers)
    asked, config = _requests(*"abcd"), ShardConfig(rows=2)
    with ExitStack() as up:
        fake = up.enter_context(serving())
        endpoint = Endpoint(base_url=fake.base_url, model="m")

        def go_down_after_the_first(done: int, total: int) -> None:
            if done:
                up.close()

        with pytest.raises(LLMUnavailableError, match="cannot be reached"):
            run_shards(asked, endpoint, folder=tmp_path, config=config, progress=go_down_after_the_first)
    with serving() as elsewhere:  # the same model at another address
        moved = endpoint.model_copy(update={"base_url": elsewhere.base_url})
        answers = run_shards(asked, moved, folder=tmp_path, config=config)
    assert [one.text for one in answers.results] == ["a!", "b!", "c!", "d!"]
    assert workers.sizes == [2, 2], "each was asked once"


def test_teachers_are_checked_on_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="needs base_url and model"):
        TeacherConfig(kind="endpoint")
    with pytest.raises(ValueError, match="belong to a teacher of kind 'endpoint'"):
        TeacherConfig(kind="local", model="m")
    with pytest.raises(ValueError, match="max_questions is 24, and there is no teacher"):
        TeacherConfig(max_questions=24)
    assert teacher_endpoint(TeacherConfig(), local_url="u", local_model="m") is None
    local = teacher_endpoint(TeacherConfig(kind="local"), local_url="http://x/v1", local_model="base")
    assert local is not None and (local.base_url, local.model) == ("http://x/v1", "base")
    named = TeacherConfig(kind="endpoint", base_url="http://y/v1", model="big", api_key_variable="NO_SUCH_KEY")
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="NO_SUCH_KEY"):
        teacher_endpoint(named, local_url="u", local_model="m")
    monkeypatch.setenv("NO_SUCH_KEY", "k")
    assert named.described == "big" and teacher_endpoint(named, local_url="u", local_model="m") is not None


def test_drafts_and_rewrites_are_asked_in_shards(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_run_worker", Workers(lambda question, turn: f'Question: "{question[-8:]}"'))
    settings = {"folder": tmp_path, "config": ShardConfig(), "progress": lambda done, total: None}
    assert rewriter(endpoint, **settings)(["What is it?", "What is it?", "Who was it?"]) == [
        "t is it?",
        "t is it?",
        "was it?",
    ]
    drafts = policy_drafts([PROMPT], endpoint, model="sample@b", **settings)
    assert [(one.prompt_id, one.model) for one in drafts.drafts] == [("p1", "sample@b")]
    assert [one.prompt_id for one in policy_drafts([PROMPT], endpoint, model="m", each=3, **settings).drafts] == [
        "p1"
    ] * 3


def test_what_a_draft_may_not_hold_goes_with_each_request(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[ChatRequest] = []

    def worker(job_file: Path, log: Path, limit_s: float, endpoint: Endpoint) -> None:
        sent.extend(ShardJob.model_validate_json(job_file.read_bytes()).requests)
        Workers(lambda question, turn: "x")(job_file, log, limit_s, endpoint)

    monkeypatch.setattr(shards, "_run_worker", worker)
    settings = {"folder": tmp_path, "config": ShardConfig(), "progress": lambda done, total: None, "model": "m"}
    prompts = [PROMPT.model_copy(update={"prompt_id": name}) for name in "ab"]
    policy_drafts(prompts, endpoint, each=2, **settings)
    policy_drafts(prompts, endpoint, each=2, avoid=lambda one: [f"as {one.prompt_id} reads"], **settings)
    assert [one.avoid for one in sent] == [()] * 4 + [("as a reads",)] * 2 + [("as b reads",)] * 2


@pytest.mark.integration
def test_distilabel_asks_and_its_gaps_are_seen(tmp_path: Path) -> None:
    with serving() as fake:
        endpoint = Endpoint(base_url=fake.base_url, model="m", max_tokens=50, temperature=0.2)
        asked = _requests("one", "two (long)", "three (empty)", "four")
        answers = run_shards(asked, endpoint, folder=tmp_path, config=ShardConfig())
        assert [one.text for one in answers.results] == ["Echo of one", "Echo of two (long)", "Echo of four"]
        assert [one.finish_reason for one in answers.results] == ["stop", "length", "stop"]
        assert [one.row_id for one in answers.dropped] == ["r2"]
        assert not any("seed" in one for one in fake.asked) and {one["temperature"] for one in fake.asked} == {0.2}
        assert not list(tmp_path.glob("*.scratch"))


@pytest.mark.integration
def test_distilabel_sends_what_each_answer_may_not_hold(tmp_path: Path) -> None:
    with serving() as fake:
        endpoint = Endpoint(base_url=fake.base_url, model="m")
        plain, other = _requests("one", "two")
        avoiding = plain.model_copy(update={"request_id": "r2", "avoid": ("we found 31 eels there", "on the floor")})
        answers = run_shards([plain, avoiding, other], endpoint, folder=tmp_path, config=ShardConfig(concurrency=1))
    assert [one.text for one in answers.results] == ["Echo of one", "Echo of one", "Echo of two"]
    assert [one.get("bad_words") for one in fake.asked] == [None, list(avoiding.avoid), None]


@pytest.mark.integration
def test_requests_are_sent_so_many_at_a_time_and_none_waits_for_the_slowest(tmp_path: Path) -> None:
    with serving() as fake:
        endpoint = Endpoint(base_url=fake.base_url, model="m")
        asked = _requests("one (after 9)", "two (after 9)", *(f"{at}" for at in range(3, 10)))
        answers = run_shards(asked, endpoint, folder=tmp_path, config=ShardConfig(concurrency=3))
    assert [one.text for one in answers.results] == [f"Echo of {one.messages[-1].content}" for one in asked]
    assert fake.at_once == 3 and len(fake.asked) == 9, "each was asked once, and none waited for the first two"


@pytest.mark.integration
def test_a_shard_past_its_time_limit_is_ended_with_all_its_processes(tmp_path: Path) -> None:
    with serving() as fake:
        endpoint = Endpoint(base_url=fake.base_url, model="m")
        started = time.monotonic()
        with pytest.raises(LLMError, match="took over"):
            run_shards(_requests("one (slow)"), endpoint, folder=tmp_path, config=ShardConfig(start_s=1.0, row_s=1.0))
        assert time.monotonic() - started < 30


def test_the_worker_goes_the_way_that_was_found_open(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:  # bound, and never listening
        nobody.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        shards.require_offered(endpoint)  # on this machine, so asked directly
        assert not {"http_proxy", "HTTPS_PROXY"} & shards._environment(tmp_path, endpoint).keys()
        elsewhere = endpoint.model_copy(update={"base_url": "http://llm.example.org/v1"})
        with pytest.raises(LLMUnavailableError, match="cannot be reached"):
            shards.require_offered(elsewhere)
        kept = shards._environment(tmp_path, elsewhere)
        assert (kept["http_proxy"], kept["HTTPS_PROXY"]) == (proxy, proxy)
