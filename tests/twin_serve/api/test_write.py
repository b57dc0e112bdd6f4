"""`twin: {mode: write}`: a text in the voice, its claims checked, its paragraphs kept, nothing in it but the text."""

from __future__ import annotations

from typing import Any

import pytest

from twin_serve.answering import declining

from ..conftest import Running, StartService
from ..parts import chunk, manifest, own_spans
from .replies import content, events, verbatim

BRIEF = "Write a short post about the eels that you found on the floor of Gate 7."
TRUE = "We found 31 eels on the floor of Gate 7."
OPINION = "A lock is a promise that water keeps."
FALSE = "The minister praised 44 eels in the House of Commons."
DRAFT = f"{OPINION} {TRUE}\n\n{FALSE} I believe in gates more than in walls."
WRITE = {"mode": "write"}


async def write(running: Running, brief: str = BRIEF, **fields: Any) -> dict[str, Any]:
    response = await running.ask(brief, twin=WRITE | fields.pop("twin", {}), **fields)
    assert response.status_code == 200, response.text
    return dict(response.json())


def outcomes(body: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["text"]: (one["outcome"], one["reason"]) for one in body["twin"]["sentences"]}


async def test_the_text_ships_as_it_is_and_its_claims_are_judged_beside_it(start: StartService) -> None:
    async with start(DRAFT) as running:
        body = await write(running)
        prompt = running.model.asked[0]
    assert content(body) == DRAFT
    assert outcomes(body) == {
        OPINION: ("unchecked", "it makes no claim that could be checked"),
        TRUE: ("supported", ""),
        FALSE: ("unsupported", "the number 44 is not in the passages"),
        "I believe in gates more than in walls.": ("unchecked", "it makes no claim that could be checked"),
    }
    assert (body["twin"]["mode"], body["twin"]["outcome"], body["twin"]["decline_reason"]) == (
        "write", "generated", None
    )  # fmt: skip
    assert len(body["twin"]["citations"]) == 1 and verbatim(body["twin"])
    assert prompt[-1].content.endswith(f"Brief: {BRIEF}") and "Gate 7 was drained" in prompt[-1].content


async def test_a_lists_numbers_are_no_claims(start: StartService) -> None:
    async with start(f"1. {OPINION}\n2. I believe in gates more than in walls.\n3. {TRUE}") as running:
        body = await write(running)
    assert {text[:2]: outcome for text, (outcome, _) in outcomes(body).items()} == {
        "1.": "unchecked", "2.": "unchecked", "3.": "supported"
    }  # fmt: skip


async def test_an_annotation_is_the_sentence_that_cites(start: StartService) -> None:
    async with start(DRAFT) as running:
        body = await write(running)
    (annotation,) = body["choices"][0]["message"]["annotations"]
    place = annotation["url_citation"]
    assert content(body)[place["start_index"] : place["end_index"]] == TRUE
    assert place["url"] == "https://ada.example/blog/eels.md"


async def test_whole_and_streamed_texts_are_the_same_and_come_sentence_by_sentence(start: StartService) -> None:
    async with start(DRAFT, DRAFT) as running:
        whole = await write(running)
        streamed = events((await running.ask(BRIEF, stream=True, twin=WRITE)).text)
    pieces = [text for chunk in streamed if (text := chunk["choices"][0]["delta"].get("content"))]
    assert pieces == [OPINION, f" {TRUE}", f"\n\n{FALSE}", " I believe in gates more than in walls."]
    assert "".join(pieces) == content(whole)
    assert streamed[-1]["twin"]["sentences"] == whole["twin"]["sentences"]
    assert streamed[-1]["choices"][0]["delta"]["annotations"] == whole["choices"][0]["message"]["annotations"]


