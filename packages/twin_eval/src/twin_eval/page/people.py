"""What people say, on the report's page: how far they agree with the scores, and which answers they prefer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_data.contracts.evaluation import Score
from twin_eval.figures import UNKNOWN, with_interval
from twin_eval.human.agreement import MEANINGS, TWO_WAY, Agreement
from twin_eval.human.findings import Findings, blind_command, preferences_text, review_command, voice_text


@dataclass(frozen=True)
class AgreementLine:
    """One agreement, as text."""

    scope: str
    meaning: str
    raters: str
    agreed: str
    kappa: str
    n: int
    clusters: int
    only_first: str
    only_second: str


@dataclass(frozen=True)
class PeoplePart:
    """All that the template shows of labels and choices."""

    preferred: tuple[str, ...]
    notes: tuple[str, ...]
    rows: tuple[AgreementLine, ...]


def people_part(found: Sequence[Findings]) -> PeoplePart:
    """The section; the first findings are those of the page's bundle, and what other ones repeat of it is left out."""
    own, known = found[0], _agreements(found[0])
    notes = []
    if not own.has_labels:
        notes.append(f"Nobody has labelled this bundle's answers yet: {review_command(own)}")
    if own.in_voice:
        notes.append(f"By people, {voice_text(own.in_voice)}.")
    if not own.preferences:
        notes.append(f"Nobody has compared them yet: {blind_command(own)}")
    return PeoplePart(
        preferred=tuple(map(preferences_text, own.preferences)),
        notes=tuple(notes),
        rows=tuple(_line(each, one) for each in found for one in _agreements(each) if each is own or one not in known),
    )


def _agreements(found: Findings) -> tuple[Agreement, ...]:
    return *found.against_scores, *found.between_people


def _line(found: Findings, one: Agreement) -> AgreementLine:
    return AgreementLine(
        scope="this bundle" if found.bundle else "all bundles",
        meaning=MEANINGS[one.measure],
        raters=" and ".join(one.raters),
        agreed=_with_interval(one.agreed),
        kappa=_with_interval(one.kappa) if one.kappa else UNKNOWN,
        n=one.agreed.n,
        clusters=one.clusters,
        only_first=str(one.only_first) if one.measure in TWO_WAY else UNKNOWN,
        only_second=str(one.only_second) if one.measure in TWO_WAY else UNKNOWN,
    )


def _with_interval(score: Score) -> str:
    return f"{with_interval(score.value, score.low, score.high)}"
