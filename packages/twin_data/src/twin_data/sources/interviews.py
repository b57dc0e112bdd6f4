"""Interviews within texts of one author: paragraphs that begin with the name of whoever says what follows.

An article has words before colons, too: bold lead-ins, pros and cons, `Linux` and `Windows`. So it is torn into turns
only where one of the labels is the persona's, or one stands as a name within its sentences and one mostly asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from twin_data.contracts.documents import Block, BlockStyle, Role
from twin_data.sources.conversations import transcript_labels
from twin_data.sources.reader import Attribution, ReadContext
from twin_data.sources.speakers import bare_name, split_label

_LEAST_SHARE = 0.25
"""Share of the paragraphs that begin with a label where one is the persona's: answers run over several paragraphs."""

_LABELLED_LINE = regex.compile(r"\n(?=\S[^:\n]{0,40}:\s)")


@dataclass(frozen=True)
class _Piece:
    """Lines of a block that one label may head."""

    block: Block
    text: str

    @property
    def may_be_a_turn(self) -> bool:
        return self.block.role is Role.OWN and self.block.style is BlockStyle.PARAGRAPH


def written_by(attribution: Attribution, blocks: Sequence[Block], context: ReadContext) -> tuple[Block, ...]:
    """The blocks of a text as written by its author; those of an interview as the labels before them tell.

    What stands before the first label and below a heading is the author's; what follows a label is its speaker's. In
    what another wrote the persona's label is needed: somebody has interviewed the persona.
    """
    pieces = [piece for block in blocks for piece in _pieces(block)]
    texts = [one.text for one in pieces if one.may_be_a_turn]
    labels = _labels_with_persona(texts, context)
    if not labels and attribution.role is Role.OWN:
        labels = _labels_of_others(texts)
    return tuple(_spoken(pieces, labels, attribution, context) if labels else map(attribution.apply, blocks))


def _pieces(block: Block) -> Iterator[_Piece]:
    """The block, parted before the lines that begin like a label where it is a paragraph."""
    parts = _LABELLED_LINE.split(block.text) if block.style is BlockStyle.PARAGRAPH else [block.text]
    yield from (_Piece(block, text) for text in parts)


def _labels_with_persona(texts: Sequence[str], context: ReadContext) -> frozenset[str]:
    """The labels of a conversation in which the persona has one; none of any other text."""
    is_known = context.author.is_named
    labels = transcript_labels(texts, is_known, least_share=_LEAST_SHARE)
    return labels if any(is_known(bare_name(label)) for label in labels) else frozenset()


def _labels_of_others(texts: Sequence[str]) -> frozenset[str]:
    """The labels of a conversation of others, if one stands as a name within their sentences and one mostly asks."""
    labels = transcript_labels(texts, lambda name: False)
    turns = [split_label(text, labels) for text in texts]
    said = [text for _, text in turns]
    is_told = any(_is_name_in(said, bare_name(label)) for label in labels)
    return labels if is_told and any(_asks(turns, label) for label in labels) else frozenset()


def _asks(turns: Sequence[tuple[str | None, str]], label: str) -> bool:
    """Whether questions stand in half of what a label heads."""
    asked = ["?" in text for name, text in turns if name == label]
    return 2 * sum(asked) >= len(asked) > 0


def _is_name_in(said: Sequence[str], label: str) -> bool:
    """Whether a label stands as a name within sentences: with its capital behind a small word, never without it."""
    within = regex.compile(rf"(?<=\p{{Ll}},? ){regex.escape(label)}(?!\w)")
    small = regex.compile(rf"(?<!\w){regex.escape(label.lower())}(?!\w)")
    return any(map(within.search, said)) and not any(map(small.search, said))


def _spoken(
    pieces: Sequence[_Piece], labels: frozenset[str], attribution: Attribution, context: ReadContext
) -> Iterator[Block]:
    speaker = attribution
    for piece in pieces:
        name, text = split_label(piece.text, labels) if piece.may_be_a_turn else (None, piece.text)
        if piece.block.style is BlockStyle.HEADING:
            speaker = attribution
        elif name:
            speaker = Attribution(context.role_of(bare_name(name)), name, "speaker label")
        style = BlockStyle.TURN if speaker is not attribution and piece.may_be_a_turn else piece.block.style
        yield speaker.apply(piece.block.model_copy(update={"text": text, "style": style}))
