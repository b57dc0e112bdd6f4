"""Bundles of the ladder's lower rungs, served as every other: no retrieval, with or without examples in the prompt."""

from __future__ import annotations

import pytest

from twin_data.contracts.releases import PromptExample, ReleaseBundle, Rung

from ..conftest import EELS, StartService
from ..parts import manifest
from .replies import content

ANSWER = PromptExample(mode="answer", asked="What of clocks?", response="Two clocks must agree.", spans=())
TEXT = PromptExample(mode="write", asked="Write on gates.", response="A gate is a door for water.", spans=())
DRAFT = "I drained it in 2022. It was full of eels."
REFUSAL = "I'm sorry, but I cannot answer that question. I never wrote about it."


def prompt_only(*examples: PromptExample) -> ReleaseBundle:
    """As the flows make it: no retrieval, and refusals that are meant."""
    verification = manifest().verification.model_copy(update={"heed_refusals": True})
    rung = Rung.FEW_SHOT if examples else Rung.PROMPT
    return manifest(rung=rung, retrieval=None, examples=examples, verification=verification)


@pytest.mark.parametrize("bundle", [prompt_only(), prompt_only(ANSWER, TEXT)])
async def test_without_retrieval_nothing_is_searched_and_nothing_counts_as_checked(
    start: StartService, bundle: ReleaseBundle
) -> None:
    async with start(DRAFT, bundle=bundle) as running:
        body = (await running.ask()).json()
        assert running.search.searched == []
    assert content(body) == DRAFT
    assert body["twin"]["bundle"] == bundle.bundle_id
    assert {check["outcome"] for check in body["twin"]["sentences"]} == {"unchecked"}
    assert body["twin"]["citations"] == body["twin"]["passages"] == []


async def test_examples_of_the_mode_are_shown_before_the_question(start: StartService) -> None:
    async with start(DRAFT, DRAFT, bundle=prompt_only(ANSWER, TEXT)) as running:
        await running.ask()
        await running.ask("Write a post on eels.", twin={"mode": "write"})
        answered, written = running.model.asked
    assert [one.content for one in answered[1:]] == [
        "Question: What of clocks?", "Two clocks must agree.", f"Question: {EELS}"
    ]  # fmt: skip
    assert [one.content for one in written[1:]] == [
        "Brief: Write on gates.", "A gate is a door for water.", "Brief: Write a post on eels."
    ]  # fmt: skip


async def test_a_claim_in_a_text_is_marked_since_nothing_could_hold_it(start: StartService) -> None:
    async with start("We found 31 eels on the floor of Gate 7.", bundle=prompt_only()) as running:
        body = (await running.ask("Write a post on gates.", twin={"mode": "write"})).json()
        assert running.search.searched == []
    assert [one["outcome"] for one in body["twin"]["sentences"]] == ["unsupported"]


async def test_its_own_refusal_is_a_refusal(start: StartService) -> None:
    async with start(REFUSAL, bundle=prompt_only()) as running:
        body = (await running.ask()).json()
    assert (body["twin"]["outcome"], body["twin"]["decline_reason"]) == ("declined", "model_declined")
