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
from twin_data.sources.vtt import Turn, labelled, plain, turn_blocks

_OVERRIDE = re.compile(r"\{\\[^}]*\}")
"""Placement borrowed from SubStation Alpha, such as `{\\an8}`."""
_TAG = re.compile(r"</?[a-z][^>\n]*>", re.IGNORECASE)
_BRACKETED_LABEL = re.compile(r"^[\[(]([^\])\n]+)[\])]:", re.MULTILINE)
_SOUND = re.compile(r"\[[^\]]*\]|\([A-Z .,'’-]+\)|[♪♫#]+[^♪♫#]*[♪♫#]+")
"""What is heard but not said: `[applause]`, `(DOOR CLOSES)`, song between notes."""
_SPEAKER_LINE = re.compile(r"^(?:[-–—]\s?|>>\s?)(?=\S)", re.MULTILINE)


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
        yield single_document(
            path,
            context,
            kind=DocumentKind.TRANSCRIPT,
            title=title_from_name(path),
            blocks=turn_blocks(labelled([_voices(lines) for lines in shown], context), None, context),
            digest=digest_bytes(data),
            found_date=date_from_name(path),
        )


def _voices(lines: list[str]) -> list[Turn]:
    """What is said in one cue. Where its lines begin with dashes, each is a speaker's, named or not."""
    untagged = _TAG.sub("", _OVERRIDE.sub("", "\n".join(lines)))
    said = _SOUND.sub("", _BRACKETED_LABEL.sub(r"\1:", untagged))
    before, *begun = _SPEAKER_LINE.split(said)
    # A dash begins somebody's turn: without a label it is not the speaker's before.
    turns = [Turn(None, plain(before)), *(Turn("", plain(line)) for line in begun)]
    return [turn for turn in turns if turn.text]
