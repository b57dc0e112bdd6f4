from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.errors import SourceError
from twin_data.sources import site_fetch
from twin_data.sources.collect import CollectInputs, run
from twin_data.sources.ingest import add_source
from twin_data.sources.site import FetchedSite, check_source, fetch_site, is_site, site_name
from twin_data.sources.site_fetch import SiteConfig

from .web_server import HANGS_UP, Page, Site, serving

LOCAL = SiteConfig(delay_s=0, private_network=True, retries=1)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def post(title: str, text: str, *links: str, head: str = "") -> str:
    anchors = "".join(f'<a href="{one}">more</a>' for one in links)
    return (
        f"<!DOCTYPE html><html><head><title>{title} – Harbour</title>{head}</head><body><nav>{anchors}</nav>"
        f'<article><header><h1>{title}</h1><time datetime="2023-05-04">4 May</time></header><p>{text}</p></article></body></html>'
    )


def blog(site: Site) -> None:
    """A small blog without a sitemap: a list of posts in two pages, an archive, and what is no page."""
    listing = "<html><body><main>{}<a href='/blog/page/2/'>older</a></main></body></html>"
    items = "".join(f"<h2><a href='/blog/{name}/'>{name}</a></h2><p>…</p>" for name in ("gates", "pumps", "locks"))
    site.put("/blog/", listing.format(items))
    site.put("/blog/page/2/", "<html><body><h2><a href='/blog/tides?utm_source=x#top'>tides</a></h2></body></html>")
    site.put("/blog/gates/", post("Gates", "They are slow, and that is well.", "/blog/", "/about/", "/blog/a.jpg"))
    site.put("/blog/pumps/", post("Pumps", "They are loud.", "https://quay.example/", "mailto:nora@harbour.example"))
    site.put("/blog/locks/", post("Locks", "They leak – all of them.", "/blog/gates/"))
    site.put("/blog/tides", post("Tides", "They come twice."))
    site.put("/about/", post("About", "Outside of the blog."))


def fetch(site: Site, tmp_path: Path, path: str = "/blog/", config: SiteConfig = LOCAL) -> FetchedSite:
    return fetch_site(site.address + path, tmp_path / "mirror", config=config, sleep=lambda seconds: None)


def files(folder: Path) -> dict[str, str]:
    return {
        one.relative_to(folder).as_posix(): one.read_text("utf-8-sig") for one in folder.rglob("*") if one.is_file()
    }


def test_follows_links_below_the_address(site: Site, tmp_path: Path, persona: PersonaConfig) -> None:
    blog(site)
    found = fetch(site, tmp_path)
    assert (found.pages, found.unchanged, found.left) == (4, 0, 0)
    assert found.passed_over == {"list_of_pages": 2}
    assert site.paths()[:2] == ["/robots.txt", "/.well-known/tdmrep.json"]
    assert site.agents == {"llm-twin"}
    add_source(_persona_folder(tmp_path), found.folder, "harbour")
    collected = run(CollectInputs(persona=persona, sources_folder=tmp_path / "nora" / "sources"))
    assert [(one.document_id, one.url, one.title, one.date) for one in collected.documents] == [
        (f"harbour/blog/{name}/index.html", f"{site.address}/blog/{path}", name.title(), date(2023, 5, 4))
        for name, path in (("gates", "gates/"), ("locks", "locks/"), ("pumps", "pumps/"), ("tides", "tides"))
    ]
    assert collected.documents[1].text == "Locks\n\nThey leak – all of them."
    assert {one.reason.partition(":")[0] for one in collected.rejections} <= {"page_furniture"}


def _persona_folder(tmp_path: Path) -> Path:
    (tmp_path / "nora").mkdir(exist_ok=True)
    return tmp_path / "nora"


def test_a_second_visit_asks_only_for_what_changed(site: Site, tmp_path: Path) -> None:
    blog(site)
    before = files(fetch(site, tmp_path).folder)
    site.asked.clear()
    site.put("/blog/pumps/", post("Pumps", "They are silent now."))
    del site.pages["/blog/locks/"]
    site.pages["/blog/tides"] = Page(status=503, headers={"Retry-After": "0"})
    found = fetch(site, tmp_path)
    after = files(found.folder)
    assert all(etag for path, etag in site.asked if path in {"/blog/gates/", "/blog/pumps/", "/blog/page/2/"})
    assert (found.pages, found.unchanged) == (3, 1)
    assert found.passed_over == {"http_404": 1, "list_of_pages": 2}
    assert after["blog/gates/index.html"] == before["blog/gates/index.html"]
    assert "silent" in after["blog/pumps/index.html"]
    assert after["blog/tides/index.html"] == before["blog/tides/index.html"]
    assert "blog/locks/index.html" not in after


