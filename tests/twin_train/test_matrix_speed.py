from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from twin_train import matrix_speed
from twin_train.matrix_speed import MATRIX_SPEED_FILE, MatrixSpeed, is_faster_in_bfloat16, measure


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own, on a machine that multiplies in bfloat16."""
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path))
    monkeypatch.setattr(matrix_speed, "multiplies_bfloat16", lambda: True)
    is_faster_in_bfloat16.cache_clear()
    yield tmp_path / MATRIX_SPEED_FILE
    is_faster_in_bfloat16.cache_clear()


def measured(monkeypatch: pytest.MonkeyPatch, *, bfloat16_s: float, float32_s: float) -> list[MatrixSpeed]:
    """Have a measurement say this; the list holds one entry for each."""
    made: list[MatrixSpeed] = []

    def fake() -> MatrixSpeed:
        made.append(MatrixSpeed(machine=matrix_speed._machine(), bfloat16_s=bfloat16_s, float32_s=float32_s))
        return made[-1]

    monkeypatch.setattr(matrix_speed, "measure", fake)
    return made


@pytest.mark.parametrize(("bfloat16_s", "faster"), [(0.5, True), (1.3, False)])
def test_the_faster_one_is_taken_and_measured_once(
    monkeypatch: pytest.MonkeyPatch, bfloat16_s: float, faster: bool
) -> None:
    made = measured(monkeypatch, bfloat16_s=bfloat16_s, float32_s=1.0)
    assert is_faster_in_bfloat16() is faster
    is_faster_in_bfloat16.cache_clear()  # as in another process
    assert is_faster_in_bfloat16() is faster
    assert len(made) == 1


@pytest.mark.parametrize("text", ["", "{}", '{"machine": "another", "bfloat16_s": 1, "float32_s": 2}'])
def test_what_does_not_fit_this_machine_is_measured_anew(
    monkeypatch: pytest.MonkeyPatch, kept: Path, text: str
) -> None:
    kept.write_text(text, "utf-8")
    made = measured(monkeypatch, bfloat16_s=2.0, float32_s=1.0)
    assert not is_faster_in_bfloat16()
    assert MatrixSpeed.model_validate_json(kept.read_text("utf-8")) == made[0]


def test_a_processor_without_bfloat16_is_not_measured(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    monkeypatch.setattr(matrix_speed, "multiplies_bfloat16", lambda: False)
    assert not is_faster_in_bfloat16()
    assert not kept.exists()


def test_a_real_measurement_leaves_the_threads_as_they_were() -> None:
    before = torch.get_num_threads()
    found = measure()
    assert found.bfloat16_s > 0 and found.float32_s > 0
    assert torch.get_num_threads() == before
