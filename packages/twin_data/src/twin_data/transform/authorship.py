"""Whose hand is it? Stretches of the persona's documents that read like another author, or like a machine.

Authorship verification against the persona's own profile (decisions 8 and 12): each stretch is judged by a regression
that never saw its family, and by the log-odds that the persona wrote it. What is foreign becomes `OTHER`: it never
trains the voice and is never quoted as the persona's. Where the corpus is too thin, or the persona cannot be told from
other authors, nothing is judged, and the reason is kept: a guess would cost the persona its own words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from pydantic import Field

from twin_data.contracts.base import Contract, Span
from twin_data.contracts.documents import BlockStyle, CorpusDocument, Passage, Rejection, Role
from twin_data.contracts.errors import CorpusError
from twin_data.scoring.sentences import words
from twin_data.scoring.style_features import Floats
from twin_data.scoring.voice import VoiceConfig, VoiceText
from twin_data.scoring.voice_fitting import unseen_log_odds
from twin_data.store.schemas import to_frame, to_rows

STAGE = "authorship"
FOREIGN = "authorship check"
"""`Passage.basis` of what was found to be foreign."""
_NO_PROSE = frozenset({BlockStyle.HEADING, BlockStyle.CODE})
_HEARD = frozenset({"speaker label"})
"""Spoken words were heard to be the persona's, and one talk among many posts would read like another hand."""
_ALIKE, _MIN_PEERS = 1.6, 20
"""Stretches whose lengths differ by less than this factor are compared, if there are so many."""
_TO_DEVIATION = 1.4826
"""From a median absolute deviation to a standard deviation, of a normal distribution."""


class AuthorshipConfig(Contract):
    """When a stretch is foreign, and when nothing may be said."""

    min_words: int = Field(default=150, ge=25)
    """A stretch that is shorter is not judged: its style is chance."""
    stretch_words: int = Field(default=600, ge=50)
    """A document is judged in stretches of neighbouring own passages of about this length."""
    max_log_odds: float = Field(default=0.0, le=0)
    """Log-odds that the persona wrote it, at even odds beforehand; a foreign stretch stands below."""
    deviations: float = Field(default=3.5, ge=2)
    """And so many standard deviations (by the median absolute one) below the median of stretches of its length."""
    rounds: int = Field(default=2, ge=1)
    """After the first one, what was found is learned from as another author's, and no more as the persona's."""
    min_own_words: int = Field(default=12_000, ge=1000)
    """With fewer own words in stretches long enough the corpus is too thin."""
    min_auc: float = Field(default=0.75, ge=0.5, le=1)
    """Unseen own segments against unseen authors: a check that tells them apart less surely judges nothing."""
    max_share: float = Field(default=0.25, gt=0, le=1)
    """If more of the stretches are foreign, the persona's own hand is not known, and nothing is marked."""
    voice: VoiceConfig = VoiceConfig(lengths=(120, 240, 480), max_segments=300, max_grams=8_000, folds=4)


class AuthorshipJudgement(Contract):
    """One stretch, and what was found; or, with an empty id, why nothing was judged."""

    document_id: str
    start: int
    end: int
    words: int
    log_odds: float | None
    verdict: str
    """`own`, `foreign`, `too_short`, `vouched`, or `not_checked: ` and the reason."""


@dataclass(frozen=True)
class AuthorshipInputs:
    """Documents, other authors' texts, and the sources whose authorship the owner vouches for."""

    documents: pl.DataFrame
    """Rows of `CorpusDocument`."""
    others: Mapping[str, Sequence[str]]
    vouched: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Judged:
    """Documents with foreign passages marked `OTHER`, what was marked, and every judgement."""

    documents: pl.DataFrame
    rejections: pl.DataFrame
    judgements: pl.DataFrame


@dataclass(frozen=True)
class _Stretch:
    document: CorpusDocument
    passages: tuple[int, ...]
    """Numbers of the document's passages, neighbours but for others' words and headings."""
    text: str
    words: int

    @property
    def span(self) -> Span:
        first, last = self.document.passages[self.passages[0]], self.document.passages[self.passages[-1]]
        return Span(start=first.start, end=last.end)

    def judged(self, verdict: str, log_odds: float | None = None) -> AuthorshipJudgement:
        """The row of this stretch."""
        span = self.span
        return AuthorshipJudgement(
            document_id=self.document.document_id, start=span.start, end=span.end, words=self.words,
            log_odds=log_odds, verdict=verdict,
        )  # fmt: skip


