"""What a training process checks of itself, without a training."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from twin_data.contracts.training import TrainingStage
from twin_train.configuration import TrainingConfig
from twin_train.job import FailureKind, TrainingJob
from twin_train.training_code import training_code
from twin_train.worker.run import DistributionError, _check_distribution, _kind


def job(tmp_path: Path, **launch: Any) -> TrainingJob:
    return TrainingJob(
        stage=TrainingStage.SFT, base_model=tmp_path, base_name="tiny", start=None, steps=9, work=tmp_path,
        has_held_out=False, config=TrainingConfig.model_validate({"launch": launch}), digest="d",
        code=training_code(),
    )  # fmt: skip


def trainer(processes: int, kind: str, zero_stage: int, device: str) -> Any:
    """As far as the check looks: what Accelerate says it has set up."""
    plugin = SimpleNamespace(zero_stage=zero_stage) if kind == "DEEPSPEED" else None
    state = SimpleNamespace(
        num_processes=processes,
        distributed_type=SimpleNamespace(value=kind),
        device=SimpleNamespace(type=device),
        deepspeed_plugin=plugin,
    )
    return SimpleNamespace(accelerator=SimpleNamespace(state=state))


@pytest.mark.parametrize(
    ("launch", "found"),
    [
        ({"processes": 1, "zero_stage": 0}, (1, "NO", 0, "cpu")),
        ({"processes": 2, "zero_stage": 2}, (2, "DEEPSPEED", 2, "cpu")),
        ({"processes": 4, "zero_stage": 3, "device": "gpu"}, (4, "DEEPSPEED", 3, "cuda")),
    ],
)
def test_processes_that_run_as_the_recipe_asks_go_on(
    tmp_path: Path, launch: dict[str, Any], found: tuple[int, str, int, str]
) -> None:
    _check_distribution(job(tmp_path, **launch), trainer(*found))


@pytest.mark.parametrize(
    "found",
    [
        (1, "DEEPSPEED", 2, "cpu"),  # a world of one, of which Accelerate says nothing
        (2, "MULTI_CPU", 0, "cpu"),
        (2, "NO", 0, "cpu"),
        (2, "DEEPSPEED", 3, "cpu"),
        (2, "DEEPSPEED", 2, "cuda"),
    ],
)
def test_processes_that_run_otherwise_are_stopped_with_both_named(
    tmp_path: Path, found: tuple[int, str, int, str]
) -> None:
    with pytest.raises(DistributionError) as stopped:
        _check_distribution(job(tmp_path, processes=2, zero_stage=2), trainer(*found))
    assert f"are {found}, the recipe asks {(2, 'DEEPSPEED', 2, 'cpu')}" in str(stopped.value)
    assert _kind(stopped.value) is FailureKind.DISTRIBUTION


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_that_is_no_number_is_saved_in_no_checkpoint(number: float) -> None:
    """A loss may still be finite in the step that ruined a weight."""
    import torch

    from twin_train.worker.watch import Finite, NonFiniteError

    class Trainer:
        saved = 0

        def __init__(self, model: torch.nn.Module) -> None:
            self.model = model

        def _save_checkpoint(self, model: Any, trial: Any) -> None:
            self.saved += 1

    class FiniteTrainer(Finite, Trainer):
        pass

    model = torch.nn.Linear(2, 1)
    careful = FiniteTrainer(model)
    careful._save_checkpoint(model, None)
    assert careful.saved == 1
    with torch.no_grad():
        model.weight[0, 1] = number
    with pytest.raises(NonFiniteError, match="the weight weight became NaN or infinite") as stopped:
        careful._save_checkpoint(model, None)
    assert careful.saved == 1
    assert _kind(stopped.value) is FailureKind.NON_FINITE
    model.weight.requires_grad_(False)
    careful._save_checkpoint(model, None)
    assert careful.saved == 2, "a frozen weight is the base model's affair"


def test_a_loss_that_is_no_number_stops_before_the_optimizer_steps() -> None:
    import torch

    from twin_train.worker.watch import Finite, NonFiniteError

    class Trainer:
        def training_step(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
            return torch.tensor(float(inputs["loss"]))

    class FiniteTrainer(Finite, Trainer):
        pass

    ids = torch.ones(1, 4, dtype=torch.long)
    careful = FiniteTrainer()
    assert careful.training_step(None, {"input_ids": ids, "loss": 2.5}).item() == 2.5
    for loss in ("nan", "inf"):
        with pytest.raises(NonFiniteError, match=f"the loss became {loss}"):
            careful.training_step(None, {"input_ids": ids, "loss": loss})


@pytest.mark.parametrize(("reached", "trained"), [(2, 1), (3, 0)])
def test_a_run_that_had_reached_its_last_step_trains_none_more(reached: int, trained: int) -> None:
    """The last step lies within an epoch; Transformers looks after a step alone whether it is reached."""
    from twin_train.worker.watch import Finite

    class Trainer:
        def __init__(self) -> None:
            self.state = SimpleNamespace(global_step=reached, max_steps=3)
            self.control = SimpleNamespace(should_training_stop=False)

        def _run_epoch(self, *, epoch: int) -> None:
            self.state.global_step += 1
            self.control.should_training_stop = self.state.global_step >= self.state.max_steps

    class FiniteTrainer(Finite, Trainer):
        pass

    careful = FiniteTrainer()
    careful._run_epoch(epoch=0)
    assert careful.state.global_step == reached + trained == 3
    assert careful.control.should_training_stop
