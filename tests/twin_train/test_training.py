"""Real training of a model of 40,000 weights: what it gives does not depend on processes, kills and resumptions."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from twin_data.contracts.datasets import DatasetKind
from twin_data.contracts.errors import ModelError, TrainingError
from twin_data.contracts.releases import ModelReference
from twin_data.contracts.training import CurvePoint
from twin_train import dpo, sft
from twin_train.configuration import TrainingConfig
from twin_train.stage import StageInputs, TrainedAdapter

STEPS = 100
SAVE_STEPS = 10
KILL_FROM_STEP = 25
PARITY_STEPS = 40
DEADLINE_S = 180.0

RUN_ALONE = """
import sys
from pathlib import Path
from twin_data.contracts.releases import ModelReference
from twin_train import dpo, sft
from twin_train.configuration import TrainingConfig
from twin_train.stage import StageInputs
stage, model, dataset, output, cache, config, *start = sys.argv[1:]
base = ModelReference(name="tiny", source="test", digest="t" * 64, licence="Apache-2.0")
inputs = StageInputs(
    base_model=Path(model), base=base, dataset=Path(dataset), output=Path(output), cache=Path(cache),
    start=Path(start[0]) if start else None,
)
{"sft": sft, "dpo": dpo}[stage].run(inputs, config=TrainingConfig.model_validate_json(config))
"""


def settings(*, processes: int = 1, zero_stage: int = 0, **sft_settings: object) -> TrainingConfig:
    stage = {"epochs": 100, "max_steps": STEPS, "save_steps": SAVE_STEPS, "sequence_length": 128, "learning_rate": 5e-3}
    return TrainingConfig.model_validate(
        {
            "lora": {"r": 4, "alpha": 8, "dropout": 0.1},
            "sft": {**stage, **sft_settings},
            "dpo": {"epochs": 10, "max_steps": 12, "learning_rate": 5e-3, "max_length": 128},
            "launch": {
                "processes": processes,
                "zero_stage": zero_stage,
                "threads_per_process": 1,
                "dtype": "float32",
                "timeout_s": 300,
            },
        }
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled extensions are kept between test runs where the user's cache can be written."""
    kept = Path(os.environ.get("TWIN_CACHE", Path.home() / ".cache" / "llm-twin")) / "torch-extensions"
    folder = tmp_path_factory.mktemp("cache")
    kept.mkdir(parents=True, exist_ok=True)
    (folder / "torch-extensions").symlink_to(kept)
    return folder


@pytest.fixture(scope="module")
def instructions(tmp_path_factory: pytest.TempPathFactory, dataset_writer: Callable[..., Path]) -> Path:
    return dataset_writer(tmp_path_factory.mktemp("instructions"), DatasetKind.INSTRUCTIONS)


@pytest.fixture(scope="module")
def inputs(
    tiny_model: Path, tiny_reference: ModelReference, instructions: Path, cache: Path
) -> Callable[..., StageInputs]:
    def make(output: Path, **changes: object) -> StageInputs:
        given = {"base_model": tiny_model, "base": tiny_reference, "dataset": instructions, "cache": cache, **changes}
        return StageInputs(output=output, **given)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="module")
def points() -> list[CurvePoint]:
    return []


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, inputs: Callable[..., StageInputs], points: list[CurvePoint]
) -> TrainedAdapter:
    """The undisturbed run on one process, with which the others are compared."""
    return sft.run(inputs(tmp_path_factory.mktemp("alone"), on_point=points.append), config=settings())


def largest_difference(first: TrainedAdapter, second: TrainedAdapter) -> float:
    one, other = (load_file(trained.folder / "adapter_model.safetensors") for trained in (first, second))
    assert one.keys() == other.keys()
    return max(float(abs(one[name] - other[name]).max()) for name in one)


