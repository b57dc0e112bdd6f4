"""The order in which a page is read: columns one after the other, between the lines that span them."""

from __future__ import annotations

from twin_data.sources.pdf_pages import Line

_LEAST_LINES = 2
_MOST_SPANNING = 0.25
"""Share of lines that may lie across the gutter: titles and headings, not half the page."""
_LEAST_WIDTH = 6.0
"""Mean width of a column's lines, in their type size; less is a table's column or a list's marks."""
_MOST_LINES = 1500


def reading_order(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines of a page as they are read: from top to bottom, in each column by itself."""
    downwards = sorted(lines, key=lambda line: (line.top, line.left))
    if len(lines) > _MOST_LINES or (gutter := _gutter(downwards)) is None:
        return tuple(downwards)
    left = [line for line in downwards if line.right <= gutter]
    right = [line for line in downwards if line.left >= gutter]
    spanning = [line for line in downwards if line.left < gutter < line.right]
    found: list[Line] = []
    for line in spanning:
        for column in (left, right):
            found += reading_order(tuple(one for one in column if one.top < line.top))
            column[:] = [one for one in column if one.top >= line.top]
        found.append(line)
    return (*found, *reading_order(tuple(left)), *reading_order(tuple(right)))


def _gutter(lines: list[Line]) -> float | None:
    """Where the white between two columns is, in points from the left; None on a page of one column."""
    best: tuple[int, int] | None = None
    found = None
    for x in sorted({line.right for line in lines}):
        left = [line for line in lines if line.right <= x]
        right = [line for line in lines if line.left >= x]
        spanning = len(lines) - len(left) - len(right)
        if spanning > _MOST_SPANNING * len(lines) or not (_is_column(left) and _is_column(right)):
            continue
        if not _stand_side_by_side(left, right):
            continue
        rank = (-spanning, min(len(left), len(right)))
        if best is None or rank > best:
            best, found = rank, x
    return found


def _is_column(lines: list[Line]) -> bool:
    if len(lines) < _LEAST_LINES:
        return False
    return sum(line.right - line.left for line in lines) >= _LEAST_WIDTH * sum(line.size for line in lines)


def _stand_side_by_side(left: list[Line], right: list[Line]) -> bool:
    """Whether half of the shorter column has the other beside it."""
    top = max(min(line.top for line in column) for column in (left, right))
    bottom = min(max(line.bottom for line in column) for column in (left, right))
    heights = [max(one.bottom for one in column) - min(one.top for one in column) for column in (left, right)]
    return bottom - top >= min(heights) / 2
