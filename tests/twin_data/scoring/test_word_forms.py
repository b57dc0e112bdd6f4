"""Which words count as the same, and which do not."""

from __future__ import annotations

import pytest

from twin_data.scoring.word_forms import content_forms, form, is_small


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("went", "going"),
        ("paid", "pays"),
        ("children", "child"),
        ("decisions", "decided"),
        ("clearer", "clear"),
        ("bigger", "big"),
        ("happier", "happy"),
        ("better", "good"),
        ("purchased", "bought"),
        ("attempted", "tried"),
        ("colours", "color"),
        ("Cardiff's", "Cardiff"),
    ],
)
def test_forms_of_one_word_and_synonyms_are_one(one: str, other: str) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("founded", "found"), ("biggest", "big"), ("ground", "grind"), ("rose", "fell"), ("flower", "flow")],
)
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert form(one) != form(other)


def test_words_of_content_have_the_stem_by_which_they_are_weighed() -> None:
    assert content_forms("She gave me the colours, unless somebody bought them.") == {
        "color": "colour",
        "buy": "bought",
    }
    assert is_small("Whatever") and not is_small("never-ending")
