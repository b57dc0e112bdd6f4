from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.weights import TermWeights, term_weights


def test_a_stem_is_counted_once_a_chunk() -> None:
    weights = term_weights(["Tides and tides.", "The tide at the gate.", "Nothing"])
    assert weights.chunks == 3
    assert weights.frequencies == {"gate": 1, "noth": 1, "tide": 2}


def test_the_rarer_the_heavier() -> None:
    weights = term_weights(["tide gate", "tide lock", "tide"])
    assert 0 < weights.weight("tide") < weights.weight("gate") < weights.weight("unseen") == 1.0


@given(st.lists(st.text(st.sampled_from("abc "), max_size=8), max_size=8))
def test_a_weight_is_between_nothing_and_one(texts: list[str]) -> None:
    weights = term_weights(texts)
    for stem in [*weights.frequencies, "unseen"]:
        assert 0 < weights.weight(stem) <= 1
    assert term_weights(reversed(texts)) == weights
    assert TermWeights.model_validate_json(weights.model_dump_json()) == weights
