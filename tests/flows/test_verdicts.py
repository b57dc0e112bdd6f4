from __future__ import annotations

import pytest

from flows.verdicts import TrainingNotAdvisableError, objections_to_training, require_advisable
from twin_data.transform.verdict import CorpusVerdict

VERDICT = CorpusVerdict(
    persona="ada", documents=3, own_words=900, training_words=800, test_words=100, chunks=9, families=3,
    by_source=(), by_year=(), by_kind=(), rejections={}, training_exclusions=0, authorship="not checked",
    recommendation="stay with prompt and retrieval", reasons=("800 words to train on; 20,000 are wanted",),
)  # fmt: skip
ENOUGH = VERDICT.model_copy(update={"recommendation": "enough to fine-tune", "reasons": ()})


def test_a_thin_corpus_is_not_trained_on() -> None:
    assert objections_to_training(VERDICT) == VERDICT.reasons
    with pytest.raises(TrainingNotAdvisableError, match="20,000 are wanted") as caught:
        require_advisable(VERDICT, None)
    assert "--override-reason" in (caught.value.next_step or "")


def test_somebody_may_take_it_on_themselves() -> None:
    require_advisable(VERDICT, "a demonstration")


def test_enough_material_needs_nobody() -> None:
    assert objections_to_training(ENOUGH.model_dump(mode="json")) == ()
    require_advisable(ENOUGH, None)
