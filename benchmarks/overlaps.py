"""Peers of the verifier that count words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from twin_data.scoring.sentences import words
from twin_data.scoring.wording import in_order


def token_f1(one: list[str], other: list[str]) -> float:
    """F1 of the words that two texts have in common, as SQuAD counts it."""
    shared = sum((Counter(one) & Counter(other)).values())
    return 2 * shared / (len(one) + len(other)) if shared else 0.0


def rouge_scorer() -> Callable[[str, str], float]:
    """ROUGE-L's precision (Lin, 2004), of a stretch and a claim."""
    try:
        from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-not-found]
    except ImportError:
        print("rouge-score is not installed: ROUGE-L by our own longest common subsequence\n")
        return _own_rouge_l
    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    return lambda window, claim: float(scorer.score(window, claim)["rougeL"].precision)


def _own_rouge_l(window: str, claim: str) -> float:
    said = words(claim.casefold())
    return in_order(said, words(window.casefold())) / len(said)
