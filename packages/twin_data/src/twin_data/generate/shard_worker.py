"""One shard of requests as a Distilabel pipeline, run as `python -m twin_data.generate.shard_worker job.json`.

The pipeline needs the main thread and its cache cannot be trusted, so this process does one shard and ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twin_data.generate.shards import ChatResult, ShardJob, ShardResult
from twin_data.registry.durable import write_file

REQUEST_TIMEOUT_S = 300
"""With many in flight, a request waits for its turn in a small model's queue first."""
RETRIES = 2


def main(arguments: list[str]) -> int:
    """Run the job in the file named by the one argument; returns the exit status."""
    job = ShardJob.model_validate_json(Path(arguments[0]).read_bytes())
    found = {row["request_id"]: row for row in _generate(job)}
    results = tuple(_result(one.request_id, found.get(one.request_id), job) for one in job.requests)
    write_file(Path(job.result), ShardResult(results=results).model_dump_json().encode())
    return 0


def _generate(job: ShardJob) -> list[dict[str, Any]]:
    """The rows that the pipeline gave back: some may be missing, and some empty."""
    from distilabel.pipeline import Pipeline
    from distilabel.steps import LoadDataFromDicts

    from twin_data.generate.bounded_llm import AvoidingChat, BoundedOpenAILLM

    endpoint = job.endpoint
    rows = [
        {
            "request_id": one.request_id,
            "messages": [turn.model_dump() for turn in one.messages],
            "avoid": list(one.avoid),
        }
        for one in job.requests
    ]
    llm = BoundedOpenAILLM(
        in_flight=job.concurrency,
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=os.environ.get(endpoint.api_key_variable, "none"),
        timeout=REQUEST_TIMEOUT_S,
        max_retries=RETRIES,
        generation_kwargs={
            "max_new_tokens": endpoint.max_tokens,
            "temperature": endpoint.temperature,  # and no seed: vLLM 0.32's engine dies of one on a CPU
        },
    )
    with Pipeline(name="twin-shard") as pipeline:
        load = LoadDataFromDicts(data=rows, batch_size=len(rows))
        chat = AvoidingChat(llm=llm, input_batch_size=len(rows), add_raw_output=False, add_raw_input=False)
        load >> chat
    distiset = pipeline.run(use_cache=False)
    return [dict(row) for row in distiset["default"]["train"]]


def _result(request_id: str, row: dict[str, Any] | None, job: ShardJob) -> ChatResult:
    text = (row or {}).get("generation")
    usable = isinstance(text, str) and bool(text.strip())
    written = max(_numbers((row or {}).get("distilabel_metadata")), default=0)
    cut = written >= job.endpoint.max_tokens
    return ChatResult(request_id=request_id, text=text if usable else None, finish_reason="length" if cut else "stop")


def _numbers(metadata: dict[str, Any] | None) -> Iterable[int]:
    """Counts of written tokens: Distilabel passes them on, but not why the model stopped."""
    for value in (metadata or {}).values():
        counted = value.get("output_tokens") if isinstance(value, dict) else None
        yield from (counted if isinstance(counted, list) else [counted] if isinstance(counted, int) else [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
