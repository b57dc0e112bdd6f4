from __future__ import annotations

from collections.abc import Iterator

from twin_data.scoring.copies import word_stretches
from twin_eval.copying import copied_flags

DOCUMENT = "The wind backed at four, and it was high water at Ferrier's; nobody slept that night."


def test_a_stretch_of_eight_words_is_found_whatever_its_case_and_marks() -> None:
    copied = "IT WAS high water — at Ferrier’s: nobody slept"
    own = "I did not sleep that night, for the wind had backed"
    flags = copied_flags([copied, own], [DOCUMENT])
    assert flags[0] == [True]
    assert flags[1]
    assert not any(flags[1])


def test_seven_words_in_a_row_are_no_stretch() -> None:
    assert word_stretches("one two three four five six seven") == []
    assert copied_flags(["it was high water at Ferrier's nobody"], [DOCUMENT]) == [[]]


def test_the_share_is_counted_stretch_by_stretch() -> None:
    half = "nobody knew it was high water at Ferrier's nobody slept that day"
    flags = copied_flags([half], [DOCUMENT])[0]
    assert len(flags) == 5
    assert sum(flags) == 2


def test_documents_are_not_read_when_there_is_nothing_to_look_up() -> None:
    def unreadable() -> Iterator[str]:
        raise AssertionError("read")
        yield ""

    assert copied_flags(["too short"], unreadable()) == [[]]
