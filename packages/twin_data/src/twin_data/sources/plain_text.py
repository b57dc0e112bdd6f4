"""Plain text files: one document a file, paragraphs by blank lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from twin_data.contracts.digests import digest_bytes, digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.conversations import Turn, chat_turns, transcript_turns
from twin_data.sources.dates import date_from_name
from twin_data.sources.quotations import QUOTED_BASIS
from twin_data.sources.reader import Attribution, ReadContext, Reading, single_document
from twin_data.sources.speakers import bare_name
from twin_data.sources.text import decode, normalise_newlines, paragraphs, title_from_name


class PlainTextReader:
    """A text file names no author, so it holds the persona's own words, unless it is a conversation."""

    name = "plain_text"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a text file's."""
        return path.suffix.lower() in {".txt", ".text"}

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the file's document; of a chat one for each day, if it tells on which days it was written."""
        data = context.read_bytes(path)
        text = decode(data, path)
        kind, turns = DocumentKind.CHAT, chat_turns(text)
        if turns is None:
            kind, turns = DocumentKind.TRANSCRIPT, transcript_turns(text, context.author.is_named)
        if turns and (days := _by_day(turns)):
            yield from (_day_document(day, days[day], path, context) for day in sorted(days))
            return
        yield single_document(
            path,
            context,
            kind=DocumentKind.ARTICLE if turns is None else kind,
            title=title_from_name(path),
            blocks=_written(text, context) if turns is None else _spoken(turns, context),
            digest=digest_bytes(data),
            found_date=date_from_name(path),
        )


def _by_day(turns: Sequence[Turn]) -> dict[date, list[Turn]]:
    """The turns of each day; none if they do not tell their days."""
    days: dict[date, list[Turn]] = defaultdict(list)
    for turn in turns:
        if turn.day is None:
            return {}
        days[turn.day].append(turn)
    return days


def _day_document(day: date, turns: Sequence[Turn], path: Path, context: ReadContext) -> RawDocument:
    return RawDocument(
        document_id=context.document_id(path, day.isoformat()),
        source=context.source,
        kind=DocumentKind.CHAT,
        title=f"{title_from_name(path)}: {day}",
        date=day,
        url=context.url(path),
        blocks=_spoken(turns, context),
        series=context.series(path),
        content_digest=digest_value([[turn.name, turn.text] for turn in turns]),
    )


def _written(text: str, context: ReadContext) -> tuple[Block, ...]:
    """The paragraphs; lines that begin with `>` are quoted, as in mail."""
    attribution = context.sole_author(None)
    found: list[Block] = []
    for is_quoted, lines in groupby(normalise_newlines(text).split("\n"), lambda line: line.startswith(">")):
        for paragraph in paragraphs("\n".join(line.lstrip("> ") if is_quoted else line for line in lines)):
            block = Block(text=paragraph, role=Role.QUOTED, style=BlockStyle.QUOTATION, basis=QUOTED_BASIS)
            found.append(block if is_quoted else attribution.apply(Block(text=paragraph)))
    return tuple(found)


def _spoken(turns: Sequence[Turn], context: ReadContext) -> tuple[Block, ...]:
    """Each paragraph of a turn; what nobody is named for is somebody else's."""
    return tuple(
        Attribution(context.role_of(bare_name(turn.name)), turn.name or None, "speaker label").apply(
            Block(text=paragraph, style=BlockStyle.TURN)
        )
        for turn in turns
        for paragraph in paragraphs(turn.text)
    )
