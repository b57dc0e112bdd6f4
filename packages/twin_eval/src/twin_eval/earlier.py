"""What an earlier evaluation in the same folder found and this one was not asked for: ladder, probes, stress.

It may stand on the page with its date as long as nothing that answers and judges has changed. All else is named with
its reason, and not shown: on a page of today it would be read as of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import ValidationError

import twin_eval
from twin_data.configuration.rubric import Rubric
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_sources, digest_value
from twin_data.contracts.evaluation import EvaluationReport, ExamStamp, Score
from twin_data.contracts.ladder import Ladder
from twin_eval import probes, stress_scores
from twin_eval.ladder import Climbed
from twin_eval.probes import ProbeRecord
from twin_eval.records import AnswerRecord
from twin_eval.scored_run import ScoredRun
from twin_eval.storage import read_kept, write_atomically
from twin_eval.stress_scores import StressRecord

LADDER_JSON = "ladder.json"
PROBES_JSON = "probes.json"
STRESS_JSON = "stress.json"


class Extra(Contract):
    """What was asked of the candidate alone, whole: another evaluation can show it as it was."""

    stamp: ExamStamp
    scores: tuple[Score, ...]
    probes: tuple[ProbeRecord, ...] = ()
    stress: tuple[StressRecord, ...] = ()


@dataclass(frozen=True)
class Earlier:
    """What earlier evaluations of the same bundle on the same exam found."""

    ladder: Ladder | None = None
    probes: Extra | None = None
    stress: Extra | None = None
    outdated: tuple[str, ...] = ()
    """What lies in the folder and is not shown, with the reason and the command that makes it anew."""


def stamp_of(report: EvaluationReport, records: Iterable[AnswerRecord], rubric: Rubric) -> ExamStamp:
    """What these answers were made and judged by."""
    asked = tuple(records)
    return ExamStamp(
        asked_at=max(one.asked_at for one in asked),
        questions_digest=report.questions_digest,
        index=report.index,
        settings_digests=tuple(sorted({one.settings_digest for one in asked})),
        rubric_digest=digest_value(rubric),
        scoring_digest=scoring_digest(),
    )


def stamped(climbed: Climbed, rubric: Rubric) -> Ladder:
    """A ladder that was just climbed, with its stamp."""
    records = (one.record for each in climbed.runs for one in each.run.answers)
    return climbed.ladder.model_copy(update={"stamp": stamp_of(climbed.ladder.rungs[0].report, records, rubric)})


def keep_extras(folder: Path, run: ScoredRun, rubric: Rubric) -> None:
    """Write what was asked beside the questions; what was not asked leaves the former file as it is.

    Raises:
        StoreError: The folder cannot be written.
    """
    if run.probes:
        probed = _extra(run, probes.PREFIX, [one.record for one in run.probes], rubric)
        _keep(folder / PROBES_JSON, probed.model_copy(update={"probes": run.probes}))
    if run.stress:
        stressed = _extra(run, stress_scores.PREFIX, [one.record for one in run.stress], rubric)
        _keep(folder / STRESS_JSON, stressed.model_copy(update={"stress": run.stress}))


def _extra(run: ScoredRun, prefix: str, records: Sequence[AnswerRecord], rubric: Rubric) -> Extra:
    scores = tuple(one for one in run.report.scores if one.name.startswith(f"{prefix}."))
    return Extra(stamp=stamp_of(run.report, records, rubric), scores=scores)


def _keep(path: Path, extra: Extra) -> None:
    write_atomically(path, extra.model_dump_json(indent=2) + "\n")


def earlier_of(folder: Path, run: ScoredRun, rubric: Rubric, *, climbed: bool) -> Earlier:
    """What the folder holds that this run was not asked for.

    Args:
        folder: The run's.
        run: The candidate.
        rubric: The bars that it is held to.
        climbed: Whether this run climbed a ladder itself.

    Raises:
        IntegrityError: The earlier ladder is damaged.
    """
    now = stamp_of(run.report, (one.record for one in run.answers), rubric)
    again = f"twin evaluate {run.report.persona}"
    ladder = None if climbed else read_ladder(folder / LADDER_JSON)
    probed = None if run.probes else _read_extra(folder / PROBES_JSON)
    stressed = None if run.stress else _read_extra(folder / STRESS_JSON)
    stale = {
        f"The ladder ({again} --ladder)": _why_stale(ladder, now),
        f"Safe and unsafe prompts ({again} --probes FILE)": _why_stale(probed, now),
        f"Questions under stress ({again} --stress)": _why_stale(stressed, now),
    }
    old_ladder, old_probes, old_stress = stale.values()
    return Earlier(
        ladder=None if old_ladder else ladder,
        probes=None if old_probes else probed,
        stress=None if old_stress else stressed,
        outdated=tuple(f"{what}: {why}" for what, why in stale.items() if why),
    )


def read_ladder(path: Path) -> Ladder | None:
    """The ladder of a run's folder; None if none was climbed.

    Raises:
        IntegrityError: The file is damaged.
    """
    return read_kept(path, Ladder, "a ladder", again="run `twin evaluate PERSONA --ladder` again")


def _read_extra(path: Path) -> Extra | None:
    """None where there is no such file, or one of another release of this software."""
    try:
        return Extra.model_validate_json(path.read_bytes()) if path.is_file() else None
    except ValidationError:
        return None


def _why_stale(found: Ladder | Extra | None, now: ExamStamp) -> str:
    """Why what was found is not of the exam of now; empty if it is, or if there is nothing."""
    if found is None:
        return ""
    if found.stamp is None:
        return "an earlier one does not say what it was asked and judged by"
    differs = found.stamp.differs_from(now)
    return f"those of {found.stamp.asked_at:%Y-%m-%d} had {', '.join(differs)}" if differs else ""


@cache
def scoring_digest() -> str:
    """SHA-256 over the code that scores and judges."""
    return digest_sources(Path(twin_eval.__file__).parent)
