"""Obsidian vaults: folders of linked notes with a `.obsidian` folder beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from twin_data.contracts.digests import digest_bytes
from twin_data.sources.markdown import MarkdownReader, markdown_document, split_front_matter
from twin_data.sources.reader import ReadContext, Reading, Unreadable
from twin_data.sources.text import decode, normalise_newlines

_SETTINGS = ".obsidian"
_TEMPLATES = "templates"
_TEMPLATE_SETTINGS = (
    ("templates.json", "folder"),
    ("plugins/templater-obsidian/data.json", "templates_folder"),
)
_ATTACHMENTS = frozenset({".pdf", ".docx", ".docm", ".canvas"})
"""Files that notes embed: drawings, and mostly papers of others."""
_DRAWING_FIELDS = frozenset({"excalidraw-plugin", "kanban-plugin"})
_QUERY_LANGUAGES = frozenset({"dataview", "dataviewjs", "query", "tasks", "base", "button", "leaflet"})
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})[ \t]*([\w-]*)")
_BLOCK_ID = re.compile(r"[ \t]+\^[\w-]+[ \t]*$|^\^[\w-]+[ \t]*$")
_TAGS_ONLY = re.compile(r"[ \t]*(?:tags?:[ \t]*)?(?:#[\w/-]*[^\W\d][\w/-]*[ \t,]*)+", re.IGNORECASE)
_INLINE_QUERY = re.compile(r"(?<!`)`\$?= [^`\n]+`(?!`)")
_SPANS = re.compile(r"(?P<code>`+[^`\n]*`+)|(?P<comment>%%.*?%%)|==(?=\S)(?P<marked>[^=\n]+?)(?<=\S)==")


class VaultReader:
    """One document a note. Templates, drawings and attachments are passed over, other files left to their readers."""

    name = "vault"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether this is a note or an attachment inside a vault."""
        is_part = MarkdownReader().claims(path) or path.suffix.lower() in _ATTACHMENTS
        return is_part and _vault_of(path) is not None

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the note's document."""
        vault = _vault_of(path)
        if vault and (reason := _reason_to_skip(path, vault)):
            raise Unreadable(path, reason)
        data = context.read_bytes(path)
        fields, body = split_front_matter(normalise_newlines(decode(data, path)), path)
        if _DRAWING_FIELDS & set(fields):
            raise Unreadable(path, "drawing")
        yield markdown_document(path, context, fields=fields, body=note_text(body), digest=digest_bytes(data))


def note_text(body: str) -> str:
    """A note's Markdown without what Obsidian does not show: comments, block ids, queries, marks, lists of tags."""
    kept: list[str] = []
    fence, is_query, in_comment = "", False, False
    for line in body.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            kept += [] if is_query else [line]
            if mark and mark[1].startswith(fence) and not mark[2]:
                fence = ""
        elif mark and not in_comment:
            fence, is_query = mark[1], mark[2].lower() in _QUERY_LANGUAGES
            kept += [] if is_query else [line]
        else:
            text, in_comment = _shown(line, in_comment)
            kept.append(text)
    return "\n".join(kept)


def _shown(line: str, in_comment: bool) -> tuple[str, bool]:
    """What is shown of a line, and whether a comment is still open at its end."""
    if in_comment:
        _, ends, line = line.partition("%%")
        if not ends:
            return "", True
    text = _SPANS.sub(lambda match: match["code"] or match["marked"] or "", _INLINE_QUERY.sub("", line))
    opens = "%%" in re.sub(r"`+[^`]*`+", "", text)
    text = _BLOCK_ID.sub("", text.partition("%%")[0] if opens else text)
    return ("" if _TAGS_ONLY.fullmatch(text) else text), opens


def _vault_of(path: Path) -> Path | None:
    """The innermost folder around a file that has Obsidian's settings in it."""
    return next((folder for folder in path.parents if (folder / _SETTINGS).is_dir()), None)


def _reason_to_skip(file: Path, vault: Path) -> str | None:
    inside = PurePosixPath(file.relative_to(vault).as_posix())
    if any(part.casefold() == _TEMPLATES for part in inside.parts[:-1]):
        return "template"
    if _named_folders(vault, _TEMPLATE_SETTINGS) & set(inside.parents):
        return "template"
    return None if MarkdownReader().claims(file) else "attachment"


def _named_folders(vault: Path, settings: tuple[tuple[str, str], ...]) -> frozenset[PurePosixPath]:
    """The folders that the vault's settings name; settings that are broken name none."""
    found = set()
    for name, key in settings:
        try:
            fields = json.loads((vault / _SETTINGS / name).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        folder = fields.get(key) if isinstance(fields, dict) else None
        if isinstance(folder, str) and folder.strip("/ "):
            found.add(PurePosixPath(folder.strip("/ ")))
    return frozenset(found)
