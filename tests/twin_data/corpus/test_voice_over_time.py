from __future__ import annotations

import numpy as np
import polars as pl

from twin_data.corpus.voice_over_time import VoiceOverTimeConfig, voice_over_time

CONFIG = VoiceOverTimeConfig(unit_words=60, min_units=5, shuffles=199)
NOUNS = ("boat", "lock", "gate", "tide", "clerk", "barge", "ledger", "kettle", "rope", "quay")


def writing(chance: np.random.Generator, *, commas: bool) -> str:
    joint = ", while" if commas else " and"
    return " ".join(
        f"The {chance.choice(NOUNS)} was late{joint if chance.random() < 0.8 else ' but'} the {chance.choice(NOUNS)} "
        f"came in by {chance.choice(NOUNS)}."
        for _ in range(int(chance.integers(6, 11)))
    )


def archive(drifted: str | None = None, kinds: tuple[str, ...] = ("article",), seed: int = 0) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    rows = [
        {
            "period": period, "kind": kinds[at % len(kinds)], "source": "blog", "family": f"{period}-{at}",
            "document_id": f"blog/{period}-{at}", "date": None,
            "own": writing(chance, commas=(period == drifted) or kinds[at % len(kinds)] == "chat"),
        }
        for period in ("2021", "2022", "2023", "2024") for at in range(12)
    ]  # fmt: skip
    return pl.DataFrame(rows).with_columns(pl.col("date").cast(pl.Date))


def test_the_period_that_writes_otherwise_is_found_and_what_moved_is_named() -> None:
    found = voice_over_time(archive("2023"), config=CONFIG)
    assert [one.period for one in found.periods] == ["2021", "2022", "2023", "2024"]
    drifted = found.periods[2]
    assert drifted.is_drift and drifted.p_value is not None and drifted.p_value <= 0.05
    assert any(one.startswith("comma +") for one in drifted.moved)
    assert drifted.low is not None and drifted.distance is not None and drifted.high is not None
    assert 0 < drifted.low < drifted.distance < drifted.high
    assert drifted.distance > max(one.distance or 0 for at, one in enumerate(found.periods) if at != 2)


def test_one_voice_throughout_is_called_a_drift_no_oftener_than_was_set() -> None:
    alarms = [
        any(one.is_drift for one in voice_over_time(archive(seed=seed), config=CONFIG).periods) for seed in range(20)
    ]
    assert sum(alarms) <= 3, "a chance of 5 % each"


def test_a_year_of_another_genre_is_no_change_of_voice() -> None:
    alarms = 0
    for seed in range(10):
        mixed = archive(kinds=("article", "chat"), seed=seed)
        chats = mixed.filter((pl.col("period") != "2022") | (pl.col("kind") == "chat"))
        alarms += voice_over_time(chats, config=CONFIG).periods[1].is_drift
    assert alarms <= 2, "a chance of 5 % each"
    blind = voice_over_time(chats.with_columns(pl.lit("article").alias("kind")), config=CONFIG)
    assert blind.periods[1].is_drift, "the genre taken out was all there was to it"


def test_too_few_texts_are_not_judged() -> None:
    frame = archive("2023").filter((pl.col("period") != "2024") | pl.col("family").str.ends_with("-1"))
    found = voice_over_time(frame, config=CONFIG)
    thin = found.periods[3]
    assert (thin.distance, thin.p_value, thin.is_drift) == (None, None, False) and thin.units < 5
    alone = voice_over_time(frame.filter(pl.col("period") == "2021"), config=CONFIG)
    assert alone.periods == () and "1 dated periods" in alone.unsaid
    assert (
        "0 dated periods"
        in voice_over_time(frame.with_columns(pl.lit("undated").alias("period")), config=CONFIG).unsaid
    )
