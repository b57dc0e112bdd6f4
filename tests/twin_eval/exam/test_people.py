from __future__ import annotations

import pytest

from twin_eval.exam.people import People


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Then Ruth laughed.", "Ruth"),
        ("So Anna said no.", "Anna"),
        ("As Karl said, it was late.", "Karl"),
        ("Yesterday Tom told me the price.", "Tom"),
        ("Honestly Karl thought it was fine.", "Karl"),
        ("Later Priya wrote the parser.", "Priya"),
        ("Bravely Moss said nothing. She spoke bravely.", "Moss"),
    ],
)
def test_what_begins_a_sentence_is_no_first_name(text: str, name: str) -> None:
    people = People((text,))
    assert people.is_person(name)
    assert people.names == ()


def test_a_name_of_two_words_is_a_person() -> None:
    people = People(("Dan Brown said the pier was closed.", "Ruth Moss laughed."))
    assert people.names == ("Dan Brown", "Ruth Moss")


def test_what_begins_sentences_is_nobody() -> None:
    assert not People(("Then said the river nothing.", "So Then wrote nobody.")).names


def test_within_a_sentence_a_first_name_is_kept() -> None:
    assert People(("I will say that Will Ames said no.",)).names == ("Will Ames",)


def test_what_has_an_article_is_no_person() -> None:
    assert not People(("The Guardian wrote about it.",)).is_person("Guardian")
