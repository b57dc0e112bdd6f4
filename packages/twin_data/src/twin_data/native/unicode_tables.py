"""The Unicode tables of the kernels, taken from Python's own, so that both agree on what a letter is."""

from __future__ import annotations

import sys
import unicodedata

import numpy as np
import numpy.typing as npt
import regex

_CODE_POINTS = sys.maxunicode + 1
_SURROGATES = range(0xD800, 0xE000)
_BLOCK = 128
SEVERAL = 0x40000000
"""Marks a fold to several code points; the lower bits say which row of the list."""
CLASSES = {1: r"\p{L}", 2: r"\p{M}", 3: r"\p{N}"}
SPACE = 4
PUNCTUATION, TERMINAL = 8, 16
"""Flags beside the class: what FineWeb counts as punctuation, and the part of it that may end a sentence."""
_TERMINAL = r"[\p{Sentence_Terminal}\u17d6\u17d9\u17da]"
_PUNCTUATION = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~«´»\u2013\u2014“”„’…∶━►、。〈〉《》「」【】％（），．１：；？！～"""
    r"""\x00-\x08\x0b-\x1f\x7f-\x9f]"""
)


def versions() -> tuple[str, str]:
    """What the tables depend on: the versions of the Unicode data of `str` and of `regex`."""
    return unicodedata.unidata_version, str(regex.__version__)


def header() -> str:
    """A C++ header with the class and the case folding of every code point, in two stages of 128 each."""
    everything = "".join(chr(point) for point in range(_CODE_POINTS) if point not in _SURROGATES)
    classes = np.zeros(_CODE_POINTS, np.int32)
    for number, pattern in CLASSES.items():
        classes[[ord(one) for one in regex.findall(pattern, everything)]] = number
    classes[[ord(one) for one in everything if one.isspace()]] = SPACE
    for flag, pattern in ((PUNCTUATION, f"{_PUNCTUATION}|{_TERMINAL}"), (TERMINAL, _TERMINAL)):
        classes[[ord(one) for one in regex.findall(pattern, everything)]] |= flag
    folds = np.zeros(_CODE_POINTS, np.int32)
    several: list[str] = []
    for one in everything:
        folded = one.casefold()
        if len(folded) == 1:
            folds[ord(one)] = ord(folded) - ord(one)
        else:
            folds[ord(one)] = SEVERAL | len(several)
            several.append(folded)
    rows = ",".join("{" + ",".join(str(ord(c)) for c in one.ljust(3, "\0")) + "}" for one in several)
    return "\n".join(
        [
            "#pragma once",
            "#include <cstdint>",
            f"constexpr int32_t SEVERAL = {SEVERAL};",
            *_two_stages("CLASS", classes, "uint8_t"),
            *_two_stages("FOLD", folds, "int32_t"),
            f"static const int32_t FOLD_SEVERAL[][3] = {{{rows}}};",
            "",
        ]
    )


def _two_stages(name: str, values: npt.NDArray[np.int32], kind: str) -> list[str]:
    blocks, index = np.unique(values.reshape(-1, _BLOCK), axis=0, return_inverse=True)
    first = ",".join(map(str, index.reshape(-1)))
    second = ",".join(map(str, blocks.reshape(-1)))
    return [
        f"static const uint16_t {name}_INDEX[] = {{{first}}};",
        f"static const {kind} {name}_BLOCKS[] = {{{second}}};",
    ]
