"""What an answer holds, whole and streamed, through plain HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from twin_data.contracts.answers import AnswerOutcome, Citation, Cost, SentenceCheck, SentenceOutcome, VerifiedAnswer
from twin_serve.answering import declining
from twin_serve.api.schemas import url_citations

from ..conftest import EELS, EELS_ANSWER, Running, StartService
from ..parts import DISCLOSURE, QUOTED_BY_OTHERS, chunk, manifest, own_spans
from .replies import content, events, verbatim

GOOD_AND_BAD = f"{EELS_ANSWER} There were 44 eels on the floor of Gate 7. The eels came from Norway."


async def test_a_supported_draft_is_shipped_with_its_citation(running: Running) -> None:
    body = (await running.ask()).json()
    extras = body["twin"]
    assert extras["outcome"] == "generated"
    assert content(body).startswith(f"{EELS_ANSWER} [1]\n\nSources:\n[1] “Gate 7 was drained")
    assert [check["outcome"] for check in extras["sentences"]] == ["supported"]
    assert verbatim(extras)
    assert {"citations", "outcome", "sentences", "bundle", "cost", "seconds_by_stage", "trace_id"} <= extras.keys()
    assert extras["seconds_by_stage"].keys() == {"retrieval", "llm", "verification"}
    assert extras["signals"].keys() == {"top_cosine", "top_fused", "answerability", "supported_share"}
    assert extras["signals"]["answerability"] >= extras["thresholds"]["answerability"] == 0.1
    assert set(extras["citations"][0]) == {
        "n", "document_id", "start", "end", "quote", "title", "date", "url", "score"
    }  # fmt: skip
    assert extras["bundle"] == manifest().bundle_id
    assert body["model"] == manifest().model_name


async def test_annotations_stand_where_the_markers_are(running: Running) -> None:
    body = (await running.ask()).json()
    (annotation,) = body["choices"][0]["message"]["annotations"]
    place = annotation["url_citation"]
    assert annotation["type"] == "url_citation"
    assert content(body)[place["start_index"] : place["end_index"]] == "[1]"
    assert place["start_index"] == len(EELS_ANSWER) + 1
    assert place["url"] == "https://ada.example/blog/eels.md"


async def test_a_document_without_an_address_is_cited_by_the_services_own(start: StartService) -> None:
    async with start("The letter about the keepers hangs in the shed.") as running:
        body = (await running.ask("Where does the letter about the keepers hang?")).json()
    (annotation, *_) = body["choices"][0]["message"]["annotations"]
    assert annotation["url_citation"]["url"] == "/api/documents/ada?id=mail/answer.md"


def test_the_services_own_address_of_a_document_is_percent_encoded() -> None:
    citation = Citation(
        n=1,
        document_id="mail/sent box.mbox#1@x&y",
        start=0,
        end=4,
        quote="Eels",
        title="",
        date=None,
        url=None,
        score=1,
    )
    check = SentenceCheck(text="Eels.", outcome=SentenceOutcome.SUPPORTED, support=1, citations=(1,))
    answer = VerifiedAnswer(
        content="Eels. [1]", outcome=AnswerOutcome.GENERATED, citations=(citation,), sentences=(check,),
        retrieval=None, cost=Cost(), bundle="b", trace_id="t",
    )  # fmt: skip
    (annotation,) = url_citations(answer, "ada")
    assert annotation["url_citation"]["url"] == "/api/documents/ada?id=mail/sent%20box.mbox%231%40x%26y"


async def test_a_marker_that_the_persona_wrote_is_no_citation(start: StartService) -> None:
    """The letter's own `[2]` stands in a quotation that is itself citation 1."""
    async with start("The moon is made of cheese.") as running:
        body = (await running.ask("Which letter [2] hangs in the shed?")).json()
    assert body["twin"]["outcome"] == "quoted"
    assert "[2] hangs" in content(body)
    marked = [
        content(body)[one["url_citation"]["start_index"] : one["url_citation"]["end_index"]]
        for one in body["choices"][0]["message"]["annotations"]
    ]
    assert marked == [f"[{one['n']}]" for one in body["twin"]["citations"]]


