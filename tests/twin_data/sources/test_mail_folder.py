from __future__ import annotations

from pathlib import Path

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import RawDocument, Role
from twin_data.sources.mail_folder import MailFolderReader
from twin_data.sources.mbox import MailReader
from twin_data.sources.reader import ReadContext, Reading, Skipped

# As Thunderbird saves messages: CRLF, folded headers, a multipart with both texts.
ASKED = b"""From: Ruth Szy <ruth@quay.example>\r
To: Nora Fenwick <nora@harbour.example>\r
Subject: The winch\r
Date: Mon, 08 Mar 2021 19:22:43 +0000\r
Message-ID: <a@quay.example>\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=UTF-8\r
\r
Who oils the winch?\r
"""
ANSWERED = b"""From: Nora Fenwick <nora@harbour.example>\r
To: Ruth Szy <ruth@quay.example>\r
Subject: Re: The winch\r
Date: Tue, 09 Mar 2021 07:01:00 +0000\r
Message-ID: <b@harbour.example>\r
In-Reply-To: <a@quay.example>\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="b1"\r
\r
--b1\r
Content-Type: text/plain; charset=UTF-8\r
\r
On Mon, 8 Mar 2021 at 19:22, Ruth Szy <ruth@quay.example> wrote:\r
> Who oils the winch?\r
\r
Whoever used it last \xe2\x80\x94 that is the rule.\r
--b1\r
Content-Type: text/html; charset=UTF-8\r
\r
<p>Whoever used it last</p>\r
--b1--\r
"""
THANKED = ASKED.replace(b"<a@quay", b"<c@quay").replace(b"Who oils the winch?", b"Thanks.")
THANKED = THANKED.replace(b"MIME-Version", b"In-Reply-To: <b@harbour.example>\r\nMIME-Version")


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def read(folder: Path, author: Author) -> list[Reading]:
    return list(MailFolderReader().read(folder, ReadContext("mail", folder, author)))


def test_threads_hold_over_files_and_subfolders(tmp_path: Path, author: Author) -> None:
    folder = write(tmp_path, {"Inbox/1.eml": ASKED, "Inbox/3.eml": THANKED, "Sent/2.EML": ANSWERED, ".DS_Store": b"x"})
    assert MailFolderReader().claims(folder)
    readings = read(folder, author)
    documents = {one.document_id: one for one in readings if isinstance(one, RawDocument)}
    assert list(documents) == [
        "mail/Inbox/1.eml#a@quay.example",
        "mail/Inbox/3.eml#c@quay.example",
        "mail/Sent/2.EML#b@harbour.example",
    ]
    assert {one.thread for one in documents.values()} == {"mail:a@quay.example"}
    assert [(one.role, one.text) for one in documents["mail/Sent/2.EML#b@harbour.example"].blocks] == [
        (Role.QUOTED, "On Mon, 8 Mar 2021 at 19:22, Ruth Szy <ruth@quay.example> wrote:"),
        (Role.QUOTED, "Who oils the winch?"),
        (Role.OWN, "Whoever used it last — that is the rule."),
    ]
    assert [(one.path.name, one.reason) for one in readings if isinstance(one, Skipped)] == [(".DS_Store", "hidden")]


def test_ids_are_those_of_single_files(tmp_path: Path, author: Author) -> None:
    folder = write(tmp_path, {"a.eml": ASKED})
    (alone,) = MailReader().read(folder / "a.eml", ReadContext("mail", folder, author))
    assert read(folder, author) == [alone]


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path, author: Author) -> None:
    folder = write(tmp_path, {"a.eml": b"", "b.eml": b"\x00\xff\xfe", "c.eml": ANSWERED})
    readings = read(folder, author)
    assert [one.reason for one in readings if isinstance(one, Skipped)] == ["empty", "binary"]
    assert [one.title for one in readings if isinstance(one, RawDocument)] == ["The winch"]


def test_claims_nothing_but_mails(tmp_path: Path) -> None:
    assert not MailFolderReader().claims(write(tmp_path / "empty", {".hidden": b"x"}))
    assert not MailFolderReader().claims(write(tmp_path / "mixed", {"a.eml": ASKED, "b/notes.md": b"x"}))
    linked = write(tmp_path / "linked", {"a.eml": ASKED})
    (linked / "b.eml").symlink_to(linked / "a.eml")
    assert not MailFolderReader().claims(linked)
