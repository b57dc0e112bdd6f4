"""SubRip transcripts (`.srt`): captions by number, with speakers where labels or dashes tell them apart."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import webvtt
from webvtt.errors import MalformedFileError

from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import DocumentKind
from twin_data.sources.dates import date_from_name
from twin_data.sources.reader import ReadContext, Reading, Unreadable, single_document
from twin_data.sources.speakers import unrolled
from twin_data.sources.text import decode, fold, normalise_newlines, title_from_name
from twin_data.sources.vtt import labelled, spoken, turn_blocks

_OVERRIDE = re.compile(r"\{\\[^}]*\}")
"""Placement borrowed from SubStation Alpha, such as `{\\an8}`."""


class SrtReader:
    """One document a transcript; a turn is the persona's own when its speaker is."""

    name = "srt"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a SubRip file's."""
        return path.suffix.lower() == ".srt"

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the transcript's document."""
        data = context.read_bytes(path)
        text = normalise_newlines(decode(data, path)).strip() + "\n"
        try:
            captions = webvtt.from_buffer(io.StringIO(text), format="srt").captions
        except (MalformedFileError, ValueError) as error:
            raise Unreadable(path, f"not_srt: {error}") from error
        shown = unrolled([[line for one in caption.lines if (line := fold(one))] for caption in captions])
        cues = [spoken(_OVERRIDE.sub("", "\n".join(lines))) for lines in shown]
        yield single_document(
            path,
            context,
            kind=DocumentKind.TRANSCRIPT,
            title=title_from_name(path),
            blocks=turn_blocks(labelled(cues, context), None, context),
            digest=digest_bytes(data),
            found_date=date_from_name(path),
        )