def run(inputs: AuthorshipInputs, *, config: AuthorshipConfig) -> Judged:
    """Judge every stretch that is long enough, and mark those of another hand."""
    documents = to_rows(inputs.documents, CorpusDocument)
    stretches = [stretch for one in documents for stretch in _stretches(one, config)]
    judgements = _judgements(stretches, inputs, config)
    foreign: dict[str, list[_Stretch]] = defaultdict(list)
    for stretch, judgement in zip(stretches, judgements, strict=False):
        if judgement.verdict == "foreign":
            foreign[stretch.document.document_id].append(stretch)
    marked = [_marked(one, foreign[one.document_id]) if one.document_id in foreign else one for one in documents]
    rejections = [
        _rejection(stretch, judgement)
        for stretch, judgement in zip(stretches, judgements, strict=False)
        if judgement.verdict == "foreign"
    ]
    return Judged(
        to_frame(marked, CorpusDocument), to_frame(rejections, Rejection), to_frame(judgements, AuthorshipJudgement)
    )


def carried(documents: pl.DataFrame, former: pl.DataFrame | None) -> pl.DataFrame:
    """Rows of `CorpusDocument`, those of unchanged text with the passages that an earlier check left them."""
    if former is None:
        return documents
    judged = former.select("document_id", "digest", pl.col("passages").alias("judged"))
    joined = documents.join(judged, on=["document_id", "digest"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("judged", "passages").alias("passages")).select(documents.columns)


def summary(judgements: Sequence[AuthorshipJudgement]) -> str:
    """What the check found, or why it found nothing, in a sentence."""
    reason = next((one.verdict for one in judgements if one.verdict.startswith("not_checked: ")), None)
    if reason:
        return f"authorship not checked: {reason.removeprefix('not_checked: ')}"
    checked = [one for one in judgements if one.log_odds is not None]
    foreign = [one for one in checked if one.verdict == "foreign"]
    short = sum(one.words for one in judgements if one.verdict == "too_short")
    vouched = sum(one.words for one in judgements if one.verdict == "vouched")
    left = f"; {vouched:,} words are vouched for" if vouched else ""
    return (
        f"authorship checked in {len(checked):,} stretches: {len(foreign):,} of another hand "
        f"({sum(one.words for one in foreign):,} words){left}; {short:,} words stand in texts too short to tell"
    )


def _stretches(document: CorpusDocument, config: AuthorshipConfig) -> Iterator[_Stretch]:
    """Runs of own passages of about `stretch_words`; what is left over at the end joins the last one."""
    own = [
        (at, len(words(one.of(document.text))))
        for at, one in enumerate(document.passages)
        if one.role is Role.OWN and one.style not in _NO_PROSE and one.basis not in _HEARD
    ]
    runs: list[list[tuple[int, int]]] = [[]]
    for at, count in own:
        if sum(n for _, n in runs[-1]) >= config.stretch_words:
            runs.append([])
        runs[-1].append((at, count))
    if len(runs) > 1 and sum(n for _, n in runs[-1]) < max(config.min_words, config.stretch_words // 2):
        runs[-2:] = [runs[-2] + runs[-1]]
    for run_ in filter(None, runs):
        numbers = tuple(at for at, _ in run_)
        text = "\n\n".join(document.passages[at].of(document.text) for at in numbers)
        yield _Stretch(document, numbers, text, sum(n for _, n in run_))


def _judgements(
    stretches: Sequence[_Stretch], inputs: AuthorshipInputs, config: AuthorshipConfig
) -> list[AuthorshipJudgement]:
    """A judgement for each stretch, in order; and one without a document if nothing could be judged."""
    long_enough = [one for one in stretches if one.words >= config.min_words]
    try:
        found = _log_odds(long_enough, inputs, config)
    except CorpusError as error:
        whole = AuthorshipJudgement(
            document_id="", start=0, end=0, words=0, log_odds=None, verdict=f"not_checked: {error.message}"
        )
        return [*(one.judged("not_checked") for one in stretches), whole]
    by_place = {(one.document.document_id, one.passages): value for one, value in zip(long_enough, found, strict=True)}
    return [_verdict(one, by_place.get((one.document.document_id, one.passages)), inputs) for one in stretches]


def _verdict(stretch: _Stretch, found: tuple[float, bool] | None, inputs: AuthorshipInputs) -> AuthorshipJudgement:
    if found is None:
        return stretch.judged("too_short")
    log_odds, is_foreign = found
    if stretch.document.source in inputs.vouched:
        return stretch.judged("vouched", log_odds)
    return stretch.judged("foreign" if is_foreign else "own", log_odds)


def _log_odds(
    stretches: Sequence[_Stretch], inputs: AuthorshipInputs, config: AuthorshipConfig
) -> list[tuple[float, bool]]:
    """Log-odds of each stretch, and whether it is foreign.

    Raises:
        CorpusError: The corpus is too thin, there are no contrast texts, or the persona cannot be told from others.
    """
    own_words = sum(one.words for one in stretches)
    if own_words < config.min_own_words:
        raise CorpusError(
            f"{own_words:,} own words in stretches of {config.min_words} and more; {config.min_own_words:,} are needed "
            "to know the persona's hand"
        )
    texts = [VoiceText(one.document.family, one.text) for one in stretches]
    lengths = np.asarray([one.words for one in stretches], dtype=float)
    log_odds = np.zeros(len(texts))
    foreign = np.zeros(len(texts), dtype=bool)
    for _ in range(config.rounds):
        rest = np.flatnonzero(~foreign)
        found = {FOREIGN: [texts[at].text for at in np.flatnonzero(foreign)]} if foreign.any() else {}
        log_odds[rest], auc = unseen_log_odds(
            [texts[at] for at in rest], {**inputs.others, **found}, config=config.voice
        )
        if auc < config.min_auc:
            raise CorpusError(
                f"the persona is told from other authors with AUC {auc:.2f}; {config.min_auc:.2f} is needed to judge"
            )
        newly = log_odds[rest] < _bars(log_odds[rest], lengths[rest], config)
        foreign[rest[newly]] = True
        if not newly.any():
            break
    if (share := float(foreign.mean())) > config.max_share:
        raise CorpusError(
            f"{share:.0%} of the stretches read unlike the rest: it is not known which hand is the persona's; "
            "vouch for the sources that are its own (`vouched` in persona.yaml) and take out those that are not"
        )
    return [(round(float(value), 4), bool(it)) for value, it in zip(log_odds, foreign, strict=True)]


def _bars(log_odds: Floats, lengths: Floats, config: AuthorshipConfig) -> Floats:
    """What each stretch must fall below to be foreign, shape (N,): robust, as foreign ones are among them."""
    bars = np.empty(len(log_odds))
    for at, length in enumerate(lengths):
        peers = log_odds[(lengths > length / _ALIKE) & (lengths < length * _ALIKE)]
        peers = log_odds if len(peers) < _MIN_PEERS else peers
        median = np.median(peers)
        spread = _TO_DEVIATION * np.median(np.abs(peers - median))
        bars[at] = min(config.max_log_odds, median - config.deviations * spread)
    return bars


def _marked(document: CorpusDocument, foreign: Sequence[_Stretch]) -> CorpusDocument:
    numbers = {at for one in foreign for at in one.passages}
    passages = tuple(_foreign(one) if at in numbers else one for at, one in enumerate(document.passages))
    return document.model_copy(update={"passages": passages})


def _foreign(passage: Passage) -> Passage:
    return passage.model_copy(update={"role": Role.OTHER, "author": None, "basis": FOREIGN})


def _rejection(stretch: _Stretch, judgement: AuthorshipJudgement) -> Rejection:
    return Rejection(
        stage=STAGE,
        document_id=judgement.document_id,
        text_digest=stretch.document.digest,
        start=judgement.start,
        end=judgement.end,
        reason=f"foreign_hand: log-odds {judgement.log_odds:.1f}",
        redacted_text=stretch.text[:200],
    )
