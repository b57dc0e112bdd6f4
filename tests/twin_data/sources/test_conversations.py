from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from twin_data.contracts.documents import DocumentKind, RawDocument, Role
from twin_data.sources.plain_text import PlainTextReader
from twin_data.sources.reader import Skipped

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

WHATSAPP = """\
[12.03.21, 10:00:00] \u200eMessages and calls are end-to-end encrypted.
[12.03.21, 10:01:02] Nora Fenwick: The gate – is it
shut?
[12.03.21, 10:02:10] Ruth 🚢: No: it leaks.
\u200e[12.03.21, 10:02:30] Ruth 🚢: \u200eimage omitted
[12.03.21, 10:03:00] Nora Fenwick: Oh.
[12.03.21, 10:04:00] Nora Fenwick: At 10:30 then?
"""
ANDROID = """\
3/12/21, 10:01 AM - Nora Fenwick: The gate – is it
shut?
3/12/21, 10:02 AM - Ruth: No: it leaks.
3/12/21, 10:02 AM - Ruth: <Media omitted>
3/12/21, 10:03 AM - Nora Fenwick: Oh.
3/12/21, 10:04 AM - Nora Fenwick: At 10:30 then?
"""
INTERVIEW = (
    "Of gates\n\nRUTH SZY: Is it\nshut?\n\nNora Fenwick: It is.\n\nIt leaks.\n\nRUTH SZY: Oh.\n\nNora Fenwick: Yes.\n"
)


@pytest.mark.parametrize("text", [WHATSAPP, ANDROID])
def test_a_chat_is_told_by_who_writes(read_file: ReadFile, text: str) -> None:
    (document,), _ = read_file(PlainTextReader(), "chat.txt", text)
    assert document.kind is DocumentKind.CHAT
    assert [(one.role, one.text) for one in document.blocks] == [
        (Role.OWN, "The gate – is it\nshut?"),
        (Role.OTHER, "No: it leaks."),
        (Role.OWN, "Oh."),
        (Role.OWN, "At 10:30 then?"),
    ]


def test_a_transcript_is_told_by_who_speaks(read_file: ReadFile) -> None:
    (document,), _ = read_file(PlainTextReader(), "talk.txt", INTERVIEW)
    assert document.kind is DocumentKind.TRANSCRIPT
    assert [(one.role, one.text) for one in document.blocks] == [
        (Role.OTHER, "Of gates"),
        (Role.OTHER, "Is it\nshut?"),
        (Role.OWN, "It is."),
        (Role.OWN, "It leaks."),
        (Role.OTHER, "Oh."),
        (Role.OWN, "Yes."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Gate: it shuts.\n\nLock: it holds.\n\nSill: it leaks.\n\nWinch: it turns.\n\nKeeper: I.\n",
        "10:30 Harbour: calm.\n11:00 Lock: shut.\n12:15 Gate: heavy.\n13:00 Keeper: asleep.\n",
        "10:30 we went.\n11:00 we came.\n12:15 we ate.\n13:00 we slept.\n",
        "I had a rule: never.\n\nNote: it held.\n\nThen it broke.\n\nRemember: gates leak.\n\nSo they do.\n",
        "Dear diary: no.\n",
        "Question: Is it shut?\n\nAnswer: It is.\n\nQuestion: Does it leak?\n\nAnswer: It does.\n",
        "\n\n".join(f"Question {at}: Is it?\n\nAnswer {at}: It is." for at in range(8)),
        "".join(f"2021-04-1{at} 07:10 Morning: frost.\n2021-04-1{at} 18:00 Evening: rain.\n" for at in range(4)),
    ],
)
def test_an_author_s_own_colons_are_no_conversation(read_file: ReadFile, text: str) -> None:
    (document,), _ = read_file(PlainTextReader(), "a.txt", text)
    assert {one.role for one in document.blocks} == {Role.OWN}


def test_who_asks_the_persona_is_another(read_file: ReadFile) -> None:
    text = "".join(f"Question: Is it {at}?\n\nNora Fenwick: It is {at}.\n\n" for at in range(3))
    (document,), skipped = read_file(PlainTextReader(), "a.txt", text)
    assert [one.role for one in document.blocks] == [Role.OTHER, Role.OWN] * 3
    assert not skipped


