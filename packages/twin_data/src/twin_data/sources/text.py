"""Bytes to text, and text to paragraphs, without touching what the author wrote."""

from __future__ import annotations

import codecs
import re
import unicodedata
from itertools import islice
from pathlib import Path

import charset_normalizer
import regex

from twin_data.sources.reader import Unreadable

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A free guess over a hundred code pages takes short English text in cp1252 for cp1250 or hp_roman8,
# so the guess is between those that such archives really hold.
_LIKELY_ENCODINGS = ["cp1252", "cp1251", "shift_jis", "big5", "gb18030"]
_MISNAMED = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}
"""Programs call Windows-1252 by these names, as browsers know: where they differ, they differ by its curly quotes."""
_SEVEN_BIT = ("iso2022_", "hz")
"""Beginnings of encodings that spell other characters in ASCII bytes, and so are always UTF-8, too."""
_MOST_BAD = 0.25
"""Share of the bytes beyond ASCII that may be no UTF-8 in a text that is; in text of other encodings most are not."""
_ESCAPED = re.compile("[\udc80-\udcff]")
_CUT = re.compile("[\udcc2-\udcf4](?:[\udc80-\udcbf]+|\\Z)")
"""The beginning of a character whose rest is gone."""
_ENOUGH_TO_GUESS = 16
"""Bytes beyond ASCII; from one curly apostrophe nothing can be told, and Windows-1252 is by far the likeliest."""
_OLDER_ENCODINGS = ("mac_roman", "cp850")
"""Of Macs before OS X and of DOS. In both each byte is some character, so they are tried where another reads badly."""
_ENOUGH_TO_COMPARE = 4
_MISREAD, _READ = 0.3, 0.05
"""Shares of misplaced characters from which a text is misread, and up to which one is read."""
_LOOKED_AT = 10_000
"""Characters beyond ASCII by which a text is judged, however long it is."""
_LATIN = regex.compile(r"[\p{Latin}\p{Common}]")
_WIDTHLESS = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
"""Soft hyphen, zero-width space, word joiner: they tell a page where to break a line and show no mark."""
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_FULL_LINE_CHARACTERS = 45
"""A line at least this long that does not end its paragraph was broken by an editor, not by the author."""
_VERSES = 4
"""So many lines that all begin with a capital were broken by the author: a stanza. Of prose hardly any four do."""
_OPENS_VERSE = regex.compile(r"[\p{P}\p{S}\s]*\p{Lu}")
_OPENS_ITEM = re.compile(r"\s*(?:[-*•–—]|\d{1,3}[.)])\s")