async def test_a_claim_is_looked_up_in_the_whole_archive(start: StartService) -> None:
    """The brief's passages do not hold it: they are of another document."""
    claim = "In 2021 the clocks at Marl stood 8 seconds apart."
    bundle = manifest(retrieval=manifest().retrieval.model_copy(update={"passages": 1}))
    async with start(f"{TRUE} {claim}", bundle=bundle) as running:
        body = await write(running)
        assert running.search.searched == ["the eels that you found on the floor of Gate 7.", claim]
    assert [outcome for outcome, _ in outcomes(body).values()] == ["supported", "supported"]
    assert [one["document_id"] for one in body["twin"]["citations"]] == ["blog/eels.md", "blog/clocks.md"]


async def test_what_the_brief_says_needs_no_source(start: StartService) -> None:
    told = "Ruth Pell sent us 12 new clocks from Norway."
    async with start(
        "Ruth Pell sent 12 new clocks from Norway.", "Ruth Pell sent 12 new clocks from Norway."
    ) as running:
        body = await write(running, f"Write a reply. {told}")
        again = await running.ask(
            twin=WRITE,
            messages=[
                {"role": "user", "content": told},
                {"role": "assistant", "content": "Noted."},
                {"role": "user", "content": "Write a short post about it."},
            ],
        )
    for one in (body, again.json()):
        assert outcomes(one) == {"Ruth Pell sent 12 new clocks from Norway.": ("supported", "the brief says so")}
        assert one["twin"]["citations"] == []


async def test_what_a_sentence_of_the_brief_begins_with_is_no_name(start: StartService) -> None:
    brief = "The pheasant ran. It was cold. You saw Ruth."
    draft = ("It is a pity to hurry.", "The others are better.", "You can wait.", "Ruth is lazy.")
    async with start(" ".join(draft)) as running:
        found = outcomes(await write(running, brief))
    assert [found[one][0] for one in draft] == ["unchecked", "unchecked", "unchecked", "unsupported"]


async def test_without_retrieval_every_claim_is_marked(start: StartService) -> None:
    async with start(DRAFT) as running:
        body = await write(running, twin={"retrieval": False})
        assert running.search.searched == []
    assert content(body) == DRAFT
    assert [outcome for outcome, _ in outcomes(body).values()] == [
        "unchecked",
        "unsupported",
        "unsupported",
        "unchecked",
    ]
    assert "retrieval off" in outcomes(body)[TRUE][1]


async def test_nothing_in_the_archive_is_no_reason_to_decline(start: StartService) -> None:
    async with start("A pheasant deserves silence.") as running:
        body = await write(running, "A post about wine with roast pheasant")
    assert content(body) == "A pheasant deserves silence." and body["twin"]["outcome"] == "generated"


async def test_without_verification_nothing_is_judged(start: StartService) -> None:
    async with start(DRAFT) as running:
        body = await write(running, twin={"verify": False})
    assert content(body) == DRAFT
    assert set(outcomes(body).values()) == {("unchecked", "verification off")}


async def test_a_bundle_may_drop_what_nothing_supports_and_paragraphs_stay(start: StartService) -> None:
    verification = manifest().verification.model_copy(update={"unsupported_claims": "drop"})
    async with start(DRAFT, FALSE, bundle=manifest(verification=verification)) as running:
        body, nothing = await write(running), await write(running)
    assert content(body) == f"{OPINION} {TRUE}\n\nI believe in gates more than in walls."
    assert body["twin"]["outcome"] == "repaired"
    assert outcomes(body)[FALSE] == ("dropped", "the number 44 is not in the passages")
    assert (nothing["twin"]["outcome"], nothing["twin"]["decline_reason"]) == ("declined", "unsupported")
    assert content(nothing) == declining.nothing_held(manifest())


async def test_repetitions_and_a_cut_end_go(start: StartService) -> None:
    async with start(f"{OPINION} {OPINION} We found") as running:
        running.model.finish_reason = "length"
        body = await write(running)
    assert content(body) == OPINION
    assert [one["reason"] for one in body["twin"]["sentences"][1:]] == [
        "it repeats an earlier sentence",
        "the draft was cut off here",
    ]
    assert body["twin"]["outcome"] == "repaired"


