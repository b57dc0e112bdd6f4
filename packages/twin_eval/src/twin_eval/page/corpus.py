"""The corpus report as one HTML file that needs nothing else: verdict on top, then what the archive holds."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from twin_data.contracts.digests import short
from twin_data.corpus.findings import CorpusReport
from twin_data.transform.verdict import VerdictConfig
from twin_eval.page import corpus_plots as plots
from twin_eval.page.plots import Plot
from twin_eval.templating import template


@dataclass(frozen=True)
class Plots:
    """The page's plots; those of what is not there are missing."""

    learning: tuple[Plot, ...]
    amounts: tuple[Plot, ...]
    voice: Plot | None
    feelings: Plot | None


def render_corpus_page(report: CorpusReport, *, bars: VerdictConfig) -> str:
    """The page of a corpus report.

    Args:
        report: All that was found; texts in it have been redacted when they were stored.
        bars: The verdict's, for the plot of the learning curve and the explanations.
    """
    return template("corpus.html.j2").render(
        report=report, bars=bars, plots=_plots(report, bars), digest=short(report.corpus_digest)
    )


def _plots(report: CorpusReport, bars: VerdictConfig) -> Plots:
    learning: tuple[Plot, ...] = ()
    if report.curve.points:
        caption = "Chance that a held-out text of the persona's ranks above one of an author never seen, 95 % intervals"
        learning = (
            _plot(plots.learning_plot(report.curve, bars.min_auc), caption),
            _plot(plots.loss_plot(report.curve), "Log-loss of the same texts, calibrated on other folds"),
        )
    by_words = sorted(report.sources, key=lambda one: (-one.words, one.name))
    amounts = [("sources", by_words, "Own words by source"), ("times", report.periods, "Own words by time")]
    amounts += [("topics", report.topics, "Own words by topic"), ("kinds", report.kinds, "Own words by kind")]
    return Plots(
        learning=learning,
        amounts=tuple(_plot(plots.groups_plot(name, groups), caption) for name, groups, caption in amounts if groups),
        voice=_plot(plots.voice_plot(report.voice.periods), "Style of each period beside all others, 95 % intervals")
        if report.voice.periods
        else None,
        feelings=_plot(plots.feelings_plot(report.feelings), "Sentiment by topic; whole documents are drawn")
        if report.feelings
        else None,
    )


def _plot(svg: str, caption: str) -> Plot:
    return Plot(Markup(svg), caption)  # drawn here, nothing received
