"""Dates as archives write them. The day is the one written down: no time zone moves it."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)")
"""Where dots part a date, the day comes first."""
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d)")
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d+)?")
"""Seconds or milliseconds since 1970."""
_NAME_PREFIX = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_WRITTEN_FORMS = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y")


def parse_date(value: object) -> date | None:
    """The date in a value of a front matter, meta tag or column; None if there is none to be sure of.

    Forms like 03/04/2021 are not read: which is the month cannot be known.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, (str, int, float)):
        return None
    text = str(value).strip()
    if match := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(match[1]), UTC).date()
    if match := _ISO.match(text) or _COMPACT.match(text):
        return _day(*match.groups())
    if match := _DOTTED.match(text):
        day, month, year = match.groups()
        return _day(year, month, day)
    return _written(text) or mail_date(text)


def mail_date(text: str | None) -> date | None:
    """The day of an RFC 5322 date, in the sender's own time zone."""
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).date()
    except (TypeError, ValueError):
        return None


def date_from_name(path: Path) -> date | None:
    """The date that begins a file's name, as in `2021-05-23-three-soundings.md`."""
    match = _NAME_PREFIX.match(path.name)
    return _day(*match.groups()) if match else None


def _written(text: str) -> date | None:
    plain = " ".join(_ORDINAL.sub("", text).replace(",", " ").split())
    for form in _WRITTEN_FORMS:
        try:
            parsed = time.strptime(plain, form)
        except ValueError:
            continue
        return date(parsed.tm_year, parsed.tm_mon, parsed.tm_mday)
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
