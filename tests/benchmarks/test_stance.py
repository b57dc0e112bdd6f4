"""Hand labels of stance, and how systems are held against them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.stance import LABELS, MOOD, OURS, SIGNS, SYSTEMS, LabelledStance, f1s
from benchmarks.stance_planted import _planted
from twin_data.scoring.sentences import content_stems, stem


def rows() -> list[LabelledStance]:
    return [LabelledStance.model_validate_json(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]


def test_each_label_is_of_a_topic_in_its_sentence_and_none_stands_twice() -> None:
    found = rows()
    assert len({one.id for one in found}) == len({one.sentence for one in found}) == len(found) >= 160
    assert [one.id for one in found if stem(one.topic) not in content_stems(one.sentence)] == []
    assert {(one.part, one.label) for one in found} >= {("third", label) for label in SIGNS}


def test_f1_is_of_each_class() -> None:
    truth, said = np.array([1, 1, 0, -1]), np.array([1, 0, 0, 0])
    assert f1s(truth, said).tolist() == pytest.approx([2 / 3, 0.5, 0.0])


def test_the_rules_beat_the_mood_of_the_sentence_on_what_they_never_saw() -> None:
    pytest.importorskip("vaderSentiment")
    held = [one for one in rows() if one.is_held_out]
    truth = np.array([SIGNS[one.label] for one in held])
    ours, mood = (float(f1s(truth, np.array([SYSTEMS[name](one) for one in held])).mean()) for name in (OURS, MOOD))
    assert ours > mood + 0.1


def test_a_planted_twin_says_one_side_on_the_chosen_topic_alone() -> None:
    found = _planted("The harbour is wide. The mill is old.", {"harbour": "harbour"}, {"harbour": 1}, 1.0,
                     np.random.default_rng(0))  # fmt: skip
    assert "harbour" in found[0] and found[0] != "The harbour is wide." and found[1] == "The mill is old."
