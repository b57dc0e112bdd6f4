"""The regression that a voice is learned by, and how surely it orders texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from twin_data.scoring.style_features import Floats

STOP = {"maxiter": 200, "ftol": 1e-6, "gtol": 1e-6}
"""Further steps move weights, not the order of texts."""
Rows = NDArray[np.bool_]


def logistic(inputs: sparse.csr_matrix | Floats, is_own: Rows, weights: Floats, penalty: float) -> Floats:
    """L2-penalised weighted logistic regression; the last column is the intercept, which is not penalised."""
    signs = np.where(is_own, 1.0, -1.0)

    def loss(beta: Floats) -> tuple[float, Floats]:
        margins = signs * (inputs @ beta)
        value = float(weights @ np.logaddexp(0, -margins))
        gradient = (-(weights * signs / (1 + np.exp(np.clip(margins, -500, 500))))) @ inputs
        shrunk = np.append(beta[:-1], 0.0)
        return value + 0.5 * penalty * 1e-3 * float(shrunk @ shrunk), gradient + penalty * 1e-3 * shrunk

    found = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B", options=STOP)
    return np.asarray(found.x)


def auc(logits: Floats, is_own: Rows) -> float:
    """Probability that an own segment scores above another author's (Mann-Whitney)."""
    order = np.argsort(np.concatenate([logits[is_own], logits[~is_own]]), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    own = int(is_own.sum())
    return float((ranks[:own].sum() - own * (own + 1) / 2) / (own * (len(logits) - own)))
