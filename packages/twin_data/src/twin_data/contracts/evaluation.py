"""Questions with known answers, reports with intervals, and decisions made of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract
from twin_data.contracts.coverage_risk import CoverageRisk


class QuestionKind(StrEnum):
    """The six kinds of held-out question."""

    FACTUAL = "factual"
    MULTI = "multi"
    OPINION = "opinion"
    UNANSWERABLE = "unanswerable"
    OUT_OF_PERSONA = "out_of_persona"
    PRIVATE_OR_UNSAFE = "private_or_unsafe"

    @property
    def is_answerable(self) -> bool:
        """Whether the corpus holds the answer."""
        return self in {QuestionKind.FACTUAL, QuestionKind.MULTI, QuestionKind.OPINION}


class KeyFact(Contract):
    """A phrase that a right answer contains."""

    text: str
    essential: bool


class Evidence(Contract):
    """A verbatim quotation of a source file that holds the answer, or part of it."""

    file: str
    quote: str


class HeldOutQuestion(Contract):
    """One line of `questions.jsonl`."""

    id: str
    kind: QuestionKind
    question: str
    answer: str | None
    facts: tuple[KeyFact, ...]
    evidence: tuple[Evidence, ...]
    expected: Literal["answer", "refuse"]


class Score(Contract):
    """A figure that never stands alone: its sample size and 95 % interval, and how many rows could not be scored."""

    name: str
    value: float
    low: float
    high: float
    n: int = Field(ge=1)
    unscored: int = Field(default=0, ge=0)


class Unmeasured(Contract):
    """A figure that could not be had, and why: it is missing, not zero."""

    name: str
    reason: str


class TopicMeans(Contract):
    """The twin's own sentences on a topic beside the corpus's: mean sentiment or mean stance, from -1 to 1."""

    topic: str
    twin: float
    corpus: float
    twin_sentences: int
    corpus_sentences: int
    difference: float
    """Twin less corpus; the interval holds 95 %."""
    low: float
    high: float


class EvaluationReport(Contract):
    """The scores of one bundle on one question set."""

    persona: str
    bundle: str
    questions_digest: str
    scores: tuple[Score, ...]
    unmeasured: tuple[Unmeasured, ...] = ()
    index: str = ""
    """The search index that the answers were retrieved from; empty where the caller did not say."""
    voice_digest: str | None = None
    """Names the voice profile that scored it; None if voice was not scored."""
    voice_contrast: str = ""
    """Whose texts that profile tells the persona's from, in words; empty where the caller did not say."""
    currency: str | None = None
    """What `cost` is counted in; None while the price is unknown."""
    coverage_risk: CoverageRisk | None = None
    """None where the service tells no signals, as of bundles without retrieval."""
    topics: tuple[TopicMeans, ...] = ()
    """Sentiment; empty where no topic has enough sentences of twin and corpus."""
    stances: tuple[TopicMeans, ...] = ()
    """Likewise the stance on the same topics; empty also in reports of before it was measured."""

    def score(self, name: str) -> Score | None:
        """The score of that name, or None if the set could not give one."""
        return next((score for score in self.scores if score.name == name), None)


class ExamStamp(Contract):
    """What answers were made and judged by, and when: what differs in it says nothing of the exam of today."""

    asked_at: datetime
    """Of the newest answer."""
    questions_digest: str
    index: str
    settings_digests: tuple[str, ...]
    """Options, index and answering code, as each record names them."""
    rubric_digest: str
    scoring_digest: str
    """Of the code that scores."""

    def differs_from(self, other: ExamStamp) -> tuple[str, ...]:
        """In what the two differ but for the time, in words; empty if what has one may stand beside the other."""
        told = {
            "questions_digest": "other questions",
            "index": "another index",
            "settings_digests": "another code or other options of answering",
            "rubric_digest": "other bars",
            "scoring_digest": "another code of scoring",
        }
        return tuple(words for name, words in told.items() if getattr(self, name) != getattr(other, name))


class Verdict(StrEnum):
    """What the gate may say."""

    PROMOTE = "promote"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


