from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.configuration.persona import SourceOptions
from twin_data.contracts.documents import BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.reader import Skipped, Unreadable
from twin_data.sources.srt import SrtReader

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

INTERVIEW = """1
00:00:01,000 --> 00:00:03,500
{\\an8}RUTH SZY: <i>Welcome</i> back
to the quay.

2
00:00:03,600 --> 00:00:06,000
[Nora Fenwick]: Thank you. The gate
[applause]

3
00:00:06,100 --> 00:00:09,000
is open <font color="#ffff00">again</font>.

4
00:00:09,100 --> 00:00:12,000
- Nora Fenwick: It was shut in 1987.
- By whom?

5
00:00:12,100 --> 00:00:14,000
♪ an old song of the harbour ♪

6
00:00:14,100 --> 00:00:16,000
NORA FENWICK: By the board.
"""


def test_captions_become_turns(read_file: ReadFile) -> None:
    (document,), skipped = read_file(SrtReader(), "2024-03-02-the-gate.srt", "\ufeff" + INTERVIEW.replace("\n", "\r\n"))
    assert not skipped
    assert (document.title, document.date, document.kind) == ("The gate", date(2024, 3, 2), DocumentKind.TRANSCRIPT)
    assert [(block.author, block.role, block.text) for block in document.blocks] == [
        ("RUTH SZY", Role.OTHER, "Welcome back to the quay."),
        ("Nora Fenwick", Role.OWN, "Thank you. The gate is open again. It was shut in 1987."),
        (None, Role.OTHER, "By whom?"),
        ("NORA FENWICK", Role.OWN, "By the board."),
    ]
    assert {block.style for block in document.blocks} == {BlockStyle.TURN}


UNLABELLED = "1\n00:00:01,000 --> 00:00:03,000\nit was late\n"


@pytest.mark.parametrize(
    ("speaker", "role", "basis"),
    [
        (None, Role.OTHER, "no speaker label"),
        ("Nora Fenwick", Role.OWN, "speaker of the source"),
        ("Ruth Szy", Role.OTHER, "speaker of the source"),
    ],
)
def test_unlabelled_words_are_own_only_if_the_persona_says_so(
    read_file: ReadFile, speaker: str | None, role: Role, basis: str
) -> None:
    (document,), _ = read_file(SrtReader(), "a.srt", UNLABELLED, options=SourceOptions(speaker=speaker))
    assert [(block.role, block.basis) for block in document.blocks] == [(role, basis)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n", "not_srt"),
        ("just a text", "not_srt"),
        ("1\n00:00:01,000 --> 00:00:03,000\n[music]\n", "empty: no text"),
        ("", "empty"),
        (b"\x00\x01\x02", "binary"),
    ],
)
def test_what_is_no_transcript(read_file: ReadFile, content: str | bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_file(SrtReader(), "a.srt", content)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.sampled_from(["gate", "It’s", "4.2", "sea"]), min_size=1, max_size=6), min_size=1))
def test_no_word_is_lost(tmp_path_factory: pytest.TempPathFactory, cues: list[list[str]]) -> None:
    from twin_data.configuration.persona import Author
    from twin_data.sources.reader import ReadContext

    folder = tmp_path_factory.mktemp("srt")
    lines = [
        f"{number}\n00:{number // 60:02}:{number % 60:02},000 --> 00:{number // 60:02}:{number % 60:02},900\n{' '.join(words)}\n"
        for number, words in enumerate(cues, start=1)
    ]
    (folder / "a.srt").write_text("\n".join(lines))
    context = ReadContext("talks", folder, Author(name="Nora Fenwick"), SourceOptions(speaker="Nora Fenwick"))
    (document,) = SrtReader().read(folder / "a.srt", context)
    assert isinstance(document, RawDocument)
    assert " ".join(block.text for block in document.blocks) == " ".join(word for words in cues for word in words)


def test_a_label_in_tags_is_one(read_file: ReadFile) -> None:
    content = "1\n00:00:01,000 --> 00:00:03,000\n<i>NORA FENWICK:</i> It holds.\n"
    (document,), _ = read_file(SrtReader(), "a.srt", content)
    assert [(block.role, block.text) for block in document.blocks] == [(Role.OWN, "It holds.")]
