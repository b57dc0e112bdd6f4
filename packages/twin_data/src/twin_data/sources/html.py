"""Saved web pages and chapters of e-books."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from twin_data.configuration.names import name_key
from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.dates import date_from_name
from twin_data.sources.exports import NOT_WRITING
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_density import prose_parts, with_heading
from twin_data.sources.html_furniture import furniture_of, is_labelled_furniture
from twin_data.sources.html_meta import (
    book_signature,
    is_book_page,
    page_author,
    page_date,
    page_matter,
    page_title,
    page_url,
)
from twin_data.sources.html_office import tidy_office_page
from twin_data.sources.html_posts import drop_posts_of_others
from twin_data.sources.html_tree import Element, parse_page, tag_of, text_of
from twin_data.sources.interviews import written_by
from twin_data.sources.page_lines import without_page_lines
from twin_data.sources.reader import Attribution, ReadContext, Reading, Skipped, Unreadable, single_document
from twin_data.sources.text import title_from_name

_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
_INDICES = frozenset({"archive_browser.html"})
"""Google's own page in what Takeout exports."""
_CHAT = re.compile(r"message_\d+\.html")
"""A page of a chat on Facebook or Instagram, which marks nowhere whose words it shows."""
_DISCORD = b"chatlog__message"
"""In pages of Discord's exporter."""
_ENTRY = frozenset({"hentry", "h-entry"})
_OTHERS_POSTS = "others_posts"
_MAIN_SHARE = 0.5
_TEASER_SHARE = 0.2


class HtmlReader:
    """One document a page; whose words it holds is what the page says of its author, else the persona's."""

    name = "html"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a page's."""
        return path.suffix.lower() in _SUFFIXES

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the page's document, and a note of how many words around it were taken for furniture."""
        if path.name in _INDICES:
            raise Unreadable(path, f"{NOT_WRITING}: it lists what the export holds")
        data = context.read_bytes(path)
        if _CHAT.fullmatch(path.name) or _DISCORD in data:
            raise Unreadable(path, "chat_page: whose words are whose is not read from it; export the chat as text")
        document, left = _read_page(data, path, context)
        yield document
        if left:
            yield Skipped(path=path, reason=f"page_furniture: {left:,} words", digest=digest_bytes(data))


def _may_sign(signature: str, context: ReadContext) -> bool:
    """Whether a signature may be the persona's, as `J. S. M.` and `J. S. Mill` are John Stuart Mill's."""
    signed = name_key(signature).replace(".", " ").split()
    known = [word for name in (context.author.name, *context.author.aliases) for word in name_key(name).split()]
    return not signed or "author" in signed or any(word.startswith(signed[-1]) for word in known)


def page_document(data: bytes, path: Path, context: ReadContext) -> RawDocument:
    """The document of a page's bytes.

    Raises:
        Unreadable: There is no text in it.
    """
    return _read_page(data, path, context)[0]


def _read_page(data: bytes, path: Path, context: ReadContext) -> tuple[RawDocument, int]:
    """The page's document, and how many words around it were taken for furniture."""
    root = parse_page(data, path)
    is_book = is_book_page(root)
    is_whole = tidy_office_page(root) or is_book
    shown = _words_shown(root)
    others = () if is_whole else drop_posts_of_others(root, context.author.is_named)
    main = _body(root) if is_whole else _outermost(root)
    blocks = element_blocks(main) if is_whole else page_blocks(root)
    lines = without_page_lines(() if is_whole else blocks, context.author.is_named)
    blocks = blocks if is_whole else lines.blocks
    if others and all(block.style is BlockStyle.HEADING for block in blocks):
        raise Unreadable(path, f"{_OTHERS_POSTS}: {', '.join(others)}; if one is the persona, add it to author.aliases")
    signature = book_signature(root) if is_book else None
    attribution = context.sole_author(None if lines.is_signed else page_author(root))
    if signature and not _may_sign(signature, context):
        attribution = Attribution(Role.OTHER, signature, "signature")
    document = single_document(
        path,
        context,
        kind=DocumentKind.ARTICLE,
        title=page_title(root, main) or title_from_name(path),
        # A dialogue in a book is of its author's making.
        blocks=tuple(map(attribution.apply, blocks)) if is_book else written_by(attribution, blocks, context),
        digest=digest_bytes(data),
        found_date=(None if is_book else page_date(root, main)) or lines.day or date_from_name(path),
        url=page_url(root),
        matter=page_matter(root),
    )
    return document, max(0, shown - _words(blocks))


def page_blocks(root: Element) -> tuple[Block, ...]:
    """The blocks of a web page's own text, without the furniture around it."""
    parts = main_parts(root)
    if len(parts) == 1:
        parts = with_heading(parts[0], _body(root))
    parts = parts or prose_parts(_body(root)) or [_body(root)]
    return tuple(block for part in parts for block in element_blocks(part, furniture_of(part)))


def _words_shown(root: Element) -> int:
    """Words that the page shows."""
    return _words(element_blocks(_body(root)))


def _words(blocks: Sequence[Block]) -> int:
    return sum(len(block.text.split()) for block in blocks)


def main_parts(root: Element) -> list[Element]:
    """The elements that hold the page's own text: its articles, else its main part; none if it marks neither."""
    main = _marked_main(root)
    scope = _body(root) if main is None else main
    articles = [article for article in _articles(scope) if _stands_alone(article, scope)]
    lengths = [len(text_of(article)) for article in articles]
    if articles and (main is None or sum(lengths) >= _MAIN_SHARE * _readable_length(scope)):
        return [one for one, length in zip(articles, lengths, strict=True) if length >= _TEASER_SHARE * max(lengths)]
    return [] if main is None else [main]


def _articles(scope: Element) -> list[Element]:
    """What a page marks as articles: by the tag, else by the classes of microformats."""
    tagged = list(scope.iter("article"))
    if tagged:
        return tagged
    return [one for one in scope.iter("div", "section", "main") if _ENTRY & set((one.get("class") or "").split())]


def _stands_alone(article: Element, scope: Element) -> bool:
    """Whether an article is neither part of another nor inside a list of comments or related pages."""
    for element in article.iterancestors():
        if element is scope:
            break
        is_entry = tag_of(element) == "article" or bool(_ENTRY & set((element.get("class") or "").split()))
        if is_entry or tag_of(element) in {"aside", "nav", "footer"} or is_labelled_furniture(element):
            return False
    return not is_labelled_furniture(article)


def _readable_length(scope: Element) -> int:
    return sum(len(block.text) for block in element_blocks(scope, furniture_of(scope)))


def _marked_main(root: Element) -> Element | None:
    mains = [element for element in root.iter("main") if text_of(element)]
    mains += [element for element in _body(root).iter() if element.get("role") == "main" and text_of(element)]
    return mains[0] if mains else None


def _outermost(root: Element) -> Element:
    """Where title and date are looked for first."""
    parts = main_parts(root)
    return parts[0] if parts else _body(root)


def _body(root: Element) -> Element:
    body = next(root.iter("body"), None)
    return root if body is None else body
