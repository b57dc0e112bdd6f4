"""The stages from the sources to the chunks in one go, for whoever needs no word between them."""

from __future__ import annotations

from collections.abc import Callable

from twin_data.store.stages import StageRecord, StageResult
from twin_data.transform.pipeline import FeaturesPipeline


def documents_and_chunks(
    pipeline: FeaturesPipeline, judge: Callable[[StageRecord], StageResult] | None = None
) -> tuple[StageRecord, StageRecord]:
    """Run what has yet to be run; the records of the stages that wrote the documents and the chunks.

    Args:
        pipeline: The features of a persona.
        judge: Makes documents of what passed the filter; the check of authorship if None.

    Raises:
        TwinError: What the stages raise.
    """
    unique = pipeline.dedupe(pipeline.clean(pipeline.collect().record).record).record
    separated = pipeline.split(unique).record
    pipeline.decontaminate(separated)
    judged = (judge or pipeline.authorship)(pipeline.filter(separated).record).record
    return judged, pipeline.chunk(judged).record
