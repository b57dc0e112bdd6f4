"""Requests to a model in shards, each a Distilabel pipeline in a process of its own with a time limit.

Distilabel can end well with rows missing, and can hang for ever when one of its workers dies. So each shard is a
subprocess, its rows are counted and its empty ones asked again once, and its result is written whole or not at all:
what is finished is never asked twice.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import Field, ValidationError

from twin_data.contracts.answers import Turn
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import DroppedRow
from twin_data.contracts.digests import digest_value, short
from twin_data.contracts.endpoints import LOOPBACK_NAMES
from twin_data.contracts.errors import LLMError, LLMUnavailableError
from twin_data.generate.candidates import dropped
from twin_data.generate.teacher import Endpoint
from twin_data.registry.durable import exclusive, write_file

STAGE = "ask_model"
WORKER_MODULE = "twin_data.generate.shard_worker"
REACH_TIMEOUT_S = 10.0
MAX_LIST_BYTES = 16_000_000
MODELS_NAMED = 12
"""Models that an error names at most."""
_ENV_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH", "VIRTUAL_ENV")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
"""Those that `urllib` heeds, so that the worker reaches what was found to be reachable; either case is read."""
_KEY_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_HAS_NO_SUCH = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
_REFUSES = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
Progress = Callable[[int, int], None]


class ShardConfig(Contract):
    """Sizes and limits of shards."""

    rows: int = Field(default=200, ge=1, le=1000)
    """Requests of one shard."""
    concurrency: int = Field(default=8, ge=1, le=256)
    """Requests in flight at a time. The next are sent when all of them are answered, so a few leave a model idle."""
    start_s: float = Field(default=180.0, gt=0)
    """Time limit of a shard without its requests: start of the processes."""
    row_s: float = Field(default=10.0, gt=0)
    """Added to a shard's time limit for each request."""
    max_empty_share: float = Field(default=0.5, ge=0, le=1)
    """Share of requests without an answer above which the model is taken to be broken."""


class ChatRequest(Contract):
    """One request, in messages as they are sent."""

    request_id: str
    messages: tuple[Turn, ...]
    avoid: tuple[str, ...] = ()
    """Runs of words that the answer may not hold. Only vLLM knows how; others refuse them or do not heed them."""


class ChatResult(Contract):
    """What came of a request; no text means that nothing usable came."""

    request_id: str
    text: str | None
    finish_reason: str


class ShardJob(Contract):
    """What a worker process is told; the key itself stays in the environment."""

    requests: tuple[ChatRequest, ...]
    endpoint: Endpoint
    concurrency: int
    result: str
    """Path of the result's file."""


class ShardResult(Contract):
    """What a worker process writes."""

    results: tuple[ChatResult, ...]


@dataclass(frozen=True)
class Answers:
    """Results by request, in the order of the requests, and the requests that got none."""

    results: tuple[ChatResult, ...]
    dropped: tuple[DroppedRow, ...]


def run_shards(
    requests: Sequence[ChatRequest],
    endpoint: Endpoint,
    *,
    folder: Path,
    config: ShardConfig,
    progress: Progress = lambda done, total: None,
) -> Answers:
    """Ask a model every request; finished shards of an earlier, interrupted call are taken from `folder`.

    Args:
        requests: What to ask.
        endpoint: Who is asked.
        folder: Where results are kept; the same call finds them again.
        config: Sizes and limits.
        progress: Called with the number of requests done and of all.

    Raises:
        LLMUnavailableError: The endpoint does not answer.
        LLMError: It has no such model, most requests of a shard got no answer, or a shard failed or ran into its time
            limit.
    """
    results: dict[str, ChatResult] = {}
    progress(0, len(requests))
    for at in range(0, len(requests), config.rows):
        shard = tuple(requests[at : at + config.rows])
        answered = {one.request_id: one for one in _shard(shard, endpoint, folder, config, attempt=1)}
        again = tuple(one for one in shard if answered[one.request_id].text is None)
        if len(again) > config.max_empty_share * len(shard):
            _forget(shard, endpoint, folder, attempt=1)
            raise LLMError(
                f"the model {endpoint.model!r} at {endpoint.base_url} gave nothing usable to {len(again)} of "
                f"{len(shard)} requests",
                next_step=f"see the logs in {folder}, ask the model by hand, then run the same command again",
            )
        if again:
            answered |= {one.request_id: one for one in _shard(again, endpoint, folder, config, attempt=2)}
        results |= answered
        progress(len(results), len(requests))
    return Answers(
        results=tuple(one for request in requests if (one := results[request.request_id]).text is not None),
        dropped=tuple(
            dropped(STAGE, "no_answer_twice", request.request_id, request.messages[-1].content)
            for request in requests
            if results[request.request_id].text is None
        ),
    )


