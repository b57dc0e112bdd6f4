from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from twin_data.contracts.errors import ModelError, TrainingError
from twin_data.contracts.releases import MachinePrice
from twin_data.contracts.training import TrainingStage
from twin_train import resources
from twin_train.configuration import LaunchSettings, TrainingConfig
from twin_train.forecast import (
    Workload,
    activation_bytes_per_token,
    forecast,
    forecast_memory_mb,
    trained_parameters,
)
from twin_train.model_shape import known_shape, read_shape, shape_of
from twin_train.resources import available_mb, cgroup_mb, check_disk, check_memory
from twin_train.speeds import MeasuredSpeed

SMOLLM2 = shape_of(
    {
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "head_dim": 64,
        "vocab_size": 49152,
        "tie_word_embeddings": True,
    }
)
LOAD = Workload(steps=100, tokens=200_000, longest=1024)
FREE = MachinePrice()
LAYERS = 2
"""Of the small model whose graph is counted."""


def gpu(**launch: Any) -> TrainingConfig:
    settings = {"device": "gpu", "dtype": "bfloat16", "zero_stage": 3, "gradient_checkpointing": True, **launch}
    return TrainingConfig.model_validate(
        {"launch": settings, "sft": {"sequences_per_step": 8}, "dpo": {"pairs_per_step": 8}}
    )


def test_parameters_are_those_of_the_model_card() -> None:
    assert SMOLLM2.parameters == pytest.approx(134_515_008, rel=0.001)
    assert SMOLLM2.adapter_parameters(16, "all-linear") == 4_884_480  # counted by PEFT
    llama = known_shape("meta-llama/Llama-3.1-8B-Instruct")
    qwen = known_shape("Qwen/Qwen3-8B")
    assert llama is not None and llama.parameters == pytest.approx(8.03e9, rel=0.002)
    assert qwen is not None and qwen.parameters == pytest.approx(8.19e9, rel=0.002)
    assert known_shape("nobody/nothing") is None


def test_a_shape_is_read_from_a_model_folder(tiny_model: Path, tmp_path: Path) -> None:
    assert read_shape(tiny_model).layers == 3
    for content in ("", "{", "{}", '{"num_attention_heads": 4}'):
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(ModelError, match="does not describe a model"):
            read_shape(tmp_path)


def test_eight_billion_parameters_are_forecast_without_a_gpu_and_fit_eight_but_not_one() -> None:
    shape = known_shape("meta-llama/Llama-3.1-8B-Instruct")
    assert shape is not None
    eight = forecast_memory_mb(TrainingStage.SFT, LOAD, shape, gpu(processes=8)) / 8
    one_full = forecast_memory_mb(TrainingStage.SFT, LOAD, shape, gpu(processes=1).model_copy(update={"lora": None}))
    assert 2_000 + 1_500 < eight < 24_000
    assert one_full > 100_000


def test_zero_3_on_a_gpu_holds_a_billion_gathered_weights_beside_its_share() -> None:
    shape = known_shape("Qwen/Qwen3-8B")
    assert shape is not None
    few, many = (forecast_memory_mb(TrainingStage.SFT, LOAD, shape, gpu(processes=one)) / one for one in (4, 8))
    share = 2 * shape.parameters + 16 * trained_parameters(shape, gpu(processes=4))
    assert few - many == pytest.approx((share / 4 - share / 8) / 2**20), "of the rest each GPU has its own"
    without = many - 1_050_000_000 * 2 / 2**20
    assert without == pytest.approx(share / 8 / 2**20 + 1500, rel=0.5), "context, adapter, graph, logits and buckets"


def test_zero_3_shares_the_weights_and_zero_2_the_optimizer() -> None:
    full = {"lora": None, "sft": {"sequences_per_step": 8}, "dpo": {"pairs_per_step": 8}}

    large = known_shape("Qwen/Qwen3-8B")
    assert large is not None

    def memory(**launch: Any) -> float:
        config = TrainingConfig.model_validate({**full, "launch": launch})
        shape = large if config.launch.device == "gpu" else SMOLLM2
        return forecast_memory_mb(TrainingStage.SFT, LOAD, shape, config) / config.launch.processes

    on_gpu = {"device": "gpu", "processes": 4}
    assert memory(**on_gpu, zero_stage=3) < memory(**on_gpu, zero_stage=2) < memory(device="gpu", processes=1)
    assert memory(processes=4, zero_stage=3) > memory(processes=4, zero_stage=2)  # measured: the CPU's peak is loading
    assert memory(processes=1, gradient_checkpointing=True) < memory(processes=1)


def test_dpo_takes_more_than_sft_for_the_same_length() -> None:
    config = TrainingConfig()
    sft, dpo = (forecast_memory_mb(stage, LOAD, SMOLLM2, config) for stage in (TrainingStage.SFT, TrainingStage.DPO))
    assert dpo > sft


