from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from twin_data.contracts.documents import Block, CleanDocument

from .archive import PIPE_QUOTE, RUST_QUOTE, cite, document, half_the_lines, rust_answer, tides
from .browser import ChatPage
from .stub import StubService, account


def _ask_with(page: ChatPage, service: StubService, source: CleanDocument, quote: str) -> None:
    service.documents[source.document_id] = source
    service.reply("So it was [1].", twin=account(citations=(cite(1, source, quote),)))
    page.ready()
    page.ask_and_wait("Was it?")


def _marked(page: ChatPage) -> str:
    page.wait(lambda: page.all("#panel mark"))
    return "".join(page.script("return [...document.querySelectorAll('#panel mark')].map((mark) => mark.textContent)"))


def test_citation_opens_the_exact_words(page: ChatPage, service: StubService) -> None:
    _ask_with(page, service, half_the_lines(), RUST_QUOTE)
    page.one(".chip").click()
    assert _marked(page) == RUST_QUOTE
    assert page.one("#panel-title").text == "Half the Lines, and Where They Went"
    assert page.one("#panel-meta").text.startswith("13 November 2022")
    assert page.one("#panel-meta a").get_attribute("rel") == "noopener noreferrer"
    assert page.faults() == []


def test_offsets_are_code_points_not_utf16_units(page: ChatPage, service: StubService) -> None:
    source = tides()
    start = source.text.index(PIPE_QUOTE)
    assert len(source.text[:start].encode("utf-16-le")) // 2 > start
    _ask_with(page, service, source, PIPE_QUOTE)
    page.one(".chip").click()
    assert _marked(page) == PIPE_QUOTE
    assert page.all("#panel .note") == [], "the words stand where the offsets say"


def test_span_with_astral_characters_inside_and_across_blocks(page: ChatPage, service: StubService) -> None:
    source = tides()
    quote = "𝔗allow said so 👩‍🔧. \n\nThe gauge had been lying."
    _ask_with(page, service, source, quote)
    page.one(".chip").click()
    assert _marked(page) == quote.replace("\n\n", "")
    assert len(page.all("#panel mark")) == 2


def test_cited_words_are_scrolled_into_view(page: ChatPage, service: StubService) -> None:
    blocks = [Block(text=f"Paragraph {number}. " + "The water rose and fell. " * 20) for number in range(60)]
    blocks.insert(40, Block(text="Here stands the cited sentence."))
    _ask_with(page, service, document("blog/long.md", "Long", blocks), "Here stands the cited sentence.")
    page.one(".chip").click()
    _marked(page)
    mark, body = page.one("#panel mark").rect, page.one("#panel-body").rect
    assert body["y"] < mark["y"] < body["y"] + body["height"]
    assert page.script("return document.getElementById('panel-body').scrollTop") > 0


def test_words_of_others_are_set_apart(page: ChatPage, service: StubService) -> None:
    _ask_with(page, service, half_the_lines(), RUST_QUOTE)
    page.one(".chip").click()
    _marked(page)
    groups = page.all("#panel .others")
    names = [group.text.split("\n")[0] for group in groups]
    assert names == ["Quoted: Ottoline Fersk, The Patient Engine", "Dov Haskell"]
    assert "I asked three" in groups[1].text, "two turns of one speaker stand together"
    assert RUST_QUOTE not in "".join(group.text for group in groups)
    assert len(page.all("#panel ul.items li")) == 3
    assert page.one("#panel h4").text == "What the water said"


def test_escape_closes_and_gives_the_focus_back(page: ChatPage, service: StubService) -> None:
    _ask_with(page, service, half_the_lines(), RUST_QUOTE)
    page.one(".chip").send_keys(Keys.ENTER)
    _marked(page)
    assert page.driver.switch_to.active_element.get_attribute("id") == "panel-title"
    page.press(Keys.ESCAPE)
    assert not page.one("#panel").is_displayed()
    assert page.driver.switch_to.active_element == page.one(".chip")


def test_changed_document_is_said_to_have_changed(page: ChatPage, service: StubService) -> None:
    source = half_the_lines()
    _ask_with(page, service, source, RUST_QUOTE)
    service.documents[source.document_id] = document(
        source.document_id,
        source.title,
        [
            Block(text="A new 🌊 beginning."),
            Block(text=f"And then: {RUST_QUOTE}"),
        ],
    )
    page.one(".chip").click()
    assert _marked(page) == RUST_QUOTE
    assert "found at another place" in page.one("#panel .note").text

    service.documents[source.document_id] = document(source.document_id, source.title, [Block(text="All is new.")])
    page.one(".chip").click()
    page.wait_text("#panel .note", "no longer in it")
    assert page.one("#panel .lost-quote").text == RUST_QUOTE
    assert page.all("#panel mark") == []


def test_missing_document_says_what_to_do(page: ChatPage, service: StubService) -> None:
    source = half_the_lines()
    _ask_with(page, service, source, RUST_QUOTE)
    del service.documents[source.document_id]
    page.one(".chip").click()
    page.wait_text("#panel .problem-message", "is not in the corpus")
    service.documents[source.document_id] = source
    page.button("Try again", within="#panel").click()
    assert _marked(page) == RUST_QUOTE


def test_retrieved_passage_opens_too(page: ChatPage, service: StubService) -> None:
    source = half_the_lines()
    service.documents[source.document_id] = source
    sentences, twin = rust_answer(source)
    service.reply(*sentences, twin=twin)
    page.ready()
    page.ask_and_wait("Why Rust?")
    page.one(".why summary").click()
    page.all(".passage-found .link")[2].click()
    assert _marked(page) == "Not one. That was the sounding I'd hoped for."
    assert page.one("#panel-eyebrow").text.lower() == "passage found"


def test_on_a_phone_the_panel_covers_all_and_holds_the_focus(page: ChatPage, service: StubService) -> None:
    size = page.driver.get_window_size()
    page.driver.set_window_size(500, 860)
    try:
        _ask_with(page, service, half_the_lines(), RUST_QUOTE)
        assert page.script("return document.documentElement.scrollWidth <= window.innerWidth")
        page.one(".chip").click()
        _marked(page)
        assert page.one("#panel").rect["width"] == page.script("return window.innerWidth")
        assert page.script("return document.getElementById('main').inert") is True
        page.one("#panel-close").click()
        assert page.script("return document.getElementById('main').inert") is False
    finally:
        page.driver.set_window_size(size["width"], size["height"])
