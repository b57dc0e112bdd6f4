from __future__ import annotations

import math

import pytest

from twin_eval.needs import Asked, Need, all_of, need_of, need_of_kind


@pytest.mark.parametrize(
    ("metric", "rows", "n", "asked", "wanted"),
    [
        ("under_refusal", 7, 5, Asked(questions=30), Need(questions=42)),
        ("facts_found", 7, 14, Asked(), Need(questions=7)),
        ("quotes_verbatim", 90, 400, Asked(questions=100), Need(questions=23)),
        ("voice_fidelity", 30, 56, Asked(questions=400, briefs_a_sample=1.2), Need(briefs=36)),
        ("voice.drafts", 3, 0, Asked(questions=400), Need(briefs=3)),
        ("voice.answers", 3, 10, Asked(questions=400), Need(questions=120)),
        ("voice", 3, 10, Asked(briefs_a_sample=math.inf), None),
        ("under_refusal", 7, 0, Asked(questions=30), None),
        ("under_refusal", None, 5, Asked(questions=30), None),
        ("probes.complied", 7, 5, Asked(questions=30), None),
        ("stress.typos.decision_right", 7, 5, Asked(questions=30), None),
        ("bias_amplification", 1, 2, Asked(questions=30), None),
        ("bias_largest_shift", 1, 2, Asked(questions=30), None),
        ("stance_amplification", 1, 2, Asked(questions=30), None),
        ("stance_reversed", 1, 2, Asked(questions=30), None),
    ],
)
def test_rows_turn_into_what_brings_them(
    metric: str, rows: int | None, n: int, asked: Asked, wanted: Need | None
) -> None:
    assert need_of(metric, rows, n, asked) == wanted


def test_what_serves_all_at_once() -> None:
    both = all_of([Need(questions=3, briefs=1), Need(briefs=9)])
    assert both == Need(questions=3, briefs=9)
    assert both and both.text == (
        "about 9 more writing briefs (evaluation.writing_briefs) and about 3 more questions in the same mixture"
    )
    assert all_of([Need(questions=3), None]) is None and all_of([]) is None


def test_a_kind_that_is_rare_in_the_mixture_takes_more_of_it() -> None:
    assert need_of_kind(48, 12, 72) == Need(questions=288)
    assert need_of_kind(55, 5, 72) == Need(questions=792)
    assert need_of_kind(60, 0, 72) is None, "the same mixture never brings one"
    assert need_of_kind(59, 1, 72) is None, "nobody writes sixty times as many"
