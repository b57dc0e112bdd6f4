"""The gold pages: nothing of the author's is lost, and what is read is nearly the gold, word for word."""

from __future__ import annotations

import pytest

from benchmarks.extraction import Gold, golds, ours, read_blocks, score
from twin_data.contracts.documents import Role

PAGES = golds()
MARKS = "—–-‘’“”\"'…;:!?¿½»«"


@pytest.mark.parametrize("gold", PAGES, ids=[gold.path.stem for gold in PAGES])
def test_nothing_of_the_author_is_lost(gold: Gold) -> None:
    text = ours(gold.path)
    assert score(text, gold).lost == 0
    assert {mark: gold.text.count(mark) for mark in MARKS if text.count(mark) < gold.text.count(mark)} == {}


def test_the_pages_together_are_nearly_the_gold() -> None:
    scores = [score(ours(gold.path), gold).f1 for gold in PAGES]
    assert len(scores) >= 30
    assert sum(scores) / len(scores) >= 0.98
    assert min(scores) >= 0.8


def test_others_words_are_told_apart() -> None:
    for gold in PAGES:
        wanted = "".join(gold.own.split())
        own = "".join("".join(one.text.split()) for one in read_blocks(gold.path) if one.role is Role.OWN)
        assert len(own) <= len(wanted) * 1.5 + 40
        others = [one.text for one in read_blocks(gold.path) if one.role is not Role.OWN]
        assert all("".join(text.split()) not in wanted for text in others if len(text.split()) > 4)
