from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import httpx
import pytest

from twin_data.contracts.evaluation import HeldOutQuestion, Score
from twin_data.scoring.pet_phrases import PetPhrases
from twin_data.scoring.sentences import words
from twin_data.scoring.voice import VoiceScore
from twin_eval.answering import DRAFTS_FILE
from twin_eval.bias import HeldOutText
from twin_eval.briefs import Brief
from twin_eval.errors import EvaluationError
from twin_eval.failures import quote_changed
from twin_eval.fake_service import FakeService, completion, refusal
from twin_eval.references import References
from twin_eval.run import EvaluationConfig, EvaluationInputs, evaluate, run, run_folder

from .small_exam import BUNDLE, CONFIG, TEXT, figures, respond, right

Question = Callable[..., HeldOutQuestion]


async def test_every_score_has_its_value_its_n_and_its_unscored(inputs: EvaluationInputs) -> None:
    scored = await evaluate(inputs, config=CONFIG)
    found = figures(scored)
    assert found.pop("seconds_p50")[1:] == (6, 1)
    assert found.pop("seconds_p95")[1:] == (6, 1)
    assert found.pop("seconds")[1:] == (6, 1)
    assert found == {
        "whole_answer": (0.5, 4, 1),
        "whole_answer.voice_measured": (0.0, 2, 0),
        "own_answer": (0.5, 4, 1),
        "facts_found": (0.5, 4, 1),
        "facts_found_when_answered": (round(2 / 3, 4), 3, 1),
        "essential_facts_share": (0.5, 4, 1),
        "evidence_at_1": (round(2 / 3, 4), 3, 1),
        "evidence_at_2": (round(2 / 3, 4), 3, 1),
        "recall_at_1": (round(2 / 3, 4), 3, 1),
        "recall_at_2": (round(2 / 3, 4), 3, 1),
        "ndcg_at_10": (round(2 / 3, 4), 3, 1),
        "evidence_all": (round(2 / 3, 4), 3, 1),
        "evidence_any": (round(2 / 3, 4), 3, 1),
        "quotes_verbatim": (1.0, 2, 1),
        "citation_precision": (round(2 / 3, 4), 3, 0),
        "citation_recall": (1.0, 2, 0),
        "claims_supported": (1.0, 2, 0),
        "claims_contradicted": (0.0, 2, 0),
        "cited": (0.75, 4, 1),
        "cites_evidence": (1.0, 2, 2),
        "cites_place": (round(2 / 3, 4), 3, 1),
        "own_sentences": (1.0, 2, 3),
        "over_refusal": (0.25, 4, 1),
        "under_refusal": (0.5, 2, 0),
        "decision_right": (round(4 / 6, 4), 6, 1),
        "answered_rate.factual": (0.75, 4, 1),
        "refusal_rate.factual": (0.25, 4, 1),
        "answered_rate.unanswerable": (0.0, 1, 0),
        "refusal_rate.unanswerable": (1.0, 1, 0),
        "answered_rate.private_or_unsafe": (1.0, 1, 0),
        "refusal_rate.private_or_unsafe": (0.0, 1, 0),
        "error_rate": (round(1 / 7, 4), 7, 0),
        "prompt_tokens": (100.0, 6, 1),
        "completion_tokens": (20.0, 6, 1),
    }
    assert all(one.low <= one.value <= one.high and math.isfinite(one.high) for one in scored.report.scores)


async def test_a_depth_that_the_service_does_not_show_has_no_score(inputs: EvaluationInputs) -> None:
    scored = await evaluate(inputs, config=EvaluationConfig(ks=(2, 3)))
    assert scored.report.score("evidence_at_2") is not None
    assert scored.report.score("evidence_at_3") is None


async def test_known_prices_give_a_cost(inputs: EvaluationInputs, service: FakeService) -> None:
    cost = {"prompt_tokens": 1, "completion_tokens": 1, "seconds": 1.0, "amount": 0.002, "currency": "EUR"}
    priced = FakeService("ada", lambda _: completion("x", bundle=BUNDLE, cost=cost))
    scored = await evaluate(replace(inputs, transport=priced.transport), config=CONFIG)
    assert scored.report.score("cost") == Score(name="cost", value=0.002, low=0.002, high=0.002, n=7)


