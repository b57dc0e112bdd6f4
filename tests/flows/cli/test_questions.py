from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from flows.cli import questions
from flows.cli.questions import render
from twin_data.configuration.home import TwinHome
from twin_data.contracts.datasets import CertificateCheck, ReasonCount
from twin_data.contracts.exam import QuestionsCertificate

from ..test_exam_questions import TEXT, write_features

PERSONA = """
name: ada
display_name: Ada
author: {name: Ada}
owner: Ada
licence: all rights reserved
consent: {statement: I agree that a twin is made of my writing., given_by: Ada, date: 2026-11-01}
"""
CERTIFICATE = QuestionsCertificate(
    persona="ada", generator="1", seed=0, corpus_digest="c", questions_digest="q", questions=210, wanted=400, inputs=(),
    counts=(
        ReasonCount(stage="kind", reason="factual", rows=20),
        ReasonCount(stage="rejected", reason="no_pattern_fits", rows=900),
    ),
    checks=(CertificateCheck(name="near_duplicates", value=0.0, wanted="= 0", passed=True),),
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    monkeypatch.delenv("TWIN_DATABASE_URL", raising=False)
    folder = tmp_path / "personas" / "ada"
    folder.mkdir(parents=True)
    (folder / "persona.yaml").write_text(PERSONA, "utf-8")
    return tmp_path


def twin(*arguments: str, code: int = 0) -> str:
    app = typer.Typer(rich_markup_mode=None)
    questions.register(app)
    app.command("other")(lambda: None)
    result = CliRunner().invoke(app, ["questions", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_each_command_shows_an_example() -> None:
    assert "Example: twin questions generate" in twin("generate", "--help")
    assert "Example: twin questions from-failures" in twin("from-failures", "--help")


def test_a_persona_without_features_is_told_what_to_run(home: Path) -> None:
    assert "twin features ada" in twin("generate", "ada", code=1)


def test_nothing_asked_gives_no_candidates(home: Path) -> None:
    found = json.loads(twin("from-failures", "ada", "--json"))
    assert found == {"candidates": [], "passed_over": {}}
    assert not (home / "personas" / "ada" / "questions.candidates.jsonl").exists()


def test_a_thin_corpus_is_a_warning_with_reasons() -> None:
    text = render(CERTIFICATE, "/home/personas/ada")
    assert "warning: the corpus gives 210 of the 400 questions that were wanted" in text
    assert "900 no pattern fits" in text and "certificate: passed" in text


def test_a_set_with_too_little_to_be_answered_is_said_to_be_no_exam_by_itself() -> None:
    counts = (
        ReasonCount(stage="kind", reason="factual", rows=19),
        ReasonCount(stage="kind", reason="unanswerable", rows=64),
    )
    assert "warning: 19 of them are to be answered, and a verdict takes 20" in render(
        CERTIFICATE.model_copy(update={"counts": counts}), "/home/personas/ada"
    )
    assert "to be answered" not in render(CERTIFICATE, "/home/personas/ada")


def test_a_failed_certificate_names_the_check() -> None:
    failed = CertificateCheck(name="near_duplicates", value=3.0, wanted="= 0", passed=False)
    text = render(CERTIFICATE.model_copy(update={"checks": (failed,)}), "/home/personas/ada")
    assert "not passed" in text and "near_duplicates is 3, wanted = 0" in text


QUESTION = {
    "id": "q1", "kind": "factual", "question": "How many gates?", "answer": "Fourteen.", "expected": "answer",
    "facts": [{"text": "fourteen", "essential": True}],
    "evidence": [{"file": "blog/0.md", "quote": "There are fourteen gates on the whole river."}],
}  # fmt: skip


def write_questions(home: Path, **changes: object) -> None:
    (home / "personas" / "ada" / "questions.jsonl").write_text(json.dumps({**QUESTION, **changes}) + "\n", "utf-8")


def test_check_finds_what_no_document_holds(home: Path) -> None:
    assert "Example: twin questions check" in twin("check", "--help")
    assert "asks the self-check" in twin("check", "ada")
    write_questions(home)
    assert "next: twin features ada" in twin("check", "ada")
    write_features(TwinHome(home), TEXT)
    assert "ada: 1 in questions.jsonl; 0 problems" in twin("check", "ada")
    write_questions(home, evidence=[{"file": "blog/0.md", "quote": "There are fifteen gates."}])
    assert "questions.jsonl: q1: no document of the archive holds" in twin("check", "ada", code=1)
    found = json.loads(twin("check", "ada", "--json", code=1))
    assert found["passed"] is False and found["files"][0]["questions"] == 1


def test_check_refuses_an_answer_without_its_own_fact(home: Path) -> None:
    write_questions(home, answer="A dozen.")
    assert "does not state the essential fact 'fourteen'" in twin("check", "ada", code=1)
