"""Requests of the chat endpoint, and the parts of a response that are the twin's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin_data.contracts.answers import AnswerOutcome, Question, SentenceOutcome, Turn, TwinOptions, VerifiedAnswer
from twin_serve.answering.citations import SOURCES_HEADING
from twin_serve.answering.progress import Progress
from twin_serve.answering.signals import signals_of
from twin_serve.api.errors import InvalidRequestError
from twin_serve.ledger.rows import storable

MAX_MESSAGES = 200
NESTED_OBJECTS = 2
"""Levels of objects that a served field has: a body and its `twin`. What is nested deeper is none of them."""
_OF_ANSWERS = {"annotations", "refusal", "audio", "function_call", "tool_calls"}
_NOT_SHOWN_OF_PASSAGE = {"own", "context", "source", "kind"}


def _without_null(data: Any, levels: int = NESTED_OBJECTS) -> Any:
    """A JSON object without its null fields: to OpenAI, null is a field left out."""
    if not isinstance(data, dict) or levels == 0:
        return data
    return {name: _without_null(value, levels - 1) for name, value in data.items() if value is not None}


class TextPart(BaseModel):
    """A part of a message in OpenAI's list form."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="forbid")
    role: Literal["user", "assistant"]
    """The twin's own instructions come from its bundle; `system` and `developer` messages are not taken."""
    content: str | list[TextPart] = ""
    """An assistant's may be left out or null, as OpenAI's clients send one that only called a tool."""
    name: str | None = None
    annotations: Any = None
    """Those of an answer, which clients send back with it; like the four below it is not read."""
    refusal: Literal[""] | None = None
    audio: None = None
    function_call: None = None
    tool_calls: list[Any] | None = Field(default=None, max_length=0)

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, data: Any) -> Any:
        return _without_null(data)

    @model_validator(mode="after")
    def _users_say_something(self) -> Self:
        if self.role == "user" and "content" not in self.model_fields_set:
            raise ValueError("a user's message needs content")
        return self

    @model_validator(mode="after")
    def _only_answers_have_annotations(self) -> Self:
        if self.role != "assistant" and (found := sorted(self.model_fields_set & _OF_ANSWERS)):
            raise ValueError(f"{found[0]} is of an assistant's message")
        return self

    @property
    def text(self) -> str:
        """The message's text, its parts joined, without what no encoder takes: NUL and halves of surrogate pairs."""
        return storable(self.content if isinstance(self.content, str) else "".join(part.text for part in self.content))

    @property
    def turn(self) -> Turn:
        """The message as the model is to remember it: an answer without its list of sources."""
        text = self.text
        if self.role == "assistant":
            text = text.partition(f"\n\n{SOURCES_HEADING}\n")[0]
        return Turn(role=self.role, content=text)


class StreamOptions(BaseModel):
    """OpenAI's stream options."""

    model_config = ConfigDict(extra="forbid")
    include_usage: bool = False


class ChatRequest(BaseModel):
    """The fields of a request that are served; every other one is refused, none is silently ignored."""

    model_config = ConfigDict(extra="forbid")
    model: str = Field(min_length=1, max_length=120)
    messages: list[ChatMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1, le=4096)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=4096)
    temperature: float | None = Field(default=None, ge=0, le=2)
    n: Literal[1] = 1
    user: str | None = Field(default=None, max_length=200)
    twin: TwinOptions = TwinOptions()

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, data: Any) -> Any:
        return _without_null(data)

    @property
    def persona(self) -> str:
        """Whose twin is asked."""
        return self.model.partition("@")[0]

    @property
    def wants_usage(self) -> bool:
        """Whether a stream is to end with the usage."""
        return self.stream_options is not None and self.stream_options.include_usage

    def question(self) -> Question:
        """The question: the last message, which must be the user's, and what came before it.

        Raises:
            InvalidRequestError: The last message is not the user's or is empty, or an option is not served yet.
        """
        last = self.messages[-1]
        if last.role != "user" or not last.text.strip():
            raise InvalidRequestError(
                "the last message must be the user's and not empty", next_step="put the question last"
            )
        if self.twin.agentic:
            raise InvalidRequestError("twin.agentic is not served by this version", next_step="leave it out")
        history = tuple(message.turn for message in self.messages[:-1])
        return Question(text=last.text.strip(), history=history, options=self.twin)


