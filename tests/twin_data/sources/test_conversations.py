from __future__ import annotations

from collections.abc import Callable

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
    ],
)
def test_an_author_s_own_colons_are_no_conversation(read_file: ReadFile, text: str) -> None:
    (document,), _ = read_file(PlainTextReader(), "a.txt", text)
    assert {one.role for one in document.blocks} == {Role.OWN}


def test_quoted_lines_of_a_text_are_quoted(read_file: ReadFile) -> None:
    (document,), _ = read_file(PlainTextReader(), "a.txt", "> Is it\n> shut?\n\nIt is > 3 m.\n")
    assert [(one.role, one.text) for one in document.blocks] == [
        (Role.QUOTED, "Is it\nshut?"), (Role.OWN, "It is > 3 m.")
    ]  # fmt: skip
