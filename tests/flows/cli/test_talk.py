from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from flows.cli import talk
from flows.cli.app import app
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError, TwinError

Answer = Callable[[dict[str, Any]], httpx.Response]

EXTRAS = {
    "outcome": "quoted",
    "bundle": "0123456789ab",
    "trace_id": "t-1",
    "cost": {"prompt_tokens": 700, "completion_tokens": 12, "seconds": 1.26, "amount": 0.00042, "currency": "EUR"},
}
TEXT = "The eels went to the museum. [1]"
SOURCES = "\n\nSources:\n[1] The eels of Gate 7"
REFUSAL = {"error": {"message": "'ada' has no champion", "next_step": "twin evaluate ada", "code": "model_not_found"}}


class Service:
    """Stands for the business service: answers by a function, and remembers the requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers = httpx.Headers()
        self.answer: Answer = whole

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.headers = request.headers
        self.requests.append(json.loads(request.content))
        return self.answer(self.requests[-1])


def whole(body: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"choices": [{"message": {"content": TEXT + SOURCES}}], "twin": EXTRAS})


def events(*bodies: dict[str, Any]) -> Answer:
    text = "".join(f"data: {json.dumps(body)}\n\n" for body in bodies) + "data: [DONE]\n\n"
    return lambda _: httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})


def delta(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}}], **more}


def down(body: dict[str, Any]) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.fixture(autouse=True)
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The command line's client, its connection replaced by the fake; key, home and address are real."""
    fake, client = Service(), httpx.Client

    def connected(**options: Any) -> httpx.Client:
        assert options["trust_env"] is False, "a proxy knows nothing of this machine's loopback"
        return client(**options, transport=httpx.MockTransport(fake))

    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TWIN_PORT_BUSINESS", "18080")
    monkeypatch.setattr(talk.httpx, "Client", connected)
    monkeypatch.setattr(talk, "_key", lambda home: "twin_local")
    return fake