async def test_no_questions_are_an_error(inputs: EvaluationInputs) -> None:
    with pytest.raises(EvaluationError, match="no question to ask"):
        await evaluate(replace(inputs, questions=()), config=CONFIG)


async def test_a_changed_quotation_is_reported(inputs: EvaluationInputs, make_question: Question) -> None:
    service = FakeService("ada", lambda _: right(), documents={"notes/a.md": TEXT.replace("Ferrier", "Farrier")})
    one = replace(inputs, questions=(make_question("q1"),), transport=service.transport)
    scored = await evaluate(one, config=CONFIG)
    assert figures(scored)["quotes_verbatim"] == (0.0, 1, 0)
    assert quote_changed(scored.answers[0]) == "[1] notes/a.md"


class LoudVoice:
    """Takes exclamation marks for the persona's hand."""

    digest = "loud"

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        return [
            VoiceScore(logit=0.0, percent=50.0 * text.count("!"), words=len(words(text)))
            if len(words(text)) > 8
            else None
            for text in texts
        ]


BRIEFS = tuple(
    Brief(id=f"b{at}", document_id=f"notes/{name}.md", text=f"Write a short post on “{name}”.")
    for at, name in enumerate(("eels", "oars", "ropes"), start=1)
)


def written(brief: str) -> httpx.Response:
    if "ropes" in brief:
        return refusal(503, "llm_unavailable", "the model is away")
    return completion(
        f"Now, {brief} The eels went out! “Nobody slept that night!” he said, and the tide went with them to the "
        "sea that none of us had seen.",
        bundle=BUNDLE,
        mode="write",
    )


async def test_drafts_are_asked_for_in_write_mode_and_heard_with_the_answers(inputs: EvaluationInputs) -> None:
    service = FakeService("ada", respond, write=written, documents={"notes/a.md": TEXT})
    corpus = ("It all began when the eels went out, and he said and the tide went with them.",)
    wanted = replace(
        inputs, transport=service.transport, briefs=BRIEFS, references=References(voice=LoudVoice(), corpus=corpus)
    )
    scored = await evaluate(wanted, config=CONFIG)
    modes = [json.loads(one.content)["twin"]["mode"] for one in service.requests if one.method == "POST"]
    assert modes == ["answer"] * 7 + ["write"] * 3
    assert [(one.source, one.id, one.score and one.score.percent) for one in scored.samples] == [
        ("answers", "1", None),  # “High water.” twice is no sample
        ("drafts", "b1", 50.0),
        ("drafts", "b2", 50.0),
    ]
    found = figures(scored)
    assert found["voice"] == found["voice.drafts"] == (50.0, 2, 1) or found["voice.drafts"] == (50.0, 2, 0)
    assert found["voice_fidelity"][0] == 50.0
    assert found["voice_over_100"] == found["voice_atypical"] == (0.0, 2, 1)
    assert 0 < found["copied_8grams"][0] < 1
    service.requests.clear()
    again = await evaluate(wanted, config=CONFIG)
    assert [one for one in service.asked if one.startswith("Write")] == [BRIEFS[2].text]  # only what failed
    assert again.samples == scored.samples
    assert len((run_folder(wanted) / DRAFTS_FILE).read_text("utf-8").splitlines()) == 4


async def test_a_service_that_does_not_write_leaves_drafts_unmeasured(inputs: EvaluationInputs) -> None:
    scored = await evaluate(replace(inputs, briefs=BRIEFS, references=References(voice=LoudVoice())), config=CONFIG)
    assert "voice.drafts" not in figures(scored)
    reasons = {one.name: one.reason for one in scored.report.unmeasured}
    assert "'write' is not served" in reasons["voice.drafts"]
    assert "documents were not given" in reasons["copied_8grams"]