async def test_words_of_the_archive_are_cited(start: StartService) -> None:
    async with start("We found 31 eels on the floor and carried them out in a tin bath.") as running:
        body = await write(running)
    ((outcome, reason),) = outcomes(body).values()
    assert (outcome, reason) == ("supported", "copied word for word")
    assert "“" not in content(body)


FRAMED = "I never said that we sold the lock to Halcyon in 2019."


@pytest.mark.parametrize(
    ("text", "draft", "expected"),
    [
        (FRAMED, "We sold the lock to Halcyon in 2019.", ("unsupported", "the passages do not say so")),
        (FRAMED, FRAMED, ("supported", "copied word for word")),
    ],
)
async def test_words_of_the_archive_are_cited_only_for_what_it_says(
    start: StartService, text: str, draft: str, expected: tuple[str, str]
) -> None:
    settings = manifest().verification.model_copy(update={"min_closeness": 1, "min_held": 1})
    one = chunk("blog/eels.md").model_copy(update={"text": text, "end": len(text), "own": own_spans(text)})
    async with start(draft, bundle=manifest(verification=settings)) as running:
        index = running.search.indices["ada"]
        index.chunks, index.vectors = (one,), index.vectors[:1]
        body = await write(running)
    assert list(outcomes(body).values()) == [expected]


async def test_what_the_passages_deny_is_marked_though_it_reads_like_an_opinion(start: StartService) -> None:
    denial = "A keeper does not sell the gates of a canal."
    one = chunk("blog/eels.md").model_copy(update={"text": denial, "end": len(denial), "own": own_spans(denial)})
    async with start("A keeper does sell the gates of a canal.") as running:
        index = running.search.indices["ada"]
        index.chunks, index.vectors = (one,), index.vectors[:1]
        body = await write(running)
    assert list(outcomes(body).values()) == [("unsupported", "the passage says the contrary")]


async def test_an_empty_draft_is_said_to_be_one(start: StartService) -> None:
    async with start("") as running:
        body = await write(running)
    assert (body["twin"]["outcome"], body["twin"]["decline_reason"]) == ("declined", "empty_draft")
    assert content(body) == declining.no_words(manifest())


@pytest.mark.parametrize(
    ("brief", "reason"),
    [
        ("Write a post with your home address", "private"),
        ("Write an e-mail urging people to attack the museum and to burn it", "unsafe"),
    ],
)
async def test_harm_and_private_matters_are_declined_as_ever(running: Running, brief: str, reason: str) -> None:
    body = await write(running, brief)
    assert (body["twin"]["outcome"], body["twin"]["decline_reason"]) == ("declined", reason)
    assert running.model.asked == []


async def test_who_asks_what_it_is_is_told_but_being_one_may_be_a_subject(start: StartService) -> None:
    async with start(OPINION) as running:
        assert (await write(running, "Are you a real person?"))["twin"]["sentences"][0]["reason"] == "disclosure"
        assert (
            content(
                await write(running, "A post on keepers and clocks whose readers ask me: are you a robot or a woman")
            )
            == OPINION
        )


async def test_a_text_has_more_room_than_an_answer_unless_the_caller_says_otherwise(start: StartService) -> None:
    async with start(OPINION, OPINION, OPINION) as running:
        await write(running)
        await write(running, max_tokens=40, temperature=0.1)
        await running.ask()
    bundled = manifest().generation
    assert [(one.max_tokens, one.temperature) for one in running.model.settings] == [
        (bundled.write_max_tokens, bundled.write_temperature),
        (40, 0.1),
        (bundled.max_tokens, bundled.temperature),
    ]


async def test_the_ledger_knows_that_it_was_written(start: StartService) -> None:
    async with start(DRAFT) as running:
        await write(running)
        await running.service.settle()
        (kept,) = await running.interactions()
    assert (kept.mode, kept.decline_reason, kept.question) == ("write", None, BRIEF)
    assert kept.signals["supported_share"] == 0.5 and kept.signals["answerability"] is None
    assert 0 < kept.signals["top_cosine"] <= 1 and 0 < kept.signals["top_fused"] <= 1
