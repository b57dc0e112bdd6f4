"""Figures of authorship, and how planted cheats are put before the scorer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.authorship_cheats import CLUSTER_SEGMENTS, WORDS, clustered_segments, standings
from benchmarks.authorship_figures import calibration, columns_of, concordance, with_interval, within_rounds
from benchmarks.authorship_rounds import spaced
from twin_data.scoring.sentences import words
from twin_data.scoring.voice import VoiceScore

SENTENCE = "The eels of the lower gate came up in March, and nobody on the quay would say who had called them."


class ByFirstLetter:
    """Judges a text by its first letter: 100 % for P, 0 for any other; X is of no known kind."""

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        return [
            VoiceScore(logit=0.0, percent=100.0 * (one[0] == "P"), words=len(words(one)), typical=one[0] != "X")
            for one in texts
        ]


def test_each_pair_of_books_counts_the_same_and_ties_half() -> None:
    tested = columns_of(
        [[("own", True, 30, ""), ("own", True, 30, ""), *(("long", False, 30, ""),) * 3, ("short", False, 30, "")]]
    )
    logits = np.asarray([2.0, 1.0, 0.0, 1.0, 3.0, 2.0])
    assert concordance(logits, tested).tolist() == [[pytest.approx(3.5 / 6), pytest.approx(0.25)]]


def test_an_interval_holds_its_mean_and_one_pair_has_none() -> None:
    assert with_interval(np.asarray([[0.9]])) == "0.900 [0.900, 0.900]"
    value, low, high = (float(one.strip("[],")) for one in with_interval(np.asarray([[0.9, 0.7], [0.8, 0.6]])).split())
    assert low < value < high


def test_pairs_of_different_rounds_do_not_count_within_rounds() -> None:
    rows = [[(f"own {at}", True, 30, ""), (f"other {at}", False, 30, "")] for at in range(3)]
    tested = columns_of(rows)
    logits = np.asarray([1.0, 0.0, 11.0, 10.0, 21.0, 20.0])  # each fit has a scale of its own
    assert within_rounds(logits, tested) == "1.000 [1.000, 1.000]"
    assert concordance(logits, tested).mean() == pytest.approx(6 / 9)


def test_calibration_weighs_both_sides_alike() -> None:
    tested = columns_of([[("own", True, 30, ""), *(("other", False, 30, ""),) * 9]])
    brier, error = calibration(np.zeros(10), tested, np.ones(10, dtype=bool))
    assert (brier, error) == (pytest.approx(0.25), pytest.approx(0.0))


def test_segments_of_a_chapter_are_drawn_together_and_a_long_one_is_cut() -> None:
    sentences = WORDS // len(words(SENTENCE)) + 1
    chapter = " ".join([SENTENCE] * sentences)
    book = " ".join([SENTENCE] * sentences * (CLUSTER_SEGMENTS + 1))
    clusters = [cluster for cluster, _ in clustered_segments([chapter, "Too short.", book])]
    assert clusters == ["0/0", *["2/0"] * CLUSTER_SEGMENTS, "2/1"]


def test_a_cheat_is_below_only_where_intervals_are_disjoint() -> None:
    sentences = WORDS // len(words(SENTENCE)) + 1
    own, foreign, odd = ([" ".join([f"{mark} {SENTENCE}"] * sentences)] * 4 for mark in "PFX")
    found = standings(
        ByFirstLetter(),
        {"own": own, "foreign": foreign, "odd": odd, "mixed": [*own, *foreign], "half": [*own, *own, *foreign]},
    )
    assert found["foreign"].is_below(found["own"])
    assert not found["own"].is_below(found["foreign"])
    assert found["mixed"].is_below(found["own"]) and not found["foreign"].is_below(found["foreign"])
    assert not found["mixed"].is_below(found["half"])
    assert (found["odd"].untypical.value, found["own"].untypical.value) == (1.0, 0.0)


def test_spaced_takes_the_first_and_no_more_than_asked() -> None:
    assert spaced(range(10), 3) == [0, 3, 6]
    assert spaced([1, 2], 3) == [1, 2]
