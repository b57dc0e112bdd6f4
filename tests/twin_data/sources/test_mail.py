from __future__ import annotations

from collections.abc import Callable
from datetime import date
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.documents import DocumentKind, RawDocument, Role
from twin_data.sources.mail_text import mail_blocks
from twin_data.sources.mbox import MailReader
from twin_data.sources.reader import Attribution, Skipped, Unreadable

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]
NORA = Attribution(Role.OWN, "Nora", "mail header")


def mail(sender: str, text: str, message_id: str, **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = sender, "all@harbour.example", f"<{message_id}>"
    message["Date"] = "Mon, 08 Mar 2021 23:22:43 -0500"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text, cte="quoted-printable")
    return message


def mailbox_of(*messages: EmailMessage) -> bytes:
    return b"".join(b"From x@y.example Mon Mar  8 19:22:43 2021\n" + bytes(one) + b"\n" for one in messages)


REPLY = """\
On Mon, 8 Mar 2021 at 19:22, Ruth Szy
<ruth@harbour.example> wrote:
> Could you tell me what the rules are,
> so that I can tell them?
>
> > older words

There are three — and I'd sooner have been asked than not, as you might
have guessed.

>From tomorrow it's two.

-- 
Nora Fenwick
Harbour Co-op
"""


def test_reads_a_mailbox(read_file: ReadFile) -> None:
    content = mailbox_of(
        mail("Ruth Szy <ruth@harbour.example>", "What are the rules?\n", "a@x", Subject="The rules"),
        mail("Nora <NORA@harbour.example>", REPLY, "b@x", Subject="Re: Re: The rules", In_Reply_To="<a@x>"),
        mail("Ruth Szy <ruth@harbour.example>", "Thanks.\n", "c@x", Subject="RE: The rules", In_Reply_To="<b@x>"),
        mail("Nora <nora@harbour.example>", "Away.\n", "d@x", Subject="Away", Auto_Submitted="auto-replied"),
        mail("Nora <nora@harbour.example>", "\n", "e@x", Subject="Nothing"),
        mail("Ruth Szy <ruth@harbour.example>", "Thanks.\n", "c@x", Subject="RE: The rules", In_Reply_To="<b@x>"),
    )
    documents, skipped = read_file(MailReader(), "all.mbox", content)
    assert [one.document_id for one in documents] == [f"notes/all.mbox#{one}@x" for one in "abc"]
    assert {one.thread for one in documents} == {"mail:a@x"}
    assert {(one.title, one.kind, one.date) for one in documents} == {
        ("The rules", DocumentKind.MAIL, date(2021, 3, 8))
    }
    assert [(one.part, one.reason) for one in skipped] == [
        ("d@x", "automatic_mail"),
        ("e@x", "empty"),
        ("c@x", "repeated_record"),
    ]
    reply = documents[1]
    assert [(block.role.value, block.basis, block.author, block.text) for block in reply.blocks] == [
        (
            "quoted",
            "attribution line",
            "Ruth Szy",
            "On Mon, 8 Mar 2021 at 19:22, Ruth Szy <ruth@harbour.example> wrote:",
        ),
        ("quoted", "quoted reply", "Ruth Szy", "Could you tell me what the rules are,\nso that I can tell them?"),
        ("quoted", "quoted reply", "Ruth Szy", "older words"),
        (
            "own",
            "mail header",
            "Nora",
            "There are three — and I'd sooner have been asked than not, as you might have guessed.",
        ),
        ("own", "mail header", "Nora", "From tomorrow it's two."),
        ("other", "signature", "Nora", "Nora Fenwick\nHarbour Co-op"),
    ]
    assert {block.role for block in documents[0].blocks} == {Role.OTHER}


def test_best_part_and_attachments(read_file: ReadFile) -> None:
    both = mail("Nora <nora@harbour.example>", "Plain words.\n", "a@x", Subject="S")
    both.add_alternative("<p>HTML words.</p>", subtype="html")
    both.add_attachment(b"\x00\x01", maintype="image", subtype="png", filename="chart.png")
    documents, skipped = read_file(MailReader(), "a.eml", bytes(both))
    assert [one.text for one in documents] == ["Plain words."]
    assert [(one.part, one.reason) for one in skipped] == [("a@x/attachment-1", "attachment")]


