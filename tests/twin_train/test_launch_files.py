from __future__ import annotations

import sys
from pathlib import Path

import pytest

from twin_data.contracts.errors import TrainingError
from twin_train.configuration import LaunchSettings, TrainingConfig
from twin_train.job import WorkFolder
from twin_train.launch_files import (
    GRADIENT_BUCKET,
    KERNELS_KEPT,
    accelerate_config,
    check_compiler,
    deepspeed_config,
    free_port,
    launch_command,
    launch_environment,
    write_launch_files,
)

FILES = WorkFolder(Path("/work-folder"))
PLAIN = LaunchSettings(processes=1, zero_stage=0)
GPU = LaunchSettings(processes=8, zero_stage=3, device="gpu", dtype="bfloat16")


def test_one_process_runs_without_deepspeed() -> None:
    config = accelerate_config(PLAIN, FILES)
    assert (config["distributed_type"], config["num_processes"], config["use_cpu"]) == ("NO", 1, True)
    assert "deepspeed_config" not in config
    assert "--main_process_port" not in launch_command(PLAIN, FILES, port=1, parent=2)


@pytest.mark.parametrize("zero_stage", [2, 3])
def test_several_processes_run_on_deepspeed(zero_stage: int) -> None:
    launch = LaunchSettings.model_validate({"processes": 2, "zero_stage": zero_stage})
    config = accelerate_config(launch, FILES)
    assert (config["distributed_type"], config["num_processes"]) == ("DEEPSPEED", 2)
    assert config["deepspeed_config"] == {
        "deepspeed_config_file": "/work-folder/deepspeed.json",
        "zero3_init_flag": False,
    }
    zero = deepspeed_config(TrainingConfig(launch=launch))["zero_optimization"]
    assert isinstance(zero, dict)
    assert zero["stage"] == zero_stage
    assert zero["reduce_bucket_size"] == GRADIENT_BUCKET, "DeepSpeed's own is a GB a buffer"
    assert zero.get("stage3_gather_16bit_weights_on_model_save", False) is (zero_stage == 3)


def test_eight_gpus_load_their_share_only() -> None:
    config = accelerate_config(GPU, FILES)
    assert config["use_cpu"] is False
    assert config["deepspeed_config"] == {
        "deepspeed_config_file": "/work-folder/deepspeed.json",
        "zero3_init_flag": True,
    }
    assert deepspeed_config(TrainingConfig(launch=GPU, sft={"sequences_per_step": 8}, dpo={"pairs_per_step": 8}))[
        "bf16"
    ] == {"enabled": True}


def test_the_command_is_tied_to_its_parent_and_names_the_job() -> None:
    command = launch_command(GPU, FILES, port=29555, parent=4711)
    assert command[:4] == [sys.executable, "-m", "twin_train.launcher", "4711"]
    assert command[-3:] == ["--module", "twin_train.worker", "/work-folder/job.json"]
    assert command[command.index("--main_process_port") + 1] == "29555"


def test_the_environment_is_offline_counted_and_free_of_other_trainings() -> None:
    current = {"PATH": "/usr/bin", "RANK": "3", "WORLD_SIZE": "9", "ACCELERATE_USE_FSDP": "true", "HF_TOKEN": "x"}
    found = launch_environment(LaunchSettings(threads_per_process=3), Path("/cache"), current)
    assert found["OMP_NUM_THREADS"] == "3"
    assert found["HF_HUB_OFFLINE"] == "1"
    assert found["TORCH_EXTENSIONS_DIR"] == "/cache/torch-extensions"
    assert found["DS_ACCELERATOR"] == "cpu"
    assert found["HF_TOKEN"] == "x"
    # There are two caches: with one of them lowered half of the kernels stayed.
    assert {found["LRU_CACHE_CAPACITY"], found["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]} == {str(KERNELS_KEPT)}
    assert not {"RANK", "WORLD_SIZE", "ACCELERATE_USE_FSDP"} & found.keys()
    assert "DS_ACCELERATOR" not in launch_environment(GPU, Path("/cache"), current)


def test_a_missing_compiler_is_told_before_anything_starts(tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path)}
    with pytest.raises(TrainingError, match=r"needs 'g\+\+', which is not on the path") as refused:
        check_compiler(LaunchSettings(), nothing)
    assert "zero_stage to 0" in refused.value.next_step
    with pytest.raises(TrainingError, match="needs 'clang'"):
        check_compiler(LaunchSettings(), {**nothing, "CXX": "clang"})
    check_compiler(PLAIN, nothing)
    check_compiler(GPU, nothing)


def test_files_are_written_for_what_runs(tmp_path: Path) -> None:
    files = WorkFolder(tmp_path)
    write_launch_files(TrainingConfig(launch=PLAIN), files)
    assert files.accelerate.is_file() and not files.deepspeed.exists()
    write_launch_files(TrainingConfig(), files)
    assert files.deepspeed.is_file()


def test_a_free_port_can_be_bound() -> None:
    assert 1024 <= free_port() < 65536
