"""One stage of training on the parent's side: check, forecast, launch, gather. SFT and DPO differ in data only."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from twin_data.configuration.home import cache_folder
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import DatasetKind
from twin_data.contracts.digests import digest_folder, digest_value, short
from twin_data.contracts.errors import ModelError, TrainingError
from twin_data.contracts.releases import MachinePrice, ModelReference
from twin_data.contracts.training import CurvePoint, TrainingCode, TrainingForecast, TrainingRecord, TrainingStage
from twin_data.registry.durable import exclusive, write_file
from twin_train import curves
from twin_train.adapter_targets import check_targets
from twin_train.certified_dataset import CertifiedDataset, open_dataset
from twin_train.configuration import TrainingConfig
from twin_train.examples import load_tokenizer
from twin_train.failures import training_error
from twin_train.forecast import forecast
from twin_train.job import LoggedStep, TrainingJob, WorkerOutcome, WorkFolder
from twin_train.launch import OnPoint, Report, launch
from twin_train.model_shape import read_shape
from twin_train.prepared import Prepared, prepare_dpo, prepare_sft, workload
from twin_train.records import against_forecast, make_record
from twin_train.resources import available_mb, check_disk, check_memory
from twin_train.speeds import read_speed, record_speed, speed_key
from twin_train.training_code import training_code
from twin_train.weights import ADAPTER_CONFIG, write_weights

RESULT_FILE = "result.json"
WEIGHTS_FOLDER = "adapter"
WORK_FOLDER = "work"
LOCK_FILE = ".lock"
DROPPED_FILE = "dropped.jsonl"
KINDS = {TrainingStage.SFT: DatasetKind.INSTRUCTIONS, TrainingStage.DPO: DatasetKind.PREFERENCES}


@dataclass(frozen=True)
class StageInputs:
    """What one stage of training reads and where it writes."""

    base_model: Path
    """Folder of the base model, as `ensure_base_model` gives it."""
    base: ModelReference
    """Its reference; the digest keys measured speeds, the name stands in the adapter."""
    dataset: Path
    """Folder with `certificate.json`, `files.json`, `train.jsonl` and `held_out.jsonl`."""
    output: Path
    """Folder of this training. Given again it goes on from its last checkpoint; finished, it is returned at once. What
    other code began or finished starts anew."""
    start: Path | None = None
    """Adapter to go on from; with `training.lora: null` the model."""
    price: MachinePrice = MachinePrice()
    cache: Path = field(default_factory=cache_folder)
    """Holds compiled extensions and measured speeds."""
    report: Report = lambda _: None
    """Told what a user wants to see."""
    on_point: OnPoint = lambda _: None
    """Given each new point of the curve, for instance for MLflow."""
    room: Callable[[bool], AbstractContextManager[None]] = lambda _: nullcontext()
    """Entered while the processes run, and told whether memory is lacking: what else holds it may be stopped then."""


class TrainedAdapter(Contract):
    """A finished stage of training."""

    folder: Path
    """A plain PEFT adapter; with `is_full` a whole model."""
    digest: str
    """Over the folder's files."""
    is_full: bool
    record: TrainingRecord
    curve: tuple[CurvePoint, ...]


class StageResult(Contract):
    """`result.json`, written last: its presence means that the output folder is complete."""

    job_digest: str
    weights_digest: str
    is_full: bool
    record: TrainingRecord
    curve: tuple[CurvePoint, ...]


def run_stage(stage: TrainingStage, inputs: StageInputs, config: TrainingConfig) -> TrainedAdapter:
    """Train one stage, or go on with it, or return what it gave; see `sft.run` and `dpo.run`."""
    if not config.stage(stage).enabled:
        raise TrainingError(f"{stage.upper()} is off", next_step=f"set training.{stage}.enabled to true in the recipe")
    _check_start(inputs.start, config)
    waiting = f"waiting: another process trains in {inputs.output}"
    with exclusive(inputs.output / LOCK_FILE, lambda: inputs.report(waiting)):
        dataset = open_dataset(inputs.dataset, KINDS[stage])
        start = digest_folder(inputs.start) if inputs.start else None
        digest = job_digest(stage, config, inputs.base, dataset.certificate.dataset_digest, start)
        if (finished := _finished(stage, inputs, digest)) is not None:
            return finished
        return _train(stage, inputs, config, dataset, digest)