def test_html_mail(read_file: ReadFile) -> None:
    message = EmailMessage()
    message["From"], message["Message-ID"] = "nora@harbour.example", "<h@x>"
    message.set_content(
        "<div>It&rsquo;s so.</div><div class='gmail_attr'>On Mon, 8 Mar 2021 at 19:22, Ruth &lt;r@x.example&gt; wrote:"
        "<br></div><blockquote class='gmail_quote'><div>Is it?</div></blockquote><div>--<br>Nora</div>",
        subtype="html",
    )
    (document,), _ = read_file(MailReader(), "h.eml", bytes(message))
    assert [(block.role.value, block.basis) for block in document.blocks] == [
        ("own", "mail header"),
        ("quoted", "attribution line"),
        ("quoted", "blockquote"),
        ("other", "signature"),
    ]
    assert document.blocks[1].author == "Ruth"


FORWARD = """\
See below; I'd say yes.

---------- Forwarded message ---------
From: Septimus <s@law.example>
Subject: Licence

No obstacle.
"""


def test_forwarded_parts_are_not_the_senders() -> None:
    blocks = mail_blocks(FORWARD, NORA)
    assert [(block.role, block.basis) for block in blocks] == [
        (Role.OWN, "mail header"),
        (Role.OTHER, "forwarded"),
        (Role.OTHER, "forwarded"),
    ]


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("On 3 Jan 2022, at 10:15, Ruth Szy <r@x.example> wrote:", "Ruth Szy"),
        ("On Tue, Feb 1, 2022 at 9:03 AM Ruth Szy <r@x.example> wrote:", "Ruth Szy"),
        ("On 2022-01-03 10:15, r@x.example wrote:", "r@x.example"),
        ("On Wednesday, 5 May 2021, May Martin-Friday wrote:", "May Martin-Friday"),
        ("Ruth Szy wrote:", "Ruth Szy"),
    ],
)
def test_attribution_lines(line: str, author: str) -> None:
    blocks = mail_blocks(f"{line}\n> Quoted.\n\nMine.\n", NORA)
    assert [(block.role, block.author) for block in blocks] == [
        (Role.QUOTED, author),
        (Role.QUOTED, author),
        (Role.OWN, "Nora"),
    ]


def test_a_sentence_that_ends_in_wrote_is_the_senders() -> None:
    blocks = mail_blocks("On the wall, in green, somebody wrote:\n\nNo gate moves.\n", NORA)
    assert {block.role for block in blocks} == {Role.OWN}


def test_what_is_no_mailbox(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable, match="not_mbox"):
        read_file(MailReader(), "a.mbox", "Just a text.\n")


LINES = st.lists(st.text(st.sampled_from("ab >-—’.:\n"), max_size=30).map(lambda text: text.replace("\n", " ")))


@settings(deadline=None)
@given(LINES)
def test_no_visible_character_of_a_mail_is_lost(lines: list[str]) -> None:
    """Whatever its lines look like, only quote marks and the signature's dashes go."""
    blocks = mail_blocks("\n".join(lines), NORA)
    found = "".join(char for block in blocks for char in block.text if char in "ab’.:")
    assert found == "".join(char for line in lines for char in line if char in "ab’.:")


def outline(text: str) -> list[tuple[str, str]]:
    return [(one.role.value, one.text) for one in mail_blocks(text, NORA)]


HEADERS = "From: Hedda Quill\nSent: Monday, 3 June 2024 10:00\nTo: Nora\nSubject: Gates\n"


def test_headers_without_a_rule_above_begin_anothers_mail() -> None:
    text = f"See below.\n\n{HEADERS}\nPlease shut it.\n"
    assert outline(text) == [("own", "See below."), ("other", HEADERS.strip()), ("other", "Please shut it.")]


def test_a_line_that_begins_like_a_header_is_the_senders() -> None:
    text = "From: the lock\nto the mill, all was quiet.\nI slept.\n"
    assert {role for role, _ in outline(text)} == {"own"}


def test_an_answered_mail_without_marks_ends_the_senders_words() -> None:
    text = "Until it floats.\n\nOn Wed, 5 Jun 2024 at 19:44, Tobias Renn <t@renn.example> wrote:\n\nHow much salt?\n"
    found = mail_blocks(text, NORA)
    assert [(one.role, one.author) for one in found] == [
        (Role.OWN, "Nora"), (Role.OTHER, "Tobias Renn"), (Role.OTHER, "Tobias Renn")
    ]  # fmt: skip


def test_a_sentence_with_a_day_that_ends_in_wrote_is_the_senders() -> None:
    text = "I looked it up.\n\nOn the third of May she came by, and this is what she wrote:\n\nnothing at all.\n"
    assert {role for role, _ in outline(text)} == {"own"}


def test_what_a_telephone_adds_is_no_writing() -> None:
    assert outline("They found the frog.\n\nSent from my iPhone\n\nMore.")[1] == ("other", "Sent from my iPhone")
