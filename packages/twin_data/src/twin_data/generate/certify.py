"""The certificate of a dataset: what training reads first, and refuses to go on without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import regex

from twin_data.contracts.base import NamedDigest
from twin_data.contracts.datasets import (
    CertificateCheck,
    DatasetCertificate,
    DatasetKind,
    DroppedRow,
    Instruction,
    Preference,
    ReasonCount,
    RejectedReason,
    ResponseSource,
    SourceSpan,
    TeacherWording,
)
from twin_data.contracts.digests import digest_rows
from twin_data.contracts.documents import BLOCK_SEPARATOR, Split
from twin_data.generate.asking import QUESTION_TEMPLATES
from twin_data.generate.briefs import BRIEF_TEMPLATES
from twin_data.generate.grounding import chunks_of, unsupported_sentences
from twin_data.generate.material import Material
from twin_data.generate.repeats import duplicates, repeated
from twin_data.prompts.renderer import prompt_digest, template_files
from twin_data.scoring.sentences import content_stems, grams
from twin_data.statistics import mean_with_interval
from twin_data.store.stages import code_digest

MAX_DUPLICATE_RESPONSES = 0.02
MAX_TEMPLATE_SHARE = 0.15
ECHO_WORDS = 6
"""Length of a run of words of a template that no response may repeat."""
LENGTH_RATIOS = (0.9, 1.1)
"""Mean length of the chosen by that of the rejected."""
_SLOT = regex.compile(r"\{\w+\}|\{\{.*?\}\}|\{%.*?%\}", regex.S)


@dataclass(frozen=True)
class CertifyInputs:
    """What a certificate is made of, beside the rows.

    Attributes:
        persona: Name of the persona.
        material: The features the rows were made of; every span is read again.
        dropped: What the stages dropped.
        inputs: Digests of the tables the rows were made of, by name.
        teacher: Name of the teacher; `none` for the rules alone.
        min_rows: Fewest rows that are worth training on.
        wordings: What the teacher was asked.
    """

    persona: str
    material: Material
    dropped: Sequence[DroppedRow]
    inputs: Mapping[str, str]
    teacher: str
    min_rows: int
    wordings: Sequence[TeacherWording] = ()


def certify_instructions(rows: Sequence[Instruction], inputs: CertifyInputs) -> DatasetCertificate:
    """Check the rows of supervised fine-tuning against every bar."""
    responses = [row.response for row in rows]
    repeats = repeated((row.task, row.response) for row in rows)
    checks = (
        _at_least("rows", len(rows), inputs.min_rows, detail=_commonest_loss(inputs.dropped)),
        _none("empty_or_blank", sum(not row.response.strip() or not row.prompt for row in rows)),
        *_trace(rows, [_traced(inputs.material, row) for row in rows]),
        _overlap(inputs.material, [(row.prompt[-1].content, row.response, (*row.spans, *row.context)) for row in rows]),
        _none("duplicate_instructions", duplicates(row.prompt[-1].content for row in rows)),
        _at_most("duplicate_responses", _share(repeats, len(rows)), MAX_DUPLICATE_RESPONSES),
        _worn_template(rows),
        _none("template_echo_in_responses", _echoes(responses)),
    )
    made = Counter((f"{row.task}", f"{row.response_source}") for row in rows)
    return _certificate(DatasetKind.INSTRUCTIONS, rows, sum(row.held_out for row in rows), inputs, checks, made)


def certify_preferences(rows: Sequence[Preference], inputs: CertifyInputs) -> DatasetCertificate:
    """Check the pairs of preference optimisation against every bar."""
    chosen = [row.chosen for row in rows]
    repeats = repeated((row.task, row.chosen) for row in rows)
    checks = (
        _at_least("rows", len(rows), inputs.min_rows, detail=_commonest_loss(inputs.dropped)),
        _none("empty_or_blank", sum(not (row.chosen.strip() and row.rejected.strip() and row.prompt) for row in rows)),
        _none("chosen_equals_rejected", sum(row.chosen.split() == row.rejected.split() for row in rows)),
        *_trace(rows, [_traced_pair(inputs.material, row) for row in rows]),
        _overlap(inputs.material, [(row.prompt[-1].content, row.chosen, (*row.spans, *row.context)) for row in rows]),
        _none("duplicate_pairs", duplicates(f"{row.prompt[-1].content}\n{row.chosen}\n{row.rejected}" for row in rows)),
        _at_most("duplicate_chosen", _share(repeats, len(rows)), MAX_DUPLICATE_RESPONSES),
        _none("template_echo_in_responses", _echoes(chosen)),
        _length_ratio(rows),
        _both_ways(rows),
        *_voice(rows),
    )
    made = Counter((f"{row.task}", f"{row.reason}") for row in rows)
    return _certificate(DatasetKind.PREFERENCES, rows, sum(row.held_out for row in rows), inputs, checks, made)


def _certificate(
    kind: DatasetKind,
    rows: Sequence[Instruction] | Sequence[Preference],
    held_out: int,
    inputs: CertifyInputs,
    checks: tuple[CertificateCheck, ...],
    made: Counter[tuple[str, str]],
) -> DatasetCertificate:
    lost = Counter((row.stage, row.reason) for row in inputs.dropped)
    counts = [ReasonCount(stage=f"made:{task}", reason=why, rows=count) for (task, why), count in sorted(made.items())]
    counts += [ReasonCount(stage=f"dropped:{at}", reason=why, rows=count) for (at, why), count in sorted(lost.items())]
    return DatasetCertificate(
        persona=inputs.persona,
        kind=kind,
        dataset_digest=digest_rows(rows),
        rows=len(rows),
        held_out_rows=held_out,
        inputs=tuple(NamedDigest(name=name, digest=digest) for name, digest in sorted(inputs.inputs.items())),
        template_digest=prompt_digest(),
        teacher=inputs.teacher,
        teacher_asked=len(inputs.wordings),
        teacher_worded=sum(not one.rejected for one in inputs.wordings),
        code_digest=code_digest(),
        counts=tuple(counts),
        checks=checks,
    )


def _trace(rows: Sequence[object], faults: Sequence[str]) -> tuple[CertificateCheck]:
    """Every row's words are where its spans say, in the documents as they stand."""
    traced = _share(sum(not fault for fault in faults), len(rows))
    worst = Counter(fault for fault in faults if fault).most_common(1)
    return (
        CertificateCheck(
            name="span_traceability",
            value=round(traced, 6),
            wanted="= 1",
            passed=bool(rows) and not any(faults),
            detail=f"{worst[0][0]} ({worst[0][1]} rows)" if worst else "",
        ),
    )