def test_where_nobody_is_the_persona_it_says_who_speaks(read_file: ReadFile) -> None:
    text = "".join(f"MASON: It leans {at}.\n\nOWNER: It does {at}.\n\n" for at in range(3))
    _, (note,) = read_file(PlainTextReader(), "a.txt", text)
    assert note.reason == ("no_own_turn: said by MASON, OWNER; if one of them is the persona, add it to author.aliases")


def test_quoted_lines_of_a_text_are_quoted(read_file: ReadFile) -> None:
    (document,), _ = read_file(PlainTextReader(), "a.txt", "> Is it\n> shut?\n\nIt is > 3 m.\n")
    assert [(one.role, one.text) for one in document.blocks] == [
        (Role.QUOTED, "Is it\nshut?"), (Role.OWN, "It is > 3 m.")
    ]  # fmt: skip


def said(document: RawDocument) -> list[tuple[str | None, str]]:
    return [(one.author, one.text) for one in document.blocks]


def chat(*messages: str, stamp: str = "12/03/2021, 10:0{} - ") -> str:
    return "\n".join(stamp.format(number) + message for number, message in enumerate(messages))


LONG = "\n\nIt leaks.\nIt squeaks.\nIt sticks.\nIt shuts."


def test_messages_of_many_lines_are_a_chat(read_file: ReadFile) -> None:
    text = chat(*(f"{name}: Of gates.{LONG}" for name in ("Ruth", "Nora Fenwick", "Ruth")))
    for head in ("", "Chat with Ruth\n"):
        (document,), _ = read_file(PlainTextReader(), "chat.txt", head + text)
        assert document.kind is DocumentKind.CHAT
        assert [one.role for one in document.blocks if one.text == "Of gates."] == [Role.OTHER, Role.OWN, Role.OTHER]
        assert not [one for one in document.blocks if one.role is Role.OWN and one.author != "Nora Fenwick"]


def test_a_group_in_which_each_wrote_little_is_a_chat(read_file: ReadFile) -> None:
    names = ["Ruth", "Nora Fenwick", "Tom", "Ann", "Ruth"]
    (document,), _ = read_file(PlainTextReader(), "chat.txt", chat(*(f"{name}: Hm." for name in names)))
    assert said(document) == [(name, "Hm.") for name in names]


def test_a_time_within_a_message_begins_no_other(read_file: ReadFile) -> None:
    plan = "The plan:\n09:30 train\n12:00 lunch with Ruth: at the inn\n15:00 - home"
    text = chat(f"Nora Fenwick: {plan}", "Ruth: Good.", "Ruth joined", "Nora Fenwick: Well.")
    (document,), _ = read_file(PlainTextReader(), "chat.txt", text)
    assert said(document) == [
        ("Nora Fenwick", plan), ("Ruth", "Good."), (None, "Ruth joined"), ("Nora Fenwick", "Well.")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "stamp",
    [
        "12/3/21 10:0{} a.\u00a0m. - ",
        "12/03/2021 à 10:0{} - ",
        "12.3.2021 klo 10.0{} - ",
        "[12/03/2021, 10:01:0{}\u202fAM] ~\u202f",
        "\u200e[2021-03-12, 10:01:0{}] \u200e",
    ],
)
def test_stamps_of_many_languages(read_file: ReadFile, stamp: str) -> None:
    text = chat("Nora Fenwick: It’s shut.", "Ruth: No.", "Nora Fenwick: Oh.", stamp=stamp)
    (document,), _ = read_file(PlainTextReader(), "chat.txt", text)
    assert said(document) == [("Nora Fenwick", "It’s shut."), ("Ruth", "No."), ("Nora Fenwick", "Oh.")]
    assert [one.role for one in document.blocks] == [Role.OWN, Role.OTHER, Role.OWN]


@pytest.mark.parametrize("name", ["Amanda", "Pmela"])
def test_a_name_is_no_half_of_the_day(read_file: ReadFile, name: str) -> None:
    text = f"10:01 {name}: Hi.\n10:02 nfenwick: Hm.\n10:03 {name}: So.\n10:04 nfenwick: Yes.\n"
    (document,), _ = read_file(PlainTextReader(), "chat.txt", text)
    assert [author for author, _ in said(document)] == [name, "nfenwick", name, "nfenwick"]


