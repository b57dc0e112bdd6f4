"""Find every training passage that shares a run of thirteen words with the held-out test set.

Thirteen words is the length used for GPT-3's contamination study (Brown et al., 2020). The passages stay in the search
index, where they do no harm; as training material they are excluded by span.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from twin_data.contracts.base import Contract, Span
from twin_data.contracts.documents import CorpusDocument, Rejection, Split
from twin_data.scoring.sentences import grams, word_runs
from twin_data.store.schemas import to_frame, to_rows

STAGE = "decontaminate"


class DecontaminateConfig(Contract):
    """How long a shared run of words must be."""

    run_words: int = Field(default=13, ge=2, le=13)
    """A shorter run takes out more; a longer one would leave what the certificates, which look for 13, find."""


def run(inputs: pl.DataFrame, *, config: DecontaminateConfig) -> pl.DataFrame:
    """Spans of training documents that may not train, as rows of the contract `Rejection`.

    Args:
        inputs: Rows of the contract `CorpusDocument`.
        config: Length of the runs.
    """
    documents = to_rows(inputs, CorpusDocument)
    held_out = {
        gram
        for document in documents
        if document.split is Split.TEST
        for gram in grams(document.text, config.run_words)
    }
    exclusions = []
    for document in documents:
        if document.split is Split.TRAIN:
            runs = word_runs(document.text, config.run_words)
            overlaps = [Span(start=start, end=end) for gram, start, end in runs if gram in held_out]
            exclusions += [_exclusion(document, span, config.run_words) for span in _merged(overlaps)]
    return to_frame(exclusions, Rejection)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(start=merged[-1].start, end=max(span.end, merged[-1].end))
        else:
            merged.append(span)
    return merged


def _exclusion(document: CorpusDocument, span: Span, run_words: int) -> Rejection:
    return Rejection(
        stage=STAGE,
        document_id=document.document_id,
        text_digest=document.digest,
        start=span.start,
        end=span.end,
        reason=f"shares_{run_words}_words_with_the_test_set",
        redacted_text=span.of(document.text)[:200],
    )
