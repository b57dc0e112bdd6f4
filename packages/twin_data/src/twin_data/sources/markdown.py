"""Markdown files: posts and notes, with or without front matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import frontmatter
import yaml

from twin_data.configuration.names import named_author
from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument
from twin_data.sources.dates import date_from_name, parse_date
from twin_data.sources.interviews import written_by
from twin_data.sources.markdown_blocks import markdown_blocks
from twin_data.sources.reader import ReadContext, Reading, Unreadable, single_document
from twin_data.sources.template_tags import without_template_tags
from twin_data.sources.text import decode, fold, normalise_newlines, title_from_name

_SUFFIXES = frozenset({".md", ".markdown", ".mdown", ".mkd"})
_DATE_FIELDS = ("date", "published", "created", "updated", "modified", "lastmod")
_URL_FIELDS = ("url", "canonical_url", "link", "permalink")
_AUTHOR_FIELDS = ("author", "authors")


class MarkdownReader:
    """One document a file; whose words it holds is what the front matter's `author` says, else the persona's."""

    name = "markdown"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a Markdown file's."""
        return path.suffix.lower() in _SUFFIXES

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the file's document."""
        data = context.read_bytes(path)
        fields, body = split_front_matter(normalise_newlines(decode(data, path)), path)
        if fields:  # only such files are given to a site generator
            body = without_template_tags(body)
        yield markdown_document(path, context, fields=fields, body=body, digest=digest_bytes(data))


def markdown_document(
    path: Path, context: ReadContext, *, fields: Mapping[str, object], body: str, digest: str
) -> RawDocument:
    """The document of a Markdown text and its front matter.

    Raises:
        Unreadable: There is no text in it, or it calls itself a draft.
    """
    if fields.get("draft") is True or fields.get("published") is False:
        raise Unreadable(path, "draft")
    attribution = context.sole_author(_author(fields))
    blocks = written_by(attribution, markdown_blocks(body), context)
    return single_document(
        path,
        context,
        kind=DocumentKind.ARTICLE,
        title=_title(fields, blocks, path),
        blocks=blocks,
        digest=digest,
        found_date=_first_date(fields) or date_from_name(path),
        url=next((fields[name] for name in _URL_FIELDS if fields.get(name)), None),
    )


def split_front_matter(text: str, path: Path) -> tuple[Mapping[str, object], str]:
    """The fields between the opening `---` lines, and the text after them.

    Raises:
        Unreadable: What stands there is not YAML.
    """
    try:
        fields, body = frontmatter.parse(text)
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise Unreadable(path, f"front_matter: {where}{problem or 'not YAML'}") from error
    except ValueError as error:  # TOML and JSON front matter, and dates such as 2021-02-31
        raise Unreadable(path, f"front_matter: {error}") from error
    # Without fields the rules are thematic breaks, and what stands between them is the author's text.
    return (fields, body) if fields else ({}, text)


def _title(fields: Mapping[str, object], blocks: tuple[Block, ...], path: Path) -> str:
    if title := fold(str(fields.get("title") or "")):
        return title
    headings = (block.text for block in blocks if block.style is BlockStyle.HEADING and block.level == 1)
    if heading := next(headings, None):
        return heading
    # Notes may be named by a number or the day alone; then an alias says what they are about.
    aliases = [] if any(letter.isalpha() for letter in path.stem) else _texts(fields.get("aliases"))
    return next(iter(aliases), title_from_name(path))


def _first_date(fields: Mapping[str, object]) -> date | None:
    return next((found for name in _DATE_FIELDS if (found := parse_date(fields.get(name)))), None)


def _author(fields: Mapping[str, object]) -> str | None:
    """The author named; of several, all of them joined, which names nobody's sole work."""
    by_name = {str(name).lower(): value for name, value in fields.items()}
    for name in _AUTHOR_FIELDS:
        value = by_name.get(name)
        people = value if isinstance(value, list) else [value] if value else []
        named = [one.get("name") if isinstance(one, dict) else one for one in people]
        if names := _texts(named):
            return named_author(", ".join(name.strip("[]").rpartition("|")[2] for name in names))
    return None


def _texts(value: object) -> list[str]:
    """A field's entries as text, one or many; empty ones are none."""
    values = value if isinstance(value, list) else [value]
    return [text for one in values if one is not None and (text := fold(str(one)))]
