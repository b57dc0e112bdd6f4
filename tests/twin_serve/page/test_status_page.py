from __future__ import annotations

from .browser import ChatPage
from .stub import KEY, StubService


def _platform(elasticsearch: str = "up") -> dict[str, object]:
    return {
        "twins": [
            {
                "persona": "sample",
                "display_name": "Isolde Quarmby",
                "bundle": "3fa9c01b",
                "alias": "champion",
                "documents": 214,
                "chunks": 1893,
            }
        ],
        "services": [
            {"name": "Elasticsearch", "state": elasticsearch, "url": "http://127.0.0.1:9200", "detail": "9.1, 1 node"},
            {"name": "LLM microservice", "state": "starting", "url": None, "detail": "loading the base model"},
        ],
        "links": [{"name": "MLflow", "url": "http://127.0.0.1:5000"}, {"name": "Odd", "url": "javascript:alert(1)"}],
    }


def test_status_is_shown_and_read_again(page: ChatPage, service: StubService) -> None:
    service.status = _platform()
    page.open("/status")
    page.wait_text("#summary", "Needs attention: LLM microservice.")
    assert [dot.get_attribute("class") for dot in page.all(".dot")] == ["dot good", "dot waiting"]
    assert page.texts("#twins td") == ["sample", "3fa9c01b", "champion", "214", "1,893"]
    assert [link.text for link in page.all("#links a")] == ["MLflow ↗"]
    link = page.one("#links a")

    service.status = _platform("down")
    page.wait_text("#summary", "Needs attention: Elasticsearch, LLM microservice.")
    assert page.one(".dot").get_attribute("class") == "dot bad"
    assert "read again every five seconds" in page.one("#freshness").text
    assert link.id != page.one("#links a").id, "drawn again only because something changed"
    assert page.faults() == []


def test_unchanged_status_is_not_drawn_again(page: ChatPage, service: StubService) -> None:
    service.status = _platform()
    page.open("/status")
    page.wait(lambda: page.all("#links a"))
    page.script("document.querySelector('#links a').focus()")
    reads = service.reads.count("/api/status")
    page.wait(lambda: service.reads.count("/api/status") > reads)
    assert page.script("return document.activeElement.textContent") == "MLflow ↗"


def test_status_says_when_it_is_stale(page: ChatPage, service: StubService) -> None:
    service.status = _platform()
    page.open("/status")
    page.wait(lambda: page.all("#links a"))
    service.broken = {"/api/status"}
    page.wait_text("#notice", "Elasticsearch cannot be reached.")
    assert "Not up to date" in page.one("#freshness").text
    service.broken = set()
    page.wait(lambda: page.one("#notice").text == "")


def test_status_asks_for_the_key(page: ChatPage, service: StubService) -> None:
    service.status = _platform()
    page.open("/status", key=None)
    page.wait(lambda: page.one("#key-form").is_displayed())
    page.one("#key-input").send_keys(KEY)
    page.button("Continue").click()
    page.wait(lambda: page.one("#report").is_displayed())
    assert not page.one("#key-form").is_displayed()
