from __future__ import annotations

import gzip
from pathlib import Path, PurePosixPath

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.sources.html_meta import page_url
from twin_data.sources.html_tree import parse_page
from twin_data.sources.site_fetch import Fetched
from twin_data.sources.site_pages import listed_urls, marked_page, read_page
from twin_data.sources.site_rules import Scope, TdmRules, normalise_url, page_file

PAGE = "https://harbour.example/blog/gates/"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://Harbour.Example:443/a/../b#top", "https://harbour.example/b"),
        ("/blog/%2e%2E/private/./x", "https://harbour.example/private/x"),
        ("https://h.example/a/%2e%2e", "https://h.example/"),
        ("https://h.example/a/b/..", "https://h.example/a/"),
        ("https://h.example/../..//a//", "https://h.example//a//"),
        ("https://h.example/a%2fb%25", "https://h.example/a%2Fb%25"),
        ("//harbour.example", "https://harbour.example/"),
        ("../pumps?b=2&utm_source=x&a=1&fbclid=y", "https://harbour.example/blog/pumps?b=2&a=1"),
        ("/gr%C3%BC%C3%9Fe/ a", "https://harbour.example/gr%C3%BC%C3%9Fe/%20a"),
        ("/grüße", "https://harbour.example/gr%C3%BC%C3%9Fe"),
        ("http://harbour.example:8080/", "http://harbour.example:8080/"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("mailto:nora@harbour.example", None),
        ("javascript:void(0)", None),
        ("http://[bad", None),
        ("http://harbour.example:99999/", None),
    ],
)
def test_one_way_to_write_an_address(url: str, normal: str | None) -> None:
    assert normalise_url(url, PAGE) == normal
    assert normal is None or normalise_url(normal) == normal


@pytest.mark.parametrize(
    ("start", "inside", "outside"),
    [
        ("https://h.example/blog", ["/blog", "/blog/", "/blog/a"], ["/", "/blogger", "/about"]),
        ("https://h.example/blog/index.html", ["/blog/", "/blog/a.html"], ["/", "/blog.html"]),
        ("https://h.example/", ["/", "/a/b", "/a.html?x=1"], ["/a.jpg", "/feed.xml", "/paper.PDF"]),
        ("https://h.example/index.html", ["/", "/a"], []),
    ],
)
def test_scope(start: str, inside: list[str], outside: list[str]) -> None:
    scope = Scope.below(start)
    assert [path for path in [*inside, *outside] if scope.holds(f"https://h.example{path}")] == inside
    assert not scope.holds("https://other.example/blog/a")
    assert scope.is_host_of("http://h.example/elsewhere")


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/2024/slow/", "2024/slow/index.html"),
        ("/2024/slow", "2024/slow/index.html"),
        ("/a.html", "a.html"),
        ("/gr%C3%BC%C3%9Fe/", "grüße/index.html"),
    ],
)
def test_files_of_pages(path: str, file: str) -> None:
    assert page_file(f"https://h.example{path}") == file


@settings(deadline=None)
@given(st.lists(st.text(max_size=70), max_size=4), st.text("ab=&.%", max_size=8))
def test_a_file_never_leaves_its_folder_nor_hides(segments: list[str], query: str) -> None:
    url = normalise_url("/".join(["https://h.example", *segments]) + f"?{query}")
    if url is None:
        return
    path = PurePosixPath(page_file(url))
    assert not path.is_absolute() and ".." not in path.parts
    assert all(not part.startswith(".") and len(part.encode()) <= 255 for part in path.parts)
    assert path.suffix.lower() in {".html", ".htm", ".xhtml"}


def test_pages_that_differ_by_more_than_a_slash_have_files_of_their_own() -> None:
    urls = [
        "/a?id=1",
        "/a?id=2",
        "/a%20b",
        "/a-b",
        "/a:b",
        "/.a",
        "/a",
        "/a.html",
        "/a.html/b",
        "/" + "x" * 60,
        "/" + "x" * 61,
    ]
    files = [page_file(f"https://h.example{url}") for url in urls]
    assert len(set(files)) == len(urls)
    assert not any(f"{one}/" in other for one in files for other in files)


def test_the_longest_rule_of_a_reservation_counts() -> None:
    rules = TdmRules.parse(
        '[{"location": "/", "tdm-reservation": 1}, {"location": "/blog/", "tdm-reservation": 0},'
        ' {"location": "/blog/*.html$", "tdm-reservation": "1"}, {"location": "x"}, 3]'
    )
    paths = ["/", "/about", "/blog/a", "/blog/a.html", "/blog/a.html?x"]
    assert [path for path in paths if rules.is_reserved(f"https://h.example{path}")] == ["/", "/about", "/blog/a.html"]


