"""The record of a stage: what it did, and for DPO whether it had an effect on pairs it never saw."""

from __future__ import annotations

from collections.abc import Sequence

from twin_data.contracts.digests import digest_value
from twin_data.contracts.evaluation import Score
from twin_data.contracts.training import TrainingForecast, TrainingRecord, TrainingStage
from twin_data.statistics import wilson_interval
from twin_train.job import LoggedStep, TrainingJob, WorkerOutcome
from twin_train.prepared import Prepared

PREFERENCE_ACCURACY = "preference_accuracy"


def make_record(
    job: TrainingJob,
    outcome: WorkerOutcome,
    steps: Sequence[LoggedStep],
    forecast: TrainingForecast,
    dataset_digest: str,
    prepared: Prepared,
) -> TrainingRecord:
    """The record that enters the bundle's lineage."""
    accuracy = preference_accuracy(outcome.held_out_margins)
    return TrainingRecord(
        stage=job.stage,
        dataset_digest=dataset_digest,
        config_digest=digest_value(job.config),
        seed=job.config.stage(job.stage).seed,
        steps=outcome.steps,
        tokens=outcome.tokens,
        non_pad_share=outcome.non_pad_share,
        seconds=outcome.seconds,
        tokens_per_second=outcome.tokens_per_second,
        peak_memory_mb=outcome.peak_memory_mb,
        world_size=outcome.world_size,
        distributed_type=outcome.distributed_type,
        zero_stage=outcome.zero_stage,
        device=outcome.device,
        dtype=outcome.dtype,
        first_loss=steps[0].point.loss,
        final_loss=steps[-1].point.loss,
        eval_loss=outcome.eval_loss,
        resumed_at=outcome.resumed_at,
        preference_accuracy=accuracy,
        preference_effect=preference_effect(accuracy, prepared.longer_chosen_share)
        if job.stage is TrainingStage.DPO
        else "",
        forecast=forecast,
        code=job.code,
    )


def against_forecast(record: TrainingRecord) -> str:
    """What a stage took beside what was forecast; empty without a forecast."""
    expected = record.forecast
    if expected is None:
        return ""
    return (
        f"took {record.seconds / 60:.1f} minutes and {record.peak_memory_mb / 1024:.1f} GiB, forecast were "
        f"{expected.seconds / 60:.1f} ({_off(record.seconds, expected.seconds)}) and {expected.memory_mb / 1024:.1f} "
        f"({_off(record.peak_memory_mb, expected.memory_mb)})"
    )


def _off(found: float, expected: float) -> str:
    return f"{found / expected - 1:+.0%}" if expected > 0 else "forecast nothing"


def preference_accuracy(margins: Sequence[float]) -> Score | None:
    """Share of held-out pairs whose chosen side has the higher implicit reward; None without any. A tie is no win."""
    if not margins:
        return None
    wins = sum(margin > 0 for margin in margins)
    low, high = wilson_interval(wins, len(margins))
    return Score(name=PREFERENCE_ACCURACY, value=wins / len(margins), low=low, high=high, n=len(margins))


def preference_effect(accuracy: Score | None, longer_chosen_share: float | None) -> str:
    """What the accuracy says, beside what the rule "the longer side wins" would reach on the same pairs."""
    if accuracy is None:
        return "not measured: no held-out pairs"
    told = (
        f"{accuracy.value:.0%} of {accuracy.n} held-out pairs ranked rightly [{accuracy.low:.0%}, {accuracy.high:.0%}]"
    )
    if longer_chosen_share is not None:
        told += f"; their chosen side is the longer one in {longer_chosen_share:.0%}"
    if accuracy.low <= 0.5 <= accuracy.high:
        return f"no effect: {told}"
    return f"{'prefers' if accuracy.low > 0.5 else 'prefers the rejected side, not'} the chosen side: {told}"