@pytest.mark.parametrize("draft", [EELS_ANSWER, GOOD_AND_BAD, "I like cheese a lot.", "We found 44 eels at Gate 7."])
@pytest.mark.parametrize("question", [EELS, "Are you an AI?", "What is your home address?", "Who won the cup final?"])
async def test_whole_and_streamed_answers_are_the_same(start: StartService, draft: str, question: str) -> None:
    async with start(draft, draft) as running:
        whole = (await running.ask(question)).json()
        streamed = events((await running.ask(question, stream=True)).text)
    deltas = [chunk["choices"][0]["delta"] for chunk in streamed]
    assert "".join(delta.get("content", "") for delta in deltas) == content(whole)
    last = streamed[-1]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert deltas[-1]["annotations"] == whole["choices"][0]["message"]["annotations"]
    for key in ("citations", "outcome", "decline_reason", "sentences", "passages", "bundle"):
        assert last["twin"][key] == whole["twin"][key]


async def test_wrong_sentences_are_dropped_and_the_rest_is_called_repaired(start: StartService) -> None:
    async with start(GOOD_AND_BAD) as running:
        body = (await running.ask()).json()
    assert body["twin"]["outcome"] == "repaired"
    reasons = {check["text"]: check["reason"] for check in body["twin"]["sentences"] if check["outcome"] == "dropped"}
    assert reasons == {
        "There were 44 eels on the floor of Gate 7.": "the number 44 is not in the passages",
        "The eels came from Norway.": "the name Norway is not in the passages",
    }
    assert "44" not in content(body) and "Norway" not in content(body)


@pytest.mark.parametrize(
    ("question", "draft"),
    [
        (EELS, "We found 13 eels on the floor of Gate 7."),
        (EELS, "Ruth found 31 eels on the floor of Gate 7."),
        (EELS, "We did not find 31 eels on the floor of Gate 7."),
        ("What did you do with the eels?", "We never carried the eels out in a tin bath."),
        ("Did the museum want the bath?", "The museum did want the bath."),
        ("What of the upper paddle at Gate 7?", "We closed the upper paddle that night."),
        ("Did the gate at Marl move in 2021?", "In 2021 the gate at Marl did not stay still."),
    ],
)
async def test_a_wrong_number_name_or_negation_is_not_shipped(start: StartService, question: str, draft: str) -> None:
    async with start(draft) as running:
        body = (await running.ask(question)).json()
    assert [one["outcome"] for one in body["twin"]["sentences"] if one["text"] == draft] == ["dropped"]
    assert draft not in content(body)
    assert body["twin"]["outcome"] == "quoted"
    assert verbatim(body["twin"])


async def test_a_draft_that_copies_is_shown_as_the_personas_words_as_they_stand(start: StartService) -> None:
    async with start("we found 31 eels on the floor, and carried them out in a tin bath") as running:
        body = (await running.ask("How did you carry the eels found on the floor out, in a bath?")).json()
    assert "“We found 31 eels on the floor and carried them out in a tin bath.” [1]" in content(body)
    assert body["twin"]["sentences"][0]["outcome"] == "quoted"
    assert body["twin"]["citations"][0]["quote"] == body["twin"]["sentences"][0]["text"]
    assert body["twin"]["outcome"] == "quoted"


async def test_others_words_are_never_given_out_as_the_personas(start: StartService) -> None:
    async with start(QUOTED_BY_OTHERS) as running:
        body = (await running.ask("What did Halcyon Berths write of every lock by winter?")).json()
    assert "automated" not in content(body)
    assert verbatim(body["twin"])


async def test_without_verification_the_model_alone_decides_what_it_declines(start: StartService) -> None:
    async with start(GOOD_AND_BAD) as running:
        body = (await running.ask("Which wine goes with roast pheasant?", twin={"verify": False})).json()
    assert (body["twin"]["outcome"], content(body)) == ("generated", GOOD_AND_BAD)


