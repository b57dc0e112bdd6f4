"""LinkedIn's archive: the member's posts, comments and articles. Its other tables are not writing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twin_data.contracts.digests import digest_bytes, digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import NOT_WRITING, elements_of_class, head_of, owner, text_of_file
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_tree import Element, parse_page, text_of
from twin_data.sources.interviews import written_by
from twin_data.sources.reader import ReadContext, Reading, RecordIds, Skipped, Unreadable, single_document
from twin_data.sources.records import claim_id, csv_records
from twin_data.sources.text import paragraphs, title_from_name, title_from_text

# The larger archive puts the member's number behind the name: `Shares_155814142.csv`.
_SHARES = re.compile(r"shares(?:_\d+)?\.csv", re.IGNORECASE)
_COMMENTS = re.compile(r"comments(?:_\d+)?\.csv", re.IGNORECASE)
_COMMENTS_HEAD = b"Date,Link,Message"
_ARTICLES = "Articles"
_URN = "urn:"
_TEXT_COLUMN = "ShareCommentary"
_SUBFOLDERS = frozenset({_ARTICLES, "Jobs", "Verifications"})
"""Articles lie in `Articles/Articles/`, a few tables in folders of their own."""


class LinkedInReader:
    """One document a share, an article, or a post that was commented on. The archive is the member's own."""

    name = "linkedin"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether this is a table of the archive, or one of its articles."""
        suffix = path.suffix.lower()
        if suffix == ".csv":
            return _SHARES.fullmatch(path.name) is not None or _is_comments(path) or _is_in_archive(path)
        return suffix in {".html", ".htm"} and path.parent.name == _ARTICLES and _is_in_archive(path)

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield what the member wrote; any other table is unreadable, with that as the reason."""
        if path.suffix.lower() != ".csv":
            yield _read_article(path, context)
        elif _SHARES.fullmatch(path.name):
            ids = RecordIds()
            for row in csv_records(text_of_file(path, context), path, required=_TEXT_COLUMN):
                yield _read_share(row, path, context, ids)
        elif _COMMENTS.fullmatch(path.name):
            yield from _read_comments(path, context)
        else:
            raise Unreadable(path, f"{NOT_WRITING}: a LinkedIn table without posts")


def _is_comments(path: Path) -> bool:
    """Whether this is the table of comments, also where somebody added nothing else of the archive."""
    return _COMMENTS.fullmatch(path.name) is not None and head_of(path).lstrip(b"\xef\xbb\xbf").startswith(
        _COMMENTS_HEAD
    )


def _is_in_archive(path: Path) -> bool:
    """Whether the shares or comments and the profile lie beside a file or above it."""
    folder = path.parent
    while folder.name in _SUBFOLDERS:
        folder = folder.parent
    return _is_archive(folder)


def _is_archive(folder: Path) -> bool:
    names = [one.name for one in folder.iterdir()]
    if any(_SHARES.fullmatch(name) for name in names):
        return True
    return "Profile.csv" in names and any(_COMMENTS.fullmatch(name) or name == _ARTICLES for name in names)


def _read_share(row: dict[str, str], path: Path, context: ReadContext, ids: RecordIds) -> Reading:
    link = row.get("ShareLink", "").strip()
    share_id = _urn(link)
    texts = paragraphs(unquote_lines(row[_TEXT_COLUMN]))
    if not texts:
        return Skipped(path=path, reason="empty", part=share_id, digest=digest_value(row))
    claimed = claim_id(ids, share_id, row, path)
    if isinstance(claimed, Skipped):
        return claimed
    return RawDocument(
        document_id=context.document_id(path, claimed),
        source=context.source,
        kind=DocumentKind.POST,
        title=title_from_text(texts[0]),
        date=context.dated(parse_date(row.get("Date"))),
        url=link or None,
        blocks=tuple(owner(context).apply(Block(text=text)) for text in texts),
        series=context.series(path),
        content_digest=digest_value(row),
    )


def _read_comments(path: Path, context: ReadContext) -> Iterator[Reading]:
    """One document for all comments below one post, as they are turns of one conversation."""
    text = text_of_file(path, context)
    # A quotation mark inside a comment is written as `\\"`, in the other tables doubled.
    escape = "\\" if '\\"' in text else None
    below: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in csv_records(text, path, required="Message", escape=escape):
        if paragraphs(unquote_lines(row["Message"])):
            link = row.get("Link", "").strip()
            urn = _urn(link) or ""
            # An answer to another's comment is linked by the post's address and, behind a `?`, that comment's.
            below[urn if urn.startswith(_URN) else link].append(row)
        else:
            yield Skipped(path=path, reason="empty", digest=digest_value(row))
    for _, rows in sorted(below.items()):
        rows.sort(key=lambda row: row.get("Date", ""))
        link = min((row.get("Link", "").strip() for row in rows), key=len)
        texts = [text for row in rows for text in paragraphs(unquote_lines(row["Message"]))]
        yield RawDocument(
            document_id=context.document_id(path, _urn(link) or digest_value(rows)[:12]),
            source=context.source,
            kind=DocumentKind.POST,
            title=title_from_text(texts[0]),
            date=context.dated(parse_date(rows[0].get("Date"))),
            url=link or None,
            blocks=tuple(owner(context).apply(Block(text=text, style=BlockStyle.TURN)) for text in texts),
            series=context.series(path),
            content_digest=digest_value(rows),
        )


def _read_article(path: Path, context: ReadContext) -> Reading:
    data = context.read_bytes(path)
    root = parse_page(data, path)
    published = _day_line(root, "published")
    if not published:
        return Skipped(path=path, reason="draft")
    title = next(root.iter("h1"), None)
    body = [one for one in root.iter("div") if next(one.iterancestors("div"), None) is None]
    link = None if title is None else next((one.get("href") for one in title.iter("a")), None)
    return single_document(
        path,
        context,
        kind=DocumentKind.ARTICLE,
        title=(text_of(title) if title is not None else "") or title_from_name(path),
        blocks=written_by(owner(context), [block for part in body for block in element_blocks(part)], context),
        digest=digest_bytes(data),
        found_date=parse_date(published),
        url=link,
    )


def _day_line(root: Element, name: str) -> str:
    """The day in a line such as `Published on 2017-05-19 13:27`."""
    lines = (text_of(one) for one in elements_of_class(root, name))
    return next((line.lower().partition(" on ")[2] for line in lines if line), "")


def _urn(link: str) -> str | None:
    try:
        path = urlsplit(link).path
    except ValueError:  # no address, such as one with a torn `[`
        return None
    return unquote(path.rstrip("/").rpartition("/")[2]) or None


def unquote_lines(text: str) -> str:
    """Undo what the export does to line breaks: it ends the quotation before each and begins it again after.

    So a break reads as quotation mark, line feed, quotation mark. Text where one break has no such marks
    was not written that way and is left alone.
    """
    lines = text.split("\n")
    opened, closed = lines[1:], lines[:-1]
    if not opened or not all(line.startswith('"') for line in opened) or not all(line.endswith('"') for line in closed):
        return text
    starts = [lines[0], *(line[1:] for line in opened)]
    return "\n".join([*(line.removesuffix('"') for line in starts[:-1]), starts[-1]])
