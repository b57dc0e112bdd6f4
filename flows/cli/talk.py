"""`twin ask | chat | write`: talk to a twin through the same API that everybody uses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import httpx
import typer

from flows.cli.output import JsonFlag, console, emit, progress_console, reports_errors
from flows.cli.personas import PersonaArgument
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.api_headers import FEATURE_HEADER
from twin_data.contracts.errors import PlatformError, TwinError

FEATURE = "command-line"
TIMEOUT = httpx.Timeout(180.0, connect=3.0)


class Kind(StrEnum):
    """Kinds of text that can be asked for by name."""

    POST = "post"
    REPLY = "reply"
    REVIEW = "review"


def register(app: typer.Typer) -> None:
    """Add the commands that talk."""
    app.command("ask")(ask)
    app.command("chat")(chat)
    app.command("write")(write)


@reports_errors
def ask(
    persona: Annotated[str, typer.Argument(help="A persona, or '<persona>@<bundle>' for one bundle.")],
    question: Annotated[str, typer.Argument(help="The question, in quotation marks.")],
    as_json: JsonFlag = False,
) -> None:
    """Ask one question; the answer comes with its sources.

    Example:
      twin ask sample "Why did you leave Kafka?"
    """
    answer = complete(persona, [{"role": "user", "content": question}])
    twin = answer["twin"]
    text = f"{answer['choices'][0]['message']['content']}\n\n{_footnote(twin)}"
    emit(answer, text, as_json=as_json)


@reports_errors
def chat(persona: PersonaArgument) -> None:
    """Talk to a twin; an empty line or Ctrl-D ends it. The page's address is printed first.

    Example:
      twin chat sample
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    console.print(f"page: {page_url(home, settings)}", markup=False)
    messages: list[dict[str, str]] = []
    while question := _read_line():
        messages.append({"role": "user", "content": question})
        said = ""
        for event in stream(persona, messages):
            piece = event["choices"][0]["delta"].get("content") or ""
            said += piece
            console.print(piece, end="", markup=False)
            if "twin" in event:
                console.print(f"\n{_footnote(event['twin'])}\n", markup=False)
        messages.append({"role": "assistant", "content": said.partition("\n\nSources:")[0]})


@reports_errors
def write(
    persona: Annotated[str, typer.Argument(help="A persona, or '<persona>@<bundle>' for one bundle.")],
    brief: Annotated[str, typer.Argument(help="What is to be written, in quotation marks.")],
    kind: Annotated[Kind | None, typer.Option(help="The kind of text, if the brief does not say.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Have a text drafted in the voice.

    The text alone goes to standard output. Beside it, on standard error, stand the claims that nothing in the archive
    supports, and the sources of the others.

    Example:
      twin write sample "why we left Kafka, for people who are about to adopt it" --kind post > draft.md
    """
    asked = f"Write a {kind.value}: {brief}" if kind else brief
    answer = complete(persona, [{"role": "user", "content": asked}], {"mode": "write"})
    emit(answer, answer["choices"][0]["message"]["content"], as_json=as_json)
    if not as_json:
        progress_console.print(f"\n{_notes(answer['twin'])}", markup=False, soft_wrap=True)


def _notes(twin: dict[str, Any]) -> str:
    """What the writer of a draft should look at, and what it took."""
    doubtful = [f"- {one['text']} ({one['reason']})" for one in twin["sentences"] if one["outcome"] == "unsupported"]
    sources = [f"[{one['n']}] “{one['quote']}” — {one['title'] or one['document_id']}" for one in twin["citations"]]
    parts = [
        "\n".join(["To check, the archive does not hold it:", *doubtful]) if doubtful else "",
        "\n".join(["Sources of the other claims:", *sources]) if sources else "",
        _footnote(twin),
    ]
    return "\n\n".join(part for part in parts if part)


def _key(home: TwinHome) -> str:
    from flows.local_key import local_key  # SQLAlchemy takes a second to import

    return asyncio.run(local_key(home))


def page_url(home: TwinHome, settings: PlatformSettings) -> str:
    """The chat page's address with this machine's key in the fragment, which browsers do not send to servers."""
    return f"{settings.business_address}/#key={_key(home)}"


def complete(model: str, messages: list[dict[str, str]], options: dict[str, Any] | None = None) -> dict[str, Any]:
    """One answer, whole.

    Args:
        model: A persona or one of its bundles.
        messages: The conversation.
        options: The `twin` object of the request; the service's defaults if None.

    Raises:
        TwinError: The service refused, with its own words.
        PlatformError: It cannot be reached.
    """
    with _client() as client:
        response = _send(client, {"model": model, "messages": messages, **({"twin": options} if options else {})})
        body = _body(response)
    if not response.is_success:
        raise _refused(body)
    return body


def stream(model: str, messages: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """The chunks of one answer as they come.

    Raises:
        TwinError: The service refused or broke off, with its own words.
        PlatformError: It cannot be reached.
    """
    body = {"model": model, "messages": messages, "stream": True}
    try:
        with _client() as client, client.stream("POST", "/v1/chat/completions", json=body) as response:
            if not response.is_success:
                response.read()
                raise _refused(_body(response))
            for line in response.iter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    event = json.loads(line.removeprefix("data: "))
                    if "error" in event:
                        raise _refused(event)
                    yield event
    except httpx.TransportError as error:
        raise _unreachable(error) from error


def _client() -> httpx.Client:
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    headers = {"Authorization": f"Bearer {_key(home)}", FEATURE_HEADER: FEATURE}
    return httpx.Client(base_url=settings.business_address, headers=headers, timeout=TIMEOUT, trust_env=False)


def _send(client: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    try:
        return client.post("/v1/chat/completions", json=body)
    except httpx.TransportError as error:
        raise _unreachable(error) from error


def _body(response: httpx.Response) -> dict[str, Any]:
    """The JSON object that the service sends, whatever its status; on a port like 8080 anything may answer."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise PlatformError(
            f"what answers at {response.url.copy_with(path='/')} is not the twin's service",
            next_step="twin status; set TWIN_PORT_BUSINESS if another program has the port",
        )
    return body


def _unreachable(error: httpx.TransportError) -> PlatformError:
    return PlatformError(f"the twin's service does not answer ({type(error).__name__})", next_step="twin up")


def _refused(body: dict[str, Any]) -> TwinError:
    error = body.get("error", {})
    return TwinError(str(error.get("message", body)), next_step=str(error.get("next_step", "twin status")))


def _footnote(twin: dict[str, Any]) -> str:
    cost = twin["cost"]
    money = f"{cost['amount']:.6f} {cost['currency']}" if cost["amount"] is not None else "price unknown"
    return (
        f"({twin['outcome']}; {cost['prompt_tokens']} + {cost['completion_tokens']} tokens, {cost['seconds']:.1f} s, "
        f"{money}; bundle {twin['bundle']}, trace {twin['trace_id']})"
    )


def _read_line() -> str:
    try:
        return console.input("you: ").strip()
    except EOFError:
        return ""
