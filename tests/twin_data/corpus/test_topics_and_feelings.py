from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from twin_data.corpus.feelings import feelings_of
from twin_data.corpus.periods import periods_of
from twin_data.corpus.topics import TopicsConfig, topics_of


def chunks(each: int = 30) -> pl.DataFrame:
    chance = np.random.default_rng(1)
    centres = {"harbour": (1.0, 0.0, 0.0), "kettle": (0.0, 1.0, 0.0)}
    rows = [
        {
            "document_id": f"{word}/{at}",
            "own": f"Here the {word} is told of; {'the ' + word} again, number {at}.",
            "vector": (np.asarray(centre) + chance.normal(0, 0.05, 3)).tolist(),
        }
        for word, centre in centres.items()
        for at in range(each)
    ]
    return pl.DataFrame(rows)


def test_passages_that_lie_together_are_a_topic_named_by_its_words() -> None:
    found = topics_of(chunks(), config=TopicsConfig(most=2))
    assert sorted(one.terms[0] for one in found) == ["harbour", "kettle"]
    assert [one.chunks for one in found] == [30, 30] and [one.documents for one in found] == [30, 30]
    assert sum(one.share for one in found) == pytest.approx(1)
    shuffled = topics_of(chunks().sample(fraction=1, shuffle=True, seed=5), config=TopicsConfig(most=2))
    assert shuffled == found


def test_a_handful_of_passages_has_no_topics() -> None:
    assert topics_of(chunks(10), config=TopicsConfig()) == ()


def by_word(text: str) -> float:
    lowered = text.casefold()
    return float("splendid" in lowered) - float("dreadful" in lowered)


def test_feelings_are_means_over_the_sentences_on_a_topic() -> None:
    praised = [
        (f"a{at}", "The harbour is splendid. The harbour is splendid. The harbour lies there.") for at in range(4)
    ]
    blamed = [(f"b{at}", "The kettle is dreadful. The kettle is dreadful.") for at in range(4)]
    other = [(f"c{at}", "Nothing is said of either.") for at in range(8)]
    texts = [*praised, *blamed, *other]
    found = {one.topic: one for one in feelings_of(texts, sentiment=by_word, stance=lambda text, _: -by_word(text))}
    assert found["harbour"].stance_low <= found["harbour"].stance == pytest.approx(-2 / 3, abs=1e-6)
    assert (found["kettle"].stance, found["kettle"].stance_high) == (1, 1)
    assert found["harbour"].sentiment == pytest.approx(2 / 3, abs=1e-6)
    assert (found["harbour"].for_share, found["harbour"].against_share) == (pytest.approx(2 / 3, abs=1e-6), 0)
    assert (found["kettle"].sentiment, found["kettle"].texts, found["kettle"].sentences) == (-1, 4, 8)
    assert "splendid" not in found and found["kettle"].low <= -1 <= found["kettle"].high


def test_a_word_of_few_texts_is_no_topic() -> None:
    assert feelings_of([("a", "The quay is old. " * 20), ("b", "The quay is old.")], sentiment=by_word) == ()


@pytest.mark.parametrize(
    ("dates", "named"),
    [
        ((date(2020, 1, 1), date(2023, 5, 1), None), ["2020", "2023", "undated"]),
        ((date(2020, 1, 1), date(2020, 12, 1)), ["2020 Q1", "2020 Q4"]),
        ((date(2020, 1, 1), date(2020, 3, 1)), ["2020-01", "2020-03"]),
        ((None,), ["undated"]),
    ],
)
def test_periods_are_as_long_as_the_archive_wants(dates: tuple[date | None, ...], named: list[str]) -> None:
    assert periods_of(pl.Series("date", dates, dtype=pl.Date)).to_list() == named
