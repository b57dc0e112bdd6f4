"""What this machine's processor does in hardware, as far as it decides how models run on it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})


@cache
def multiplies_bfloat16(cpu_info: Path = CPU_INFO) -> bool:
    """Whether the processor multiplies in bfloat16 itself.

    Where it does not, bfloat16 is emulated: a matrix product then takes more than four times as long as in float32,
    where with it a product takes half as long. A hypervisor may hide what the processor could do.
    """
    if not cpu_info.is_file():
        return False
    lines = cpu_info.read_text("utf-8", errors="replace").splitlines()
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())