def workers_of(output: Path) -> list[int]:
    """Process ids of training processes that work on `output`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"twin_train.worker" in command and str(output).encode() in b" ".join(command) and b"-m" in command[:4]:
            found.append(int(entry.name))
    return found


def killed_with_its_parent(stage: str, given: StageInputs, config: TrainingConfig) -> int:
    """A training in a process of its own, which is killed when a quarter is done; the steps it had reached."""
    output, start = given.output, [str(given.start)] if given.start else []
    arguments = [str(one) for one in (given.base_model, given.dataset, output, given.cache)]
    command = [sys.executable, "-c", RUN_ALONE, stage, *arguments, config.model_dump_json(), *start]
    parent = subprocess.Popen(command)
    try:
        curve = output / "work" / "curve.jsonl"
        wait_until(lambda: curve.is_file() and curve.read_bytes().count(b"\n") >= KILL_FROM_STEP, "no curve")
        assert workers_of(output)
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not workers_of(output), "training processes outlived their parent")
    if (output / "work" / "outcome.json").is_file():
        pytest.skip("the run was faster than the kill")
    return curve.read_bytes().count(b"\n")


def assert_the_same(finished: TrainedAdapter, undisturbed: TrainedAdapter) -> None:
    assert finished.digest == undisturbed.digest
    assert [point.loss for point in finished.curve] == [point.loss for point in undisturbed.curve]
    assert finished.record.tokens == undisturbed.record.tokens


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_a_rule_is_learnt_and_a_plain_adapter_comes_out(trained: TrainedAdapter, points: list[CurvePoint]) -> None:
    record = trained.record
    assert record.final_loss < record.first_loss / 2
    assert record.eval_loss is not None and record.eval_loss < record.first_loss
    assert (record.steps, record.world_size, record.distributed_type, record.zero_stage) == (STEPS, 1, "NO", 0)
    assert [point.step for point in trained.curve] == list(range(1, STEPS + 1))
    assert tuple(points[: STEPS - 1]) == trained.curve[:-1]
    assert points[-1] == trained.curve[-1] and points[-1].eval_loss == record.eval_loss
    assert record.forecast is not None and record.tokens == pytest.approx(record.forecast.tokens, rel=0.05)
    assert sorted(path.name for path in trained.folder.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    config = json.loads((trained.folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"
    assert str(trained.folder.parent) not in json.dumps(config)
    assert sorted(path.name for path in trained.folder.parent.iterdir()) == [
        ".lock",
        "adapter",
        "dropped.jsonl",
        "result.json",
    ]


def test_a_finished_training_is_returned_and_another_one_is_not_mistaken_for_it(
    trained: TrainedAdapter, inputs: Callable[..., StageInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = inputs(trained.folder.parent)
    with monkeypatch.context() as patched:
        patched.setattr("twin_train.stage.launch", lambda *_, **__: pytest.fail("it was trained once more"))
        assert sft.run(again, config=settings()) == trained
    with pytest.raises(TrainingError, match="holds a training of other data or settings"):
        sft.run(again, config=settings(seed=1))


def test_a_stage_that_is_off_is_not_run(tmp_path: Path, inputs: Callable[..., StageInputs]) -> None:
    with pytest.raises(TrainingError, match="SFT is off"):
        sft.run(inputs(tmp_path / "out"), config=settings(enabled=False))


def test_a_start_adapter_that_is_not_there_is_refused(tmp_path: Path, inputs: Callable[..., StageInputs]) -> None:
    with pytest.raises(ModelError, match="no adapter"):
        sft.run(inputs(tmp_path / "out", start=tmp_path / "nowhere"), config=settings())


@pytest.mark.integration
def test_a_run_killed_with_its_parent_goes_on_to_the_very_same_adapter(
    tmp_path: Path, trained: TrainedAdapter, inputs: Callable[..., StageInputs]
) -> None:
    given = inputs(tmp_path / "killed")
    reached = killed_with_its_parent("sft", given, settings())
    finished = sft.run(given, config=settings())
    assert finished.record.resumed_at == (reached // SAVE_STEPS * SAVE_STEPS,)
    assert_the_same(finished, trained)


@pytest.mark.integration
@pytest.mark.parametrize(("processes", "zero_stage"), [(1, 0), (2, 2)])
def test_a_run_killed_after_its_last_checkpoint_trains_no_step_more(
    tmp_path: Path,
    inputs: Callable[..., StageInputs],
    monkeypatch: pytest.MonkeyPatch,
    processes: int,
    zero_stage: int,
) -> None:
    """Its last step lies within an epoch."""
    config = settings(processes=processes, zero_stage=zero_stage, max_steps=7, save_steps=3)
    undisturbed = sft.run(inputs(tmp_path / "calm"), config=config)
    given = inputs(tmp_path / "killed")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("twin_train.stage._gather", killed)
        with pytest.raises(KeyboardInterrupt):
            sft.run(given, config=config)
    work = given.output / "work"
    state = json.loads((work / "checkpoints" / "checkpoint-7" / "trainer_state.json").read_text("utf-8"))
    assert state["epoch"] % 1, "the last step ends an epoch"
    shutil.rmtree(work / "weights")
    (work / "outcome.json").unlink()
    finished = sft.run(given, config=config)
    assert (finished.record.resumed_at, finished.record.steps) == ((7,), 7)
    assert_the_same(finished, undisturbed)
    assert finished.record.eval_loss == undisturbed.record.eval_loss == finished.curve[-1].eval_loss


@pytest.mark.integration
@pytest.mark.parametrize(
    ("processes", "zero_stage"), [(1, 0), pytest.param(2, 2, marks=pytest.mark.slow, id="two processes of DeepSpeed")]
)
def test_a_dpo_run_killed_with_its_parent_goes_on_to_the_very_same_adapter(
    tmp_path: Path,
    trained: TrainedAdapter,
    inputs: Callable[..., StageInputs],
    dataset_writer: Callable[..., Path],
    processes: int,
    zero_stage: int,
) -> None:
    pairs = dataset_writer(tmp_path / "pairs", DatasetKind.PREFERENCES)
    config = settings(processes=processes, zero_stage=zero_stage)
    longer = config.dpo.model_copy(update={"max_steps": PARITY_STEPS, "save_steps": SAVE_STEPS})
    config = config.model_copy(update={"dpo": longer})
    undisturbed = dpo.run(inputs(tmp_path / "calm", dataset=pairs, start=trained.folder), config=config)
    given = inputs(tmp_path / "killed", dataset=pairs, start=trained.folder)
    reached = killed_with_its_parent("dpo", given, config)
    finished = dpo.run(given, config=config)
    assert finished.record.resumed_at == (reached // SAVE_STEPS * SAVE_STEPS,)
    assert_the_same(finished, undisturbed)
    assert finished.record.preference_accuracy == undisturbed.record.preference_accuracy


@pytest.mark.integration
@pytest.mark.slow
def test_a_disk_that_fills_up_is_told_and_with_room_again_the_run_ends_in_the_very_same_adapter(
    tmp_path: Path,
    trained: TrainedAdapter,
    inputs: Callable[..., StageInputs],
    tiny_disk: Callable[[Path, int], AbstractContextManager[None]],
) -> None:
    disk = tmp_path / "disk"
    with tiny_disk(disk, 4096):
        output, ballast = disk / "out", disk / "ballast"

        def fill(point: CurvePoint) -> None:
            if point.step >= KILL_FROM_STEP and not ballast.exists():
                with suppress(OSError), ballast.open("wb", buffering=0) as stream:
                    while True:
                        stream.write(b"x" * 4096)

        with pytest.raises(TrainingError, match=f"the disk of {output}/work is full: SFT training stopped") as full:
            sft.run(inputs(output, on_point=fill), config=settings())
        assert "free space, then run the same command again; it goes on from step" in full.value.next_step
        assert not (output / "adapter").exists()
        ballast.unlink()
        finished = sft.run(inputs(output), config=settings())
        assert finished.record.resumed_at and finished.record.resumed_at[0] >= SAVE_STEPS
        assert finished.digest == trained.digest
        assert [point.loss for point in finished.curve] == [point.loss for point in trained.curve]


@pytest.mark.integration
def test_two_processes_survive_the_loss_of_one_and_agree_with_one_process(
    tmp_path: Path, without_dropout: TrainedAdapter, inputs: Callable[..., StageInputs]
) -> None:
    output, config = tmp_path / "two", _without_dropout(settings(processes=2, zero_stage=2))
    killed: list[int] = []

    def kill_one(point: CurvePoint) -> None:
        if point.step >= KILL_FROM_STEP and not killed:
            killed.append(max(workers_of(output)))
            os.kill(killed[0], signal.SIGKILL)

    with pytest.raises(TrainingError, match=r"one of 2 training processes was killed by SIGKILL") as broken:
        sft.run(inputs(output, on_point=kill_one), config=config)
    assert "goes on from step" in broken.value.next_step
    assert not workers_of(output)
    two = sft.run(inputs(output), config=config)
    assert two.record.resumed_at and two.record.resumed_at[0] >= KILL_FROM_STEP // SAVE_STEPS * SAVE_STEPS
    assert (two.record.world_size, two.record.distributed_type, two.record.zero_stage) == (2, "DEEPSPEED", 2)
    assert_parity(two, without_dropout)


@pytest.mark.integration
def test_zero_3_agrees_with_one_process_and_saves_a_whole_adapter(
    tmp_path: Path, inputs: Callable[..., StageInputs], without_dropout: TrainedAdapter
) -> None:
    two = sft.run(inputs(tmp_path / "two"), config=_without_dropout(settings(processes=2, zero_stage=3)))
    assert (two.record.world_size, two.record.distributed_type, two.record.zero_stage) == (2, "DEEPSPEED", 3)
    assert_parity(two, without_dropout)


def assert_parity(two: TrainedAdapter, one: TrainedAdapter) -> None:
    """Sums over two processes round differently, and the steps carry that on; early losses agree closely."""
    losses, wanted = ([point.loss for point in trained.curve] for trained in (two, one))
    assert losses[:20] == pytest.approx(wanted[:20], abs=1e-4)
    assert losses == pytest.approx(wanted, abs=2e-2)
    assert two.record.eval_loss == pytest.approx(one.record.eval_loss, abs=2e-2)
    assert two.record.tokens == one.record.tokens
    assert largest_difference(two, one) < 2e-2


@pytest.fixture(scope="module")
def without_dropout(tmp_path_factory: pytest.TempPathFactory, inputs: Callable[..., StageInputs]) -> TrainedAdapter:
    return sft.run(inputs(tmp_path_factory.mktemp("plain")), config=_without_dropout(settings()))


def _without_dropout(config: TrainingConfig) -> TrainingConfig:
    assert config.lora is not None
    fewer = config.sft.model_copy(update={"max_steps": PARITY_STEPS})
    return config.model_copy(update={"lora": config.lora.model_copy(update={"dropout": 0.0}), "sft": fewer})


@pytest.mark.integration
def test_dpo_goes_on_from_the_sft_adapter_and_prefers_pairs_it_never_saw(
    tmp_path: Path,
    trained: TrainedAdapter,
    inputs: Callable[..., StageInputs],
    dataset_writer: Callable[..., Path],
) -> None:
    pairs = dataset_writer(tmp_path / "pairs", DatasetKind.PREFERENCES, held_out=20)
    given = inputs(tmp_path / "dpo", dataset=pairs, start=trained.folder)
    found = dpo.run(given, config=settings())
    assert found.curve[0].loss == pytest.approx(0.6931, abs=1e-3)  # policy and reference are the same adapter
    assert found.record.final_loss < found.record.first_loss
    accuracy = found.record.preference_accuracy
    assert accuracy is not None and accuracy.n == 20
    assert accuracy.low > 0.5, found.record.preference_effect
    assert found.record.preference_effect.startswith("prefers the chosen side")
    assert 0 < largest_difference(found, trained)
    assert sorted(path.name for path in found.folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]


@pytest.mark.integration
def test_the_chosen_sides_likelihood_counts_in_dpo_by_its_weight(
    tmp_path: Path,
    trained: TrainedAdapter,
    inputs: Callable[..., StageInputs],
    dataset_writer: Callable[..., Path],
) -> None:
    pairs = dataset_writer(tmp_path / "pairs", DatasetKind.PREFERENCES)
    given = inputs(tmp_path / "dpo", dataset=pairs, start=trained.folder)
    config = settings()
    once = config.dpo.model_copy(update={"max_steps": 1, "sft_weight": 0.5})
    found = dpo.run(given, config=config.model_copy(update={"dpo": once}))
    likelihood = (found.curve[0].loss - 0.6931) / 0.5  # policy and reference are the same adapter at the first step
    assert 0.5 < likelihood < 12, "nats a token of a model with a few thousand words"


@pytest.mark.integration
def test_a_loss_that_is_no_number_stops_the_run_and_leaves_no_adapter(
    tmp_path: Path, tiny_model: Path, inputs: Callable[..., StageInputs]
) -> None:
    broken = tmp_path / "model"
    broken.mkdir()
    for path in tiny_model.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"][:] = float("nan")
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(TrainingError, match=r"was stopped at step 0 of 100: .*the loss became nan") as stopped:
        sft.run(inputs(tmp_path / "out", base_model=broken), config=settings())
    assert "learning_rate" in stopped.value.next_step
    assert not (tmp_path / "out" / "adapter").exists()
