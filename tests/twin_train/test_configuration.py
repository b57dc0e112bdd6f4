from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from twin_data.contracts.training import TrainingStage
from twin_train import configuration
from twin_train.configuration import LaunchSettings, TrainingConfig


def test_defaults_are_valid_and_survive_a_round_trip() -> None:
    config = TrainingConfig()
    assert TrainingConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"launch": {"processes": 2, "zero_stage": 0}}, "set zero_stage to 2 or 3, or processes to 1"),
        ({"launch": {"processes": 3}, "dpo": {"pairs_per_step": 3}}, "sft.sequences_per_step is 4.*set it to 6"),
        ({"launch": {"processes": 4}, "dpo": {"pairs_per_step": 6}}, "dpo.pairs_per_step is 6.*set it to 8"),
        ({"lora": {"target_modules": []}}, "write all-linear"),
        ({"lora": {"target_modules": ["q_proj", "lm_head"]}}, "cannot be adapted; remove it"),
        ({"launch": {"zero_stage": 1}}, "zero_stage"),
        ({"sft": {"learning_rate": 0}}, "learning_rate"),
        ({"dpo": {"sequence_length": 512}}, "sequence_length"),
    ],
)
def test_what_cannot_work_is_refused_with_the_fix(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        TrainingConfig.model_validate(settings)


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_a_step_holds_the_same_rows_whatever_the_number_of_processes(processes: int) -> None:
    config = TrainingConfig.model_validate({"launch": {"processes": processes}, "dpo": {"pairs_per_step": 8}})
    assert config.accumulation(TrainingStage.SFT) * processes == 4
    assert config.accumulation(TrainingStage.DPO) * processes == 8


def test_null_lora_means_all_weights() -> None:
    assert TrainingConfig.model_validate({"lora": None}).full
    assert not TrainingConfig().full


@pytest.mark.parametrize("faster", [True, False])
def test_auto_takes_what_trains_faster(monkeypatch: pytest.MonkeyPatch, faster: bool) -> None:
    monkeypatch.setattr(configuration, "is_faster_in_bfloat16", lambda: faster)
    assert LaunchSettings().compute_dtype == ("bfloat16" if faster else "float32")
    assert LaunchSettings(device="gpu").compute_dtype == "bfloat16"
    assert LaunchSettings(dtype="bfloat16").compute_dtype == "bfloat16"
    assert LaunchSettings(device="gpu", dtype="float32").compute_dtype == "float32"
