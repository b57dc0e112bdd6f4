"""Pages without marks: where their text lies, by the density of prose."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from twin_data.sources.html import page_blocks
from twin_data.sources.html_density import prose_parts
from twin_data.sources.html_tree import parse_page, tag_of, text_of

FIRST = "The gate was shut by hand, as it had been every night since the flood, and nobody had thought to ask why."
SECOND = "Then somebody asked; and it turned out that the hand had been the point."


def parts(body: str) -> list[str]:
    root = parse_page(f"<html><body>{body}</body></html>".encode(), Path("a.html"))
    return [text_of(one) for one in prose_parts(next(root.iter("body")))]


def test_the_smallest_element_with_nearly_all_prose() -> None:
    page = f"<div id=x><div>Home About</div><div id=y><p>{FIRST}</p><p>{SECOND}</p></div><div>Log in</div></div>"
    assert parts(page) == [f"{FIRST}{SECOND}"]


def test_the_heading_above_comes_along() -> None:
    page = f"<h1>On gates</h1><div>By nobody</div><div><p>{FIRST}</p><p>{SECOND}</p></div>"
    assert parts(page) == ["On gates", f"{FIRST}{SECOND}"]


def test_a_heading_of_the_site_stays_behind() -> None:
    page = f"<header><h1>A site</h1></header><div><h2>On gates</h2><p>{FIRST}</p><p>{SECOND}</p></div>"
    assert parts(page) == [f"On gates{FIRST}{SECOND}"]


def test_lists_of_links_are_no_prose() -> None:
    links = "".join(
        f"<li><a href='/{at}'>Some other story about another gate, number {at}.</a></li>" for at in range(40)
    )
    assert parts(f"<div><ul>{links}</ul></div><div><p>{FIRST}</p></div>") == [FIRST]


def test_a_page_without_sentences_has_no_part_and_is_read_whole() -> None:
    root = parse_page(b"<html><body><b>Shut</b> <i>Open</i></body></html>", Path("a.html"))
    assert prose_parts(next(root.iter("body"))) == []
    assert [one.text for one in page_blocks(root)] == ["Shut Open"]


@given(st.lists(st.sampled_from(["<div>", "</div>", "<p>", "<td>", "<!-- c -->", FIRST, "Home", "<a>x</a>", "<br>"])))
def test_no_page_is_too_odd(pieces: list[str]) -> None:
    root = parse_page(f"<html><body>{''.join(pieces)}x</body></html>".encode(), Path("a.html"))
    found = prose_parts(next(root.iter("body")))
    assert all(tag_of(one) for one in found)
    if FIRST in pieces:
        assert FIRST in " ".join(block.text for block in page_blocks(root))
