from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import DocumentKind, RawDocument, Role
from twin_data.sources.reader import ReadContext, Skipped
from twin_data.sources.slack import SlackReader
from twin_data.sources.slack_text import message_blocks, plain_text

USERS = [
    {"id": "U01NORA", "name": "nora", "real_name": "Nora Fenwick", "profile": {"display_name": "nora"}},
    {"id": "U02RUTH", "name": "ruth", "profile": {"real_name": "Ruth Szy"}},
]
NAMES = {"U01NORA": "Nora Fenwick", "U02RUTH": "Ruth Szy"}


def said(user: str, ts: str, text: str, **more: object) -> dict[str, object]:
    return {"type": "message", "user": user, "ts": ts, "text": text} | more


DAYS = {
    "gates/2021-03-02.json": [
        said("U01NORA", "100.1", "<@U01NORA> has joined the channel", subtype="channel_join"),
        said("U02RUTH", "101.1", "Is it stiff?", thread_ts="101.1", reply_count=2),
        said("U01NORA", "103.1", "Good morning :wave: at 10:30:45 — all."),
        said("U01NORA", "102.1", "Your watch has it, <@U02RUTH>.", thread_ts="101.1"),
        said("U02RUTH", "104.1", ":+1:"),
        {"type": "message", "subtype": "bot_message", "bot_id": "B1", "ts": "105.1", "text": "Deployed."},
        said("U02RUTH", "106.1", "Alone in its thread.", thread_ts="106.1"),
    ],
    "gates/2021-03-03.json": [
        said("U01NORA", "200.1", "Fixed.", thread_ts="101.1"),
        said("U02RUTH", "201.1", "A new day."),
    ],
    "quiet/2021-03-02.json": [],
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "slack"
    for name, content in {"users.json": USERS, "channels.json": [{"id": "C1", "name": "gates"}], **DAYS}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "canvas.html").write_text("<p>x</p>")
    return folder


def read(folder: Path, author: Author) -> tuple[dict[str, RawDocument], list[Skipped]]:
    assert SlackReader().claims(folder)
    readings = list(SlackReader().read(folder, ReadContext("slack", folder, author)))
    documents = {one.document_id: one for one in readings if isinstance(one, RawDocument)}
    return documents, [one for one in readings if isinstance(one, Skipped)]


def test_threads_and_days(export: Path, author: Author) -> None:
    documents, skipped = read(export, author)
    assert list(documents) == ["slack/gates#101.1", "slack/gates#2021-03-02", "slack/gates#2021-03-03"]
    thread = documents["slack/gates#101.1"]
    assert (thread.kind, thread.title, thread.date) == (DocumentKind.CHAT, "#gates: Is it stiff?", date(2021, 3, 2))
    assert thread.thread == "slack:slack/gates/101.1"
    assert [(block.author, block.role, block.text) for block in thread.blocks] == [
        ("Ruth Szy", Role.OTHER, "Is it stiff?"),
        ("Nora Fenwick", Role.OWN, "Your watch has it, @Ruth Szy."),
        ("Nora Fenwick", Role.OWN, "Fixed."),
    ]
    day = documents["slack/gates#2021-03-02"]
    assert (day.title, day.thread) == ("#gates: 2021-03-02", None)
    assert day.text == "Good morning at 10:30:45 — all.\n\nAlone in its thread."
    reasons = sorted((one.reason, one.part) for one in skipped if one.part)
    assert reasons == [("bot", "105.1"), ("empty", "104.1"), ("system_message", "100.1")]
    assert [one.path.name for one in skipped if not one.part] == ["canvas.html"]


def test_a_bad_day_costs_that_day_only(export: Path, author: Author) -> None:
    (export / "gates" / "2021-03-03.json").write_text("[{")
    (export / "users.json").write_text("not json")
    documents, skipped = read(export, author)
    assert list(documents) == ["slack/gates#101.1", "slack/gates#2021-03-02"]
    assert {one.path.name for one in skipped if one.reason.startswith("not_json")} == {"2021-03-03.json", "users.json"}
    assert [block.role for block in documents["slack/gates#101.1"].blocks] == [Role.OTHER, Role.OWN]  # known by id


def test_another_folder_is_not_claimed(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text("[]")
    assert not SlackReader().claims(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<https://x.example/a|the notebook> and <https://y.example>", "the notebook and https://y.example"),
        ("<mailto:a@b.example|a@b.example> <mailto:c@d.example>", "a@b.example c@d.example"),
        ("<#C1|gates> <!here> <!subteam^S1|@crew> <!date^1^{date}|1 May>", "#gates @here @crew 1 May"),
        ("<@U02RUTH> <@U99|old> <@U98>", "@Ruth Szy @old @U98"),
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("*It* _leaked_ ~not~ `x`, 2*3*4 and snake_case_name", "It leaked not x, 2*3*4 and snake_case_name"),
        ("done :white_check_mark::skin-tone-2: at 09:41:07", "done at 09:41:07"),
        ("it’s — “so”;  no", "it’s — “so”; no"),
    ],
)
def test_what_a_reader_sees(text: str, expected: str) -> None:
    assert plain_text(text, NAMES) == expected


def test_quotations_and_code_in_messages() -> None:
    blocks = message_blocks(
        "&gt; so it said\n&gt; twice\nI disagree.\n\nStrongly.\n```\nif a &lt; b:\n    *x*\n```\nthen", NAMES
    )
    assert [(block.style.value, block.role.value, block.text) for block in blocks] == [
        ("quotation", "quoted", "so it said\ntwice"),
        ("turn", "own", "I disagree."),
        ("turn", "own", "Strongly."),
        ("code", "own", "if a < b:\n    *x*"),
        ("turn", "own", "then"),
    ]


@pytest.mark.parametrize("alias", ["nfenwick", "nora@harbour.example", "nono", "Nora F.", "U09"])
def test_the_persona_is_known_by_all_that_slack_calls_it(tmp_path: Path, alias: str) -> None:
    profile = {"real_name": "Nora F.", "display_name": "nono", "email": "nora@harbour.example"}
    users = [{"id": "U09", "name": "nfenwick", "real_name": "Nora F.", "profile": profile}]
    for name, content in {"users.json": users, "gates/2021-03-02.json": [said("U09", "1.1", "Shut.")]}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
    documents, _ = read(tmp_path, Author(name="Ada Lovelace", aliases=(alias,)))
    assert [block.role for one in documents.values() for block in one.blocks] == [Role.OWN]


def test_three_marks_quote_all_that_follows() -> None:
    blocks = message_blocks("Look:\n&gt;&gt;&gt; One\nTwo\n\nThree", NAMES)
    assert [(one.role, one.text) for one in blocks] == [
        (Role.OWN, "Look:"), (Role.QUOTED, "One\nTwo"), (Role.QUOTED, "Three")
    ]  # fmt: skip
