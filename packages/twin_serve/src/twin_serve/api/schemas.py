"""Requests and responses of the chat endpoint."""

from __future__ import annotations

from typing import Any, Literal

import regex
from pydantic import BaseModel, ConfigDict, Field

from twin_data.contracts.answers import Citation, Question, RetrievedPassage, Turn, TwinOptions, VerifiedAnswer
from twin_serve.answering.citations import SOURCES_HEADING
from twin_serve.api.errors import InvalidRequestError

_MARKER = regex.compile(r"\[(\d+)\]")
MAX_MESSAGES = 200


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
    content: str | list[TextPart]
    name: str | None = None

    @property
    def text(self) -> str:
        """The message's text, its parts joined."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


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
    stream_options: StreamOptions = StreamOptions()
    max_tokens: int | None = Field(default=None, ge=1, le=4096)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=4096)
    temperature: float | None = Field(default=None, ge=0, le=2)
    n: Literal[1] = 1
    user: str | None = Field(default=None, max_length=200)
    twin: TwinOptions = TwinOptions()

    def question(self) -> Question:
        """The question: the last message, which must be the user's, and what came before it.

        Raises:
            InvalidRequestError: The last message is not the user's or is empty, or an option is not served yet.
        """
        last = self.messages[-1]
        if last.role != "user" or not last.text.strip():
            raise InvalidRequestError("the last message must be the user's and not empty", next_step="put the question last")
        if self.twin.mode == "write":
            raise InvalidRequestError("twin.mode 'write' is not served by this version", next_step="use mode 'answer'")
        if self.twin.agentic:
            raise InvalidRequestError("twin.agentic is not served by this version", next_step="leave it out")
        history = tuple(Turn(role=message.role, content=message.text) for message in self.messages[:-1])
        return Question(text=last.text.strip(), history=history, options=self.twin)


def annotations(answer: VerifiedAnswer, persona: str) -> list[dict[str, Any]]:
    """OpenAI's url-citation form: where each marker stands in the content, and what it points to."""
    body = answer.content.partition(f"\n\n{SOURCES_HEADING}")[0]
    known = {citation.n: citation for citation in answer.citations}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": match.start(),
                "end_index": match.end(),
                "title": citation.title,
                "url": citation.url or f"/api/documents/{persona}?id={citation.document_id}",
            },
        }
        for match in _MARKER.finditer(body)
        if (citation := known.get(int(match[1])))
    ]


def twin_extras(answer: VerifiedAnswer) -> dict[str, Any]:
    """The `twin` object of a response."""
    passages = answer.retrieval.passages if answer.retrieval else ()
    return {
        "citations": [_citation(citation) for citation in answer.citations],
        "outcome": answer.outcome.value,
        "decline_reason": answer.decline_reason,
        "sentences": [check.model_dump(mode="json") for check in answer.sentences],
        "passages": [_passage(passage) for passage in passages],
        "bundle": answer.bundle,
        "cost": answer.cost.model_dump(mode="json"),
        "trace_id": answer.trace_id,
    }


def usage(answer: VerifiedAnswer) -> dict[str, int]:
    """OpenAI's usage object."""
    cost = answer.cost
    return {
        "prompt_tokens": cost.prompt_tokens,
        "completion_tokens": cost.completion_tokens,
        "total_tokens": cost.prompt_tokens + cost.completion_tokens,
    }


def _citation(citation: Citation) -> dict[str, Any]:
    return citation.model_dump(mode="json")


def _passage(passage: RetrievedPassage) -> dict[str, Any]:
    return passage.model_dump(
        mode="json",
        include={"chunk_id", "document_id", "start", "end", "text", "title", "date", "url", "section", "bm25", "cosine", "fused"},
    )
