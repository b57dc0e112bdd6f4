"""The text of raw source files, read without the features pipeline.

Evidence quotes are checked against what the files themselves say, so that a fault of a reader or a cleaning rule
shows up as evidence that was not retrieved, and not as a question that is wrong.
"""

from __future__ import annotations

import csv
import io
import json
import mailbox
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

_CUE_FURNITURE = re.compile(r"^(?:WEBVTT.*|NOTE\b.*|\d+|[\d:.,]+ --> .*)$", re.MULTILINE)
_MARKUP_TAG = re.compile(r"<[^>\n]{1,80}>")


def source_texts(*roots: Path) -> Callable[[str], str | None]:
    """A look-up of texts by a file's path below one of the folders; None for files that are not there or malformed.

    Args:
        roots: Folders of sources; the first that holds the file is taken.
    """

    def text_of(file: str) -> str | None:
        for root in roots:
            path = (root / file).resolve()
            if path.is_relative_to(root.resolve()) and path.is_file():
                try:
                    return source_text(path)
                except ValueError:  # no JSON, for all its name: the reader has rejected it, too
                    return None
        return None

    return text_of


def source_text(path: Path) -> str:
    """The text of one file without its format's markup, escapes and furniture."""
    match path.suffix.lower():
        case ".html" | ".htm" | ".xhtml":
            return _html_text(_decoded(path))
        case ".json":
            return "\n".join(_strings(json.loads(_decoded(path))))
        case ".jsonl":
            return "\n".join(text for line in _decoded(path).split("\n") if line for text in _strings(json.loads(line)))
        case ".csv":
            return "\n".join(cell for row in csv.reader(io.StringIO(_decoded(path), newline="")) for cell in row)
        case ".vtt" | ".srt":
            return _MARKUP_TAG.sub("", _CUE_FURNITURE.sub("", _decoded(path)))
        case ".mbox":
            return "\n\n".join(_mbox_texts(path))
    return _decoded(path)


def _decoded(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _strings(value: object) -> Iterator[str]:
    """Every string inside a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


class _TextOnly(HTMLParser):
    """Collects character data; entities are unescaped by the parser."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _html_text(markup: str) -> str:
    parser = _TextOnly()
    parser.feed(markup)
    parser.close()
    return "".join(parser.parts)


def _mbox_texts(path: Path) -> Iterator[str]:
    """Subject and plain text of each mail."""
    parser = BytesParser(policy=default)
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            mail = parser.parsebytes(box.get_bytes(key))
            assert isinstance(mail, EmailMessage)  # the default policy makes no other
            yield str(mail.get("Subject", ""))
            body = mail.get_body(("plain", "html"))
            if body is not None:
                text = str(body.get_content())
                yield _html_text(text) if body.get_content_subtype() == "html" else text
    finally:
        box.close()