async def test_a_question_the_archive_does_not_answer_is_declined(running: Running) -> None:
    body = (await running.ask("Which wine goes with roast pheasant?")).json()
    assert (body["twin"]["outcome"], body["twin"]["decline_reason"]) == ("declined", "no_evidence")
    assert content(body) == declining.no_evidence(manifest())
    assert running.model.asked == []


async def test_nothing_that_holds_and_nothing_to_quote_is_a_refusal_with_words(start: StartService) -> None:
    settings = manifest().verification.model_copy(update={"max_quote_words": 10})
    text = "We found 31 eels on the wet floor of Gate 7 and carried them out."
    long = chunk("blog/eels.md").model_copy(update={"text": text, "end": len(text), "own": own_spans(text)})
    async with start("The moon is made of cheese.", bundle=manifest(verification=settings)) as running:
        index = running.search.indices["ada"]
        index.chunks, index.vectors = (long,), index.vectors[:1]
        body = (await running.ask()).json()
    assert (body["twin"]["outcome"], body["twin"]["decline_reason"]) == ("declined", "unsupported")
    assert content(body) == declining.nothing_held(manifest())
    assert body["twin"]["citations"] == []


async def test_an_empty_draft_never_makes_an_empty_answer(start: StartService) -> None:
    async with start("", "", "") as running:
        for options in ({"retrieval": False}, {"verify": False}, {}):
            body = (await running.ask(twin=options)).json()
            assert content(body).strip()
            assert body["twin"]["outcome"] == ("quoted" if not options else "declined")


async def test_without_verification_every_sentence_is_marked_unchecked(start: StartService) -> None:
    async with start(GOOD_AND_BAD) as running:
        body = (await running.ask(twin={"verify": False})).json()
    assert content(body) == GOOD_AND_BAD
    assert {check["outcome"] for check in body["twin"]["sentences"]} == {"unchecked"}
    assert {check["reason"] for check in body["twin"]["sentences"]} == {"verification off"}
    assert body["twin"]["citations"] == [] and body["twin"]["outcome"] == "generated"
    assert body["twin"]["passages"]


async def test_without_retrieval_the_bare_model_answers_unchecked(start: StartService) -> None:
    async with start(GOOD_AND_BAD) as running:
        body = (await running.ask(twin={"retrieval": False})).json()
        assert running.search.searched == []
    assert content(body) == GOOD_AND_BAD
    assert {check["reason"] for check in body["twin"]["sentences"]} == {"retrieval off"}
    assert body["twin"]["passages"] == []
    assert "passages" not in running.model.asked[0][0].content


async def test_a_draft_cut_by_its_length_loses_the_cut_sentence(start: StartService) -> None:
    async with start(f"{EELS_ANSWER} We found 31 eels and carried") as running:
        running.model.finish_reason = "length"
        body = (await running.ask()).json()
    assert body["twin"]["sentences"][1]["reason"] == "the draft was cut off here"
    assert "and carried [" not in content(body)


async def test_it_says_that_it_is_a_twin(running: Running) -> None:
    body = (await running.ask("Are you a real person?")).json()
    assert content(body) == DISCLOSURE
    assert running.model.asked == [] and running.search.searched == []


async def test_private_and_unsafe_questions_are_declined_without_a_search(running: Running) -> None:
    for question, reason in (("What is your home address?", "private"), ("How do I kill my neighbour?", "unsafe")):
        body = (await running.ask(question)).json()
        assert (body["twin"]["outcome"], body["twin"]["decline_reason"]) == ("declined", reason)
    assert running.model.asked == [] and running.search.searched == []


async def test_the_conversation_is_used_and_earlier_sources_are_left_out(start: StartService) -> None:
    async with start(EELS_ANSWER, EELS_ANSWER) as running:
        first = content((await running.ask()).json())
        messages = [
            {"role": "user", "content": EELS},
            {"role": "assistant", "content": first},
            {"role": "user", "content": [{"type": "text", "text": "And on what floor were they?"}]},
        ]
        await running.ask(messages=messages)
        assert running.search.searched[-1] == f"{EELS} And on what floor were they?"
        prompt = running.model.asked[-1]
    assert [message.role for message in prompt] == ["system", "user", "assistant", "user"]
    assert prompt[2].content == f"{EELS_ANSWER} [1]"


