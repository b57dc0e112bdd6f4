"""Run the training processes of one job to their end, following the curve."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.training import CurvePoint
from twin_data.registry.durable import write_file
from twin_train import curves
from twin_train.configuration import TrainingConfig
from twin_train.extensions import extensions_in_use
from twin_train.job import LoggedStep, TrainingJob, WorkFolder
from twin_train.launch_files import (
    EXTENSIONS_FOLDER,
    check_compiler,
    free_port,
    launch_command,
    launch_environment,
    write_launch_files,
)

POLL_S = 0.5
POLITE_S = 5.0
REPORT_EVERY_S = 10.0
PORT_ATTEMPTS = 3
PORT_SIGNS = ("EADDRINUSE", "address already in use", "Address already in use")

Report = Callable[[str], None]
OnPoint = Callable[[CurvePoint], None]


@dataclass(frozen=True)
class Ended:
    """How the processes ended."""

    exit_code: int
    timed_out: bool


def launch(job: TrainingJob, cache: Path, report: Report, on_point: OnPoint) -> Ended:
    """Start the processes and wait for their end. They end with this one, however it ends.

    Raises:
        TrainingError: They cannot be started here.
    """
    files, config = WorkFolder(job.work), job.config
    environment = launch_environment(config.launch, cache, os.environ)
    check_compiler(config.launch, environment)
    _write_job(job, config, files)
    with extensions_in_use(cache / EXTENSIONS_FOLDER):
        for _ in range(PORT_ATTEMPTS):
            ended = _run_once(job, environment, report, on_point)
            if ended.exit_code == 0 or ended.timed_out or not _port_was_taken(files):
                break
    return ended


def _run_once(job: TrainingJob, environment: dict[str, str], report: Report, on_point: OnPoint) -> Ended:
    files = WorkFolder(job.work)
    command = launch_command(job.config.launch, files, port=free_port(), parent=os.getpid())
    with files.log.open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        return _follow(process, job, report, on_point)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the launcher and its group, politely at first; training processes outside the group end with the launcher."""
    for sent, patience in ((signal.SIGTERM, POLITE_S), (signal.SIGKILL, POLITE_S)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, sent)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def _port_was_taken(files: WorkFolder) -> bool:
    """Whether another program took the port between its choice and its use."""
    log = files.log.read_text("utf-8", "replace")
    return any(sign in log for sign in PORT_SIGNS)


def _write_job(job: TrainingJob, config: TrainingConfig, files: WorkFolder) -> None:
    write_launch_files(config, files)
    write_file(files.job, (job.model_dump_json(indent=2) + "\n").encode())
    files.failure.unlink(missing_ok=True)
    files.outcome.unlink(missing_ok=True)


def _follow(process: subprocess.Popen[bytes], job: TrainingJob, report: Report, on_point: OnPoint) -> Ended:
    deadline = time.monotonic() + job.config.launch.timeout_s
    follower = Follower(job, report, on_point)
    while process.poll() is None:
        follower.look()
        if time.monotonic() > deadline:
            stop(process)
            return Ended(process.returncode, timed_out=True)
        time.sleep(POLL_S)
    follower.look()
    return Ended(process.returncode, timed_out=False)


class Follower:
    """Tells what is new in the curve's file."""

    def __init__(self, job: TrainingJob, report: Report, on_point: OnPoint) -> None:
        self.job = job
        self.report = report
        self.on_point = on_point
        self.path = WorkFolder(job.work).curve
        self.inode = -1
        self.offset = 0
        self.last_report = float("-inf")
        self.first: LoggedStep | None = None
        self.told = 0

    def look(self) -> None:
        """Pass new points on. The file is replaced when a run resumes; what was told before is told no second time."""
        if not self.path.is_file():
            return
        inode = self.path.stat().st_ino
        if inode != self.inode:
            self.inode, self.offset = inode, 0
        lines, self.offset = curves.read_from(self.path, self.offset)
        for line in lines:
            if line.point.step > self.told or line.point.eval_loss is not None:
                self.told = max(self.told, line.point.step)
                self.on_point(line.point)
                self._report(line)

    def _report(self, line: LoggedStep) -> None:
        self.first = self.first or line
        now = time.monotonic()
        if now - self.last_report >= REPORT_EVERY_S or line.point.step == self.job.steps:
            self.last_report = now
            self.report(progress(self.job, self.first, line))


def progress(job: TrainingJob, first: LoggedStep, line: LoggedStep) -> str:
    """One line of progress: step, loss, speed and, once it can be told, the time left."""
    point, name = line.point, job.stage.upper()
    told = f"{name} step {point.step}/{job.steps}, loss {point.loss:.3f}"
    steps, seconds = point.step - first.point.step, point.seconds - first.point.seconds
    if steps <= 0 or seconds <= 0:
        return told
    rate, left = (line.tokens - first.tokens) / seconds, (job.steps - point.step) * seconds / steps
    return f"{told}, {rate:.0f} tokens/s, about {left / 60:.1f} minutes left"
