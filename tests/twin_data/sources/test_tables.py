from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest
from pydantic import ValidationError

from twin_data.configuration.persona import Columns, SourceOptions
from twin_data.contracts.documents import BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.jsonl import JsonlReader
from twin_data.sources.reader import Skipped, Unreadable
from twin_data.sources.tables import TableReader

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]
NEWSLETTER = SourceOptions(
    columns=Columns(text="Body", title="Subject", date="Sent", author="From", url="Link", id="No", thread="Topic",
                    kind="Genre", default_kind=DocumentKind.MAIL)
)  # fmt: skip
ROWS = (
    'No;Sent;Subject;From;Body;Link;Topic;Genre\n'
    '1;2021-05-23;The gate;Nora Fenwick;"It’s ""shut"";\n\nand late.";https://x.example/1;gates;\n'
    "2;2021-05-24;A reply;Ruth Szy;Is it?;;gates;post\n"
    "3;2021-05-25;Nothing;Nora Fenwick;  ;;;\n"
    "1;2021-05-23;The gate;Nora Fenwick;Another row of this number.;;;\n"
)  # fmt: skip


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_columns_are_those_that_the_persona_names(delimiter: str, read_file: ReadFile) -> None:
    text = ROWS if delimiter == ";" else ROWS.replace('"";', '"",').replace(";", delimiter).replace('"",', '"";')
    documents, skipped = read_file(TableReader(), "letters.csv", text, options=NEWSLETTER)
    first, second, third = documents
    assert first.document_id == "notes/letters.csv#1"
    assert (first.kind, first.title, first.date) == (DocumentKind.MAIL, "The gate", date(2021, 5, 23))
    assert (first.url, first.thread) == ("https://x.example/1", "gates")
    assert [block.text for block in first.blocks][-1] == "and late."
    assert {(block.role, block.author, block.basis) for block in first.blocks} == {
        (Role.OWN, "Nora Fenwick", "document author")
    }
    assert (second.kind, second.blocks[0].role, second.blocks[0].author) == (DocumentKind.POST, Role.OTHER, "Ruth Szy")
    assert third.document_id.startswith("notes/letters.csv#1~"), "another row under the same number"
    assert [(one.part, one.reason) for one in skipped] == [("3", "empty")]


def test_a_table_without_the_column_says_which_there_are(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable) as caught:
        read_file(TableReader(), "letters.csv", ROWS)
    assert caught.value.reason.startswith("no_text_column: none of its columns (No, Sent, Subject, From, Body, Link,")
    assert "columns.text" in caught.value.reason
    misspelt = SourceOptions(columns=Columns(text="Body", title="Subjct", markup="html"))
    with pytest.raises(Unreadable, match="missing_columns: title 'Subjct'; its columns are No, Sent"):
        read_file(TableReader(), "letters.csv", ROWS, options=misspelt)
    with pytest.raises(Unreadable, match="not_csv"):
        read_file(TableReader(), "torn.csv", 'text,title\n"no end')


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_markup_of_the_text(suffix: str, read_file: ReadFile) -> None:
    def read(markup: str, text: str) -> RawDocument:
        options = SourceOptions(columns=Columns.model_validate({"text": "body", "markup": markup}))
        if suffix == "csv":
            content = 'body\n"' + text.replace('"', '""') + '"\n'
            (document,), _ = read_file(TableReader(), "a.csv", content, options=options)
        else:
            (document,), _ = read_file(JsonlReader(), "a.jsonl", json.dumps({"body": text}), options=options)
        return document

    html = read("html", '<h2>Head</h2><p class="x">It’s <b>late</b>.</p><blockquote>Haste.</blockquote>')
    assert [(block.style, block.role, block.text) for block in html.blocks] == [
        (BlockStyle.HEADING, Role.OWN, "Head"),
        (BlockStyle.PARAGRAPH, Role.OWN, "It’s late."),
        (BlockStyle.QUOTATION, Role.QUOTED, "Haste."),
    ]
    assert read("markdown", "> Haste.\n\nIt’s *late*.").blocks[1].text == "It’s late."
    assert read("plain", "It’s *late*.").blocks[0].text == "It’s *late*."


def test_wrong_options_are_refused() -> None:
    for wrong in ({"text": ""}, {"markup": "rtf"}, {"default_kind": "poem"}, {"txt": "body"}):
        with pytest.raises(ValidationError):
            Columns.model_validate(wrong)


def test_a_row_with_too_many_cells_is_passed_over_and_named(read_file: ReadFile) -> None:
    """A comma of the text that nobody quoted: the rest of the text would be the author."""
    rows = "text,author\nIt is shut, and late, too,Nora Fenwick\nIt is open.,Nora Fenwick\n"
    documents, skipped = read_file(TableReader(), "a.csv", rows)
    assert [one.text for one in documents] == ["It is open."]
    assert [(one.part, one.reason.partition(":")[0]) for one in skipped] == [("line-2", "torn_row")]


def test_a_long_article_fits_into_a_cell(read_file: ReadFile) -> None:
    (document,), _ = read_file(TableReader(), "a.csv", "text\n" + "Gates " * 30_000 + "\n")
    assert len(document.text.split()) == 30_000


def test_what_is_no_csv_names_the_line(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable, match="not_csv: line 3: "):
        read_file(TableReader(), "a.csv", 'text,date\nIt is shut.,\n"a "bad" cell",\n')


def test_excels_line_above_the_head_is_no_head(read_file: ReadFile) -> None:
    (document,), _ = read_file(TableReader(), "a.csv", "sep=;\r\ntext;title\r\nIt is shut.;Gates\r\n")
    assert (document.text, document.title) == ("It is shut.", "Gates")
