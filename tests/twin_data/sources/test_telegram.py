from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from twin_data.contracts.documents import DocumentKind, RawDocument, Role
from twin_data.sources.html import HtmlReader
from twin_data.sources.reader import Skipped, Unreadable
from twin_data.sources.telegram import TelegramReader

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]


def message(day: str, body: str, name: str = "") -> str:
    stamp = f'<div class="pull_right date details" title="{day} 10:01:02 UTC+01:00">10:01</div>' if day else ""
    named = f'<div class="from_name">\n{name}\n</div>' if name else ""
    joined = "" if name else " joined"
    return f'<div class="message default clearfix{joined}"><div class="body">{stamp}{named}{body}</div></div>'


def text(words: str) -> str:
    return f'<div class="text">\n{words}\n</div>'


def page(*messages: str) -> str:
    service = '<div class="message service"><div class="body details">12 March 2021</div></div>'
    head = '<div class="page_header"><div class="content"><div class="text bold">Of gates</div></div></div>'
    body = f'<div class="page_body chat_page"><div class="history">{service}{"".join(messages)}</div></div>'
    return f"<!DOCTYPE html><html><body>{head}{body}</body></html>"


FORWARDED = f'<div class="forwarded body"><div class="from_name">Tom <span class="date details">x</span></div>{text("Hm.")}</div>'
CHAT = page(
    message("12.03.2021", text("Is it<br>shut?"), "Nora Fenwick"),
    message("12.03.2021", text("Tell me.")),
    message("12.03.2021", text("No."), "Ruth"),
    message("13.03.2021", FORWARDED, "Nora Fenwick"),
    message("13.03.2021", text("So he says.")),
    message("", text("When?")),
)


def test_a_chat_is_a_document_a_day_of_named_turns(read_file: ReadFile) -> None:
    documents, skipped = read_file(TelegramReader(), "messages2.html", CHAT)
    assert [(one.document_id, one.title, one.date, one.kind) for one in documents] == [
        (f"notes/messages2.html#2021-03-{day}", f"Of gates: 2021-03-{day}", date(2021, 3, day), DocumentKind.CHAT)
        for day in (12, 13)
    ]
    assert [(block.author, block.role, block.text) for one in documents for block in one.blocks] == [
        ("Nora Fenwick", Role.OWN, "Is it\nshut?"),
        ("Nora Fenwick", Role.OWN, "Tell me."),
        ("Ruth", Role.OTHER, "No."),
        ("Tom", Role.OTHER, "Hm."),
        ("Nora Fenwick", Role.OWN, "So he says."),
    ]
    assert [one.reason for one in skipped] == ["no_date: 1 messages"]


def test_other_pages_of_that_name_are_not_claimed_and_an_empty_chat_is_said(read_file: ReadFile) -> None:
    with pytest.raises(AssertionError):
        read_file(TelegramReader(), "messages.html", "<p>Of gates.</p>")
    with pytest.raises(Unreadable, match="empty"):
        read_file(TelegramReader(), "messages.html", page())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("inbox/ruth/message_1.html", "<div>Ruth<div>It leaks.</div></div>"),
        ("gates.html", '<div class="chatlog__message"><span>ruth</span><div>It leaks.</div></div>'),
    ],
)
def test_a_page_from_which_is_not_read_who_wrote_what_is_refused(read_file: ReadFile, name: str, content: str) -> None:
    with pytest.raises(Unreadable, match="chat_page"):
        read_file(HtmlReader(), name, content)
