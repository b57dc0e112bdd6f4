"""Medium's export: `posts/` with one page a story, response or draft, beside pages of claps, lists and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind
from twin_data.sources.dates import date_from_name, parse_date
from twin_data.sources.exports import (
    elements_of_class,
    head_of,
    is_real,
    owner,
    passed_over,
    skipped,
    without_classes,
)
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_tree import Element, parse_page, text_of
from twin_data.sources.interviews import written_by
from twin_data.sources.reader import ReadContext, Reading, Skipped, Unreadable, single_document
from twin_data.sources.text import title_from_name, title_from_text

_POSTS = "posts"
_PAGES_TO_TELL = 8
_DRAFT = "draft_"
_MARK = b'data-field="body"'
# Cards of linked pages show other people's titles and descriptions.
_CARDS = frozenset({"graf--mixtapeEmbed", "graf--iframe"})


class MediumReader:
    """One document a story, and a short one a response. The export holds nobody's words but the account's."""

    name = "medium"
    reads_folders = True

    def claims(self, path: Path) -> bool:
        """Whether this folder holds Medium's pages, or a folder `posts` that does."""
        return _has_pages(path) or _has_pages(path / _POSTS)

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the stories and responses; drafts and all other pages are passed over."""
        folder = path / _POSTS if _has_pages(path / _POSTS) else path
        pages = sorted(one for one in folder.glob("*.html") if is_real(one))
        for page in pages:
            if page.name.startswith(_DRAFT):
                yield Skipped(path=page, reason="draft")
                continue
            try:
                yield from _read_page(page, context)
            except Unreadable as error:
                yield skipped(error)
        yield from passed_over(path, frozenset(pages))


def _has_pages(folder: Path) -> bool:
    """Whether a page of the folder has Medium's sections. A few are looked at, as any may be damaged."""
    pages = (one for one in sorted(folder.glob("*.html")) if one.is_file() and is_real(one))
    return is_real(folder) and any(_MARK in head_of(page) for page in islice(pages, _PAGES_TO_TELL))


def _read_page(page: Path, context: ReadContext) -> Iterator[Reading]:
    data = context.read_bytes(page)
    root = parse_page(data, page)
    body = next((one for one in root.iter("section") if one.get("data-field") == "body"), None)
    if body is None:
        raise Unreadable(page, "unknown_format: no section with data-field body")
    blocks = element_blocks(body, without_classes(_CARDS))
    title = _first_text(root, "p-name")
    is_response = _is_response(title, blocks)
    yield single_document(
        page,
        context,
        kind=DocumentKind.POST if is_response else DocumentKind.ARTICLE,
        title=title_from_text(title) or title_from_name(page),
        blocks=written_by(owner(context), blocks, context),
        digest=digest_bytes(data),
        found_date=_published(root) or date_from_name(page),
        url=next((one.get("href") for one in elements_of_class(root, "p-canonical")), None),
    )


def _first_text(root: Element, name: str) -> str:
    return next((text for one in elements_of_class(root, name) if (text := text_of(one))), "")


def _published(root: Element) -> date | None:
    times = (one.get("datetime") for one in elements_of_class(root, "dt-published"))
    return next((found for value in times if (found := parse_date(value))), None)


def _is_response(title: str, blocks: tuple[Block, ...]) -> bool:
    """Whether a page answers another: it has no title of its own, so the export calls it by its first words."""
    first = next(iter(blocks), None)
    if first is None or first.style is BlockStyle.HEADING:
        return False
    words = title.rstrip("…. ")
    return bool(words) and first.text.replace("\n", " ").startswith(words)