def job_digest(
    stage: TrainingStage, config: TrainingConfig, base: ModelReference, dataset_digest: str, start_digest: str | None
) -> str:
    """SHA-256 over the data and settings that decide the result of a stage.

    What has the same digest and was made by the same code may be gone on with.

    A training's folder is to be named by it: then what may be changed meanwhile, such as a timeout, finds it again.
    """
    settings = {
        "lora": config.lora,
        "stage": config.stage(stage).model_dump(exclude={"save_steps", "enabled"}),
        "launch": config.launch.model_dump(exclude={"timeout_s", "threads_per_process"}),
    }
    return digest_value([stage, base.digest, dataset_digest, start_digest, settings])


def _check_start(start: Path | None, config: TrainingConfig) -> None:
    wanted = "config.json" if config.full else ADAPTER_CONFIG
    if start is not None and not (start / wanted).is_file():
        kind = "model" if config.full else "adapter"
        raise ModelError(f"there is no {kind} in {start} to go on from", next_step="run the SFT stage first")


def _train(
    stage: TrainingStage, inputs: StageInputs, config: TrainingConfig, dataset: CertifiedDataset, digest: str
) -> TrainedAdapter:
    check_targets(inputs.base_model, config.lora)
    files = WorkFolder(inputs.output / WORK_FOLDER)
    _clear_other_job(stage, inputs, files, digest)
    prepared = _prepare(stage, inputs, config, dataset)
    expected = _forecast(stage, inputs, config, prepared)
    check_disk(read_shape(inputs.base_model), config, inputs.output)
    _announce(stage, inputs, prepared, expected, config)
    prepared.write(files.train, files.held_out)
    job = TrainingJob(
        stage=stage,
        base_model=inputs.base_model.absolute(),
        base_name=inputs.base.name,
        start=inputs.start.absolute() if inputs.start else None,
        steps=prepared.steps,
        work=files.root.absolute(),
        has_held_out=bool(prepared.held_out),
        config=config,
        digest=digest,
        code=training_code(),
    )
    with _room(inputs, config, expected):
        ended = launch(job, inputs.cache, inputs.report, inputs.on_point)
        if ended.timed_out or ended.exit_code != 0 or not files.outcome.is_file():
            raise training_error(job, ended)
    return _gather(inputs, job, prepared, expected, dataset)


def _prepare(stage: TrainingStage, inputs: StageInputs, config: TrainingConfig, dataset: CertifiedDataset) -> Prepared:
    tokenizer = load_tokenizer(inputs.base_model)
    if stage is TrainingStage.SFT:
        return prepare_sft(dataset, tokenizer, config.sft)
    return prepare_dpo(dataset, tokenizer, config.dpo)


def _forecast(
    stage: TrainingStage, inputs: StageInputs, config: TrainingConfig, prepared: Prepared
) -> TrainingForecast:
    """What the stage will take."""
    shape = read_shape(inputs.base_model)
    measured = read_speed(inputs.cache, speed_key(inputs.base.digest, stage, config))
    return forecast(stage, workload(stage, prepared), shape, config, price=inputs.price, measured=measured)


@contextmanager
def _room(inputs: StageInputs, config: TrainingConfig, expected: TrainingForecast) -> Iterator[None]:
    """Memory for the processes while they run; what else holds it makes room where it is lacking.

    Raises:
        ModelError: It is lacking nevertheless.
    """
    with inputs.room(expected.memory_mb > available_mb(config.launch)):
        check_memory(expected.memory_mb, available_mb(config.launch), inputs.base.name)
        yield


def _clear_other_job(stage: TrainingStage, inputs: StageInputs, files: WorkFolder, digest: str) -> None:
    """Remove what was begun for other data or settings, or by other code: its checkpoints are not this training's."""
    try:
        begun = TrainingJob.model_validate_json(files.job.read_text("utf-8"))
    except (FileNotFoundError, ValidationError):
        begun = None
    is_same = begun is not None and (begun.digest, begun.code) == (digest, training_code())
    if files.root.exists() and not is_same:
        if any(files.checkpoints.glob("*")):
            inputs.report(f"{stage.upper()}: begun by other code, or of other data or settings; it starts anew")
        shutil.rmtree(files.root)
    files.root.mkdir(parents=True, exist_ok=True)


