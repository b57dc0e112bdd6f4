"""What people say of a twin's answers: labels of sentences and answers, and blind choices between two bundles.

A label names what was judged by its text, so that it still counts when another evaluation gives the same text.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, RootModel, StringConstraints, model_validator

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text, digest_value

Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Text = Annotated[str, StringConstraints(min_length=1)]


class SentenceVerdict(StrEnum):
    """The four labels of `docs/labelling.md`."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    CONTRADICTED = "contradicted"
    NONSENSE = "nonsense"


class AnswerVerdict(StrEnum):
    """What an answer is as a whole; one that says it will not answer is a refusal, right or wrong."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSAL_RIGHT = "refusal_right"
    REFUSAL_WRONG = "refusal_wrong"

    @property
    def is_refusal(self) -> bool:
        """Whether the twin declined, by the reader's understanding."""
        return self in {AnswerVerdict.REFUSAL_RIGHT, AnswerVerdict.REFUSAL_WRONG}


class InVoice(StrEnum):
    """Whether an answer sounds like the person."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Choice(StrEnum):
    """What a reader says of two answers beside each other, of which it is not told whose they are."""

    LEFT = "left"
    RIGHT = "right"
    NEITHER = "neither"
    BOTH_BAD = "both_bad"


class Preferred(StrEnum):
    """The same once it is known whose answers they were."""

    FIRST = "first"
    SECOND = "second"
    NEITHER = "neither"
    BOTH_BAD = "both_bad"


class Signed(Contract):
    """Who said it, when, and in a few words why."""

    labeller: Named
    labelled_at: AwareDatetime
    note: str = ""


class SentenceLabel(Signed):
    """One sentence of the twin's own, judged against the passages that it could have been taken from."""

    kind: Literal["sentence"] = "sentence"
    bundle: Named
    question: Text
    sentence: Text
    label: SentenceVerdict

    @property
    def item(self) -> str:
        """Names what was judged."""
        return sentence_item(self.bundle, self.question, self.sentence)


class AnswerLabel(Signed):
    """One whole answer: whether it is right, whether it is in the voice, or both."""

    kind: Literal["answer"] = "answer"
    bundle: Named
    question: Text
    answer: Text
    label: AnswerVerdict | None = None
    in_voice: InVoice | None = None

    @model_validator(mode="after")
    def _says_something(self) -> AnswerLabel:
        if self.label is None and self.in_voice is None:
            raise ValueError("neither label nor in_voice is given")
        return self

    @property
    def item(self) -> str:
        """Names what was judged."""
        return answer_item(self.bundle, self.question, self.answer)


class BlindChoice(Signed):
    """One row of a blind page: the pair's opaque name, and the side that was preferred."""

    kind: Literal["choice"] = "choice"
    page: Named
    pair: Named
    choice: Choice


class Preference(Signed):
    """A blind choice, read with the page's key."""

    kind: Literal["preference"] = "preference"
    page: str
    pair: str
    question: str
    cluster: str
    """The source document that the question rests on, or the question itself."""
    first: str
    """A bundle."""
    second: str
    first_answer: str
    """Digest of its answer's text."""
    second_answer: str
    preferred: Preferred
    first_rung: str = ""
    """How far up the ladder the bundle stands, for readers; empty where the page's key does not say."""
    second_rung: str = ""

    @property
    def item(self) -> str:
        """Names what was compared, whichever of the two the page called the first."""
        sides = sorted([[self.first, self.first_answer], [self.second, self.second_answer]])
        return digest_value(["preference", digest_text(self.question), sides])


GivenLabel = Annotated[SentenceLabel | AnswerLabel | BlindChoice, Field(discriminator="kind")]
"""A row as the pages give it, or as somebody writes it."""


class LabelRow(RootModel[GivenLabel]):
    """One line of a file of labels, for the published schema."""


StoredLabel = Annotated[SentenceLabel | AnswerLabel | Preference, Field(discriminator="kind")]
"""A row as it is kept."""


class BlindPair(Contract):
    """What lies behind one pair of a blind page."""

    question: str
    cluster: str
    """The source document that the question rests on, or the question itself."""
    is_first_left: bool
    first_answer: str
    """Digest of the text shown."""
    second_answer: str


class BlindKey(Contract):
    """The key of a blind page: it stays in the home and is not in the page."""

    page: str
    persona: str
    first: str
    """A bundle."""
    second: str
    pairs: dict[str, BlindPair]
    first_rung: str = ""
    second_rung: str = ""


def sentence_item(bundle: str, question: str, sentence: str) -> str:
    """Names a sentence of a bundle's answer to a question."""
    return digest_value(["sentence", bundle, digest_text(question), digest_text(sentence)])


def answer_item(bundle: str, question: str, answer: str) -> str:
    """Names a bundle's answer to a question."""
    return digest_value(["answer", bundle, digest_text(question), digest_text(answer)])
