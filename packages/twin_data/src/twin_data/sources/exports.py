"""What the readers of whole exports share: whose they are, which of their files count, which elements are no text."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from twin_data.contracts.documents import Role
from twin_data.sources.html_furniture import Skip, never_text
from twin_data.sources.html_tree import Element
from twin_data.sources.reader import Attribution, ReadContext, Skipped, Unreadable
from twin_data.sources.text import decode

HEAD_BYTES = 65_536
OWNER_BASIS = "archive owner"
NOT_WRITING = "not_writing"


def owner(context: ReadContext) -> Attribution:
    """The words of an export that holds nobody's but its owner's."""
    return Attribution(Role.OWN, context.author.name, OWNER_BASIS)


def is_real(path: Path) -> bool:
    """Whether something is there itself. Links are never followed: they may lead out of the source."""
    return path.exists() and not path.is_symlink()


def head_of(path: Path) -> bytes:
    """The first bytes of a file, by which a format is told."""
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def text_of_file(path: Path, context: ReadContext) -> str:
    """A file's text.

    Raises:
        Unreadable: It is empty, too large or no text.
    """
    return decode(context.read_bytes(path), path)


def plain_files(folder: Path) -> list[Path]:
    """The files below a folder in order; links are left out."""
    return sorted(one for one in folder.rglob("*") if one.is_file() and not one.is_symlink())


def passed_over(folder: Path, used: Collection[Path]) -> Iterator[Skipped]:
    """A note on each file and link of an export that no text was looked for in."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            yield Skipped(path=path, reason="symlink")
        elif path.is_file() and path not in used:
            yield Skipped(path=path, reason=NOT_WRITING)


def without_classes(classes: Collection[str]) -> Skip:
    """A test for elements that are no text anywhere, or carry one of these classes."""
    wanted = frozenset(classes)

    def skip(element: Element) -> bool:
        return never_text(element) or bool(wanted.intersection((element.get("class") or "").split()))

    return skip


def elements_of_class(root: Element, name: str) -> Iterator[Element]:
    """The elements that carry a class, in order of the page."""
    return (element for element in root.iter() if name in (element.get("class") or "").split())


def skipped(error: Unreadable) -> Skipped:
    """The note on a file of an export that cannot be read, while the others are."""
    return Skipped(path=error.path, reason=error.reason)
