"""Conversations kept as plain text: transcripts with a name before each turn, and chats with a time before that.

Such a file names no author, and would else pass for one person's writing, with the words of everybody in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from twin_data.sources.speakers import bare_name, speaker_labels, split_label
from twin_data.sources.text import fold, normalise_newlines

Turn = tuple[str, str]
"""Who says it, and what."""
# WhatsApp: `[12.03.21, 10:01:02] Ada: …`, `12/03/2021, 10:01 - Ada: …`; others begin with the time alone.
_STAMP = re.compile(
    r"[\u200e\u202a]?\[?(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?\s+)?\d{1,2}:\d\d(?::\d\d)?(?:\s?[AaPp]\.?[Mm]\.?)?\]?\s*(?:[-–]\s)?"
    r"\s*(?=\S)"
)
_STAMPED_LABEL = re.compile(r"(?:From )?(?P<name>[^:\n]{1,40}?)(?: to [^:\n]{1,40})?:(?:\s+|$)")
_NO_WORDS = re.compile(r"\u200e.*|<[^<>\n]+>")
"""What stands for a picture or a deleted message: WhatsApp sets a mark of direction before it, or brackets around."""
_LEAST_TURNS = 4
_LEAST_SHARE = 0.5
"""Share of the paragraphs that begin with a label in a transcript."""
_LEAST_STAMPED = 0.3
"""Share of the lines that begin with a time and a name in a chat; messages may have several lines."""
_TURNS_EACH = 2
"""A glossary, too, has words before colons, but each once."""


def chat_turns(text: str) -> list[Turn] | None:
    """The turns of a chat, with what the program says of it as nobody's; None for any other text."""
    lines = [line for line in normalise_newlines(text).split("\n") if line.strip()]
    turns: list[tuple[str, list[str]]] = []
    for line in lines:
        stamp = _STAMP.match(line)
        label = _STAMPED_LABEL.match(line, stamp.end()) if stamp else None
        if label:
            turns.append((fold(label["name"]), [line[label.end() :]]))
        elif stamp or not turns:  # what the program says of the chat itself
            turns.append(("", [line[stamp.end() :] if stamp else line]))
        else:
            turns[-1][1].append(line)
    named = Counter(name for name, _ in turns if name)
    if named.total() < max(_LEAST_TURNS, _LEAST_STAMPED * len(lines), _TURNS_EACH * len(named)):
        return None
    said = ((name, "\n".join(one for one in rest if one.strip() and not _NO_WORDS.fullmatch(one.strip())))
            for name, rest in turns)  # fmt: skip
    return [(name, words) for name, words in said if words]


def transcript_turns(text: str, is_known: Callable[[str], bool]) -> list[Turn] | None:
    """The turns of a transcript, what stands before the first as nobody's; None for any other text."""
    parts = [part.strip() for part in re.split(r"\n[ \t]*\n", normalise_newlines(text)) if part.strip()]
    if len(parts) < _LEAST_TURNS:  # one turn a line
        parts = [line.strip() for line in normalise_newlines(text).split("\n") if line.strip()]
    labels = speaker_labels(parts, lambda name: is_known(bare_name(name)))
    split = [split_label(part, labels) for part in parts]
    spoken = Counter(name for name, _ in split if name)
    is_one = spoken.total() >= max(_LEAST_TURNS, _LEAST_SHARE * len(parts)) and len(spoken) > 1
    if not is_one or spoken.total() < _TURNS_EACH * len(spoken):
        return None
    turns: list[Turn] = []
    for name, words in split:
        turns.append((name or (turns[-1][0] if turns else ""), words))
    return turns
