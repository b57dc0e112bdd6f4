"""Questions that the passages in the prompt do not answer, and the refusals they call for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twin_data.contracts.datasets import DroppedRow, ResponseSource, TaskKind
from twin_data.contracts.digests import digest_text
from twin_data.generate.candidates import Candidate, dropped, own_evidence
from twin_data.generate.material import Material, Neighbours
from twin_data.generate.refusals import refusal
from twin_data.scoring.sentences import content_stems

MAX_SUPPORT = 0.4
"""Support of the true answer by a shown passage above which the question could be answered from it."""
TRIED_SHARE, MAX_TRIED = 0.25, 400
"""Share of the answerable units that are tried, and how many of them at most."""


def decline_candidates(
    material: Material, answerable: Sequence[Candidate], *, passages: int, seed: int
) -> tuple[list[Candidate], list[DroppedRow]]:
    """Turn some answerable questions into unanswerable ones: the passages shown come from other families.

    Args:
        material: The features.
        answerable: Candidates of every task; questions about a phrase are used.
        passages: How many passages a prompt shows.
        seed: Chooses which units.
    """
    neighbours = Neighbours(material)
    units: dict[str, Candidate] = {}
    for one in answerable:
        if one.task is TaskKind.ANSWER and any(asked.focus for asked in one.asked):
            units.setdefault(one.unit, one)
    ordered = sorted(units.values(), key=lambda one: digest_text(f"{seed}:decline:{one.unit}"))
    found, lost = [], []
    for turn, one in enumerate(ordered[: min(MAX_TRIED, max(1, int(TRIED_SHARE * len(ordered))))]):
        asked = tuple(
            asked for asked in one.asked if asked.focus == (first := next(a.focus for a in one.asked if a.focus))
        )
        shown = neighbours.nearest(asked[0].text, one.chunk, passages, without={one.family})
        if not shown or _answers(material, one, first, shown):
            lost.append(dropped("decline", "other_passages_answer_it", one.unit, asked[0].text))
            continue
        _, text = refusal(refused_subject(first), turn)
        found.append(
            replace(
                one,
                task=TaskKind.DECLINE,
                asked=asked,
                response=text,
                response_source=ResponseSource.REFUSAL,
                spans=(),
                refusal=text,
                answer=one.response,
            )
        )
    return found, lost


def refused_subject(focus: str) -> str:
    """What a question asks about, as a refusal names it."""
    return focus if focus[:1].isupper() else f"the {focus}"


def _answers(material: Material, one: Candidate, focus: str, shown: Sequence[int]) -> bool:
    """Whether one of the passages speaks of the subject, or supports the true answer."""
    wanted = set(content_stems(focus))
    for at in shown:
        chunk = material.chunks[at]
        if wanted <= set(content_stems(chunk.text)):
            return True
        support = own_evidence(chunk).support(one.response, material.weights.weight)
        if support is not None and support.score > MAX_SUPPORT:
            return True
    return False
