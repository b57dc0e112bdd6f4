"""The business microservice's public API without a model behind it, for tests of whatever evaluates twins."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from twin_data.contracts.api_headers import CODE_HEADER

Respond = Callable[[str], httpx.Response]


def completion(content: str, *, bundle: str, outcome: str = "generated", **twin: Any) -> httpx.Response:
    """A successful answer. `twin` adds to the response's `twin` object: citations, sentences, passages, cost, …."""
    body = {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": content, "annotations": []},
            }
        ],
        "twin": {
            "citations": [],
            "outcome": outcome,
            "decline_reason": None,
            "sentences": [],
            "passages": [],
            "bundle": bundle,
            "cost": {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "seconds": 0.5,
                "amount": None,
                "currency": None,
            },
            "trace_id": "trace-fake",
            **twin,
        },
    }
    return httpx.Response(200, json=body)


def refusal(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """An error in the API's form."""
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=headers)


def citation(n: int, document_id: str, text: str, quote: str) -> dict[str, Any]:
    """A citation of the first place where `quote` stands in `text`."""
    start = text.index(quote)
    return {
        "n": n,
        "document_id": document_id,
        "start": start,
        "end": start + len(quote),
        "quote": quote,
        "title": document_id,
        "date": None,
        "url": None,
        "score": 1.0,
    }


def passage(document_id: str, text: str, start: int, end: int) -> dict[str, Any]:
    """The passage `[start, end)` of a document."""
    return {
        "chunk_id": f"{document_id}:{start}",
        "document_id": document_id,
        "start": start,
        "end": end,
        "text": text[start:end],
        "fused": 0.5,
    }


class FakeService:
    """Answers questions by a function and serves documents; every request is kept in `requests`."""

    def __init__(
        self,
        persona: str,
        respond: Respond,
        *,
        write: Respond | None = None,
        documents: Mapping[str, str] | None = None,
    ) -> None:
        """Make the service.

        Args:
            persona: The only persona whose documents it has.
            respond: The response to a question.
            write: The response to a brief (`twin.mode: write`); None for a service that does not write.
            documents: Text of each document by its id.
        """
        self._persona = persona
        self._respond = respond
        self._write = write or _writes_nothing
        self._documents = dict(documents or {})
        self.requests: list[httpx.Request] = []
        self.code = "code-1"

    @property
    def transport(self) -> httpx.MockTransport:
        """What a client takes for the network."""
        return httpx.MockTransport(self._handle)

    @property
    def asked(self) -> Sequence[str]:
        """The questions in the order of their arrival, as they are served: with the archive and all checks."""
        return self._asked(verify=True, retrieval=True)

    @property
    def asked_unchecked(self) -> Sequence[str]:
        """The questions to be answered with all checks off."""
        return self._asked(verify=False, retrieval=True)

    @property
    def asked_closed_book(self) -> Sequence[str]:
        """The questions to be answered without retrieval."""
        return self._asked(verify=True, retrieval=False)

    def _asked(self, **options: bool) -> Sequence[str]:
        posts = [one for one in self.requests if one.url.path == "/v1/chat/completions"]
        return [
            _question(one)
            for one in posts
            if all(_twin(one).get(name, True) is value for name, value in options.items())
        ]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        match request.method, request.url.path:
            case "GET", "/v1/models":
                return httpx.Response(200, json={"object": "list", "data": []}, headers={CODE_HEADER: self.code})
            case "POST", "/v1/chat/completions":
                return (self._write if _mode(request) == "write" else self._respond)(_question(request))
            case "GET", path if path == f"/api/documents/{self._persona}":
                return self._document(request.url.params.get("id", ""))
        return refusal(404, "not_found", f"there is no {request.url.path}")

    def _document(self, document_id: str) -> httpx.Response:
        if document_id not in self._documents:
            return refusal(404, "unknown_document", f"there is no document {document_id}")
        return httpx.Response(200, json={"document_id": document_id, "text": self._documents[document_id]})


def _writes_nothing(brief: str) -> httpx.Response:
    return refusal(400, "invalid_request", "twin.mode 'write' is not served by this version")


def _mode(request: httpx.Request) -> str:
    return str(_twin(request).get("mode", "answer"))


def _twin(request: httpx.Request) -> dict[str, Any]:
    return dict(json.loads(request.content).get("twin", {}))


def _question(request: httpx.Request) -> str:
    return str(json.loads(request.content)["messages"][-1]["content"])
