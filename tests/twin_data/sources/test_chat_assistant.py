from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from twin_data.contracts.documents import BlockStyle, RawDocument, Role
from twin_data.sources.chat_assistant import ChatAssistantReader
from twin_data.sources.reader import Skipped, Unreadable

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]


def node(parent: str | None, role: str, text: object, at: float | None = None, **more: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": text if isinstance(text, list) else [text]}
    return {"parent": parent, "message": {"author": {"role": role}, "create_time": at, "content": content, **more}}


def conversation(mapping: dict[str, Any], **more: Any) -> str:
    return json.dumps([{"id": "c1", "title": "Gates", "create_time": 1_700_000_000, "mapping": mapping, **more}])


BRANCHES = {
    "r": {"parent": None, "message": None},
    "u": node("r", "user", "Is it late?", 1.0),
    "a": node("u", "assistant", "Certainly!", 2.0),
    "u2": node("u", "user", "Again: is it late?", 3.0),
    "a2": node("u2", "assistant", "It is.", 4.0),
}


def texts(read_file: ReadFile, content: str) -> list[tuple[str, str]]:
    (document,), _ = read_file(ChatAssistantReader(), "conversations.json", content)
    return [(block.role.value, block.text) for block in document.blocks]


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        ("a", [("own", "Is it late?"), ("other", "Certainly!")]),
        ("a2", [("own", "Is it late?"), ("own", "Again: is it late?"), ("other", "It is.")]),
        ("gone", [("own", "Is it late?"), ("own", "Again: is it late?"), ("other", "It is.")]),
        (None, [("own", "Is it late?"), ("own", "Again: is it late?"), ("other", "It is.")]),
    ],
)
def test_the_branch_is_the_one_last_open_else_the_newest(
    current: str | None, expected: list[tuple[str, str]], read_file: ReadFile
) -> None:
    assert texts(read_file, conversation(BRANCHES, current_node=current)) == expected


def test_a_list_of_messages_is_a_conversation_too(read_file: ReadFile) -> None:
    messages: list[object] = [
        {"sender": "human", "text": "Old form.", "created_at": "2025-01-02T10:00:00Z"},
        {"sender": "assistant", "text": "", "content": [{"type": "text", "text": "**Yes.**"}, {"type": "tool_use"}]},
        {"sender": "human", "text": "x", "content": [{"type": "text", "text": "It’s *late*."}]},
        {"sender": "tool", "text": "No."},
        {"sender": "human", "text": None, "content": [None, 3]},
        "no message",
    ]
    record = {"uuid": "c2", "name": "Gates", "created_at": "2025-01-02T09:00:00Z", "chat_messages": messages}
    (document,), _ = read_file(ChatAssistantReader(), "conversations.json", json.dumps([record]))
    assert (document.document_id, document.title) == ("notes/conversations.json#c2", "Gates")
    assert document.date == date(2025, 1, 2)
    assert [(block.role.value, block.text) for block in document.blocks] == [
        ("own", "Old form."),
        ("other", "Yes."),
        ("own", "It’s *late*."),
    ]


def test_a_ring_ends(read_file: ReadFile) -> None:
    ring = {"a": node("b", "user", "One."), "b": node("a", "user", "Two.")}
    assert texts(read_file, conversation(ring, current_node="b")) == [("own", "One."), ("own", "Two.")]


def test_nobody_but_the_user_is_own(read_file: ReadFile) -> None:
    mapping = {
        "s": node(None, "system", "You are helpful."),
        "h": node("s", "user", "Custom instructions.", metadata={"is_visually_hidden_from_conversation": True}),
        "u": node("h", "user", ["It’s *late*.", {"asset": 1}, None]),
        "x": node("u", "assistant", "print(1)", recipient="python"),
        "t": node("x", "tool", "1"),
        "a": node("t", "assistant", "**Yes.**\n\n```\ncode\n```"),
        "e": node("a", "user", ""),
    }
    (document,), _ = read_file(ChatAssistantReader(), "conversations.json", conversation(mapping, current_node="e"))
    assert [(block.role, block.style, block.author, block.text) for block in document.blocks] == [
        (Role.OWN, BlockStyle.TURN, "Nora Fenwick", "It’s *late*."),
        (Role.OTHER, BlockStyle.TURN, "assistant", "Yes."),
        (Role.OTHER, BlockStyle.CODE, "assistant", "code"),
    ]
    assert (document.document_id, document.date) == ("notes/conversations.json#c1", date(2023, 11, 14))


@pytest.mark.parametrize(
    "odd", [None, 7, [], {"a": None}, {"a": {"message": 7}}, {"a": {"parent": "a", "message": {}}}]
)
def test_odd_trees_are_passed_over(odd: object, read_file: ReadFile) -> None:
    content = json.dumps([{"id": "c1", "mapping": odd, "create_time": "x", "current_node": "a"}])
    documents, skipped = read_file(ChatAssistantReader(), "conversations.json", content)
    assert not documents and [one.part for one in skipped] == ["c1"]


def test_files_beside_it_are_no_writing_and_other_files_of_these_names_are_not_claimed(read_file: ReadFile) -> None:
    with pytest.raises(AssertionError):
        read_file(ChatAssistantReader(), "user.json", "{}")
    read_file(ChatAssistantReader(), "conversations-000.json", conversation(BRANCHES))
    with pytest.raises(Unreadable, match="not_writing"):
        read_file(ChatAssistantReader(), "user.json", "{}")


def test_what_was_spoken_is_read(read_file: ReadFile) -> None:
    """Voice chats hold a transcription beside the sound of each turn."""
    spoken = node(None, "user", [{"content_type": "audio_transcription", "text": "Is it late?"}, {"content_type": "x"}])
    spoken["message"]["content"]["content_type"] = "multimodal_text"
    assert texts(read_file, conversation({"u": spoken})) == [("own", "Is it late?")]


def test_a_question_that_was_edited_counts_once(read_file: ReadFile) -> None:
    said = [("a", "0", "human", "Is it lat?"), ("b", "a", "assistant", "What?"), ("c", "0", "human", "Is it late?"),
            ("d", "c", "assistant", "It is.")]  # fmt: skip
    messages = [{"uuid": one, "parent_message_uuid": to, "sender": who, "text": text} for one, to, who, text in said]
    content = json.dumps([{"uuid": "c1", "chat_messages": messages}])
    assert texts(read_file, content) == [("own", "Is it late?"), ("other", "It is.")]
    messages[2]["parent_message_uuid"] = "gone"
    content = json.dumps([{"uuid": "c1", "chat_messages": messages}])
    assert len(texts(read_file, content)) == 4
