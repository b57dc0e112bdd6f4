from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from twin_data.contracts.answers import SentenceCheck, SentenceOutcome
from twin_eval.errors import LabelsError
from twin_eval.human.machine import support_of
from twin_eval.human.review_page import render_review
from twin_eval.scorers import ScoredAnswer
from twin_serve.answering.drafting import CUT_OFF
from twin_serve.answering.verification import NO_OWN_WORDS, REPEATED

MakeScored = Callable[..., ScoredAnswer]
CITATION = {
    "n": 1, "document_id": "notes/far.md", "start": 10, "end": 20, "quote": "Far water.", "title": "Far", "date": None,
    "url": "https://example.org/far", "score": 1.0,
}  # fmt: skip


def review(*answers: ScoredAnswer, **how: Any) -> str:
    return render_review(answers, persona="ada", bundle="0123456789ab", **{"passages": 4, **how})


def items(page: str) -> dict[str, dict[str, Any]]:
    found = re.search(r'<script type="application/json" id="setup">(.*?)</script>', page, re.DOTALL)
    assert found
    return {one["item"]: one["row"] for one in json.loads(found[1])["items"]}


def test_the_page_shows_sentences_passages_and_answers_and_not_what_the_scores_said(make_scored: MakeScored) -> None:
    scored = make_scored("q1", {"It was high.": "yes", "It was low.": "no", "Was it?": "it asks or announces"})
    page = review(scored)
    assert "It was high." in page and "It was low." in page and "It was high water at the mill." in page
    assert "Was it?" not in page, "the verifier did not judge it"
    assert not re.search(r"dropped|the passages do not say so|0\.9|0\.1\b", page.split("<body>")[1].split("<script")[0])
    assert [one["kind"] for one in items(page).values()] == ["sentence", "sentence", "answer"]
    assert items(page)["s1-1"] == {
        "kind": "sentence", "bundle": "0123456789ab", "question": "What of q1?", "sentence": "It was high."
    }  # fmt: skip


def test_a_supported_and_a_dropped_sentence_look_alike(make_scored: MakeScored) -> None:
    parts = [
        review(make_scored("q1", {"It was so.": said})).split("<body>")[1].split("<script")[0] for said in ("yes", "no")
    ]
    assert parts[0] == parts[1]


def test_a_passage_that_is_cited_is_shown_however_deep_it_stands(make_scored: MakeScored) -> None:
    near = {"chunk_id": "c1", "document_id": "notes/a.md", "start": 0, "end": 10, "text": "Near water."}
    deep = {"chunk_id": "c2", "document_id": "notes/b.md", "start": 0, "end": 10, "text": "Deep water."}
    far = {"chunk_id": "c3", "document_id": "notes/far.md", "start": 5, "end": 30, "text": "It says: Far water."}
    one = make_scored("q1", {"A.": "yes"}, citations=[CITATION])
    assert one.record.answer
    twin = one.record.answer.twin.model_validate(one.record.answer.twin.model_dump() | {"passages": [near, deep, far]})
    answer = one.record.answer.model_copy(update={"twin": twin})
    page = review(one.model_copy(update={"record": one.record.model_copy(update={"answer": answer})}), passages=1)
    assert "Near water." in page and "It says: Far water." in page and "Deep water." not in page


def test_the_page_needs_no_network_and_runs_nothing_that_others_wrote(make_scored: MakeScored) -> None:
    evil = "</script><script>alert(1)</script><img src=https://example.org/x onerror=alert(1)>"
    page = review(make_scored("q1", {evil: "yes"}, content=evil))
    assert page.count("<script") == 2 and "<img" not in page
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="|@import|url\(|fetch\(|XMLHttpRequest|https?://(?!example)', page)
    assert items(page)["s1-1"]["sentence"] == evil


def test_two_labellers_get_the_same_questions_in_an_order_that_says_nothing(make_scored: MakeScored) -> None:
    answers = [make_scored(f"q{at}") for at in range(6)]
    asked = [one["question"] for one in items(review(*answers)).values()]
    assert sorted(asked) == [f"What of q{at}?" for at in range(6)] != asked
    assert [one["question"] for one in items(review(*reversed(answers), limit=3)).values()] == asked[:3]


def test_the_same_texts_keep_their_labels_and_others_do_not(make_scored: MakeScored) -> None:
    def page_name(page: str) -> str:
        found = re.search(r'"page": "([0-9a-f]+)"', page)
        assert found
        return found[1]

    one, other = review(make_scored("q1")), review(make_scored("q1", content="Another."))
    assert page_name(one) == page_name(review(make_scored("q1"))) != page_name(other)


def test_nothing_to_label_is_said(make_scored: MakeScored) -> None:
    with pytest.raises(LabelsError, match=r"ada@0123456789ab has answered nothing"):
        review()


@pytest.mark.parametrize("reason", [REPEATED, CUT_OFF, "it does not answer the question (likeness 0.2)"])
def test_a_sentence_that_was_dropped_for_another_reason_has_no_verdict_on_its_support(reason: str) -> None:
    check = SentenceCheck(text="A.", outcome=SentenceOutcome.DROPPED, support=0.9, reason=reason)
    assert support_of(check) is None


@pytest.mark.parametrize("outcome", [SentenceOutcome.DROPPED, SentenceOutcome.UNSUPPORTED])
@pytest.mark.parametrize(
    "reason", [NO_OWN_WORDS, "the name Ada is not in the passages", "the passage says the contrary"]
)
def test_a_sentence_that_the_passages_do_not_hold_has_one(outcome: SentenceOutcome, reason: str) -> None:
    assert support_of(SentenceCheck(text="A.", outcome=outcome, support=0.1, reason=reason)) is False