def test_time_follows_tokens_processes_and_what_was_measured() -> None:
    config, two = TrainingConfig(), Workload(steps=100, tokens=400_000, longest=1024)
    once = forecast(TrainingStage.SFT, LOAD, SMOLLM2, config, price=FREE)
    twice = forecast(TrainingStage.SFT, two, SMOLLM2, config, price=FREE)
    assert once.seconds < twice.seconds < 2 * once.seconds
    speed = MeasuredSpeed(tokens_per_second=100.0, startup_seconds=30.0, peak_memory_mb=1.0)
    known = forecast(TrainingStage.SFT, LOAD, SMOLLM2, config, price=FREE, measured=speed)
    assert known.seconds == 2030.0
    assert (once.measured, known.measured) == (False, True)
    assert once.speed == "at a speed not measured here yet" and "last such run here" in known.speed
    assert (known.tokens, known.steps) == (200_000, 100)
    assert known.memory_mb == once.memory_mb, "a run that took less is no reason to hope"
    heavy = speed.model_copy(update={"peak_memory_mb": 2 * once.memory_mb})
    again = forecast(TrainingStage.SFT, LOAD, SMOLLM2, config, price=FREE, measured=heavy)
    assert again.memory_mb == pytest.approx(2 * once.memory_mb, rel=1e-3)


def test_an_unknown_price_is_no_price_of_nought() -> None:
    speed = MeasuredSpeed(tokens_per_second=200_000 / 3600, startup_seconds=0.0, peak_memory_mb=1.0)
    unknown = forecast(TrainingStage.SFT, LOAD, SMOLLM2, TrainingConfig(), price=FREE, measured=speed)
    priced = MachinePrice(per_hour=2.5, currency="USD")
    known = forecast(TrainingStage.SFT, LOAD, SMOLLM2, TrainingConfig(), price=priced, measured=speed)
    assert (unknown.amount, unknown.currency) == (None, None)
    assert known.amount == pytest.approx(2.5, abs=1e-4)
    assert known.currency == "USD"


@pytest.mark.parametrize(
    ("launch", "dtype"),
    [
        ({"zero_stage": 2, "dtype": "bfloat16"}, "bfloat16"),
        ({"zero_stage": 0, "dtype": "bfloat16"}, "autocast"),
        ({"zero_stage": 0, "dtype": "float32"}, "float32"),
    ],
)
@pytest.mark.parametrize("rows", [1, 4])
def test_what_the_graph_keeps_of_a_token_is_what_is_counted(launch: dict[str, Any], dtype: str, rows: int) -> None:
    """Counted at layers of SmolLM2's shape with adapters, as a training runs them; scarce statistics are left out."""
    config = TrainingConfig.model_validate({"launch": {"processes": 1, **launch}, "lora": {"r": 16}})
    short, long = (kept_bytes(dtype, tokens=tokens, rows=rows) for tokens in (64, 192))
    assert activation_bytes_per_token(SMOLLM2, config) / SMOLLM2.layers == pytest.approx(
        (long - short) / 128 / LAYERS, rel=0.02
    )


def kept_bytes(dtype: str, *, tokens: int, rows: int) -> int:
    """Bytes of the tensors that a forward pass leaves for the way back, weights and their copies among them."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    from twin_train.worker import attention

    small = LlamaConfig(
        vocab_size=64,
        hidden_size=SMOLLM2.hidden,
        intermediate_size=SMOLLM2.intermediate,
        num_hidden_layers=LAYERS,
        num_attention_heads=SMOLLM2.heads,
        num_key_value_heads=SMOLLM2.kv_heads,
        head_dim=SMOLLM2.head_dim,
    )
    small._attn_implementation = attention.register()
    adapter = LoraConfig(r=16, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(LlamaForCausalLM(small), adapter)
    if dtype == "bfloat16":
        model = model.bfloat16()
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    positions = torch.arange(tokens // rows).repeat(rows)[None]
    with (
        torch.autocast("cpu", torch.bfloat16, enabled=dtype == "autocast"),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
    ):
        model.get_base_model().model(input_ids=torch.zeros_like(positions), position_ids=positions, use_cache=False)
    return sum(storage.nbytes() for storage in kept.values())


def test_logits_are_counted_by_the_tokens_that_are_learnt() -> None:
    """TRL's layer scores 32,768 of the vocabulary for all learnt positions at once, and goes back by 31 bytes of each."""
    config = TrainingConfig.model_validate({"launch": {"dtype": "bfloat16"}})
    few, many = (Workload(steps=1, tokens=1, longest=1024, learnt=learnt) for learnt in (100, 800))
    more = forecast_memory_mb(TrainingStage.SFT, many, SMOLLM2, config) - forecast_memory_mb(
        TrainingStage.SFT, few, SMOLLM2, config
    )
    assert more == pytest.approx(2 * 1.3 * 700 * 32768 * 31 / 2**20, rel=1e-6)
    unknown, all_of_them = Workload(steps=1, tokens=1, longest=1024), Workload(1, 1, 1024, learnt=1024)
    assert forecast_memory_mb(TrainingStage.SFT, unknown, SMOLLM2, config) == pytest.approx(
        forecast_memory_mb(TrainingStage.SFT, all_of_them, SMOLLM2, config)
    )


