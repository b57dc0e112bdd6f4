"""Refusals told by what they say. Each fifth of the examples is judged by weights fitted on the other four.

The lines in `*_unseen.txt` took no part in the fit. They were written, or handed in by a reviewer, before the phrases.
Of `benchmarks/labels/refusals.jsonl` the looked-at rows are among the examples; the others are `benchmarks.refusals`'.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from twin_data.generate.refusals import CLOSINGS, OPENINGS
from twin_data.scoring.refusal import BIAS, WEIGHTS, features, is_refusal, refusal_score

ROOT = Path(__file__).parents[3]
CONTRAST = ROOT / "personas" / "contrast"
LABELS = ROOT / "benchmarks" / "labels" / "refusals.jsonl"
PENALTY = 0.15


def _lines(name: str) -> list[str]:
    return Path(__file__).with_name(name).read_text("utf-8").splitlines()


def _looked_at(*, refuses: bool) -> list[str]:
    rows = map(json.loads, LABELS.read_text("utf-8").splitlines())
    return [row["text"] for row in rows if row["part"] == "looked-at" and row["refuses"] is refuses]


REFUSALS = _lines("refusals.txt") + _lines("refusals_everyday.txt") + _looked_at(refuses=True)
NOT_REFUSALS = _lines("not_refusals.txt") + _lines("not_refusals_everyday.txt") + _looked_at(refuses=False)


def _prose() -> list[str]:
    paragraphs = [text for path in sorted(CONTRAST.glob("*/*.md")) for text in path.read_text("utf-8").split("\n\n")]
    lines = (CONTRAST / "assistant" / "assistant.jsonl").read_text("utf-8").splitlines()
    return [text for text in paragraphs if len(text.split()) > 10] + [json.loads(one)["text"] for one in lines if one]


def _worded() -> list[str]:
    subjects = ["the gauge", "Marl", "the right instrument", "the old philosophy", "the Saltmarket Locks Cooperative"]
    endings = [f" {one}".rstrip() for one in CLOSINGS.values()]
    return [
        wording.format(x=subjects[at % 5]) + ending
        for at, (wording, ending) in enumerate(product(OPENINGS.values(), endings))
    ]


_features = cache(features)


def _fitted(refusals: list[str], others: list[str]) -> dict[str, float]:
    """Penalised logistic regression on examples, the twin's own refusals and other authors' prose."""
    parts = [(refusals, 1, 1.0), (_worded(), 1, 0.3), (others, 0, 1.0), (_prose(), 0, 0.1)]
    rows = [(_features(text), label, weight) for texts, label, weight in parts for text in texts]
    rows = [row for row in rows if row[0]]
    names = list(rows[0][0])
    inputs = np.array([[*(found[name] for name in names), 1.0] for found, _, _ in rows])
    signs = np.array([2.0 * label - 1 for _, label, _ in rows])
    weights = np.array([weight for _, _, weight in rows])

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        margins = signs * (inputs @ beta)
        shrunk = np.append(beta[:-1], 0.0)
        slope = -(weights * signs / (1 + np.exp(np.clip(margins, -50, 50)))) @ inputs
        return float(weights @ np.logaddexp(0, -margins) + PENALTY * shrunk @ shrunk), slope + 2 * PENALTY * shrunk

    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", options={"ftol": 1e-12}).x
    return dict(zip([*names, "bias"], map(float, found), strict=True))


def _refuses(text: str, weights: dict[str, float]) -> bool:
    found = _features(text)
    return bool(found) and weights["bias"] + sum(weights[name] * value for name, value in found.items()) > 0


def _f1(hits: int, false: int, refusals: int) -> float:
    return 2 * hits / (hits + false + refusals)


def test_there_are_enough_examples_of_both_kinds() -> None:
    assert len(REFUSALS) >= 60
    assert len(NOT_REFUSALS) >= 120
    assert len({*REFUSALS, *NOT_REFUSALS}) == len(REFUSALS) + len(NOT_REFUSALS)


def test_the_weights_are_those_of_the_fit() -> None:
    assert _fitted(REFUSALS, NOT_REFUSALS) == pytest.approx({**WEIGHTS, "bias": BIAS}, abs=0.02)


def test_refusals_held_out_are_told_apart() -> None:
    hits = false = 0
    for fold in range(5):
        weights = _fitted(
            [one for at, one in enumerate(REFUSALS) if at % 5 != fold],
            [one for at, one in enumerate(NOT_REFUSALS) if at % 5 != fold],
        )
        hits += sum(_refuses(one, weights) for one in REFUSALS[fold::5])
        false += sum(_refuses(one, weights) for one in NOT_REFUSALS[fold::5])
    assert _f1(hits, false, len(REFUSALS)) >= 0.93


def test_refusals_are_told_apart() -> None:
    assert _f1(sum(map(is_refusal, REFUSALS)), sum(map(is_refusal, NOT_REFUSALS)), len(REFUSALS)) >= 0.95


def test_everyday_refusals_that_no_fit_saw_are_told_apart() -> None:
    refusals, others = _lines("refusals_unseen.txt"), _lines("not_refusals_unseen.txt")
    assert not {*refusals, *others} & {*REFUSALS, *NOT_REFUSALS}
    assert sum(map(is_refusal, refusals)) >= 0.93 * len(refusals)
    assert sum(map(is_refusal, others)) <= 0.06 * len(others)


@pytest.mark.parametrize("text", ["Yes.", "It was he.", "I'm afraid of heights.", "I leave that to the cat."])
def test_what_holds_no_turn_of_refusing_refuses_nothing(text: str) -> None:
    assert refusal_score(text) == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "I am not a doctor; I am a vet.",
        "I don't eat meat.",
        "I never went to Paris, but I lived in Lyon.",
        "I can't speak French.",
        "I never wrote poetry.",
        "I don't know Java.",
        "I don't tell jokes.",
        "I refuse to sit in a cabinet with him.",
        "I have no answer to poverty but work.",
        "I prefer not to fly.",
    ],
)
def test_what_denies_another_act_than_answering_refuses_nothing(text: str) -> None:
    assert not is_refusal(text)


@pytest.mark.parametrize(
    "text",
    ["Sorry, no.", "No idea.", "Not that I recall.", "Pass.", "That stays with me.", "cant say", "none of ur business"],
)
def test_short_refusals_are_found(text: str) -> None:
    assert is_refusal(text)


def test_every_refusal_that_training_teaches_is_recognised() -> None:
    assert [text for text in _worded() if not is_refusal(text)] == []


def test_prose_of_others_is_no_refusal() -> None:
    texts = _prose()
    assert len(texts) > 100
    assert sum(map(is_refusal, texts)) <= 0.02 * len(texts)


def test_what_somebody_else_refused_is_no_refusal() -> None:
    assert not is_refusal("He wrote back: “I cannot answer that.” So I asked the harbour master, who could.")


@pytest.mark.parametrize("joint", [", though", ", although", ", but", ";", "."])
def test_what_answers_behind_a_disclaimer_refuses_nothing(joint: str) -> None:
    assert not is_refusal(f"I can't tell you my salary{joint} it is 80,000 euros.")


def test_a_refusal_after_the_beginning_does_not_count() -> None:
    answer = "The gauge stood at 5.83 metres. We had seven centimetres left. I cannot say who saw it first."
    assert not is_refusal(answer)


def test_a_question_refuses_nothing() -> None:
    assert not is_refusal("Shall I say that I cannot answer?")


def test_a_disclaimer_before_a_long_answer_refuses_nothing() -> None:
    answer = "I cannot say that precisely. " + "The gauge stood at five metres and the wall at six. " * 12
    assert refusal_score(answer) < refusal_score("I cannot say that precisely.")
    assert not is_refusal(answer)


@pytest.mark.parametrize("text", ["", "   ", "…"])
def test_nothing_refuses_nothing(text: str) -> None:
    assert refusal_score(text) == 0.0


@given(st.text(max_size=300))
def test_any_text_has_a_probability(text: str) -> None:
    assert 0.0 <= refusal_score(text) <= 1.0
