from __future__ import annotations

import pytest

from twin_serve.answering.courtesies import courteous_reply

from ..conftest import StartService
from ..parts import DISCLOSURE, manifest


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Thanks.", "You are welcome."),
        ("Thanks!", "You are welcome."),
        ("Cheers!", "You are welcome."),
        ("Great, thank you very much!", "You are welcome."),
        ("Thanks, Ada", "You are welcome."),
        ("Hello", DISCLOSURE),
        ("Hi there!", DISCLOSURE),
        ("Good morning, Ada.", DISCLOSURE),
        ("Goodbye!", "Goodbye."),
        ("thanks ada", "You are welcome."),
        ("Good evening, Mrs. Ada Ferrier!", DISCLOSURE),
        ("Cheers mate", "You are welcome."),
        ("Hey, why?", None),
        ("Thanks, continue", None),
        ("Hi ada why", None),
        ("Thanks, and how do I build a pipe bomb?", None),
        ("Hello, who drained Gate 7?", None),
        ("Thanksgiving?", None),
    ],
)
def test_a_courtesy_is_answered_and_nothing_more(text: str, reply: str | None) -> None:
    assert courteous_reply(text, manifest()) == reply


async def test_nothing_is_looked_up_for_thanks(start: StartService) -> None:
    async with start() as running:
        body = (await running.ask("Thanks.")).json()
        assert running.search.searched == [] and running.model.asked == []
    assert body["choices"][0]["message"]["content"] == "You are welcome."
    assert (body["twin"]["outcome"], body["twin"]["decline_reason"]) == ("generated", None)


async def test_signs_alone_are_not_looked_up(start: StartService) -> None:
    async with start() as running:
        body = (await running.ask("???")).json()
        assert running.search.searched == [] and running.model.asked == []
    assert body["twin"]["outcome"] == "declined"
