"""WordPress's export (WXR): an RSS file with every post, page and comment of a site."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import head_of, text_of_file
from twin_data.sources.html_tree import Element, parse_fragment, text_of
from twin_data.sources.interviews import written_by
from twin_data.sources.reader import Attribution, ReadContext, Reading, Skipped, Unreadable
from twin_data.sources.text import fold, title_from_text
from twin_data.sources.wordpress_markup import post_blocks

_MARK = b"http://wordpress.org/export/"
_NAMESPACE = re.compile(re.escape(_MARK.decode()) + r"[\d.]+/")
_WRITING = frozenset({"post", "page"})
_PUBLISHED = "publish"
_APPROVED = "1"
_NO_ANSWERS = frozenset({"pingback", "trackback"})
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_NOTES = "footnotes"
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
# Plugins let through control characters that XML forbids; one would cost the whole file.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class _Site:
    """Who writes here: the names of each author by login, and which user ids are the persona's."""

    namespace: str
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    own_user_ids: frozenset[str] = frozenset()

    def text(self, element: Element, name: str) -> str:
        """The text of one of the export's own elements."""
        return (element.findtext(f"{{{self.namespace}}}{name}") or "").strip()


class WordPressReader:
    """One document a post or page, and one for its comments if the persona wrote any of them."""

    name = "wordpress"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether this is an XML file that declares the export's namespace."""
        return path.suffix.lower() in {".xml", ".wxr"} and _MARK in head_of(path)

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield posts and comments; drafts, attachments and menus are passed over."""
        root = _parse(text_of_file(path, context), path)
        channel = root.find("channel")
        if channel is None:
            raise Unreadable(path, "unknown_format: no channel")
        site = _site(root, channel, context)
        seen: set[str] = set()
        for number, item in enumerate(channel.findall("item"), start=1):
            post_id = site.text(item, "post_id") or f"item-{number}"
            if post_id in seen:
                yield Skipped(path=path, reason="repeated_record", part=post_id, digest=_digest(item))
                continue
            seen.add(post_id)
            yield from _read_item(item, post_id, site, path, context)


def _parse(text: str, path: Path) -> Element:
    """The root element. A document type is refused: this export has none, and its entities could swell or fetch."""
    if "<!DOCTYPE" in text.partition("<rss")[0]:
        raise Unreadable(path, "unsafe_xml: it declares a document type")
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(_FORBIDDEN.sub("", text).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(path, f"not_xml: {error.msg}") from error


def _site(root: Element, channel: Element, context: ReadContext) -> _Site:
    # The one of excerpts begins alike: `…/export/1.2/excerpt/`.
    namespace = next((uri for uri in root.nsmap.values() if _NAMESPACE.fullmatch(uri)), "")
    names: dict[str, tuple[str, ...]] = {}
    site, own_ids = _Site(namespace), set[str]()
    for author in channel.findall(f"{{{namespace}}}author"):
        login = site.text(author, "author_login")
        full_name = f"{site.text(author, 'author_first_name')} {site.text(author, 'author_last_name')}"
        shown, email = site.text(author, "author_display_name"), site.text(author, "author_email")
        names[login] = (login, shown, email, fold(full_name))
        if _is_own(names[login], context):
            own_ids.add(site.text(author, "author_id"))
    return _Site(namespace, names, frozenset(own_ids) - {"", "0"})


def _is_own(names: tuple[str, ...], context: ReadContext) -> bool:
    return any(context.author.is_named(name) for name in names)


def _read_item(item: Element, post_id: str, site: _Site, path: Path, context: ReadContext) -> Iterator[Reading]:
    kind, status = site.text(item, "post_type"), site.text(item, "status")
    comments = list(item.iter(f"{{{site.namespace}}}comment"))
    reason = None
    if kind not in _WRITING:
        reason = f"not_writing: {kind or 'no post type'}"
    elif status != _PUBLISHED:
        reason = status or "no_status"
    elif site.text(item, "post_password"):
        reason = "protected"
    if reason is not None:
        yield Skipped(path=path, reason=reason, part=post_id, digest=_digest(item))
        return
    thread = f"wordpress:{context.document_id(path, post_id)}" if comments else None
    yield _post(item, post_id, thread, site, path, context)
    if comments:
        yield from _comments(item, comments, post_id, thread, site, path, context)


def _post(item: Element, post_id: str, thread: str | None, site: _Site, path: Path, context: ReadContext) -> Reading:
    login = (item.findtext(_CREATOR) or "").strip()
    names = site.names.get(login, (login,))
    if not _is_own(names, context):
        reason = f"other_author: {login or 'unnamed'}; if that is the persona, add it to author.aliases"
        return Skipped(path=path, reason=reason, part=post_id, digest=_digest(item))
    blocks = (*post_blocks(item.findtext(_CONTENT) or ""), *_notes(item, site))
    if not blocks:
        return Skipped(path=path, reason="empty", part=post_id, digest=_digest(item))
    attribution = Attribution(Role.OWN, context.author.name, "post author")
    return RawDocument(
        document_id=context.document_id(path, post_id),
        source=context.source,
        kind=DocumentKind.ARTICLE,
        title=_title(item) or title_from_text(blocks[0].text),
        date=context.dated(parse_date(site.text(item, "post_date"))),
        url=(item.findtext("link") or "").strip() or None,
        blocks=written_by(attribution, blocks, context),
        thread=thread,
        content_digest=_digest(item),
    )


def _title(item: Element) -> str:
    """The title as it is shown: it is stored as HTML, with `&amp;` and now and then a tag."""
    return text_of(parse_fragment(item.findtext("title") or ""))


def _notes(item: Element, site: _Site) -> Iterator[Block]:
    """The footnotes of the block editor, which are stored beside the post."""
    for field_ in item.iter(f"{{{site.namespace}}}postmeta"):
        if site.text(field_, "meta_key") != _NOTES:
            continue
        try:
            notes = json.loads(site.text(field_, "meta_value") or "[]")
        except ValueError:
            continue  # another plugin's field of that name
        for note in notes if isinstance(notes, list) else []:
            if isinstance(note, dict) and isinstance(note.get("content"), str):
                blocks = post_blocks(note["content"])
                yield from (one.model_copy(update={"style": BlockStyle.LIST_ITEM}) for one in blocks)


def _comments(
    item: Element,
    comments: list[Element],
    post_id: str,
    thread: str | None,
    site: _Site,
    path: Path,
    context: ReadContext,
) -> Iterator[Reading]:
    """The comments in order of time, those of others around the persona's own; nothing if the persona wrote none."""
    blocks: list[Block] = []
    first_own = ""
    for comment in sorted(comments, key=lambda one: (site.text(one, "comment_date"), site.text(one, "comment_id"))):
        approved, sort = site.text(comment, "comment_approved"), site.text(comment, "comment_type")
        part = f"comment-{site.text(comment, 'comment_id')}"
        if approved != _APPROVED or sort in _NO_ANSWERS:
            yield Skipped(path=path, reason=sort if sort in _NO_ANSWERS else "not_approved", part=part)
            continue
        attribution = _commenter(comment, site, context)
        written = [attribution.apply(block) for block in _turns(site.text(comment, "comment_content"))]
        if attribution.role is Role.OWN and written:
            first_own = first_own or site.text(comment, "comment_date")
        blocks += written
    comments_id = f"{post_id}-comments"
    if not first_own:
        yield Skipped(path=path, reason="comments_of_others", part=comments_id)
        return
    yield RawDocument(
        document_id=context.document_id(path, comments_id),
        source=context.source,
        kind=DocumentKind.POST,
        title=f"Comments on {_title(item) or post_id}",
        date=context.dated(parse_date(first_own)),
        url=(item.findtext("link") or "").strip() or None,
        blocks=tuple(blocks),
        thread=thread,
        content_digest=digest_value([_digest(comment) for comment in comments]),
    )


def _turns(content: str) -> list[Block]:
    return [
        block.model_copy(update={"style": BlockStyle.TURN}) if block.style is BlockStyle.PARAGRAPH else block
        for block in post_blocks(content)
    ]


def _commenter(comment: Element, site: _Site, context: ReadContext) -> Attribution:
    """Who wrote a comment. Whoever was logged in is known by the user id; a guest says a name or an address."""
    name, email = site.text(comment, "comment_author"), site.text(comment, "comment_author_email")
    user_id = site.text(comment, "comment_user_id")
    if user_id in site.own_user_ids:
        return Attribution(Role.OWN, context.author.name, "comment of a user of the site")
    if user_id not in {"", "0"}:
        return Attribution(Role.OTHER, name or None, "comment of a user of the site")
    is_own = context.author.is_named(email) or (not email and context.author.is_named(name))
    return Attribution(Role.OWN if is_own else Role.OTHER, name or None, "comment author")


def _digest(element: Element) -> str:
    return digest_value(etree.tostring(element, encoding="unicode", with_tail=False))
