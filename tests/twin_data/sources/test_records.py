from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from twin_data.contracts.documents import DocumentKind, RawDocument, Role
from twin_data.sources.jsonl import JsonlReader
from twin_data.sources.linkedin import LinkedInReader, unquote_lines
from twin_data.sources.markdown import MarkdownReader
from twin_data.sources.plain_text import PlainTextReader
from twin_data.sources.reader import Reader, Skipped, Unreadable
from twin_data.sources.records import json_records
from twin_data.sources.tables import TableReader

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]
COLUMNS = ["Date", "ShareLink", "ShareCommentary", "SharedUrl", "MediaUrl", "Visibility"]


def shares(*rows: tuple[str, str, str]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    writer.writerows([*row, "", "", "MEMBER_NETWORK"] for row in rows)
    return stream.getvalue()


def test_half_an_emoji_is_no_character(read_file: ReadFile) -> None:
    """Exports hold them where a program cut a text by its length; they are no Unicode and ended the run."""
    cut = r'{"text": "So it goes \ud83d", "title": "\uDE00 \ud83d\ude00 \\ud83d", "id": "a\ud83d"}'
    (row,), _ = read_file(JsonlReader(), "rows.jsonl", cut)
    assert (row.text, row.title, row.document_id) == (
        "So it goes \ufffd",
        "\ufffd 😀 \\ud83d",
        "notes/rows.jsonl#a\ufffd",
    )
    (record,) = json_records(f"[{cut}]", Path("a.json"))
    assert record["text"] == row.text


URL = "https://www.linkedin.example/feed/update/urn%3Ali%3Ashare%3A68"


def test_reads_shares(read_file: ReadFile) -> None:
    text = 'We put it ashore — "done".\nNothing "wrong" with it.'
    exported = text.replace("\n", '"\n""\n"')
    documents, skipped = read_file(
        LinkedInReader(),
        "Shares.csv",
        shares(("2021-09-06 12:20:03", URL, exported), ("2021-09-07 10:00:00", URL + "9", "")),
    )
    (document,) = documents
    assert document.document_id == "notes/Shares.csv#urn:li:share:68"
    assert (document.kind, document.date, document.url) == (DocumentKind.POST, date(2021, 9, 6), URL)
    assert [block.text for block in document.blocks] == ['We put it ashore — "done".', 'Nothing "wrong" with it.']
    assert {(block.role, block.author) for block in document.blocks} == {(Role.OWN, "Nora Fenwick")}
    assert [(one.part, one.reason) for one in skipped] == [("urn:li:share:689", "empty")]


@pytest.mark.parametrize("text", ['One line with "marks"', 'a\n"b"', '"a"\nb', "a\nb"])
def test_marks_of_the_author_stay(text: str) -> None:
    assert unquote_lines(text) == text


def test_other_tables_of_the_archive_are_said_to_be_no_writing(read_file: ReadFile) -> None:
    read_file(LinkedInReader(), "Shares.csv", shares(("2021-09-06", URL, "Words.")))
    with pytest.raises(Unreadable, match="not_writing"):
        read_file(LinkedInReader(), "Profile.csv", "First Name\nNora\n")


POST = "https://www.linkedin.example/feed/update/urn%3Ali%3Aactivity%3A65"


def test_comments_below_one_post_are_one_document_whatever_they_answer(read_file: ReadFile) -> None:
    answer = f"{POST}?commentUrn=urn%3Ali%3Acomment%3A%28activity%3A65%2C66%29"
    rows = f"2021-01-01 10:00:00,{answer},It does.\n2021-01-02 10:00:00,{POST},It leaks.\n2021-01-03,http://[x,Hm.\n"
    documents, _ = read_file(LinkedInReader(), "Comments.csv", "Date,Link,Message\n" + rows)
    torn, document = documents
    assert (document.document_id, document.url) == ("notes/Comments.csv#urn:li:activity:65", POST)
    assert [block.text for block in document.blocks] == ["It does.", "It leaks."]
    assert torn.text == "Hm."


def test_comments_whose_links_differ_behind_the_question_mark_are_told_apart(read_file: ReadFile) -> None:
    rows = "".join(f"2021-01-0{n},https://www.linkedin.example/feed?post={n},On {n}.\n" for n in (1, 2))
    documents, _ = read_file(LinkedInReader(), "Comments.csv", "Date,Link,Message\n" + rows)
    assert [one.text for one in documents] == ["On 1.", "On 2."]


def test_shares_without_the_column(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable, match="unknown_format"):
        read_file(LinkedInReader(), "Shares.csv", "Date,Text\n2021-01-01,x\n")


def test_reads_jsonl(read_file: ReadFile) -> None:
    rows: list[object] = [
        {"id": 7, "text": "One.\n\nTwo — it’s so.", "title": "T", "date": "2021-05-23", "url": "https://x.example/7"},
        {"text": "By another.", "author": "Ruth Szy", "kind": "post"},
        {"text": "By her.", "author": {"name": "Nora Fenwick"}},
        {"text": "By her.", "author": {"name": "Nora Fenwick"}},
        {"text": " "},
        [1],
    ]
    content = "\n".join(json.dumps(row) for row in rows) + "\n{broken\n\n"
    documents, skipped = read_file(JsonlReader(), "rows.jsonl", content)
    first, second, third = documents
    assert first.document_id == "notes/rows.jsonl#7"
    assert (first.title, first.date, first.url) == ("T", date(2021, 5, 23), "https://x.example/7")
    assert [block.text for block in first.blocks] == ["One.", "Two — it’s so."]
    assert (second.kind, second.title, second.blocks[0].role) == (DocumentKind.POST, "By another.", Role.OTHER)
    assert third.blocks[0].role is Role.OWN
    assert sorted(one.reason for one in skipped) == ["empty", "no_columns", "not_json", "repeated_record"]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_are_none_say_nothing(read_file: ReadFile, number: str) -> None:
    (row,), _ = read_file(JsonlReader(), "rows.jsonl", f'{{"text": "It leaks.", "title": {number}, "id": 1.5}}')
    assert (row.document_id, row.title, row.text) == ("notes/rows.jsonl#1.5", "It leaks.", "It leaks.")
    assert json_records(f'[{{"a": {number}}}]', Path("a.json")) == [{"a": None}]


def test_json_beyond_what_can_be_read_is_said(read_file: ReadFile) -> None:
    deep, long = "[" * 100_000, "9" * 5000
    _, skipped = read_file(JsonlReader(), "rows.jsonl", f'{{"text": {deep}\n{{"text": "x", "n": {long}}}')
    assert [one.reason for one in skipped] == ["not_json", "not_json"]
    for text in (deep, f"[{long}]"):
        with pytest.raises(Unreadable, match="not_json"):
            json_records(text, Path("a.json"))


@pytest.mark.parametrize(
    ("given", "name", "role"),
    [
        (["Ruth Szy"], "Ruth Szy", Role.OTHER),
        (["Nora Fenwick"], "Nora Fenwick", Role.OWN),
        (["Nora Fenwick", {"name": "Ruth Szy"}], "Nora Fenwick, Ruth Szy", Role.OTHER),
        (17, "17", Role.OTHER),
        ([], None, Role.OWN),
        (None, None, Role.OWN),
    ],
)
def test_an_author_may_be_a_list_or_a_number(read_file: ReadFile, given: object, name: str | None, role: Role) -> None:
    (row,), _ = read_file(JsonlReader(), "rows.jsonl", json.dumps({"text": "It leaks.", "author": given}))
    assert [(one.author, one.role) for one in row.blocks] == [(name, role)]


def test_ids_of_rows_do_not_depend_on_their_order(read_file: ReadFile) -> None:
    rows = [json.dumps({"text": text}) for text in ("One.", "Two.", "Three.")]
    there, _ = read_file(JsonlReader(), "rows.jsonl", "\n".join(rows))
    back, _ = read_file(JsonlReader(), "rows.jsonl", "\n".join(rows[::-1]))
    assert sorted(one.document_id for one in there) == sorted(one.document_id for one in back)


def test_reads_plain_text(read_file: ReadFile) -> None:
    (document,), _ = read_file(PlainTextReader(), "2021-05-23-the-gate.txt", "It’s *kept*.\r\n\r\nAll of it.\r\n")
    assert document.text == "It’s *kept*.\n\nAll of it."
    assert (document.title, document.date) == ("The gate", date(2021, 5, 23))
    assert {block.role for block in document.blocks} == {Role.OWN}


@pytest.mark.parametrize(
    ("reader", "name", "content"),
    [
        (TableReader(), "a.csv", "text,Author\nIt leaks.,Ruth Szy\n"),
        (TableReader(), "a.csv", "text, author\nIt leaks.,Ruth Szy\n"),
        (JsonlReader(), "a.jsonl", '{"text": "It leaks.", "Author": "Ruth Szy"}'),
        (MarkdownReader(), "a.md", "---\nAuthor: Ruth Szy\n---\nIt leaks.\n"),
    ],
)
def test_an_author_is_seen_however_the_column_is_spelt(
    read_file: ReadFile, reader: Reader, name: str, content: str
) -> None:
    (document,), _ = read_file(reader, name, content)
    assert [(one.author, one.role) for one in document.blocks] == [("Ruth Szy", Role.OTHER)]
