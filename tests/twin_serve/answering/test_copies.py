from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.answers import RetrievedPassage
from twin_data.contracts.base import Span
from twin_data.scoring.copies import (
    COPIED_WORDS,
    MOST_AVOIDED,
    is_mostly_copied,
    runs_of,
    runs_to_avoid,
    word_stretches,
)
from twin_data.scoring.sentences import sentence_spans, words
from twin_serve.answering.copies import Copy, find_copy, stands_whole
from twin_serve.answering.drafts import LIST_MARK

from ..parts import DOCUMENTS, QUOTED_BY_OTHERS, passage

PASSAGES = [passage(one) for one in DOCUMENTS]
TOLD = "We found 31 eels on the floor and carried them out in a tin bath."


def found(sentence: str, passages: list[RetrievedPassage] = PASSAGES) -> Copy:
    copy = find_copy(sentence, passages)
    assert copy is not None
    return copy


def passage_of(text: str) -> RetrievedPassage:
    whole = Span(start=0, end=len(text))
    return passage("blog/eels.md").model_copy(update={"text": text, "end": len(text), "own": (whole,)})


def test_these_very_words_are_an_exact_copy() -> None:
    copy = found("we found 31 EELS on the floor -- and carried them out in a tin bath")
    assert copy.is_exact and copy.span.of(copy.passage.text) == TOLD


def test_part_of_a_word_is_none() -> None:
    assert not found("We found 31 eels on the floor and carried them out in a tin bat.").is_exact


def test_a_few_words_more_or_others_make_no_sentence_of_its_own() -> None:
    copy = found("I must say we found 31 eels on the floor and carried them off in a tin bath.")
    assert not copy.is_exact and copy.span.of(copy.passage.text) == TOLD


def test_what_exchanges_every_seventh_word_is_quoted_all_the_same() -> None:
    copy = found("We found 31 eels in the floor and carried them off in the tin bath.")
    assert not copy.is_exact and copy.span.of(copy.passage.text) == TOLD


def test_a_run_of_the_same_words_in_a_longer_sentence_is_allowed() -> None:
    own = "What the keeper of Gate 7 and I saw that night, to our surprise, was that"
    assert find_copy(f"{own} we found 31 eels on the floor and were glad of it.", PASSAGES) is None


def test_what_others_wrote_is_not_the_personas() -> None:
    assert find_copy(QUOTED_BY_OTHERS, PASSAGES) is None


def test_a_sentence_shorter_than_a_stretch_is_a_copy_only_if_all_its_words_stand_in_a_row() -> None:
    assert found("Eels on the floor").is_exact
    assert find_copy("Eels on the roof", PASSAGES) is None


FRAMES = [
    "I used to believe that {}",
    "My old boss claimed that {}",
    "I doubt that {}",
    "If {}, the keepers lose their cottages.",
    "It is a mistake to think {} before noon.",
]
CLAIM = "the harbour sells the lock to Halcyon next spring"


@pytest.mark.parametrize("frame", FRAMES)
def test_part_of_a_sentence_is_a_copy_of_all_of_it(frame: str) -> None:
    framed = frame.format(CLAIM).rstrip(".") + "."
    one = passage_of(f"It rained. {framed} Nobody minded.")
    copy = found(f"{CLAIM.capitalize()}.", [one])
    assert copy.span.of(one.text) == framed and copy.is_exact and not copy.is_whole
    assert not stands_whole(CLAIM, [one])


def test_the_sentence_that_stands_whole_goes_before_one_that_frames_it() -> None:
    one, other = passage_of(f"I doubt that {CLAIM}. I do."), passage_of(f"It rained. “{CLAIM.capitalize()}.” So be it.")
    copy = found(CLAIM, [one, other])
    assert copy.passage is other and copy.is_whole and copy.span.of(other.text) == f"“{CLAIM.capitalize()}.”"
    assert stands_whole(CLAIM, [one, other])


def test_a_lists_mark_is_no_part_of_the_sentence() -> None:
    one = passage_of(f"It rained.\n\n1. {CLAIM.capitalize()}.\n\n2. Nobody minded.")
    copy = found(CLAIM, [one])
    assert copy.is_whole and copy.span.of(one.text) == f"{CLAIM.capitalize()}."


def test_no_words_are_no_copy() -> None:
    assert find_copy("…!", PASSAGES) is None


SENTENCES = st.sampled_from(
    [
        *(frame.format(CLAIM).rstrip(".") + "." for frame in FRAMES),
        f"{CLAIM.capitalize()}.",
        "“We found 31 eels on the floor and carried them out in a tin bath,” said Ruth (she had counted).",
        "Dr. Ferrier wrote: no. 7 leaks; nobody closed the upper paddle that night!",
        "3. The gate stayed still.",
        "- Why did nobody ask me?",
    ]
)


@given(
    st.lists(SENTENCES, min_size=1, max_size=5),
    st.sampled_from([" ", "\n", "\n\n"]),
    st.data(),
)
def test_what_is_quoted_begins_and_ends_where_sentences_do(sentences: list[str], gap: str, data: st.DataObject) -> None:
    one = passage_of(gap.join(sentences))
    tokens = words(one.text)
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first, len(tokens) - 1))
    spoken = tokens[first : last + 1]
    exact = find_copy(" ".join(spoken), [one])
    spoken[data.draw(st.integers(0, len(spoken) - 1))] = "otherwise"
    changed = find_copy(" ".join(spoken), [one])
    assert exact and exact.is_exact and not (changed and changed.is_exact)
    own = sentence_spans(one.text)
    begins = {span.start for span in own} | {span.end - len(LIST_MARK.sub("", span.of(one.text))) for span in own}
    for copy in (exact, changed):
        assert copy is None or (copy.span.start in begins and copy.span.end in {span.end for span in own})


@given(st.lists(st.booleans(), max_size=40))
def test_mostly_copied_is_counted_in_words(copied: list[bool]) -> None:
    covered = {at + step for at, one in enumerate(copied) if one for step in range(COPIED_WORDS)}
    length = len(copied) + COPIED_WORDS - 1 if copied else 0
    assert is_mostly_copied(copied) == (2 * len(covered) > length)


def test_words_out_of_order_are_no_copy() -> None:
    shuffled = "In a tin bath we carried them out, 31 eels, found on the floor."
    assert word_stretches(shuffled) and find_copy(shuffled, PASSAGES) is None


@given(st.lists(st.sampled_from(["we", "found", "31", "eels", "on", "the", "floor"]), max_size=40), st.data())
def test_who_writes_none_of_a_texts_runs_copies_no_stretch_of_it(spoken: list[str], data: st.DataObject) -> None:
    text = "".join(word + data.draw(st.sampled_from([" ", ", ", " — ", ".\n"])) for word in spoken)
    runs = runs_of(text)
    assert all(run in text for run in runs)
    for at in range(len(spoken) - COPIED_WORDS + 1):
        stretch = spoken[at : at + COPIED_WORDS]
        assert any(" ".join(words(run)) in " ".join(stretch) for run in runs)


def test_no_more_runs_are_avoided_than_a_server_takes() -> None:
    short, long = "we found 31 eels on the floor", " ".join(f"eel{number}" for number in range(8 * MOST_AVOIDED))
    assert runs_to_avoid([short, long]) == [*runs_of(short), *runs_of(long)][:MOST_AVOIDED]
    assert runs_to_avoid([]) == []
