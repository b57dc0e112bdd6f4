"""Slack's export: a folder with `users.json` and, for each channel, a folder with one JSON file a day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.reader import Attribution, ReadContext, Reading, Skipped, Unreadable
from twin_data.sources.records import Record, json_records, text_field
from twin_data.sources.slack_text import message_blocks
from twin_data.sources.text import decode, title_from_text

_USERS = "users.json"
_ROSTERS = frozenset({_USERS, "channels.json", "groups.json", "dms.json", "mpims.json"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WRITTEN_SUBTYPES = frozenset({"thread_broadcast", "me_message", "file_share"})


@dataclass(frozen=True)
class _Message:
    day: str
    user_id: str
    ts: str
    thread_ts: str | None
    blocks: tuple[Block, ...]
    record: Record

    @property
    def order(self) -> tuple[float, str]:
        return float(self.ts), self.user_id


@dataclass(frozen=True)
class _Roster:
    """People and channels by id: what they are called, and which ids are the persona's."""

    names: Mapping[str, str]
    own_ids: frozenset[str]


class SlackReader:
    """One document a thread; what stands in no thread is one document for each channel and day."""

    name = "slack"
    reads_folders = True

    def claims(self, path: Path) -> bool:
        """Whether this folder is an export: users beside channels' folders with days in them."""
        if not (path / _USERS).is_file():
            return False
        return any(_DAY.fullmatch(day.stem) for day in path.glob("*/*.json"))

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the export's documents, channel by channel; messages of bots and of Slack itself are passed over."""
        names, own_ids = dict[str, str](), set[str]()
        for roster in sorted(_ROSTERS):
            yield from _read_roster(path / roster, names, own_ids, context)
        days: dict[Path, list[Path]] = defaultdict(list)
        for file in sorted(one for one in path.rglob("*") if one.is_file()):
            if file.parent.parent == path and file.suffix == ".json" and _DAY.fullmatch(file.stem):
                days[file.parent].append(file)
            elif file.parent != path or file.name not in _ROSTERS:
                yield Skipped(path=file, reason="not_messages")
        for channel, files in days.items():
            yield from _read_channel(channel, files, _Roster(names, frozenset(own_ids)), context)


def _read_roster(file: Path, names: dict[str, str], own_ids: set[str], context: ReadContext) -> Iterator[Skipped]:
    """Enter the names of people or channels by id. Without a roster, messages are still read, with ids for names."""
    if not file.is_file():
        return
    try:
        records = json_records(decode(context.read_bytes(file), file), file)
    except Unreadable as error:
        yield Skipped(path=file, reason=error.reason)
        return
    for record in records:
        if (record_id := text_field(record, "id")) and (name := _display_name(record)):
            names[record_id] = name
        if record_id and any(context.author.is_named(one) for one in _names(record)):
            own_ids.add(record_id)


def _names(record: Record) -> Iterator[str]:
    """All that Slack calls somebody: id, login, full and shown name, e-mail address."""
    profile = record.get("profile")
    for fields in (record, profile if isinstance(profile, Mapping) else {}):
        for name in ("id", "name", "real_name", "display_name", "email"):
            if value := text_field(fields, name):
                yield value


def _display_name(record: Record) -> str | None:
    profile = record.get("profile")
    from_profile = text_field(profile, "real_name", "display_name") if isinstance(profile, Mapping) else None
    return text_field(record, "real_name") or from_profile or text_field(record, "name")


def _read_channel(channel: Path, files: list[Path], roster: _Roster, context: ReadContext) -> Iterator[Reading]:
    messages: list[_Message] = []
    for file in files:
        try:
            records = json_records(decode(context.read_bytes(file), file), file)
        except Unreadable as error:  # one bad day costs that day only
            yield Skipped(path=file, reason=error.reason)
            continue
        for record in records:
            message = _message(record, file.stem, roster.names)
            if isinstance(message, str):
                part = text_field(record, "ts")
                yield Skipped(path=file, reason=message, part=part, digest=digest_value(record))
            else:
                messages.append(message)
    for part, conversation in _conversations(messages):
        yield _document(part, conversation, channel, roster, context)


def _message(record: Record, day: str, names: Mapping[str, str]) -> _Message | str:
    """The message in a record, or the reason why there is none."""
    subtype = record.get("subtype")
    if record.get("bot_id") or subtype == "bot_message":
        return "bot"
    if record.get("type") != "message" or (subtype is not None and subtype not in _WRITTEN_SUBTYPES):
        return "system_message"
    user_id, ts = text_field(record, "user"), text_field(record, "ts")
    if user_id is None or ts is None or not re.fullmatch(r"\d+(?:\.\d+)?", ts):
        return "no_author_or_time"
    blocks = message_blocks(str(record.get("text") or ""), names)
    return _Message(day, user_id, ts, text_field(record, "thread_ts"), blocks, record) if blocks else "empty"


def _conversations(messages: list[_Message]) -> list[tuple[str, list[_Message]]]:
    """Threads by the time stamp of their first message, the rest by day; each in order of time."""
    in_thread: dict[str, list[_Message]] = defaultdict(list)
    for message in messages:
        if message.thread_ts:
            in_thread[message.thread_ts].append(message)
    groups: dict[str, list[_Message]] = defaultdict(list)
    for message in messages:
        root = message.thread_ts
        # A thread of which the export holds just the first message is no conversation of its own.
        alone = root is None or (root == message.ts and len(in_thread[root]) == 1)
        groups[message.day if alone or root is None else root].append(message)
    return [(part, sorted(groups[part], key=lambda one: one.order)) for part in sorted(groups)]


def _document(part: str, messages: list[_Message], channel: Path, roster: _Roster, context: ReadContext) -> RawDocument:
    is_day = bool(_DAY.fullmatch(part))
    first = messages[0]
    topic = first.day if is_day else title_from_text(first.blocks[0].text, max_characters=60)
    return RawDocument(
        document_id=context.document_id(channel, part),
        source=context.source,
        kind=DocumentKind.CHAT,
        title=f"#{channel.name}: {topic}",
        date=context.dated(parse_date(first.day)),
        url=None,
        blocks=tuple(block for message in messages for block in _attributed(message, roster, context)),
        thread=None if is_day else f"slack:{context.source}/{channel.name}/{part}",
        content_digest=digest_value([message.record for message in messages]),
    )


def _attributed(message: _Message, roster: _Roster, context: ReadContext) -> Iterator[Block]:
    name = roster.names.get(message.user_id)
    is_own = message.user_id in roster.own_ids or context.author.is_named(message.user_id)
    role = context.role_of(context.author.name if is_own else None)
    attribution = Attribution(role, name or message.user_id, "message author")
    for block in message.blocks:
        yield attribution.apply(block)
