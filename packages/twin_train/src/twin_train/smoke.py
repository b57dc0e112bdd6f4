"""The smoke model: 4 million weights built in code, for tests of the whole loop. It answers nonsense, quickly."""

from __future__ import annotations

from pathlib import Path

SMOKE_SOURCE = "smoke"
"""What a recipe writes as `base_model.source`."""
SEED = 20261123
MAX_POSITIONS = 8192
INITIAL_SPREAD = 0.05


def smoke_model(folder: Path, tokenizer_gguf: Path) -> None:
    """Write a Llama of 3.8 million weights, the same on every machine, with the tokenizer and template of a GGUF file.

    Head size and grouping are ones that vLLM serves on a CPU.
    """
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_gguf.parent, gguf_file=tokenizer_gguf.name)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=512,
        num_hidden_layers=6,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=MAX_POSITIONS,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=INITIAL_SPREAD,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = LlamaForCausalLM(config)  # type: ignore[no-untyped-call]
    model = model.bfloat16()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
