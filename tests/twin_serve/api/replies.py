"""What a reply of the chat endpoint holds, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

from ..parts import DOCUMENTS


def content(body: dict[str, Any]) -> str:
    return str(body["choices"][0]["message"]["content"])


def events(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def verbatim(extras: dict[str, Any]) -> bool:
    return all(
        DOCUMENTS[one["document_id"]][1][one["start"] : one["end"]] == one["quote"] for one in extras["citations"]
    )
