"""Which code trains: this package's, and the libraries whose release decides what comes of the same rows."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import twin_train
from twin_data.contracts.digests import digest_sources
from twin_data.contracts.training import TrainingCode

LIBRARIES = ("accelerate", "deepspeed", "peft", "torch", "transformers", "trl")


@cache
def training_code() -> TrainingCode:
    """The code that this process trains with, as it was when first asked for."""
    return TrainingCode(digest=digest_sources(Path(twin_train.__file__).parent), libraries=_versions())


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # then no training of this machine uses it
            continue
    return found