def test_a_page_whose_text_is_as_it_was_keeps_its_file(site: Site, tmp_path: Path) -> None:
    blog(site)
    for page in site.pages.values():
        page.has_validators = False
    before = files(fetch(site, tmp_path).folder)
    site.pages["/blog/pumps/"].body += b"<!-- made in 12 ms --><script>token='8f3'</script>"
    found = fetch(site, tmp_path)
    assert (files(found.folder), found.unchanged) == (before, 4)


SITEMAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
INDEX = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</sitemapindex>'


def test_a_sitemap_says_what_there_is(site: Site, tmp_path: Path) -> None:
    blog(site)
    site.put("/robots.txt", "User-agent: *\nDisallow: /blog/pumps/\nSitemap: {address}/maps.xml\n", "text/plain")
    site.put("/maps.xml", INDEX.format("<sitemap><loc>{address}/posts.xml</loc></sitemap>"), "application/xml")
    urls = ["/blog/gates/", "/blog/pumps/", "/about/", "/blog/gone/"]
    locations = "".join(f"<url><loc>\n{{address}}{url}</loc></url>" for url in urls)
    site.put("/posts.xml", SITEMAP.format(locations), "application/xml")
    found = fetch(site, tmp_path)
    assert set(files(found.folder)) == {"blog/gates/index.html"}
    assert found.passed_over == {"forbidden_by_robots_txt": 1, "http_404": 1, "list_of_pages": 1}
    assert "/blog/pumps/" not in site.paths()
    whole = fetch_site(site.address + "/maps.xml", tmp_path / "whole", config=LOCAL, sleep=lambda seconds: None)
    assert set(files(whole.folder)) == {"blog/gates/index.html", "about/index.html"}


def test_a_feed_names_pages_and_old_ones_stay(site: Site, tmp_path: Path) -> None:
    blog(site)
    feed = '<rss version="2.0"><channel><title>H</title>{}</channel></rss>'
    item = "<item><title>x</title><link>{{address}}/blog/{}/</link></item>"
    site.put("/feed.xml", feed.format(item.format("gates") + item.format("pumps")), "application/rss+xml")
    assert set(files(fetch(site, tmp_path, "/feed.xml").folder)) == {"blog/gates/index.html", "blog/pumps/index.html"}
    site.put("/feed.xml", feed.format(item.format("locks")), "application/rss+xml")
    found = fetch(site, tmp_path, "/feed.xml")
    assert (found.pages, found.unchanged) == (3, 2)


def test_feeds_that_a_page_names_are_followed_as_well(site: Site, tmp_path: Path) -> None:
    head = '<link rel="alternate" type="application/atom+xml" href="/feed.xml">'
    site.put("/blog/", post("Start", "Come in.", head=head))
    site.put("/feed.xml", "<feed><entry><link href='{address}/blog/hidden'/></entry></feed>", "application/atom+xml")
    site.put("/blog/hidden", post("Hidden", "Linked from nowhere."))
    assert set(files(fetch(site, tmp_path).folder)) == {"blog/index.html", "blog/hidden/index.html"}


def test_a_page_that_hangs_up_keeps_its_copy(site: Site, tmp_path: Path) -> None:
    blog(site)
    before = files(fetch(site, tmp_path).folder)
    site.pages["/blog/pumps/"] = Page(status=HANGS_UP)
    found = fetch(site, tmp_path)
    assert (files(found.folder), found.pages) == (before, 4)
    site.pages["/blog/"] = Page(status=HANGS_UP)
    refused(site, tmp_path, "no_answer")
    assert files(tmp_path / "mirror" / "pages") == before


def test_behind_a_proxy_the_proxy_looks_names_up(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site.address)
    monkeypatch.setenv("no_proxy", "")
    site.put("http://blog.invalid/", post("Start", "Come in."))
    public = SiteConfig(delay_s=0)
    found = fetch_site("http://blog.invalid", tmp_path / "mirror", config=public, sleep=lambda seconds: None)
    assert (found.pages, site.paths()[0]) == (1, "http://blog.invalid/robots.txt")
    with pytest.raises(SourceError, match="not on the public internet"):
        fetch_site("http://10.0.0.7/", tmp_path / "other", config=public, sleep=lambda seconds: None)


