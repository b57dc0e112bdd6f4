"""A draft's sentences checked as the service checks them, against the passages around a question's evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks.harness_stub import SAMPLE
from benchmarks.verifier_measures import passage_of
from twin_data.contracts.answers import RetrievedPassage
from twin_data.contracts.base import Span
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.contracts.releases import VerificationSettings
from twin_data.scoring.sentences import content_stems
from twin_data.scoring.support import EvidenceText, Support
from twin_data.scoring.weights import TermWeights, term_weights
from twin_data.sources.contrast import read_contrast
from twin_eval.fake_service import citation
from twin_eval.source_texts import source_texts
from twin_serve.answering.verification import granted_names, objection

AROUND_CHARACTERS = 400
"""Of a document's text before and after a quotation, as a chunk would have."""
MIN_STEMS = 2


@dataclass(frozen=True)
class Archive:
    """What may be cited: the texts around each question's evidence, and all posts.

    Attributes:
        around: By question id, stretches of the sources that hold the evidence; the nearest post where there is none.
        posts: The persona's posts.
    """

    around: Mapping[str, tuple[str, ...]]
    posts: tuple[str, ...]

    @classmethod
    def of_sample(cls, questions: Sequence[HeldOutQuestion]) -> Archive:
        """The sample persona's."""
        text_of = source_texts(SAMPLE / "sources")
        posts = tuple(" ".join(text.split()) for text in read_contrast(SAMPLE / "sources")["blog"])
        bare = cls({}, posts)
        around = {
            one.id: tuple(_around(text_of(evidence.file) or "", evidence.quote) for evidence in one.evidence)
            or (bare.nearest(one.question),)
            for one in questions
        }
        return cls(around, posts)

    @cached_property
    def weights(self) -> TermWeights:
        """How much each stem tells in this archive."""
        return term_weights([*self.posts, *(text for texts in self.around.values() for text in texts)])

    @cached_property
    def documents(self) -> dict[str, str]:
        """Texts by the id that citations name."""
        texts = dict.fromkeys(text for texts in self.around.values() for text in texts)
        return {passage_of(text).document_id: text for text in texts}

    def nearest(self, question: str) -> str:
        """The post that shares most words with a question, white space folded."""
        asked = set(content_stems(question))
        return max(self.posts, key=lambda text: len(asked & set(content_stems(text))))

    def answer(self, question: HeldOutQuestion, sentences: Sequence[str]) -> dict[str, Any]:
        """The parts of a response: what of the sentences is shipped, with checks and citations; else it declines."""
        passages = [passage_of(text) for text in self.around[question.id]]
        granted = granted_names(question.question, passages)
        checks, cited = [], []
        for sentence in sentences:
            check, held = self._checked(sentence, passages, granted)
            if held:
                passage, quote = held
                cited.append(citation(len(cited) + 1, passage.document_id, passage.text, quote))
                check["citations"] = [len(cited)]
            checks.append(check)
        shipped = [one for one in checks if one["outcome"] != "dropped"]
        if not shipped:
            return {"content": "The archive does not say.", "outcome": "declined", "sentences": checks}
        own = any(one["outcome"] == "supported" for one in shipped)
        return {
            "content": " ".join(one["text"] for one in shipped),
            "outcome": "generated" if own else "quoted",
            "sentences": checks,
            "citations": cited,
        }

    def _checked(
        self, sentence: str, passages: Sequence[RetrievedPassage], granted: frozenset[str]
    ) -> tuple[dict[str, Any], tuple[RetrievedPassage, str] | None]:
        """The check of one sentence, and passage and words that it cites, if it is shipped."""
        check = {"text": sentence, "outcome": "dropped", "support": 0.0, "citations": [], "reason": "not supported"}
        if len(content_stems(sentence)) < MIN_STEMS or sentence.endswith(("?", ":")):
            return check, None
        for passage in passages:
            if sentence in passage.text:
                copied = {"outcome": "quoted", "support": 1.0, "reason": "copied word for word"}
                return check | copied, (passage, sentence)
        found = [(one, support) for one in passages if (support := self._support(sentence, one.text, granted))]
        if not found:
            return check, None
        passage, best = max(found, key=lambda one: one[1].score)
        check["support"] = round(best.score, 4)
        if best.score < VerificationSettings().min_support or objection(sentence, passage, best.span):
            return check, None
        return check | {"outcome": "supported", "reason": ""}, (passage, best.span.of(passage.text))

    def _support(self, sentence: str, text: str, granted: frozenset[str]) -> Support | None:
        evidence = EvidenceText(text, [Span(start=0, end=len(text))])
        return evidence.support(sentence, self.weights.weight, granted=granted)


def _around(text: str, quote: str) -> str:
    """The quotation with what stands around it, white space folded."""
    folded, wanted = " ".join(text.split()), " ".join(quote.split())
    at = folded.find(wanted)
    return folded[max(0, at - AROUND_CHARACTERS) : at + len(wanted) + AROUND_CHARACTERS] if at >= 0 else wanted
