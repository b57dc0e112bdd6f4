"""Exports of ChatGPT and Claude: `conversations.json`, beside pages and tables that repeat or describe it.

ChatGPT's holds a tree of messages for each conversation (`mapping`), Claude's a list (`chat_messages`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import NOT_WRITING, OWNER_BASIS, head_of, text_of_file
from twin_data.sources.markdown_blocks import markdown_blocks
from twin_data.sources.reader import Attribution, ReadContext, Reading, RecordIds, Skipped, Unreadable
from twin_data.sources.records import Record, claim_id, json_records, text_field
from twin_data.sources.text import normalise_newlines, paragraphs, title_from_text

_CONVERSATIONS = re.compile(r"conversations?(?:-\d+)?\.json", re.IGNORECASE)
_BESIDE = frozenset(
    "chat.html user.json user_settings.json message_feedback.json model_comparisons.json shared_conversations.json "
    "group_chats.json shopping.json sora.json export_manifest.json users.json projects.json memories.json".split()
)
_MARKS = (b'"mapping"', b'"chat_messages"')
_ASSISTANT = "assistant"
_USER = "user"
_ROLES = {"human": _USER, _USER: _USER, _ASSISTANT: _ASSISTANT}
_SPOKEN = frozenset({"text", "multimodal_text"})
"""Kinds of content that were said. The others are a machine's: code it ran, what came of it, its reasoning."""


@dataclass(frozen=True)
class _Message:
    """One turn: whose, when, and what was said."""

    role: str
    text: str
    time: float | None


class ChatAssistantReader:
    """One document a conversation, along the branch that was last open: the user's turns are own, all others not."""

    name = "chat_assistant"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether this is the file of conversations, or one of those that lie beside it."""
        if _CONVERSATIONS.fullmatch(path.name):
            return _has_conversations(path)
        if path.name.lower() not in _BESIDE:
            return False
        return any(_CONVERSATIONS.fullmatch(one.name) and _has_conversations(one) for one in path.parent.iterdir())

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the conversations in which the user wrote something; any other file of the export is unreadable."""
        if not _CONVERSATIONS.fullmatch(path.name):
            raise Unreadable(path, f"{NOT_WRITING}: it repeats or describes the conversations")
        ids = RecordIds()
        for record in json_records(text_of_file(path, context), path):
            yield _read_conversation(record, path, context, ids)


def _has_conversations(path: Path) -> bool:
    return path.is_file() and any(mark in head_of(path) for mark in _MARKS)


def _read_conversation(record: Record, path: Path, context: ReadContext, ids: RecordIds) -> Reading:
    wanted = text_field(record, "conversation_id", "id", "uuid")
    messages = _messages(record)
    if messages is None:
        return Skipped(path=path, reason="no_messages", part=wanted, digest=digest_value(record))
    blocks = tuple(block for message in messages for block in _blocks(message, context))
    own = [one for one in messages if one.role == _USER]
    if not own or not any(block.role is Role.OWN for block in blocks):
        return Skipped(path=path, reason="no_turns_of_the_user", part=wanted, digest=digest_value(record))
    claimed = claim_id(ids, wanted, record, path)
    if isinstance(claimed, Skipped):
        return claimed
    return RawDocument(
        document_id=context.document_id(path, claimed),
        source=context.source,
        kind=DocumentKind.CHAT,
        title=text_field(record, "title", "name") or title_from_text(own[0].text),
        date=context.dated(
            _day(record.get("create_time")) or parse_date(record.get("created_at")) or _day(own[0].time)
        ),
        url=None,
        blocks=blocks,
        content_digest=digest_value(record),
    )


def _messages(record: Record) -> list[_Message] | None:
    """What was said, in order; None for a record that is no conversation."""
    mapping, listed = record.get("mapping"), record.get("chat_messages")
    if isinstance(mapping, Mapping):
        return [one for node in _branch(record, mapping) if (one := _message(node)) is not None]
    if isinstance(listed, list):
        items = _listed_branch([item for item in listed if isinstance(item, Mapping)])
        return [one for item in items if (one := _listed_message(item)) is not None]
    return None


