"""PDF pages to lines: where each stands, how large it is set, and its text with ligatures taken apart."""

from __future__ import annotations

import io
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twin_data.sources.reader import Unreadable
from twin_data.sources.text import fold

if TYPE_CHECKING:
    from pdfminer.layout import LTComponent, LTTextLine
    from pdfminer.pdfdocument import PDFDocument

_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_UNMAPPED = "(cid:"
_RAISED_SIZE = 0.8
"""A figure set smaller than this share of its line, and higher, is the mark of a note."""
_WORD_SPACE = 0.15
_MOST_PIECES = 1500
"""A page in more pieces than this is a drawing with labels; to compare them all would take long."""
_UNIT_CHARACTERS = 2
"""A raised figure after so few letters is a power, as in km²."""


@dataclass(frozen=True)
class Line:
    """One line of a page. Lengths are in points, `top` and `bottom` count from the page's upper edge."""

    page: int
    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    bold: bool = False


@dataclass(frozen=True)
class Page:
    """A page's lines, in the order in which the file sets them."""

    number: int
    height: float
    lines: tuple[Line, ...]
    has_image: bool = False


def read_pages(data: bytes, path: Path) -> tuple[list[Page], dict[str, str]]:
    """The pages, and the document's information by lower-case name (`title`, `author`, `creationdate`).

    Raises:
        Unreadable: It is no PDF, damaged, or encrypted with a password.
    """
    from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
    from pdfminer.pdfexceptions import PDFException
    from pdfminer.pdfparser import PDFParser
    from pdfminer.psexceptions import PSException

    if b"%PDF-" not in data[:1024]:
        raise Unreadable(path, "not_pdf: it does not begin as one")
    try:
        document = PDFDocument(PDFParser(io.BytesIO(data)))
        return list(_pages(document)), _information(document)
    except PDFPasswordIncorrect as error:
        raise Unreadable(path, "encrypted: save it without a password") from error
    # Besides its own errors the parser raises whatever a broken object makes of Python's operations.
    except (PDFException, PSException, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise Unreadable(path, f"damaged_pdf: {fold(str(error)) or type(error).__name__}") from error
    except (RecursionError, AssertionError, OverflowError, ZeroDivisionError, NotImplementedError) as error:
        raise Unreadable(path, f"damaged_pdf: {type(error).__name__}") from error


def _information(document: PDFDocument) -> dict[str, str]:
    from pdfminer.pdftypes import resolve1
    from pdfminer.utils import decode_text

    found: dict[str, str] = {}
    for fields in document.info:
        for name, value in fields.items():
            value = resolve1(value)
            if isinstance(value, bytes) and (text := fold(decode_text(value))):
                found[name.lower()] = text
    return found


def _pages(document: PDFDocument) -> Iterator[Page]:
    from pdfminer.converter import PDFPageAggregator
    from pdfminer.layout import LAParams
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage

    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=LAParams())
    interpreter = PDFPageInterpreter(resources, device)
    for number, page in enumerate(PDFPage.create_pages(document), start=1):
        interpreter.process_page(page)
        layout = device.get_result()
        yield _page(number, layout.height, list(layout))


def _page(number: int, height: float, components: list[LTComponent]) -> Page:
    from pdfminer.layout import LTFigure, LTImage, LTTextBox, LTTextLine

    pieces = [one for box in components if isinstance(box, LTTextBox) for one in box if isinstance(one, LTTextLine)]
    lines = [line for group in _rejoined(pieces) if (line := _line(group, number, height))]
    return Page(number, height, tuple(lines), any(isinstance(one, (LTFigure, LTImage)) for one in components))


def _rejoined(pieces: list[LTTextLine]) -> list[list[LTTextLine]]:
    """The pieces of each line, from left to right. A file may set a line in parts, at different times."""
    if len(pieces) > _MOST_PIECES:
        return [[piece] for piece in pieces]
    groups: list[list[LTTextLine]] = []
    for piece in pieces:
        for group in groups:
            if any(_stand_together(one, piece) for one in group):
                group.append(piece)
                group.sort(key=lambda one: one.x0)
                break
        else:
            groups.append([piece])
    return groups


def _stand_together(one: LTTextLine, other: LTTextLine) -> bool:
    """Whether two pieces stand on one line with no more than a word's space between."""
    least = min(one.height, other.height)
    overlap = min(one.y1, other.y1) - max(one.y0, other.y0)
    space = max(one.x0, other.x0) - min(one.x1, other.x1)
    return overlap > least / 2 and -least / 2 < space < least


def _line(pieces: list[LTTextLine], number: int, height: float) -> Line | None:
    """The line without marks of notes; None if nothing stands on it."""
    from pdfminer.layout import LTChar

    characters = [one for piece in pieces for one in piece if isinstance(one, LTChar) and one.get_text().strip()]
    if not characters:
        return None
    size = statistics.median(one.size for one in characters)
    base = statistics.median(one.y0 for one in characters)
    text, end = "", None
    for one in (one for piece in pieces for one in piece):
        if not isinstance(one, LTChar):  # a space that the layout tells, or the piece's end
            text += " " if one.get_text() == " " else ""
            continue
        letter = one.get_text()
        text += " " if end is not None and one.x0 - end > _WORD_SPACE * size else ""
        end = one.x1
        if not (one.size < _RAISED_SIZE * size and one.y0 > base and letter.isdigit() and _may_bear_note(text)):
            text += letter
    if not (text := fold(text.translate(_LIGATURES))):
        return None
    left, right = min(one.x0 for one in pieces), max(one.x1 for one in pieces)
    top, bottom = height - max(one.y1 for one in pieces), height - min(one.y0 for one in pieces)
    bold = all("bold" in one.fontname.lower() or "black" in one.fontname.lower() for one in characters)
    return Line(number, text, left, right, top, bottom, size, bold)


def _may_bear_note(text: str) -> bool:
    """Whether a raised figure after this is a note's: after a mark, or the end of a word longer than a unit."""
    before = text.rstrip()[-_UNIT_CHARACTERS - 1 :]
    return bool(before) and (not before[-1].isalnum() or (before.isalpha() and len(before) > _UNIT_CHARACTERS))


def unmapped_share(pages: list[Page]) -> float:
    """The share of glyphs whose letters the file does not tell, 0 to 1."""
    text = "".join(line.text for page in pages for line in page.lines)
    unmapped = text.count(_UNMAPPED)
    letters = sum(not one.isspace() for one in text) - unmapped * len("(cid:00)")
    return unmapped / max(unmapped + letters, 1)
