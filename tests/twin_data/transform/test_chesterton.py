"""Four books as pages through the stages: imprints go with a reason, the text stays to the character, nothing leaks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lxml import etree  # type: ignore[import-untyped]

from twin_data.contracts.documents import CleanDocument, CorpusDocument, RawDocument, Rejection, Role, Split
from twin_data.scoring.sentences import grams
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import clean, decontaminate, dedupe, quality, split
from twin_data.transform.voice_kept import summary

XHTML, EPUB = "{http://www.w3.org/1999/xhtml}", "{http://www.idpf.org/2007/ops}type"
AROUND = {"colophon", "imprint", "copyright-page", "titlepage", "halftitlepage"}


@dataclass(frozen=True)
class Books:
    raw: dict[str, RawDocument]
    cleaned: clean.Cleaned
    unique: dedupe.Deduplicated
    separated: pl.DataFrame
    exclusions: tuple[Rejection, ...]
    filtered: quality.Filtered


@pytest.fixture(scope="module")
def books(chesterton: Any) -> Books:
    cleaned = chesterton.cleaned
    unique = dedupe.run(to_frame(cleaned.documents, CleanDocument), config=dedupe.DedupeConfig())
    separated = split.run(unique.documents, config=split.SplitConfig())
    excluded = to_rows(decontaminate.run(separated, config=decontaminate.DecontaminateConfig()), Rejection)
    filtered = quality.run(separated, config=quality.QualityConfig())
    raw = {one.document_id: one for one in chesterton.raw}
    return Books(raw, cleaned, unique, separated, excluded, filtered)


def printed(path: Path) -> str:
    """All that a page prints, footnotes' numbers aside; read without this project's readers."""
    body = next(etree.parse(str(path)).getroot().iter(f"{XHTML}body"))
    for element in list(body.iter(f"{XHTML}a")):
        if element.get(EPUB) in {"noteref", "backlink"} or element.get("role") == "doc-backlink":
            element.text = ""
    return "".join(body.itertext())


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u2060\u200b\u00ad\ufeff]+", "", text)


def test_what_is_not_the_books_text_is_rejected_with_a_reason(books: Books) -> None:
    whole = [one for one in books.cleaned.rejections if one.reason.startswith("matter_")]
    reasons = Counter(one.reason.removeprefix("matter_") for one in whole)
    assert {kind: reasons[kind] for kind in AROUND} == dict.fromkeys(AROUND, 4)
    kept = {one.document_id for one in books.cleaned.documents}
    gone = {one.document_id for one in books.cleaned.rejections if one.document_id not in kept}
    assert kept | gone == set(books.raw)
    text = "\n".join(one.text for one in books.cleaned.documents)
    assert not re.search(r"Standard Ebooks|public domain|Project Gutenberg|CC0|Creative Commons", text)


def test_the_text_is_intact_to_the_character(books: Books, chesterton: Any) -> None:
    """Dashes, curly quotes, the words of italics: all that is printed, and nothing else."""
    marks: Counter[str] = Counter()
    checked = 0
    for document in books.cleaned.documents:
        book, _, name = document.document_id.partition("/")
        # A chapter's number and name are one heading, with a colon between them that is not printed.
        heading, *rest = (document.text[one.start : one.end] for one in document.passages)
        page = squeezed(printed(chesterton.sources / book / name))
        assert page.startswith(squeezed(heading.replace(": ", "", 1))) or page.startswith(squeezed(heading))
        assert page.endswith(squeezed("".join(rest)))
        marks.update(document.text)
        checked += 1
    assert checked > 90
    assert all(marks[mark] > 100 for mark in "—“”’")


def test_italics_keep_their_words(books: Books, chesterton: Any) -> None:
    cleaned = {one.document_id: " ".join(one.text.split()) for one in books.cleaned.documents}
    words = 0
    for path in sorted(chesterton.sources.rglob("chapter-*.xhtml")):
        text = cleaned[f"{path.parent.name}/{path.name}"]
        for element in etree.parse(str(path)).getroot().iter(f"{XHTML}i", f"{XHTML}em"):
            inside = " ".join("".join(element.itertext()).replace("\u2060", "").split())
            assert inside in text
            words += len(inside.split())
    assert words > 300


def test_each_chapter_is_a_family_of_its_own(books: Books) -> None:
    families = dict(books.unique.documents.select("document_id", "family").iter_rows())
    assert books.unique.rejections.is_empty()
    assert all(family == document_id for document_id, family in families.items())


def test_training_and_test_share_no_thirteen_words(books: Books) -> None:
    documents = to_rows(books.separated, CorpusDocument)
    sides = Counter(one.split for one in documents)
    assert sides[Split.TEST] >= 5
    held_out = {gram for one in documents if one.split is Split.TEST for gram in grams(one.text, 13)}
    spans: dict[str, list[Rejection]] = {}
    for one in books.exclusions:
        spans.setdefault(one.document_id, []).append(one)
    for document in documents:
        if document.split is Split.TRAIN:
            at, pieces = 0, []
            for one in sorted(spans.get(document.document_id, ()), key=lambda it: it.start):
                pieces.append(document.text[at : one.start])
                at = one.end
            assert not held_out & {gram for piece in (*pieces, document.text[at:]) for gram in grams(piece, 13)}


def test_the_voice_is_kept_and_nearly_all_of_it_is_his(books: Books) -> None:
    assert summary(books.cleaned.changes) == "voice unchanged in 4 sources"
    passages = [one for document in books.cleaned.documents for one in document.passages]
    own = sum(one.end - one.start for one in passages if one.role is Role.OWN)
    assert own / sum(one.end - one.start for one in passages) > 0.98
    assert books.filtered.documents.height >= 0.98 * books.separated.height
