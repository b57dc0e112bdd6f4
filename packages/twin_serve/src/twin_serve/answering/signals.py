"""What monitoring wants to know of an answer, beside its texts."""

from __future__ import annotations

from twin_data.contracts.answers import SentenceOutcome, VerifiedAnswer

_JUDGED = frozenset({SentenceOutcome.SUPPORTED, SentenceOutcome.DROPPED, SentenceOutcome.UNSUPPORTED})


def signals_of(answer: VerifiedAnswer, answerability: float | None) -> dict[str, float | None]:
    """Figures of one answer by name; None where there was nothing to measure.

    Returns:
        `top_cosine`, -1 to 1, and `top_fused`, 0 to 1: the best passage by embedding and by both searches together.
        `answerability`, 0 to 1: how likely the passages hold an answer. `supported_share`, 0 to 1: the share of
        the draft's judged sentences that hold.
    """
    passages = answer.retrieval.passages if answer.retrieval else ()
    judged = [check.outcome for check in answer.sentences if check.outcome in _JUDGED]
    share = judged.count(SentenceOutcome.SUPPORTED) / len(judged) if judged else None
    return {
        "top_cosine": _rounded(max((one.cosine for one in passages if one.cosine is not None), default=None)),
        "top_fused": _rounded(max((one.fused for one in passages), default=None)),
        "answerability": _rounded(answerability),
        "supported_share": _rounded(share),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
