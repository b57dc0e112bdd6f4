"""The text of one mail, taken apart: what the sender wrote, what is quoted, forwarded, or signature."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from twin_data.contracts.documents import Block, BlockStyle, Role
from twin_data.sources.quotations import attributed_name
from twin_data.sources.reader import Attribution
from twin_data.sources.text import join_lines, normalise_newlines

_SIGNATURE = "-- "
_FORWARDED = re.compile(
    r"-{2,}\s*(?:forwarded message|original message|forwarded by .*?)\s*-*|begin forwarded message:|"
    r"_{20,}",
    re.IGNORECASE,
)
_FORWARD_HEADER = re.compile(r"(?:from|subject|to|cc|date|sent)\s*:", re.IGNORECASE)
# Of the headers that programs set above what they forward or answer without any other mark.
_HEADER_BLOCK = re.compile(r"\s*\*?(?:from|sent|date|to|cc|subject|von|gesendet|an|betreff|de|envoyé|objet)\s*:", re.I)
_FIRST_HEADER = re.compile(r"\s*\*?(?:from|von|de)\s*:\*?\s*\S", re.IGNORECASE)
_HEADERS_IN_A_ROW = 3
# With a year or a time of day in it, and at the end of what was written, it is no sentence of the sender's.
_BARE_ATTRIBUTION = re.compile(r"On\b(?=.*(?:\b\d{4}\b|\d[:.]\d\d)).{6,250}?\swrote\s*:", re.DOTALL)
_DEVICE = re.compile(r"(?:sent from my \S.{0,40}|get outlook for \S.{0,20})", re.IGNORECASE)
_ATTRIBUTION = re.compile(r"(?:On\b.{6,250}?|.{0,120}?\S)\s(?:wrote|writes|said)\s*:", re.DOTALL)
_ATTRIBUTION_START = re.compile(r"On\b.*\d|.*\b(?:wrote|writes|said)\s*:$")
_ATTRIBUTION_MAX_LINES = 3
_TIME = re.compile(r"(?:\bat )?\b\d{1,2}[:.]\d{2}(?::\d{2})?\b(?:\s*[ap]\.?m\b\.?)?", re.IGNORECASE)
# No name has a digit, and no part of a date is without one, except the day of the week.
_PART_OF_DATE = re.compile(
    r".*\d.*|(?:on\s+)?(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?", re.IGNORECASE | re.DOTALL
)
_ADDRESS = re.compile(r"[<(\[]?\s*[\w.+-]+@[\w.-]+\s*[>)\]]?")
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
            self.add_quoted(text, "quoted reply")
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
    lines = [_unescape_from(line) for line in normalise_newlines(text).split("\n")]
    parts = _Parts(writer)
    at = 0
    while at < len(lines):
        line = lines[at]
        if line == _SIGNATURE or (line == "--" and len(lines) - at <= 10):
            parts.close()
            parts.add_other(lines[at + 1 :], writer.author, "signature")
            return tuple(parts.found)
        if _DEVICE.fullmatch(line.strip()):
            parts.close()
            parts.add_other([line], writer.author, "signature")
            at += 1
            continue
        if length := _bare_attribution_length(lines, at):
            parts.close()
            author = _attributed_author(join_lines(lines[at : at + length]).replace("\n", " "))
            parts.add_other(lines[at:], author, "quoted reply")
            return tuple(parts.found)
        is_marked = _FORWARDED.fullmatch(line.strip()) and _is_forward(lines[at + 1 :])
        if is_marked or _opens_headers(lines, at):
            parts.close()
            parts.add_other(lines[at:], None, "forwarded")
            return tuple(parts.found)
        at += _take(lines, at, parts)
    parts.close()
    return tuple(parts.found)


def html_mail_blocks(blocks: tuple[Block, ...], writer: Attribution) -> tuple[Block, ...]:
    """The blocks of a mail's HTML text, told apart by the same signs as those of a plain one."""
    found: list[Block] = []
    for index, block in enumerate(blocks):
        first_line = block.text.partition("\n")[0]
        if first_line in {"--", "-- "}:
            return (*found, *(_as_other(one, writer.author, "signature") for one in blocks[index:]))
        if _FORWARDED.fullmatch(first_line):
            return (*found, *(_as_other(one, None, "forwarded") for one in blocks[index:]))
        before_quotation = index + 1 < len(blocks) and blocks[index + 1].role is Role.QUOTED
        if block.role is Role.OWN and before_quotation and _ATTRIBUTION.fullmatch(block.text):
            author = _attributed_author(block.text)
            update = {"role": Role.QUOTED, "style": BlockStyle.QUOTATION, "author": author, "basis": "attribution line"}
            found.append(block.model_copy(update=update))
        else:
            found.append(writer.apply(block))
    return tuple(found)


