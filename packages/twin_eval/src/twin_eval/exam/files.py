"""The files of generated questions and of candidates, beside a persona's own `questions.jsonl`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.digests import digest_rows, short
from twin_data.contracts.exam import GeneratedQuestion, QuestionCandidate, QuestionsCertificate
from twin_eval.errors import QuestionsError
from twin_eval.questions import load_candidates, load_generated
from twin_eval.storage import write_atomically

GENERATED_FILE = "questions.generated.jsonl"
CERTIFICATE_FILE = "questions.generated.certificate.json"
CANDIDATES_FILE = "questions.candidates.jsonl"


def write_generated(folder: Path, questions: Sequence[GeneratedQuestion], certificate: QuestionsCertificate) -> None:
    """Write the set and then its certificate: a set that a crash leaves without one is refused."""
    (folder / CERTIFICATE_FILE).unlink(missing_ok=True)
    write_atomically(folder / GENERATED_FILE, "".join(f"{one.model_dump_json()}\n" for one in questions))
    write_atomically(folder / CERTIFICATE_FILE, certificate.model_dump_json(indent=2) + "\n")


def generated_questions(folder: Path) -> tuple[GeneratedQuestion, ...]:
    """The generated set, whatever its certificate says; empty if there is none.

    Raises:
        QuestionsError: The file is wrong.
    """
    path = folder / GENERATED_FILE
    return load_generated(path) if path.is_file() else ()


def read_certificate(folder: Path) -> QuestionsCertificate | None:
    """The certificate; None if there is none that can be read."""
    path = folder / CERTIFICATE_FILE
    try:
        return QuestionsCertificate.model_validate_json(path.read_text("utf-8")) if path.is_file() else None
    except (ValidationError, UnicodeDecodeError):
        return None


def check_certificate(folder: Path, persona: str, corpus_digest: str) -> None:
    """Refuse a generated set whose certificate is missing, failed, or of something else.

    Raises:
        QuestionsError: It is, and why.
    """
    if why := _objection(folder, persona, corpus_digest):
        path = folder / GENERATED_FILE
        raise QuestionsError(
            f"{path}: {why}", next_step=f"twin questions generate {persona}, or remove {path.name} to ask without it"
        )


def _objection(folder: Path, persona: str, corpus_digest: str) -> str:
    certificate = read_certificate(folder)
    if certificate is None:
        return f"there is no {CERTIFICATE_FILE} beside it that can be read"
    if failed := [f"{one.name} is {one.value:g}, wanted {one.wanted}" for one in certificate.checks if not one.passed]:
        return f"its certificate was not passed: {'; '.join(failed)}"
    if not certificate.passed:
        return "its certificate holds no check"
    if certificate.persona != persona:
        return f"its certificate is of persona {certificate.persona!r}"
    if certificate.corpus_digest != corpus_digest:
        made, now = short(certificate.corpus_digest), short(corpus_digest)
        return f"its certificate is of another corpus version ({made}; the corpus is {now} now)"
    if (found := digest_rows(generated_questions(folder))) != certificate.questions_digest:
        certified = short(certificate.questions_digest)
        return f"the questions were changed after they were certified ({short(found)}, not {certified})"
    return ""


def read_candidates(folder: Path) -> tuple[QuestionCandidate, ...]:
    """The candidates; empty if there is no file.

    Raises:
        QuestionsError: The file is wrong.
    """
    path = folder / CANDIDATES_FILE
    return load_candidates(path) if path.is_file() else ()


def add_candidates(folder: Path, new: Sequence[QuestionCandidate]) -> None:
    """Append candidates; the lines that are there, a person's work among them, stay to the letter."""
    path = folder / CANDIDATES_FILE
    held = path.read_text("utf-8") if path.is_file() else ""
    if held and not held.endswith("\n"):
        held += "\n"
    write_atomically(path, held + "".join(f"{one.model_dump_json()}\n" for one in new))
