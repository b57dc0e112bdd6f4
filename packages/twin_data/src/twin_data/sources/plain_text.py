"""Plain text files: one document a file, paragraphs by blank lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, Role
from twin_data.sources.chat_documents import day_documents, turn_blocks
from twin_data.sources.conversations import Turn, chat_turns, transcript_turns
from twin_data.sources.dates import date_from_name
from twin_data.sources.gutenberg import gutenberg_documents, is_gutenberg
from twin_data.sources.quotations import QUOTED_BASIS
from twin_data.sources.reader import ReadContext, Reading, Skipped, single_document
from twin_data.sources.speakers import bare_name
from twin_data.sources.text import decode, normalise_newlines, paragraphs, title_from_name

_NO_OWN_TURN = "no_own_turn"
_NAMES_SHOWN = 6


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
        if is_gutenberg(text):
            yield from gutenberg_documents(text, path, context, digest=digest_bytes(data))
            return
        kind, turns = DocumentKind.CHAT, chat_turns(text)
        if turns is None:
            kind, turns = DocumentKind.TRANSCRIPT, transcript_turns(text, context.author.is_named)
        title = title_from_name(path)
        if turns is not None and not any(context.author.is_named(bare_name(turn.name)) for turn in turns):
            yield Skipped(path=path, reason=_no_own_turn(turns), digest=digest_bytes(data))
        if turns and (days := day_documents(turns, path, context, title=title)):
            yield from days
            return
        yield single_document(
            path,
            context,
            kind=DocumentKind.ARTICLE if turns is None else kind,
            title=title,
            blocks=_written(text, context) if turns is None else turn_blocks(turns, context),
            digest=digest_bytes(data),
            found_date=date_from_name(path),
        )


def _no_own_turn(turns: Sequence[Turn]) -> str:
    """Which words before colons were taken for the names of speakers, where none is the persona's."""
    names = [name for name in dict.fromkeys(turn.name for turn in turns) if name]
    shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
    return f"{_NO_OWN_TURN}: said by {shown}; if one of them is the persona, add it to author.aliases"


def _written(text: str, context: ReadContext) -> tuple[Block, ...]:
    """The paragraphs; lines that begin with `>` are quoted, as in mail."""
    attribution = context.sole_author(None)
    found: list[Block] = []
    for is_quoted, lines in groupby(normalise_newlines(text).split("\n"), lambda line: line.startswith(">")):
        for paragraph in paragraphs("\n".join(line.lstrip("> ") if is_quoted else line for line in lines)):
            block = Block(text=paragraph, role=Role.QUOTED, style=BlockStyle.QUOTATION, basis=QUOTED_BASIS)
            found.append(block if is_quoted else attribution.apply(Block(text=paragraph)))
    return tuple(found)
