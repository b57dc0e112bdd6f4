"""Which code answers: what an evaluation asked of other code is not an answer of this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import twin_data
import twin_serve
from twin_data.contracts.digests import digest_file, digest_sources, digest_value, short

SHARED = (
    "prompts",
    "scoring",
    "store/search.py",
    "contracts/answers.py",
    "contracts/base.py",
    "contracts/documents.py",
    "contracts/releases.py",
)
"""The parts of the data package that an answer is made with: they prompt, query and check, and hold the defaults."""


@cache
def answering_code() -> str:
    """The first digits of the digest of the code that answers are made by."""
    shared = Path(twin_data.__file__).parent
    parts = [Path(twin_serve.__file__).parent, *(shared / name for name in SHARED)]
    return short(digest_value([_digest(part) for part in parts]))


def _digest(part: Path) -> str:
    return digest_sources(part) if part.is_dir() else digest_file(part)
