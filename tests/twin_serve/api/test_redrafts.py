"""Further drafts, where no sentence of the first one's own held."""

from __future__ import annotations

from typing import Any

import pytest

from twin_data.contracts.releases import GenerationSettings, RetrievalSettings
from twin_serve.llm.client import ScriptedModel

from ..conftest import EELS_ANSWER, StartService
from ..parts import manifest

WRONG = "We found 44 eels on the floor of Gate 7."
COPIED = "We found 31 eels on the floor and carried them out in a tin bath."


def bundle(redrafts: int) -> Any:
    return manifest(generation=GenerationSettings(redrafts=redrafts, temperature=0.2, redraft_temperature=0.9))


async def test_a_further_draft_that_holds_takes_the_place_of_one_that_does_not(start: StartService) -> None:
    async with start(WRONG, f"{WRONG} Nobody saw it.", EELS_ANSWER, EELS_ANSWER, bundle=bundle(3)) as running:
        body = (await running.ask()).json()
    assert body["choices"][0]["message"]["content"].startswith(EELS_ANSWER)
    assert [(one["text"], one["outcome"]) for one in body["twin"]["sentences"][:2]] == [
        (WRONG, "dropped"), (EELS_ANSWER, "supported"),
    ]  # fmt: skip
    assert body["twin"]["outcome"] == "repaired"
    assert [one["n"] for one in body["twin"]["citations"]][0] == 1
    assert [one.temperature for one in running.model.settings] == [0.2, 0.9, 0.9, 0.9]
    assert len({tuple(asked) for asked in running.model.asked}) == 1, "the same prompt each time"
    words = sum(len(text.split()) for text in (WRONG, f"{WRONG} Nobody saw it.", EELS_ANSWER, EELS_ANSWER))
    assert body["usage"]["completion_tokens"] == words, "every draft is paid for"


BETTER = "The 31 eels that we found on the floor were carried out in a bath."


@pytest.mark.parametrize(
    ("drafts", "taken"),
    [((BETTER, EELS_ANSWER), BETTER), ((EELS_ANSWER, BETTER), BETTER), ((EELS_ANSWER,), EELS_ANSWER)],
)
async def test_of_further_drafts_that_hold_the_one_that_holds_best_is_taken(
    start: StartService, drafts: tuple[str, ...], taken: str
) -> None:
    async with start(WRONG, *drafts, bundle=bundle(len(drafts))) as running:
        asked = await running.ask("How many eels did you find on the floor of Gate 7 and carry out in a bath?")
        sentences = asked.json()["twin"]["sentences"]
    (own,) = (one for one in sentences if one["outcome"] == "supported")
    assert own["text"] == taken and 0.7 <= own["closeness"] < 1


async def test_every_other_further_draft_reads_one_stretch_where_the_bundle_shows_stretches(
    start: StartService,
) -> None:
    apart = bundle(5).model_copy(update={"retrieval": RetrievalSettings(excerpts=2)})
    async with start(WRONG, WRONG, WRONG, WRONG, WRONG, EELS_ANSWER, bundle=apart) as running:
        body = (await running.ask()).json()
    assert body["choices"][0]["message"]["content"].startswith(EELS_ANSWER)
    first, *further = [asked[-1].content for asked in running.model.asked]
    assert "[2]" in first
    assert further[1] == further[3] == first
    alone = further[::2]
    assert all("[2]" not in prompt for prompt in alone)
    assert alone[0] == alone[2] != alone[1], "the nearest stretch first, and again when all were read"
    assert all(prompt.split("[1]")[1].splitlines()[1] in first for prompt in alone)


@pytest.mark.parametrize("rewords", [True, False])
async def test_a_bundle_that_rewords_keeps_further_drafts_from_writing_what_they_read(
    start: StartService, rewords: bool
) -> None:
    settings = bundle(2).generation.model_copy(update={"redrafts_reword": rewords})
    async with start(WRONG, WRONG, EELS_ANSWER, bundle=manifest(generation=settings)) as running:
        await running.ask()
        first, *further = running.model.avoided
    read = " ".join(message.content for message in running.model.asked[1])
    assert first == () and len(further) == 2
    for avoided in further:
        assert bool(avoided) is rewords
        assert all(run in read and run in COPIED for run in avoided if "eels" in run)


async def test_a_copy_among_further_drafts_is_no_reason_to_take_one(start: StartService) -> None:
    async with start(WRONG, COPIED, COPIED, bundle=bundle(2)) as running:
        body = (await running.ask()).json()
    assert body["twin"]["outcome"] == "quoted"
    assert body["twin"]["sentences"][1]["reason"] == "the persona's own words"


async def test_a_draft_that_holds_needs_no_further_one(start: StartService) -> None:
    async with start(EELS_ANSWER, bundle=bundle(3)) as running:
        await running.ask("How many eels did you find on the floor and carry out in a tin bath?")
    assert len(running.model.asked) == 1


async def test_a_further_draft_follows_a_first_one_that_only_copied(start: StartService) -> None:
    async with start(COPIED, f"{COPIED} {EELS_ANSWER}", bundle=bundle(1)) as running:
        body = (await running.ask("How many eels did you find on the floor and carry out in a tin bath?")).json()
    kept = [one for one in body["twin"]["sentences"] if one["outcome"] != "dropped"]
    assert [one["outcome"] for one in kept][:2] == ["quoted", "supported"]
    assert len({one["text"] for one in kept}) == len(kept), "the copy is not told a second time"
    told = {one["n"] for one in body["twin"]["citations"]}
    assert told == set(range(1, len(told) + 1)) and all(set(one["citations"]) <= told for one in kept)


async def test_a_draft_ends_where_it_begins_to_loop(start: StartService) -> None:
    loop = "I do not know what the eels were thinking of. "
    async with start(3 * loop + EELS_ANSWER, bundle=bundle(0)) as running:
        body = (await running.ask()).json()
    drafted = [one["text"] for one in body["twin"]["sentences"] if one["outcome"] == "dropped"]
    assert drafted == 2 * [loop.strip()]
    assert running.model.closed == 1
    assert body["usage"]["completion_tokens"] < len((3 * loop + EELS_ANSWER).split())


@pytest.mark.parametrize("field", [{"temperature": 0}, {"max_tokens": 32}, {"max_completion_tokens": 32}])
async def test_who_sets_temperature_or_length_gets_one_draft(start: StartService, field: dict[str, int]) -> None:
    async with start(WRONG, bundle=bundle(3)) as running:
        body = (await running.ask(**field)).json()
    assert len(running.model.asked) == 1
    assert body["twin"]["outcome"] == "quoted"


async def test_a_further_draft_that_is_cut_off_loses_its_last_sentence(start: StartService) -> None:
    async with start(WRONG, f"{EELS_ANSWER} We also found", bundle=bundle(1)) as running:
        running.model.finish_reason = "length"
        body = (await running.ask()).json()
    assert body["choices"][0]["message"]["content"].startswith(EELS_ANSWER)
    assert "We also found" not in str(body["twin"]["sentences"])


async def test_a_model_that_fails_in_a_further_draft_is_a_typed_error(start: StartService) -> None:
    class Failing(ScriptedModel):
        async def stream(self, *arguments: Any) -> Any:
            if self.asked:
                raise ConnectionError("gone")
            async for piece in super().stream(*arguments):
                yield piece

    async with start(bundle=bundle(2), llm=Failing([WRONG])) as running:
        answer = await running.ask()
        row = await running.row()
    assert answer.status_code == 500
    assert row.status == "failed" and row.completion_tokens == len(WRONG.split())