async def test_pet_phrases_are_counted_in_what_the_twin_worded_itself(inputs: EvaluationInputs) -> None:
    phrase = "Mind you the tide was out and nobody had seen it"
    rest = "since the gate by the river was shut for the day"
    service = FakeService("ada", respond, write=lambda _: completion(f"{phrase}, {rest}. " * 8, bundle=BUNDLE))
    held_out = tuple(HeldOutText(document_id=name, text=f"All was well, {rest}. " * 10) for name in ("h1", "h2", "h3"))
    phrases = PetPhrases(frozenset({("mind", "you", "the")}))
    held = References(held_out=held_out, phrases=phrases)
    asked = replace(inputs, transport=service.transport, briefs=BRIEFS)
    scored = await evaluate(replace(asked, references=replace(held, corpus=())), config=CONFIG)
    found = scored.report.score("pet_phrase_overuse")
    assert found and found.value == pytest.approx(3 / 22, abs=0.005)
    assert found.n >= 3 * 8 * 22, "three drafts, and what the answers say"
    copied = await evaluate(replace(asked, references=replace(held, corpus=(f"{phrase}, {rest}.",))), config=CONFIG)
    reasons = {one.name: one.reason for one in copied.report.unmeasured}
    assert "are fewer than" in reasons["pet_phrase_overuse"], "whose words they are is told by copied_8grams"
    without = await evaluate(inputs, config=CONFIG)
    reasons = {one.name: one.reason for one in without.report.unmeasured}
    assert reasons["pet_phrase_overuse"] == "the persona's pet phrases were not given"


async def test_without_a_profile_the_reason_is_given(inputs: EvaluationInputs) -> None:
    scored = await evaluate(replace(inputs, references=References(why_no_voice="too few own words")), config=CONFIG)
    reasons = {one.name: one.reason for one in scored.report.unmeasured}
    assert reasons["voice"] == "too few own words"
    assert scored.report.voice_digest is None


async def test_seconds_of_another_concurrency_are_unscored_and_their_answers_used_again(
    inputs: EvaluationInputs, service: FakeService
) -> None:
    first = await evaluate(inputs, config=CONFIG)
    asked = len(service.asked)
    other = await evaluate(inputs, config=CONFIG.model_copy(update={"concurrency": CONFIG.concurrency + 1}))
    assert len(service.asked) == asked + 1, "but for the one that failed"
    before, after = figures(first), figures(other)
    assert before["seconds"][1:] == (6, 1) and "seconds" not in after and "seconds_p95" not in after
    assert after["facts_found"] == before["facts_found"]
    reasons = {one.name: one.reason for one in other.report.unmeasured}
    assert f"with other than {CONFIG.concurrency + 1} under way" in reasons["seconds of 6 answers"]
    again = await evaluate(inputs, config=CONFIG)
    assert figures(again) == before


def test_run_needs_no_event_loop(inputs: EvaluationInputs) -> None:
    assert figures(run(inputs, config=CONFIG))["facts_found"] == (0.5, 4, 1)


async def test_stages_and_tokens_are_reported_where_the_service_tells(inputs: EvaluationInputs) -> None:
    stages = {"retrieval": 0.25, "llm": 2.0}
    service = FakeService("ada", lambda _: completion("x", bundle=BUNDLE, seconds_by_stage=stages))
    found = figures(await evaluate(replace(inputs, transport=service.transport), config=CONFIG))
    assert found["seconds.retrieval"] == (0.25, 7, 0)
    assert found["seconds.llm"] == (2.0, 7, 0)
    for quantile in ("seconds_p50", "seconds_p95"):
        assert found[f"{quantile}.retrieval"] == (0.25, 7, 0) and found[f"{quantile}.llm"] == (2.0, 7, 0)
    assert found["completion_tokens"] == (20.0, 7, 0)


async def test_a_quick_look_asks_for_short_answers_and_keeps_them_apart(
    inputs: EvaluationInputs, service: FakeService
) -> None:
    whole = await evaluate(inputs, config=CONFIG)
    service.requests.clear()
    quick = replace(inputs, max_tokens=80)
    scored = await evaluate(quick, config=CONFIG)
    bodies = [json.loads(one.content) for one in service.requests if one.method == "POST"]
    assert [one["max_tokens"] for one in bodies] == [80] * 7, "nothing that was answered at length is used again"
    assert run_folder(quick).relative_to(run_folder(inputs).parent).parts == ("quick", run_folder(inputs).name)
    assert figures(scored)["whole_answer"] == figures(whole)["whole_answer"]
    service.requests.clear()
    await evaluate(quick, config=CONFIG)
    assert len(service.asked) == 1, "but for what failed, a second look asks nothing"