class HardStopKind(StrEnum):
    """What rejects a bundle whatever its scores are."""

    LEAK = "leak"
    """Held-out questions stand in what it was trained on: its scores say nothing."""
    TAINTED = "tainted"
    """Made of material that may no longer be used."""
    CERTIFICATE = "certificate"
    """Trained on a dataset without a passed certificate."""
    UNSAFE_ANSWER = "unsafe_answer"
    """A private or unsafe question was answered."""
    UNSAFE_FILES = "unsafe_files"
    """The bundle holds a pickle, code or a call for remote code, or is not as it was registered."""
    YARDSTICK = "yardstick"
    """Its drafts are written by a reference model behind an endpoint: it is there to be measured against."""
    SEED_SIBLING = "seed_sibling"
    """It is another bundle's training under another seed: it is there to tell how far the luck of a seed goes."""


class HardStop(Contract):
    """One such finding."""

    kind: HardStopKind
    detail: str
    """The thing and its value."""


class ComparisonOutcome(StrEnum):
    """What a comparison on one metric shows, with confidence."""

    BETTER = "better"
    NOT_WORSE = "not_worse"
    UNDECIDED = "undecided"
    WORSE = "worse"
    NOT_COMPARED = "not_compared"
    """Neither bundle has a figure."""


class Comparison(Contract):
    """Candidate against champion on one metric and the same questions."""

    metric: str
    better: Literal["higher", "lower"]
    margin: float
    """A candidate that is worse by less than this counts as not worse."""
    outcome: ComparisonOutcome
    candidate: float | None = None
    """Mean of the compared rows; None where there was none."""
    champion: float | None = None
    difference: float | None = None
    """Candidate less champion; the interval holds 95 %."""
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Rows of the candidate that were compared."""
    clusters: int = 0
    """Source documents that they rest on: these are drawn, not the rows."""
    detectable: float | None = None
    """The smallest true difference that this comparison would find four times in five."""
    more_rows: int | None = None
    """About how many more rows would decide it; None where it is decided, or where no number can be named."""
    detectable_gain: float | None = None
    """The smallest true gain that would be shown four times in five, at the level that a gain is held to and beside the
    seeds' spread; None in comparisons of before this was recorded."""
    gain_rows: int | None = None
    """About how many more rows would show a gain as large as the observed one; None where it is shown, where there is
    none, or where no number can be named: no rows make up for the luck of the seeds."""
    seed_spread: float | None = None
    """Standard deviation of the metric over seeds of one training, which a gain has to exceed as well; None where it is
    not known, and then a gain may be the seed's."""
    seeds: int | None = None
    """Seeds that the spread was measured over: 1 is the candidate's alone, and the spread is the rubric's assumption or
    unknown; 0 stands where nothing was trained; None in comparisons of before this was recorded."""


class GateDecision(Contract):
    """The gate's verdict and each reason for it."""

    persona: str
    bundle: str
    verdict: Verdict
    reasons: tuple[str, ...]
    champion: str | None = None
    """The bundle that was live and compared with; None for a first bundle."""
    comparisons: tuple[Comparison, ...] = ()
    stops: tuple[HardStop, ...] = ()
    """What rejected it whatever its scores are."""
    more_questions: int | None = None
    """About how many more questions, in the same mixture, would decide; None where it is decided, where none are
    wanting, or where no number can be named."""
    more_briefs: int | None = None
    """Likewise how many more texts to be written, which is what voice is heard in."""
    unable_champion: str | None = None
    """A live bundle that the service could not serve any more, so that there was nothing to compare with."""
    failed_questions: int = 0
    """On which the endpoint failed, of either bundle: asked again they may change the decision."""
    exam_digest: str = ""
    """Names the questions, bars, probes, search index and code that it was decided by; empty where the caller did not
    say, or where the answers are of other code than the caller's."""

    @model_validator(mode="after")
    def _stopped(self) -> GateDecision:
        if self.stops and self.verdict is not Verdict.REJECT:
            raise ValueError(f"a bundle with a hard stop ({self.stops[0].kind}) is rejected, not {self.verdict}")
        return self
