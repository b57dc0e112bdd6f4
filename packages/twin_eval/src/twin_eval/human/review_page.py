"""The page on which people label an evaluation's sentences and answers, without what the scores said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin_data.contracts.digests import digest_text, digest_value, short
from twin_data.contracts.labels import AnswerVerdict, InVoice, SentenceVerdict
from twin_eval.errors import LabelsError
from twin_eval.human.machine import support_of
from twin_eval.human.page_items import Items, in_order
from twin_eval.records import Answer, PassageSeen
from twin_eval.scorers import ScoredAnswer
from twin_eval.templating import template

SENTENCE_CHOICES = tuple((one.value, one.value) for one in reversed(SentenceVerdict))
"""In the order in which the guide asks."""
ANSWER_CHOICES = tuple((one.value, one.value.replace("_", " ")) for one in AnswerVerdict)
VOICE_CHOICES = tuple((one.value, one.value) for one in InVoice)


@dataclass(frozen=True)
class SentenceBlock:
    """A sentence to label."""

    item: str
    text: str


@dataclass(frozen=True)
class QuestionBlock:
    """A question with all that is to label."""

    question: str
    passages: tuple[PassageSeen, ...]
    sentences: tuple[SentenceBlock, ...]
    answer_item: str
    answer: str
    reference: str
    """What the question's author wrote: the answer, or that it is to be refused."""
    evidence: tuple[str, ...]


@dataclass
class ReviewPage:
    """All that the template shows."""

    title: str
    persona: str
    page: str = ""
    items: Items = field(default_factory=dict)
    questions: list[QuestionBlock] = field(default_factory=list)

    @property
    def file(self) -> str:
        """What the browser saves the labels as."""
        return f"labels-{self.persona}-{self.page}.jsonl"

    @property
    def setup(self) -> dict[str, Any]:
        """What the page's script works with."""
        return {"page": self.page, "persona": self.persona, "file": self.file, "items": in_order(self.items)}


def render_review(
    answers: Iterable[ScoredAnswer], *, persona: str, bundle: str, passages: int, limit: int | None = None
) -> str:
    """The page.

    Questions stand in the order of their digests, which says nothing of their kinds and is the same for every labeller.

    Args:
        answers: Of one evaluation.
        persona: Whose.
        bundle: Which answered.
        passages: How many of the retrieved passages sentences were checked against, the best first.
        limit: Show no more questions than this; the first by digest, so two labellers get the same.

    Raises:
        LabelsError: There is no answer to label.
    """
    given = sorted((one for one in answers if one.record.answer), key=lambda one: digest_text(one.question.question))
    if not given:
        raise LabelsError(
            f"{persona}@{bundle} has answered nothing in its last evaluation: there is nothing to label",
            next_step=f"twin up, then twin evaluate {persona} --bundle {bundle}",
        )
    page = ReviewPage(title=f"Review of {persona}@{bundle}", persona=persona)
    for number, one in enumerate(given[:limit], start=1):
        assert one.record.answer is not None
        page.questions.append(_block(page.items, number, one, one.record.answer, passages))
    page.page = short(digest_value(page.items))
    return template("review.html.j2").render(
        page=page, sentence_choices=SENTENCE_CHOICES, answer_choices=ANSWER_CHOICES, voice_choices=VOICE_CHOICES
    )


def _block(items: Items, number: int, one: ScoredAnswer, answer: Answer, passages: int) -> QuestionBlock:
    said = {"bundle": one.record.bundle, "question": one.question.question}
    texts = dict.fromkeys(check.text for check in answer.twin.sentences if support_of(check) is not None)
    sentences = tuple(SentenceBlock(f"s{number}-{at}", text) for at, text in enumerate(texts, start=1))
    items |= {block.item: {"kind": "sentence", **said, "sentence": block.text} for block in sentences}
    answer_item = f"a{number}"
    items[answer_item] = {"kind": "answer", **said, "answer": answer.content}
    return QuestionBlock(
        question=one.question.question,
        passages=_shown(answer, passages) if sentences else (),
        sentences=sentences,
        answer_item=answer_item,
        answer=answer.content,
        reference=one.question.answer or ("to be refused" if one.question.expected == "refuse" else "not written down"),
        evidence=tuple(evidence.quote for evidence in one.question.evidence),
    )


def _shown(answer: Answer, count: int) -> tuple[PassageSeen, ...]:
    """The passages that sentences were checked against, and any other that the answer cites, best first.

    All look alike whether they are cited or not: a cited one would give away that its sentence was found supported.
    """
    cited = answer.twin.citations

    def is_cited(passage: PassageSeen) -> bool:
        return any(
            one.document_id == passage.document_id and one.start >= passage.start and one.end <= passage.end
            for one in cited
        )

    passages: Sequence[PassageSeen] = answer.twin.passages
    return tuple(one for at, one in enumerate(passages) if at < count or is_cited(one))
