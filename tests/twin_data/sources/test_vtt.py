from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.configuration.persona import SourceOptions
from twin_data.contracts.documents import BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.reader import Skipped, Unreadable
from twin_data.sources.vtt import VttReader, split_at_sentences

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

TALK = """WEBVTT

NOTE
Title: Slow Gates
Speaker: Nora Fenwick, Harbour Co-op
Date: 19 October 2023

1
00:00:01.000 --> 00:00:03.000
<v Moderator>Please welcome
Nora.</v>

00:00:03.000 --> 00:00:05.000 align:start
<v Nora Fenwick>Thank you &mdash; it's <i>late</i>,</v>

00:00:05.000 --> 00:00:07.000
<v.loud Nora Fenwick>and I'll be short.

00:00:07.000 --> 00:00:09.000
<v Voice>How short?</v>
<v Nora Fenwick>Very.</v>
"""


def test_cues_become_turns(read_file: ReadFile) -> None:
    (document,), skipped = read_file(VttReader(), "talk.vtt", TALK)
    assert not skipped
    assert (document.title, document.date, document.kind) == ("Slow Gates", date(2023, 10, 19), DocumentKind.TRANSCRIPT)
    assert [(block.author, block.role, block.text) for block in document.blocks] == [
        ("Moderator", Role.OTHER, "Please welcome Nora."),
        ("Nora Fenwick", Role.OWN, "Thank you — it's late, and I'll be short."),
        ("Voice", Role.OTHER, "How short?"),
        ("Nora Fenwick", Role.OWN, "Very."),
    ]
    assert {(block.style, block.basis) for block in document.blocks} == {(BlockStyle.TURN, "speaker label")}


CUE = "00:00:0{0}.000 --> 00:00:0{1}.000\n{2}\n\n"


def test_labels_at_the_start_of_a_cue(read_file: ReadFile) -> None:
    cues = ["NORA FENWICK: It's late.", "And: what then?", "Ruth Szy: Go home."]
    content = "WEBVTT\n\n" + "".join(CUE.format(i, i + 1, cue) for i, cue in enumerate(cues))
    (document,), _ = read_file(VttReader(), "2021-05-23-talk.vtt", content.replace("And:", "and this:"))
    assert [(block.role, block.text) for block in document.blocks] == [
        (Role.OWN, "It's late. and this: what then?"),
        (Role.OTHER, "Go home."),
    ]
    assert document.date == date(2021, 5, 23)


@pytest.mark.parametrize(
    ("note", "role", "basis"),
    [
        ("", Role.OTHER, "no speaker label"),
        ("NOTE\nSpeaker: Nora Fenwick, of the Co-op\n\n", Role.OWN, "speaker of the talk"),
        ("NOTE\nSpeaker: Ruth Szy\n\n", Role.OTHER, "speaker of the talk"),
    ],
)
def test_unlabelled_words_are_own_only_if_the_note_says_so(
    read_file: ReadFile, note: str, role: Role, basis: str
) -> None:
    (document,), _ = read_file(VttReader(), "a.vtt", "WEBVTT\n\n" + note + CUE.format(1, 2, "it was late"))
    assert [(block.role, block.basis) for block in document.blocks] == [(role, basis)]


def test_what_is_not_vtt(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable, match="not_vtt"):
        read_file(VttReader(), "a.vtt", "1\n00:00:01,000 --> 00:00:02,000\nSRT\n")
    with pytest.raises(Unreadable, match="empty"):
        read_file(VttReader(), "a.vtt", "WEBVTT\n")


SENTENCES = st.lists(
    st.lists(st.sampled_from(["Gate", "water", "it’s", "Mr.", "4.2"]), min_size=1, max_size=60), min_size=1
)


@settings(deadline=None)
@given(SENTENCES)
def test_splitting_loses_no_word_and_cuts_at_sentences(sentences: list[list[str]]) -> None:
    text = " ".join(" ".join(words) + "." for words in sentences)
    parts = split_at_sentences(text, 120)
    assert " ".join(parts) == text
    assert all(part.endswith(".") for part in parts)
    assert all(len(part.split()) <= 180 for part in parts)


