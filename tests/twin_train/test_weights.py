"""An adapter as it is kept, used as by somebody who has PEFT and not this software."""

from __future__ import annotations

from pathlib import Path

from twin_data.contracts.training import TrainingStage
from twin_train.configuration import TrainingConfig
from twin_train.job import TrainingJob
from twin_train.training_code import training_code
from twin_train.weights import write_weights


def test_a_kept_adapter_is_loaded_by_plain_peft_and_says_the_same(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM

    def base() -> AutoModelForCausalLM:
        return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)

    asked = torch.tensor([[5, 6, 7, 8]])
    trained = get_peft_model(base(), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in trained.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.5)
        wanted, plain = trained(input_ids=asked).logits, base()(input_ids=asked).logits
    trained.save_pretrained(tmp_path / "saved")
    job = TrainingJob(
        stage=TrainingStage.SFT, base_model=tiny_model, base_name="tiny", start=None, steps=1, work=tmp_path,
        has_held_out=False, config=TrainingConfig(), digest="d", code=training_code(),
    )  # fmt: skip
    write_weights(tmp_path / "saved", tmp_path / "adapter", job)
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors",
    ]  # fmt: skip
    assert str(tmp_path) not in (tmp_path / "adapter" / "adapter_config.json").read_text("utf-8")
    with torch.no_grad():
        found = PeftModel.from_pretrained(base(), tmp_path / "adapter")(input_ids=asked).logits
    torch.testing.assert_close(found, wanted)
    assert (found - plain).abs().max() > 1e-2