def _traced(material: Material, row: Instruction) -> str:
    return trace_fault(material, row.response, row.response_source, row.spans, row.context)


def _traced_pair(material: Material, row: Preference) -> str:
    return trace_fault(material, row.chosen, row.chosen_source, row.spans, row.context)


def trace_fault(
    material: Material,
    response: str,
    source: ResponseSource,
    spans: Sequence[SourceSpan],
    context: Sequence[SourceSpan],
) -> str:
    """What is wrong with a row's spans; empty if the response can be traced to the persona's own words.

    Args:
        material: Holds the documents that the spans count in.
        response: The words to be traced.
        source: How they were made of the spans' words.
        spans: Where they stand.
        context: Where the prompt's passages stand.
    """
    for span in (*spans, *context):
        document = material.document.get(span.document_id)
        if document is None or document.digest != span.document_digest or span.end > len(document.text):
            return "a span names a document that is not in the store"
        if document.split is not Split.TRAIN:
            return "a span lies in the test set"
    if source is ResponseSource.REFUSAL:
        return "" if not spans else "a refusal has spans"
    if not spans:
        return "a response has no spans"
    texts = [span.of(material.document[span.document_id].text) for span in spans]
    if source is ResponseSource.OWN and _squeezed(response) != _squeezed(BLOCK_SEPARATOR.join(texts)):
        return "an own response is not the spans' text"
    if source is ResponseSource.DRAFT and unsupported_sentences(
        response, chunks_of(material, context, spans), material
    ):
        return "a draft says what its passages do not"
    if source is ResponseSource.ADAPTED and not set(content_stems(response)) <= set(content_stems(" ".join(texts))):
        return "an adapted response says a word that its spans lack"
    if source is ResponseSource.ADAPTED and unsupported_sentences(response, chunks_of(material, (), spans), material):
        return "an adapted response says what its spans do not"
    return ""


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _overlap(material: Material, rows: Iterable[tuple[str, str, tuple[SourceSpan, ...]]]) -> CertificateCheck:
    touching = sum(
        material.overlaps_test_set(prompt)
        or material.overlaps_test_set(response)
        or any(material.is_excluded(span) for span in spans)
        for prompt, response, spans in rows
    )
    return _none("test_set_overlap_13_grams", touching)


