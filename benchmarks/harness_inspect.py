"""Inspect alone over the same service: its own model provider, its own scorer, its own log."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

from benchmarks.harness_stub import BUNDLE, PERSONA
from twin_data.contracts.evaluation import HeldOutQuestion


def ask_with_inspect(address: str, questions: Sequence[HeldOutQuestion], concurrency: int) -> None:
    """Have `eval` ask, score and log the questions.

    Raises:
        RuntimeError: Inspect did not end well, so what it took says nothing.
    """
    samples = [Sample(id=one.id, input=one.question, target=one.answer or one.expected) for one in questions]
    task = Task(dataset=samples, solver=generate(), scorer=includes())
    model = get_model(f"openai-api/stub/{PERSONA}@{BUNDLE}", base_url=f"{address}/v1", api_key="benchmark")
    with tempfile.TemporaryDirectory() as folder:
        (log,) = eval(
            task, model=model, max_connections=concurrency, max_samples=concurrency, display="none", log_dir=folder
        )
    if log.status != "success" or not log.samples or any(one.error for one in log.samples):
        raise RuntimeError(f"Inspect ended with status {log.status}: {log.error}")
