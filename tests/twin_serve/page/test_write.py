from __future__ import annotations

from twin_data.contracts.answers import SentenceCheck, SentenceOutcome

from .archive import half_the_lines, rust_answer
from .browser import ChatPage
from .stub import StubService, account

OPINION = "Never rewrite a working thing."
TRUE = "The core went from 11,400 lines to 6,200 [sic]."
FALSE = "The minister praised it."
LAST = "That is all."
BRIEF = "A post on rewriting"


def draft(service: StubService, *, mark: bool = True) -> None:
    """Script a draft of two paragraphs: opinion, a claim that holds, one that does not, and a sentence left out."""
    service.documents["blog/half-the-lines.md"] = half_the_lines()
    citation = rust_answer(half_the_lines())[1]["citations"][0]
    checks = (
        SentenceCheck(text=OPINION, outcome=SentenceOutcome.UNCHECKED, support=0, reason="it makes no claim"),
        SentenceCheck(text=TRUE, outcome=SentenceOutcome.SUPPORTED, support=0.9, citations=(citation["n"],)),
        SentenceCheck(text="Never rewrite.", outcome=SentenceOutcome.DROPPED, support=0, reason="repeated"),
        SentenceCheck(text=FALSE, outcome=SentenceOutcome.UNSUPPORTED, support=0.2, reason="nobody says so"),
        SentenceCheck(text=LAST, outcome=SentenceOutcome.UNCHECKED, support=0),
    )
    shown = tuple(one for one in checks if mark or one.outcome is not SentenceOutcome.UNSUPPORTED)
    pieces = [OPINION, f" {TRUE}", *([f"\n\n{FALSE}"] if mark else []), f" {LAST}"]
    service.reply(*pieces, twin=account(mode="write", sentences=shown) | {"citations": [citation]})


def start_writing(page: ChatPage) -> None:
    page.ready()
    page.one("#mode-write").click()


def test_a_brief_is_sent_as_one(page: ChatPage, service: StubService) -> None:
    start_writing(page)
    assert page.one("#send").text == "Write"
    assert page.one("#question").get_attribute("placeholder") == "What is the twin of Isolde Quarmby to write?"
    assert page.one("#option-verify-name").text == "Check the claims"
    draft(service)
    page.ask_and_wait(BRIEF)
    assert service.requests[0][1]["twin"] == {"retrieval": True, "verify": True, "mode": "write"}

    page.one("#mode-answer").click()
    service.reply("We did.")
    page.ask_and_wait("Did you?")
    second = service.requests[1][1]
    assert second["twin"] == {"retrieval": True, "verify": True}
    assert second["messages"][1]["content"] == f"{OPINION} {TRUE}\n\n{FALSE} {LAST}"
    assert page.faults() == []


def test_claims_are_marked_on_the_text(page: ChatPage, service: StubService) -> None:
    start_writing(page)
    draft(service)
    page.ask_and_wait(BRIEF)

    assert page.texts(".written.unsupported") == [FALSE]
    assert page.one(".to-check").get_attribute("title") == "nobody says so"
    (supported,) = page.texts(".written.supported")
    assert supported.startswith(TRUE)
    assert [chip.is_enabled() for chip in page.all(".answer-text .chip")] == [True]
    assert page.texts(".badge") == ["Draft", "1 claim to check"]
    body = page.one(".answer-text").get_attribute("textContent") or ""
    assert "[sic].1\n\nThe minister" in body, "the paragraph stands, and what was left out is not shown"
    page.one(".why summary").click()
    assert page.one(".why summary").text == "What was checked"
    assert page.texts(".check .tag") == ["As written", "Supported", "Dropped", "To check", "As written"]

    page.one(".answer-text .chip").click()
    page.wait(lambda: page.one("#panel").is_displayed())
    assert page.faults() == []


def test_a_draft_is_copied_clean(page: ChatPage, service: StubService) -> None:
    start_writing(page)
    page.script("window.copied = []; navigator.clipboard.writeText = async (text) => { window.copied.push(text); };")
    draft(service)
    page.ask_and_wait(BRIEF)
    page.button("Copy").click()
    page.wait(lambda: page.script("return window.copied.length"))
    assert page.script("return window.copied") == [f"{OPINION} {TRUE}\n\n{FALSE} {LAST}"]


def test_a_draft_that_holds_and_one_that_nobody_checked(page: ChatPage, service: StubService) -> None:
    start_writing(page)
    draft(service, mark=False)
    page.ask_and_wait(BRIEF)
    assert page.texts(".badge") == ["Draft"] and "no claim to check" in page.one(".outcome").text

    page.one("#option-verify").click()
    assert "claims may be invented" in page.one("#options-warning").text
    draft(service, mark=False)
    page.ask_and_wait(BRIEF)
    assert page.texts(".badge")[1:] == ["Draft", "Not checked"]
    assert page.faults() == []
