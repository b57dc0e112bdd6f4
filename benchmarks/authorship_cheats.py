"""Planted cheats before the voice scorer: the persona's unseen book must stand above each with disjoint intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.authorship_rounds import ASSISTANT, Round, spaced
from benchmarks.authorship_systems import fit_ours
from twin_data.contracts.evaluation import Score
from twin_data.scoring.sentences import sentence_spans, words
from twin_data.scoring.voice import VoiceConfig, VoiceScore, segments_of
from twin_eval.counterfeits import (
    CANNED_REFUSALS,
    pet_phrases,
    stuffed_with_phrases,
    stuffed_with_quotations,
    word_salad,
)
from twin_eval.statistics import IntervalConfig, mean_score, proportion_score
from twin_eval.unquoted import unquoted

WORDS = 120
SEGMENTS = 60
SALADS = 40
CLUSTER_SEGMENTS = 10
"""Of a longer text so many segments in a row are a cluster of their own, as a chapter is."""
PERSONA = "Chesterton, the book left out"


class Scorer(Protocol):
    """Tells the persona's hand from others'."""

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        """The voice of each text; None for texts that are too short."""
        ...


@dataclass(frozen=True)
class Standing:
    """How one kind of text stands before the scorer.

    Attributes:
        percent: Mean per cent of the gap between floor and ceiling, whole chapters or answers drawn.
        untypical: Share of the segments that are of no known kind.
    """

    percent: Score
    untypical: Score

    def is_below(self, other: Standing) -> bool:
        """Whether the intervals of the two are disjoint, this one's the lower."""
        return self.percent.high < other.percent.low


def cheats(one: Round) -> dict[str, Sequence[str]]:
    """Texts of each kind, the persona's own unseen ones first; they are made from what fitting has seen or left out."""
    own = [text for texts in one.own.values() for text in texts]
    answers = one.held_others[ASSISTANT]
    quotable = [span.of(text) for text in own[:8] for span in sentence_spans(text)]
    phrases = pet_phrases(own, answers)
    quoting = [stuffed_with_quotations(text, quotable, seed=at) for at, text in enumerate(answers)]
    return {
        PERSONA: [text for texts in one.held_own.values() for text in texts],
        **{f"{name}, never seen": texts for name, texts in one.held_others.items() if name != ASSISTANT},
        "assistant prose": answers,
        "canned refusals": [
            " ".join(CANNED_REFUSALS[at:] + CANNED_REFUSALS[:at]) for at in range(len(CANNED_REFUSALS))
        ],
        "the author quoted in assistant prose": [unquoted(text) for text in quoting],
        "the same, quotations counted": quoting,
        "pet phrases in assistant prose": [
            stuffed_with_phrases(text, phrases, seed=at) for at, text in enumerate(answers)
        ],
        "word salad": [word_salad(own, words=WORDS, seed=at) for at in range(SALADS)],
    }


def standings(profile: Scorer, kinds: Mapping[str, Sequence[str]]) -> dict[str, Standing]:
    """How each kind of text stands."""
    return {name: _standing(profile, name, texts) for name, texts in kinds.items()}


def print_cheats(one: Round) -> None:
    """The table of a round: each kind's place in the gap, and whether it is shown to be below the persona's."""
    found = standings(fit_ours(one, VoiceConfig()), cheats(one))
    print("\n| text | segments | per cent of the gap | of no known kind | shown to be below the persona |")
    print("|---|---|---|---|---|")
    for name, standing in found.items():
        percent = standing.percent
        verdict = "" if name == PERSONA else "yes" if standing.is_below(found[PERSONA]) else "no"
        print(
            f"| {name} | {percent.n} | {percent.value:.0f} [{percent.low:.0f}, {percent.high:.0f}] "
            f"| {standing.untypical.value:.2f} | {verdict} |",
            flush=True,
        )


def _standing(profile: Scorer, name: str, texts: Sequence[str]) -> Standing:
    rows = spaced(list(clustered_segments(texts)), SEGMENTS)
    scores = profile.score([text for _, text in rows])
    clusters = [cluster for cluster, _ in rows]
    percents = [found.percent if found else None for found in scores]
    strange = [not found.typical if found else None for found in scores]
    percent = mean_score(name, percents, config=IntervalConfig(), clusters=clusters)
    untypical = proportion_score(name, strange, clusters=clusters)
    assert percent and untypical, f"no segment of {name} is long enough"
    return Standing(percent, untypical)


def clustered_segments(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Segments with the cluster that they are drawn with: their chapter or answer, or a stretch of a long one."""
    for at, text in enumerate(texts):
        for number, segment in enumerate(segments_of([text], WORDS)):
            if len(words(segment)) >= WORDS // 2:
                yield f"{at}/{number // CLUSTER_SEGMENTS}", segment