def url_citations(answer: VerifiedAnswer, persona: str) -> list[dict[str, Any]]:
    """OpenAI's url-citation form: where each marker stands in the content, and what it points to.

    A written text has no markers: there it is the sentence that cites.
    """
    known = {citation.n: citation for citation in answer.citations}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": start,
                "end_index": end,
                "title": known[n].title,
                "url": known[n].url or f"/api/documents/{persona}?id={quote(known[n].document_id, safe='/')}",
            },
        }
        for n, start, end in _citing(answer)
    ]


def _citing(answer: VerifiedAnswer) -> Iterator[tuple[int, int, int]]:
    return _sentences(answer) if answer.mode == "write" else _markers(answer)


def _sentences(answer: VerifiedAnswer) -> Iterator[tuple[int, int, int]]:
    """Number of each citation, start and end of the sentence that has it."""
    at = 0
    for check in answer.sentences:
        if check.outcome is not SentenceOutcome.DROPPED:
            start = answer.content.index(check.text, at)
            at = start + len(check.text)
            yield from ((n, start, at) for n in check.citations)


def _markers(answer: VerifiedAnswer) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each citation's marker. A `[2]` that the persona wrote is none."""
    at = 0
    for check in answer.sentences:
        if check.outcome is SentenceOutcome.DROPPED:
            continue
        at = answer.content.index(check.text, at) + len(check.text)
        for n in check.citations:
            start = answer.content.index(f"[{n}]", at)
            at = start + len(f"[{n}]")
            yield n, start, at


def twin_extras(
    answer: VerifiedAnswer,
    seconds_by_stage: Mapping[str, float],
    *,
    answerability: float | None,
    thresholds: Mapping[str, float],
) -> dict[str, Any]:
    """The `twin` object of a response.

    Args:
        answer: The answer.
        seconds_by_stage: Where its seconds went.
        answerability: How likely the passages hold an answer, 0 to 1; None where nobody judged.
        thresholds: What signals were held against, by the signal's name.
    """
    passages = answer.retrieval.passages if answer.retrieval else ()
    return {
        "mode": answer.mode,
        "citations": [citation.model_dump(mode="json") for citation in answer.citations],
        "outcome": answer.outcome.value,
        "decline_reason": answer.decline_reason,
        "sentences": [check.model_dump(mode="json") for check in answer.sentences],
        "passages": [passage.model_dump(mode="json", exclude=_NOT_SHOWN_OF_PASSAGE) for passage in passages],
        "bundle": answer.bundle,
        "cost": answer.cost.model_dump(mode="json"),
        "seconds_by_stage": dict(seconds_by_stage),
        "signals": signals_of(answer, answerability),
        "thresholds": dict(thresholds),
        "trace_id": answer.trace_id,
    }


def finish_reason(answer: VerifiedAnswer, progress: Progress) -> Literal["stop", "length"]:
    """Why the text ends: `length` where the model's tokens were used up.

    An answer that is checked loses what is half said and may go on with quotations: it ends by itself.
    """
    drafted = answer.mode == "write" or all(one.outcome is SentenceOutcome.UNCHECKED for one in answer.sentences)
    is_cut = progress.usage.finish_reason == "length" and answer.outcome is not AnswerOutcome.DECLINED
    return "length" if drafted and is_cut else "stop"


def usage(answer: VerifiedAnswer) -> dict[str, int]:
    """OpenAI's usage object."""
    cost = answer.cost
    return {
        "prompt_tokens": cost.prompt_tokens,
        "completion_tokens": cost.completion_tokens,
        "total_tokens": cost.prompt_tokens + cost.completion_tokens,
    }
