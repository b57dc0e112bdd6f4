from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from twin_data.contracts.errors import CorpusError
from twin_eval.monitoring.similarity import CorpusVectors, foreign_probes


def test_a_question_is_as_near_as_its_nearest_chunk(corpus: CorpusVectors) -> None:
    on, off = corpus.similarities(["Who spliced the rope?", "Who won the cup?"])
    assert on == pytest.approx(1.0)
    assert off < 0.3
    assert corpus.similarities([]).shape == (0,)
    many = corpus.similarities(["Who spliced the rope?", "Who won the cup?"] * 300)
    assert many == pytest.approx(np.tile([on, off], 300))


def test_sentences_are_compared_with_other_documents_only(corpus: CorpusVectors) -> None:
    near = sorted(corpus.expected_similarities.tolist())
    assert near[0] < 0.1, "the lamp's document stands alone: its own sentence must not find itself"
    assert near[1:] == pytest.approx([1.0, 1.0])


def test_one_document_is_compared_chunk_by_chunk(corpus: CorpusVectors) -> None:
    alone = dataclasses.replace(corpus, documents=np.asarray(["posts/all"] * 3))
    assert sorted(alone.expected_similarities.tolist()) == pytest.approx(sorted(corpus.expected_similarities.tolist()))


def test_one_chunk_is_no_corpus_to_compare_with(corpus: CorpusVectors) -> None:
    tiny = CorpusVectors(corpus.documents[:1], corpus.texts[:1], corpus.vectors[:1], corpus.encoder)
    with pytest.raises(CorpusError, match="too small"):
        _ = tiny.expected_similarities


def test_texts_and_vectors_belong_together(corpus: CorpusVectors) -> None:
    with pytest.raises(ValueError, match="as many"):
        CorpusVectors(corpus.documents, corpus.texts[:2], corpus.vectors, corpus.encoder)


def test_the_probes_are_foreign(corpus: CorpusVectors) -> None:
    assert len(foreign_probes()) >= 10
    assert corpus.foreign_level.mean < 0.4
