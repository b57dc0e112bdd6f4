from __future__ import annotations

from pathlib import Path

import pytest

from twin_data.configuration.processor import multiplies_bfloat16


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_vnni\nbugs\t\t: none\n", False),
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16\n", True),
        ("processor\t: 0\nflags\t\t: fpu amx_bf16 amx_tile\n", True),
        ("processor\t: 0\nmodel name\t: avx512_bf16\nflags\t\t: fpu\n", False),
        ("processor\t: 0\n", False),
    ],
)
def test_what_the_flags_say(tmp_path: Path, info: str, expected: bool) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(info, "utf-8")
    assert multiplies_bfloat16(path) is expected


def test_a_system_that_tells_nothing_is_taken_for_one_without(tmp_path: Path) -> None:
    assert multiplies_bfloat16(tmp_path / "cpuinfo") is False
