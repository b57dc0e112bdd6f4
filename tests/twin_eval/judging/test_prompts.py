from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_eval.judging.items import JudgeItem, Task
from twin_eval.judging.prompts import messages_of, verdict_in


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("supported", True),
        ("Supported.", True),
        ("**Unsupported**", False),
        ("unsupported: it would be supported if the passage named the year", False),
        ("Answer: supported", True),
        ("The verdict is: unsupported", False),
        ('{"answer": "supported"}', True),
        ("The passage says so; it is supported here.", True),
        ("The sentence is not supported by it.", False),
        ("The sentence isn't fully supported.", False),
        ("Not supported", False),
        ("un-supported", False),
        ("<think>Is it supported? Perhaps unsupported.</think>\n\nsupported", True),
        ("<think>Is it supported", None),
        ("Parts are supported, others unsupported", None),
        ("I cannot tell.", None),
        ("", None),
        ("¯\\_(ツ)_/¯", None),
    ],
)
def test_what_a_reply_says_of_support(reply: str, said: bool | None) -> None:
    assert verdict_in(reply, Task.SUPPORT) is said


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Yes.", True),
        ("no, it evades", False),
        ("Verdict: NO", False),
        ("It names the year, so yes", True),
        ("There is no doubt that it does", None),
        ("supported", None),
        ("Answer: yes. Answer: no.", None),
    ],
)
def test_what_a_reply_says_of_helpfulness(reply: str, said: bool | None) -> None:
    assert verdict_in(reply, Task.HELPFUL) is said


@given(st.text(), st.sampled_from(Task))
def test_no_reply_breaks_the_reading(reply: str, task: Task) -> None:
    assert verdict_in(reply, task) in {True, False, None}


def test_the_texts_stand_in_the_request_and_the_question_only_where_it_is_needed() -> None:
    made = JudgeItem(
        task=Task.SUPPORT, question_id="q", question="What?", text="It rose.", passages=("It rose.", "It fell."),
        item="i", scored=True,
    )  # fmt: skip
    (system, user) = messages_of(made)
    assert "It rose." in user["content"] and "It fell." in user["content"] and "What?" not in user["content"]
    assert "supported or unsupported" in system["content"]
