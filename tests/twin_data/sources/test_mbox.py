from __future__ import annotations

from collections.abc import Callable
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest

from twin_data.contracts.documents import DocumentKind, RawDocument, Role
from twin_data.sources.mbox import MailReader
from twin_data.sources.reader import Skipped, Unreadable

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]


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


def test_a_mail_names_the_others_whom_it_is_from_and_to(read_file: ReadFile) -> None:
    sent = mail("N. Fenwick <nora@harbour.example>", "I said so.\n", "a@x", Cc="Tom Reed <t@x.example>, b@x.example")
    sent.replace_header("To", '"Szy, Ruth" <ruth@x.example>, Nora Fenwick <n@home.example>')
    (document,), _ = read_file(MailReader(), "sent.mbox", mailbox_of(sent))
    assert document.correspondents == ("Ruth Szy", "Tom Reed")


@pytest.mark.parametrize("local", "do-not-reply noreply no_reply news daily.newsletter notifications".split())
def test_no_name_is_told_by_a_machine_s_address(read_file: ReadFile, local: str) -> None:
    (document,), _ = read_file(MailReader(), "a.eml", bytes(mail(f"New York <{local}@x.example>", "Buy.\n", "a@x")))
    assert document.correspondents == ()


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


def mail_of_parts(*parts: tuple[str, str], subtype: str = "mixed") -> bytes:
    """A mail of Nora's whose parts have these types, with what belongs behind them, and texts."""
    head = f"From: nora@harbour.example\nMessage-ID: <a@x>\nContent-Type: multipart/{subtype}; boundary=P\n\n"
    return (head + "".join(f"--P\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts) + "--P--\n").encode()


PICTURE = ("image/png; name=a.png\nContent-Disposition: inline; filename=a.png", "x")
BOTH = "multipart/alternative; boundary=Q"
VERSIONS = "--Q\nContent-Type: text/plain\n\n{}\n--Q\nContent-Type: text/html\n\n<p>{}</p>\n--Q--\n"
TAIL = "From: Ruth <r@x.example>\nSent: Monday, 3 June 2024 10:00\nTo: Nora\nSubject: Gates\n"


@pytest.mark.parametrize(
    ("parts", "own", "passed_over"),
    [
        ([("text/plain", "One."), PICTURE, ("text/plain", "Two."), PICTURE], ["One.", "Two."], 2),
        ([("text/html", "<html><body>One.</body></html>"), PICTURE, ("text/html", "Two.")], ["One.", "Two."], 1),
        ([("text/plain", "One."), ("text/html", "<p>One.</p>")], ["One."], 0),
        ([("text/plain", "One."), ("text/plain\nContent-Disposition: attachment", "Two.")], ["One."], 1),
        ([("text/plain", "One."), ("text/plain; name=a.txt\nContent-Disposition: inline", "Two.")], ["One."], 1),
        ([("text/plain; name=a.txt", "One.")], ["One."], 0),
        ([(BOTH, VERSIONS.format("One.", "1.")), PICTURE, ("text/plain", "Two.")], ["One.", "Two."], 1),
        ([(BOTH, VERSIONS.format(" ", "One.")), ("text/plain", f"{'_' * 47}\na list\na@x.example")], ["One."], 0),
        ([("text/plain", f"One.\n\n{TAIL}\nTheirs."), PICTURE, ("text/plain", "Theirs.")], ["One."], 1),
        ([("text/plain", "One."), ("message/rfc822", "From: r@x.example\n\nTheirs.")], ["One."], 1),
    ],
)
def test_a_text_goes_on_behind_a_picture(
    read_file: ReadFile, parts: list[tuple[str, str]], own: list[str], passed_over: int
) -> None:
    (document,), skipped = read_file(MailReader(), "a.eml", mail_of_parts(*parts))
    assert [one.text for one in document.blocks if one.role is Role.OWN] == own
    assert [one.part for one in skipped] == [f"a@x/attachment-{at + 1}" for at in range(passed_over)]


def test_a_page_and_its_pictures_are_one_part(read_file: ReadFile) -> None:
    parts = mail_of_parts((BOTH, VERSIONS.format("One.", "1.")), PICTURE, subtype="related")
    (document,), _ = read_file(MailReader(), "a.eml", parts)
    assert document.text == "One."


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


def test_what_is_no_mailbox(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable, match="not_mbox"):
        read_file(MailReader(), "a.mbox", "Just a text.\n")


def test_a_line_that_begins_with_from_begins_no_mail(read_file: ReadFile) -> None:
    """Programs are to write `>From`, and many do not."""
    text = "From a@x Mon Mar  8 19:22:00 2021\nFrom: nora@harbour.example\nMessage-ID: <1@x>\n\nDear Ruth,\n\n"
    text += "From the crane you see all.\nIt is high.\n\nNora\n\n"
    text += "From b@x Mon Mar  8 19:23:00 2021\nFrom: nora@harbour.example\nMessage-ID: <2@x>\n\nAgain.\n\nFrom Nora\n"
    text += (
        "From c@x Mon Mar  8 19:24:00 2021\nFrom: nora@harbour.example\nMessage-ID: <3@x>\n\nNo empty line before.\n"
    )
    documents, _ = read_file(MailReader(), "a.mbox", text)
    assert [[block.text for block in one.blocks] for one in documents] == [
        ["Dear Ruth,", "From the crane you see all.\nIt is high.", "Nora"],
        ["Again.", "From Nora"],
        ["No empty line before."],
    ]


@pytest.mark.parametrize("header", ["X-Gmail-Labels: Opened,Drafts", "X-Mozilla-Draft-Info: internal/draft; vcard=0"])
def test_drafts_are_passed_over(read_file: ReadFile, header: str) -> None:
    _, skipped = read_file(MailReader(), "a.eml", f"From: nora@harbour.example\n{header}\n\nNever sent.\n")
    assert [one.reason for one in skipped] == ["draft"]


def test_latin_1_is_windows_text(read_file: ReadFile) -> None:
    """Outlook Express declared so what it wrote with curly quotes, which Latin-1 lacks."""
    mail = b"From: nora@harbour.example\nContent-Type: text/plain; charset=iso-8859-1\n\nThe \x93gate\x94 \x96 shut.\n"
    (document,), _ = read_file(MailReader(), "a.eml", mail)
    assert document.text == "The “gate” – shut."


def test_the_html_part_counts_where_the_plain_one_is_empty(read_file: ReadFile) -> None:
    message = EmailMessage()
    message["From"] = "nora@harbour.example"
    message.set_content("\n")
    message.add_alternative("<p>Only here.</p>", subtype="html")
    (document,), _ = read_file(MailReader(), "a.eml", bytes(message))
    assert document.text == "Only here."


def test_a_mailbox_without_a_suffix_is_told_by_its_first_lines(read_file: ReadFile, tmp_path: Path) -> None:
    text = "From - Mon Mar  8 19:22:00 2021\nX-Mozilla-Status: 000{}\nFrom: nora@harbour.example\n\nShut.\n"
    (document,), _ = read_file(MailReader(), "Sent.mbox/mbox", text.format(1))
    assert document.text == "Shut."
    _, (deleted,) = read_file(MailReader(), "Sent", text.format(9))
    assert deleted.reason == "deleted"
    (tmp_path / "LICENSE").write_text("From here on, it is yours.\nTerms: none.\n")
    assert not MailReader().claims(tmp_path / "LICENSE")


@pytest.mark.parametrize(("delsp", "text"), [("", "A gate way to the sea."), ("; delsp=yes", "A gateway to the sea.")])
def test_flowed_lines_keep_or_drop_the_space_at_their_end(read_file: ReadFile, delsp: str, text: str) -> None:
    mail = (
        f"From: nora@harbour.example\nContent-Type: text/plain; format=flowed{delsp}\n\nA gate \nway to  \nthe sea.\n"
    )
    (document,), _ = read_file(MailReader(), "a.eml", mail)
    assert document.text == text
