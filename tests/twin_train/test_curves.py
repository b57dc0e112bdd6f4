from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.training import CurvePoint, TrainingStage
from twin_train import curves
from twin_train.configuration import TrainingConfig
from twin_train.job import LoggedStep, TrainingJob, WorkFolder
from twin_train.launch import Follower, progress
from twin_train.training_code import training_code


def line(step: int, loss: float = 1.5, eval_loss: float | None = None) -> LoggedStep:
    point = CurvePoint(step=step, loss=loss, eval_loss=eval_loss, seconds=float(step * 2))
    return LoggedStep(point=point, tokens=step * 100)


def job(work: Path, steps: int = 5) -> TrainingJob:
    return TrainingJob(
        stage=TrainingStage.SFT,
        base_model=work,
        base_name="tiny",
        start=None,
        steps=steps,
        work=work,
        has_held_out=False,
        config=TrainingConfig(),
        digest="d",
        code=training_code(),
    )


@given(cut=st.integers(0, 400))
@settings(deadline=None)
def test_a_curve_that_was_cut_anywhere_reads_as_its_whole_lines(tmp_path_factory, cut: int) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("curve") / "curve.jsonl"
    for step in range(1, 4):
        curves.append(path, line(step))
    data = path.read_bytes()
    path.write_bytes(data[:cut])
    assert curves.read(path) == [line(step) for step in range(1, data[:cut].count(b"\n") + 1)]


def test_cutting_forgets_the_steps_that_are_trained_again(tmp_path: Path) -> None:
    path = tmp_path / "curve.jsonl"
    for step in range(1, 8):
        curves.append(path, line(step))
    assert curves.cut(path, 5) == [line(step) for step in range(1, 6)] == curves.read(path)
    assert curves.cut(path, 0) == [] == curves.read(path)


def test_points_are_told_once_even_when_the_curve_is_cut_and_goes_on(tmp_path: Path) -> None:
    told: list[CurvePoint] = []
    said: list[str] = []
    follower = Follower(job(tmp_path), said.append, told.append)
    follower.look()
    path = WorkFolder(tmp_path).curve
    for step in (1, 2, 3):
        curves.append(path, line(step))
    follower.look()
    curves.cut(path, 2)
    for step in (3, 4):
        curves.append(path, line(step))
    follower.look()
    follower.look()
    assert [point.step for point in told] == [1, 2, 3, 4]
    curves.append(path, line(4, eval_loss=2.0))
    follower.look()
    assert told[-1].eval_loss == 2.0
    assert said[0] == "SFT step 1/5, loss 1.500"


def test_progress_tells_speed_and_what_is_left(tmp_path: Path) -> None:
    told = progress(job(tmp_path, steps=33), line(1), line(3, loss=2.25))
    assert told == "SFT step 3/33, loss 2.250, 50 tokens/s, about 1.0 minutes left"
