from __future__ import annotations

import json
import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest

from twin_eval.folding import fold_white_space
from twin_eval.source_texts import source_text, source_texts

SAID = "He’s the keeper & “no fool”, at £40"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", f"# Title\n\n{SAID}\n"),
        ("a.html", "<p>He&rsquo;s the <em>keeper</em> &amp; &#8220;no fool&#8221;,\n at &pound;40<br/></p>"),
        ("a.json", json.dumps([{"text": SAID, "ts": 1.5, "ok": None}])),
        ("a.jsonl", "\n".join(json.dumps({"n": at, "body": {"text": SAID}}) for at in range(2)) + "\n"),
        ("a.csv", 'date,text\r\n2021-01-01,"He’s the keeper & “no fool”,\nat £40"\r\n'),
        (
            "a.vtt",
            "WEBVTT\n\nNOTE\nx\n\n1\n00:00:05.320 --> 00:00:13.123\n<v Isolde>He’s the keeper</v>\n\n"
            "2\n00:00:13.200 --> 00:00:15.000\n<v Isolde>& “no fool”, at £40</v>\n",
        ),
    ],
)
def test_what_is_said_is_read_whatever_the_format(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8", newline="")
    assert SAID in fold_white_space(source_text(path))


def test_mail_is_decoded(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "The keeper’s pay"
    mail.set_content(f"{SAID} " * 5, cte="quoted-printable")
    box = mailbox.mbox(tmp_path / "a.mbox")
    box.add(mail)
    box.close()
    text = fold_white_space(source_text(tmp_path / "a.mbox"))
    assert f"{SAID} {SAID}" in text
    assert "The keeper’s pay" in text


def test_files_are_looked_for_below_the_folders_only(tmp_path: Path) -> None:
    (tmp_path / "one" / "blog").mkdir(parents=True)
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "blog" / "a.md").write_text("first", "utf-8")
    (tmp_path / "two" / "b.md").write_text("second", "utf-8")
    (tmp_path / "secret.md").write_text("secret", "utf-8")
    text_of = source_texts(tmp_path / "one", tmp_path / "two")
    assert text_of("blog/a.md") == "first"
    assert text_of("b.md") == "second"
    assert text_of("c.md") is None
    assert text_of("blog") is None
    assert text_of("../secret.md") is None


def test_a_malformed_file_holds_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", "utf-8")
    assert source_texts(tmp_path)("a.json") is None
