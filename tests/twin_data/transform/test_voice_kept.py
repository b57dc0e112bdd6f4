"""Cleaning keeps the voice, and a rule that does not is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Role
from twin_data.contracts.errors import CorpusError
from twin_data.transform import clean
from twin_data.transform.clean import TEXT_RULES, CleanConfig, CleanInputs, TextRule, clean_document, step_names
from twin_data.transform.voice_kept import (
    AS_READ,
    StyleChange,
    VoiceKeptConfig,
    VoiceRecord,
    check_voice_kept,
    summary,
    tally,
)

CONFIG = CleanConfig()


def damage(name: str, pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> TextRule:
    return TextRule(name, lambda block, text: re.sub(pattern, replacement, text))


DAMAGING = [
    damage("strip apostrophes", "[’']", ""),
    damage("other quotation marks", '["“”]', "«"),
    damage("dashes to hyphens", "[—–]", "-"),
    damage("lower the case", r"\w+", lambda match: match[0].lower()),
    damage("drop semicolons", ";", ","),
    damage("drop the word not", r"(?i)\bnot\b", ""),
    damage("drop short paragraphs", r"(?s)\A(?:\S+\s+){0,30}\S+\Z", ""),
    damage("join sentences", r"[.] +(\w)", r", \1"),
]


@pytest.mark.parametrize("rule", DAMAGING, ids=[rule.name for rule in DAMAGING])
def test_the_rule_that_does_damage_is_named(sample: Any, rule: TextRule) -> None:
    blog = tuple(one for one in sample.raw if one.source == "blog")
    for rules in ((rule, *TEXT_RULES), (*TEXT_RULES, rule)):
        with pytest.raises(CorpusError, match="changes the voice of the source 'blog'") as caught:
            clean.run(CleanInputs(blog, frozenset()), config=CONFIG, rules=rules)
        assert f"the rule {rule.name!r} alters" in caught.value.message
        assert "features.clean.voice" in caught.value.next_step


def test_the_damaged_source_is_named_and_no_other(sample: Any) -> None:
    rule = TextRule("only mail", lambda block, text: text if block.basis != "mail header" else text.replace(",", ""))
    with pytest.raises(CorpusError, match="of the source 'mail'.* of its punctuation.*',', \\d+ to 0"):
        clean.run(CleanInputs(sample.raw, frozenset()), config=CONFIG, rules=(*TEXT_RULES, rule))


def test_the_sample_passes_with_room(sample: Any) -> None:
    judged = [one for one in sample.cleaned.changes if one.is_judged]
    assert {one.source for one in judged} == {"blog", "site", "mail", "slack", "github", "linkedin", "talks"}
    assert max(one.change / one.limit for one in judged) < 0.2
    assert summary(sample.cleaned.changes).endswith("in 7 sources") or "the largest change is 0." in summary(judged)


def test_four_books_pass_unchanged(chesterton: Any) -> None:
    cleaned = chesterton.cleaned
    assert {one.source for one in cleaned.changes if one.is_judged} == {
        path.name for path in chesterton.sources.glob("*/")
    }
    assert [one for one in cleaned.changes if one.change] == []
    with pytest.raises(CorpusError, match="the rule 'strip apostrophes'"):
        clean.run(CleanInputs(chesterton.raw, frozenset()), config=CONFIG, rules=(*TEXT_RULES, DAMAGING[0]))


def test_small_damages_of_several_rules_add_up() -> None:
    record = VoiceRecord((AS_READ, "first", "second"))
    text = "well, " * 1000
    record.add("notes", [text, text.replace(",", "", 15), text.replace(",", "", 30)])
    found = [one for one in record.changes(VoiceKeptConfig()) if one.is_damage]
    assert [(one.rule, one.habit) for one in found] == [("all rules together", "punctuation")]
    with pytest.raises(CorpusError, match="all rules together alters 3.0% of its punctuation"):
        check_voice_kept(found)


def test_blanking_identifiers_is_no_damage(raw_document: Callable[..., RawDocument]) -> None:
    """Half of the sentences of a chat hold an address, a telephone number or a card."""
    lines = [
        "I do not think so, but ask ada@x.example, she’ll know; it’s hers.",
        "Then I said no – and that was it, wasn’t it?",
        "Write to <ada@x.example>, or (ada@x.example).",
        "Ring +44 1632 960147, or 01632 960 114, before noon.",
        "The card was 4111 1111 1111 1111, I think, and not ours.",
    ]
    raw = raw_document(*lines * 40, kind=DocumentKind.CHAT)
    cleaned = clean.run(CleanInputs((raw,), frozenset()), config=CONFIG)
    assert sum(one.reason.startswith("redacted_") for one in cleaned.rejections) == 240
    assert max(one.change for one in cleaned.changes if one.is_judged) == 0


def test_an_overeager_redaction_is_damage(raw_document: Callable[..., RawDocument]) -> None:
    """Names of a roster that are everyday words take the words along."""
    others = Block(text="Hm?", role=Role.OTHER, author="will not")
    raw = raw_document(others, *["I said that I will not go, and that you will not stay."] * 60, kind=DocumentKind.CHAT)
    with pytest.raises(CorpusError, match="the rule 'identifiers' alters .* function words"):
        clean.run(CleanInputs((raw,), frozenset()), config=CONFIG)


def test_code_and_others_words_are_no_voice(raw_document: Callable[..., RawDocument]) -> None:
    raw = raw_document(
        "Own words, few.",
        Block(text="x = 1;" * 90, style=BlockStyle.CODE),
        Block(text="Theirs, " * 90, role=Role.OTHER),
    )
    record = VoiceRecord((AS_READ, *step_names(TEXT_RULES)))
    clean_document(raw, CONFIG, None, record=record)
    assert record.tallies["notes"][0] == tally("Own words, few.")


def test_a_thin_source_is_not_judged_and_said_to_be(raw_document: Callable[..., RawDocument]) -> None:
    rule = damage("drop commas", ",", "")
    raw = raw_document("Few words, and one mark.")
    cleaned = clean.run(CleanInputs((raw,), frozenset()), config=CONFIG, rules=(*TEXT_RULES, rule))
    assert not any(one.is_judged for one in cleaned.changes)
    assert summary(cleaned.changes) == "voice unchanged in 0 sources; too little own text to judge in notes"


@given(st.text(st.sampled_from("abcÀé’“”—–-' .,;!?…\n"), max_size=200))
def test_a_text_against_itself_has_not_changed(text: str) -> None:
    record = VoiceRecord((AS_READ, "none"))
    record.add("notes", [text, text])
    assert all(one.change == 0 for one in record.changes(VoiceKeptConfig(min_count=1)))


def test_numbers_addresses_and_placeholders_are_left_out() -> None:
    assert tally("Pay £1,310.50, [name].") == tally("Pay , .")
    assert tally("see https://x.example/a-b, ok") == tally("see , ok")


def test_changes_are_rows_of_a_table(sample: Any) -> None:
    assert all(isinstance(one, StyleChange) for one in sample.cleaned.changes)


def test_counts_are_kept_and_taken_away_again() -> None:
    record, other = VoiceRecord(("as read", "rule")), VoiceRecord(("as read", "rule"))
    record.add("posts", ["The tide, the rope.", "The tide."])
    other.add("posts", ["A lamp!", "A lamp!"])
    other.add("mails", ["Dear all,", ""])
    both = record.with_those_of(other)
    assert both.frame().height > record.frame().height
    assert VoiceRecord.of_frame(record.steps, both.frame()).frame().equals(both.frame())
    assert both.with_those_of(other, sign=-1).frame().equals(record.frame())
    config = VoiceKeptConfig(min_count=1)
    assert both.with_those_of(other, sign=-1).changes(config) == record.changes(config), "the emptied source is gone"
