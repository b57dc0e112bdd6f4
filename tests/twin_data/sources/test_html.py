from __future__ import annotations

import html
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.documents import Block, BlockStyle, RawDocument, Role
from twin_data.sources.html import HtmlReader
from twin_data.sources.html_blocks import fragment_blocks
from twin_data.sources.reader import Skipped, Unreadable

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>The Scar &mdash; Notes</title>
<link rel="canonical" href="https://nora.example/scar/">
<meta name="author" content="Nora Fenwick">
<meta property="article:published_time" content="2022-05-15T08:30:00+01:00">
<script>var nothing = "<p>of this</p>";</script></head>
<body class="single tag-social">
<div class="cookie-banner"><p>We use cookies.</p></div>
<header><nav><ul><li>Home</li></ul></nav></header>
<main><nav class="breadcrumb">Home &rsaquo; Notes</nav>
<article class="post tag-social category-comments">
  <header><h1>The Scar</h1><p class="lede">A gate, and its hour.</p><p>By <a rel="author">Nora</a> &middot; 5 min</p>
  </header>
  <div class="entry-content">
  <p>It shuts &mdash; or it doesn&rsquo;t.<sup><a href="#n1">1</a></sup> There&#39;s no
     <em>third</em><b>ly</b>.<br>None.</p>
  <h2 id="why">Why <a class="headerlink" href="#why">¶</a></h2>
  <ol><li>First <p>and more</p></li><li>Second</li></ol>
  <figure><blockquote><p>Ring twice.</p></blockquote><figcaption>&mdash; Agnes Moll, 1961</figcaption></figure>
  <blockquote><p>Count.</p><footer>Ruth Szy</footer></blockquote>
  <pre><code>def swing():
    return 1 &lt; 2
</code></pre>
  <table><tr><th>gate</th><th>tide</th></tr><tr><td>Scar</td><td>2.10</td></tr></table>
  <p hidden>Never shown</p><!-- nor this -->
  <p>She said <q>no</q>.</p>
  </div>
  <div class="share"><span>Share this:</span></div>
  <p class="tags">Filed under: gates</p>
  <footer>About the author</footer>
</article>
<aside class="related"><article><h3>Related</h3><p>Another page.</p></article></aside>
<section id="comments"><article class="comment"><p>Nice words of others.</p></article></section>
</main><footer><p>&copy; 2022</p></footer></body></html>
"""


def summary(blocks: tuple[Block, ...]) -> list[tuple[str, str, str]]:
    return [(block.style.value, block.role.value, block.text) for block in blocks]


def test_reads_a_page_without_its_furniture(read_file: ReadFile) -> None:
    (document,), (left,) = read_file(HtmlReader(), "scar.html", PAGE)
    assert left.reason == "page_furniture: 29 words"
    assert (document.title, document.date) == ("The Scar", date(2022, 5, 15))
    assert (document.url, document.matter) == ("https://nora.example/scar/", None)
    assert summary(document.blocks) == [
        ("heading", "own", "The Scar"),
        ("paragraph", "own", "A gate, and its hour."),
        ("paragraph", "own", "It shuts — or it doesn’t. There's no thirdly.\nNone."),
        ("heading", "own", "Why"),
        ("list_item", "own", "First"),
        ("list_item", "own", "and more"),
        ("list_item", "own", "Second"),
        ("quotation", "quoted", "Ring twice."),
        ("quotation", "quoted", "— Agnes Moll, 1961"),
        ("quotation", "quoted", "Count."),
        ("quotation", "quoted", "Ruth Szy"),
        ("code", "own", "def swing():\n    return 1 < 2"),
        ("paragraph", "own", "gate | tide"),
        ("paragraph", "own", "Scar | 2.10"),
        ("paragraph", "own", "She said “no”."),
    ]
    assert [block.author for block in document.blocks if block.role is Role.QUOTED] == ["Agnes Moll"] * 2 + [
        "Ruth Szy"
    ] * 2
    assert [block.level for block in document.blocks if block.style is BlockStyle.HEADING] == [1, 2]


@pytest.mark.parametrize(
    ("head", "role"),
    [
        ("", Role.OWN),
        ('<meta name="author" content="nfenwick">', Role.OWN),
        ('<meta name="author" content="Ruth Szy">', Role.OTHER),
        ('<meta name="author" content="admin">', Role.OWN),
        ('<meta property="article:author" content="https://x.example/ruth">', Role.OWN),
        ('<script type="application/ld+json">{"@graph": [{"author": {"name": "Ruth Szy"}}]}</script>', Role.OTHER),
        ('<script type="application/ld+json">{broken</script>', Role.OWN),
    ],
)
def test_author_of_the_page_decides(read_file: ReadFile, head: str, role: Role) -> None:
    page = f"<html><head>{head}</head><body><main><p>Words of somebody.</p></main></body></html>"
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert [block.role for block in document.blocks] == [role]


CHAPTER = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head><title>II: On Gates</title><link href="x.css"/><script/></head>
<body epub:type="bodymatter"><section epub:type="chapter" id="c2">
<hgroup><h3 epub:type="ordinal">II</h3><p epub:type="title">On <i>Gates</i></p></hgroup>
<p>They shut,<a epub:type="noteref" href="n.xhtml">1</a> he said\u2060—then\u00a0left.</p>
<header><p>To a friend</p></header>
<blockquote epub:type="z3998:verse"><p><span>One line</span><br/><span>and another.</span></p></blockquote>
<footer><p>Nora</p></footer>
</section></body></html>
"""


