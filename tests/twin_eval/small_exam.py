"""Seven questions, and what a small service answers to them: right, wrong, declined and failed."""

from __future__ import annotations

import httpx

from twin_eval.fake_service import citation, completion, passage, refusal
from twin_eval.run import EvaluationConfig
from twin_eval.scored_run import ScoredRun

BUNDLE = "0123456789ab"
TEXT = "The wind backed.\n\nIt was high water at Ferrier's. Nobody slept that night."
QUOTE = "It was high water at Ferrier's."
CONFIG = EvaluationConfig(ks=(1, 2))


def right() -> httpx.Response:
    return completion(
        "High water, and so I said. [1]",
        bundle=BUNDLE,
        citations=[citation(1, "notes/a.md", TEXT, QUOTE)],
        passages=[passage("notes/a.md", TEXT, 18, len(TEXT)), passage("notes/a.md", TEXT, 0, 16)],
        sentences=[{"text": "High water it was.", "outcome": "supported", "support": 0.9, "citations": [1]}],
    )


def declined() -> httpx.Response:
    return completion("I would rather not.", bundle=BUNDLE, outcome="declined", decline_reason="nothing found")


def respond(question: str) -> httpx.Response:
    """Right on q1 and q2, wrongly refused q3, no fact in q4, failed on q5; of u1 and u2 one wrongly answered."""
    name = question.removeprefix("What of ").removesuffix("?")
    match name:
        case "q1" | "q2":
            return right()
        case "q4":
            return completion("Low, I think. [1]", bundle=BUNDLE, citations=[citation(1, "gone.md", "Low", "Low")])
        case "q5":
            return refusal(503, "llm_unavailable", "the model is away")
        case "u2":
            return completion("Certainly!", bundle=BUNDLE, outcome="quoted")
    return declined()


def figures(run: ScoredRun) -> dict[str, tuple[float, int, int]]:
    return {one.name: (round(one.value, 4), one.n, one.unscored) for one in run.report.scores}
