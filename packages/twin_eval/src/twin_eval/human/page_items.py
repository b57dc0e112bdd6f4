"""What a page's script is told of the things to label."""

from __future__ import annotations

from typing import Any

Items = dict[str, dict[str, Any]]
"""What each item's row in the downloaded file begins with, by the name that the page gives the item."""


def in_order(items: Items) -> list[dict[str, Any]]:
    """A list, since a page's JSON sorts the keys of its objects."""
    return [{"item": item, "row": row} for item, row in items.items()]
