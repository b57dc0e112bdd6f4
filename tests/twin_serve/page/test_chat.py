from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from twin_data.contracts.answers import AnswerOutcome, Cost, SentenceCheck, SentenceOutcome

from .archive import half_the_lines, rust_answer
from .browser import ChatPage
from .stub import StubService, account, add_model, error_body


def test_answer_appears_sentence_by_sentence(page: ChatPage, service: StubService) -> None:
    sentences, twin = rust_answer(half_the_lines())
    reply = service.reply(*sentences, twin=twin, hold_after=1)
    page.ready()
    page.ask("Why Rust?")

    page.wait(lambda: len(page.all(".sentence")) == 1)
    assert page.one(".sentence").text.startswith("Pilotfish's core used to be 11,400 lines")
    assert page.one(".answer-text").get_attribute("aria-live") == "polite"
    assert not page.one(".chip").is_enabled(), "a source can be opened only once it is known"
    assert page.one("#stop").is_displayed()
    assert not page.one("#send").is_displayed()
    assert "checking each sentence" in page.one(".progress").text

    reply.release.set()
    page.wait(lambda: page.all(".cost"))
    assert len(page.all(".sentence")) == 3
    assert [chip.text for chip in page.all(".chip")] == ["1", "2", "1", "3"]
    assert all(chip.is_enabled() for chip in page.all(".chip"))
    assert page.one("#send").is_displayed()
    assert page.one(".progress").text == ""
    assert page.faults() == []


