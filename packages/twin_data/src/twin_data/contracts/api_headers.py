"""Headers of the public API, which serving reads and evaluation sends."""

from __future__ import annotations

FEATURE_HEADER = "X-Twin-Feature"
"""Of a request: what it is for; the ledger counts by it."""
EVALUATION_FEATURE = "evaluation"
"""What evaluations give there: only the owner's own key may, and monitoring passes over what they ask."""
CODE_HEADER = "X-Twin-Code"
"""Of the list of models: a digest of the code that answers."""
