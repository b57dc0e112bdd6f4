"""Obsidian vaults: folders of linked notes with a `.obsidian` folder beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from twin_data.contracts.digests import digest_bytes
from twin_data.sources.markdown import MarkdownReader, markdown_document, split_front_matter
from twin_data.sources.reader import ReadContext, Reading, Skipped, Unreadable
from twin_data.sources.text import decode, normalise_newlines

_SETTINGS = ".obsidian"
_TEMPLATES = "templates"
_TEMPLATE_SETTINGS = (
    ("templates.json", "folder"),
    ("plugins/templater-obsidian/data.json", "templates_folder"),
)
_DRAWING_FIELDS = frozenset({"excalidraw-plugin", "kanban-plugin"})
_QUERY_LANGUAGES = frozenset({"dataview", "dataviewjs", "query", "tasks", "base", "button", "leaflet"})
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})[ \t]*([\w-]*)")
_BLOCK_ID = re.compile(r"[ \t]+\^[\w-]+[ \t]*$|^\^[\w-]+[ \t]*$")
_TAGS_ONLY = re.compile(r"[ \t]*(?:tags?:[ \t]*)?(?:#[\w/-]*[^\W\d][\w/-]*[ \t,]*)+", re.IGNORECASE)
_SPANS = re.compile(r"(?P<code>`+[^`\n]*`+)|(?P<comment>%%.*?%%)|==(?=\S)(?P<marked>[^=\n]+?)(?<=\S)==")


class VaultReader:
    """One document a note. Settings, templates, drawings and the files that notes embed are passed over."""

    name = "vault"
    reads_folders = True

    def claims(self, path: Path) -> bool:
        """Whether this folder is a vault."""
        return (path / _SETTINGS).is_dir()

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the vault's notes in order of path, and each other file with the reason why it is none."""
        templates = _template_folders(path)
        for file in sorted(one for one in path.rglob("*") if one.is_symlink() or not one.is_dir()):
            reason = _reason_to_skip(file, path, templates)
            if reason:
                yield Skipped(path=file, reason=reason)
                continue
            try:
                yield _read_note(file, context)
            except Unreadable as error:
                yield Skipped(path=file, reason=error.reason)


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
    text = _SPANS.sub(lambda match: match["code"] or match["marked"] or "", line)
    opens = "%%" in re.sub(r"`+[^`]*`+", "", text)
    text = _BLOCK_ID.sub("", text.partition("%%")[0] if opens else text)
    return ("" if _TAGS_ONLY.fullmatch(text) else text), opens


def _read_note(file: Path, context: ReadContext) -> Reading:
    data = context.read_bytes(file)
    fields, body = split_front_matter(normalise_newlines(decode(data, file)), file)
    if _DRAWING_FIELDS & set(fields):
        return Skipped(path=file, reason="drawing")
    return markdown_document(file, context, fields=fields, body=note_text(body), digest=digest_bytes(data))


def _reason_to_skip(file: Path, vault: Path, templates: frozenset[PurePosixPath]) -> str | None:
    inside = PurePosixPath(file.relative_to(vault).as_posix())
    if any(part.startswith(".") for part in inside.parts):
        return "hidden"
    if file.is_symlink():
        return "symlink"
    if not file.is_file():
        return "not_a_file"
    if templates & set(inside.parents) or any(part.casefold() == _TEMPLATES for part in inside.parts[:-1]):
        return "template"
    return None if MarkdownReader().claims(file) else "attachment"


def _template_folders(vault: Path) -> frozenset[PurePosixPath]:
    """The folders that the vault's settings name as those of templates; settings that are broken name none."""
    found = set()
    for name, key in _TEMPLATE_SETTINGS:
        try:
            settings = json.loads((vault / _SETTINGS / name).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        folder = settings.get(key) if isinstance(settings, dict) else None
        if isinstance(folder, str) and folder.strip("/ "):
            found.add(PurePosixPath(folder.strip("/ ")))
    return frozenset(found)
