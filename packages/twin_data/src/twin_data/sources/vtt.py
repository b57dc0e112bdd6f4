"""WebVTT transcripts: who said what, without the timing."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import webvtt
from webvtt.errors import MalformedFileError

from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, Role
from twin_data.sources.dates import date_from_name, parse_date
from twin_data.sources.quotations import attributed_name
from twin_data.sources.reader import Attribution, ReadContext, Reading, Unreadable, single_document
from twin_data.sources.speakers import bare_name, speaker_labels, split_label, unrolled
from twin_data.sources.text import decode, fold, normalise_newlines, title_from_name

PARAGRAPH_WORDS = 120
_VOICE = re.compile(r"<v(?:\.[\w.]+)?[ \t]+([^>]+)>")
_WORD_TIME = re.compile(r"</?c(?:\.[\w.]+)?>|<\d[\d:.]*>")
_TAG = re.compile(r"</?[a-z0-9][^>]*>", re.IGNORECASE)
_BRACKETED_LABEL = re.compile(r"^[\[(]([^\])\n]+)[\])]:", re.MULTILINE)
_SOUND = re.compile(
    r"\[[^\]]*\]|\([A-Z .,'’-]+\)|[♪♫]+[^♪♫]*[♪♫]+|^[ \t]*#[^#\n]*#[ \t]*$",
    re.MULTILINE,
)
"""What is heard but not said: `[applause]`, `(DOOR CLOSES)`, song between notes or hash signs."""
_SPEAKER_LINE = re.compile(r"^(?:[-–—]\s?|>>\s?)(?=\S)", re.MULTILINE)
_NOTE_FIELD = re.compile(r"^\s*([A-Za-z ]{2,20}?)\s*:\s*(.+?)\s*$", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?:[\"'”’)\]]*)(?=\s+[\"'“‘(\[]?[A-Z0-9])")


@dataclass
class Turn:
    """What one speaker says at a stretch."""

    speaker: str | None
    """None where the captions do not say: whoever spoke before goes on. Empty where somebody else unnamed begins."""
    text: str


class VttReader:
    """One document a transcript; a turn is the persona's own when its speaker is."""

    name = "vtt"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a WebVTT file's."""
        return path.suffix.lower() == ".vtt"

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the transcript's document."""
        data = context.read_bytes(path)
        try:
            captions = webvtt.from_string(normalise_newlines(decode(data, path)))
        except MalformedFileError as error:
            raise Unreadable(path, f"not_vtt: {error}") from error
        notes = _note_fields("\n".join(captions.header_comments))
        sole_speaker = attributed_name(notes["speaker"]) if "speaker" in notes else None
        shown = unrolled([_shown_lines(caption.raw_text) for caption in captions.captions])
        cues = labelled([_voices("\n".join(lines)) for lines in shown], context)
        yield single_document(
            path,
            context,
            kind=DocumentKind.TRANSCRIPT,
            title=notes.get("title") or notes.get("talk") or title_from_name(path),
            blocks=turn_blocks(cues, sole_speaker, context),
            digest=digest_bytes(data),
            found_date=parse_date(notes.get("date")) or date_from_name(path),
            url=notes.get("url"),
        )


def _note_fields(note: str) -> dict[str, str]:
    return {match[1].lower(): match[2] for match in _NOTE_FIELD.finditer(note)}


def _shown_lines(raw: str) -> list[str]:
    """The lines of a cue that show something, without the times of words that machines write between them."""
    return [line for one in raw.split("\n") if (line := fold(_WORD_TIME.sub("", one)))]


def _voices(raw: str) -> list[Turn]:
    """What is said in one cue, by voice tag; outside of these as `spoken`."""
    before, *named = _VOICE.split(raw)
    voices = zip(named[::2], named[1::2], strict=True)
    turns = [Turn(fold(html.unescape(name)), _plain(_SOUND.sub("", said))) for name, said in voices]
    return [*spoken(before), *(turn for turn in turns if turn.text)]


def spoken(raw: str) -> list[Turn]:
    """What is said in a caption without voice tags. Where its lines begin with dashes, each is a speaker's."""
    said = _SOUND.sub("", _BRACKETED_LABEL.sub(r"\1:", _TAG.sub("", raw)))
    before, *begun = _SPEAKER_LINE.split(said)
    # A dash begins somebody's turn: without a label it is not the speaker's before.
    turns = [Turn(None, _plain(before)), *(Turn("", _plain(line)) for line in begun)]
    return [turn for turn in turns if turn.text]


def labelled(cues: list[list[Turn]], context: ReadContext) -> list[list[Turn]]:
    """The cues with the speakers whom labels such as `Ada Lovelace:` name, where nothing else does."""
    unnamed = [turn.text for cue in cues for turn in cue if not turn.speaker]
    labels = speaker_labels(unnamed, lambda name: context.role_of(bare_name(name)) is Role.OWN)

    def named(turn: Turn) -> Turn:
        speaker, text = (None, turn.text) if turn.speaker else split_label(turn.text, labels)
        return Turn(turn.speaker if speaker is None else speaker, text)

    return [[named(turn) for turn in cue] for cue in cues]


def _plain(said: str) -> str:
    return fold(html.unescape(_TAG.sub("", said)))


def join_turns(cues: list[list[Turn]]) -> list[Turn]:
    """Consecutive cues of one speaker as one turn. Unnamed cues go on with the speaker before, as captions do."""
    turns: list[Turn] = []
    for said in (one for cue in cues for one in cue):
        last = turns[-1] if turns else None
        if last and said.speaker in {None, last.speaker}:
            last.text += " " + said.text
        else:
            turns.append(Turn(said.speaker, said.text))
    return turns


def turn_blocks(cues: list[list[Turn]], sole_speaker: str | None, context: ReadContext) -> tuple[Block, ...]:
    """The blocks of a transcript. Where no label names the speaker it is the talk's own, else the source's."""
    return tuple(block for turn in join_turns(cues) for block in _paragraphs(turn, sole_speaker, context))


def _paragraphs(turn: Turn, sole_speaker: str | None, context: ReadContext) -> Iterator[Block]:
    known = (
        (turn.speaker, "speaker label"),
        (sole_speaker, "speaker of the talk"),
        (context.options.speaker, "speaker of the source"),
    )
    speaker, basis = next(((name, basis) for name, basis in known if name), (None, "no speaker label"))
    is_own = speaker is not None and Role.OWN in {context.role_of(speaker), context.role_of(bare_name(speaker))}
    attribution = Attribution(Role.OWN if is_own else Role.OTHER, speaker, basis)
    for text in split_at_sentences(turn.text, PARAGRAPH_WORDS):
        yield attribution.apply(Block(text=text, style=BlockStyle.TURN))


def split_at_sentences(text: str, words: int) -> list[str]:
    """Paragraphs of about so many words, cut only where a sentence ends."""
    cuts = [match.end() for match in _SENTENCE_END.finditer(text)]
    sentences = [text[start:end].strip() for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    paragraphs: list[list[str]] = [[]]
    count = 0
    for sentence in sentences:
        length = len(sentence.split())
        # Closes where the sentence would take the paragraph farther over the mark than it now is under it.
        if count and count + length / 2 > words:
            paragraphs.append([])
            count = 0
        paragraphs[-1].append(sentence)
        count += length
    return [" ".join(paragraph) for paragraph in paragraphs if paragraph]
