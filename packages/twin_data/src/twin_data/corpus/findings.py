"""What the corpus report says, as records: the JSON beside the page is these."""

from __future__ import annotations

from datetime import date

from twin_data.contracts.base import Contract
from twin_data.contracts.learning import LearningCurve
from twin_data.transform.verdict import CorpusVerdict


class Group(Contract):
    """How much of the corpus one part of it is."""

    name: str
    documents: int
    words: int
    share: float
    """Of the own words."""


class SourceGroup(Group):
    """One source, and by what right it is used."""

    families: int
    first: date | None
    last: date | None
    licence: str
    """The source's own, else the persona's; empty if neither is stated."""


class Topic(Group):
    """Chunks that lie near each other, with the words that tell them from the rest."""

    terms: tuple[str, ...]
    chunks: int


class Balance(Contract):
    """How evenly the words lie over the groups of one kind."""

    by: str
    groups: int
    effective: float
    """Groups of equal size that would be as even: the exponential of Shannon's entropy (Hill, 1973)."""
    largest: str
    largest_share: float


class Duplicate(Contract):
    """A dropped document and the better copy that stays; private ones are named by their source alone."""

    kind: str
    document: str
    copy_of: str


class FamilySize(Contract):
    """Families of one size."""

    documents: int
    families: int


class Family(Contract):
    """One large family."""

    name: str
    documents: int
    words: int
    share: float


class Duplicates(Contract):
    """Copies that were dropped, and families of documents that belong together."""

    exact: int
    near: int
    samples: tuple[Duplicate, ...]
    sizes: tuple[FamilySize, ...]
    largest: tuple[Family, ...]


class Sample(Contract):
    """A removed piece as it was stored: private values blanked."""

    source: str
    text: str


class Removal(Contract):
    """What one stage removed for one reason."""

    stage: str
    reason: str
    count: int
    documents: int
    samples: tuple[Sample, ...]


class Redaction(Contract):
    """Blanked identifiers and secrets of one kind."""

    kind: str
    count: int
    documents: int
    sources: tuple[str, ...]


class Rights(Contract):
    """Whose the material is, and by what right it is used."""

    owner: str
    licence: str
    given_by: str
    given_on: date | None
    statement: str
    missing: tuple[str, ...]
    """Fields of `persona.yaml` that state nothing."""


class VoicePeriod(Contract):
    """The style of one period beside that of all others, genre taken out."""

    period: str
    units: int
    words: int
    sources: tuple[str, ...]
    distance: float | None
    """Root mean square over habits and common words, in standard deviations of a text; None where it is too thin."""
    low: float | None
    high: float | None
    p_value: float | None
    """Of so large a distance by chance, shared among the periods (Holm, 1979)."""
    is_drift: bool
    moved: tuple[str, ...]
    """The habits that moved furthest, in standard deviations of a text."""


class VoiceOverTime(Contract):
    """Periods in order, or why nothing can be said."""

    unsaid: str = ""
    periods: tuple[VoicePeriod, ...] = ()


class Feeling(Contract):
    """How the persona's own sentences on a topic are worded and what side they take, as in the evaluation's bias."""

    topic: str
    sentences: int
    texts: int
    sentiment: float
    """Mean of VADER's compound score, -1 to 1."""
    low: float
    high: float
    for_share: float
    """Sentences that are worded favourably."""
    against_share: float
    """Sentences that are worded unfavourably."""
    stance: float
    """Share of the sentences that speak for the topic less the share that speak against it."""
    stance_low: float
    stance_high: float


class CorpusReport(Contract):
    """All of it."""

    persona: str
    display_name: str
    corpus_digest: str
    """Of the documents, names the state of the corpus that this is a report on."""
    verdict: CorpusVerdict
    cautions: tuple[str, ...]
    """What speaks against nothing by itself and ought to be known."""
    curve: LearningCurve
    sources: tuple[SourceGroup, ...]
    periods: tuple[Group, ...]
    kinds: tuple[Group, ...]
    topics: tuple[Topic, ...]
    balance: tuple[Balance, ...]
    duplicates: Duplicates
    removals: tuple[Removal, ...]
    redactions: tuple[Redaction, ...]
    rights: Rights
    voice: VoiceOverTime
    feelings: tuple[Feeling, ...]
