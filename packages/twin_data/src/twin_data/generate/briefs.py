"""Briefs for texts in the voice: what somebody would have asked for to get this stretch of the persona's writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_data.contracts.documents import DocumentKind
from twin_data.generate.clauses import capitalised
from twin_data.generate.phrases import Phrase

GENRES = {
    DocumentKind.ARTICLE: ("piece", "short essay", "passage", "column"),
    DocumentKind.POST: ("post", "short post"),
    DocumentKind.REVIEW: ("review comment", "code review"),
    DocumentKind.MAIL: ("mail", "letter"),
    DocumentKind.CHAT: ("message", "reply in the channel"),
    DocumentKind.TRANSCRIPT: ("part of a talk", "few words for an audience"),
}
BRIEF_TEMPLATES = {
    "write_about": "Write a {genre} about {x}.",
    "write_two": "Write a {genre} about {x} and {y}.",
    "draft_touching": "Draft a {genre} that touches on {x} and {y}.",
    "thoughts_on": "Put down your thoughts on {x}, as you would in a {genre}.",
    "need_with": "I need a {genre}: {x}, with something on {y}.",
    "please_on": "A {genre}, please, on {x}; bring in {y}.",
    "set_out": "Set out what you think of {x}.",
    "three_points": "Compose a {genre} that has {x}, {y} and {z} in it.",
    "never_heard": "Write a {genre} for somebody who has never heard of {x}.",
    "describe": "Describe {x}, and do not leave out {y}.",
    "to_friend": "Write about {x} the way you would to a friend.",
    "begin_end": "Begin with {x} and come round to {y}.",
    "paragraphs": "A paragraph or two on {x}, {y} and {z}.",
    "titled": "Write something under the title “{title}”: {x}, mainly.",
    "titled_two": "For “{title}”, write the part about {x} and {y}.",
    "account": "Give an account of {x}. A {genre} will do.",
    "tell_readers": "Tell your readers about {x} and {y}.",
    "occasion": "{X} has come up. Write the {genre} you would write.",
}

_FOR_READERS = frozenset({"describe", "tell_readers", "never_heard", "account"})
"""What nobody asks for who wants a mail, a message or a review: a line to somebody describes nothing to readers."""
_TO_SOMEBODY = frozenset({DocumentKind.MAIL, DocumentKind.CHAT, DocumentKind.REVIEW})


@dataclass(frozen=True)
class Brief:
    """A brief, the template that worded it, and the phrases that it names."""

    template: str
    text: str
    phrases: tuple[str, ...]


def briefs(kind: DocumentKind, title: str, phrases: Sequence[Phrase], turn: int) -> list[Brief]:
    """Every brief that can be made for a stretch.

    Args:
        kind: Genre of the document.
        title: How a reader would name the piece; empty if it has no such name.
        phrases: What the stretch is about, most telling first; at least one.
        turn: Any number; chooses among the names of the genre.
    """
    genres = GENRES[kind]
    x, y, z = ([one.text for one in phrases] + ["", "", ""])[:3]
    bare = dict(zip("xyz", (one.bare for one in phrases), strict=False))
    held = {"genre": genres[turn % len(genres)], "x": x, "X": capitalised(x), "y": y, "z": z, "title": title}
    return [
        Brief(name, wording.format(**held), tuple(bare[slot] for slot in bare if f"{{{slot}}}" in wording.casefold()))
        for name, wording in BRIEF_TEMPLATES.items()
        if all(held[slot] for slot in held if f"{{{slot}}}" in wording)
        and not (kind in _TO_SOMEBODY and name in _FOR_READERS)
    ]
