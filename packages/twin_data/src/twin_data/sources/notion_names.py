"""Names in a Notion export, such as `Title 0123456789abcdef0123456789abcdef.md`, and the properties of its pages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from twin_data.sources.dates import parse_date
from twin_data.sources.text import fold

_ID = r"[0-9a-f]{32}"
_PAGE_NAME = re.compile(rf"(?P<title>.*\S) {_ID}(?:_all)?")
PAGE_SUFFIXES = frozenset({".md", ".html", ".csv"})
_PROPERTY = re.compile(r"(?P<name>[^:\n]{1,60}): ?(?P<value>.*)")
_USUAL = frozenset(
    {"created", "created time", "created by", "last edited time", "last edited by", "tags", "url", "author", "status"}
)
"""Names of fields that tell them also where the table is not in the export."""
_DATES = ("date", "published", "published on", "publish date", "created", "created time", "last edited time")
_AUTHORS = ("author", "authors", "written by", "created by")
_ADDRESSES = ("url", "link")
_CHILD = re.compile(rf"\[[^\]\n]*\]\([^)\n]*{_ID}[^)\n]*\.(?:md|csv|html)\)")
_CALLOUT_TAGS = frozenset({"<aside>", "</aside>"})
_CHECK_BOX = re.compile(r"^(\s*- )\[[ xX]\]\s+")
_MONTH_DATE = re.compile(r"@?(?P<date>[A-Z][a-z]+ \d{1,2}, \d{4})\b.*")


@dataclass(frozen=True)
class Properties:
    """A page's fields by lower-case name."""

    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def date(self) -> date | None:
        """The day that the page gives itself, else that of its making."""
        return next((found for name in _DATES if (found := notion_date(self.fields.get(name)))), None)

    @property
    def author(self) -> str | None:
        """Whom it names as its author or maker."""
        return self._first(_AUTHORS)

    @property
    def url(self) -> str | None:
        """The address that it names."""
        return self._first(_ADDRESSES)

    def _first(self, names: Iterable[str]) -> str | None:
        return next((value for name in names if (value := self.fields.get(name))), None)


def is_notion_name(path: Path) -> bool:
    """Whether a file is called as the export calls pages and tables."""
    return path.suffix.lower() in PAGE_SUFFIXES and _PAGE_NAME.fullmatch(path.stem) is not None


def page_title(path: Path) -> str:
    """The title in a file's name, without the id."""
    match = _PAGE_NAME.fullmatch(path.stem)
    return fold(match["title"] if match else path.stem)


def page_key(path: Path) -> str:
    """The name without what tells a database's whole table from the one of its first view."""
    return path.stem.removesuffix("_all")


def is_whole_table(path: Path) -> bool:
    """Whether this is the table of all rows rather than of the first view."""
    return path.stem.endswith("_all")


def split_properties(text: str, columns: Collection[str]) -> tuple[Properties, str]:
    """The fields below a page's title, and the page without them.

    They are fields if all bear the names of columns, or one a name that Notion gives: an author's own `Note: …` stays.
    """
    head, _, rest = text.partition("\n\n")
    lines, _, body = rest.lstrip("\n").partition("\n\n")
    matches = [_PROPERTY.fullmatch(line) for line in lines.strip("\n").split("\n")]
    known = _USUAL | {column.lower() for column in columns}
    found = {match["name"].strip().lower(): match["value"].strip() for match in matches if match}
    are_fields = set(found) <= known or bool(_USUAL & set(found))
    if not head.startswith("# ") or None in matches or not are_fields:
        return Properties(), text
    return Properties(found), f"{head}\n\n{body}"


def without_children(text: str) -> str:
    """The page without what is no text: links to pages and tables below it, check boxes, the tags around callouts.

    Markdown would take a callout for HTML because of its tags, and show the marks in it.
    """
    lines = (
        "" if _CHILD.fullmatch(line.strip()) or line.strip() in _CALLOUT_TAGS else line for line in text.split("\n")
    )
    return "\n".join(_CHECK_BOX.sub(r"\1", line) for line in lines)


def notion_date(value: str | None) -> date | None:
    """The day of a property such as `January 2, 2023 10:00 AM`, of a range the first."""
    if value is None:
        return None
    match = _MONTH_DATE.fullmatch(value.strip())
    return parse_date(match["date"] if match else value)
