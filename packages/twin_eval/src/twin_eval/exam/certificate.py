"""The certificate of a generated question set: made by reading the questions again, and demanded by the evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from twin_data.contracts.base import NamedDigest
from twin_data.contracts.datasets import CertificateCheck, ReasonCount
from twin_data.contracts.digests import digest_rows, digest_value
from twin_data.contracts.documents import CorpusDocument
from twin_data.contracts.evaluation import QuestionKind
from twin_data.contracts.exam import GeneratedQuestion, QuestionsCertificate
from twin_data.generate.material import OVERLAP_WORDS
from twin_data.scoring.sentences import grams
from twin_eval.exam.facts import are_sound
from twin_eval.exam.likeness import Known, without_duplicates
from twin_eval.exam.people import People
from twin_eval.exam.run import GENERATOR, ExamConfig, ExamInputs, GeneratedSet, training_grams
from twin_eval.exam.unanswerable import Unanswerable
from twin_eval.hard_stops import leaked_ids
from twin_eval.questions import check_reference_answers


@dataclass(frozen=True)
class CertifyInputs:
    """What a certificate is made of, beside the set.

    Attributes:
        persona: Whose.
        corpus_digest: Of the documents' table.
        exam: What the questions were made of.
        config: With which settings.
    """

    persona: str
    corpus_digest: str
    exam: ExamInputs
    config: ExamConfig


def certify(made: GeneratedSet, inputs: CertifyInputs) -> QuestionsCertificate:
    """Check the questions against every bar, by the documents as they stand."""
    exam = inputs.exam
    return QuestionsCertificate(
        persona=inputs.persona,
        generator=GENERATOR,
        seed=inputs.config.seed,
        corpus_digest=inputs.corpus_digest,
        questions_digest=digest_rows(made.questions),
        questions=len(made.questions),
        wanted=inputs.config.count,
        inputs=(
            NamedDigest(name="own_questions", digest=digest_value(sorted(exam.own_questions))),
            NamedDigest(name="instructions", digest=digest_value(sorted(exam.instructions))),
        ),
        counts=_counts(made),
        checks=_checks(made.questions, exam),
    )


def _counts(made: GeneratedSet) -> tuple[ReasonCount, ...]:
    found: Counter[tuple[str, str]] = Counter()
    for one in made.questions:
        found["kind", one.kind.value] += 1
        found["pattern", one.pattern] += 1
        if one.book is not None:
            found["book", one.book.value] += 1
            found["source", one.evidence[0].file.split("/")[0]] += 1
    found.update({("rejected", reason): count for reason, count in made.rejected.items()})
    return tuple(ReasonCount(stage=at, reason=why, rows=count) for (at, why), count in sorted(found.items()))


def _checks(questions: Sequence[GeneratedQuestion], exam: ExamInputs) -> tuple[CertificateCheck, ...]:
    documents = {one.document_id: one for one in exam.documents}
    own, trained, held = Known(exam.own_questions), Known(exam.instructions), training_grams(exam)
    texts = [one.question for one in questions]
    unanswerable = [one.question for one in questions if one.kind is QuestionKind.UNANSWERABLE]
    corpus = Unanswerable(exam.documents, People(one.text for one in exam.documents))
    answerable = [one for one in questions if one.kind.is_answerable]
    kept = without_duplicates({one.id: one.question for one in questions})
    return (
        CertificateCheck(name="questions", value=float(len(questions)), wanted="≥ 1", passed=bool(questions)),
        _none("quotes_not_at_their_offsets", sum(not _is_in_place(one, documents) for one in answerable)),
        _none("facts_not_in_the_quote_or_in_the_question", sum(not _has_sound_facts(one) for one in answerable)),
        _none("facts_not_in_the_answer", len(check_reference_answers(answerable))),
        _none(
            "refusals_with_facts_or_evidence",
            sum(bool(one.facts or one.evidence) for one in questions if one not in answerable),
        ),
        _none("exact_duplicates", len(texts) - len({" ".join(text.casefold().split()) for text in texts})),
        _none("near_duplicates", len(questions) - len(kept)),
        _none("repeats_of_own_questions", sum(map(own.repeats, texts))),
        _none("repeats_of_instructions", sum(map(trained.repeats, texts))),
        _none("stand_in_training_data", len(leaked_ids(questions, exam.trained_texts))),
        _none("unanswerable_but_answered", sum(map(corpus.is_answered, unanswerable))),
        _none("training_13_grams", sum(any(gram in held for gram in grams(text, OVERLAP_WORDS)) for text in texts)),
    )


def _is_in_place(question: GeneratedQuestion, documents: dict[str, CorpusDocument]) -> bool:
    """Whether each quote is, character by character, what its document has there."""
    for one in question.evidence:
        document = documents.get(one.file)
        if document is None or document.digest != one.document_digest:
            return False
        if document.text[one.start : one.end] != one.quote:
            return False
    return bool(question.evidence)


def _has_sound_facts(question: GeneratedQuestion) -> bool:
    return all(are_sound(question.facts, question.question, one.quote) for one in question.evidence)


def _none(name: str, count: int) -> CertificateCheck:
    return CertificateCheck(name=name, value=float(count), wanted="= 0", passed=count == 0)
