"""White space, control characters and accents: what no reader of a text sees, in one form."""

from __future__ import annotations

import unicodedata

import regex

_NEW_LINES = regex.compile(r"\r\n?|[\x85\u2028\u2029]")
# What is both a control character and white space (a form feed, say) is folded, lest it join two words.
_CONTROL = regex.compile(r"[[\p{Cc}\p{Cs}\uFEFF\u00AD\u200B]--[\s\x1C-\x1F]]+", flags=regex.VERSION1)
# Letters with marks, and Korean ones; other canonical forms are left, as some of them look different.
_ACCENTED = regex.compile(r"\p{L}\p{M}+|[\u1100-\u11FF]{2,}")
_SPACES = regex.compile(r"[[\s\x1C-\x1F]--\n]+", flags=regex.VERSION1)
_BLANK_LINES = regex.compile(r"\s*\n\s*")


def tidy(text: str, *, keep_lines: bool = False) -> str:
    """Fold white space and drop control characters; every other character stays as the author set it."""
    if keep_lines:
        return _visible(text).strip("\n").rstrip()
    return folded(text).strip()


def folded(text: str) -> str:
    """The text with each run of white space as one space, or one line feed where it holds one."""
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", _visible(text)))


def _visible(text: str) -> str:
    seen = _CONTROL.sub("", _NEW_LINES.sub("\n", text))
    return _ACCENTED.sub(lambda letter: unicodedata.normalize("NFC", letter[0]), seen)