def _shard(
    requests: tuple[ChatRequest, ...], endpoint: Endpoint, folder: Path, config: ShardConfig, *, attempt: int
) -> tuple[ChatResult, ...]:
    name = _name(requests, endpoint, attempt)
    result, job_file = folder / f"{name}.json", folder / f"{name}.job.json"
    with exclusive(folder / f".{name}.lock"):
        if found := _read(result, requests):
            return found
        require_offered(endpoint)
        job = ShardJob(requests=requests, endpoint=endpoint, concurrency=config.concurrency, result=str(result))
        write_file(job_file, job.model_dump_json().encode())
        try:
            _run_worker(job_file, folder / f"{name}.log", config.start_s + config.row_s * len(requests), endpoint)
        finally:
            job_file.unlink(missing_ok=True)
        if found := _read(result, requests):
            return found
        result.unlink(missing_ok=True)
        raise LLMError(
            f"a shard of {len(requests)} requests to {endpoint.model!r} at {endpoint.base_url} ended without a result",
            next_step=f"see {folder / f'{name}.log'}, then run the same command again: finished shards are kept",
        )


def _name(requests: tuple[ChatRequest, ...], endpoint: Endpoint, attempt: int) -> str:
    return short(digest_value([requests, endpoint.model_copy(update={"base_url": ""}), attempt]))


def _forget(requests: tuple[ChatRequest, ...], endpoint: Endpoint, folder: Path, *, attempt: int) -> None:
    """A shard of a model that broke down is asked again by the next call."""
    (folder / f"{_name(requests, endpoint, attempt)}.json").unlink(missing_ok=True)


def _read(path: Path, requests: tuple[ChatRequest, ...]) -> tuple[ChatResult, ...]:
    """The results in a file if they are those of the requests, one for one; else nothing."""
    if not path.is_file():
        return ()
    try:
        results = ShardResult.model_validate_json(path.read_bytes()).results
    except ValidationError:
        return ()
    return results if [one.request_id for one in results] == [one.request_id for one in requests] else ()


