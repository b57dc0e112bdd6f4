"""A stub of the service as a process of its own: the sample's questions, answered after a fixed time."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.scoring.sentences import sentence_spans
from twin_data.sources.contrast import read_contrast
from twin_eval.fake_service import citation, completion, passage
from twin_eval.questions import load_questions

SAMPLE = Path(__file__).resolve().parent.parent / "personas" / "sample"
PERSONA, BUNDLE = "sample", "0123456789ab"
PASSAGES, PASSAGE_CHARACTERS = 20, 900
SAID = 4
"""Sentences of an answer."""
START_TIMEOUT_S = 60.0


@cache
def corpus() -> dict[str, str]:
    """The sample's blog by document id."""
    texts = [text for text in read_contrast(SAMPLE / "sources")["blog"] if len(sentence_spans(text)) > SAID]
    return {f"blog/{at}.md": text for at, text in enumerate(texts)}


def sample_questions(count: int) -> tuple[HeldOutQuestion, ...]:
    """So many questions: the sample's, again and again, each with a number of its own."""
    known = itertools.cycle(load_questions(SAMPLE / "questions.jsonl"))
    return tuple(
        one.model_copy(update={"id": f"{one.id}-{at}", "question": f"{one.question} ({at})"})
        for at, one in zip(range(count), known, strict=False)
    )


@cache
def answer_of(question: str) -> bytes:
    """Always the same response to a question, as JSON; every fourth one is declined."""
    at = int(question.rpartition("(")[2].rstrip(")"))
    if at % 4 == 3:
        said_no = "I have written nothing about that."
        return completion(said_no, bundle=BUNDLE, outcome="declined", **_traced(at)).content
    names = list(corpus())
    shown = [names[(at + step) % len(names)] for step in range(PASSAGES)]
    # Stretches and wording of each answer's own, so that nothing is remembered from one answer to the next.
    passages = [_stretch(name, at) for name in shown]
    said = [span.of(corpus()[shown[0]]) for span in sentence_spans(corpus()[shown[0]])[1 : 1 + SAID]]
    cited = [citation(1, shown[0], corpus()[shown[0]], said[0])]
    checks = [{"text": one, "outcome": "supported", "support": 0.8, "citations": [1], "reason": ""} for one in said]
    content = f"For the {at}th time: {' '.join(said)} [1]\n\n[1] {shown[0]}\n    “{said[0]}”"
    return completion(
        content, bundle=BUNDLE, citations=cited, passages=passages, sentences=checks, **_traced(at)
    ).content


def _stretch(name: str, at: int) -> dict[str, Any]:
    text = corpus()[name]
    start = 7 * at % max(1, len(text) - PASSAGE_CHARACTERS)
    return passage(name, text, start, min(start + PASSAGE_CHARACTERS, len(text)))


def _traced(at: int) -> dict[str, Any]:
    return {"trace_id": f"trace-{at}", "seconds_by_stage": {"retrieval": 0.05, "model": 0.2, "verification": 0.05}}


def application(seconds: float) -> Starlette:
    """The routes that an evaluation asks for."""

    async def chat(request: Request) -> Response:
        body = json.loads(await request.body())
        started = time.monotonic()
        response = json.loads(answer_of(body["messages"][-1]["content"]))
        usage = {"prompt_tokens": 900, "completion_tokens": 80, "total_tokens": 980}
        response |= {"created": 0, "model": body["model"], "usage": usage}
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - started)))
        return JSONResponse(response)

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": []})

    async def document(request: Request) -> Response:
        name = request.query_params["id"]
        return JSONResponse({"document_id": name, "text": corpus()[name]})

    return Starlette(
        routes=[
            Route("/v1/chat/completions", chat, methods=["POST"]),
            Route("/v1/models", models),
            Route(f"/api/documents/{PERSONA}", document),
        ]
    )


class Stub:
    """The process; use it as a context manager."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.address = ""

    def __enter__(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            RuntimeError: It ended, or does not answer in time.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "benchmarks.harness_stub",
            "--port",
            str(port),
            "--seconds",
            str(self._seconds),
        ]
        self._process = subprocess.Popen(command)
        self.address = f"http://127.0.0.1:{port}"
        ends = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends:
                self._process.kill()
                raise RuntimeError(f"the stub at {self.address} does not answer")
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/v1/models", timeout=1.0).is_success
        except httpx.TransportError:
            return False


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    corpus()
    uvicorn.run(application(arguments.seconds), host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
