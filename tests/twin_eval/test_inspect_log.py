from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from twin_data.contracts.errors import StoreError
from twin_eval.gate import decide, default_rubric
from twin_eval.inspect_log import write_inspect_log
from twin_eval.scored_run import ScoredRun


@pytest.fixture
def run(make_run: Callable[..., ScoredRun]) -> ScoredRun:
    return make_run(["fact", "decline", "error"], ["decline", "other"], percents=[80.0])


def test_inspect_reads_back_what_was_asked_answered_and_scored(run: ScoredRun, tmp_path: Path) -> None:
    from inspect_ai.log import list_eval_logs, read_eval_log

    decision = decide(run, None, default_rubric())
    write_inspect_log(run, tmp_path / "inspect.eval", decision=decision)
    assert [one.name for one in tmp_path.iterdir()] == ["inspect.eval"]
    with ThreadPoolExecutor(1) as thread:  # see write_inspect_log
        assert len(thread.submit(list_eval_logs, str(tmp_path)).result()) == 1
        log = thread.submit(read_eval_log, str(tmp_path / "inspect.eval")).result()
    assert (log.status, log.eval.model) == ("success", f"twin/{run.model_name}")
    assert log.results is not None
    assert {one.name for one in log.results.scores} == {one.name for one in run.report.scores}
    assert log.results.metadata is not None
    assert log.results.metadata["verdict"] == decision.verdict.value
    samples = {str(one.id): one for one in log.samples or ()}
    assert sorted(samples) == ["b0", "q0", "q1", "q2", "u0", "u1"]
    first = samples["q0"]
    assert (first.input, first.target, first.output.completion) == ("What of q0?", "high water", "It was high water.")
    assert first.scores is not None
    assert (first.scores["facts_found"].value, first.scores["whole_answer"].value) == (1.0, 1.0)
    assert first.metadata["kind"] == "factual"
    assert first.total_time == 1.0
    failed = samples["q2"]
    assert failed.error is not None
    assert failed.error.message == "the model is away"
    assert samples["u1"].scores is not None
    assert samples["u1"].scores["under_refusal"].value == 1.0
    assert samples["b0"].scores is not None
    assert samples["b0"].scores["voice"].value == 80.0


def test_samples_are_a_table(run: ScoredRun, tmp_path: Path) -> None:
    from inspect_ai.analysis import samples_df

    write_inspect_log(run, tmp_path / "inspect.eval")
    table = samples_df(str(tmp_path), quiet=True)
    assert len(table) == 6
    assert table.set_index("id").loc["q0", "score_whole_answer"] == 1.0


def test_a_folder_that_cannot_be_written_is_named(run: ScoredRun, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StoreError, match=r"inspect.eval could not be written"):
        write_inspect_log(run, tmp_path / "file" / "inspect.eval")


async def test_inspect_leaves_asyncio_as_it_was(run: ScoredRun, tmp_path: Path) -> None:
    """Beside a running event loop, too, where Inspect would patch it for the whole process."""
    before = asyncio.run
    write_inspect_log(run, tmp_path / "inspect.eval")
    assert asyncio.run is before