def _worn_template(rows: Sequence[Instruction]) -> CertificateCheck:
    used = Counter(row.template for row in rows)
    name, count = used.most_common(1)[0] if used else ("", 0)
    return _at_most("largest_template_share", _share(count, len(rows)), MAX_TEMPLATE_SHARE, detail=name)


def _echoes(responses: Iterable[str]) -> int:
    """Responses that repeat a run of words of a question, a brief or a prompt."""
    texts = [
        *QUESTION_TEMPLATES.values(),
        *BRIEF_TEMPLATES.values(),
        *(one.read_text("utf-8") for one in template_files()),
    ]
    fixed = {gram for text in texts for piece in _SLOT.split(text) for gram in grams(piece, ECHO_WORDS)}
    return sum(any(gram in fixed for gram in grams(response, ECHO_WORDS)) for response in responses)


def _length_ratio(rows: Sequence[Preference]) -> CertificateCheck:
    low, high = LENGTH_RATIOS
    rejected = sum(len(row.rejected.split()) for row in rows)
    ratio = _share(sum(len(row.chosen.split()) for row in rows), rejected)
    return CertificateCheck(
        name="length_ratio_chosen_to_rejected",
        value=round(ratio, 6),
        wanted=f"between {low} and {high}",
        passed=low <= ratio <= high,
    )


def _both_ways(rows: Sequence[Preference]) -> CertificateCheck:
    """Refusals are wrong in some pairs and right in others: else the model learns one or the other for good."""
    refused = sum(row.reason is RejectedReason.WRONGLY_REFUSED for row in rows)
    answered = sum(row.reason is RejectedReason.WRONGLY_ANSWERED for row in rows)
    return CertificateCheck(
        name="refusal_pairs_each_way",
        value=float(min(refused, answered)),
        wanted="≥ 1",
        passed=min(refused, answered) >= 1,
        detail=f"{refused} wrongly refused, {answered} wrongly answered",
    )


def _voice(rows: Sequence[Preference]) -> tuple[CertificateCheck, ...]:
    """The chosen have more of the voice than the rejected, caricatures aside; left out where no pair was scored."""
    gaps = [
        row.chosen_voice - row.rejected_voice
        for row in rows
        if row.reason is not RejectedReason.CARICATURE
        and row.chosen_voice is not None
        and row.rejected_voice is not None
    ]
    if not gaps:
        return ()
    mean, low, high = mean_with_interval(gaps)
    return (
        CertificateCheck(
            name="voice_of_chosen_less_rejected",
            value=round(mean, 6),
            wanted="> 0",
            passed=mean > 0,
            detail=f"95 % interval {low:.3f} to {high:.3f}, {len(gaps)} pairs",
        ),
    )


def _commonest_loss(lost: Sequence[DroppedRow]) -> str:
    """Why most of what did not become a row was dropped."""
    reasons = Counter(row.reason for row in lost).most_common(1)
    return "".join(f"{count} of {len(lost)} stretches dropped as {reason}" for reason, count in reasons)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _none(name: str, count: int) -> CertificateCheck:
    return CertificateCheck(name=name, value=float(count), wanted="= 0", passed=count == 0)


def _at_least(name: str, count: int, fewest: int, *, detail: str = "") -> CertificateCheck:
    return CertificateCheck(
        name=name,
        value=float(count),
        wanted=f"≥ {fewest}",
        passed=count >= fewest,
        detail=detail if count < fewest else "",
    )


def _at_most(name: str, value: float, most: float, *, detail: str = "") -> CertificateCheck:
    return CertificateCheck(name=name, value=round(value, 6), wanted=f"≤ {most}", passed=value <= most, detail=detail)
