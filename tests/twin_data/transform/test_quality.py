from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twin_data.contracts.documents import BlockStyle, CorpusDocument, DocumentKind, Role
from twin_data.store.schemas import to_frame
from twin_data.transform import quality
from twin_data.transform.quality import QualityConfig

Build = Callable[..., CorpusDocument]
SENTENCE = "The gate was shut at noon, and we sat with the crew to hear of the water that had risen. "
LONG = (
    "The gate was shut at noon, and we sat with the crew to hear of the water that had risen. Nobody on the quay had "
    "slept. A lamp went from hand to hand while Dov read out what each sluice had let through since midnight, and each "
    "number was worse than the one before. It was the third winter of this kind, so we have learned to listen. "
)


def reason(document: CorpusDocument, config: QualityConfig | None = None) -> str | None:
    """Why the one document was dropped, or None."""
    frame = to_frame([document], CorpusDocument)
    found = quality.run(frame, config=config or QualityConfig())
    assert found.documents.height + found.rejections.height == 1
    assert found.documents.columns == frame.columns
    return None if found.rejections.is_empty() else str(found.rejections["reason"][0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LONG, None),
        (SENTENCE, "gopher_too_few_words"),
        ("https://x.example/a https://x.example/b", "no_words"),
        ("1 2 3 — …", "no_words"),
        (LONG + "12 34 56 — " * 10, "gopher_too_few_alphabetic_words"),
        ("a b c d e f to be of " * 10, "gopher_short_mean_word_length"),
        ("incomprehensibilities thoroughgoingness and the " * 20, "gopher_long_mean_word_length"),
        (LONG + "#tide #lock #gate #water #noon #crew #salt #mud " * 2, "gopher_hash_ratio"),
        ("Schleuse Wasser Tide Ebbe Flut Hafen Schiff Mast Segel Ruder " * 8, "gopher_too_few_stop_words"),
    ],
)
def test_articles(corpus_document: Build, text: str, expected: str | None) -> None:
    assert reason(corpus_document(text.strip())) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Three lines. What changed, at which gate, and how we get back.", None),
        ("Congrats Dov", "short_form_too_few_words"),
        ("👍 👍", "no_words"),
        ("Read the piece on the gates that we shut at noon. #locks #tides #devops", None),
        ("#a #b #c #d #e #f #g #h #i #j", "short_form_symbol_ratio"),
        ("See [email] or [phone] [name] [secret] at https://x.example", "short_form_too_few_words"),
    ],
)
@pytest.mark.parametrize("kind", [DocumentKind.CHAT, DocumentKind.POST])
def test_short_forms_need_only_say_something(
    corpus_document: Build, kind: DocumentKind, text: str, expected: str | None
) -> None:
    lenient = QualityConfig(min_mean_word_length=1)
    assert reason(corpus_document(text, kind=kind), lenient) == expected


def test_only_the_personas_own_prose_counts(corpus_document: Build) -> None:
    document = corpus_document(
        (LONG, Role.QUOTED), (LONG, BlockStyle.CODE), (LONG, Role.OTHER), "A short remark of mine."
    )
    assert reason(document) == "gopher_too_few_words"


def test_own_text_is_what_it_says(corpus_document: Build) -> None:
    document = corpus_document("One.", ("Two.", Role.QUOTED), ("x = 1", BlockStyle.CODE), "Three — é.")
    assert quality.own_text(to_frame([document], CorpusDocument)).to_list() == ["One.\n\nThree — é."]


def test_a_rejection_says_where_and_why(corpus_document: Build) -> None:
    document = corpus_document("Nothing much — é.")
    found = quality.run(to_frame([document], CorpusDocument), config=QualityConfig())
    assert found.rejections.to_dicts() == [
        {
            "stage": "filter",
            "document_id": document.document_id,
            "text_digest": document.digest,
            "start": 0,
            "end": len(document.text),
            "reason": "gopher_too_few_words",
            "redacted_text": document.text,
        }
    ]


def test_nothing_in_nothing_out() -> None:
    found = quality.run(to_frame([], CorpusDocument), config=QualityConfig())
    assert found.documents.is_empty()
    assert found.rejections.is_empty()


def test_the_planted_junk_of_the_sample_goes_and_nothing_else(sample: Any, planted: dict[str, Any]) -> None:
    kept = set(sample.filtered.documents["document_id"])
    rejected = set(sample.filtered.rejections["document_id"])
    assert kept.isdisjoint(planted["junk"])
    assert rejected <= set(planted["junk"])
    chats = sample.separated.filter(sample.separated["kind"] == "chat")["document_id"].to_list()
    assert len(chats) > 40
    assert set(chats) <= kept
