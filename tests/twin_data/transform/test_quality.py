from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from twin_data.contracts.documents import BlockStyle, CorpusDocument, DocumentKind, Role
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import quality
from twin_data.transform.quality_rules import RULES, QualityConfig

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
        ("a b c d e f g h i j", "short_form_short_mean_word_length"),
        ("abcdefghijklmnopqrst " * 9, "short_form_long_mean_word_length"),
        ("One two three four five six seven eight" + " - 1 2" * 4, "short_form_too_few_alphabetic_words"),
        ("See [email] or [phone] [name] [secret] at https://x.example", "short_form_too_few_words"),
    ],
)
@pytest.mark.parametrize("kind", [DocumentKind.CHAT, DocumentKind.POST])
def test_short_forms_need_only_say_something(
    corpus_document: Build, kind: DocumentKind, text: str, expected: str | None
) -> None:
    assert reason(corpus_document(text.strip(), kind=kind)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "can u pls chk the q? im on a bus & cant c it. thx",
        "Pi is 3.14159 and e is 2.71828, I am 42 years and 7 months old. So what?",
        "Q3: revenue +12 %, churn -3 %, headcount 42, NPS 61. A good quarter, all in all!",
        "1.4.2 (2024-03-01)\n- fix: crash on empty input\n- feat: --json for all commands\n- docs: typo",
        "* fix: a\n* fix: b\n* feat: c — adds the new sync mode for slow links\n* chore: d",
        "Good morning to all of you out there! ☀️ 🐦 🌊 🌊 🌊 🚢",
        "Das Verkehrsinfrastrukturfinanzierungsgesellschaftsgesetz ist nun da, und keiner liest es",
        "I want you to know this. I want you to know this. I want you to know this. It is over.",
        "ok\n\nok\n\nthanks!\n\nok\n\nI'll restart the worker and we'll see\n\nok",
    ],
)
def test_what_pages_of_the_web_are_asked_throws_no_short_form_away(corpus_document: Build, text: str) -> None:
    for kind in DocumentKind:
        if kind.is_short_form:
            assert reason(corpus_document(*text.split("\n\n"), kind=kind)) is None


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


def test_each_rule_has_its_count_and_samples(corpus_document: Build) -> None:
    documents = [corpus_document(LONG.strip(), document_id="a"), corpus_document("Few words.", document_id="b")]
    documents += [corpus_document("a b c d 1 2 3 4", document_id=f"c{at}") for at in range(7)]
    documents.append(corpus_document("Congrats Dov", document_id="d", kind=DocumentKind.POST))
    found = quality.run(to_frame(documents, CorpusDocument), config=QualityConfig())
    counts = {one.rule: one for one in found.rules}
    assert list(counts) == [rule.name for rule in RULES]
    few = counts["gopher_too_few_words"]
    assert (few.asked, few.failed, few.dropped, few.samples) == (9, 8, 8, ("b", "c0", "c1", "c2", "c3"))
    letters = counts["gopher_too_few_alphabetic_words"]
    assert (letters.asked, letters.failed, letters.dropped) == (9, 7, 0)
    assert (counts["short_form_too_few_words"].asked, counts["short_form_too_few_words"].dropped) == (1, 1)
    assert counts["gopher_too_many_words"].threshold is None
    assert sum(one.dropped for one in found.rules) == found.rejections.height == 9
    assert found.documents["document_id"].to_list() == ["a"]
    table = to_frame(found.rules, quality.RuleCount)
    assert to_rows(table, quality.RuleCount) == found.rules


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("\n".join(f"- {line}" for line in LONG.split(". ")), "gopher_bullet_lines"),
        ("…\n".join(LONG.split(". ")) + "…", "gopher_ellipsis_lines"),
        (" ... ".join(LONG.split()[:60]), "gopher_ellipsis_ratio"),
        ("\n\n".join([LONG, *["The same again and again of it."] * 30]), "gopher_duplicate_paragraphs"),
        ("\n".join([LONG, *["The same again and again of it."] * 30]), "gopher_duplicate_lines"),
        (LONG + "of the " * 40, "gopher_top_2_gram_characters"),
        (LONG + LONG, "gopher_duplicate_10_gram_characters"),
        ("\n".join(LONG.split(" and ")).replace(".", ","), "fineweb_terminal_lines"),
        ("\n".join([LONG, *[f"Number {at} of the tides." for at in range(20)]]), "fineweb_short_lines"),
        (
            "\n".join([LONG, "The lock stays shut. " * 2, "The lock stays shut. " * 2, LONG[:40]]),
            "fineweb_duplicate_line_characters",
        ),
        ("\n\n".join(f"{word} the tide." for word in LONG.split()), "fineweb_new_lines"),
    ],
)
def test_each_paper_rule_fails_what_it_is_made_for(text: str, rule: str) -> None:
    texts = pl.DataFrame({"kind": ["article", "article", "chat"], "own": [LONG.strip(), text, text]})
    failed = quality.failed_rules(texts, QualityConfig.of_the_papers())
    assert not any(failed.row(0))
    assert failed[rule].to_list() == [False, True, False]


def test_the_papers_rules_spare_the_personas_of_the_tests(sample: Any) -> None:
    """Of articles and transcripts only what was planted as junk is dropped by a rule that was made for the web."""
    assert sum(one.dropped for one in sample.filtered.rules if one.rule.startswith("fineweb")) == 0
