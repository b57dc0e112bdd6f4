"""An act of answering that is denied of what was asked, and the same words about something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.denied_acts import ACTS, OF_A_THING, denied_acts


@pytest.mark.parametrize(
    ("act", "refuses", "answers"),
    [
        ("says_not", "i can't say", "i can't say no"),
        ("says_not", "i won't tell you how to do that", "i won't tell you that he is stupid"),
        ("says_not", "i'd rather not give her address", "i'd rather not give the dog bones"),
        ("says_not", "i am not qualified to judge", "i am not qualified to judge a horse"),
        ("says_not", "it would not be right to comment", "it would not be right to comment the code"),
        ("says_not", "that i cannot tell you", "that i cannot tell apart"),
        ("says_not", "i can neither confirm nor deny it", "i neither smoke nor drink"),
        ("says_not", "this isn't something i share", "this isn't something i eat"),
        ("says_not", "it's too early to say", "it's too early to plant"),
        ("says_not", "i gave my word not to tell", "she told her not to tell"),
        ("says_not", "i refuse to answer", "i refuse to sit there"),
        ("says_not_on", "i don't speak about my marriage", "i don't speak french"),
        ("says_not_on", "we don't discuss our clients' health records", "we don't mend our clients' roofs"),
        ("knows_not", "i don't know who it was", "i don't know how to swim"),
        ("knows_not", "i don't remember the name", "i don't remember names"),
        ("knows_not", "i am unable to determine whether he did", "i am unable to lift it"),
        ("knows_not", "i don't recall ever discussing the price", "i don't recall the old price fondly"),
        ("records_not", "i never wrote it down", "i never wrote poetry"),
        ("records_not", "i haven't looked into it", "i haven't looked at the sea"),
        ("records_not_on", "i never wrote about football", "i never played football"),
        ("holds_not", "i have nothing on that", "i have nothing against peas"),
        ("holds_not", "i have no opinion on it", "i have no brothers"),
        ("holds_not", "no data on that, sorry", "no dogs on that beach"),
        ("holds_not", "i don't have those numbers in front of me", "i don't have those shoes in front of me"),
        ("holds_not", "i know nothing about fish", "i know nothing but fish"),
        ("holds_not", "there's no mention of it in my papers", "there's no mention of the harbour in the treaty"),
    ],
)
def test_what_an_act_is_denied_of_decides(act: str, refuses: str, answers: str) -> None:
    assert act in denied_acts(refuses)
    assert denied_acts(answers) <= {OF_A_THING}


@pytest.mark.parametrize(
    "clause",
    [
        "he would not say",
        "my mother didn't tell me",
        "i didn't tell the board",
        "i don't eat meat",
        "i am not a doctor",
        "what i don't know about sluices would fill a book",
        "to say nothing of the tea",
        "nothing about it was new",
    ],
)
def test_what_others_or_a_story_deny_is_none_of_the_speaker(clause: str) -> None:
    assert denied_acts(clause) <= {OF_A_THING}


@given(
    st.text(alphabet="abinot' ", max_size=60)
    | st.lists(st.sampled_from("i not no nothing to say it a".split())).map(" ".join)
)
def test_any_clause_has_acts_or_none(clause: str) -> None:
    found = denied_acts(clause)
    assert found <= {*ACTS, OF_A_THING}
    assert OF_A_THING not in found or len(found) == 1
