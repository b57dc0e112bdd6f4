"""The corpus report's plots, in the style of the evaluation's."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from twin_data.contracts.learning import LearningCurve
from twin_data.corpus.findings import Feeling, Group, VoicePeriod
from twin_eval.page.drawing import BAR, CANDIDATE, CHAMPION, figure

_LONGEST_NAME = 38


def learning_plot(curve: LearningCurve, min_auc: float) -> str:
    """AUC of held-out texts by words learned from, on a logarithmic axis, with the power law to twice the size."""
    points = curve.points
    sizes = [one.words for one in points]
    with figure("learning", 8) as (axes, svg):
        axes.axhline(min_auc, color=BAR, linewidth=1.2, linestyle=":", label=f"the hand is told: {min_auc:.2f}")
        axes.errorbar(
            sizes,
            [one.auc for one in points],
            yerr=[[one.auc - one.auc_low for one in points], [one.auc_high - one.auc for one in points]],
            fmt="o", color=CANDIDATE, linewidth=1.6, markersize=5, label="measured",
        )  # fmt: skip
        if curve.law and curve.doubled:
            spread = [sizes[0] * (curve.doubled.words / sizes[0]) ** (at / 60) for at in range(61)]
            axes.plot(spread, [1 - curve.law.error(one) for one in spread], color=CANDIDATE, alpha=0.5, linewidth=1.2)
            one = curve.doubled
            axes.errorbar(
                [one.words], [one.auc], yerr=[[one.auc - one.low], [one.high - one.auc]],
                fmt="o", color=CHAMPION, mfc="white", linewidth=1.6, markersize=5, label="foretold: twice as much",
            )  # fmt: skip
            sizes = [*sizes, one.words]
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{one / 1000:.3g}k" for one in sizes])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("own words learned from")
        axes.set_ylabel("AUC")
        _legend_above(axes)
    return svg.getvalue()


def loss_plot(curve: LearningCurve) -> str:
    """Log-loss of held-out texts by words learned from."""
    points = curve.points
    sizes = [one.words for one in points]
    below, above = (
        [abs(getattr(one, end) - one.log_loss) for one in points] for end in ("log_loss_low", "log_loss_high")
    )
    with figure("loss", 8) as (axes, svg):
        axes.axhline(0.693, color=BAR, linewidth=1.2, linestyle=":", label="knowing nothing: 0.69")
        axes.errorbar(
            sizes,
            [one.log_loss for one in points],
            yerr=[below, above],
            fmt="o-", color=CANDIDATE, linewidth=1.6, markersize=5,
        )  # fmt: skip
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{one / 1000:.3g}k" for one in sizes])
        axes.set_xticks([], minor=True)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("own words learned from")
        axes.set_ylabel("log-loss, nats")
        _legend_above(axes)
    return svg.getvalue()


def groups_plot(name: str, groups: Sequence[Group]) -> str:
    """Own words of each group, in the order given, the first on top."""
    with figure(name, len(groups)) as (axes, svg):
        labels = [_cut(one.name) for one in reversed(groups)]
        words = [one.words for one in reversed(groups)]
        axes.barh(range(len(groups)), words, height=0.6, color=CANDIDATE, alpha=0.8)
        for at, count in enumerate(words):
            _beside(axes, count, at, f"{count:,}", "#555555")
        axes.set_yticks(range(len(groups)), labels)
        axes.set_ylim(-0.6, len(groups) - 0.4)
        axes.set_xlim(0, 1.18 * max(words, default=1) or 1)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g}k" if value else "0")
        axes.set_xlabel("own words")
    return svg.getvalue()


def voice_plot(periods: Sequence[VoicePeriod]) -> str:
    """The distance of each period's style from the rest, drift in the other colour."""
    with figure("periods", len(periods)) as (axes, svg):
        for at, one in enumerate(reversed(periods)):
            colour = CHAMPION if one.is_drift else CANDIDATE
            if one.distance is None or one.low is None or one.high is None:
                _beside(axes, 0, at, "too few texts", "#555555")
                continue
            axes.plot([one.low, one.high], [at, at], color=colour, linewidth=2)
            axes.plot([one.distance], [at], "o", color=colour, markersize=5)
            if one.is_drift:
                _beside(axes, one.high, at, "drift", colour)
        axes.set_yticks(range(len(periods)), [one.period for one in reversed(periods)])
        axes.set_ylim(-0.6, len(periods) - 0.4)
        axes.set_xlim(left=-0.01, right=1.15 * max((one.high or 0.0 for one in periods), default=0.0) + 0.02)
        axes.set_xlabel("distance from the rest, standard deviations of a text")
    return svg.getvalue()


def feelings_plot(feelings: Sequence[Feeling]) -> str:
    """Mean sentiment of the sentences on each topic with its interval."""
    with figure("feelings", len(feelings)) as (axes, svg):
        for at, one in enumerate(reversed(feelings)):
            axes.plot([one.low, one.high], [at, at], color=CANDIDATE, linewidth=2)
            axes.plot([one.sentiment], [at], "o", color=CANDIDATE, markersize=5)
        axes.axvline(0, color=BAR, linewidth=1.2)
        axes.set_yticks(range(len(feelings)), [one.topic for one in reversed(feelings)])
        axes.set_ylim(-0.6, len(feelings) - 0.4)
        axes.set_xlabel("mean sentiment of a sentence: unfavourable below 0, favourable above")
    return svg.getvalue()


def _beside(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    """A note to the right of a mark."""
    axes.annotate(text, (x, y), (5, 0), textcoords="offset points", va="center", fontsize=8, color=colour)


def _legend_above(axes: Axes) -> None:
    """Outside, where it hides no point."""
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
