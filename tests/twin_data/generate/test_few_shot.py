from __future__ import annotations

from collections.abc import Callable

import pytest

from twin_data.contracts.documents import Split
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.releases import PromptExample
from twin_data.generate.few_shot import TOKENS_PER_WORD, FewShotConfig, few_shot_examples
from twin_data.generate.instructions import InstructionConfig
from twin_data.generate.material import Material
from twin_data.scoring.sentences import words

CONTEXT = 2048
SMALL = FewShotConfig(answers=4, texts=1, max_chunks=60)


@pytest.fixture(scope="module")
def examples(material: Material) -> tuple[PromptExample, ...]:
    return few_shot_examples(material, SMALL, InstructionConfig(), context_tokens=CONTEXT)


def test_there_are_as_many_of_each_mode_as_wanted(examples: tuple[PromptExample, ...]) -> None:
    assert [one.mode for one in examples] == ["answer"] * 4 + ["write"]


def test_every_word_stands_in_training_documents_and_none_in_what_was_held_out(
    material: Material, examples: tuple[PromptExample, ...]
) -> None:
    assert any(one.split is Split.TEST for one in material.documents), "else nothing is shown"
    for one in examples:
        assert one.spans
        for span in one.spans:
            document = material.document[span.document_id]
            assert document.split is Split.TRAIN and document.digest == span.document_digest
            assert not material.is_excluded(span)
        assert not material.overlaps_test_set(one.response) and not material.overlaps_test_set(one.asked)
        assert not material.repeats_held_out_question(one.asked)


def test_answers_come_from_different_families(material: Material, examples: tuple[PromptExample, ...]) -> None:
    families = [material.document[one.spans[0].document_id].family for one in examples if one.mode == "answer"]
    assert len(set(families)) == len(families)


def test_the_same_material_gives_the_same_examples(material: Material, examples: tuple[PromptExample, ...]) -> None:
    assert few_shot_examples(material, SMALL, InstructionConfig(), context_tokens=CONTEXT) == examples
    other = few_shot_examples(material, SMALL, InstructionConfig(seed=3), context_tokens=CONTEXT)
    assert other != examples


def test_they_leave_the_model_room(material: Material) -> None:
    config = SMALL.model_copy(update={"max_context_share": 0.1})
    shown = few_shot_examples(material, config, InstructionConfig(), context_tokens=1024)
    for mode in ("answer", "write"):
        spent = sum(len(words(one.asked)) + len(words(one.response)) for one in shown if one.mode == mode)
        assert spent * TOKENS_PER_WORD <= 0.1 * 1024


def test_a_corpus_that_gives_none_says_so(small_material: Callable[..., Material]) -> None:
    material = small_material({"notes/a.md": ["Yes."]})
    with pytest.raises(CorpusError, match="no example"):
        few_shot_examples(material, SMALL, InstructionConfig(), context_tokens=CONTEXT)
