from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.sentences import content_stems, sentence_spans, stem, words


def split(text: str) -> list[str]:
    return [span.of(text) for span in sentence_spans(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["It rose.", "It fell!", "Did it?", "Yes…", "So be it."],
        ["Dr. Pell and Mrs. Voss met at St. Brannock, i.e. here, at 6 p.m. sharp.", "They left."],
        ["J. R. Hartigan wrote it.", "The U.S. Navy did not."],
        ["So did I.", "He did not."],
        ["The answer was no.", "Then it was yes."],
        ["See No. 5 and pp. 12, vol. 3, c. 1850.", "Then rest."],
        ["“Stop.”", "He stopped."],
        ["“Stop!” he said.", "“Why?”", "Nobody knew."],
        ["He said (twice.)", "Then left."],
        ["She paused... and went on.", "Then she left."],
        ["It cost a lot.", "£1,310 a month, in fact.", "4.2 is a version.", "@ada wrote it.", "#locks is a channel."],
        ["Really?!", "Yes."],
        ["Wait — what?", "— Nothing.", "‘Tis so."],
        ["A heading without a stop", "A paragraph.", "Another"],
        ["1. Shut the gate.", "2. Wait for the tide."],
        ["etc. and so on, version 3.10 and 1,310.5 and e.g. this."],
        ["Ça va.", "Ünder water.", "“Éclair.”"],
    ],
)
def test_where_sentences_end(parts: list[str]) -> None:
    if parts[0] != "A heading without a stop":
        assert split("\n".join(parts)) == parts
    if parts[0][:2] != "1." and parts[0] != "A heading without a stop":
        assert split(" ".join(parts)) == parts
    assert split("\n\n".join(parts)) == parts


def test_a_blank_line_ends_a_sentence_even_after_an_abbreviation() -> None:
    assert split("Yours, Dr.\n\nPell") == ["Yours, Dr.", "Pell"]
    assert split("a line\nthat goes on") == ["a line\nthat goes on"]


@given(st.text(st.one_of(st.sampled_from('aB .!?…\n"”’)(—1£'), st.characters())))
def test_sentences_tile_the_text(text: str) -> None:
    spans = sentence_spans(text)
    at = 0
    for span in spans:
        assert text[at : span.start].strip() == ""
        assert span.of(text) == span.of(text).strip() != ""
        at = span.end
    assert text[at:].strip() == ""


def test_offsets_are_code_points() -> None:
    text = "👩‍🚀 é up. Next — one."
    assert [span.of(text) for span in sentence_spans(text)] == ["👩‍🚀 é up.", "Next — one."]


@given(st.text())
def test_words_stand_in_the_text_in_order(text: str) -> None:
    at = 0
    for word in words(text):
        at = text.index(word, at) + len(word)


def test_words_and_numbers() -> None:
    assert words("It’s the crew's 1,310 at 12:30 — v3.10, naïve") == [
        *["It’s", "the", "crew's", "1,310", "at", "12:30", "v", "3.10", "naïve"]
    ]


def test_stems_of_what_carries_meaning() -> None:
    assert content_stems("Don’t you deploy on Fridays? It’s the crew’s rule.") == ["deploy", "friday", "crew", "rule"]
    assert stem("Deployments") == stem("deployment") != stem("deputy")


def test_threads_do_not_mix_their_words() -> None:
    """The service stems in worker threads; Snowball's own stemmer holds the word it works on."""
    tide = [f"scheduling{letter}ly relational{letter} conditional" for letter in "abcdefghijklmnop" * 40]
    expected = [content_stems(text) for text in tide]
    stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            stem.cache_clear()
            assert list(pool.map(content_stems, tide)) == expected
