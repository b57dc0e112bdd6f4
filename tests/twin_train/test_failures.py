from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from twin_data.contracts.errors import ModelError, TrainingError
from twin_data.contracts.training import CurvePoint, TrainingStage
from twin_train import curves
from twin_train.configuration import TrainingConfig
from twin_train.failures import training_error
from twin_train.job import FailureKind, LoggedStep, TrainingJob, WorkerFailure, WorkFolder
from twin_train.launch import Ended
from twin_train.training_code import training_code
from twin_train.worker import run as worker
from twin_train.worker.checkpoints import mark_complete
from twin_train.worker.run import _kind, run_job

ELASTIC = """
[1]:
  exitcode  : -15 (pid: 12)  (SIGTERM)
  traceback : Signal 15 (SIGTERM) received by PID 12
Root Cause (first observed failure):
[0]:
  exitcode  : {code} (pid: 11)
"""


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    files = WorkFolder(tmp_path)
    for step in (1, 2, 3):
        point = CurvePoint(step=step, loss=1.0, seconds=1.0)
        curves.append(files.curve, LoggedStep(point=point, tokens=1))
    return TrainingJob(
        stage=TrainingStage.SFT,
        base_model=tmp_path,
        base_name="tiny",
        start=None,
        steps=9,
        work=tmp_path,
        has_held_out=False,
        config=TrainingConfig(),
        digest="d",
        code=training_code(),
    )


def checkpoint(job: TrainingJob, step: int) -> None:
    folder = WorkFolder(job.work).checkpoints / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"x")
    mark_complete(folder)


@pytest.mark.parametrize(
    ("kind", "error", "told", "fix"),
    [
        (FailureKind.NON_FINITE, TrainingError, "was stopped at step 3 of 9: the loss became nan", "sft.learning_rate"),
        (FailureKind.OUT_OF_MEMORY, ModelError, "ran out of memory at step 3 of 9", "gradient_checkpointing"),
        (FailureKind.DISK_FULL, TrainingError, "is full", "free space"),
        (FailureKind.DISTRIBUTION, TrainingError, "did not start as asked", "training.launch"),
        (FailureKind.OTHER, TrainingError, "failed at step 3 of 9", "training.log"),
    ],
)
def test_what_a_process_knew_is_told(
    job: TrainingJob, kind: FailureKind, error: type[Exception], told: str, fix: str
) -> None:
    failure = WorkerFailure(kind=kind, message="the loss became nan", step=3)
    WorkFolder(job.work).failure.write_text(failure.model_dump_json())
    found = training_error(job, Ended(1, timed_out=False))
    assert isinstance(found, error)
    assert told in found.message
    assert fix in found.next_step


def test_after_a_loss_that_is_no_number_only_a_checkpoint_that_is_there_is_promised(job: TrainingJob) -> None:
    failure = WorkerFailure(kind=FailureKind.NON_FINITE, message="the loss became nan", step=3)
    WorkFolder(job.work).failure.write_text(failure.model_dump_json())
    assert "checkpoint" not in training_error(job, Ended(1, timed_out=False)).next_step
    checkpoint(job, 2)
    assert "the checkpoint of step 2 is from before" in training_error(job, Ended(1, timed_out=False)).next_step


def fill(path: Path) -> None:
    """Write until the disk is full, and hear so."""
    with path.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 4096)


@pytest.fixture
def on_tiny_disk(
    job: TrainingJob, tmp_path: Path, tiny_disk: Callable[[Path, int], AbstractContextManager[None]]
) -> Iterator[TrainingJob]:
    """The job in a file system of a quarter of a megabyte, with a checkpoint of step 2."""
    work = tmp_path / "disk"
    with tiny_disk(work, 256):
        here = job.model_copy(update={"work": work})
        files = WorkFolder(work)
        files.curve.write_bytes(WorkFolder(job.work).curve.read_bytes())
        files.job.write_text(here.model_dump_json())
        checkpoint(here, 2)
        yield here


