"""Conversations kept as plain text: transcripts with a name before each turn, and chats with a time before that.

Such a file names no author, and would else pass for one person's writing, with the words of everybody in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from twin_data.sources.chat_stamps import Stamp, StampForm, days_of, stamp_of, without_marks
from twin_data.sources.speakers import are_no_names, bare_name, speaker_labels, split_label
from twin_data.sources.text import fold, normalise_newlines

_LABEL = re.compile(r"(?:From )?(?P<name>[^:\n]{1,40}?)(?: to [^:\n]{1,40})?:(?:\s+|$)")
_NO_WORDS = re.compile(r"\u200e.*|<[^<>\n]+>|(?:This message was|You) deleted(?: this message)?\.?|null")
"""What stands for a picture or a deleted message: WhatsApp sets a mark of direction before it, or brackets around."""
_EDITED = re.compile(r"\s*(?:\u200e<[^<>\n]+>|<This message was edited>)$")
_LEAST_TURNS = 4
_LEAST_SHARE = 0.5
"""Share of the paragraphs that begin with a label in a transcript."""
_LEAST_STAMPED = 0.3
"""Share of the lines that begin with a time and a name in a chat; messages may have several lines."""
_TURNS_EACH = 2
"""A glossary, too, has words before colons, but each once."""
_LEAST_EXPORTED = 3
"""So many messages as programs stamp them are a chat, however long, if but one of the people wrote twice."""
_OPENING_LINES = 3
"""Where these are over, a chat has begun; an essay may quote one further down."""


@dataclass(frozen=True)
class Turn:
    """What somebody says.

    Attributes:
        name: Who; empty where that is nobody.
        text: What.
        day: When, where the file tells.
    """

    name: str
    text: str
    day: date | None = None


@dataclass(frozen=True)
class _Head:
    """The first line of a message: its stamp, whose it is, and what of the message stands there."""

    stamp: Stamp
    name: str
    words: str


def chat_turns(text: str) -> list[Turn] | None:
    """The turns of a chat, with what the program says of it as nobody's; None for any other text."""
    lines = normalise_newlines(text).strip("\n").split("\n")
    stamped = {number: _head(line, stamp) for number, line in enumerate(lines) if (stamp := stamp_of(line))}
    heads = _of_one_form(stamped)
    if _is_chat(heads, sum(1 for line in lines if line.strip())):
        return _turns(lines, heads)
    alone = {number: replace(head, name=head.words, words="") for number, head in heads.items() if not head.name}
    return _turns(lines, alone) if _are_names(alone) else None


def _head(line: str, stamp: Stamp) -> _Head:
    label = _LABEL.match(line, stamp.end)
    name = without_marks(fold(label["name"])) if label else ""
    return _Head(stamp, name, line[label.end() if label else stamp.end :])


def _of_one_form(stamped: Mapping[int, _Head]) -> dict[int, _Head]:
    """The heads that the program wrote: a time in the midst of a message may begin a line, too."""
    times = Counter(head.stamp.form for head in stamped.values())

    def rank(form: StampForm) -> tuple[bool, int]:
        return form.is_exported and times[form] >= _LEAST_EXPORTED, times[form]

    chosen = max(times, key=rank, default=None)
    return {number: head for number, head in stamped.items() if head.stamp.form == chosen}


def _is_chat(heads: Mapping[int, _Head], lines: int) -> bool:
    named = Counter(head.name for head in heads.values() if head.name)
    if are_no_names(named):
        return False
    is_opened = any(head.stamp.form.is_exported and number <= _OPENING_LINES for number, head in heads.items())
    if is_opened and named.total() >= max(_LEAST_EXPORTED, len(named) + 1):
        return True
    return named.total() >= max(_LEAST_TURNS, _LEAST_STAMPED * lines, _TURNS_EACH * len(named))


def _are_names(heads: Mapping[int, _Head]) -> bool:
    """Whether names stand behind the stamps, and the messages in the lines below, as Discord's exporter writes them."""
    names = Counter(head.name for head in heads.values() if head.stamp.form.is_exported)
    return names.total() >= max(_LEAST_TURNS, _TURNS_EACH * len(names))


def _turns(lines: list[str], heads: Mapping[int, _Head]) -> list[Turn]:
    """What stands between the heads; what stands before the first is nobody's."""
    starts = list(heads)
    days = days_of([head.stamp.written for head in heads.values()])
    day_of = dict(zip(starts, days, strict=True)) if days else {}
    before = Turn("", _said(lines[: starts[0]]), day_of.get(starts[0]))
    turns = [before]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        words = _said([heads[start].words, *lines[start + 1 : end]])
        turns.append(Turn(heads[start].name, words, day_of.get(start)))
    return [turn for turn in turns if turn.text]


def _said(lines: list[str]) -> str:
    said = (line for line in lines if not _NO_WORDS.fullmatch(line.strip()))
    return _EDITED.sub("", "\n".join(said).strip())


def transcript_turns(text: str, is_known: Callable[[str], bool]) -> list[Turn] | None:
    """The turns of a transcript, what stands before the first as nobody's; None for any other text."""
    parts = [part.strip() for part in re.split(r"\n[ \t]*\n", normalise_newlines(text)) if part.strip()]
    if len(parts) < _LEAST_TURNS:  # one turn a line
        parts = [line.strip() for line in normalise_newlines(text).split("\n") if line.strip()]
    labels = transcript_labels(parts, is_known)
    if not labels:
        return None
    turns: list[Turn] = []
    for name, words in (split_label(part, labels) for part in parts):
        turns.append(Turn(name or (turns[-1].name if turns else ""), words))
    return turns


def transcript_labels(
    parts: Sequence[str], is_known: Callable[[str], bool], *, least_share: float = _LEAST_SHARE
) -> frozenset[str]:
    """What labels the speakers of a transcript's paragraphs; none for any other text."""
    labels = speaker_labels(parts, lambda name: is_known(bare_name(name)))
    spoken = Counter(name for name, _ in (split_label(part, labels) for part in parts) if name)
    is_one = spoken.total() >= max(_LEAST_TURNS, least_share * len(parts), _TURNS_EACH * len(spoken))
    return frozenset(spoken) if is_one and len(spoken) > 1 else frozenset()