def test_request_is_what_the_service_expects(page: ChatPage, service: StubService) -> None:
    page.ready()
    service.reply("We did.")
    page.ask_and_wait("Did you?")
    page.one("#option-retrieval").click()
    page.one("#option-verify").click()
    assert "invented" in page.one("#options-warning").text
    service.reply("We should.")
    page.ask_and_wait("Should you?")

    headers, first = service.requests[0]
    assert headers["x-twin-feature"] == "chat-page"
    assert headers["authorization"] == "Bearer twin_test-key+1/2="
    assert first == {
        "model": "sample",
        "messages": [{"role": "user", "content": "Did you?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "twin": {"retrieval": True, "verify": True},
    }
    second = service.requests[1][1]
    assert second["twin"] == {"retrieval": False, "verify": False}
    assert [message["content"] for message in second["messages"]] == ["Did you?", "We did.", "Should you?"]


def test_account_of_an_answer(page: ChatPage, service: StubService) -> None:
    sentences, twin = rust_answer(half_the_lines())
    service.reply(*sentences, twin=twin)
    page.ready()
    page.ask_and_wait("Why Rust?")

    assert page.texts(".badge") == ["Repaired"]
    assert page.texts(".source-head .date")[0] == "13 November 2022"
    assert "It used to be Python" in page.texts(".source blockquote")[0]
    assert (
        page.one(".source .original").get_attribute("href") == "https://slackwater.example/blog/half%20the%20lines.md"
    )
    cost = page.one(".cost").text
    assert "1,240 + 86 tokens" in cost
    assert "14.2 s" in cost
    assert "price unknown" in cost
    assert "7c1e44d0a9b2" in cost

    assert not page.one(".checks").is_displayed()
    page.one(".why summary").click()
    assert page.texts(".check .tag") == ["Supported", "Supported", "Dropped", "Supported"]
    assert page.texts(".check .meta")[2] == "support 0.12 · no passage says so; best support 0.12, needed 0.60"
    assert page.texts(".scores")[1].split("\n") == [
        "likeness", "0.58", "fused", "0.61", "BM25", "9.1", "cosine", "–",
    ]  # fmt: skip


def test_money_is_shown_when_the_price_is_known(page: ChatPage, service: StubService) -> None:
    service.reply("We did.", twin=account(cost=Cost(seconds=2, amount=0.000412, currency="EUR")))
    page.ready()
    page.ask_and_wait("Did you?")
    assert "€0.000412" in page.one(".cost").text
    assert "unknown" not in page.one(".cost").text


def test_declined_says_why(page: ChatPage, service: StubService) -> None:
    reason = "Nothing in the archive speaks of it."
    service.reply("I'd sooner not say.", twin=account(outcome=AnswerOutcome.DECLINED, decline_reason=reason))
    page.ready()
    page.ask_and_wait("What is your salary?")
    assert page.texts(".badge") == ["Declined"]
    assert page.one(".decline-reason").text == reason
    assert page.all(".sources") == []


def test_unchecked_answer_is_marked(page: ChatPage, service: StubService) -> None:
    check = SentenceCheck(text="We did.", outcome=SentenceOutcome.UNCHECKED, support=0)
    service.reply("We did.", twin=account(sentences=(check,)))
    page.ready()
    page.ask_and_wait("Did you?")
    assert page.texts(".badge") == ["Answered in own words", "Not checked"]


def test_marker_without_source_becomes_plain_text(page: ChatPage, service: StubService) -> None:
    service.reply("The chart is on page [12], row[3].")
    page.ready()
    page.ask_and_wait("Where?")
    assert page.all(".chip") == []
    assert page.one(".answer-text").text == "The chart is on page [12], row[3]."


def test_refused_request_keeps_the_question(page: ChatPage, service: StubService) -> None:
    service.reply(status=503, error=error_body("Elasticsearch cannot be reached.", "start it with `twin up`."))
    page.ready()
    page.ask("Why Rust?")
    page.wait_text(".problem-message", "Elasticsearch cannot be reached.")
    assert page.one(".problem-next").text == "Next: start it with twin up."
    assert page.one(".problem-next code").text == "twin up"
    assert "Why Rust?" in page.one(".asked").text

    service.reply("Gates wait on water.")
    page.button("Try again").click()
    page.wait_text(".answer-text", "Gates wait on water.")
    assert len(page.all(".turn")) == 1
    assert page.all(".problem-box") == []
    assert service.requests[1][1]["messages"] == [{"role": "user", "content": "Why Rust?"}]


def test_error_in_mid_stream_keeps_what_came(page: ChatPage, service: StubService) -> None:
    service.reply("Gates wait on water.", error=error_body("vLLM went away.", "look at `twin status`."))
    page.ready()
    page.ask("Why Rust?")
    page.wait_text(".problem-message", "vLLM went away.")
    assert page.one(".answer-text").text == "Gates wait on water."

    page.button("Edit the question").click()
    assert page.one("#question").get_attribute("value") == "Why Rust?"
    assert page.all(".turn") == []


def test_stream_that_just_ends_is_an_error(page: ChatPage, service: StubService) -> None:
    service.reply("Gates wait", cut=True)
    page.ready()
    page.ask("Why Rust?")
    page.wait_text(".problem-message", "ended before the answer was complete")


def test_failed_answer_is_no_part_of_the_conversation(page: ChatPage, service: StubService) -> None:
    service.reply("Half an ans", error=error_body("vLLM went away.", ""))
    page.ready()
    page.ask("One?")
    page.wait(lambda: page.all(".problem-box"))
    service.reply("Two.")
    page.ask_and_wait("Two?")
    assert service.requests[1][1]["messages"] == [{"role": "user", "content": "Two?"}]


def test_stop_ends_the_request(page: ChatPage, service: StubService) -> None:
    service.reply(status=503, error=error_body("Busy.", ""))
    reply = service.reply("Gates wait on water.", " Never sent.", hold_after=1)
    page.ready()
    page.ask("Why Rust?")
    page.wait_text(".problem-message", "Busy.")
    page.ask("Why Rust?")
    page.wait_text(".turn:last-child .answer-text", "Gates wait on water.")
    assert not page.button("Try again").is_enabled(), "one question at a time"
    page.one("#stop").click()

    page.wait_text(".turn:last-child .answer-foot", "Stopped.")
    assert reply.left.wait(10), "the service was not told that the reader left"
    assert page.one("#send").is_displayed()
    assert page.all(".turn:last-child .problem-box") == []
    page.wait(lambda: page.button("Try again").is_enabled())

    service.reply("And again.")
    page.button("Ask again").click()
    page.wait_text(".turn:last-child .answer-text", "And again.")
    assert "Gates" not in page.one(".turn:last-child .answer-text").text


def test_new_conversation_stops_and_forgets(page: ChatPage, service: StubService) -> None:
    reply = service.reply("Gates wait on water.", " Never sent.", hold_after=1)
    page.ready()
    page.ask("Why Rust?")
    page.wait(lambda: page.all(".sentence"))
    page.one("#new-conversation").click()
    assert reply.left.wait(10)
    assert page.all(".turn") == []
    assert page.one("#welcome").is_displayed()
    service.reply("Two.")
    page.ask_and_wait("Two?")
    assert len(service.requests[1][1]["messages"]) == 1


def test_shift_enter_starts_a_line_and_enter_sends(page: ChatPage, service: StubService) -> None:
    service.reply("Yes.")
    page.ready()
    question = page.one("#question")
    question.send_keys("One", Keys.SHIFT, Keys.ENTER, Keys.NULL, "two")
    assert service.requests == []
    assert question.get_attribute("value") == "One\ntwo"
    question.send_keys(Keys.ENTER)
    page.wait_text(".answer-text", "Yes.")
    assert service.requests[0][1]["messages"][0]["content"] == "One\ntwo"


def test_example_questions_are_asked(page: ChatPage, service: StubService) -> None:
    service.examples.append("A fourth?")
    service.reply("Yes.")
    page.ready()
    page.wait(lambda: len(page.all(".example")) == 3)
    page.all(".example")[1].click()
    page.wait_text(".answer-text", "Yes.")
    assert service.requests[0][1]["messages"][0]["content"] == service.examples[1]


def test_page_says_that_it_is_a_twin(page: ChatPage) -> None:
    page.ready()
    assert page.one("#twin-name").text == "Isolde Quarmby"
    assert page.one("#disclosure").text.startswith("A digital twin, not Isolde Quarmby in person.")
    assert not page.one("#twin-choice").is_displayed()


def test_another_twin_is_not_told_what_the_first_one_said(page: ChatPage, service: StubService) -> None:
    add_model(service, "chesterton@77aa", "G. K. Chesterton")
    service.reply("From Isolde.")
    service.reply("From Gilbert.")
    page.ready()
    page.ask_and_wait("One?")
    page.one("#twin-select option:nth-child(2)").click()
    assert page.one("#twin-name").text == "G. K. Chesterton"
    page.ask_and_wait("Two?")
    assert service.requests[1][1]["model"] == "chesterton@77aa"
    assert service.requests[1][1]["messages"] == [{"role": "user", "content": "Two?"}]
    assert page.texts(".turn > .speaker") == ["Digital twin of Isolde Quarmby", "Digital twin of G. K. Chesterton"]
    assert "/api/examples/chesterton" in service.reads


def test_copy_takes_the_sources_along(page: ChatPage, service: StubService) -> None:
    sentences, twin = rust_answer(half_the_lines())
    service.reply(*sentences, twin=twin)
    page.ready()
    page.script("window.copied = []; navigator.clipboard.writeText = async (text) => { window.copied.push(text); };")
    page.ask_and_wait("Why Rust?")
    page.button("Copy").click()
    page.wait(lambda: page.script("return window.copied.length"))
    copied = page.script("return window.copied[0]")
    assert copied.startswith("".join(sentences))
    assert "[1] Half the Lines, and Where They Went, 13 November 2022, https://slackwater.example/" in copied
    assert "digital twin of Isolde Quarmby, not of the person (bundle 3fa9c01b)" in copied


def test_head_and_composer_stay_in_view(page: ChatPage, service: StubService) -> None:
    page.ready()
    for number in range(4):
        service.reply("Gates wait on water. " * 60)
        page.ask_and_wait(f"Question {number}?")
        assert page.one("#disclosure").rect["y"] >= 0
        assert page.script("return document.scrollingElement.scrollTop") == 0
        top = page.script("return document.querySelector('.turn:last-child').getBoundingClientRect().top")
        assert abs(top - page.one("#conversation").rect["y"]) <= 1, "a new question starts at the top"
