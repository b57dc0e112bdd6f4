from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin_data.contracts.documents import BlockStyle, Chunk, CorpusDocument, Role
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import chunk
from twin_data.transform.chunk import ChunkConfig, chunks, context_line

Build = Callable[..., CorpusDocument]
SMALL = ChunkConfig(target_words=20, max_words=30)

WORDS = st.sampled_from(["tide", "gate,", "the", "—", "Dr.", "it’s", "£1,310", "end.", "Why?", "“No.”", "x\n"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=90).map(lambda drawn: " ".join(drawn).strip() or "x")
PARTS = st.tuples(SENTENCES, st.sampled_from(Role), st.sampled_from(BlockStyle))


def cut(document: CorpusDocument, config: ChunkConfig = SMALL) -> list[Chunk]:
    return list(chunks(document, config))


def check(document: CorpusDocument, found: list[Chunk], config: ChunkConfig) -> None:
    """What must hold of the chunks of any document."""
    covered: set[int] = set()
    for one in found:
        assert one.text == document.text[one.start : one.end]
        assert one.text.strip()
        assert len(one.text.split()) <= config.max_words
        assert one.own
        for span in one.own:
            assert one.start <= span.start < span.end <= one.end
            covered.update(range(span.start, span.end))
    assert len({one.chunk_id for one in found}) == len(found)
    assert [one.start for one in found] == sorted(one.start for one in found)
    own = {
        at
        for one in document.passages
        if one.role is Role.OWN and one.style not in {BlockStyle.HEADING, BlockStyle.CODE}
        for at in range(one.start, one.end)
    }
    assert covered <= own
    assert "".join(document.text[at] for at in sorted(own - covered)).strip() == ""


@settings(max_examples=60)
@given(st.lists(PARTS, max_size=8), st.integers(0, 3), st.integers(0, 15))
def test_every_own_paragraph_is_covered_and_nothing_else_is_own(
    corpus_document: Build, parts: list[tuple[Any, ...]], overlap: int, slack: int
) -> None:
    config = ChunkConfig(target_words=20, max_words=30 + slack, overlap_sentences=overlap)
    document = corpus_document(*parts)
    check(document, cut(document, config), config)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 45), min_size=1, max_size=12), st.integers(0, 3))
def test_sentences_of_any_length_never_make_a_chunk_too_long(
    corpus_document: Build, lengths: list[int], overlap: int
) -> None:
    """An overlap before a long sentence, and a sentence longer than any chunk."""
    config = ChunkConfig(target_words=20, max_words=30, overlap_sentences=overlap)
    document = corpus_document(" ".join("Word" + " tide" * (length - 1) + "." for length in lengths))
    check(document, cut(document, config), config)


def test_short_paragraphs_are_gathered_up_to_the_target(corpus_document: Build) -> None:
    document = corpus_document(*["Ten words are in this one and that is it."] * 5)
    assert [len(one.text.split()) for one in cut(document)] == [20, 20, 10]


def test_a_long_paragraph_is_cut_at_sentences_which_overlap(corpus_document: Build) -> None:
    text = " ".join(f"Sentence {at} has exactly six words." for at in range(8))
    found = [one.text for one in cut(corpus_document(text))]
    assert all(one.startswith("Sentence") and one.endswith("words.") for one in found)
    assert all(one.rsplit("Sentence", 1)[1] in other for one, other in zip(found, found[1:], strict=False))


def test_a_heading_ends_a_chunk_and_names_the_next(corpus_document: Build) -> None:
    document = corpus_document(
        ("The Title", BlockStyle.HEADING),
        "First.",
        ("Gauges", BlockStyle.HEADING),
        "Second.",
        "Third.",
        title="The Title",
    )
    assert [(one.section, one.text) for one in cut(document)] == [("", "First."), ("Gauges", "Second.\n\nThird.")]


def test_others_words_are_context_and_alone_are_nothing(corpus_document: Build) -> None:
    document = corpus_document(
        ("Where is the key?", Role.OTHER), "On the hook.", ("Section", BlockStyle.HEADING), ("Thanks.", Role.OTHER)
    )
    (found,) = cut(document)
    assert found.text == "Where is the key?\n\nOn the hook."
    assert [span.of(document.text) for span in found.own] == ["On the hook."]


def test_code_alone_is_nothing(corpus_document: Build) -> None:
    assert cut(corpus_document(("x = 1", BlockStyle.CODE))) == []


def test_the_context_line(corpus_document: Build) -> None:
    document = corpus_document("x", title="Tides", date=date(2024, 1, 2))
    assert context_line(document, "Gauges") == "Tides — Gauges (02 January 2024)"
    assert context_line(document, "") == "Tides (02 January 2024)"
    assert context_line(corpus_document("x", title="Tides", date=None), "") == "Tides"


def test_a_chunk_is_named_by_its_document_version_and_place(corpus_document: Build) -> None:
    (one,), (other,) = cut(corpus_document("A.")), cut(corpus_document("B."))
    assert one.chunk_id != other.chunk_id
    assert one == cut(corpus_document("A."))[0]


def test_the_limits_must_be_in_order() -> None:
    with pytest.raises(ValidationError, match="max_words 40 is less than target_words 50"):
        ChunkConfig(target_words=50, max_words=40)


def test_chunks_carry_their_document(corpus_document: Build) -> None:
    document = corpus_document("A tide.", url="https://x.example/a", family="f")
    (row,) = to_rows(chunk.run(to_frame([document], CorpusDocument), config=SMALL), Chunk)
    for name in ("document_id", "title", "date", "url", "source", "kind", "family", "split"):
        assert getattr(row, name) == getattr(document, name)
    assert row.document_digest == document.digest
    assert chunk.run(to_frame([], CorpusDocument), config=SMALL).is_empty()


def test_the_sample(sample: Any) -> None:
    config = ChunkConfig()
    documents = to_rows(sample.filtered.documents, CorpusDocument)
    for document in documents:
        check(document, [one for one in sample.chunks if one.document_id == document.document_id], config)
    assert {one.document_id for one in sample.chunks} == {one.document_id for one in documents}
