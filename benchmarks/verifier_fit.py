"""The verifier's coefficients, fitted on labelled claims: `python -m benchmarks.verifier --fit`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.verifier_rows import Row
from twin_data.contracts.base import Span
from twin_data.contracts.releases import VerificationSettings
from twin_data.scoring.alignment import NOTHING, Relations
from twin_data.scoring.support import DEFAULT_MODEL, EvidenceText, SupportModel, stated
from twin_data.scoring.weights import TermWeights, term_weights

ROUNDS = 2
RIDGE = 0.0002
TRUE_KEPT = 0.805
"""Share of the true claims of the fitted half that shall pass the bar."""

Floats = NDArray[np.float64]


def fit(rows: Sequence[Row]) -> SupportModel:
    """Coefficients that tell the true rows from the false, each way of being false counting alike.

    Logistic regression with a ridge and without negative coefficients, over the rows whose words the evidence has: the
    others fail whatever the curve says. Which stretch of the evidence a claim is judged by depends on the
    coefficients, so they are fitted `ROUNDS` times. The intercept puts the bar where `TRUE_KEPT` of the true rows pass.
    """
    weights = term_weights(dict.fromkeys(text for row in rows for text in row.passages))
    bar = VerificationSettings().min_support
    true = np.array([row.is_true for row in rows])
    model = DEFAULT_MODEL
    for _ in range(ROUNDS):
        found = _features(rows, weights, model)
        in_doubt = np.array([stated(one) >= bar for one in found])
        features = np.array([astuple(one) for one in found])
        judged = [row for row, one in zip(rows, in_doubt, strict=True) if one]
        coefficients = _logistic_regression(features[in_doubt], judged)
        raw = np.where(in_doubt, features @ coefficients, -np.inf)
        model = _with_bar(coefficients, float(np.quantile(raw[true], 1 - TRUE_KEPT, method="lower")))
    return model


def _features(rows: Sequence[Row], weights: TermWeights, model: SupportModel) -> list[Relations]:
    """Relations to the passage that supports each row best; nothing where a hard constraint fails everywhere."""
    texts = dict.fromkeys(text for row in rows for text in row.passages)
    evidence = {text: EvidenceText(text, [Span(start=0, end=len(text))], model=model) for text in texts}
    found = []
    for row in rows:
        judged = ((evidence[text].support(row.text, weights.weight), text) for text in row.passages)
        _, text = max((one.score, text) for one, text in judged if one)
        found.append(evidence[text].relations(row.text, weights.weight) or NOTHING)
    return found


def _logistic_regression(features: Floats, rows: Sequence[Row]) -> Floats:
    sizes = Counter((row.is_true, "" if row.is_true else row.kind) for row in rows)
    false_kinds = len(sizes) - 1
    weights = np.array(
        [
            (1.0 if row.is_true else 1 / false_kinds) / sizes[row.is_true, "" if row.is_true else row.kind]
            for row in rows
        ]
    )
    signs = np.array([1.0 if row.is_true else -1.0 for row in rows])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margins = signs * (features @ parameters[1:] + parameters[0])
        slope = -weights * signs / (1 + np.exp(margins))
        ridge = RIDGE * parameters[1:]
        gradient = np.concatenate([[slope.sum()], features.T @ slope + ridge])
        return float(weights @ np.logaddexp(0, -margins) + ridge @ parameters[1:] / 2), gradient

    count = features.shape[1]
    # `near` is in what is stated; beside the seams it told nothing.
    bounds = [(None, None), *[(0.0, 0.0 if one == "near" else None) for one in Relations.__annotations__]]
    solved = minimize(loss, np.zeros(count + 1), jac=True, bounds=bounds, method="L-BFGS-B")
    return np.round(solved.x[1:], 2)


def _with_bar(coefficients: Floats, raw: float) -> SupportModel:
    """The curve that has the shipped bar where the weighted sum of the relations is `raw`."""
    bar, total = VerificationSettings().min_support, float(coefficients.sum())
    low, high = -60.0, 60.0
    for _ in range(80):
        middle = (low + high) / 2
        ends = [1 / (1 + np.exp(-(middle + one))) for one in (0.0, raw, total)]
        low, high = (middle, high) if (ends[1] - ends[0]) / (ends[2] - ends[0]) < bar else (low, middle)
    return SupportModel(intercept=round(low, 2), coefficients=tuple(float(one) for one in coefficients))