def test_paragraphs_are_about_as_long_as_asked() -> None:
    parts = split_at_sentences(
        "Nineteen words make this sentence about as long as those that people say when they talk of gates. " * 40, 120
    )
    assert all(100 <= len(part.split()) <= 140 for part in parts[:-1])
    assert len(parts) > 4


def transcript(*cues: str) -> str:
    return "WEBVTT\n\n" + "".join(f"00:00:{i:02}.000 --> 00:00:{i + 1:02}.000\n{cue}\n\n" for i, cue in enumerate(cues))


def test_labels_are_names_in_any_alphabet(read_file: ReadFile) -> None:
    """Whoever is not told apart would speak with the persona's voice."""
    cues = [
        "Nora Fenwick (she/her): Good morning.",
        "Élodie O’Neill: Moi aussi.",
        "Лев Толстой: Да.",
        "Jan de Wit: Ja.",
    ]
    (document,), _ = read_file(VttReader(), "a.vtt", transcript(*cues, "SPEAKER_01: Hm.", "Ludwig van Beethoven: Ja."))
    assert [(block.role, block.text) for block in document.blocks] == [
        (Role.OWN, "Good morning."),
        *((Role.OTHER, text) for text in ("Moi aussi.", "Да.", "Ja.", "Hm.", "Ja.")),
    ]


def test_a_word_before_a_colon_is_no_speaker(read_file: ReadFile) -> None:
    options = SourceOptions(speaker="Nora Fenwick")
    cues = ["Slow gates are safe.", "Remember: they are heavy.", "And they leak."]
    (document,), _ = read_file(VttReader(), "a.vtt", transcript(*cues), options=options)
    assert [(block.role, block.text) for block in document.blocks] == [(Role.OWN, " ".join(cues))]
    cues = ["Nora Fenwick: I note it.", "Note: they leak.", "Ruth: Do they?"]
    (document,), _ = read_file(VttReader(), "b.vtt", transcript(*cues))
    assert [(block.role, block.text) for block in document.blocks] == [
        (Role.OWN, "I note it. Note: they leak."),
        (Role.OTHER, "Do they?"),
    ]


def test_where_each_cue_is_labelled_any_name_is_one(read_file: ReadFile) -> None:
    cues = ["Nora Fenwick: One: two.", "harbour guest 7 (he/him): Three?"] * 5
    (document,), _ = read_file(VttReader(), "a.vtt", transcript(*cues))
    assert {(block.role, block.text) for block in document.blocks} == {(Role.OWN, "One: two."), (Role.OTHER, "Three?")}


def test_captions_that_roll_up_are_read_once(read_file: ReadFile) -> None:
    """As YouTube makes them: each line is shown again above the next, with the times of its words while it is new."""
    cues = [
        " \nhello<00:00:00.500><c> and</c><00:00:01.000><c> welcome</c>",
        "hello and welcome\n ",
        "hello and welcome\nto<00:00:02.500><c> the</c><00:00:03.000><c> gate</c>",
        "to the gate\n ",
        "to the gate\nno<00:00:02.500><c> no</c>",
    ]
    (document,), _ = read_file(VttReader(), "a.vtt", transcript(*cues))
    assert document.text == "hello and welcome to the gate no no"


def test_who_says_a_thing_twice_is_heard_twice(read_file: ReadFile) -> None:
    (document,), _ = read_file(VttReader(), "a.vtt", transcript("No.", "No.", "No.", "Well,\nno."))
    assert document.text == "No. No. No. Well, no."


def test_sounds_are_not_said_and_dashes_part_speakers(read_file: ReadFile) -> None:
    """As in SubRip: the formats share their habits."""
    cues = ["[Music]", "♪ la la ♪", "# a song #", "NORA FENWICK: [laughs] We were #1 and #2.", "- By whom?\n- By them."]
    (document,), _ = read_file(VttReader(), "a.vtt", transcript(*cues))
    assert [(block.role, block.text) for block in document.blocks] == [
        (Role.OWN, "We were #1 and #2."),
        (Role.OTHER, "By whom? By them."),
    ]
