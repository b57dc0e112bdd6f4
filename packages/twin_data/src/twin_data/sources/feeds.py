"""Feeds saved as files: RSS 0.9 to 2.0, RDF and Atom. A feed holds what it holds: older entries may be gone from it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twin_data.configuration.names import named_author
from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import NOT_WRITING
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_furniture import furniture_of
from twin_data.sources.html_tree import parse_fragment, text_of
from twin_data.sources.interviews import written_by
from twin_data.sources.reader import ReadContext, Reading, RecordIds, Skipped, Unreadable, joined_address
from twin_data.sources.text import fold, paragraphs, title_from_text

_HEAD_BYTES = 4096
_ROOT = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]")
_OTHER_DIALECT = b"wordpress.org/export/"
"""WordPress exports a whole blog in RSS's clothes; that is a format of its own."""
_TEASER = re.compile(
    r"(?:\[\s*(?:…|\.{3})\s*\]|…|\.{3}|(?:continue reading|read (?:more|on|the rest))\b.{0,80})\s*[→»]?$",
    re.IGNORECASE | re.DOTALL,
)
_LIVE, _KIND = "LIVE", "http://schemas.google.com/g/2005#kind"
_ADVERTISEMENT = re.compile(r"The post .+ (?:appeared first on|first appeared on) .+", re.DOTALL)


class FeedReader:
    """One document an entry; whose words it holds is what entry or feed say of the author, else the persona's."""

    name = "feed"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a feed's, or it is XML whose root is that of a feed."""
        suffix = path.suffix.lower()
        if suffix in {".rss", ".atom"}:
            return True
        if suffix not in {".xml", ".rdf"}:
            return False
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
        return bool(_ROOT.search(head)) and _OTHER_DIALECT not in head

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document an entry; entries without text and those that hold but a teaser are passed over."""
        feed = parse_feed(context.read_bytes(path), path)
        ids = RecordIds()
        for entry in feed.entries:
            yield _read_entry(entry, feed.feed, path, context, ids)
        if feed.bozo and isinstance(feed.bozo_exception, Exception) and not _is_harmless(feed.bozo_exception):
            yield Skipped(path=path, reason=f"damaged_feed: {_cause(feed.bozo_exception)}", part="rest")


def parse_feed(data: bytes, path: Path) -> Any:
    """What feedparser makes of a feed: `feed`, `entries`, and `bozo` where it is not well-formed.

    Raises:
        Unreadable: It is no feed, or nothing of it can be read.
    """
    import feedparser  # few archives hold feeds

    # A stream, since a string could be taken for an address to fetch. The text is not sanitised: tags go anyway.
    try:
        feed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    except ValueError as error:  # what its parser for broken feeds makes of some
        raise Unreadable(path, f"damaged_feed: {fold(str(error))}") from error
    if not feed.version:
        raise Unreadable(path, "not_feed: neither RSS nor Atom")
    if not feed.entries:
        raise Unreadable(path, f"damaged_feed: {_cause(feed.bozo_exception)}" if feed.bozo else "empty: no entries")
    return feed


def entry_link(entry: Mapping[str, Any], feed: Mapping[str, Any]) -> str | None:
    """The address of an entry's page, if it names one."""
    given = str(entry.get("link") or "").strip()
    link = joined_address(feed.get("link") or "", given)
    return link if given and link.startswith(("http://", "https://")) else None


def _is_harmless(problem: Exception) -> bool:
    """Whether the text is whole all the same: only its declared encoding or media type was wrong."""
    return type(problem).__name__ in {"CharacterEncodingOverride", "NonXMLContentType"}


def _cause(problem: Exception) -> str:
    return fold(str(problem)).removeprefix("<unknown>:") or type(problem).__name__


def _read_entry(
    entry: Mapping[str, Any], feed: Mapping[str, Any], path: Path, context: ReadContext, ids: RecordIds
) -> Reading:
    link, attribution = entry_link(entry, feed), context.sole_author(_author(entry) or _author(feed))
    written = entry.get("published") or entry.get("updated")
    title, (body, is_whole) = _title(entry), _body(entry)
    digest = digest_value([title, attribution.author, written, link, body])
    entry_id = fold(str(entry.get("id") or "")) or link
    blocks = _blocks(body)
    reason = _not_published(entry) or ("empty" if not blocks else None if is_whole else "teaser")
    part = ids.claim(entry_id, digest)
    if part is None or reason:
        return Skipped(path=path, reason=reason or "repeated_record", part=part or entry_id, digest=digest)
    return RawDocument(
        document_id=context.document_id(path, part),
        source=context.source,
        kind=DocumentKind.ARTICLE if title else DocumentKind.POST,
        title=title or title_from_text(blocks[0].text),
        date=context.dated(parse_date(written)),
        url=link,
        blocks=written_by(attribution, blocks, context),
        series=context.series(path),
        content_digest=digest,
    )


def _not_published(entry: Mapping[str, Any]) -> str | None:
    """Why an entry is none that the blog shows: Blogger's export is a feed that holds drafts and settings, too."""
    if entry.get("app_draft") == "yes" or entry.get("blogger_status", _LIVE) != _LIVE:
        return "draft"
    kinds = {str(tag.get("term")).rpartition("#")[2] for tag in entry.get("tags") or () if tag.get("scheme") == _KIND}
    return NOT_WRITING if kinds & {"settings", "template"} else None


def _title(entry: Mapping[str, Any]) -> str:
    detail = entry.get("title_detail") or {}
    return _plain(detail) if detail.get("type") != "text/plain" else fold(str(detail.get("value") or ""))


def _plain(detail: Mapping[str, Any]) -> str:
    return text_of(parse_fragment(str(detail.get("value") or "")))


def _author(of: Mapping[str, Any]) -> str | None:
    """Whom it names; RSS writes `nora@harbour.example (Nora Fenwick)`. Several are joined: nobody's sole work."""
    names = (fold(str(one.get("name") or "")) for one in of.get("authors") or ())
    named = list(dict.fromkeys(name for name in names if name and "@" not in name))
    if len(named) > 1:
        return ", ".join(named)
    return named_author(str(of.get("author") or ""))


def _body(entry: Mapping[str, Any]) -> tuple[Mapping[str, str], bool]:
    """The longest text that the entry brings, as type and value, and whether it is more than a teaser."""
    contents = [one for one in entry.get("content") or () if one.get("value")]
    summary = entry.get("summary_detail") or {}
    chosen = max([*contents, summary], key=lambda one: len(one.get("value") or ""))
    body = {"type": str(chosen.get("type") or "text/plain"), "value": str(chosen.get("value") or "")}
    return body, any(chosen is one for one in contents) or not _TEASER.search(_plain(body))


def _blocks(body: Mapping[str, str]) -> tuple[Block, ...]:
    if body["type"] == "text/plain":
        return tuple(Block(text=text) for text in paragraphs(body["value"]))
    root = parse_fragment(body["value"])
    blocks = element_blocks(root, furniture_of(root))
    return blocks[:-1] if blocks and _ADVERTISEMENT.fullmatch(blocks[-1].text) else blocks
