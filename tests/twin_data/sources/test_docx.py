from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import BlockStyle, RawDocument, Role
from twin_data.sources.docx import DocxReader
from twin_data.sources.reader import ReadContext, Skipped, Unreadable

from .word_file import note_mark, paragraph, run, word_file

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

ESSAY = word_file(
    paragraph(run("Slow "), run("gates"), style="Titel"),
    paragraph(run("A gate is slow — for a reason."), note_mark(1), run(" It’s old."), style=""),
    paragraph(run("What the board said"), style="berschrift2"),
    paragraph(run("Haste floods."), style="Zitat"),
    paragraph(run("— Ruth Szy, minutes, 1987"), style="Zitat"),
    paragraph(run("one"), numbered=True),
    paragraph(run("two"), numbered=True),
    paragraph(run("gate = open()"), style="HTMLVorformatiert"),
    paragraph(run("gate.wait()"), style="HTMLVorformatiert"),
    "<w:tbl><w:tr>" + "".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in ("Scar", "2.10")) + "</w:tr></w:tbl>",
    paragraph(
        run("Kept "),
        '<w:del w:id="1" w:author="Ruth"><w:r><w:delText>struck </w:delText></w:r></w:del>',
        '<w:commentReference w:id="0"/>',
        run("&amp; done."),
    ),
    notes=("Thirty tonnes of it.",),
    properties={
        "dc:title": "Document1",
        "dc:creator": "Nora Fenwick",
        "dcterms:created": "2021-05-23T07:00:00Z",
        "dcterms:modified": "2024-01-01T00:00:00Z",
    },
)


def test_reads_an_essay(read_file: ReadFile) -> None:
    (document,), skipped = read_file(DocxReader(), "essay.docx", ESSAY)
    assert not skipped
    assert (document.title, document.date) == ("Slow gates", date(2021, 5, 23))
    own, quoted = Role.OWN, Role.QUOTED
    assert [(block.role, block.style, block.text) for block in document.blocks] == [
        (own, BlockStyle.HEADING, "Slow gates"),
        (own, BlockStyle.PARAGRAPH, "A gate is slow — for a reason. It’s old."),
        (own, BlockStyle.HEADING, "What the board said"),
        (quoted, BlockStyle.QUOTATION, "Haste floods."),
        (quoted, BlockStyle.QUOTATION, "— Ruth Szy, minutes, 1987"),
        (own, BlockStyle.LIST_ITEM, "one"),
        (own, BlockStyle.LIST_ITEM, "two"),
        (own, BlockStyle.CODE, "gate = open()\ngate.wait()"),
        (own, BlockStyle.PARAGRAPH, "Scar | 2.10"),
        (own, BlockStyle.PARAGRAPH, "Kept & done."),
        (own, BlockStyle.LIST_ITEM, "Thirty tonnes of it."),
    ]
    assert {block.author for block in document.blocks} == {"Nora Fenwick", "Ruth Szy"}
    assert document.blocks[2].level == 2


@pytest.mark.parametrize(
    ("creator", "role"),
    [
        ("nfenwick", Role.OWN),
        ("Ruth Szy", Role.OTHER),
        ("Microsoft Office User", Role.OWN),
        ("python-docx", Role.OWN),
        ("", Role.OWN),
    ],
)
def test_the_creator_decides(read_file: ReadFile, creator: str, role: Role) -> None:
    content = word_file(paragraph(run("Words.")), properties={"dc:creator": creator})
    (document,), _ = read_file(DocxReader(), "2020-02-03-the-scar.docx", content)
    assert [block.role for block in document.blocks] == [role]
    assert (document.title, document.date) == ("The scar", date(2020, 2, 3))


def without(content: bytes, name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry.filename, old.read(entry))
    return stream.getvalue()


ENTITIES = "<!DOCTYPE d [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "gate " * 10}">' for n in range(9))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no zip", "not_docx"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "not_docx: save it as .docx"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (without(ESSAY, "word/document.xml"), "not_docx: it has no word/document.xml"),
        (ESSAY[:900] + b"\0" * 40 + ESSAY[940:], "damaged_docx"),
        (word_file("<w:p>"), "damaged_docx"),
        (word_file(), "empty: no text"),
        (word_file(paragraph(run("&e8;")), prologue=f"{ENTITIES}]>"), "damaged_docx"),
    ],
)
def test_what_is_no_word_file(read_file: ReadFile, content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_file(DocxReader(), "a.docx", content)


def test_what_swells_is_refused(tmp_path: Path, author: Author) -> None:
    (tmp_path / "a.docx").write_bytes(word_file(paragraph(run("gate " * 100_000))))
    with pytest.raises(Unreadable, match="too_large: unpacks"):
        list(DocxReader().read(tmp_path / "a.docx", ReadContext("a", tmp_path, author, max_file_bytes=100_000)))


def test_a_table_of_contents_is_no_text(read_file: ReadFile) -> None:
    data = word_file(paragraph(run("Gates\t1"), style="Verzeichnis1"), paragraph(run("Shut.")))
    (document,), _ = read_file(DocxReader(), "a.docx", data)
    assert document.text == "Shut."
