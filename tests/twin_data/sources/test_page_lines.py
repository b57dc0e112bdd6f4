"""Lines around the text of a blog that nothing marks up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.documents import Block, RawDocument, Role
from twin_data.sources.html import HtmlReader
from twin_data.sources.page_lines import without_page_lines
from twin_data.sources.reader import Skipped

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]
TEXT = "The gates were rebuilt in 1901, and the old timber went to the school."
FURNITURE = [
    "Filed under: Technique. Tags: butter, croissants.",
    "Share this:",
    "Click to share on Facebook",
    "Leave a comment",
    "3 comments",
    "← Older post | Newer post →",
    "Previous: A winter of brioche →",
    "© 2016 Nora Fenwick. All rights reserved.",
    "Copyright 2016 by Nora Fenwick",
    "If you enjoyed this post, please consider subscribing to my newsletter!",
    "Subscribe to my newsletter for more.",
    "6 min read",
    "Related posts",
]
SENTENCES = [
    "By the time I came, the gate was shut.",
    "By Nora Fenwick I mean my aunt. She had three of them.",
    "Share this bread with somebody whom you owe money.",
    "Tags are for luggage.",
    "I subscribe to my own theory here.",
    "Previous owners had painted it.",
    "Copyright is a strange thing in a kitchen.",
    "Copyright in the drawings passed to the Board in 1911.",
    "If you enjoyed this summer, you were not in Leith.",
]


def is_nora(name: str) -> bool:
    return name == "Nora Fenwick"


@pytest.mark.parametrize("line", FURNITURE)
def test_what_blogs_print_around_a_text_goes(line: str) -> None:
    assert without_page_lines([Block(text=TEXT), Block(text=line)], is_nora).blocks == (Block(text=TEXT),)


@pytest.mark.parametrize("line", SENTENCES)
def test_sentences_that_begin_alike_stay(line: str) -> None:
    blocks = (Block(text=TEXT), Block(text=line))
    assert without_page_lines(blocks, is_nora).blocks == blocks


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("By Nora Fenwick", None),
        ("Posted by Nora Fenwick on 14 October 2016", date(2016, 10, 14)),
        ("By Nora Fenwick • October 14, 2016 • 6 min read", None),
        ("Written by Nora Fenwick | 2016-10-14", date(2016, 10, 14)),
    ],
)
def test_a_line_that_says_the_persona_wrote_it(line: str, day: date | None) -> None:
    lines = without_page_lines([Block(text="On gates"), Block(text=line), Block(text=TEXT)], is_nora)
    assert (lines.is_signed, lines.day, [one.text for one in lines.blocks]) == (True, day, ["On gates", TEXT])


def test_the_line_on_the_page_counts_more_than_the_site_s_name_in_its_head(read_file: ReadFile) -> None:
    page = '<html><head><meta name="author" content="Butter &amp; Flour"></head><body><main>{}</main></body></html>'
    body = f"<h1>On gates</h1><p>{{}} • 14 October 2016</p><p>{TEXT}</p><p>Filed under: Locks</p>"
    (document,), (left,) = read_file(HtmlReader(), "a.html", page.format(body.format("By Nora Fenwick")))
    assert [(one.role, one.text) for one in document.blocks[1:]] == [(Role.OWN, TEXT)]
    assert (document.date, left.reason) == (date(2016, 10, 14), "page_furniture: 10 words")
    (document,), _ = read_file(HtmlReader(), "a.html", page.format(body.format("By Ruth Szy")))
    assert {one.role for one in document.blocks} == {Role.OTHER}


@given(
    st.lists(st.one_of(st.sampled_from([*FURNITURE, *SENTENCES, "By Nora Fenwick"]), st.text(min_size=1)), min_size=1)
)
def test_nothing_is_left_that_was_not_there_and_never_nothing(texts: list[str]) -> None:
    left = list(without_page_lines([Block(text=one) for one in texts], is_nora).blocks)
    assert left
    given_blocks = iter(texts)
    assert all(any(one == block.text for one in given_blocks) for block in left)
