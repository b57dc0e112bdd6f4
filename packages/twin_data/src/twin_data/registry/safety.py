"""What may not lie in a model's folder: code, and formats that run code when they are loaded."""

from __future__ import annotations

import json
from pathlib import Path

from twin_data.contracts.errors import IntegrityError

PICKLE_SUFFIXES = frozenset({".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})
CODE_SUFFIXES = frozenset({".py", ".pyc", ".so"})
REMOTE_CODE_KEY = "auto_map"


def refuse_unsafe_files(folder: Path) -> None:
    """Raise if a folder of weights or a bundle holds anything that could run code.

    Raises:
        IntegrityError: It holds a pickle, a program, a link, or a configuration with `auto_map`.
    """
    for path in sorted(folder.rglob("*")):
        name, suffix = path.relative_to(folder).as_posix(), path.suffix.lower()
        if path.is_symlink() and not path.exists():
            raise _refused(folder, name, "is a link to nothing")
        if suffix in PICKLE_SUFFIXES:
            raise _refused(folder, name, "is a pickle, which runs code when it is loaded", "use safetensors")
        if suffix in CODE_SUFFIXES:
            raise _refused(folder, name, "is code", "use a model that transformers and vLLM know by themselves")
        if suffix == ".json" and path.is_file() and _names_remote_code(path):
            raise _refused(
                folder, name, f"asks for remote code ({REMOTE_CODE_KEY})", "use a model that needs no code of its own"
            )


def _names_remote_code(path: Path) -> bool:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError:
        return False  # not JSON after all, so no loader can take orders from it
    return isinstance(content, dict) and REMOTE_CODE_KEY in content


def _refused(folder: Path, name: str, why: str, next_step: str = "remove it") -> IntegrityError:
    return IntegrityError(f"{folder} is refused: {name} {why}", next_step=next_step)
