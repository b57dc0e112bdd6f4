from __future__ import annotations

from pathlib import Path

import pytest

from twin_data.contracts.datasets import CertificateCheck
from twin_data.contracts.documents import CorpusDocument
from twin_data.contracts.exam import QuestionCandidate, QuestionsCertificate
from twin_eval.errors import QuestionsError
from twin_eval.exam.certificate import CertifyInputs, certify
from twin_eval.exam.files import (
    CANDIDATES_FILE,
    CERTIFICATE_FILE,
    GENERATED_FILE,
    add_candidates,
    check_certificate,
    generated_questions,
    read_candidates,
    write_generated,
)
from twin_eval.exam.run import ExamConfig, ExamInputs, GeneratedSet, run
from twin_eval.questions import completed

CONFIG = ExamConfig(count=60)


@pytest.fixture
def made(archive: tuple[CorpusDocument, ...]) -> GeneratedSet:
    return run(ExamInputs(archive), config=CONFIG)


@pytest.fixture
def certificate(archive: tuple[CorpusDocument, ...], made: GeneratedSet) -> QuestionsCertificate:
    return certify(made, CertifyInputs("ada", "corpus-1", ExamInputs(archive), CONFIG))


def test_a_certified_set_is_read_as_it_was_written(
    tmp_path: Path, made: GeneratedSet, certificate: QuestionsCertificate
) -> None:
    write_generated(tmp_path, made.questions, certificate)
    assert generated_questions(tmp_path) == made.questions
    check_certificate(tmp_path, "ada", "corpus-1")


def test_the_certificate_counts_by_kind_pattern_source_and_book(certificate: QuestionsCertificate) -> None:
    stages = {one.stage for one in certificate.counts}
    assert stages == {"kind", "pattern", "source", "book", "rejected"}
    assert sum(one.rows for one in certificate.counts if one.stage == "kind") == certificate.questions


@pytest.mark.parametrize("how", ["missing", "unreadable", "failed", "another corpus", "another persona", "changed"])
def test_a_set_without_a_valid_certificate_is_refused_with_the_next_command(
    tmp_path: Path, made: GeneratedSet, certificate: QuestionsCertificate, how: str
) -> None:
    if how == "failed":
        failed = CertificateCheck(name="near_duplicates", value=2.0, wanted="= 0", passed=False)
        certificate = certificate.model_copy(update={"checks": (failed,)})
    write_generated(tmp_path, made.questions, certificate)
    if how == "missing":
        (tmp_path / CERTIFICATE_FILE).unlink()
    elif how == "unreadable":
        (tmp_path / CERTIFICATE_FILE).write_text("{", "utf-8")
    elif how == "changed":
        path = tmp_path / GENERATED_FILE
        path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[1:]), "utf-8")
    persona, corpus = ("eve" if how == "another persona" else "ada"), "2" if how == "another corpus" else "corpus-1"
    with pytest.raises(QuestionsError) as caught:
        check_certificate(tmp_path, persona, corpus)
    assert f"twin questions generate {persona}" in str(caught.value.next_step)
    assert GENERATED_FILE in caught.value.message


def test_a_tampered_question_fails_the_certificate(archive: tuple[CorpusDocument, ...], made: GeneratedSet) -> None:
    first = next(one for one in made.questions if one.evidence)
    moved = first.model_copy(
        update={"evidence": (first.evidence[0].model_copy(update={"start": first.evidence[0].start + 1}),)}
    )
    told = first.model_copy(update={"id": "x", "question": f"{first.question} {first.facts[0].text}"})
    twice = first.model_copy(update={"id": "y"})
    for changed, check in (
        ((moved,), "quotes_not_at_their_offsets"),
        ((told,), "facts_not_in_the_quote_or_in_the_question"),
        ((first, twice), "exact_duplicates"),
    ):
        tampered = GeneratedSet(changed, made.rejected)
        found = certify(tampered, CertifyInputs("ada", "corpus-1", ExamInputs(archive), CONFIG))
        assert not found.passed
        assert check in {one.name for one in found.checks if not one.passed}


def candidate(**fields: object) -> QuestionCandidate:
    return QuestionCandidate.model_validate(
        {"id": "failure-1", "question": "Why is the gate slow?", "why": "declined", "asked_on": "2026-11-01", **fields}
    )


def test_candidates_are_appended_and_never_asked_before_they_are_complete(tmp_path: Path) -> None:
    add_candidates(tmp_path, [candidate()])
    first = (tmp_path / CANDIDATES_FILE).read_text("utf-8")
    add_candidates(tmp_path, [candidate(id="failure-2")])
    assert (tmp_path / CANDIDATES_FILE).read_text("utf-8").startswith(first)
    assert [one.id for one in read_candidates(tmp_path)] == ["failure-1", "failure-2"]
    assert completed(read_candidates(tmp_path)) == ()


def test_a_completed_candidate_is_a_question(tmp_path: Path) -> None:
    filled = candidate(
        kind="factual",
        expected="answer",
        facts=[{"text": "lead", "essential": True}],
        evidence=[{"file": "blog/gates.md", "quote": "lost two hundred kilos of lead"}],
    )
    add_candidates(tmp_path, [filled])
    (question,) = completed(read_candidates(tmp_path))
    assert (question.id, question.kind, question.facts) == (filled.id, filled.kind, filled.facts)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "factual"}, "expected is not filled in"),
        ({"kind": "factual", "expected": "answer"}, "no evidence"),
        ({"facts": [{"text": "lead", "essential": True}]}, "kind is not"),
    ],
)
def test_half_a_candidate_is_told_by_line(tmp_path: Path, fields: dict[str, object], told: str) -> None:
    add_candidates(tmp_path, [candidate(**fields)])
    with pytest.raises(QuestionsError, match=f"{CANDIDATES_FILE}:1: .*{told}"):
        read_candidates(tmp_path)
