"""The text of one mail, taken apart: what the sender wrote, what is quoted, forwarded, or signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from lxml import etree  # type: ignore[import-untyped]

from twin_data.configuration.names import name_key, turned_name
from twin_data.contracts.documents import Block, BlockStyle, Role
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_tree import Element, parse_fragment
from twin_data.sources.mail_marks import (
    attributed_author,
    attribution_length,
    bare_attribution_length,
    is_attribution,
    is_device_line,
    opens_list_footer,
    opens_other_mail,
    titles_mail,
    with_marks_of_replies,
)
from twin_data.sources.reader import Attribution
from twin_data.sources.text import join_lines, normalise_newlines

_SIGNATURE = "-- "
_SIGNATURE_LINES = 10
"""A bare `--` begins a signature only so near the end: within a text it is a rule or a dash."""
_BLOCKS_AHEAD = 16
"""As far as any mark of an end looks: the headers of a mail may be a paragraph each, a footer has some lines."""
# What Gmail, Thunderbird, Outlook and Apple Mail call the element.
_SIGNATURE_MARKS = frozenset(
    {"gmail_signature", "moz-signature", "Signature", "ms-outlook-mobile-signature", "AppleMailSignature"}
)
SIGNATURE = "signature"
"""The basis by which cleaning knows what to remove."""
MAIL_HEADER = "mail header"
"""The basis of what a mail's sender writes."""
ATTRIBUTION = "attribution line"
QUOTED_REPLY, FORWARDED = "quoted reply", "forwarded"
BELOW_THE_WRITING = frozenset({SIGNATURE, QUOTED_REPLY, FORWARDED})
"""Bases of what stands below the sender's writing; it may well be the persona's, of an earlier mail."""
_ARMOUR = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]+: [^\n]*\n)*\n(.*?)\n-----BEGIN PGP SIGNATURE-----\n"
    r".*?-----END PGP SIGNATURE-----",
    re.DOTALL,
)
_QUOTE_MARK = re.compile(r">[ ]?")


@dataclass
class _Parts:
    """The blocks of a mail while its lines are read."""

    writer: Attribution
    found: list[Block] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    quoted: bool = False
    quoted_author: str | None = None

    def close(self) -> None:
        """Make a block of the lines gathered so far."""
        text = join_lines(self.lines)
        self.lines = []
        if not text:
            return
        if self.quoted:
            self.add_quoted(text, QUOTED_REPLY)
        else:
            self.found.append(self.writer.apply(Block(text=text)))

    def add_quoted(self, text: str, basis: str) -> None:
        """Add words of the mail that is answered."""
        style, author = BlockStyle.QUOTATION, self.quoted_author
        self.found.append(Block(text=text, role=Role.QUOTED, style=style, author=author, basis=basis))

    def add_other(self, lines: list[str], author: str | None, basis: str) -> None:
        """Add a part that is not the sender's writing, paragraph by paragraph."""
        for text in map(join_lines, _split_at_blanks(lines)):
            if text:
                self.found.append(Block(text=text, role=Role.OTHER, author=author, basis=basis))


def mail_blocks(text: str, writer: Attribution) -> tuple[Block, ...]:
    """The blocks of a mail's plain text, in the order of its lines."""
    read = [_unescape_from(line) for line in _without_armour(normalise_newlines(text)).split("\n")]
    lines = with_marks_of_replies(read)
    parts = _Parts(writer)
    at = 0
    while at < len(lines):
        if end := _end_of_writing(lines, at, writer):
            parts.close()
            parts.add_other(lines[at + end.marks :], end.author, end.basis)
            return _without_signed_name(parts.found, writer)
        if is_device_line(lines[at]):
            parts.close()
            parts.add_other([lines[at]], writer.author, SIGNATURE)
            at += 1
        else:
            at += _take(lines, at, parts)
    parts.close()
    return _without_signed_name(parts.found, writer)


def _without_signed_name(blocks: Sequence[Block], writer: Attribution) -> tuple[Block, ...]:
    """The blocks; the last of the sender's is a signature if it is the full name with an office's lines below it."""
    last = max((at for at, one in enumerate(blocks) if one.role is writer.role), default=0)
    name, *below = blocks[last].text.split("\n") if blocks else [""]
    known = {name_key(one) for one in (writer.author or "", turned_name(writer.author or "")) if " " in one}
    if last and below and name_key(name) in known:
        update = {"role": Role.OTHER, "author": writer.author, "basis": SIGNATURE}
        return (*blocks[:last], blocks[last].model_copy(update=update), *blocks[last + 1 :])
    return tuple(blocks)


@dataclass(frozen=True)
class _End:
    """Why nothing from a line on is the sender's writing.

    Attributes:
        author: Who wrote the rest, where it is said.
        basis: How that is known.
        marks: How many lines are the mark alone and no text.
    """

    author: str | None
    basis: str
    marks: int = 0


def _end_of_writing(lines: Sequence[str], at: int, writer: Attribution) -> _End | None:
    """What ends the sender's writing at this line, for the rest of the mail; None if nothing does."""
    if lines[at] == _SIGNATURE or (lines[at].strip() == "--" and _is_near_end(lines, at)):
        return _End(writer.author, SIGNATURE, marks=1)
    if opens_list_footer(lines, at):
        return _End(None, SIGNATURE)
    if length := bare_attribution_length(lines, at):
        return _End(attributed_author(join_lines(list(lines[at : at + length])).replace("\n", " ")), QUOTED_REPLY)
    return _End(None, FORWARDED) if opens_other_mail(lines, at) else None


