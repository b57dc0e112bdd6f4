from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.answers import RetrievedPassage
from twin_data.scoring.copies import COPIED_WORDS, is_mostly_copied, word_stretches
from twin_serve.answering.copies import Copy, find_copy

from ..parts import DOCUMENTS, QUOTED_BY_OTHERS, passage

PASSAGES = [passage(one) for one in DOCUMENTS]
TOLD = "We found 31 eels on the floor and carried them out in a tin bath."


def found(sentence: str, passages: list[RetrievedPassage] = PASSAGES) -> Copy:
    copy = find_copy(sentence, passages)
    assert copy is not None
    return copy


def test_these_very_words_are_an_exact_copy() -> None:
    copy = found("we found 31 EELS on the floor -- and carried them out in a tin bath")
    assert copy.is_exact and copy.span.of(copy.passage.text) == TOLD


def test_part_of_a_word_is_none() -> None:
    assert not found("We found 31 eels on the floor and carried them out in a tin bat.").is_exact


def test_a_few_words_more_or_others_make_no_sentence_of_its_own() -> None:
    copy = found("I must say we found 31 eels on the floor and carried them off in a tin bath.")
    assert not copy.is_exact and copy.span.of(copy.passage.text) == TOLD


def test_a_run_of_the_same_words_in_a_longer_sentence_is_allowed() -> None:
    own = "What the keeper of Gate 7 and I saw that night, to our surprise, was that"
    assert find_copy(f"{own} we found 31 eels on the floor and were glad of it.", PASSAGES) is None


def test_what_others_wrote_is_not_the_personas() -> None:
    assert find_copy(QUOTED_BY_OTHERS, PASSAGES) is None


def test_a_sentence_shorter_than_a_stretch_is_a_copy_only_if_it_is_one_whole() -> None:
    assert found("Eels on the floor").is_exact
    assert find_copy("Eels on the roof", PASSAGES) is None


@given(st.lists(st.booleans(), max_size=40))
def test_mostly_copied_is_counted_in_words(copied: list[bool]) -> None:
    covered = {at + step for at, one in enumerate(copied) if one for step in range(COPIED_WORDS)}
    length = len(copied) + COPIED_WORDS - 1 if copied else 0
    assert is_mostly_copied(copied) == (2 * len(covered) > length)


def test_words_out_of_order_are_no_copy() -> None:
    shuffled = "In a tin bath we carried them out, 31 eels, found on the floor."
    assert word_stretches(shuffled) and find_copy(shuffled, PASSAGES) is None
