"""Starting, following and ending processes, with scripts in place of Accelerate."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from twin_data.contracts.training import TrainingStage
from twin_train import launch as launching
from twin_train.configuration import LaunchSettings, TrainingConfig
from twin_train.job import TrainingJob
from twin_train.launch import launch, stop
from twin_train.training_code import training_code

Starts = Callable[[str], TrainingJob]


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starts:
    """A job whose launcher is a line of Python; the work folder is its first argument."""

    def make(code: str) -> TrainingJob:
        command = [sys.executable, "-c", code, str(tmp_path)]
        monkeypatch.setattr(launching, "launch_command", lambda *_, **__: command)
        config = TrainingConfig(launch=LaunchSettings(processes=1, zero_stage=0))
        return TrainingJob(
            stage=TrainingStage.SFT,
            base_model=tmp_path,
            base_name="tiny",
            start=None,
            steps=5,
            work=tmp_path,
            has_held_out=False,
            config=config,
            digest="d",
            code=training_code(),
        )

    return make


def run(job: TrainingJob) -> launching.Ended:
    return launch(job, job.work / "cache", lambda _: None, lambda _: None)


def test_a_port_that_was_snatched_is_chosen_anew(starts: Starts, tmp_path: Path) -> None:
    first = "import pathlib, sys; f = pathlib.Path(sys.argv[1], 'tried'); n = f.exists(); f.touch(); "
    assert run(starts(first + "sys.exit(0 if n else 'EADDRINUSE')")).exit_code == 0


def test_other_failures_are_not_tried_again(starts: Starts, tmp_path: Path) -> None:
    count = "import pathlib, sys; pathlib.Path(sys.argv[1], 'count').open('a').write('x'); sys.exit(3)"
    assert run(starts(count)).exit_code == 3
    assert (tmp_path / "count").read_text() == "x"


def test_a_run_over_its_time_is_stopped_for_certain(starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "POLITE_S", 0.5)
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    job = starts(stubborn)
    short = job.config.launch.model_copy(update={"timeout_s": 1})
    started = time.monotonic()
    ended = run(job.model_copy(update={"config": job.config.model_copy(update={"launch": short})}))
    assert ended.timed_out
    assert time.monotonic() - started < 10


def test_an_interrupt_takes_the_processes_along(starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    def interrupted(process: subprocess.Popen[bytes], *_: object) -> None:
        begun.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(launching, "_follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(starts("import time; time.sleep(60)"))
    assert begun[0].returncode is not None


def test_stopping_what_has_ended_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    stop(process)


def test_a_process_ends_with_the_parent_it_was_tied_to() -> None:
    tie = "import os, time; from twin_train.lifelines import end_with_parent; end_with_parent(os.getppid()); "
    child = tie + "print(os.getpid(), flush=True); time.sleep(60)"
    starter = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    tied = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _runs(tied):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def test_a_process_whose_parent_has_ended_already_does_not_start() -> None:
    code = "from twin_train.lifelines import end_with_parent; end_with_parent(1 << 22)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "has ended" in ended.stderr


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
