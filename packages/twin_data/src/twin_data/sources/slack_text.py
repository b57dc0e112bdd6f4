"""Slack's message markup to blocks."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import partial

from twin_data.contracts.documents import Block, BlockStyle, Role
from twin_data.sources.quotations import QUOTED_BASIS
from twin_data.sources.text import fold_lines, normalise_newlines

_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_REFERENCE = re.compile(r"<([^<>\n]+)>")
# A clock time such as 10:30:45 is no emoji: a code starts with a letter or is a thumb.
_EMOJI = re.compile(r"(?<![\w:]):(?:[a-z][a-z0-9_+'-]*|[+-]1|100):(?::skin-tone-\d:)?(?!\w)")
_EMPHASIS = re.compile(r"(?<![\w*_~`])([*_~`])(?=\S)([^\n]*?\S)\1(?![\w*_~`])")
_QUOTED_REST = re.compile(r"(?:&gt;|>){3} ?")
"""Three marks quote all that follows in a message."""
_QUOTED_LINE = re.compile(r"(?:&gt;|>) ?")


def message_blocks(text: str, names: Mapping[str, str]) -> tuple[Block, ...]:
    """The blocks of one message: paragraphs as `TURN`, code fences as `CODE`, `>` lines as `QUOTED`."""
    blocks: list[Block] = []
    for index, part in enumerate(_FENCE.split(normalise_newlines(text))):
        if index % 2:
            if part.strip():
                blocks.append(Block(text=html.unescape(part).strip("\n"), style=BlockStyle.CODE))
        else:
            blocks.extend(_prose(part, names))
    return tuple(blocks)


def plain_text(text: str, names: Mapping[str, str]) -> str:
    """What a reader of the channel sees: names for mentions, labels for links, no emoji codes, no marks."""
    text = _REFERENCE.sub(partial(_resolve, names=names), text)
    text = _EMPHASIS.sub(r"\2", _EMOJI.sub(" ", text))
    return fold_lines(html.unescape(text))


def _prose(text: str, names: Mapping[str, str]) -> list[Block]:
    """Runs of quoted and of plain lines, and within these the paragraphs."""
    blocks: list[Block] = []
    quoted, lines = False, list[str]()

    def close() -> None:
        for paragraph in re.split(r"\n\s*\n", "\n".join(lines)):
            if plain := plain_text(paragraph, names):
                blocks.append(_quotation(plain) if quoted else Block(text=plain, style=BlockStyle.TURN))
        lines.clear()

    to_the_end = False
    for line in text.split("\n"):
        rest = None if to_the_end else _QUOTED_REST.match(line)
        to_the_end = to_the_end or rest is not None
        mark = rest or (None if to_the_end else _QUOTED_LINE.match(line))
        if (bool(mark) or to_the_end) != quoted:
            close()
            quoted = not quoted
        lines.append(line[mark.end() :] if mark else line)
    close()
    return blocks


def _quotation(text: str) -> Block:
    return Block(text=text, role=Role.QUOTED, style=BlockStyle.QUOTATION, basis=QUOTED_BASIS)


def _resolve(match: re.Match[str], names: Mapping[str, str]) -> str:
    """The visible form of `<@U01>`, `<#C01|general>`, `<!here>` or `<https://…|label>`."""
    target, _, label = match[1].partition("|")
    if target.startswith("@"):
        return "@" + (names.get(target[1:]) or label or target[1:])
    if target.startswith("#"):
        return "#" + (label or names.get(target[1:]) or target[1:])
    if target.startswith("!"):
        return label or "@" + target[1:].partition("^")[0]
    return label or target.removeprefix("mailto:")
