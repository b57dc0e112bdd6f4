"""The corpus report of a persona: measured part by part, written as JSON and as a page, named to whoever asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.features import features_pipeline
from flows.recipes import Recipe
from flows.reporting import paced, report
from flows.voices import contrast_folder
from twin_data.configuration.home import TwinHome
from twin_data.corpus.findings import CorpusReport
from twin_data.corpus.study import CorpusStudy
from twin_data.store.stages import StageResult
from twin_data.transform.verdict import CorpusVerdict
from twin_eval.storage import write_atomically

PAGE, JSON = "report.html", "report.json"


@dataclass(frozen=True)
class ReportFiles:
    """Where a persona's corpus report lies."""

    page: Path
    json: Path

    @classmethod
    def of(cls, home: TwinHome, persona: str) -> ReportFiles:
        """The report's files of one persona, whether they are there or not."""
        folder = home.corpus_reports / persona
        return cls(folder / PAGE, folder / JSON)


@dataclass(frozen=True)
class WrittenReport:
    """A report and its files."""

    report: CorpusReport
    files: ReportFiles


def corpus_study(home: TwinHome, persona: str, recipe: Recipe) -> CorpusStudy:
    """What can be found out of one persona's newest corpus."""
    pipeline = features_pipeline(home, persona, recipe)
    return CorpusStudy(pipeline, contrast_folder(home, persona), recipe.corpus_report, recipe.voice)


def corpus_verdict(home: TwinHome, persona: str, recipe: Recipe) -> CorpusVerdict:
    """The verdict on the newest corpus, by its learning curve if a report has measured that, else by rules of thumb.

    Raises:
        CorpusError: No features have been built yet.
    """
    return corpus_study(home, persona, recipe).verdict()


def write_corpus_report(home: TwinHome, persona: str, recipe: Recipe) -> WrittenReport:
    """Measure what has not been measured yet of this state of the corpus, and write the report.

    Interrupted, the same call goes on with the part that was not finished. The JSON is written last: where it is, the
    page is of the same state.

    Raises:
        CorpusError: No features have been built yet.
        StoreError: The disk is full.
    """
    from twin_eval.page.corpus import render_corpus_page  # matplotlib takes seconds to import

    study = corpus_study(home, persona, recipe)
    for measured in (study.measure_topics, study.measure_voice, study.measure_feelings):
        _say(measured())
    say = paced()
    _say(study.measure_curve(lambda done, total: say(done, total, f"learning curve: {done} of {total} fits")))
    found, files = study.report(), ReportFiles.of(home, persona)
    write_atomically(files.page, render_corpus_page(found, bars=recipe.features.verdict))
    write_atomically(files.json, found.model_dump_json(indent=2) + "\n")
    report(f"corpus report: {found.verdict.recommendation}, by {found.verdict.basis}; {files.page}")
    return WrittenReport(found, files)


def _say(result: StageResult) -> None:
    named = result.record.stage.replace("_", " ")
    report(f"{named}: {'unchanged' if result.reused else f'measured in {result.record.seconds:.1f} s'}")
