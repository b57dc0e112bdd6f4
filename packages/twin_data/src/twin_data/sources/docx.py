"""Word files (`.docx`): headings, lists, quotations, tables and notes by style, without comments and deletions."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from lxml import etree  # type: ignore[import-untyped]

from twin_data.configuration.names import named_author
from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind
from twin_data.sources.dates import date_from_name, parse_date
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_tree import Element, parse_fragment
from twin_data.sources.interviews import written_by
from twin_data.sources.reader import ReadContext, Reading, Unreadable, single_document
from twin_data.sources.text import fold, title_from_name

_CORE_PROPERTIES = "docProps/core.xml"
_BODY = "word/document.xml"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
# The names are those of the file format; Word shows them translated. "Quotations" and "Preformatted Text" are
# LibreOffice's, "Source Code" is pandoc's.
_STYLE_MAP = "\n".join(
    [
        "p[style-name='Title'] => h1:fresh",
        *(f"p[style-name='{name}'] => blockquote > p:fresh" for name in ("Quote", "Intense Quote", "Block Text")),
        "p[style-name='Quotations'] => blockquote > p:fresh",
        *(f"p[style-name='{name} {level}'] => !" for name in ("toc", "Contents") for level in range(1, 10)),
        *(f"p[style-name='{name}'] => !" for name in ("TOC Heading", "Contents Heading", "table of figures")),
        *(
            f"p[style-name='{name}'] => pre:separator('\\n')"
            for name in ("HTML Preformatted", "Preformatted Text", "Source Code")
        ),
    ]
)
_NOTE_IDS = ("footnote-", "endnote-")
_DAMAGE = (zipfile.BadZipFile, zlib.error, ExpatError, etree.XMLSyntaxError, KeyError, EOFError, NotImplementedError)


class DocxReader:
    """One document a file; whose words it holds is what its properties say of the author, else the persona's."""

    name = "docx"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a Word file's."""
        return path.suffix.lower() in {".docx", ".docm"}

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the file's document."""
        data = context.read_bytes(path)
        try:
            properties = _properties(data, path, context.max_file_bytes)
            blocks = _blocks(data)
        # Besides what these libraries raise themselves, whatever broken parts make of Python's operations.
        except (*_DAMAGE, ValueError, OSError, AttributeError, TypeError, IndexError, RecursionError) as error:
            raise Unreadable(path, f"damaged_docx: {fold(str(error)) or type(error).__name__}") from error
        attribution = context.sole_author(named_author(properties.get("creator")))
        headings = (block.text for block in blocks if block.style is BlockStyle.HEADING and block.level == 1)
        yield single_document(
            path,
            context,
            kind=DocumentKind.ARTICLE,
            title=next(headings, None) or properties.get("title") or title_from_name(path),
            blocks=written_by(attribution, blocks, context),
            digest=digest_bytes(data),
            found_date=_date(properties) or date_from_name(path),
        )


def _properties(data: bytes, path: Path, max_bytes: int) -> dict[str, str]:
    """The core properties by name.

    Raises:
        Unreadable: It is no Word file, or encrypted, or one that swells.
    """
    if data.startswith(_OLE_MAGIC):
        encrypted = _ENCRYPTED_STREAM in data
        raise Unreadable(path, "encrypted: save it without a password" if encrypted else "not_docx: save it as .docx")
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise Unreadable(path, "not_docx: no Word file")
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        names = set(opened.namelist())
        if _BODY not in names:
            raise Unreadable(path, f"not_docx: it has no {_BODY}")
        # What an entry claims to hold is the most that is unpacked of it.
        if sum(entry.file_size for entry in opened.infolist()) > max_bytes:
            raise Unreadable(path, f"too_large: unpacks to over {max_bytes // 1024**2} MiB")
        if _CORE_PROPERTIES not in names:
            return {}
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(opened.read(_CORE_PROPERTIES), parser)
    return {etree.QName(one).localname: text for one in root.iter(etree.Element) if (text := fold(one.text or ""))}


def _date(properties: dict[str, str]) -> date | None:
    return parse_date(properties.get("created")) or parse_date(properties.get("modified"))


def _blocks(data: bytes) -> tuple[Block, ...]:
    import mammoth  # type: ignore[import-untyped]  # few archives hold Word files

    converted = mammoth.convert_to_html(
        io.BytesIO(data), style_map=_STYLE_MAP, include_embedded_style_map=False, convert_image=_no_image
    )
    root = parse_fragment(converted.value)
    _take_arrows_off_notes(root)
    for cell in root.iter("td", "th"):
        for paragraph in cell.findall("p"):  # so that a row is one block, with its cells side by side
            paragraph.tail = " " + (paragraph.tail or "")
            paragraph.drop_tag()
    return element_blocks(root)


def _no_image(image: Any) -> list[Any]:
    return []


def _take_arrows_off_notes(root: Element) -> None:
    """Remove the arrow at the end of each note, which leads back to its mark in the text."""
    for item in root.iter("li"):
        if not (item.get("id") or "").startswith(_NOTE_IDS):
            continue
        for link in [one for one in item.iter("a") if (one.get("href") or "").startswith("#")]:
            link.drop_tree()