def decode(data: bytes, path: Path, *, declared: str | None = None) -> str:
    """The text of a file: by byte order mark, as UTF-8, as declared, by guess, as Windows-1252.

    Single bytes that are no UTF-8 do not make a text of another encoding: they alone are taken for Windows-1252, and
    what is left of a character that was cut becomes U+FFFD.

    Raises:
        Unreadable: The bytes are no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _utf8(data, encoding) if encoding == "utf-8-sig" else None
            return _decode_as(data, encoding, path) if text is None else text
    if b"\x00" in data:
        raise Unreadable(path, "binary")
    if declared and data.isascii() and _codec_name(declared).startswith(_SEVEN_BIT):
        return data.decode(declared, "replace")
    if (text := _utf8(data)) is not None:
        return text
    if declared and (text := _try(data, _MISNAMED.get(declared.lower(), declared))) is not None:
        return text
    beyond = sum(byte > 0x7F for byte in data)
    guess = None
    if beyond >= _ENOUGH_TO_GUESS:
        guess = charset_normalizer.from_bytes(data, cp_isolation=_LIKELY_ENCODINGS).best()
    text = str(guess) if guess else _try(data, "cp1252")
    if beyond >= _ENOUGH_TO_COMPARE and (older := _as_older(data, text)) is not None:
        return older
    return _decode_as(data, "cp1252", path) if text is None else text


def _as_older(data: bytes, text: str | None) -> str | None:
    """The text as old Macs or DOS stored it, where it clearly reads better so; None where it does not.

    Args:
        data: The bytes.
        text: What they are by the guess; None if they are no text by it.
    """
    if text is not None and _misread(text) < _MISREAD:
        return None
    older = min((data.decode(name) for name in _OLDER_ENCODINGS), key=_misread)
    return older if _misread(older) <= _READ else None


def _misread(text: str) -> float:
    """Share of the characters beyond ASCII that no writer sets where they stand: `donÕt`, `f„r`, `naï¬e`."""
    padded = f" {text} "
    places = list(islice((at for at, one in enumerate(padded) if one > "\x7f" and not one.isspace()), _LOOKED_AT))
    wrong = sum(_is_misplaced(padded[at - 1], padded[at], padded[at + 1]) for at in places)
    return wrong / len(places) if places else 0.0


def _is_misplaced(before: str, one: str, after: str) -> bool:
    if one.isalpha():
        is_foreign = not _LATIN.match(one) and any(beside.isascii() and beside.isalpha() for beside in (before, after))
        return is_foreign or (one.isupper() and before.islower())
    if one in "’‘-‐‑·":
        return False
    return (
        unicodedata.category(one) == "Cc"
        or "─" <= one <= "▟"
        or (before.isalpha() and after.isalpha() and one not in "—–…")
    )


def _utf8(data: bytes, encoding: str = "utf-8") -> str | None:
    """The text of bytes that are UTF-8, but for a few; None for others."""
    if (text := _try(data, encoding)) is not None:
        return text
    text = data.decode(encoding, "surrogateescape")
    if len(_ESCAPED.findall(text)) > _MOST_BAD * sum(byte > 0x7F for byte in data):
        return None
    return _ESCAPED.sub(_in_windows, _CUT.sub("\ufffd", text))


def _in_windows(escaped: re.Match[str]) -> str:
    return escaped[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _codec_name(declared: str) -> str:
    try:
        return codecs.lookup(declared).name
    except (ValueError, LookupError):
        return ""


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (ValueError, LookupError):  # ValueError also for names that are none, as with a NUL in them
        return None


def _decode_as(data: bytes, encoding: str, path: Path) -> str:
    if (text := _try(data, encoding)) is None:
        raise Unreadable(path, f"not_text: not even {encoding.removesuffix('-sig')}")
    return text


def fold(text: str) -> str:
    """White space folded: each run of it, no-break spaces among them, becomes one plain space."""
    return " ".join(text.translate(_WIDTHLESS).split())


def fold_lines(text: str) -> str:
    """Each line folded by itself, blank lines gone."""
    return "\n".join(line for line in map(fold, text.split("\n")) if line)


def normalise_newlines(text: str) -> str:
    """Every line end as a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a plain text, which blank lines part; lines that an editor broke are joined again."""
    parts = _BLANK_LINES.split(normalise_newlines(text).strip("\n"))
    return [joined for part in parts if (joined := join_lines(part.split("\n")))]


def join_lines(lines: list[str]) -> str:
    """One paragraph from its lines: short lines, verses and list items keep their breaks, full lines flow on."""
    result = ""
    before = ""
    filled = [line for line in map(fold, lines) if line]
    is_verse = len(filled) >= _VERSES and all(map(_OPENS_VERSE.match, filled))
    for line in filled:
        flows = len(before) >= _FULL_LINE_CHARACTERS and not is_verse and not _OPENS_ITEM.match(line)
        result += (" " if flows else "\n") * bool(result) + line
        before = line
    return result


def title_from_name(path: Path) -> str:
    """A title from a file's name: `2021-05-23-three-soundings.md` gives `Three soundings`."""
    stem = re.sub(r"^\d{4}-\d{2}-\d{2}[-_ ]*", "", path.stem)
    words = fold(re.sub(r"[-_]+", " ", stem)) or path.stem
    return words[0].upper() + words[1:]


def title_from_text(text: str, *, max_characters: int = 80) -> str:
    """A title from a text's first line, cut at a word."""
    line = next((line for line in map(fold, text.split("\n")) if line), "")
    if len(line) <= max_characters:
        return line
    return line[: max_characters - 1].rsplit(" ", 1)[0].rstrip(",;:—– ") + "…"