def test_reads_a_chapter_whole(read_file: ReadFile) -> None:
    (document,), _ = read_file(HtmlReader(), "c2.xhtml", CHAPTER)
    assert (document.title, document.matter) == ("II: On Gates", "chapter")
    assert summary(document.blocks) == [
        ("heading", "own", "II: On Gates"),
        ("paragraph", "own", "They shut, he said—then left."),
        ("paragraph", "own", "To a friend"),
        ("quotation", "quoted", "One line\nand another."),
        ("paragraph", "own", "Nora"),
    ]
    assert document.blocks[0].level == 3


@pytest.mark.parametrize("matter", ["colophon", "imprint", "titlepage", "halftitlepage", "copyright-page", "endnotes"])
def test_matter_of_a_book_page(read_file: ReadFile, matter: str) -> None:
    page = CHAPTER.replace('epub:type="chapter"', f'epub:type="z3998:thing {matter}"')
    (document,), _ = read_file(HtmlReader(), "c.xhtml", page)
    assert document.matter == matter


def test_xhtml_with_named_entities_loses_none(read_file: ReadFile) -> None:
    page = CHAPTER.replace("They shut", "They&nbsp;shut &hellip; &mdash;")
    page = page.replace("<html", '<!DOCTYPE html [<!ENTITY secret SYSTEM "file:///etc/passwd">]>\n<html', 1)
    (document,), _ = read_file(HtmlReader(), "c.xhtml", page.replace("One line", "One &secret; line"))
    assert "They shut … —" in document.text
    assert "root:" not in document.text


def test_declared_encoding(read_file: ReadFile) -> None:
    page = '<html><head><meta charset="windows-1251"></head><body><main><p>Привет, “мир”</p></main></body></html>'
    (document,), _ = read_file(HtmlReader(), "a.html", page.encode("cp1251"))
    assert document.text == "Привет, “мир”"


def test_several_articles_are_all_read_but_not_teasers(read_file: ReadFile) -> None:
    long = "<p>" + "A long post of many words, and more. " * 20 + "</p>"
    page = (
        f"<body><article>{long}<p>One.</p></article><article>{long}<p>Two.</p></article><article>Tea</article></body>"
    )
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert [block.text for block in document.blocks][1::2] == ["One.", "Two."]


def test_main_counts_where_its_articles_are_only_teasers(read_file: ReadFile) -> None:
    words = "The text of the page stands beside, in the main part itself. " * 10
    page = f"<body><main><p>{words}</p><article>See also this.</article></main></body>"
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert words.strip() in document.text


@pytest.mark.parametrize(
    "name",
    "responses discussion replies comment-list Kommentare commentaires comentarios commenti reacties".split(),
)
def test_comments_of_others_are_furniture_in_any_language(read_file: ReadFile, name: str) -> None:
    page = f"""<html><body><div id="content"><div class="post"><h2>The Scar</h2>
    <p>It shuts at noon, and whoever stands behind it stands there until the tide has turned again.</p>
    <p>I have stood there twice, and I had a book with me the second time.</p></div>
    <div id="{name}"><h3>Two of them</h3><p>I like steel, and I say so.</p></div></div></body></html>"""
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert "steel" not in document.text and "book" in document.text