def _announce(
    stage: TrainingStage,
    inputs: StageInputs,
    prepared: Prepared,
    expected: TrainingForecast,
    config: TrainingConfig,
) -> None:
    name, launch_settings = stage.upper(), config.launch
    inputs.report(
        f"{name}: {prepared.steps} steps, {prepared.tokens} tokens in {launch_settings.processes} process(es), "
        f"about {expected.seconds / 60:.0f} minutes {expected.speed}, and {expected.memory_mb / 1024:.1f} GiB"
    )
    if prepared.dropped:
        inputs.report(f"{name}: {len(prepared.dropped)} rows left out, see {inputs.output / DROPPED_FILE}")
    lines = "".join(row.model_dump_json() + "\n" for row in prepared.dropped)
    write_file(inputs.output / DROPPED_FILE, lines.encode())


def _gather(
    inputs: StageInputs, job: TrainingJob, prepared: Prepared, expected: TrainingForecast, dataset: CertifiedDataset
) -> TrainedAdapter:
    files, folder = WorkFolder(job.work), inputs.output / WEIGHTS_FOLDER
    outcome = WorkerOutcome.model_validate_json(files.outcome.read_text("utf-8"))
    steps = curves.read(files.curve)
    write_weights(files.weights, folder, job)
    record = make_record(job, outcome, steps, expected, dataset.certificate.dataset_digest, prepared)
    record_speed(inputs.cache, inputs.base.digest, job, outcome)
    result = StageResult(
        job_digest=job.digest,
        weights_digest=digest_folder(folder),
        is_full=job.config.full,
        record=record,
        curve=_one_point_a_step(steps),
    )
    write_file(inputs.output / RESULT_FILE, (result.model_dump_json(indent=2) + "\n").encode())
    shutil.rmtree(files.root)
    inputs.report(f"{job.stage.upper()}: {against_forecast(record)}")
    return _adapter(inputs.output, result)


def _one_point_a_step(steps: list[LoggedStep]) -> tuple[CurvePoint, ...]:
    """An evaluation's line repeats its step with the held-out loss added."""
    return tuple({line.point.step: line.point for line in steps}.values())


def _finished(stage: TrainingStage, inputs: StageInputs, digest: str) -> TrainedAdapter | None:
    """What this very training gave, if it has ended; what other code gave is removed."""
    output, path = inputs.output, inputs.output / RESULT_FILE
    if not path.is_file():
        return None
    try:
        result = StageResult.model_validate(json.loads(path.read_text("utf-8")))
    except (ValueError, ValidationError) as error:
        raise TrainingError(f"{path} is not a training's result: {error}", next_step=f"delete {output}") from error
    if result.job_digest != digest:
        raise TrainingError(
            f"{output} holds a training of other data or settings", next_step=f"delete {output} or name another folder"
        )
    if result.record.code != training_code():
        inputs.report(f"{stage.upper()}: trained by other code ({_what_moved(result.record.code)}); it is trained anew")
        path.unlink()
        return None
    if digest_folder(output / WEIGHTS_FOLDER) != result.weights_digest:
        raise TrainingError(f"{output / WEIGHTS_FOLDER} was changed after training", next_step=f"delete {output}")
    return _adapter(output, result)


def _what_moved(before: TrainingCode | None) -> str:
    """What of the code is other than it was, in a few words."""
    if before is None:
        return "of before its version was kept"
    now = training_code()
    libraries = (
        f"{name} {before.libraries.get(name, 'none')} → {now.libraries.get(name, 'none')}"
        for name in sorted(before.libraries.keys() | now.libraries.keys())
        if before.libraries.get(name) != now.libraries.get(name)
    )
    own = [f"twin_train {short(before.digest)} → {short(now.digest)}"] if before.digest != now.digest else []
    return ", ".join([*own, *libraries])


def _adapter(output: Path, result: StageResult) -> TrainedAdapter:
    return TrainedAdapter(
        folder=output / WEIGHTS_FOLDER,
        digest=result.weights_digest,
        is_full=result.is_full,
        record=result.record,
        curve=result.curve,
    )
