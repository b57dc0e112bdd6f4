"""Which code answers: what an evaluation asked of other code is not an answer of this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import twin_data
import twin_serve
from twin_data.contracts.digests import digest_sources, digest_value, short

CODE_HEADER = "X-Twin-Code"
"""Of the list of models: `answering_code()`."""
_SHARED = ("prompts", "scoring")
"""The parts of the data package that an answer is made with."""


@cache
def answering_code() -> str:
    """The first digits of the digest of the code that answers are made by."""
    shared = Path(twin_data.__file__).parent
    folders = [Path(twin_serve.__file__).parent, *(shared / name for name in _SHARED)]
    return short(digest_value([digest_sources(folder) for folder in folders]))