def test_what_the_program_puts_in_a_message_is_nobody_s(read_file: ReadFile) -> None:
    messages = ["This message was deleted", "null", "Oh. <This message was edited>", "I <3 gates", "Hm. \u200e<edited>"]
    (document,), _ = read_file(PlainTextReader(), "chat.txt", chat(*(f"Nora Fenwick: {one}" for one in messages)))
    assert [one.text for one in document.blocks] == ["Oh.", "I <3 gates", "Hm."]


def test_names_may_stand_alone_above_the_messages(read_file: ReadFile) -> None:
    text = "Channel: gates\n\n" + "\n\n".join(
        f"[12-Mar-21 10:0{number} AM] {name}\nOf gates.{LONG}" for number, name in enumerate(["rszy", "nfenwick"] * 2)
    )
    (document,), _ = read_file(PlainTextReader(), "gates.txt", text)
    assert {one.role for one in document.blocks if one.author == "nfenwick"} == {Role.OWN}
    assert {one.role for one in document.blocks if one.author != "nfenwick"} == {Role.OTHER}


@pytest.mark.parametrize(
    "text",
    [
        "[2021-03-12 10:00] It leaks.\n[2021-03-13 10:00] It squeaks.\n[2021-03-14 10:00] I slept.\n[2021-03-15 9:00] No.",
        "2021-03-12 10:00 - Gate: shut.\n2021-03-13 10:00 - Sill: dry.\n2021-03-14 9:00 - Lock: new.",
        "One.\n\nTwo.\n\nThree.\n\nThey wrote:\n\n" + chat("Ruth: It is.", "Tom: No.", "Ruth: Oh.") + "\n\nSo it went.",
    ],
)
def test_a_log_and_an_essay_are_no_chats(read_file: ReadFile, text: str) -> None:
    (document,), _ = read_file(PlainTextReader(), "a.txt", text)
    assert (document.kind, {one.role for one in document.blocks}) == (DocumentKind.ARTICLE, {Role.OWN})


def on_days(*days: str) -> str:
    return "\n".join(f"{day}, 10:00 - {name}: On {day}." for day in days for name in ("Ruth", "Nora Fenwick"))


@pytest.mark.parametrize(
    ("written", "days"),
    [
        (["13/3/21", "14/3/21"], [date(2021, 3, 13), date(2021, 3, 14)]),
        (["3/13/21", "3/14/21"], [date(2021, 3, 13), date(2021, 3, 14)]),
        (["3/4/21", "3/5/21", "4/4/21"], [date(2021, 3, 4), date(2021, 3, 5), date(2021, 4, 4)]),
        (["12.03.21", "13.03.21"], [date(2021, 3, 12), date(2021, 3, 13)]),
        (["2021/03/04", "2021/03/05"], [date(2021, 3, 4), date(2021, 3, 5)]),
        (["3/3/2021", "4/4/2021"], [date(2021, 3, 3), date(2021, 4, 4)]),
    ],
)
def test_a_chat_is_a_document_a_day(read_file: ReadFile, written: list[str], days: list[date]) -> None:
    documents, _ = read_file(PlainTextReader(), "chat.txt", on_days(*written))
    assert [one.date for one in documents] == days
    assert [one.document_id for one in documents] == [f"notes/chat.txt#{day}" for day in days]
    assert [one.title for one in documents] == [f"Chat: {day}" for day in days]
    assert [said(one) for one in documents] == [
        [("Ruth", f"On {one}."), ("Nora Fenwick", f"On {one}.")] for one in written
    ]


@pytest.mark.parametrize("written", [["3/4/21", "5/6/21"], ["31/2/21", "31/2/21"]])
def test_a_chat_without_sure_days_is_one_document(read_file: ReadFile, written: list[str]) -> None:
    (document,), _ = read_file(PlainTextReader(), "chat.txt", on_days(*written))
    assert (document.document_id, document.date) == ("notes/chat.txt", None)


def test_a_day_that_goes_on_changes_no_other(read_file: ReadFile) -> None:
    before, _ = read_file(PlainTextReader(), "chat.txt", on_days("13/3/21", "14/3/21"))
    after, _ = read_file(PlainTextReader(), "chat.txt", on_days("13/3/21", "14/3/21", "14/3/21"))
    assert after[0] == before[0]
    assert after[1].content_digest != before[1].content_digest
