"""The four books as pages: every quotation that a question rests on stands in what was read."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import RawDocument
from twin_data.sources.html import HtmlReader
from twin_data.sources.reader import ReadContext

BOOKS = Path(__file__).parents[4] / "shared" / "data" / "personas" / "chesterton"

pytestmark = pytest.mark.skipif(not BOOKS.is_dir(), reason="the test data ../shared/data/personas/chesterton is absent")


@pytest.fixture(scope="module")
def documents() -> dict[str, RawDocument]:
    context = ReadContext("books", BOOKS, Author(name="G. K. Chesterton"))
    paths = sorted(BOOKS.rglob("*.xhtml"))
    return {context.relative(path): document for path in paths for document in HtmlReader().read(path, context)}


def test_every_quotation_stands(documents: dict[str, RawDocument]) -> None:
    questions = [json.loads(line) for line in (BOOKS / "questions.jsonl").read_text("utf-8").splitlines()]
    evidence = [one for question in questions for one in question.get("evidence", [])]
    assert len(evidence) >= 40
    missing = [
        one["quote"]
        for one in evidence
        if " ".join(one["quote"].split()) not in " ".join(documents[one["file"]].text.split())
    ]
    assert missing == []


def test_every_page_says_what_it_is(documents: dict[str, RawDocument]) -> None:
    kinds = Counter(document.matter for document in documents.values())
    assert sum(kinds.values()) == len(documents) == 129
    assert {kinds[one] for one in ("colophon", "imprint", "copyright-page", "titlepage", "halftitlepage")} == {4}
    assert kinds["chapter"] == 92
    assert None not in kinds


def test_titles_are_those_of_the_chapters(documents: dict[str, RawDocument]) -> None:
    first = documents["heretics/chapter-1.xhtml"]
    assert first.title == "I: Introductory Remarks on the Importance of Orthodoxy"
    assert first.blocks[0].text == first.title
    assert first.document_id == "books/heretics/chapter-1.xhtml"
