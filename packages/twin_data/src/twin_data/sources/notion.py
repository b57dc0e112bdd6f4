"""Notion's export, as Markdown and CSV or as HTML: a tree of pages and databases with ids in their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twin_data.contracts.digests import digest_bytes, digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument
from twin_data.sources.exports import (
    elements_of_class,
    passed_over,
    plain_files,
    skipped,
    text_of_file,
    without_classes,
)
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_tree import Element, parse_page, text_of
from twin_data.sources.interviews import written_by
from twin_data.sources.markdown_blocks import markdown_blocks
from twin_data.sources.notion_names import (
    PAGE_SUFFIXES,
    Properties,
    is_notion_name,
    is_whole_table,
    page_key,
    page_title,
    split_properties,
    without_children,
)
from twin_data.sources.reader import Attribution, ReadContext, Reading, RecordIds, Skipped, Unreadable, single_document
from twin_data.sources.records import claim_id, csv_table
from twin_data.sources.text import decode, fold, normalise_newlines, paragraphs

_PROSE_WORDS = 8
"""A cell with fewer is a value: a status, a tag, a name."""
# Lists of pages below, cards of linked pages, formulas set twice, and a database's rows, which have pages.
_NO_TEXT = frozenset({"link-to-page", "table_of_contents", "bookmark", "source", "equation", "collection-content"})
_NO_TEXT_PARTS = _NO_TEXT | {"katex", "katex-mathml", "icon", "page-header-icon"}


class NotionReader:
    """One document a page, and one for each row of a database that holds prose of its own."""

    name = "notion"
    reads_folders = True

    def claims(self, path: Path) -> bool:
        """Whether most pages and tables directly in this folder are called as the export calls them."""
        pages = [one for one in path.iterdir() if one.suffix.lower() in PAGE_SUFFIXES and one.is_file()]
        named = [one for one in pages if is_notion_name(one)]
        return bool(named) and 2 * len(named) >= len(pages)

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the pages and rows of the whole tree; pictures and indices are passed over."""
        files = [one for one in plain_files(path) if is_notion_name(one) or one.suffix.lower() == ".md"]
        tables = [one for one in files if one.suffix.lower() == ".csv"]
        columns = {page_key(one): _columns(one, context) for one in tables}
        for file in files:
            try:
                yield from _read_file(file, files, columns, context)
            except Unreadable as error:
                yield skipped(error)
        yield from passed_over(path, frozenset(files))


def _read_file(
    file: Path, files: list[Path], columns: dict[str, tuple[str, ...]], context: ReadContext
) -> Iterator[Reading]:
    match file.suffix.lower():
        case ".md":
            yield _markdown_page(file, _columns_of_parent(file, columns), context)
        case ".html":
            yield _html_page(file, context)
        case _:
            whole = file.with_name(f"{page_key(file)}_all{file.suffix}")
            if not is_whole_table(file) and whole in files:
                yield Skipped(path=file, reason="repeated_view: the table of all rows is read")
            else:
                yield from _rows(file, context)


def _columns(table: Path, context: ReadContext) -> tuple[str, ...]:
    """The names in a table's head; none if it cannot be read, which is said where its rows are."""
    try:
        return csv_table(text_of_file(table, context), table).columns
    except Unreadable:
        return ()


def _columns_of_parent(page: Path, columns: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The columns of the database whose row a page is: it lies in the folder named like the table."""
    folder = page.parent.name
    return next((names for key, names in columns.items() if folder in {key, page_title(Path(f"{key}.csv"))}), ())


def _markdown_page(file: Path, columns: tuple[str, ...], context: ReadContext) -> RawDocument:
    data = context.read_bytes(file)
    properties, text = split_properties(normalise_newlines(decode(data, file)), columns)
    return _page(file, properties, markdown_blocks(without_children(text)), data, context)


def _html_page(file: Path, context: ReadContext) -> RawDocument:
    data = context.read_bytes(file)
    root = parse_page(data, file)
    body = next(elements_of_class(root, "page-body"), None)
    if body is None:
        raise Unreadable(file, "unknown_format: no page-body")
    title = next((text_of(one) for one in elements_of_class(root, "page-title")), "") or page_title(file)
    blocks = element_blocks(body, without_classes(_NO_TEXT_PARTS))
    heading = (Block(text=title, style=BlockStyle.HEADING, level=1),) if title and blocks else ()
    return _page(file, _html_properties(root), heading + blocks, data, context)


def _html_properties(root: Element) -> Properties:
    tables = elements_of_class(root, "properties")
    rows = (row for table in tables for row in table.iter("tr"))
    cells = (([text_of(one) for one in row.iter("th")], [text_of(one) for one in row.iter("td")]) for row in rows)
    return Properties({names[0].lower(): values[0] for names, values in cells if names and values})


def _page(
    file: Path, properties: Properties, blocks: tuple[Block, ...], data: bytes, context: ReadContext
) -> RawDocument:
    if all(block.style is BlockStyle.HEADING for block in blocks):
        raise Unreadable(file, "empty: no text below the title")
    headings = (block.text for block in blocks if block.style is BlockStyle.HEADING and block.level == 1)
    attribution = _attribution(properties, context)
    return single_document(
        file,
        context,
        kind=DocumentKind.ARTICLE,
        title=next(headings, None) or page_title(file),
        blocks=written_by(attribution, blocks, context),
        digest=digest_bytes(data),
        found_date=properties.date,
        url=properties.url,
    )


def _attribution(properties: Properties, context: ReadContext) -> Attribution:
    """Whose a page is: its property says so, else the persona's, whose workspace it is."""
    name = properties.author
    if name is None:
        return context.sole_author(None)
    return Attribution(context.role_of(name), name, "page property")


def _rows(table: Path, context: ReadContext) -> Iterator[Reading]:
    """The prose in a database's cells. What else a row says lies in the page of that row."""
    ids = RecordIds()
    content = csv_table(text_of_file(table, context), table)
    title_column = next(iter(content.columns), "")
    database = page_title(table.with_name(page_key(table) + table.suffix))
    for row in content.rows:
        properties = Properties({name.lower(): value for name, value in row.items()})
        texts = [
            text
            for name, value in row.items()
            if name != title_column and len(value.split()) >= _PROSE_WORDS
            for text in paragraphs(value)
        ]
        title = fold(row.get(title_column, ""))
        if not texts:
            yield Skipped(path=table, reason="no_prose", part=title or None, digest=digest_value(row))
            continue
        claimed = claim_id(ids, title or None, row, table)
        if isinstance(claimed, Skipped):
            yield claimed
            continue
        attribution = _attribution(properties, context)
        yield RawDocument(
            document_id=context.document_id(table, claimed),
            source=context.source,
            kind=DocumentKind.ARTICLE,
            title=f"{database}: {title}" if title else database,
            date=context.dated(properties.date),
            url=properties.url,
            blocks=tuple(attribution.apply(Block(text=text)) for text in texts),
            content_digest=digest_value(row),
        )
