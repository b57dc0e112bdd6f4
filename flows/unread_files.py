"""Which files of a source are of no format that is read: said when it is added, not only by the features pipeline."""

from __future__ import annotations

from pathlib import Path

from twin_data.configuration.persona import PersonaConfig
from twin_data.sources.archives import is_archive
from twin_data.sources.collect import CollectConfig
from twin_data.sources.formats import default_readers
from twin_data.sources.reader import MEBIBYTE
from twin_data.sources.units import Walk

NAMED = 8
"""Files that are named for people; `--json` names all."""


def unread_files(persona: PersonaConfig, source: Path) -> tuple[str, ...]:
    """The files of a source that no format claims, by path inside it; they would be rejected as `unknown_format`.

    Archives inside it are not opened, and whether a file of a known format holds anything is not looked at.

    Args:
        persona: Whose.
        source: The folder that holds the copy.
    """
    readers, limits = default_readers(), CollectConfig()
    of_files = [one for one in readers if not one.reads_folders]
    walk = Walk(persona, source.parent, readers, limits.max_file_mb * MEBIBYTE, limits.archives)
    found = [unit.where for unit in walk.source(source.name, source) if unit.is_content and unit.where.is_file()]
    return tuple(
        path.relative_to(source).as_posix()
        for path in found
        if not is_archive(path) and not any(one.claims(path) for one in of_files)
    )


def render_unread(source: str, unread: tuple[str, ...]) -> str:
    """A warning for people."""
    further = f" and {len(unread) - NAMED} more" if len(unread) > NAMED else ""
    return (
        f"warning: {source}: no format that is read: {', '.join(unread[:NAMED])}{further}; "
        "docs/sources.md says what is read and how to export it"
    )
