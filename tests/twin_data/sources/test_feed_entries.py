from __future__ import annotations

from datetime import date

import pytest

from twin_data.contracts.documents import Role
from twin_data.contracts.errors import SourceError
from twin_data.sources.feed_entries import feed_pages
from twin_data.sources.html import HtmlReader

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Ferry notes</title>
<item><title>The lamp &amp; the jetty</title><link>https://ferry.example/lamp</link><guid>lamp-1</guid>
<pubDate>Tue, 12 Nov 2024 20:00:00 GMT</pubDate><description>The lamp went out.</description>
<content:encoded><![CDATA[<p>The lamp went out, and I steered by the bakery.</p><script>alert(1)</script>
<p>It took <b>twenty-six</b> minutes.</p>]]></content:encoded></item>
<item><title>By a guest</title><guid>guest</guid><dc:creator>Osric Dunne</dc:creator>
<description>I opened the ovens.</description></item>
<item><title>Nothing said</title><guid>empty</guid></item>
</channel></rss>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Notes</title>
<entry><id>tag:1</id><title>Plain</title><updated>2024-03-01T00:00:00Z</updated>
<content type="text">First line &lt;b&gt;.

Second paragraph.</content></entry></feed>"""


def test_an_entry_is_a_page_that_the_reader_of_pages_reads(read_file) -> None:  # type: ignore[no-untyped-def]
    lamp, guest = feed_pages(RSS.encode(), "https://ferry.example/feed.xml")
    ((document,), _) = read_file(HtmlReader(), lamp.name, lamp.html)
    assert (document.title, document.date, document.url) == (
        "The lamp & the jetty", date(2024, 11, 12), "https://ferry.example/lamp"
    )  # fmt: skip
    assert document.text == "The lamp went out, and I steered by the bakery.\n\nIt took twenty-six minutes."
    assert {one.role for one in document.blocks} == {Role.OWN}
    ((document,), _) = read_file(HtmlReader(), guest.name, guest.html)
    assert {one.role for one in document.blocks} == {Role.OTHER}


def test_plain_text_keeps_its_marks_and_paragraphs(read_file) -> None:  # type: ignore[no-untyped-def]
    (page,) = feed_pages(ATOM.encode(), "feed")
    ((document,), _) = read_file(HtmlReader(), page.name, page.html)
    assert [one.text for one in document.blocks] == ["First line <b>.", "Second paragraph."]
    assert document.date == date(2024, 3, 1)


def test_an_entry_keeps_its_name_when_it_is_edited() -> None:
    before, after = (feed_pages(text.encode(), "feed") for text in (RSS, RSS.replace("steered", "sailed")))
    assert [one.name for one in before] == [one.name for one in after]
    assert before[0].html != after[0].html


@pytest.mark.parametrize("data", [b"", b"<html><body>Not found</body></html>", b"\x00\xff"])
def test_what_is_no_feed_is_said(data: bytes) -> None:
    with pytest.raises(SourceError, match="https://ferry.example/feed.xml is no feed"):
        feed_pages(data, "https://ferry.example/feed.xml")
