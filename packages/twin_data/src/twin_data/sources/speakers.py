"""Who speaks in captions: labels at their starts, told from words that only look like one, and lines that roll up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

import regex

_CAPITALISED = r"\p{Lu}[\p{L}\p{N}_.'’-]*"
_PARTICLE = r"(?:al|bin|da|de|del|den|der|di|du|la|le|ter|van|von|y|zu|\d{1,2})"
_ADDITION = r" ?\([^()\n]{1,40}\)"
"""What meetings put behind a name: `(Guest)`, `(she/her)`."""
_NAME = regex.compile(
    rf"(?:>>\s*)?({_CAPITALISED}(?: (?:{_CAPITALISED}|{_PARTICLE})){{0,4}}(?:{_ADDITION})?):\s+(?=\S)"
)
_PREFIX = regex.compile(r"(?:>>\s*)?([^\s:.!?][^:\n!?]{0,39}):\s+(?=\S)")
_NO_NAMES = frozenset(
    "question questions answer answers frage antwort réponse pregunta respuesta domanda risposta vraag antwoord "
    "morning noon midday afternoon evening night morgen morgens mittag mittags nachmittag abend abends nacht "
    "matin midi soir nuit mañana tarde noche monday tuesday wednesday thursday friday saturday sunday breakfast "
    "lunch dinner note notes tip hint remember warning example update todo idea weather pros cons pro con step "
    "problem solution result title subject ingredients method summary conclusion source sources notiz tipp "
    "beispiel wetter remarque exemple".split()
)
_NUMBERED = regex.compile(r"[\s\d.#()]+$")
_LOWER = regex.compile(r"(?<![\p{L}\p{N}])\p{Ll}+(?![\p{L}\p{N}])")
_ALL_LABELLED = 0.9
"""Share of the captions that begin with a label where a program labels each, by whatever names people chose."""
_ENOUGH_CAPTIONS = 8
_OFTEN = 3
_ROLLING, _ADDING = 0.5, 0.2
"""Share of the captions that begin with lines of the one before where captions roll up, and of those that go on."""


def speaker_labels(said: Sequence[str], is_known: Callable[[str], bool]) -> frozenset[str]:
    """What labels the speakers of a transcript.

    A name of several words does wherever it stands before a colon. One word might be any word, as in `Remember: …`, and
    is a name if it stands there often, or beside other labels and never in lower case.

    Args:
        said: The text of each caption.
        is_known: Whether a name is the persona's.
    """
    prefixes = Counter(match[1] for text in said if (match := _PREFIX.match(text)))
    if len(said) >= _ENOUGH_CAPTIONS and prefixes.total() >= _ALL_LABELLED * len(said):
        return _people(prefixes)
    names = Counter(match[1] for text in said if (match := _NAME.match(text)))
    lower = {word for text in said for word in _LOWER.findall(text)}

    def is_speaker(name: str, times: int) -> bool:
        is_plain_word = name.isalpha() and not name.isupper()
        is_alone = times == names.total() or name.lower() in lower
        return is_known(name) or not is_plain_word or times >= _OFTEN or not is_alone

    return _people([name for name, times in names.items() if is_speaker(name, times)])


def are_no_names(labels: Iterable[str]) -> bool:
    """Whether all labels are words that authors set before colons themselves: `Question 2`, `Morning`, `Note`."""
    return all(_NUMBERED.sub("", label).casefold() in _NO_NAMES for label in labels)


def _people(labels: Collection[str]) -> frozenset[str]:
    """The labels; none if they are all no names. Beside somebody's name `Question` is what another asks."""
    return frozenset() if are_no_names(labels) else frozenset(labels)


def split_label(said: str, labels: frozenset[str]) -> tuple[str | None, str]:
    """The speaker whom a caption's label names, if one of these begins it, and what is said."""
    for pattern in (_NAME, _PREFIX):
        if (match := pattern.match(said)) and match[1] in labels:
            return match[1], said[match.end() :]
    return None, said


def bare_name(speaker: str) -> str:
    """A speaker's name without what a meeting put behind it."""
    return regex.sub(rf"{_ADDITION}$", "", speaker).strip()


def unrolled(captions: Sequence[Sequence[str]]) -> list[list[str]]:
    """The lines of each caption that the one before did not show, where captions roll up; else all of them.

    Captions made by machines move each line up and show it again above the next. Somebody who says a thing twice does
    so now and then, not in every other caption.
    """
    shared = [_shared(before, lines) for before, lines in zip(captions, captions[1:], strict=False)]
    added = [count for count, lines in zip(shared, captions[1:], strict=False) if 0 < count < len(lines)]
    rolls = sum(map(bool, shared)) >= _ROLLING * len(shared) and len(added) > _ADDING * len(shared)
    if not rolls:
        return [list(lines) for lines in captions]
    return [list(lines[count:]) for lines, count in zip(captions, [0, *shared], strict=True)]


def _shared(before: Sequence[str], lines: Sequence[str]) -> int:
    """How many lines end one caption and begin the next."""
    counts = range(min(len(before), len(lines)), 0, -1)
    return next((count for count in counts if list(before[-count:]) == list(lines[:count])), 0)
