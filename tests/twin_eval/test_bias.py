from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from twin_data.scoring.sentiment import vader
from twin_data.scoring.topic_sentences import MIN_SENTENCES
from twin_eval.bias import HeldOutText, Measured, TopicBias, topic_bias
from twin_eval.metric_names import describe
from twin_eval.own_words import OwnText
from twin_eval.page.render import render_page
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig

CONFIG = IntervalConfig(resamples=200)


def by_word(text: str) -> float:
    """A sentence feels as its words say."""
    lowered = text.casefold()
    return float("splendid" in lowered) - float("dreadful" in lowered)


def twin(sentence: str, count: int, texts: int = 4) -> list[OwnText]:
    each = count // texts
    return [
        OwnText(source="drafts", id=f"d{at}", cluster=f"d{at}", sentences=(" ".join([sentence] * each),))
        for at in range(texts)
    ]


def corpus(sentences: list[str], documents: int = 4) -> list[HeldOutText]:
    return [HeldOutText(document_id=f"c{at}", text=" ".join(sentences)) for at in range(documents)]


def bias(texts: list[OwnText], held_out: list[HeldOutText]) -> TopicBias:
    found = topic_bias(texts, held_out, config=CONFIG, sentiment=by_word)
    assert found is not None
    return found


def test_a_twin_that_gushes_where_the_person_was_of_two_minds_amplifies() -> None:
    mixed = ["The harbour is splendid.", "The harbour is dreadful.", "The harbour lies in the east."]
    found = bias(twin("The harbour is splendid.", 12), corpus(mixed))
    (topic,) = found.sentiment.topics
    assert topic.topic == "harbour"
    assert (topic.twin, topic.corpus, topic.difference) == pytest.approx((1.0, 0.0, 1.0))
    assert (topic.twin_sentences, topic.corpus_sentences) == (12, 12)
    assert topic.low <= topic.difference <= topic.high
    assert (
        found.sentiment.amplification.value > 0.6
    )  # as many of the corpus's sentences would lie some .2 off by chance
    assert (
        found.sentiment.amplification.low <= found.sentiment.amplification.value <= found.sentiment.amplification.high
    )
    assert found.sentiment.amplification.n == 1


def test_an_opinion_turned_round_is_seen_by_the_largest_shift_alone() -> None:
    quiet = [f"The {name} lies in the east." for name in ("river", "mill", "gate")]
    texts = twin("The harbour is splendid.", 12) + [text for one in quiet for text in twin(one, 12)]
    found = bias(texts, corpus(["The harbour is dreadful.", *quiet] * 3))
    assert found.sentiment.amplification.value == pytest.approx(0.0, abs=0.02)
    assert found.sentiment.apart.value > 1.0 and found.sentiment.apart.n == len(found.sentiment.topics) >= 4
    assert found.sentiment.apart.low <= found.sentiment.apart.value <= found.sentiment.apart.high <= 2.0


def test_who_says_what_the_person_said_amplifies_nothing() -> None:
    chance = np.random.default_rng(3)
    pool = ["The harbour is splendid.", "The harbour is dreadful.", "The harbour lies in the east."]
    found, shifts = [], []
    for _ in range(30):
        drawn = [" ".join(chance.choice(pool, size=3)) for _ in range(4)]
        texts = [
            OwnText(source="drafts", id=str(at), cluster=str(at), sentences=(text,)) for at, text in enumerate(drawn)
        ]
        measured = bias(texts, corpus(pool))
        found.append(measured.sentiment.amplification.value)
        shifts.append(measured.sentiment.apart.value)
    assert abs(float(np.mean(found))) < 0.05
    assert float(np.mean(shifts)) < 0.05


def test_a_topic_that_one_side_hardly_touches_has_no_figure() -> None:
    few = twin("The harbour is splendid.", MIN_SENTENCES - 4)
    assert topic_bias(few, corpus(["The harbour is wide."] * 3), config=CONFIG, sentiment=by_word) is None
    assert topic_bias([], [], config=CONFIG, sentiment=by_word) is None


def stands(texts: list[OwnText], held_out: list[HeldOutText]) -> Measured:
    found = topic_bias(texts, held_out, config=CONFIG)
    assert found is not None
    return found.stance


def test_a_twin_that_takes_sides_where_the_person_took_none_is_more_one_sided() -> None:
    found = stands(twin("We must abolish the harbour.", 12), corpus(["The harbour lies in the east."] * 3))
    (topic,) = found.topics
    assert (topic.twin, topic.corpus, topic.difference) == pytest.approx((-1, 0, -1))
    assert found.amplification.name == "stance_amplification" and found.amplification.value == pytest.approx(1)
    assert found.apart.value == found.apart.high == 0  # the person is on neither side


def test_a_stance_turned_round_is_no_amplification_but_a_reversal() -> None:
    found = stands(twin("We must abolish the harbour.", 12), corpus(["We must preserve the harbour."] * 3))
    assert found.amplification.value == pytest.approx(0)
    assert found.apart.name == "stance_reversed" and found.apart.value == pytest.approx(1)


def test_a_cooler_twin_has_reversed_nothing() -> None:
    found = stands(twin("The harbour lies in the east.", 12), corpus(["We must preserve the harbour."] * 3))
    assert found.apart.value == 0 and found.amplification.value < 0


def test_a_side_that_is_not_shown_is_not_reversed() -> None:
    split = ["We must preserve the harbour.", "We must preserve the harbour.", "We must abolish the harbour."]
    held = [HeldOutText(document_id=f"c{at}", text=" ".join([one] * 3)) for at, one in enumerate(split)]
    found = stands(twin("We must abolish the harbour.", 12), held)
    assert found.topics[0].corpus == pytest.approx(1 / 3)
    assert found.apart.value == 0 and found.apart.high > 0


def test_words_of_sentiment_are_no_topics() -> None:
    found = bias(twin("A splendid harbour.", 12), corpus(["A splendid harbour.", "A splendid harbour."]))
    assert [one.topic for one in found.sentiment.topics] == ["harbour"]


def test_vader_knows_praise_blame_and_negation() -> None:
    pytest.importorskip("vaderSentiment")
    assert vader("The harbour is wonderful.") > 0.3
    assert vader("The harbour is awful.") < -0.3
    assert vader("The harbour is not wonderful.") < 0
    assert vader("The harbour is in the east.") == 0
    assert vader("The harbour lies in the east.") < 0  # words, not senses


def test_the_page_shows_both_sides(make_run: Callable[..., Any]) -> None:
    run: ScoredRun = make_run(["fact"])
    assert {one.name: one.reason for one in run.report.unmeasured}["bias_amplification"] == "no document was held out"
    found = bias(twin("The harbour is splendid.", 12), corpus(["The harbour is dreadful."] * 3))
    scores = (*run.report.scores, *found.scores)
    tables = {"topics": found.sentiment.topics, "stances": found.stance.topics}
    page = render_page(replace(run, report=run.report.model_copy(update={**tables, "scores": scores})))
    assert "sound like on the same topics" in page
    assert "+1.00</td>" in page
    assert "-1.00</td>" in page
    assert "take on the same topics" in page
    assert all(describe(one.name) in page for one in found.scores)
