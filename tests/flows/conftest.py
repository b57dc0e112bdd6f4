from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .bench import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    from .bench import Bench  # Prefect takes seconds to import, and the tests of the platform need none

    return Bench(tmp_path, monkeypatch)
