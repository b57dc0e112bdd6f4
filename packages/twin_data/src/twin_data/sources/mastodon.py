"""Archives of Mastodon and what speaks ActivityPub like it: the account's own public posts, from the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import head_of, is_real, owner, passed_over, text_of_file
from twin_data.sources.html_blocks import fragment_blocks
from twin_data.sources.reader import ReadContext, Reading, RecordIds, Skipped, Unreadable
from twin_data.sources.records import Record, claim_id, json_value, text_field
from twin_data.sources.text import fold, title_from_text

_OUTBOX = "outbox.json"
_MARK = b'"OrderedCollection"'
_PUBLIC = frozenset({"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"})
"""Whom a post for everybody is to (ActivityPub, 5.6)."""


class MastodonReader:
    """One document a post; boosts are others' words, and posts for followers or single people are nobody's to read."""

    name = "mastodon"
    reads_folders = True

    def claims(self, path: Path) -> bool:
        """Whether the folder holds an outbox."""
        outbox = path / _OUTBOX
        return is_real(outbox) and outbox.is_file() and _MARK in head_of(outbox)

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a post, in the order of the outbox."""
        outbox, ids = path / _OUTBOX, RecordIds()
        activities = _activities(text_of_file(outbox, context), outbox)
        parents = {text_field(one, "id"): text_field(one, "inReplyTo") for one in map(_note, activities) if one}
        for activity in activities:
            yield _read_activity(activity, parents, outbox, context, ids)
        yield from passed_over(path, {outbox})


def _activities(text: str, path: Path) -> list[Record]:
    try:
        outbox = json_value(text)
    except ValueError as error:
        raise Unreadable(path, f"not_json: {error}") from error
    items = outbox.get("orderedItems") if isinstance(outbox, dict) else None
    if not isinstance(items, list):
        raise Unreadable(path, "unknown_format: no orderedItems")
    return [one for one in items if isinstance(one, dict)]


def _note(activity: Record) -> Record | None:
    """What an activity posted; None of a boost, which names another's post by address."""
    note = activity.get("object")
    return note if activity.get("type") == "Create" and isinstance(note, dict) else None


def _read_activity(
    activity: Record, parents: Mapping[str | None, str | None], path: Path, context: ReadContext, ids: RecordIds
) -> Reading:
    note = _note(activity)
    address = text_field(note or activity, "id") or ""
    wanted = address.removesuffix("/activity").rstrip("/").rpartition("/")[2] or None
    part = claim_id(ids, wanted, activity, path)
    if isinstance(part, Skipped):
        return part
    if note is None:
        return Skipped(path=path, reason="boost", part=part, digest=digest_value(activity))
    if _PUBLIC.isdisjoint(_addressed(note) | _addressed(activity)):
        return Skipped(path=path, reason="not_public", part=part, digest=digest_value(activity))
    body = fragment_blocks(str(note.get("content") or ""))
    if not body:
        return Skipped(path=path, reason="empty: no text", part=part, digest=digest_value(activity))
    warning = fold(str(note.get("summary") or ""))
    heading = (Block(text=warning, style=BlockStyle.HEADING, level=1),) if warning else ()
    return RawDocument(
        document_id=context.document_id(path, part),
        source=context.source,
        kind=DocumentKind.POST,
        title=title_from_text(warning or body[0].text),
        date=context.dated(parse_date(note.get("published"))),
        url=text_field(note, "url") or address or None,
        blocks=tuple(map(owner(context).apply, (*heading, *body))),
        thread=_thread(address, parents),
        series=context.series(path),
        content_digest=digest_value(activity),
    )


def _addressed(record: Record) -> frozenset[str]:
    values = (value for name in ("to", "cc") for value in [record.get(name)])
    return frozenset(
        str(one) for value in values for one in (value if isinstance(value, list) else [value]) if one is not None
    )


def _thread(address: str, parents: Mapping[str | None, str | None]) -> str | None:
    """The first of the account's own posts that a post goes on from, if it or another does; so they stay together."""
    first, seen = address, {address}
    while (parent := parents.get(first)) in parents and parent not in seen and parent:
        first = parent
        seen.add(parent)
    return f"mastodon:{first}" if first != address or address in parents.values() else None
