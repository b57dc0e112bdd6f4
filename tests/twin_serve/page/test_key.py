from __future__ import annotations

from .archive import RUST_QUOTE, cite, half_the_lines
from .browser import ChatPage
from .stub import KEY, StubService, account


def _enter(page: ChatPage, key: str) -> None:
    page.wait(lambda: page.one("#key-form").is_displayed())
    page.one("#key-input").clear()
    page.one("#key-input").send_keys(key)
    page.button("Continue").click()


def test_key_leaves_the_address_for_the_tab(page: ChatPage) -> None:
    page.ready()
    assert page.driver.current_url == page.address + "/"
    assert page.script("return sessionStorage.getItem('twin-api-key')") == KEY
    assert page.script("return localStorage.length") == 0
    assert page.driver.get_cookies() == []
    page.driver.refresh()
    page.wait(lambda: page.one("#composer").is_displayed())


def test_key_is_asked_for(page: ChatPage) -> None:
    page.open(key=None)
    _enter(page, "wrong")
    page.wait_text("#key-problem", "The API key is unknown.")
    assert not page.one("#composer").is_displayed()
    assert page.script("return sessionStorage.getItem('twin-api-key')") is None
    _enter(page, KEY)
    page.wait(lambda: page.one("#composer").is_displayed())
    assert not page.one("#key-form").is_displayed()


def test_key_that_no_header_can_carry_is_explained(page: ChatPage) -> None:
    page.open(key=None)
    _enter(page, "ключ")
    page.wait_text("#key-problem", "not copied whole")


def test_wrong_key_in_the_address(page: ChatPage) -> None:
    page.open(key="wrong")
    page.wait_text("#key-problem", "The API key is unknown.")
    page.script("location.hash = arguments[0]", "key=" + KEY.replace("+", "%2B"))
    page.wait(lambda: page.one("#composer").is_displayed())
    assert not page.one("#key-form").is_displayed()


def test_revoked_key_is_asked_for_and_the_question_goes_on(page: ChatPage, service: StubService) -> None:
    page.ready()
    service.valid_keys = {"new-key"}
    page.ask("Why Rust?")
    _enter(page, "new-key")
    service.reply("Gates wait on water.")
    page.wait_text(".answer-text", "Gates wait on water.")
    assert len(page.all(".turn")) == 1
    assert page.all(".problem-box") == []
    assert service.requests[-1][0]["authorization"] == "Bearer new-key"


def test_revoked_key_while_a_document_is_opened(page: ChatPage, service: StubService) -> None:
    source = half_the_lines()
    service.documents[source.document_id] = source
    service.reply("So it was [1].", twin=account(citations=(cite(1, source, RUST_QUOTE),)))
    page.ready()
    page.ask_and_wait("Was it?")
    service.valid_keys = {"new-key"}
    page.one(".chip").click()
    _enter(page, "new-key")
    page.wait(lambda: page.all("#panel mark"))
    assert page.one("#panel mark").text == RUST_QUOTE


def test_service_that_is_down_at_the_start(page: ChatPage, service: StubService) -> None:
    service.broken = {"/v1/models"}
    page.open()
    page.wait_text("#notice", "Elasticsearch cannot be reached.")
    service.broken = set()
    page.button("Try again").click()
    page.wait(lambda: page.one("#composer").is_displayed())
    assert page.one("#notice").text == ""


def test_no_twin_is_served(page: ChatPage, service: StubService) -> None:
    service.models = []
    page.open()
    page.wait_text("#notice", "No twin is being served yet.")
    assert not page.one("#composer").is_displayed()
