"""The files of a finished run: scores and decision for machines, a page for people, a log for Inspect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import EvaluationReport, GateDecision
from twin_data.contracts.ladder import Ladder
from twin_eval.earlier import LADDER_JSON, earlier_of, keep_extras, read_ladder, stamped
from twin_eval.human.findings import Findings
from twin_eval.human.machine import SCORED_FILE
from twin_eval.judging.findings import JudgeFindings
from twin_eval.ladder import Climbed
from twin_eval.model_card import Origin, evaluated_card
from twin_eval.scored_run import ScoredRun
from twin_eval.storage import read_kept, write_atomically

REPORT_JSON = "report.json"
REPORT_PAGE = "report.html"
DECISION_JSON = "decision.json"
INSPECT_LOG = "inspect.eval"
CARD = "model_card.md"


@dataclass(frozen=True)
class ReportFiles:
    """Where a run's report lies."""

    json: Path
    page: Path
    decision: Path
    scored: Path
    inspect: Path
    ladder: Path
    """Only there if a ladder was climbed."""
    card: Path
    """The bundle's model card with the section on this run; only there if the bundle's card was given."""

    @classmethod
    def in_folder(cls, folder: Path) -> ReportFiles:
        """The report's files in a run's folder."""
        names = (REPORT_JSON, REPORT_PAGE, DECISION_JSON, SCORED_FILE, INSPECT_LOG, LADDER_JSON, CARD)
        return cls(*(folder / name for name in names))


def write_report(
    run: ScoredRun,
    folder: Path,
    *,
    decision: GateDecision,
    rubric: Rubric,
    champion: ScoredRun | None = None,
    ladder: Climbed | None = None,
    origin: Origin | None = None,
    people: Sequence[Findings] = (),
    judge: JudgeFindings | None = None,
) -> ReportFiles:
    """Write everything, the scores last: where `report.json` is, the rest is too, and the gate has decided.

    Args:
        run: The candidate.
        folder: The run's.
        decision: What the gate said.
        rubric: The bars.
        champion: The live bundle, if it was compared with.
        ladder: The ladder on the same questions; without one, the page shows what an earlier run in this folder found,
            if nothing that answers and judges has changed since. Likewise with probes and questions under stress.
        origin: What the candidate was made of, for the page, and its model card, which gets a section on this run.
        people: What people say of this bundle, and of all bundles of the persona, for the page.
        judge: What a judge said of the candidate's answers, for the page.

    Raises:
        StoreError: The folder cannot be written.
        IntegrityError: The earlier ladder is damaged.
    """
    from twin_eval.inspect_log import write_inspect_log  # each of the two takes seconds to import
    from twin_eval.page.render import render_page

    files = ReportFiles.in_folder(folder)
    write_atomically(files.scored, "".join(f"{one.model_dump_json()}\n" for one in run.answers))
    page = render_page(
        run,
        champion=champion,
        decision=decision,
        rubric=rubric,
        ladder=ladder,
        earlier=earlier_of(folder, run, rubric, climbed=ladder is not None),
        inspect_log=files.inspect.name,
        origin=origin,
        people=people,
        judge=judge,
    )
    write_atomically(files.page, page)
    write_inspect_log(run, files.inspect, decision=decision)
    if ladder:
        for one in ladder.runs:
            write_inspect_log(one.run, folder / f"inspect-{one.rung.value}.eval")
        write_atomically(files.ladder, stamped(ladder, rubric).model_dump_json(indent=2) + "\n")
    keep_extras(folder, run, rubric)
    if origin and origin.card:
        verdict = ladder.ladder.verdict if ladder else ""
        write_atomically(files.card, evaluated_card(origin.card, run, decision, files.page, ladder=verdict))
    write_atomically(files.decision, decision.model_dump_json(indent=2) + "\n")
    write_atomically(files.json, run.report.model_dump_json(indent=2) + "\n")
    return files


def read_report(folder: Path) -> EvaluationReport | None:
    """The report of a run's folder; None if the run did not come to its end.

    Raises:
        IntegrityError: The file is damaged.
    """
    return read_kept(folder / REPORT_JSON, EvaluationReport, "an evaluation report")


def newest_ladder(evaluations: Path) -> Ladder | None:
    """The ladder climbed last, of all that lie in a persona's folder of evaluations; None if there is none.

    Raises:
        IntegrityError: Its file is damaged.
    """
    found = max(evaluations.glob(f"*/*/{LADDER_JSON}"), key=lambda path: path.stat().st_mtime, default=None)
    return read_ladder(found) if found else None
