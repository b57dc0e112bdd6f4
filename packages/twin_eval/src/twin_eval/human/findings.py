"""All that people have said of a persona's answers, held against the scores and against each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import Score
from twin_data.contracts.labels import AnswerLabel, Preference, SentenceLabel
from twin_eval.human.agreement import MEANINGS, Agreement, between_people, voice_share, with_scores
from twin_eval.human.machine import MachineScores, machine_scores, stored_answers
from twin_eval.human.preferences import Preferences, preferences
from twin_eval.human.store import Label, current, read_labels
from twin_eval.scorers import ScoredAnswer
from twin_eval.statistics import IntervalConfig


class Findings(Contract):
    """What the labels of one bundle, or of all, say."""

    persona: str
    bundle: str | None
    """None counts every bundle."""
    sentences: int
    """Labels of sentences that stand: of one labeller and one sentence the last counts."""
    answers: int
    labellers: tuple[str, ...]
    unmatched: int
    """Labels of texts that no stored evaluation holds: nothing to hold them against."""
    against_scores: tuple[Agreement, ...] = ()
    between_people: tuple[Agreement, ...] = ()
    in_voice: Score | None = None
    preferences: tuple[Preferences, ...] = ()

    @property
    def has_labels(self) -> bool:
        """Whether anybody has labelled a sentence or an answer."""
        return bool(self.sentences or self.answers)


def read_findings(
    persona_folder: Path,
    persona: str,
    *,
    bundle: str | None = None,
    more: Iterable[ScoredAnswer] = (),
    config: IntervalConfig | None = None,
) -> Findings:
    """What the stored labels say.

    Args:
        persona_folder: The persona's evaluations.
        persona: Its name.
        bundle: Count labels of this bundle alone; None for all.
        more: Answers that are not stored yet.
        config: Of the intervals.

    Raises:
        IntegrityError: Labels or scored answers are damaged.
    """
    labels = [one for one in current(read_labels(persona_folder)) if bundle is None or bundle in bundles_of(one)]
    labelled = {one.bundle for one in labels if not isinstance(one, Preference)}
    machine = machine_scores((*stored_answers(persona_folder, labelled), *more))
    return findings(persona, bundle, labels, machine, config or IntervalConfig())


def findings(
    persona: str, bundle: str | None, labels: Sequence[Label], machine: MachineScores, config: IntervalConfig
) -> Findings:
    """What these labels say; of one labeller and one text there is one of them."""
    compared = preferences(labels, config)
    return Findings(
        persona=persona,
        bundle=bundle,
        sentences=sum(isinstance(one, SentenceLabel) for one in labels),
        answers=sum(isinstance(one, AnswerLabel) for one in labels),
        labellers=tuple(sorted({one.labeller for one in labels})),
        unmatched=sum(not _is_matched(one, machine) for one in labels),
        against_scores=with_scores(labels, machine, config),
        between_people=between_people(labels, machine, config),
        in_voice=voice_share(labels, machine, config),
        preferences=tuple(one.seen_from(bundle) for one in compared) if bundle else compared,
    )


def bundles_of(label: Label) -> tuple[str, ...]:
    """The bundles that a label is about."""
    return (label.first, label.second) if isinstance(label, Preference) else (label.bundle,)


def agreement_text(one: Agreement) -> str:
    """An agreement in one line."""
    kappa = f"kappa {_interval(one.kappa)}" if one.kappa else "kappa undefined: both always said the same"
    ways = f"; only {one.raters[0]} {one.only_first}, only {one.raters[1]} {one.only_second}"
    rest = ways if one.only_first or one.only_second else ""
    return (
        f"{MEANINGS[one.measure]} ({' and '.join(one.raters)}): agreed {_interval(one.agreed)}, {kappa}; "
        f"n = {one.agreed.n} on {one.clusters} sources{rest}"
    )


def preferences_text(one: Preferences) -> str:
    """A comparison in one line."""
    first, second = _named(one.first, one.first_rung), _named(one.second, one.second_rung)
    by = f"{one.labellers} {'labeller' if one.labellers == 1 else 'labellers'}"
    ties = f"{one.neither} alike, {one.both_bad} both bad"
    if one.preferred is None:
        return f"{first} or {second}: no choice was decided; {ties}; {by}"
    return f"{first} over {second}: {_interval(one.preferred)}, n = {one.preferred.n}; {ties}; {by}"


def voice_text(score: Score) -> str:
    """The share in the voice in one line."""
    return f"in the person's voice: {_interval(score)}, n = {score.n}, unsure {score.unscored}"


def review_command(found: Findings) -> str:
    """What makes the page on which the bundle is labelled."""
    return f"twin review {found.persona}" + (f" --bundle {found.bundle}" if found.bundle else "")


def blind_command(found: Findings) -> str:
    """What makes the page on which bundles are compared."""
    return f"twin ab {found.persona}"


def findings_text(found: Findings) -> str:
    """All of it for the terminal."""
    lines = []
    if found.has_labels:
        lines.append(
            f"{found.sentences} sentences and {found.answers} answers labelled by {', '.join(found.labellers)}"
        )
        lines += [f"  {agreement_text(one)}" for one in (*found.against_scores, *found.between_people)]
        lines += [f"  {voice_text(found.in_voice)}"] if found.in_voice else []
        if found.unmatched:
            lines.append(f"  {found.unmatched} labels are of texts that no stored evaluation holds")
    else:
        lines.append(f"nobody has labelled these answers yet; next: {review_command(found)}")
    lines += [f"preferred by people: {preferences_text(one)}" for one in found.preferences]
    if not found.preferences:
        lines.append(f"nobody has compared them yet; next: {blind_command(found)}")
    return "\n".join(lines)


def _is_matched(label: Label, machine: MachineScores) -> bool:
    if isinstance(label, SentenceLabel):
        return label.item in machine.sentences
    return isinstance(label, Preference) or label.item in machine.answers


def _named(bundle: str, rung: str) -> str:
    return f"{bundle} ({rung})" if rung else bundle


def _interval(score: Score) -> str:
    return f"{score.value:.2f} [{score.low:.2f}, {score.high:.2f}]"