@pytest.mark.parametrize("word", ["Discussion", "Responses", "3 Replies"])
def test_a_part_whose_id_is_made_of_its_heading_is_no_thread_of_comments(read_file: ReadFile, word: str) -> None:
    said = "It shuts at noon, and whoever stands behind it stands there until the tide has turned again. "
    made = {"The method": said * 3, "The results": said * 3, word: f"I like steel, and I say so. {said}"}
    ids = {heading: heading.lower().strip("3 ").replace(" ", "-") for heading in made}
    parts = [f"<section id='{ids[one]}'><h2>{one}</h2><p>{text}</p></section>" for one, text in made.items()]
    flat = [f"<h2 id='{ids[one]}'>{one}</h2><p>{text}</p>" for one, text in made.items()]
    for inside in (parts, flat):
        page = f"<html><body><article><h1>Gates</h1>{''.join(inside)}</article></body></html>"
        (document,), _ = read_file(HtmlReader(), "a.html", page)
        assert "I like steel" in document.text and word in [block.text for block in document.blocks]


BOOK_PAGE = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head><title>A page</title></head><body epub:type="{part}">{inside}</body></html>"""


@pytest.mark.parametrize(
    ("part", "signature", "is_own"),
    [
        ("frontmatter", "W. L. Courtney", False),
        ("backmatter", "The Editor", False),
        ("frontmatter", "N. Fenwick", True),
        ("frontmatter", "N. F.", True),
        ("frontmatter", "The Author", True),
        ("bodymatter", "Clarissa", True),
    ],
)
def test_a_book_s_page_that_another_signs_is_the_other_s(
    read_file: ReadFile, part: str, signature: str, is_own: bool
) -> None:
    inside = f'<section><p>It is so.</p><p epub:type="z3998:signature">{signature}</p></section>'
    (document,), _ = read_file(HtmlReader(), "one.xhtml", BOOK_PAGE.format(part=part, inside=inside))
    assert {one.role is Role.OWN for one in document.blocks} == {is_own}


def test_a_letter_within_a_preface_signs_no_page(read_file: ReadFile) -> None:
    inside = (
        '<blockquote epub:type="z3998:letter"><p>Hm.</p><p epub:type="z3998:signature">Ruth</p></blockquote><p>So.</p>'
    )
    (document,), _ = read_file(HtmlReader(), "one.xhtml", BOOK_PAGE.format(part="frontmatter", inside=inside))
    assert [one.role for one in document.blocks] == [Role.QUOTED, Role.QUOTED, Role.OWN]


def test_a_list_of_illustrations_tells_what_it_is(read_file: ReadFile) -> None:
    inside = '<nav epub:type="loi"><h2>List of Illustrations</h2><ol><li><p>A mountain.</p></li></ol></nav>'
    (document,), _ = read_file(HtmlReader(), "loi.xhtml", BOOK_PAGE.format(part="backmatter", inside=inside))
    assert document.matter == "loi"


def test_bulk_of_the_text_is_never_furniture(read_file: ReadFile) -> None:
    page = f"<body><main><div class='sidebar-share'><p>{'Only words there are. ' * 9}</p></div></main></body>"
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert document.text.startswith("Only words there are.")


def test_page_without_main_part(read_file: ReadFile) -> None:
    paragraph = "<p>{} It was a wet night — and nobody’s hurt; the gate held, as gates do, until the morning came.</p>"
    body = "".join(paragraph.format(word) for word in ("One.", "Two.", "Three.", "Four."))
    body += "<blockquote>Quoted by hand.</blockquote>"
    page = f"<html><head><title>T</title></head><body><div id=menu>Home</div><div>{body}</div></body></html>"
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    for word in ("One.", "Two.", "Three.", "Four."):
        assert f"{word} It was a wet night — and nobody’s hurt;" in document.text
    assert {block.text for block in document.blocks if block.role is Role.QUOTED} == {"Quoted by hand."}


@pytest.mark.parametrize(
    "content", ["", "   ", "<html></html>", "<body><main><p> &nbsp; </p></main></body>", "<!-- x -->"]
)
def test_no_text_is_empty(read_file: ReadFile, content: str) -> None:
    with pytest.raises(Unreadable, match="empty"):
        read_file(HtmlReader(), "a.html", content)


def nested(depth: int) -> str:
    return "<main>" + "<div>" * depth + "Deep." + "</div>" * depth + "<p>After.</p></main>"


def test_deep_nesting_is_no_trouble(read_file: ReadFile) -> None:
    (document,), _ = read_file(HtmlReader(), "a.html", nested(1500))
    assert document.text == "Deep.\n\nAfter."


def test_nesting_beyond_the_parser_is_said_and_not_cut(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable, match="nested_too_deeply"):
        read_file(HtmlReader(), "a.html", nested(5000))


LETTERS = st.characters(
    exclude_categories=["Cc", "Cs", "Cn", "Co", "Zs", "Zl", "Zp"], exclude_characters="\u00ad\u200b\u2060\ufeff"
)
INLINE = st.sampled_from(["{}", "{}", "<em>{}</em>", "<a href='x'>{}</a>", "<span><b>{}</b></span>", "<!-- c -->{}"])


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(LETTERS, min_size=1, max_size=12), INLINE, st.booleans()), min_size=1, max_size=12))
def test_every_character_is_kept(words: list[tuple[str, str, bool]]) -> None:
    """Tags, comments and entities go; the author's characters stay, to the last one."""
    inner = "\n ".join(
        wrap.replace("{}", "".join(f"&#{ord(one)};" for one in word) if coded else html.escape(word))
        for word, wrap, coded in words
    )
    (block,) = fragment_blocks(f"<p>{inner}</p>")
    assert block.text == " ".join(word for word, _, _ in words)


