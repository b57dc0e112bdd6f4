"""All that is known of one bundle on one question set: what the gate compares and the report shows. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from twin_data.contracts.evaluation import EvaluationReport, HeldOutQuestion, Score, Unmeasured
from twin_data.scoring.topic_sentences import MIN_SENTENCES
from twin_eval.bias import topic_bias
from twin_eval.client import REFUSED
from twin_eval.coverage_risk import calibrate, why_not
from twin_eval.errors import EvaluationError
from twin_eval.evidence import why_lost
from twin_eval.metrics import answer_scores, copying_score, voice_scores
from twin_eval.own_words import (
    DraftRecord,
    OwnText,
    VoiceSample,
    answer_voices,
    own_texts,
    voice_samples,
    with_copies,
    without_copies,
)
from twin_eval.phrase_overuse import NAME as OVERUSE
from twin_eval.phrase_overuse import phrase_overuse, why_no_overuse
from twin_eval.probes import ProbeRecord, probe_scores
from twin_eval.questions import questions_digest
from twin_eval.records import AnswerRecord
from twin_eval.references import References
from twin_eval.scorers import ScoredAnswer, score_record
from twin_eval.statistics import IntervalConfig
from twin_eval.stress_scores import StressRecord, stress_scores


@dataclass(frozen=True, kw_only=True)
class ScoredRun:
    """The scores, and the rows that they were made of; these are not shown, as event loops ask for results as text."""

    report: EvaluationReport
    answers: tuple[ScoredAnswer, ...] = field(repr=False)
    drafts: tuple[DraftRecord, ...] = field(default=(), repr=False)
    texts: tuple[OwnText, ...] = field(default=(), repr=False)
    """What the twin worded itself."""
    samples: tuple[VoiceSample, ...] = field(default=(), repr=False)
    probes: tuple[ProbeRecord, ...] = field(default=(), repr=False)
    stress: tuple[StressRecord, ...] = field(default=(), repr=False)

    @property
    def model_name(self) -> str:
        """`<persona>@<bundle>`."""
        return f"{self.report.persona}@{self.report.bundle}"

    @property
    def why_silent(self) -> str:
        """Why the bundle's model never spoke, by the first error; empty if it did, or if there was no error.

        Declining what needs no model tells nothing of the model: the service does so for any bundle.
        """
        errors = [one.record.error.message for one in self.answers if one.record.error]
        answers = [one.record.answer for one in self.answers if one.record.answer]
        spoke = any(one.is_of_model or not one.is_declined for one in answers)
        return errors[0] if errors and not spoke else ""

    @property
    def is_refused(self) -> bool:
        """Whether the bundle's model never spoke because the service does not serve it, and for no other reason.

        A model that was slow, busy or away is there again when it is asked again.
        """
        codes = {one.record.error.code for one in self.answers if one.record.error}
        return bool(self.why_silent) and codes <= REFUSED

    @property
    def failed(self) -> int:
        """Questions on which the endpoint failed: they are asked again by the next evaluation."""
        return sum(one.scores is None for one in self.answers)


@dataclass(frozen=True, kw_only=True)
class RunRecords:
    """What was asked of a bundle and what came back, with all that is needed to score it."""

    persona: str
    bundle: str
    index: str
    questions: Sequence[HeldOutQuestion]
    records: Sequence[AnswerRecord]
    """In the order of the questions."""
    drafts: Sequence[DraftRecord]
    document_text: Callable[[str], str | None]
    """The clean text of a document by its id; None where it could not be had."""
    references: References = References()
    """What the answers are held against."""
    probes: Sequence[ProbeRecord] = ()
    stress: Sequence[StressRecord] = ()
    concurrency: int | None = None
    """Questions under way at a time; None takes every answer's seconds as they are."""


def score_run(run: RunRecords, *, ks: Sequence[int], config: IntervalConfig) -> ScoredRun:
    """Score everything.

    Raises:
        EvaluationError: There is nothing to score.
    """
    if not run.questions:
        raise EvaluationError("an evaluation of no questions has no result", next_step="write a questions.jsonl")
    held = run.references
    answers = _scored_answers(run, ks)
    texts = worded = own_texts(answers, run.drafts)
    if held.corpus is not None:
        texts, worded = with_copies(texts, held.corpus), without_copies(texts, held.corpus)
    samples = voice_samples(run.bundle, worded, held.voice) if held.voice else ()
    overuse = phrase_overuse(worded, held.held_out, held.phrases, config=config) if held.phrases else None
    calibration = calibrate(answers, costs=held.costs, config=config)
    bias = topic_bias(texts, held.held_out, config=config) if held.held_out else None
    scores = (
        *answer_scores(answers, ks=ks, config=config),
        *voice_scores(samples, config=config),
        *(one for one in (copying_score(texts), overuse) if one),
        *(calibration.scores if calibration else ()),
        *(bias.scores if bias else ()),
        *probe_scores(run.probes),
        *stress_scores(run.stress, answers, config=config),
    )
    report = EvaluationReport(
        persona=run.persona,
        bundle=run.bundle,
        questions_digest=questions_digest(run.questions),
        scores=scores,
        unmeasured=_unmeasured(run, scores, answers, samples),
        index=run.index,
        voice_digest=held.voice.digest if held.voice else None,
        voice_contrast=held.voice_contrast if held.voice else "",
        currency=_currency(run.records),
        coverage_risk=calibration.found if calibration else None,
        topics=bias.sentiment.topics if bias else (),
        stances=bias.stance.topics if bias else (),
    )
    return ScoredRun(
        report=report,
        answers=answers,
        drafts=tuple(run.drafts),
        texts=texts,
        samples=samples,
        probes=tuple(run.probes),
        stress=tuple(run.stress),
    )


