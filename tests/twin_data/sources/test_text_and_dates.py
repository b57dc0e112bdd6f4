from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from twin_data.sources.dates import date_from_name, mail_date, parse_date
from twin_data.sources.reader import RecordIds, Unreadable
from twin_data.sources.text import decode, fold, paragraphs, title_from_name, title_from_text

PATH = Path("a.txt")
SENTENCE = "We’ve nineteen conditions now – the café “rule” cost £48,600, and nobody’s hurt."


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_decodes_what_editors_write(encoding: str, times: int) -> None:
    assert decode((SENTENCE * times).encode(encoding), PATH) == SENTENCE * times


@pytest.mark.parametrize("text", ["It’s so.", "Été", "“no” — £5"])
def test_short_texts_are_windows_text(text: str) -> None:
    assert decode(text.encode("cp1252"), PATH) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Была мокрая ночь, и ворота не открылись.", "cp1251"),
        ("これは日本語の文章です。水門は開きません。", "shift_jis"),
    ],
)
def test_other_scripts_are_guessed(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), PATH) == text


def test_declared_encoding_counts_where_it_is_not_utf8() -> None:
    assert decode("Привет, мир".encode("koi8-r"), PATH, declared="koi8-r") == "Привет, мир"
    assert decode(SENTENCE.encode(), PATH, declared="koi8-r") == SENTENCE


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("bad", "read"),
    [
        (b"It\x92s old", "It’s old"),
        (b"caf\xe9 and caf\xe9s", "café and cafés"),
        (b"cut \xe2\x80 here", "cut \ufffd here"),
        (b"no \x9d sign", "no \ufffd sign"),
    ],
)
def test_a_bad_byte_costs_a_utf8_text_nothing_else(mark: bytes, bad: bytes, read: str) -> None:
    data = mark + SENTENCE.encode() + bad + SENTENCE.encode()
    assert decode(data, PATH) == SENTENCE + read + SENTENCE
    assert decode(data, PATH, declared="iso-8859-1") == SENTENCE + read + SENTENCE


def test_a_utf8_text_may_be_cut_inside_a_character() -> None:
    assert decode("It’s the keeper’s gate.’".encode()[:-2], PATH) == "It’s the keeper’s gate.\ufffd"
    assert decode((SENTENCE + "”").encode()[:-1], PATH) == SENTENCE + "\ufffd"


@pytest.mark.parametrize("encoding", ["iso-2022-jp", "iso-2022-kr", "hz"])
def test_what_is_declared_to_be_spelt_in_seven_bits_is(encoding: str) -> None:
    text = {"iso-2022-kr": "수문이 열리지 않는다."}.get(encoding, "水は ok")
    assert decode(text.encode(encoding), PATH, declared=encoding.upper()) == text
    assert decode(SENTENCE.encode(), PATH, declared=encoding) == SENTENCE
    assert decode(b"plain", PATH, declared="no\x00name") == "plain"


def test_binary_is_no_text() -> None:
    with pytest.raises(Unreadable, match="binary"):
        decode(b"\x89PNG\x00\x00", PATH)


def test_fold_keeps_every_visible_character() -> None:
    assert fold("  Mr.\u00a0Wells\t—\n“no” good\u2060—” ") == "Mr. Wells — “no” good—”"


def test_paragraphs_join_wrapped_lines_but_not_short_ones() -> None:
    wrapped = "The first line of this paragraph runs to the full width\nand goes on here.\n\nYours,\nNora\n"
    assert paragraphs(wrapped) == [
        "The first line of this paragraph runs to the full width and goes on here.",
        "Yours,\nNora",
    ]


def test_list_items_keep_their_lines() -> None:
    items = "- an item of the list that is as long as a line can be\n- and another one"
    assert paragraphs(items) == [items]


def test_a_stanza_keeps_its_lines_however_long() -> None:
    sonnet = (
        "Shall I compare the gate to anything that shuts?\nIt is more patient, and it does not mind the rain:\n"
        "“Rough winds” is what the keeper calls them, but\nAnd this he says in May — they come again."
    )
    assert paragraphs(sonnet) == [sonnet]
    wrapped = sonnet.replace("\nIt is", "\nand it is")
    assert paragraphs(wrapped) == [wrapped.replace("\n", " ")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2021-05-23", date(2021, 5, 23)),
        ("2021-05-23T23:30:00-11:00", date(2021, 5, 23)),
        ("2025-04-08 08:20:51", date(2025, 4, 8)),
        ("19 October 2023", date(2023, 10, 19)),
        ("October 19th, 2023", date(2023, 10, 19)),
        ("Mon, 08 Mar 2021 19:22:43 +0000", date(2021, 3, 8)),
        (datetime(2020, 1, 2, 3, tzinfo=UTC), date(2020, 1, 2)),
        (date(2020, 1, 2), date(2020, 1, 2)),
        ("23.5.2021", date(2021, 5, 23)),
        (1615545000, date(2021, 3, 12)),
        ("1615545000123", date(2021, 3, 12)),
        (1615545000.5, date(2021, 3, 12)),
        ("03/04/2021", None),
        ("2021-02-31", None),
        ("soon", None),
        (None, None),
        (True, None),
    ],
)
def test_dates(value: object, expected: date | None) -> None:
    assert parse_date(value) == expected


def test_dates_of_names_and_mails() -> None:
    assert date_from_name(Path("2021-05-23-three-soundings.md")) == date(2021, 5, 23)
    assert date_from_name(Path("notes-2021.md")) is None
    assert mail_date("not a date") is None


def test_titles() -> None:
    assert title_from_name(Path("2021-05-23-three-soundings.md")) == "Three soundings"
    assert title_from_name(Path("2021-05-23.md")) == "2021-05-23"
    assert title_from_text("One two three four", max_characters=12) == "One two…"


def test_record_ids_do_not_depend_on_order() -> None:
    first, second = RecordIds(), RecordIds()
    assert first.claim("a", "1" * 64) == "a"
    assert first.claim("a", "1" * 64) is None
    assert first.claim("a", "2" * 64) == "a~" + "2" * 12
    assert first.claim("a", "2" * 64) is None
    assert second.claim(None, "3" * 64) == "3" * 12


GERMAN = "Ich habe über zwanzig Jahre Schiefer verlegt, und ich schätze ihn für seine Größe. Später müssen wir prüfen."
ENGLISH = "I don’t like it, and I’ve never. “Ten minutes,” he said — and he wasn’t careless… That’s it, isn’t it?"
DEGREES = "It froze at -5°C, then at -7°C, then at -9°C; the £ stood at 4£, 5£ and 6£ for 7 µm."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"), (GERMAN, "mac_roman"), (GERMAN, "cp850"), (ENGLISH, "cp1252"), (ENGLISH, "mac_roman"),
        (DEGREES, "cp1252"), ("ÄRGER mit der TÜR: GRÖSSER, ÖFTER, ÜBEL", "cp1252"),
        ("Я всегда говорил, что шифер лучше черепицы, и так оно и есть.", "cp1251"),
    ],
)  # fmt: skip
def test_texts_of_old_macs_and_dos_are_told_from_those_of_windows(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), Path("a.txt")) == text