@pytest.mark.parametrize("text", ["", "<html>", "{}", "[" * 5000, "null", '[["/"]]'])
def test_what_is_no_reservation(text: str) -> None:
    assert not TdmRules.parse(text).is_reserved("https://h.example/")


def fetched(body: str | bytes, kind: str = "text/html; charset=utf-8", url: str = PAGE) -> Fetched:
    content = body if isinstance(body, bytes) else body.encode()
    return Fetched(url, 200, content, httpx.Headers({"content-type": kind}))


SCOPE = Scope("harbour.example", "/blog/")
CARDS = "".join(f"<h3><a href='/blog/{name}/'>{name}</a></h3><p>about it</p>" for name in ("a", "b", "c"))
ARTICLE = "<h1>Gates</h1><p>" + "They are slow. " * 20 + "</p>"


@pytest.mark.parametrize(
    ("body", "is_listing"),
    [
        (CARDS, True),
        ("<h1><a href='/blog/'>Harbour</a></h1>" + CARDS, True),
        (ARTICLE + CARDS, False),
        ("<h1><a href='/blog/'>Harbour</a></h1>" + ARTICLE + CARDS, False),
        (f"<aside>{CARDS}</aside>{ARTICLE}", False),
        (f"<div class='related-posts'>{CARDS}</div>{ARTICLE}", False),
        (f"<head><meta property='og:type' content='article'></head>{CARDS}{ARTICLE}", False),
        (CARDS.replace("/blog/", "https://quay.example/blog/"), False),
    ],
)
def test_lists_of_pages(body: str, is_listing: bool) -> None:
    page = read_page(fetched(f"<html><body>{body}</body></html>"), SCOPE)
    assert page is not None and page.is_listing is is_listing


def test_links_of_a_page() -> None:
    body = (
        "<base href='/blog/sub/'><a href='x'>x</a><a href='x#y'>again</a><a rel='nofollow' href='z'>no</a>"
        "<a>none</a><a href='/about'>out</a><link rel='alternate' type='application/rss+xml' href='feed'>"
    )
    page = read_page(fetched(body), SCOPE)
    assert page is not None
    assert page.links == ("https://harbour.example/blog/sub/x",)
    assert page.feeds == ("https://harbour.example/blog/sub/feed",)
    assert read_page(fetched(b"%PDF", "application/pdf"), SCOPE) is None


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html>\n<html><body><p>Öl</p></body></html>",
        "<html><body><p>Öl</p></body></html>",
        '<?xml version="1.0" encoding="iso-8859-1"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Öl</p></body></html>',
    ],
)
def test_a_kept_page_tells_its_address_and_reads_as_before(body: str) -> None:
    url = "https://harbour.example/a--b"
    page = read_page(fetched(body, url=url), SCOPE)
    assert page is not None
    root = parse_page(marked_page(page, url), Path("a.html"))
    assert page_url(root) == url.replace("--", "%2D%2D")
    assert "Öl" in "".join(root.itertext())


def test_addresses_of_pages_that_others_saved() -> None:
    single_file = "<!DOCTYPE html><html><!--\n Page saved with SingleFile \n url: https://q.example/x \n saved date: Mon\n--><body>a</body></html>"
    assert page_url(parse_page(single_file.encode(), Path("a.html"))) == "https://q.example/x"
    relative = "<!-- saved from url=(0019)https://q.example/x -->\n<html><head><link rel=canonical href='/y'></head><body>a</body></html>"
    assert page_url(parse_page(relative.encode(), Path("a.html"))) == "https://q.example/y"


SITEMAP = b"<urlset><url><loc> /blog/a </loc></url><url><loc>mailto:x</loc></url><x><loc>/no</loc></x></urlset>"
PACKED = gzip.compress(SITEMAP, mtime=0)
"""Without the time of day, which would be in the names of the tests: two processes have to find the same ones."""


@pytest.mark.parametrize(
    ("body", "pages", "further"),
    [
        (SITEMAP, ["https://harbour.example/blog/a"], []),
        (PACKED, ["https://harbour.example/blog/a"], []),
        (PACKED[:-20], None, None),
        (b"<sitemapindex><sitemap><loc>/m.xml</loc></sitemap></sitemapindex>", [], ["https://harbour.example/m.xml"]),
        (b"<urlset><url><loc>/a</loc>", ["https://harbour.example/a"], []),
        (b"<rss><channel><item><link>/p</link></item></channel></rss>", ["https://harbour.example/p"], []),
        (b"<rss", [], []),
        (b"<html></html>", None, None),
    ],
)
def test_lists_of_addresses(body: bytes, pages: list[str] | None, further: list[str] | None) -> None:
    listed = listed_urls(fetched(body, "application/xml"))
    assert listed == (None if pages is None else (pages, further))
