"""A stage without its processes: what it refuses before any is started, and what it makes of what they leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from twin_data.contracts.datasets import CertificateCheck, DatasetKind
from twin_data.contracts.errors import DatasetError, ModelError, TrainingError
from twin_data.contracts.releases import ModelReference
from twin_data.contracts.training import CurvePoint, TrainingCode, TrainingStage
from twin_train import curves, dpo, launch, sft, stage
from twin_train.configuration import TrainingConfig
from twin_train.job import FailureKind, LoggedStep, TrainingJob, WorkerFailure, WorkerOutcome, WorkFolder
from twin_train.launch import Ended
from twin_train.stage import StageInputs, TrainedAdapter, job_digest
from twin_train.training_code import training_code

RUNS = {DatasetKind.INSTRUCTIONS: sft.run, DatasetKind.PREFERENCES: dpo.run}
ALONE = TrainingConfig.model_validate({"launch": {"processes": 1, "zero_stage": 0}})
FAILED = CertificateCheck(name="test_set_overlap_13_grams", value=2.0, wanted="= 0", passed=False)


class Processes:
    """Stands for the training processes: leaves what they would leave, and remembers what it found."""

    def __init__(self) -> None:
        self.jobs: list[TrainingJob] = []
        self.checkpoints: list[list[Path]] = []
        self.failure: WorkerFailure | None = None

    def __call__(self, job: TrainingJob, *_: object) -> Ended:
        self.jobs.append(job)
        files = WorkFolder(job.work)
        self.checkpoints.append(list(files.checkpoints.glob("*")))
        files.job.write_text(job.model_dump_json())
        if self.failure:
            files.failure.write_text(self.failure.model_dump_json())
            return Ended(1, timed_out=False)
        for step in range(1, job.steps + 1):
            curves.append(files.curve, LoggedStep(point=CurvePoint(step=step, loss=4.0 / step, seconds=1.0), tokens=9))
        files.weights.mkdir()
        (files.weights / "adapter_model.safetensors").write_bytes(b"weights")
        (files.weights / "adapter_config.json").write_text(json.dumps({"r": 16}))
        outcome = WorkerOutcome(
            steps=job.steps, tokens=9 * job.steps, non_pad_share=1.0, seconds=90.0, tokens_per_second=5.0,
            startup_seconds=10.0, peak_memory_mb=3072.0, world_size=1, distributed_type="NO", zero_stage=0,
            device="cpu", dtype="bfloat16", eval_loss=None, resumed_at=(),
        )  # fmt: skip
        files.outcome.write_text(outcome.model_dump_json())
        return Ended(0, timed_out=False)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    fake = Processes()
    monkeypatch.setattr(stage, "launch", fake)
    monkeypatch.setattr(stage, "available_mb", lambda _: 64 * 1024.0)
    return fake


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def inputs(
    tmp_path: Path,
    tiny_model: Path,
    tiny_reference: ModelReference,
    make_dataset: Callable[..., Path],
    said: list[str],
) -> Callable[..., StageInputs]:
    def make(kind: DatasetKind = DatasetKind.INSTRUCTIONS, **changes: Any) -> StageInputs:
        given = {
            "base_model": tiny_model, "base": tiny_reference, "dataset": make_dataset(kind),
            "output": tmp_path / "out", "cache": tmp_path / "cache", "report": said.append,
        }  # fmt: skip
        return StageInputs(**{**given, **changes})

    return make


def nothing_was_begun(inputs: StageInputs, processes: Processes) -> bool:
    return (
        not processes.jobs and not (inputs.output / "result.json").exists() and not (inputs.output / "adapter").exists()
    )


@pytest.mark.parametrize("kind", DatasetKind)
def test_a_failed_certificate_starts_nothing(
    processes: Processes, inputs: Callable[..., StageInputs], certify: Callable[..., None], kind: DatasetKind
) -> None:
    given = inputs(kind)
    certify(given.dataset, kind, 40, 6, checks=(FAILED,))
    with pytest.raises(DatasetError, match="test_set_overlap_13_grams is 2, wanted = 0") as refused:
        RUNS[kind](given, config=ALONE)
    assert str(given.dataset) in refused.value.message
    command = {DatasetKind.INSTRUCTIONS: "twin datasets", DatasetKind.PREFERENCES: "twin train"}[kind]
    assert f"`{command} PERSONA` ({kind})" in refused.value.next_step
    assert nothing_was_begun(given, processes)


@pytest.mark.parametrize("kind", DatasetKind)
def test_a_wrong_chat_template_starts_nothing(
    processes: Processes,
    inputs: Callable[..., StageInputs],
    make_tokenizer: Callable[[str | None], Path],
    kind: DatasetKind,
) -> None:
    """It puts a mark before the prompt that an answered prompt does not have."""
    wrong = make_tokenizer("{% if add_generation_prompt %}the {% endif %}{{ messages[0]['content'] }}")
    given = inputs(kind, base_model=wrong)
    with pytest.raises(ModelError, match="renders a prompt differently when an answer follows it") as refused:
        RUNS[kind](given, config=ALONE)
    assert str(wrong) in refused.value.message and "base_model.source" in refused.value.next_step
    assert nothing_was_begun(given, processes)


def test_a_missing_base_model_starts_nothing(
    processes: Processes, inputs: Callable[..., StageInputs], tmp_path: Path
) -> None:
    given = inputs(base_model=tmp_path / "nowhere")
    with pytest.raises(ModelError, match=f"there is no base model in {tmp_path / 'nowhere'}") as refused:
        sft.run(given, config=ALONE)
    assert "twin features" in refused.value.next_step
    assert nothing_was_begun(given, processes)


def test_a_model_too_big_for_the_memory_starts_nothing_and_with_more_memory_trains(
    processes: Processes, inputs: Callable[..., StageInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = inputs()
    monkeypatch.setattr(stage, "available_mb", lambda _: 512.0)
    with pytest.raises(ModelError, match=r"training tiny needs about \d\.\d GiB, 0\.5 GiB are available") as refused:
        sft.run(given, config=ALONE)
    assert "choose a smaller base_model" in refused.value.next_step
    assert nothing_was_begun(given, processes)
    monkeypatch.setattr(stage, "available_mb", lambda _: 64 * 1024.0)
    assert sft.run(given, config=ALONE).record.steps == processes.jobs[0].steps


def test_where_memory_is_lacking_others_make_room_for_as_long_as_the_processes_run(
    processes: Processes, inputs: Callable[..., StageInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory_mb, told = [512.0], []

    @contextmanager
    def room(is_lacking: bool) -> Iterator[None]:
        told.append((is_lacking, len(processes.jobs)))
        memory_mb[0] = 64 * 1024.0
        yield
        told.append((is_lacking, len(processes.jobs)))

    monkeypatch.setattr(stage, "available_mb", lambda _: memory_mb[0])
    trained(inputs(room=room))
    assert told == [(True, 0), (True, 1)]
    trained(inputs(room=room))
    assert len(told) == 2, "a finished stage needs no room"


def test_a_disk_without_room_for_checkpoints_starts_nothing(
    processes: Processes, inputs: Callable[..., StageInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        total: int = 0
        used: int = 0
        free: int = 1024

    given = inputs()
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage())
    with pytest.raises(TrainingError, match="0 MiB free, checkpoints need 1 MiB") as refused:
        sft.run(given, config=ALONE)
    assert "free space on that disk, then run the same command again" in refused.value.next_step
    assert nothing_was_begun(given, processes)


def test_a_missing_compiler_starts_nothing(
    inputs: Callable[..., StageInputs], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real launch, up to the process."""
    monkeypatch.setattr(stage, "available_mb", lambda _: 64 * 1024.0)
    monkeypatch.setattr(launch, "_run_once", lambda *_: pytest.fail("a process was started"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(TrainingError, match=r"DeepSpeed on the CPU needs 'g\+\+'") as refused:
        sft.run(inputs(), config=TrainingConfig())
    assert "apt-get install g++" in refused.value.next_step


@pytest.mark.parametrize("kind", [FailureKind.NON_FINITE, FailureKind.DISK_FULL])
def test_a_run_that_broke_off_keeps_its_folder_and_the_same_command_goes_on(
    processes: Processes, inputs: Callable[..., StageInputs], kind: FailureKind
) -> None:
    given = inputs()
    processes.failure = WorkerFailure(kind=kind, message="at step 3", step=3)
    with pytest.raises(TrainingError, match="SFT training"):
        sft.run(given, config=ALONE)
    checkpoint = WorkFolder(given.output / "work").checkpoints / "checkpoint-1"
    checkpoint.mkdir(parents=True)
    processes.failure = None
    assert sft.run(given, config=ALONE).folder.is_dir()
    assert processes.checkpoints == [[], [checkpoint]]
    assert processes.jobs[0].digest == processes.jobs[1].digest


def test_what_may_be_changed_meanwhile_finds_checkpoints_and_results_and_what_may_not_does_not(
    tiny_reference: ModelReference,
) -> None:
    def named(**changes: Any) -> str:
        config = TrainingConfig.model_validate({"launch": {"processes": 1, "zero_stage": 0}} | changes)
        return job_digest(TrainingStage.SFT, config, tiny_reference, "d" * 64, None)

    alone = {"processes": 1, "zero_stage": 0}
    assert named(launch={**alone, "timeout_s": 99_999, "threads_per_process": 4}) == named()
    assert named(sft={"save_steps": 3}) == named()
    assert named(dpo={"beta": 0.5}) == named(), "the other stage's settings"
    others = [{"sft": {"seed": 1}}, {"lora": {"r": 8}}, {"launch": {**alone, "dtype": "float32"}}]
    assert len({named(), *(named(**one) for one in others)}) == len(others) + 1


OTHER = TrainingCode(digest="0" * 64, libraries={**training_code().libraries, "trl": "0.1"})


def test_what_other_code_trained_is_trained_anew(
    processes: Processes, inputs: Callable[..., StageInputs], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update that mends training reaches who has trained before it."""
    with monkeypatch.context() as before:
        before.setattr(stage, "training_code", lambda: OTHER)
        assert trained(inputs()).record.code == OTHER
    found = trained(inputs())
    assert len(processes.jobs) == 2 and found.record.code == training_code()
    assert any("trained by other code (twin_train 000000000000 → " in one and "trl 0.1 → " in one for one in said)
    said.clear()
    assert trained(inputs()) == found and len(processes.jobs) == 2 and not said


def test_a_result_of_before_code_was_recorded_is_trained_anew(
    processes: Processes, inputs: Callable[..., StageInputs]
) -> None:
    given = inputs()
    trained(given)
    path = given.output / "result.json"
    result = json.loads(path.read_text())
    del result["record"]["code"]
    path.write_text(json.dumps(result))
    assert trained(given).record.code == training_code() and len(processes.jobs) == 2


def test_a_checkpoint_of_other_code_is_not_gone_on_from(
    processes: Processes, inputs: Callable[..., StageInputs], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = inputs()
    processes.failure = WorkerFailure(kind=FailureKind.DISK_FULL, message="at step 3", step=3)
    with monkeypatch.context() as before, pytest.raises(TrainingError):
        before.setattr(stage, "training_code", lambda: OTHER)
        sft.run(given, config=ALONE)
    (WorkFolder(given.output / "work").checkpoints / "checkpoint-1").mkdir(parents=True)
    processes.failure = None
    sft.run(given, config=ALONE)
    assert processes.checkpoints == [[], []]
    assert any("begun by other code" in one and "starts anew" in one for one in said)


def test_other_data_in_a_finished_folder_is_refused_still(
    processes: Processes, inputs: Callable[..., StageInputs], certify: Callable[..., None]
) -> None:
    given = inputs()
    trained(given)
    certify(given.dataset, DatasetKind.INSTRUCTIONS, 40, 6, dataset_digest="9" * 64)
    with pytest.raises(TrainingError, match="holds a training of other data or settings"):
        trained(given)


def test_the_record_says_how_far_the_forecast_was_off(
    processes: Processes, inputs: Callable[..., StageInputs], said: list[str]
) -> None:
    found = trained(inputs())
    expected = found.record.forecast
    assert expected is not None and expected.stage is TrainingStage.SFT
    assert (found.record.seconds, found.record.peak_memory_mb) == (90.0, 3072.0)
    assert said[-1].startswith("SFT: took 1.5 minutes and 3.0 GiB, forecast were ")
    assert f"{expected.seconds / 60:.1f} ({90.0 / expected.seconds - 1:+.0%})" in said[-1]
    assert f"{expected.memory_mb / 1024:.1f} ({3072.0 / expected.memory_mb - 1:+.0%})" in said[-1]


def test_how_the_processes_ran_is_recorded(processes: Processes, inputs: Callable[..., StageInputs]) -> None:
    record = trained(inputs()).record
    assert (record.world_size, record.distributed_type, record.zero_stage) == (1, "NO", 0)
    assert (record.device, record.dtype) == ("cpu", "bfloat16")


def trained(inputs: StageInputs) -> TrainedAdapter:
    return sft.run(inputs, config=ALONE)
