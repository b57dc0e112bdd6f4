from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from twin_data.contracts.documents import BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.feeds import FeedReader
from twin_data.sources.reader import Skipped, Unreadable

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

# As WordPress writes it: content:encoded beside a teaser, dc:creator, an advertisement at the end.
RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
  <title>Harbour notes</title>
  <atom:link href="https://harbour.example/feed/" rel="self" type="application/rss+xml" />
  <link>https://harbour.example</link>
  <item>
    <title>Slow gates &#8211; &amp; why</title>
    <link>https://harbour.example/2023/12/slow-gates/</link>
    <dc:creator><![CDATA[Nora Fenwick]]></dc:creator>
    <pubDate>Sun, 31 Dec 2023 23:30:00 -0500</pubDate>
    <guid isPermaLink="false">https://harbour.example/?p=41</guid>
    <description><![CDATA[A gate is slow [&#8230;]]]></description>
    <content:encoded><![CDATA[<p>A gate is <em>slow</em> for a reason.</p>
<blockquote><p>Haste floods.</p><cite>Ruth Szy</cite></blockquote>
<div class="sharedaddy"><p>Share this!</p></div><script>track()</script>
<p>The post <a href="https://harbour.example/2023/12/slow-gates/">Slow gates</a> appeared first on <a href="https://harbour.example">Harbour notes</a>.</p>
]]></content:encoded>
  </item>
  <item>
    <title>By a guest</title>
    <link>/2024/01/guest/</link>
    <author>ruth@quay.example (Ruth Szy)</author>
    <pubDate>Mon, 01 Jan 2024 08:00:00 +0000</pubDate>
    <guid>https://harbour.example/2024/01/guest/</guid>
    <description>&lt;p&gt;I was asked to write here.&lt;/p&gt;</description>
  </item>
  <item>
    <title>Only a teaser</title>
    <guid isPermaLink="false">teaser</guid>
    <description>The pumps were old and [&#8230;]</description>
  </item>
  <item>
    <guid isPermaLink="false">note-7</guid>
    <description>The tide was early today.</description>
  </item>
  <item><title>Nothing</title><guid isPermaLink="false">void</guid></item>
</channel>
</rss>
"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://harbour.example/">
  <title>Harbour notes</title>
  <link href="https://harbour.example/" rel="alternate"/>
  <author><name>Nora Fenwick</name></author>
  <entry>
    <id>tag:harbour.example,2021:9</id>
    <title type="html">Pumps &amp;amp; &lt;i&gt;valves&lt;/i&gt;</title>
    <link href="notes/pumps" rel="alternate"/>
    <published>2021-05-23T23:59:00+02:00</published>
    <updated>2022-01-01T00:00:00Z</updated>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><h2>First</h2><ul><li>Open it.</li></ul></div></content>
  </entry>
</feed>
"""


def test_rss(read_file: ReadFile) -> None:
    (post, guest, note), skipped = read_file(FeedReader(), "feed.xml", RSS)
    assert (post.title, post.date, post.url, post.kind) == (
        "Slow gates – & why",
        date(2023, 12, 31),
        "https://harbour.example/2023/12/slow-gates/",
        DocumentKind.ARTICLE,
    )
    assert post.document_id == "notes/feed.xml#https://harbour.example/?p=41"
    assert [(block.role, block.author, block.text) for block in post.blocks] == [
        (Role.OWN, "Nora Fenwick", "A gate is slow for a reason."),
        (Role.QUOTED, "Ruth Szy", "Haste floods."),
        (Role.QUOTED, "Ruth Szy", "Ruth Szy"),
    ]
    assert [(block.role, block.author) for block in guest.blocks] == [(Role.OTHER, "Ruth Szy")]
    assert guest.url == "https://harbour.example/2024/01/guest/"
    assert (note.kind, note.title, note.url) == (DocumentKind.POST, "The tide was early today.", None)
    assert [block.role for block in note.blocks] == [Role.OWN]
    assert [(one.part, one.reason) for one in skipped] == [("teaser", "teaser"), ("void", "empty")]


def test_the_address_of_an_author_tells_as_well(read_file: ReadFile) -> None:
    feed = RSS.replace("ruth@quay.example (Ruth Szy)", "nora@harbour.example (N. F.)")
    (_, entry, _), _ = read_file(FeedReader(), "feed.xml", feed)
    assert [(block.role, block.author) for block in entry.blocks] == [(Role.OWN, "N. F.")]


def test_atom(read_file: ReadFile) -> None:
    (entry,), skipped = read_file(FeedReader(), "blog.atom", ATOM)
    assert not skipped
    assert (entry.title, entry.date, entry.url) == (
        "Pumps & valves",
        date(2021, 5, 23),
        "https://harbour.example/notes/pumps",
    )
    assert [(block.text, block.style, block.author) for block in entry.blocks] == [
        ("First", BlockStyle.HEADING, "Nora Fenwick"),
        ("Open it.", BlockStyle.LIST_ITEM, "Nora Fenwick"),
    ]


def test_an_entry_keeps_its_digest_when_the_rest_of_the_feed_changes(read_file: ReadFile) -> None:
    (post, *_), _ = read_file(FeedReader(), "feed.xml", RSS)
    (again, *_), _ = read_file(FeedReader(), "feed.xml", RSS.replace("Harbour notes", "Notes of the harbour", 1))
    (edited, *_), _ = read_file(FeedReader(), "feed.xml", RSS.replace("for a reason", "for two reasons"))
    assert again == post
    assert (edited.document_id, edited.content_digest != post.content_digest) == (post.document_id, True)


def test_a_torn_feed_gives_what_it_holds_and_says_so(read_file: ReadFile) -> None:
    documents, skipped = read_file(FeedReader(), "feed.rss", RSS[: RSS.index("note-7")])
    assert [one.title for one in documents] == ["Slow gates – & why", "By a guest"]
    assert any(one.reason.startswith("damaged_feed: ") for one in skipped)


def test_broken_markup_of_an_entry_costs_only_the_markup(read_file: ReadFile) -> None:
    body = "<p>A gate.</p></div><p>Is &amp;lt;slow<.</p><Ä< x>"
    torn = RSS.replace(
        "<p>I was asked to write here.</p>".replace("<", "&lt;").replace(">", "&gt;"), f"<![CDATA[{body}]]>"
    )
    torn = torn.replace("<link>/2024/01/guest/</link>", "<link>http://[torn/</link>")
    documents, _ = read_file(FeedReader(), "feed.xml", torn)
    assert documents[1].text.startswith("A gate.\n\nIs ")
    assert documents[1].url is None


def test_the_declared_encoding_counts(read_file: ReadFile) -> None:
    text = ATOM.replace('encoding="utf-8"', 'encoding="iso-8859-1"').replace("Open it.", "Öffne es.")
    (entry,), skipped = read_file(FeedReader(), "blog.atom", text.encode("iso-8859-1"))
    assert (entry.blocks[1].text, skipped) == ("Öffne es.", [])


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "gate " * 10}">' for n in range(9))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<html><body>no feed</body></html>", "not_feed"),
        ('<rss version="2.0"><channel><title>x</title></channel></rss>', "empty: no entries"),
        ('<rss version="2.0"><channel><title>x', "damaged_feed"),
        (f'<!DOCTYPE rss [{BOMB}]><rss version="2.0"><channel><title>&e8;</title></channel></rss>', "damaged_feed"),
        ("", "empty"),
    ],
)
def test_what_is_no_feed(read_file: ReadFile, content: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_file(FeedReader(), "feed.rss", content)


def test_claims_feeds_only(tmp_path: Path) -> None:
    for name, content in {
        "sitemap.xml": "<urlset/>",
        "wxr.xml": '<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/">',
        "a.txt": "<rss>",
    }.items():
        (tmp_path / name).write_text(content)
        assert not FeedReader().claims(tmp_path / name), name


BLOGGER = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:app="http://purl.org/atom/app#" xmlns:blogger="b"><id>x</id>
<entry><id>1</id><blogger:status>LIVE</blogger:status><title>Shown</title><content>It is shut.</content></entry>
<entry><id>2</id><app:control><app:draft>yes</app:draft></app:control><title>Draft</title><content>It is.</content></entry>
<entry><id>3</id><blogger:status>DRAFT</blogger:status><title>Draft</title><content>It is.</content></entry>
<entry><id>4</id><category scheme="http://schemas.google.com/g/2005#kind"
term="http://schemas.google.com/blogger/2008/kind#template"/><title>Style</title><content>body { }</content></entry></feed>"""


def test_drafts_and_settings_of_a_bloggers_export_are_no_entries(read_file: ReadFile) -> None:
    documents, skipped = read_file(FeedReader(), "blog.atom", BLOGGER)
    assert [one.title for one in documents] == ["Shown"]
    assert [(one.part, one.reason) for one in skipped] == [("2", "draft"), ("3", "draft"), ("4", "not_writing")]


CREATOR = "<dc:creator>Nora Fenwick</dc:creator>"


@pytest.mark.parametrize(
    ("authors", "name", "role"),
    [
        (f"<dc:creator>Ruth Szy</dc:creator>{CREATOR}", "Ruth Szy, Nora Fenwick", Role.OTHER),
        (f"<author>desk@harbour.test</author>{CREATOR}", "Nora Fenwick", Role.OWN),
        (f"<author>nora@harbour.test (Nora Fenwick)</author>{CREATOR}", "Nora Fenwick", Role.OWN),
    ],
)
def test_an_entry_of_several_authors_is_nobody_s_own(read_file: ReadFile, authors: str, name: str, role: Role) -> None:
    entry = f"<item><guid>1</guid><title>Gates</title>{authors}<description>It leaks.</description></item>"
    feed = f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>{entry}</channel></rss>'
    (document,), _ = read_file(FeedReader(), "feed.xml", feed)
    assert [(one.author, one.role) for one in document.blocks] == [(name, role)]
