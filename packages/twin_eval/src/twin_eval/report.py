"""The files of a finished run: scores and decision for machines, a page for people, a log for Inspect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from twin_data.configuration.rubric import Rubric
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.evaluation import EvaluationReport, GateDecision
from twin_eval.scored_run import ScoredRun
from twin_eval.storage import write_atomically

REPORT_JSON = "report.json"
REPORT_PAGE = "report.html"
DECISION_JSON = "decision.json"
SCORED_FILE = "scored.jsonl"
INSPECT_LOG = "inspect.eval"


@dataclass(frozen=True)
class ReportFiles:
    """Where a run's report lies."""

    json: Path
    page: Path
    decision: Path
    scored: Path
    inspect: Path

    @classmethod
    def in_folder(cls, folder: Path) -> ReportFiles:
        """The report's files in a run's folder."""
        names = (REPORT_JSON, REPORT_PAGE, DECISION_JSON, SCORED_FILE, INSPECT_LOG)
        return cls(*(folder / name for name in names))


def write_report(
    run: ScoredRun, folder: Path, *, decision: GateDecision, rubric: Rubric, champion: ScoredRun | None = None
) -> ReportFiles:
    """Write everything, the scores last: where `report.json` is, the rest is too, and the gate has decided.

    Raises:
        StoreError: The folder cannot be written.
    """
    from twin_eval.inspect_log import write_inspect_log  # each of the two takes seconds to import
    from twin_eval.page import render_page

    files = ReportFiles.in_folder(folder)
    write_atomically(files.scored, "".join(f"{one.model_dump_json()}\n" for one in run.answers))
    write_atomically(files.page, render_page(run, champion=champion, decision=decision, rubric=rubric))
    write_inspect_log(run, files.inspect, decision=decision)
    write_atomically(files.decision, decision.model_dump_json(indent=2) + "\n")
    write_atomically(files.json, run.report.model_dump_json(indent=2) + "\n")
    return files


def read_report(folder: Path) -> EvaluationReport | None:
    """The report of a run's folder; None if the run did not come to its end.

    Raises:
        IntegrityError: The file is damaged.
    """
    path = folder / REPORT_JSON
    if not path.is_file():
        return None
    try:
        return EvaluationReport.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise IntegrityError(
            f"{path} is not an evaluation report", next_step=f"delete {path} and evaluate again"
        ) from error