async def test_what_a_user_writes_under_sources_is_kept(start: StartService) -> None:
    said = f"{EELS}\n\nSources:\nmy own list"
    async with start(EELS_ANSWER) as running:
        await running.ask(
            messages=[
                {"role": "user", "content": said},
                {"role": "assistant", "content": "In a tin bath."},
                {"role": "user", "content": "And on what floor were they?"},
            ]
        )
        assert running.model.asked[-1][1].content == said


@pytest.mark.parametrize("options", [{"verify": False}, {"retrieval": False}, {"mode": "write"}])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_text_that_ends_with_the_models_tokens_says_so(
    start: StartService, options: dict[str, Any], stream: bool
) -> None:
    async with start(f"{EELS_ANSWER} We found 31 eels and") as running:
        running.model.finish_reason = "length"
        response = await running.ask(twin=options, stream=stream)
    last = events(response.text)[-1] if stream else response.json()
    assert last["choices"][0]["finish_reason"] == "length"


async def test_a_checked_answer_ends_by_itself(start: StartService) -> None:
    async with start(f"{EELS_ANSWER} We found 31 eels and", EELS_ANSWER) as running:
        running.model.finish_reason = "length"
        whole = (await running.ask()).json()
        running.model.finish_reason = "stop"
        unchecked = (await running.ask(twin={"verify": False})).json()
    assert [one["choices"][0]["finish_reason"] for one in (whole, unchecked)] == ["stop", "stop"]


async def test_characters_that_no_database_takes_do_no_harm(running: Running) -> None:
    assert (await running.ask(f"{EELS}\0", user="a\0b")).status_code == 200
    async with running.client() as client:
        body = '{"model":"ada","messages":[{"role":"user","content":"\\ud83d half a pair"}]}'
        response = await client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 200
    assert [row.status for row in await running.rows()] == ["ok", "ok"]
    assert [one.question for one in await running.interactions()] == [EELS, "? half a pair"]


@pytest.mark.parametrize("sent", ["für Läufer".encode(), "für Läufer".encode("latin-1")])
async def test_a_features_name_keeps_its_letters(running: Running, sent: bytes) -> None:
    body = {"model": "ada", "messages": [{"role": "user", "content": "Are you an AI?"}]}
    async with running.client() as client:
        response = await client.post("/v1/chat/completions", json=body, headers={b"x-twin-feature": sent})
    assert response.status_code == 200
    assert (await running.row()).feature == "für Läufer"


async def test_the_row_holds_tokens_seconds_money_and_texts(running: Running) -> None:
    body = (await running.ask()).json()
    row = await running.row()
    assert row.trace_id == body["twin"]["trace_id"]
    assert (row.status, row.outcome, row.persona, row.bundle) == ("ok", "generated", "ada", manifest().bundle_id)
    assert row.completion_tokens == body["usage"]["completion_tokens"] == len(EELS_ANSWER.split())
    assert row.prompt_tokens == body["usage"]["prompt_tokens"] > 0
    assert row.currency == "EUR" and row.amount_nano is not None
    assert body["twin"]["cost"]["amount"] == pytest.approx(row.amount_nano / 1e9, abs=1e-8)
    assert set(row.seconds_by_stage) == {"retrieval", "llm", "verification"}
    (kept,) = await running.interactions()
    assert (kept.question, kept.answer) == (EELS, content(body))


async def test_an_unknown_price_makes_an_unknown_amount(start: StartService) -> None:
    bundle = manifest(price=manifest().price.model_copy(update={"per_hour": None}))
    async with start(EELS_ANSWER, bundle=bundle) as running:
        body = (await running.ask()).json()
        row = await running.row()
    assert body["twin"]["cost"]["amount"] is None and row.amount_nano is None