@pytest.mark.parametrize("place", ["file", "header", "meta"])
def test_reservations_of_text_and_data_mining_are_honoured(site: Site, tmp_path: Path, place: str) -> None:
    blog(site)
    if place == "file":
        rules = '[{"location": "/", "tdm-reservation": 0}, {"location": "/blog/p*s/", "tdm-reservation": 1}]'
        site.put("/.well-known/tdmrep.json", rules, "application/json")
    elif place == "header":
        site.pages["/blog/pumps/"].headers["tdm-reservation"] = "1"
    else:
        head = '<meta name="tdm-reservation" content="1">'
        site.put("/blog/pumps/", post("Pumps", "They are loud.", head=head))
    found = fetch(site, tmp_path)
    assert "blog/pumps/index.html" not in files(found.folder)
    assert (found.pages, found.passed_over["reserved_by_its_owner"]) == (3, 1)
    assert ("/blog/pumps/" in site.paths()) == (place != "file")


def test_a_page_that_is_forbidden_later_is_dropped(site: Site, tmp_path: Path) -> None:
    blog(site)
    assert fetch(site, tmp_path).pages == 4
    site.put("/robots.txt", "User-agent: llm-twin\nDisallow: /blog/gates/\n", "text/plain")
    found = fetch(site, tmp_path)
    assert (found.pages, found.passed_over["forbidden_by_robots_txt"]) == (3, 1)
    assert "blog/gates/index.html" not in files(found.folder)


def test_an_interrupted_visit_goes_on(site: Site, tmp_path: Path) -> None:
    blog(site)

    def interrupt(seconds: float) -> None:
        if sum(path.startswith("/blog/") for path, _ in site.asked) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_site(site.address + "/blog/", tmp_path / "mirror", config=LOCAL, sleep=interrupt)
    first = [path for path in site.paths() if path.startswith("/blog/")]
    with (tmp_path / "mirror" / "visit.jsonl").open("a") as stream:
        stream.write('{"url": "http://torn')  # what a kill leaves of a line
    found = fetch(site, tmp_path)
    second = [path for path in site.paths() if path.startswith("/blog/")]
    assert (len(first), set(first) & set(second), found.pages) == (3, {"/blog/"}, 4)
    assert not (tmp_path / "mirror" / "visit.jsonl").exists()


def test_limits(site: Site, tmp_path: Path) -> None:
    blog(site)
    found = fetch(site, tmp_path, config=LOCAL.model_copy(update={"max_pages": 2}))
    assert (found.pages, found.left) == (1, 3)
    assert fetch(site, tmp_path).pages == 4
    shrunk = fetch(site, tmp_path, config=LOCAL.model_copy(update={"max_pages": 2}))
    assert shrunk.pages == 4  # what a limit hides is not gone
    site.put("/blog/pumps/", post("Pumps", "loud " * 60_000))
    small = fetch(site, tmp_path, config=LOCAL.model_copy(update={"max_page_mb": 0.2}))
    assert small.passed_over["failed"] == 1


def test_redirections_and_canonical_addresses(site: Site, tmp_path: Path) -> None:
    site.answer("/blog", 301, Location="/blog/")
    site.put("/blog/", post("Start", "Come in.", "/blog/old", "/blog/away", "/blog/print", "/blog/deep/../odd?id=3"))
    site.answer("/blog/old", 302, Location="/blog/new/")
    site.put("/blog/new/", post("New", "It moved."))
    site.answer("/blog/away", 301, Location="https://quay.example/blog/away")
    site.put("/blog/print", post("New", "It moved.", head='<link rel="canonical" href="/blog/new/">'))
    site.put("/blog/odd?id=3", post("Odd", "By number."))
    found = fetch(site, tmp_path, "/blog")
    names = sorted(files(found.folder))
    assert names[:2] == ["blog/index.html", "blog/new/index.html"]
    assert (len(names), names[2].startswith("blog/odd/index~")) == (3, True)
    assert found.passed_over == {"elsewhere": 2, "on_another_host": 1}


def test_another_encoding_is_kept_as_it_reads(site: Site, tmp_path: Path) -> None:
    site.pages["/"] = Page(
        post("Grüße", "Öl im Hafen.").encode("cp1252"), headers={"Content-Type": "text/html; charset=iso-8859-1"}
    )
    assert "Öl im Hafen." in files(fetch(site, tmp_path, "/").folder)["index.html"]