def _listed_branch(items: list[Record]) -> list[Record]:
    """The messages of a list that lead to its last one: an edited question stands in it beside what it was before.

    Where they do not say what they answer, or that leads nowhere, all of them.
    """
    by_id = {message_id: item for item in items if (message_id := text_field(item, "uuid"))}
    branch, at = list[Record](), items[-1] if items else None
    while at is not None and len(branch) < len(items):
        branch.append(at)
        at = by_id.get(text_field(at, "parent_message_uuid") or "")
    is_whole = bool(branch) and branch[-1].get("parent_message_uuid") == items[0].get("parent_message_uuid")
    return branch[::-1] if is_whole and at is None and "parent_message_uuid" in branch[-1] else items


def _listed_message(item: Record) -> _Message | None:
    """A message of Claude's list: its text parts, else its text as a whole."""
    role, content = _ROLES.get(text_field(item, "sender") or ""), item.get("content")
    parts = content if isinstance(content, list) else []
    said = [one.get("text") for one in parts if isinstance(one, Mapping) and one.get("type") == "text"]
    texts = [one for one in said or [item.get("text")] if isinstance(one, str)]
    text = normalise_newlines("\n\n".join(texts)).strip()
    return _Message(role, text, None) if role and text else None


def _branch(record: Record, mapping: Mapping[str, object]) -> list[Record]:
    """The nodes from the root to the message that was last shown; without one, to the newest leaf."""
    at = text_field(record, "current_node")
    if at not in mapping:
        at = _newest_leaf(mapping)
    nodes, seen = list[Record](), set[str]()
    while at is not None and at not in seen:
        seen.add(at)
        node = mapping.get(at)
        if not isinstance(node, Mapping):
            break
        nodes.append(node)
        at = text_field(node, "parent")
    return nodes[::-1]


def _newest_leaf(mapping: Mapping[str, object]) -> str | None:
    parents = {text_field(node, "parent") for node in mapping.values() if isinstance(node, Mapping)}
    leaves = [node_id for node_id in mapping if node_id not in parents]
    return max(leaves, key=lambda one: (_time_of(mapping[one]) or 0.0, one), default=None)


def _time_of(node: object) -> float | None:
    message = node.get("message") if isinstance(node, Mapping) else None
    value = message.get("create_time") if isinstance(message, Mapping) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _message(node: Record) -> _Message | None:
    """What a node says to be read; None for the system's messages, tools' and what the page never shows."""
    message = node.get("message")
    if not isinstance(message, Mapping):
        return None
    author, content, metadata = message.get("author"), message.get("content"), message.get("metadata")
    role = text_field(author, "role") if isinstance(author, Mapping) else None
    if role not in {_USER, _ASSISTANT} or not isinstance(content, Mapping):
        return None
    if isinstance(metadata, Mapping) and metadata.get("is_visually_hidden_from_conversation") is True:
        return None
    if content.get("content_type") not in _SPOKEN or (text_field(message, "recipient") or "all") != "all":
        return None
    parts = content.get("parts")
    said = [one for part in parts if (one := _said(part))] if isinstance(parts, list) else []
    text = normalise_newlines("\n\n".join(said)).strip()
    return _Message(role, text, _time_of(node)) if text else None


def _said(part: object) -> str | None:
    """The words of a part of a message: those typed, or those spoken in a voice chat. Pictures and sounds have none."""
    if isinstance(part, Mapping) and part.get("content_type") == "audio_transcription":
        part = part.get("text")
    return part if isinstance(part, str) else None


def _blocks(message: _Message, context: ReadContext) -> Iterator[Block]:
    """The user's turn as it was typed; the assistant's, which is Markdown, as it is shown."""
    if message.role == _ASSISTANT:
        for block in markdown_blocks(message.text):
            style = block.style if block.style is BlockStyle.CODE else BlockStyle.TURN
            yield Block(text=block.text, role=Role.OTHER, style=style, author=_ASSISTANT, basis="message role")
        return
    attribution = Attribution(Role.OWN, context.author.name, f"message role, {OWNER_BASIS}")
    for block in _typed(message.text):
        yield attribution.apply(block)


def _typed(text: str) -> Iterator[Block]:
    """Paragraphs of a typed turn; what stands between fences is code."""
    for index, part in enumerate(re.split(r"^```[^\n]*\n(.*?)^```[ \t]*$", text, flags=re.DOTALL | re.MULTILINE)):
        if index % 2 and part.strip():
            yield Block(text=part.strip("\n"), style=BlockStyle.CODE)
        elif not index % 2:
            yield from (Block(text=paragraph, style=BlockStyle.TURN) for paragraph in paragraphs(part))


def _day(value: object) -> date | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