def twin(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def test_ask_shows_the_answer_and_what_it_took(service: Service) -> None:
    result = twin("ask", "ada", "What became of the eels?")
    assert result.exit_code == 0, result.output
    assert TEXT in result.stdout and "[1] The eels of Gate 7" in result.stdout
    assert "(quoted; 700 + 12 tokens, 1.3 s, 0.000420 EUR; bundle 0123456789ab, trace t-1)" in result.stdout
    assert service.requests == [{"model": "ada", "messages": [{"role": "user", "content": "What became of the eels?"}]}]
    assert service.headers["authorization"] == "Bearer twin_local"
    assert service.headers["x-twin-feature"] == "command-line"


def test_an_unknown_price_is_said_to_be_unknown(service: Service) -> None:
    cost = {**EXTRAS["cost"], "amount": None, "currency": None}  # type: ignore[dict-item]
    body = {"choices": [{"message": {"content": TEXT}}], "twin": {**EXTRAS, "cost": cost}}
    service.answer = lambda _: httpx.Response(200, json=body)
    assert "price unknown" in twin("ask", "ada", "Eels?").stdout


def test_ask_as_json_is_the_service_s_own_answer(service: Service) -> None:
    assert json.loads(twin("ask", "ada", "Eels?", "--json").stdout)["twin"] == EXTRAS


def test_a_refusal_is_passed_on_with_its_next_step(service: Service) -> None:
    service.answer = lambda _: httpx.Response(404, json=REFUSAL)
    result = twin("ask", "ada", "Eels?")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["error: 'ada' has no champion", "next:  twin evaluate ada"]
    error = json.loads(twin("ask", "ada", "Eels?", "--json").stdout)["error"]
    assert error["next_step"] == "twin evaluate ada"


def test_a_service_that_is_down_is_named(service: Service) -> None:
    service.answer = down
    result = twin("ask", "ada", "Eels?")
    assert result.exit_code == 1
    assert "the twin's service does not answer (ConnectError)" in result.stderr and "next:  twin up" in result.stderr


@pytest.mark.parametrize("status", [200, 404, 502])
@pytest.mark.parametrize("text", ["<html>Welcome to nginx</html>", "[]", ""])
def test_another_program_on_the_port_is_recognised(service: Service, status: int, text: str) -> None:
    service.answer = lambda _: httpx.Response(status, text=text)
    result = twin("ask", "ada", "Eels?")
    assert result.exit_code == 1
    assert "what answers at http://127.0.0.1:18080/ is not the twin's service" in result.stderr
    assert "TWIN_PORT_BUSINESS" in result.stderr


def test_a_stream_gives_its_chunks(service: Service) -> None:
    service.answer = events(delta("The eels"), delta(" went."), delta("", twin=EXTRAS))
    got = [event["choices"][0]["delta"]["content"] for event in talk.stream("ada", [])]
    assert got == ["The eels", " went.", ""]
    assert service.requests[0]["stream"] is True


def test_a_stream_that_breaks_off_raises_what_the_service_said(service: Service) -> None:
    service.answer = events(
        delta("The eels"), {"error": {"message": "the model broke off", "next_step": "twin up llm"}}
    )
    chunks = talk.stream("ada", [])
    assert next(chunks)["choices"][0]["delta"]["content"] == "The eels"
    with pytest.raises(TwinError, match="the model broke off") as raised:
        next(chunks)
    assert raised.value.next_step == "twin up llm"


def test_a_stream_that_is_refused_or_unreachable_raises(service: Service) -> None:
    service.answer = lambda _: httpx.Response(404, json=REFUSAL)
    with pytest.raises(TwinError, match="no champion"):
        next(talk.stream("ada", []))
    service.answer = lambda _: httpx.Response(404, text="<html>")
    with pytest.raises(PlatformError, match="not the twin's service"):
        next(talk.stream("ada", []))
    service.answer = down
    with pytest.raises(PlatformError, match="does not answer"):
        next(talk.stream("ada", []))


WRITTEN = {
    **EXTRAS,
    "mode": "write",
    "outcome": "generated",
    "citations": [{"n": 1, "quote": "We found 31 eels.", "title": "The eels of Gate 7", "document_id": "blog/eels.md"}],
    "sentences": [
        {"text": "A lock is a promise.", "outcome": "unchecked", "reason": ""},
        {"text": "It has 44 gates.", "outcome": "unsupported", "reason": "the number 44 is not in the passages"},
    ],
}


def test_write_prints_the_text_alone_and_beside_it_what_to_check(service: Service) -> None:
    draft = "A lock is a promise. [sic]\n\nIt has 44 gates."
    service.answer = lambda _: httpx.Response(200, json={"choices": [{"message": {"content": draft}}], "twin": WRITTEN})
    result = twin("write", "ada", "the eels of Gate 7", "--kind", "post")
    assert (result.exit_code, result.stdout) == (0, f"{draft}\n"), result.output
    assert "- It has 44 gates. (the number 44 is not in the passages)" in result.stderr
    assert "A lock is a promise" not in result.stderr
    assert "[1] “We found 31 eels.” — The eels of Gate 7" in result.stderr
    assert "(generated; 700 + 12 tokens" in result.stderr
    brief = {"role": "user", "content": "Write a post: the eels of Gate 7"}
    assert service.requests == [{"model": "ada", "messages": [brief], "twin": {"mode": "write"}}]


def test_a_draft_without_doubts_and_one_as_json(service: Service) -> None:
    held = {**WRITTEN, "sentences": [], "citations": []}
    service.answer = lambda _: httpx.Response(200, json={"choices": [{"message": {"content": "So."}}], "twin": held})
    result = twin("write", "ada", "Write about locks")
    assert result.stdout == "So.\n" and "To check" not in result.stderr and "Sources" not in result.stderr
    assert service.requests[0]["messages"][0]["content"] == "Write about locks"
    machine = twin("write", "ada", "Write about locks", "--json")
    assert json.loads(machine.stdout)["twin"] == held and machine.stderr == ""


def test_a_kind_of_text_that_there_is_not_is_refused(service: Service) -> None:
    result = twin("write", "ada", "locks", "--kind", "sonnet")
    assert result.exit_code == 2 and service.requests == []


def test_chat_remembers_the_conversation_without_its_sources(service: Service) -> None:
    service.answer = events(delta(TEXT), delta(SOURCES), delta("", twin=EXTRAS))
    result = twin("chat", "ada", typed="What became of the eels?\nWhere?\n\n")
    assert result.exit_code == 0, result.output
    assert "page: http://127.0.0.1:18080/#key=twin_local" in result.stdout
    assert result.stdout.count(TEXT) == 2 and "trace t-1" in result.stdout
    assert service.requests[1]["messages"] == [
        {"role": "user", "content": "What became of the eels?"},
        {"role": "assistant", "content": TEXT},
        {"role": "user", "content": "Where?"},
    ]


def test_chat_ends_with_the_input_and_asks_nothing_for_an_empty_line(service: Service) -> None:
    assert twin("chat", "ada").exit_code == 0
    assert twin("chat", "ada", typed="  \n").exit_code == 0
    assert service.requests == []


def test_the_page_s_key_stands_in_the_fragment(tmp_path: Path) -> None:
    url = httpx.URL(talk.page_url(TwinHome(tmp_path), PlatformSettings.from_environment()))
    assert (url.path, url.query, url.fragment) == ("/", b"", "key=twin_local")
