"""Documents of chats and transcripts, which readers of several formats make of turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument
from twin_data.sources.conversations import Turn
from twin_data.sources.reader import Attribution, ReadContext
from twin_data.sources.speakers import bare_name
from twin_data.sources.text import paragraphs


def day_documents(turns: Sequence[Turn], path: Path, context: ReadContext, *, title: str) -> tuple[RawDocument, ...]:
    """One document for each day of a chat; none if a turn does not tell its day."""
    days: dict[date, list[Turn]] = defaultdict(list)
    for turn in turns:
        if turn.day is None:
            return ()
        days[turn.day].append(turn)
    return tuple(
        RawDocument(
            document_id=context.document_id(path, day.isoformat()),
            source=context.source,
            kind=DocumentKind.CHAT,
            title=f"{title}: {day}",
            date=day,
            url=context.url(path),
            blocks=turn_blocks(days[day], context),
            series=context.series(path),
            content_digest=digest_value([[turn.name, turn.text] for turn in days[day]]),
        )
        for day in sorted(days)
    )


def turn_blocks(turns: Sequence[Turn], context: ReadContext) -> tuple[Block, ...]:
    """Each paragraph of a turn; what nobody is named for is somebody else's."""
    return tuple(
        Attribution(context.role_of(bare_name(turn.name)), turn.name or None, "speaker label").apply(
            Block(text=paragraph, style=BlockStyle.TURN)
        )
        for turn in turns
        for paragraph in paragraphs(turn.text)
    )
