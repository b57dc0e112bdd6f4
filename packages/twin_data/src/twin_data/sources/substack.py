"""Substack's export: `posts.csv` and, for each row, the body of the post in `posts/<post_id>.html`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import head_of, is_real, owner, passed_over, skipped, text_of_file, without_classes
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_tree import parse_fragment
from twin_data.sources.interviews import written_by
from twin_data.sources.reader import ReadContext, Reading, Skipped, Unreadable
from twin_data.sources.records import csv_records
from twin_data.sources.text import fold, title_from_text

_TABLE = "posts.csv"
_COLUMNS = (b"post_id", b"is_published")
# Buttons and forms, cards of other posts and publications, and numbers of footnotes.
_NO_TEXT = frozenset(
    "subscription-widget-wrap subscription-widget-wrap-editor subscription-widget subscribe-widget button-wrapper "
    "captioned-button-wrap install-substack-app-embed digest-post-embed embedded-post-wrap embedded-publication-wrap "
    "tweet poll-embed comment community-chat directMessage image-link-expand paywall-jump footnote-anchor "
    "footnote-number hide-text".split()
)


class SubstackReader:
    """One document a post. The export names no author: it is the publication's, so its words are the owner's."""

    name = "substack"
    reads_folders = True

    def claims(self, path: Path) -> bool:
        """Whether this folder holds the table of posts."""
        table = path / _TABLE
        return (
            table.is_file()
            and is_real(table)
            and all(column in head_of(table).partition(b"\n")[0] for column in _COLUMNS)
        )

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the posts; drafts, posts without a page and tables of readers are passed over."""
        table = path / _TABLE
        used, seen = {table}, set[str]()
        for row in csv_records(text_of_file(table, context), table, required="post_id"):
            post_id, page = row["post_id"].strip(), _page_of(row, path)
            if page is not None:
                used.add(page)
            if post_id in seen:
                yield Skipped(path=table, reason="repeated_record", part=post_id, digest=digest_value(row))
            else:
                yield _read_post(row, page, table, context)
            seen.add(post_id)
        yield from passed_over(path, used)


def _page_of(row: dict[str, str], folder: Path) -> Path | None:
    """The page of a row. An id that would lead elsewhere names no page."""
    post_id = row["post_id"].strip()
    page = folder / "posts" / f"{post_id}.html"
    return page if "/" not in post_id and is_real(page.parent) and is_real(page) else None


def _read_post(row: dict[str, str], page: Path | None, table: Path, context: ReadContext) -> Reading:
    post_id = row["post_id"].strip()
    if row.get("is_published", "").strip().lower() != "true":
        return Skipped(path=page or table, reason="draft", part=None if page else post_id, digest=digest_value(row))
    if page is None:
        reason = "no_page: the table lists a post that is not in posts/"
        return Skipped(path=table, reason=reason, part=post_id, digest=digest_value(row))
    try:
        text = text_of_file(page, context)
    except Unreadable as error:
        return skipped(error)
    body = element_blocks(parse_fragment(text), without_classes(_NO_TEXT))
    if not body:
        return Skipped(path=page, reason="empty: no text")
    subtitle = fold(row.get("subtitle", ""))
    heading = (Block(text=subtitle, style=BlockStyle.HEADING, level=2),) if subtitle else ()
    blocks = heading + body
    return RawDocument(
        document_id=context.document_id(page),
        source=context.source,
        kind=DocumentKind.ARTICLE,
        title=fold(row.get("title", "")) or title_from_text(body[0].text),
        date=context.dated(parse_date(row.get("post_date"))),
        url=_url(post_id, context),
        blocks=written_by(owner(context), blocks, context),
        series=context.series(page),
        content_digest=digest_value([row, text]),
    )


def _url(post_id: str, context: ReadContext) -> str | None:
    """The post's address under that of the publication, which the export does not hold."""
    slug = post_id.partition(".")[2]
    base = context.options.url_base
    return f"{base.rstrip('/')}/p/{slug}" if base and slug else None