def require_offered(endpoint: Endpoint) -> None:
    """Ask for the endpoint's models before anything is sent: a wrong name would fail every request of a shard.

    A name that is not in the list is asked for by itself, since some services know short names or list a page at a
    time. An endpoint without a list is taken at its word.

    Raises:
        LLMUnavailableError: Nothing answers there, something that is no OpenAI-compatible service, or one that does not
            take the key.
        LLMError: It has no model of that name; those that it has are named.
    """
    address = f"{endpoint.base_url.rstrip('/')}/models"
    try:
        told = _fetch(endpoint, "models")
        if told is None and _fetch(endpoint, "chat/completions", b"{}") is not None:
            return
        if told is None or (offered := _names(told)) is None:
            raise LLMUnavailableError(
                f"{address} answers, but not with a list of models: it is no OpenAI-compatible service",
                next_step="correct datasets.teacher.base_url in the recipe; it ends with /v1",
            )
        if endpoint.model in offered or _fetch(endpoint, f"models/{quote(endpoint.model, safe='')}") is not None:
            return
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError) and error.code in _KEY_REFUSED:
            raise LLMUnavailableError(
                f"{address} does not take the key in ${endpoint.api_key_variable}: {error}",
                next_step=f"export {endpoint.api_key_variable}=…, or name another variable in "
                "datasets.teacher.api_key_variable in the recipe",
            ) from error
        raise LLMUnavailableError(
            f"the model {endpoint.model!r} cannot be reached at {address}: {error}",
            next_step="start it (the platform's own: twin up llm) or correct datasets.teacher in the recipe",
        ) from error
    others = f", and {len(offered) - MODELS_NAMED} others" if len(offered) > MODELS_NAMED else ""
    raise LLMError(
        f"{endpoint.base_url} has no model {endpoint.model!r}; it offers "
        f"{', '.join(map(repr, offered[:MODELS_NAMED])) or 'none'}{others}",
        next_step="correct datasets.teacher.model in the recipe (the platform's own vLLM: twin up llm --restart)",
    )


def _fetch(endpoint: Endpoint, path: str, body: bytes | None = None) -> bytes | None:
    """What the endpoint answers, to a body that it refuses nothing.

    Returns:
        None if it has nothing of that path.

    Raises:
        HTTPError: The key is refused, or the service is broken.
        URLError: Nothing answers.
    """
    key = os.environ.get(endpoint.api_key_variable, "")
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(f"{endpoint.base_url.rstrip('/')}/{path}", body, headers)
    try:
        with _opener(endpoint).open(request, timeout=REACH_TIMEOUT_S) as response:
            return bytes(response.read(MAX_LIST_BYTES))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _HAS_NO_SUCH:
            return None
        if error.code in _REFUSES:
            return None if body is None else b""
        raise


def _opener(endpoint: Endpoint) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(*(() if _may_be_proxied(endpoint) else (urllib.request.ProxyHandler({}),)))


def _may_be_proxied(endpoint: Endpoint) -> bool:
    """A server on this machine never is: no proxy knows the way to it."""
    return urlsplit(endpoint.base_url).hostname not in LOOPBACK_NAMES


def _names(told: bytes) -> list[str] | None:
    """Names in a list of models; None if it is none."""
    try:
        return sorted(str(one["id"]) for one in json.loads(told)["data"])
    except (ValueError, TypeError, KeyError):
        return None


def _run_worker(job_file: Path, log: Path, limit_s: float, endpoint: Endpoint) -> None:
    """Run the worker in a process group of its own, so that its children end with it whatever happens."""
    scratch = job_file.with_suffix(".scratch")
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", WORKER_MODULE, str(job_file)],
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=_environment(scratch, endpoint),
                start_new_session=True,
            )
            try:
                process.wait(timeout=limit_s)
            except subprocess.TimeoutExpired as error:
                raise LLMError(
                    f"a shard of requests to {endpoint.model!r} at {endpoint.base_url} took over {limit_s:.0f} s",
                    next_step=f"see {log}; lower the shard's rows or raise row_s in the recipe, then run again",
                ) from error
            finally:
                _end_group(process)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # all have ended by themselves
    process.wait()


def _environment(scratch: Path, endpoint: Endpoint) -> dict[str, str]:
    """What the worker may see: the endpoint's key and the way there, no other secret; caches in a folder that goes."""
    proxies = (*_PROXIES, *map(str.upper, _PROXIES)) if _may_be_proxied(endpoint) else ()
    kept = {name: value for name in (*_ENV_KEPT, *proxies) if (value := os.environ.get(name))}
    kept[endpoint.api_key_variable] = os.environ.get(endpoint.api_key_variable, "none")
    return kept | {
        "HOME": str(scratch),
        "HF_HOME": str(scratch / "hf"),
        "HF_HUB_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_NUM_THREADS": "1",
    }