def _scored_answers(run: RunRecords, ks: Sequence[int]) -> tuple[ScoredAnswer, ...]:
    """Each record with its scores, in the order of the questions."""
    held = run.references
    voices = answer_voices(run.records, held.voice) if held.voice else [None] * len(run.records)
    answers = (
        score_record(
            question, record, run.document_text, ks=ks, voice=voice, evidence_held=question.id not in held.lost_evidence
        )
        for question, record, voice in zip(run.questions, run.records, voices, strict=True)
    )
    return tuple(
        one.model_copy(
            update={
                "is_timed": _is_timed(one.record, run.concurrency),
                "held_by": held.held_by.get(one.question.id),
            }
        )
        for one in answers
    )


def _is_timed(record: AnswerRecord, concurrency: int | None) -> bool:
    """Whether it was asked at this concurrency; a run before this one may have asked it at another."""
    return None in (record.concurrency, concurrency) or record.concurrency == concurrency


def _unmeasured(
    run: RunRecords, scores: Sequence[Score], answers: Sequence[ScoredAnswer], samples: Sequence[VoiceSample]
) -> tuple[Unmeasured, ...]:
    """Every figure that readers would look for and not find, with its reason."""
    held = run.references
    no_topic = (
        f"no word stands in {MIN_SENTENCES} sentences of the twin's own and of the held-out documents"
        if held.held_out
        else "no document was held out"
    )
    reasons = {
        "facts_found": "no question that could be scored has essential facts (a self-check has none)",
        "evidence_all": "no question that could be scored quotes its evidence",
        "quotes_verbatim": "nothing was cited, or no cited document could be fetched",
        "cost": "the bundle's recipe states no price for the machine",
        "voice": _why_no_voice(held, samples),
        "voice.answers": "the answers hold too few words that are neither quoted nor copied, or but one sample",
        "voice.drafts": _why_no_drafts(run.drafts),
        "copied_8grams": (
            "no answer or draft holds eight unquoted words in a row"
            if held.corpus is not None
            else "the persona's documents were not given"
        ),
        OVERUSE: why_no_overuse(held.phrases, held.held_out) if held.phrases else held.why_no_phrases,
        "decision_risk_area": why_not(answers),
        "bias_amplification": no_topic,
        "stance_amplification": no_topic,
    }
    if held.voice is None:  # said once
        del reasons["voice.answers"], reasons["voice.drafts"]
    missing = reasons.keys() - {score.name for score in scores}
    found = [Unmeasured(name=name, reason=reason) for name, reason in reasons.items() if name in missing]
    if shown := max((one.scores.passages for one in answers if one.scores and one.question.evidence), default=0):
        found.append(Unmeasured(name=f"evidence deeper than {shown}", reason="the service showed no more passages"))
    if untimed := sum(one.record.answer is not None and not one.is_timed for one in answers):
        reason = f"they were asked before with other than {run.concurrency} under way at a time, and not again for that"
        found.append(Unmeasured(name=f"seconds of {untimed} answers", reason=reason))
    if lost := [one.id for one in run.questions if one.id in held.lost_evidence]:
        found.append(Unmeasured(name=f"evidence of {len(lost)} questions", reason=why_lost(lost, run.persona)))
    return tuple(found)


def _why_no_voice(held: References, samples: Sequence[VoiceSample]) -> str:
    if held.voice is None:
        return held.why_no_voice
    return "every sample of unquoted text is too short" if samples else "the twin shipped no words of its own"


def _why_no_drafts(drafts: Sequence[DraftRecord]) -> str:
    errors = [draft.record.error.message for draft in drafts if draft.record.error]
    if not drafts:
        return "nothing was asked to be written: no suitable document was held out, or no briefs were wanted"
    return errors[0] if len(errors) == len(drafts) else "the drafts were declined or hold too few unquoted words"


def _currency(records: Iterable[AnswerRecord]) -> str | None:
    return next(
        (one.answer.twin.cost.currency for one in records if one.answer and one.answer.twin.cost.currency), None
    )
