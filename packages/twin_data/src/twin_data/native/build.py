"""Compile the kernels on first use and load them.

The library lies in the cache folder under the digest of everything it depends on, so that another machine, compiler or
version of the sources compiles its own and no two processes disturb each other.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from twin_data.configuration.home import cache_folder
from twin_data.configuration.processor import CPU_INFO
from twin_data.contracts.digests import digest_value
from twin_data.contracts.errors import PlatformError
from twin_data.native import unicode_tables

_SOURCES = Path(__file__).parent
_FLAGS = ("-std=c++17", "-O3", "-march=native", "-fPIC", "-shared", "-pthread")


@cache
def library() -> ctypes.CDLL:
    """The kernels of this machine.

    Raises:
        PlatformError: There is no C++ compiler, or it fails.
    """
    compiler = os.environ.get("CXX", "g++")
    version = _output([compiler, "--version"])
    sources = sorted(path for path in _SOURCES.iterdir() if path.suffix in {".cpp", ".hpp"})
    key = digest_value(
        [[path.name, path.read_text("utf-8")] for path in sources]
        + [[*_FLAGS], version, _processor(), list(unicode_tables.versions())]
    )
    path = cache_folder() / "native" / f"{key[:24]}.so"
    if not path.exists():
        _compile(compiler, [source for source in sources if source.suffix == ".cpp"], path)
    return ctypes.CDLL(str(path))


def _compile(compiler: str, sources: list[Path], library_path: Path) -> None:
    library_path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library_path.parent) as folder:
        (Path(folder) / "unicode_tables.h").write_text(unicode_tables.header(), "utf-8")
        built = Path(folder) / "kernels.so"
        _output([compiler, *_FLAGS, "-I", folder, "-I", str(_SOURCES), *map(str, sources), "-o", str(built)])
        built.replace(library_path)


def _output(command: list[str]) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise PlatformError(
            f"the C++ compiler {command[0]!r} is not there", next_step="apt-get install g++, or name one in $CXX"
        ) from error
    if ran.returncode:
        raise PlatformError(
            f"{' '.join(command[:2])} … ended with {ran.returncode}: {ran.stderr[-1500:]}",
            next_step="apt-get install g++ (12 or later), or name another compiler in $CXX",
        )
    return ran.stdout


def _processor() -> str:
    """What `-march=native` looks at."""
    lines = CPU_INFO.read_text("utf-8", errors="replace").splitlines() if CPU_INFO.is_file() else []
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(("flags", "model", "vendor_id"))))