def test_only_named_layers_are_counted() -> None:
    config = TrainingConfig.model_validate({"lora": {"r": 8, "target_modules": ["q_proj", "v_proj"]}})
    assert trained_parameters(SMOLLM2, config) == 30 * 8 * (576 + 576 + 576 + 192)


def test_a_model_that_does_not_fit_is_refused_before_the_start() -> None:
    with pytest.raises(ModelError, match=r"needs about 30.0 GiB, 15.0 GiB are available") as refused:
        check_memory(30 * 1024, 15 * 1024, "tiny")
    assert "gradient_checkpointing" in refused.value.next_step
    check_memory(10, 15, "tiny")


def test_a_container_limit_counts(tmp_path: Path) -> None:
    assert cgroup_mb(tmp_path) == float("inf")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text(f"{300 * 2**20}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {50 * 2**20}\n")
    assert cgroup_mb(tmp_path) == float("inf")
    (tmp_path / "memory.max").write_text(f"{1000 * 2**20}\n")
    assert cgroup_mb(tmp_path) == 750.0


def test_this_machine_has_memory() -> None:
    told = dict(line.split(":", 1) for line in resources.MEMORY_FILE.read_text("ascii").splitlines())
    assert 0 < available_mb(LaunchSettings()) <= int(told["MemTotal"].split()[0]) / 1024


def test_the_memory_of_the_gpus_that_are_used_is_asked_of_their_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "GPU_QUERY", ("printf", "81004, 81559\n6526, 81559\n0, 40960\n"))
    launch = LaunchSettings(device="gpu", processes=2)
    assert available_mb(launch) == 2 * 6526, "each process takes as much as the one with the fullest GPU"
    assert available_mb(launch, emptied=True) == 2 * 81559


def test_only_the_gpus_that_cuda_shows_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of a shared machine's eight, of which the first may be full."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    asked: list[tuple[str, ...]] = []

    def answers(query: tuple[str, ...], **_: Any) -> Any:
        asked.append(query)
        return subprocess.CompletedProcess(query, 0, stdout="100, 200\n300, 400\n")

    monkeypatch.setattr(resources.subprocess, "run", answers)
    launch = LaunchSettings(device="gpu", processes=2)
    assert available_mb(launch) == 2 * 100
    assert asked[0][-1] == "--id=4,5"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(TrainingError, match=r"asks for 2 GPU\(s\), CUDA_VISIBLE_DEVICES= shows 0"):
        available_mb(launch)
    assert len(asked) == 1


@pytest.fixture(autouse=True)
def all_gpus_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    "query", [("printf", "81004, 81559\n"), ("printf", "4\n"), ("false",), ("no-such-program",), ("echo", "No devices")]
)
def test_fewer_gpus_than_processes_are_refused(monkeypatch: pytest.MonkeyPatch, query: tuple[str, ...]) -> None:
    monkeypatch.setattr(resources, "GPU_QUERY", query)
    with pytest.raises(TrainingError, match=r"asks for 4 GPU\(s\), this machine has [01]\b") as refused:
        available_mb(LaunchSettings(device="gpu", processes=4, zero_stage=3))
    assert "device to cpu" in refused.value.next_step


def test_a_disk_without_room_for_checkpoints_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 50 * 2**20

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    with pytest.raises(TrainingError, match="50 MiB free, checkpoints need 168 MiB"):
        check_disk(SMOLLM2, TrainingConfig(), tmp_path)


@pytest.mark.parametrize(
    ("launch", "measured_gib"),
    [
        ({"processes": 1, "zero_stage": 0, "dtype": "float32"}, 3.8),
        ({"processes": 1, "zero_stage": 0, "dtype": "bfloat16"}, 3.2),
        ({"processes": 2, "zero_stage": 2, "dtype": "float32"}, 7.2),
        ({"processes": 2, "zero_stage": 2, "dtype": "bfloat16"}, 5.6),
        ({"processes": 2, "zero_stage": 3, "dtype": "float32"}, 9.1),
    ],
)
def test_memory_is_forecast_within_a_sixth_of_what_was_measured(launch: dict[str, Any], measured_gib: float) -> None:
    """SmolLM2-135M, adapters of rank 16, sequences of 512 tokens, on two cores: `benchmarks.training`."""
    config = TrainingConfig.model_validate({"launch": launch})
    load = Workload(steps=4, tokens=4096, longest=512)
    found = forecast_memory_mb(TrainingStage.SFT, load, SMOLLM2, config) / 1024
    assert found == pytest.approx(measured_gib, rel=1 / 6)
