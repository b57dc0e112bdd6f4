from __future__ import annotations

from twin_data.contracts.answers import AnswerOutcome, SentenceCheck, SentenceOutcome
from twin_data.contracts.documents import Block, BlockStyle, Role

from .archive import cite, document, found
from .browser import ChatPage
from .stub import StubService, account, error_body

ATTACK = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script><a href='javascript:window.hit=1'>go</a>"
SCRIPT_ADDRESS = "javascript:window.hit=1"


def _is_untouched(page: ChatPage) -> bool:
    made = page.script("return document.querySelectorAll('main img, main script, aside img, aside script').length")
    links = page.script("return [...document.links].filter((link) => link.protocol === 'javascript:').length")
    return bool(made == 0 and links == 0 and page.script("return window.hit === undefined"))


def test_markup_is_shown_as_text_everywhere(page: ChatPage, service: StubService) -> None:
    blocks = [Block(text=f"{style.value}: {ATTACK}", style=style, level=1) for style in BlockStyle]
    blocks.append(Block(text="Said by another.", role=Role.OTHER, author=ATTACK))
    source = document("blog/<b>.md", ATTACK, blocks, url=SCRIPT_ADDRESS)
    service.documents[source.document_id] = source
    service.examples = [ATTACK]
    service.models[0]["twin"] |= {"display_name": ATTACK, "label": ATTACK}
    check = SentenceCheck(text=ATTACK, outcome=SentenceOutcome.DROPPED, support=0, reason=ATTACK)
    service.reply(
        f"{ATTACK} [1].",
        twin=account(
            outcome=AnswerOutcome.DECLINED,
            decline_reason=ATTACK,
            citations=(cite(1, source, ATTACK),),
            sentences=(check,),
            passages=(found(source, ATTACK, ATTACK, fused=0.5),),
        ),
    )
    page.ready()
    page.ask_and_wait(ATTACK)
    assert ATTACK in page.one(".asked").text
    assert ATTACK in page.one(".answer-text").text
    assert page.one(".decline-reason").text == ATTACK
    page.one(".why summary").click()
    assert page.one(".check-text").text == ATTACK
    assert page.all(".source .original") == [], "an address that is no web address is no link"

    page.one(".chip").click()
    page.wait(lambda: page.all("#panel mark"))
    assert page.one("#panel mark").text == ATTACK
    assert page.one("#panel-title").text == ATTACK
    assert page.all("#panel-meta a") == []
    assert _is_untouched(page)
    assert page.faults() == []


def test_markup_in_an_error_is_shown_as_text(page: ChatPage, service: StubService) -> None:
    service.reply(status=400, error=error_body(ATTACK, ATTACK))
    page.ready()
    page.ask("Why?")
    page.wait_text(".problem-message", ATTACK)
    assert _is_untouched(page)


def test_policy_stops_what_the_code_does_not(page: ChatPage) -> None:
    page.ready()
    refused = page.script("try { document.body.innerHTML = '<b>x</b>'; } catch (error) { return error.name; }")
    assert refused == "TypeError", "trusted types are not enforced"
    page.script(
        "const sheet = document.createElement('style');"
        "sheet.textContent = 'body { display: none }';"
        "document.body.append(sheet);"
    )
    assert page.one("#twin-name").is_displayed(), "an inline style was applied"