@pytest.mark.parametrize("text", ["<a<", "before <b<c>word</b> after", "<p/x:y<z>words"])
def test_names_of_tags_that_are_none_break_nothing(text: str) -> None:
    """The parser makes elements of them whose names cannot be set."""
    assert all(block.text.strip() for block in fragment_blocks(text))


def test_a_pulled_out_quotation_repeats_and_is_no_paragraph() -> None:
    blocks = fragment_blocks("<p>The gate is heavy.</p><div class='pullquote'><p>The gate is heavy</p></div>")
    assert [one.role for one in blocks] == [Role.OWN, Role.QUOTED]


def test_the_index_of_a_takeout_is_no_writing(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable, match="not_writing"):
        read_file(HtmlReader(), "Takeout/archive_browser.html", "<p>Your archive holds mail.</p>")


BLOGGER = """<html><head><meta content='Gates' property='og:title'/></head><body><div class="header"><h1>Nora's blog</h1></div>
<div class="post hentry"><h3 class="post-title">Gates</h3><div class="post-body">They are heavy, and they leak.</div>
<abbr class='published' itemprop='datePublished' title='2013-05-03T10:00:00+02:00'>10:00</abbr></div></body></html>"""


def test_the_name_of_a_site_is_no_title_and_an_abbreviation_may_be_the_date(read_file: ReadFile) -> None:
    (document,), _ = read_file(HtmlReader(), "a.html", BLOGGER)
    assert (document.title, document.date) == ("Gates", date(2013, 5, 3))


def test_cards_of_linked_pages_are_others_words(read_file: ReadFile) -> None:
    card = (
        "<figure class='kg-card kg-bookmark-card'><a><div>Another title</div><div>And what it says.</div></a></figure>"
    )
    page = f"<body><article><h1>Gates</h1><p>They are heavy, and all of them leak.</p>{card}<p>So it is.</p></article></body>"
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert document.text == "Gates\n\nThey are heavy, and all of them leak.\n\nSo it is."


def test_structured_data_may_name_several_authors(read_file: ReadFile) -> None:
    people = '[{"@type": "Person", "name": "Nora Fenwick"}, {"@type": "Person", "name": "Ruth Szy"}]'
    page = '<script type="application/ld+json">{"author": %s}</script><p>It leaks.</p>'
    (document,), _ = read_file(HtmlReader(), "a.html", page % people)
    assert [(one.author, one.role) for one in document.blocks] == [("Nora Fenwick, Ruth Szy", Role.OTHER)]
    (document,), _ = read_file(HtmlReader(), "a.html", page % ("[" * 100_000))
    assert document.text == "It leaks."


def test_a_picture_s_credit_is_nobody_s_writing_and_its_caption_is(read_file: ReadFile) -> None:
    figure = "<figure><img><figcaption>{}</figcaption></figure>"
    told = ["Photo by Ruth Szy on Unsplash", "The gate in March.", "Photographs are all we have of it."]
    page = "<article><p>Words of mine.</p>" + "".join(map(figure.format, told)) + "</article>"
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert [block.role for block in document.blocks] == [Role.OWN, Role.OTHER, Role.OWN, Role.OWN]


@pytest.mark.parametrize(
    ("title", "wanted"), [("Fixed and Flashing: Batteries", "Batteries"), ("Fixed and Flashing", "Fixed and Flashing")]
)
def test_a_smaller_heading_beside_the_site_s_name_is_the_title(read_file: ReadFile, title: str, wanted: str) -> None:
    text = "<h3>Batteries</h3><p>I counted the cells twice, and one was dead.</p>"
    page = f"<title>{title}</title><body><div><h1>Fixed and Flashing</h1></div><div class='hentry'>{text}</div></body>"
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert document.title == wanted