def test_half_a_checkpoint_on_a_full_disk_makes_room_for_the_reason(
    on_tiny_disk: TrainingJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = WorkFolder(on_tiny_disk.work)

    def save(*_: object) -> None:
        half = files.checkpoints / "checkpoint-4"
        half.mkdir()
        fill(half / "weights")

    monkeypatch.setattr(worker, "_train", save)
    assert run_job(files.job) == 1
    told = WorkerFailure.model_validate_json(files.failure.read_text())
    assert told.kind is FailureKind.DISK_FULL and "No space left on device" in told.message
    found = training_error(on_tiny_disk, Ended(1, timed_out=False))
    assert f"the disk of {files.root} is full: SFT training stopped at step 3 of 9" in found.message
    assert found.next_step == "free space, then run the same command again; it goes on from step 2"


def test_a_disk_too_full_for_the_reason_is_told_all_the_same(
    on_tiny_disk: TrainingJob, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = WorkFolder(on_tiny_disk.work)

    monkeypatch.setattr(worker, "_train", lambda *_: fill(files.datasets))
    assert run_job(files.job) == 1
    assert not files.failure.exists()
    assert "No space left on device" in capsys.readouterr().err
    found = training_error(on_tiny_disk, Ended(1, timed_out=False))
    assert f"the disk of {files.root} is full" in found.message
    assert found.next_step.endswith("it goes on from step 2")


def test_a_killed_process_is_told_from_those_that_were_ended_with_it(job: TrainingJob) -> None:
    WorkFolder(job.work).log.write_text(ELASTIC.format(code=-9))
    checkpoint(job, 2)
    found = training_error(job, Ended(1, timed_out=False))
    assert "one of 2 training processes was killed by SIGKILL at step 3 of 9" in found.message
    assert "goes on from step 2" in found.next_step


def test_a_kill_is_seen_also_without_deepspeed(job: TrainingJob) -> None:
    """Accelerate's launcher of one process ends with Python's own error about the process it started."""
    kill = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    with pytest.raises(subprocess.CalledProcessError) as killed:
        subprocess.run(kill, check=True)
    WorkFolder(job.work).log.write_text(f"subprocess.CalledProcessError: {killed.value}\n")
    alone = TrainingConfig.model_validate({"launch": {"processes": 1, "zero_stage": 0}})
    found = training_error(job.model_copy(update={"config": alone}), Ended(1, timed_out=False))
    assert "was killed by SIGKILL at step 3 of 9" in found.message
    assert "others" not in found.message


def test_a_process_that_lost_a_killed_one_is_a_witness_not_the_cause(job: TrainingJob) -> None:
    failure = WorkerFailure(kind=FailureKind.PEER_LOST, message="Connection closed by peer", step=3)
    WorkFolder(job.work).failure.write_text(failure.model_dump_json())
    assert "Connection closed by peer" in training_error(job, Ended(1, timed_out=False)).message
    WorkFolder(job.work).log.write_text("exitcode  : -9 (pid: 10)" + ELASTIC.format(code=1))
    assert "was killed by SIGKILL" in training_error(job, Ended(1, timed_out=False)).message


def test_a_process_that_ended_by_itself_was_not_killed(job: TrainingJob) -> None:
    WorkFolder(job.work).log.write_text("ImportError: no module named kaputt" + ELASTIC.format(code=1))
    found = training_error(job, Ended(1, timed_out=False))
    assert "ended with status 1" in found.message
    assert "no module named kaputt" in found.message
    assert "it starts anew" in found.next_step


def test_a_child_that_said_nothing_still_gives_an_error(job: TrainingJob) -> None:
    assert "ended with status -6" in training_error(job, Ended(-6, timed_out=False)).message


def test_the_time_limit_is_named(job: TrainingJob) -> None:
    found = training_error(job, Ended(-15, timed_out=True))
    assert "stopped after 86400 s, at step 3 of 9" in found.message
    assert "timeout_s" in found.next_step


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(28, "No space left on device"), FailureKind.DISK_FULL),
        (RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0"), FailureKind.DISK_FULL),
        (MemoryError(), FailureKind.OUT_OF_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), FailureKind.OUT_OF_MEMORY),
        (RuntimeError("CUDA out of memory. Tried to allocate"), FailureKind.OUT_OF_MEMORY),
        (RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer"), FailureKind.PEER_LOST),
        (ValueError("something else"), FailureKind.OTHER),
    ],
)
def test_kinds_of_errors(error: Exception, kind: FailureKind) -> None:
    assert _kind(error) is kind