def refused(site: Site, tmp_path: Path, match: str, path: str = "/blog/", config: SiteConfig = LOCAL) -> None:
    with pytest.raises(SourceError, match=match) as caught:
        fetch(site, tmp_path, path, config)
    assert caught.value.next_step


def test_what_is_refused(site: Site, tmp_path: Path) -> None:
    refused(site, tmp_path, "answers with status 404")
    blog(site)
    site.asked.clear()
    refused(site, tmp_path, "not on the public internet", config=SiteConfig(delay_s=0))
    assert not site.asked
    site.answer("/away", 301, Location="https://quay.example/")
    refused(site, tmp_path, "leads to https://quay.example/, on another host", "/away")
    site.answer("/loop", 302, Location="/loop")
    refused(site, tmp_path, "in a circle", "/loop")
    site.put("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    refused(site, tmp_path, "robots.txt .* does not allow llm-twin")
    site.answer("/robots.txt", 503)
    refused(site, tmp_path, "rules of its host cannot be read .http_503.")
    site.put("/robots.txt", "", "text/plain", Retry_After="1")
    site.put("/.well-known/tdmrep.json", '[{"location": "/*", "tdm-reservation": 1}]', "application/json")
    refused(site, tmp_path, "nothing of .* was taken: 1 reserved_by_its_owner")


def test_a_site_that_stops_answering_is_left_and_keeps_what_was_there(site: Site, tmp_path: Path) -> None:
    blog(site)
    before = files(fetch(site, tmp_path).folder)
    links = [f"/blog/new-{number}" for number in range(6)]
    site.put("/blog/", post("Start", "Come in.", *links))
    for link in links:
        site.answer(link, 500)
    refused(site, tmp_path, "the last 5 addresses failed")
    assert before.items() <= files(tmp_path / "mirror" / "pages").items()


def test_busy_servers_are_asked_again_after_the_time_they_name(site: Site, tmp_path: Path) -> None:
    blog(site)
    site.answer("/blog/gates/", 429, Retry_After="7")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if seconds == 7:
            site.put("/blog/gates/", post("Gates", "At last."))

    assert fetch_site(site.address + "/blog/", tmp_path / "mirror", config=LOCAL, sleep=sleep).pages == 4
    assert waits.count(7) == 1
    site.answer("/blog/gates/", 503, Retry_After="9000")
    assert fetch(site, tmp_path).pages == 4


def test_requests_are_spaced_as_robots_txt_asks(site: Site, tmp_path: Path) -> None:
    blog(site)
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 5\n", "text/plain")
    waits: list[float] = []
    fetch_site(site.address + "/blog/", tmp_path / "mirror", config=LOCAL, sleep=waits.append)
    assert sum(4 < seconds <= 5 for seconds in waits) >= 6


@pytest.mark.parametrize(
    "address",
    ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:192.168.1.1", "100.64.0.1", "0.0.0.0"],
)
def test_private_addresses(address: str) -> None:
    with pytest.raises(SourceError, match="not on the public internet") as caught:
        site_fetch._refuse_private("blog.example", address)
    assert "--private-network" in caught.value.next_step
    site_fetch._refuse_private("blog.example", "93.184.216.34")


def test_two_visits_at_once_are_refused(site: Site, tmp_path: Path) -> None:
    from twin_data.sources.site_state import Mirror

    blog(site)
    with Mirror(tmp_path / "mirror", site.address).alone():
        refused(site, tmp_path, "by another run")


def test_one_name_holds_one_site(site: Site, tmp_path: Path) -> None:
    blog(site)
    folder = fetch(site, tmp_path).folder
    refused(site, tmp_path, "was taken from .*/blog/, not from", "/about/")
    check_source(folder, site.address)
    check_source(tmp_path / "absent", site.address)
    with pytest.raises(SourceError, match="did not come from https://quay.example/"):
        check_source(folder, "https://quay.example/")


def test_names_of_sites() -> None:
    assert [is_site(one) for one in ("https://a.example", "HTTP://a.example", "a.example", "./https:")] == [
        True,
        True,
        False,
        False,
    ]
    assert site_name("https://www.Harbour.example:8443/blog") == "harbour.example-8443"
    with pytest.raises(SourceError, match="is no address"):
        site_name("https://")