def _is_near_end(lines: Sequence[str], at: int) -> bool:
    """Whether what follows a line is short, but for the mail that is answered below it."""
    window = range(at + 1, min(at + 1 + _SIGNATURE_LINES, len(lines)))
    quotes = any(lines[one].startswith(">") or attribution_length(lines, one) for one in window)
    return quotes or len(lines) - at <= _SIGNATURE_LINES


def html_mail_blocks(text: str, writer: Attribution) -> tuple[Block, ...]:
    """The blocks of a mail's HTML text, told apart by the same signs as those of a plain one."""
    root = parse_fragment(text)
    signatures = [block for element in _signatures(root) for block in element_blocks(element)]
    for element in _signatures(root):
        element.drop_tree()
    blocks = element_blocks(root)
    found: list[Block] = []
    for index, block in enumerate(blocks):
        if block.role is not Role.OWN:
            found.append(block)
            continue
        is_title = titles_mail([block.text, *_marked_lines(blocks[index + 1 : index + 3])], 0)
        is_quoted_below = index + 1 < len(blocks) and blocks[index + 1].role is Role.QUOTED
        if is_title or (is_quoted_below and is_attribution(block.text)):
            author = None if is_title else attributed_author(block.text.replace("\n", " "))
            update = {"role": Role.QUOTED, "style": BlockStyle.QUOTATION, "author": author, "basis": ATTRIBUTION}
            found.append(block.model_copy(update=update))
            continue
        written, end = _split_block(block, blocks[index + 1 : index + 1 + _BLOCKS_AHEAD], writer)
        found += written
        if end is not None:
            found += [_as_other(one, end.author, end.basis) for one in blocks[index + 1 :]]
            break
    signed = (_as_other(block, writer.author, SIGNATURE) for block in signatures)
    return (*_without_signed_name(found, writer), *signed)


def _split_block(block: Block, after: Sequence[Block], writer: Attribution) -> tuple[list[Block], _End | None]:
    """A block of the sender's, what is not the sender's writing apart, and what ended that writing, if anything did."""
    own = block.text.split("\n")
    lines = [*own, *(line for one in after for line in ("", *one.text.split("\n")))]
    ends = ((at, end) for at in range(len(own)) if (end := _end_of_writing(lines, at, writer)))
    stop, end = next(ends, (len(own), None))
    found: list[Block] = []
    for mark, run in groupby(own[:stop], _mark_of):
        part = block.model_copy(update={"text": "\n".join(line.lstrip("> ") if mark == ">" else line for line in run)})
        if mark == ">" and part.text.strip():
            quoted = {"role": Role.QUOTED, "style": BlockStyle.QUOTATION, "basis": QUOTED_REPLY}
            found.append(part.model_copy(update=quoted))
        elif mark != ">":
            found.append(_as_other(part, writer.author, SIGNATURE) if mark else writer.apply(part))
    if end is not None and (rest := "\n".join(own[stop + end.marks :])):
        found.append(_as_other(block.model_copy(update={"text": rest}), end.author, end.basis))
    return found, end


def _mark_of(line: str) -> str:
    """What tells that a line is not the sender's: `>` of a quotation, a signature's device; empty if nothing does."""
    return ">" if line.startswith(">") else "device" if is_device_line(line) else ""


def _signatures(root: Element) -> list[Element]:
    """What programs mark as the sender's signature; those in quotations are part of the quotation."""
    return [
        element
        for element in root.iterdescendants(etree.Element)
        if _SIGNATURE_MARKS & {element.get("id"), *(element.get("class") or "").split()}
        and next(element.iterancestors("blockquote"), None) is None
        and not any(
            _SIGNATURE_MARKS & {one.get("id"), *(one.get("class") or "").split()} for one in element.iterancestors()
        )
    ]


def _marked_lines(blocks: Sequence[Block]) -> Iterator[str]:
    """The lines of blocks as plain text has them, those of quotations marked by `>`."""
    for block in blocks:
        yield from (f"> {line}" if block.role is Role.QUOTED else line for line in block.text.split("\n"))


def _as_other(block: Block, author: str | None, basis: str) -> Block:
    if block.role is Role.QUOTED:
        return block
    return block.model_copy(update={"role": Role.OTHER, "author": author, "basis": basis})


def _take(lines: list[str], at: int, parts: _Parts) -> int:
    """Read the line at `at`, or the attribution that begins there; returns the number of lines read."""
    line = lines[at]
    if length := attribution_length(lines, at):
        parts.close()
        attribution = join_lines(lines[at : at + length]).replace("\n", " ")
        parts.quoted_author = attributed_author(attribution)
        parts.add_quoted(attribution, ATTRIBUTION)
        return length
    if titles_mail(lines, at):
        parts.close()
        parts.quoted_author = None
        parts.add_quoted(line.strip(), ATTRIBUTION)
        return 1
    mark = _QUOTE_MARK.match(line)
    if bool(mark) != parts.quoted and line.strip():
        parts.close()
        parts.quoted = bool(mark)
    content = line[mark.end() :] if mark else line
    if content.strip(" >"):
        parts.lines.append(content.lstrip("> ") if mark else content)
    else:
        parts.close()
    return 1


def _without_armour(text: str) -> str:
    """The text inside a mail signed by PGP, as it was before it was signed (RFC 9580, 7)."""
    return _ARMOUR.sub(lambda match: re.sub(r"^- ", "", match[1], flags=re.MULTILINE), text)


def _unescape_from(line: str) -> str:
    """Undo mbox's quoting of lines that begin with `From `."""
    return line[1:] if re.match(r">+From ", line) else line


def _split_at_blanks(lines: list[str]) -> Iterator[list[str]]:
    paragraph: list[str] = []
    for line in lines:
        if line.strip():
            paragraph.append(line)
        else:
            yield paragraph
            paragraph = []
    yield paragraph