def _as_other(block: Block, author: str | None, basis: str) -> Block:
    return block.model_copy(update={"role": Role.OTHER, "author": author, "basis": basis})


def _take(lines: list[str], at: int, parts: _Parts) -> int:
    """Read the line at `at`, or the attribution that begins there; returns the number of lines read."""
    line = lines[at]
    if length := _attribution_length(lines, at):
        parts.close()
        attribution = join_lines(lines[at : at + length]).replace("\n", " ")
        parts.quoted_author = _attributed_author(attribution)
        parts.add_quoted(attribution, "attribution line")
        return length
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


def _attribution_length(lines: list[str], at: int) -> int:
    """How many lines an attribution such as `On …, Ada wrote:` takes up; 0 where none begins.

    It must be followed by a quoted line: a sentence of the sender's own may well end in "wrote:".
    """
    if not lines[at].strip() or lines[at].startswith(">") or not _ATTRIBUTION_START.match(lines[at]):
        return 0
    for length in range(1, _ATTRIBUTION_MAX_LINES + 1):
        if not _ATTRIBUTION.fullmatch("\n".join(lines[at : at + length]).strip()):
            continue
        after = next((line for line in lines[at + length :] if line.strip()), "")
        return length if after.startswith(">") else 0
    return 0


def _bare_attribution_length(lines: list[str], at: int) -> int:
    """How many lines an attribution takes up that programs set above an answered mail without marking its lines."""
    if not lines[at].startswith("On ") or _attribution_length(lines, at):
        return 0
    for length in range(1, _ATTRIBUTION_MAX_LINES + 1):
        if _BARE_ATTRIBUTION.fullmatch("\n".join(lines[at : at + length]).strip()):
            stands_alone = at == 0 or not lines[at - 1].strip()
            return length if stands_alone and any(line.strip() for line in lines[at + length :]) else 0
    return 0


def _opens_headers(lines: list[str], at: int) -> bool:
    """Whether the headers of a mail begin here, as below Outlook's rule, which plain text often lacks."""
    if not _FIRST_HEADER.match(lines[at]) or lines[at].startswith(">"):
        return False
    return all(_HEADER_BLOCK.match(line) for line in lines[at : at + _HEADERS_IN_A_ROW]) and len(lines) - at > 3


def _attributed_author(attribution: str) -> str | None:
    """The name in an attribution line: what is left of it without date, time and address."""
    plain = re.sub(r"\s*\b(?:wrote|writes|said)\s*:$", "", _ADDRESS.sub("", attribution))
    pieces = [piece.strip() for part in _TIME.split(plain) for piece in part.split(",") if piece.strip()]
    names = [piece for piece in pieces if not _PART_OF_DATE.fullmatch(piece)]
    if names:
        return attributed_name(names[-1].removeprefix("On "))
    address = _ADDRESS.search(attribution)
    return address[0].strip(" <>()[]") if address else None


def _is_forward(lines: list[str]) -> bool:
    """Whether the headers of a mail follow."""
    following = [line for line in lines if line.strip()][:2]
    return bool(following) and all(_FORWARD_HEADER.match(line.strip(" >*")) for line in following[:1])


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
