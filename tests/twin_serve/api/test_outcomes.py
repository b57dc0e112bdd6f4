"""What an answer is called: own words, repaired, quoted or declined; and what is kept of it for monitoring."""

from __future__ import annotations

from typing import Any

import pytest

from twin_data.contracts.releases import ReleaseBundle
from twin_serve.answering import drafting

from ..conftest import EELS, EELS_ANSWER, StartService
from ..parts import manifest
from .replies import content, events

REFUSAL = "That I never put on paper, and I will not invent it now."
MORE_REFUSAL = "You must ask somebody else."
WIDE = "What of the eels at Gate 7, of the two clocks that must agree, and of the letter in the shed?"


@pytest.fixture(autouse=True)
def refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "is_refusal", lambda text: text in (REFUSAL, MORE_REFUSAL))
    monkeypatch.setattr(drafting, "SURELY_ANSWERABLE", 1.1)  # the questions here are easy ones


def bundle(**verification: object) -> ReleaseBundle:
    settings = manifest().verification.model_copy(update={"heed_refusals": True} | verification)
    return manifest(verification=settings)


def verdict(body: dict[str, Any]) -> tuple[str, str | None]:
    return body["twin"]["outcome"], body["twin"]["decline_reason"]


LONG = (f"{REFUSAL} {MORE_REFUSAL} {EELS_ANSWER}", f"{REFUSAL} {MORE_REFUSAL}")


@pytest.mark.parametrize(
    ("draft", "shipped", "options"),
    [
        (REFUSAL, REFUSAL, {}),
        (*LONG, {}),
        (*LONG, {"verify": False}),
        (*LONG, {"retrieval": False}),
        (f"A good question. {REFUSAL} {EELS_ANSWER}", REFUSAL, {}),
    ],
)
async def test_a_refusal_of_the_model_is_the_whole_answer(
    start: StartService, draft: str, shipped: str, options: dict[str, bool]
) -> None:
    async with start(draft, draft, bundle=bundle()) as running:
        whole = (await running.ask(twin=options)).json()
        streamed = events((await running.ask(twin=options, stream=True)).text)
        assert running.model.closed == 2  # the rest of the draft is not waited for
    assert verdict(whole) == ("declined", "model_declined")
    assert content(whole) == shipped
    assert whole["twin"]["citations"] == [] and "“" not in content(whole)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in streamed) == shipped
    assert streamed[-1]["twin"]["decline_reason"] == "model_declined"


async def test_after_an_answer_a_refusal_is_only_a_sentence(start: StartService) -> None:
    async with start(f"{EELS_ANSWER} {REFUSAL}", bundle=bundle()) as running:
        body = (await running.ask()).json()
    assert verdict(body) == ("repaired", None)
    assert content(body).startswith(EELS_ANSWER) and REFUSAL not in content(body)


@pytest.mark.parametrize(
    ("surely", "options", "expected"),
    [
        (0.0, {}, ("quoted", None)),
        (0.0, {"verify": False}, ("declined", "model_declined")),
        (0.0, {"retrieval": False}, ("declined", "model_declined")),
        (1.1, {}, ("declined", "model_declined")),
    ],
)
async def test_a_refusal_is_not_heeded_where_the_passages_surely_answer(
    start: StartService,
    monkeypatch: pytest.MonkeyPatch,
    surely: float,
    options: dict[str, bool],
    expected: tuple[str, str | None],
) -> None:
    monkeypatch.setattr(drafting, "SURELY_ANSWERABLE", surely)
    async with start(REFUSAL, bundle=bundle()) as running:
        body = (await running.ask(twin=options)).json()
    assert verdict(body) == expected
    assert (REFUSAL in content(body)) is (expected[0] == "declined")


async def test_a_base_models_refusal_is_not_heeded(start: StartService) -> None:
    async with start(REFUSAL, bundle=bundle(heed_refusals=False)) as running:
        body = (await running.ask()).json()
    assert verdict(body) == ("quoted", None)


@pytest.mark.parametrize(("allowed", "quoted"), [(10, 2), (1, 1), (0, 0)])
async def test_so_many_quotations_stand_beside_an_own_sentence(start: StartService, allowed: int, quoted: int) -> None:
    verification = bundle(quote_beside=allowed, min_quote_ratio=0.0)
    async with start(EELS_ANSWER, "The moon is made of cheese.", bundle=verification) as running:
        beside, alone = (await running.ask(WIDE)).json(), (await running.ask(WIDE)).json()
    outcomes = [one["outcome"] for one in beside["twin"]["sentences"]]
    assert outcomes == ["supported"] + ["quoted"] * quoted
    assert verdict(beside) == ("generated", None)  # what is quoted beside it repairs nothing
    assert [one["outcome"] for one in alone["twin"]["sentences"]] == ["dropped"] + ["quoted"] * 3
    assert verdict(alone) == ("quoted", None)


async def test_signals_of_an_answer_are_kept(start: StartService) -> None:
    async with start(f"{EELS_ANSWER} There were 44 eels.") as running:
        body = (await running.ask()).json()
        await running.ask("Which wine goes with roast pheasant?")
        await running.ask("What is your home address?")
        await running.service.settle()
        answered, declined, private = await running.interactions()
    top = body["twin"]["passages"][0]
    assert answered.signals == {
        "top_cosine": round(max(one["cosine"] for one in body["twin"]["passages"]), 4),
        "top_fused": round(top["fused"], 4),
        "answerability": answered.signals["answerability"],
        "supported_share": 0.5,
    }
    assert 0.1 < answered.signals["answerability"] <= 1 and (answered.mode, answered.decline_reason) == ("answer", None)
    assert (declined.decline_reason, declined.signals["supported_share"]) == ("no_evidence", None)
    assert declined.signals["answerability"] < 0.1
    assert private.decline_reason == "private" and set(private.signals.values()) == {None}
    assert EELS == answered.question
