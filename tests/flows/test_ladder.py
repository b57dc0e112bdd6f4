"""`twin evaluate --ladder` on the public API's fake: every rung is asked, once, and an interrupted ladder goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from flows import evaluate_twin as stages
from flows.recipes import EvaluationSettings, load_recipe
from twin_data.contracts.evaluation import Verdict
from twin_data.contracts.ladder import Ladder, MissingRung
from twin_data.contracts.releases import Rung
from twin_data.registry.port import RegisteredBundle
from twin_eval.errors import EvaluationError
from twin_eval.fake_service import FakeService, refusal
from twin_eval.ladder import Climbed
from twin_eval.ladder_text import ladder_text
from twin_eval.report import newest_ladder

from .bench import EXAM, QUESTIONS, Bench, knowing, manifest, page_of, without_a_model

KNOWN = {Rung.PROMPT: 2, Rung.FEW_SHOT: 3, Rung.BASE: 20, Rung.SFT: 22}
"""How many of forty questions each rung knows the answer to."""
MISSING = (MissingRung(rung=Rung.DPO, reason="not trained on these features"),)


class LadderBench(Bench):
    """A bundle for each rung."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(root, monkeypatch)
        self.rungs = {rung: self.on_rung(rung, knowing(count)) for rung, count in KNOWN.items()}
        monkeypatch.setattr(stages, "rung_bundles", lambda home, persona, recipe: (tuple(self.rungs.values()), MISSING))

    def on_rung(self, rung: Rung, respond: Callable[[str, str], httpx.Response]) -> RegisteredBundle:
        found = self.registry.register(manifest(rung.value).model_copy(update={"rung": rung}), {})
        self.serve(found, respond)
        return found

    def serve(self, bundle: RegisteredBundle, respond: Callable[[str, str], httpx.Response]) -> None:
        self.services[bundle.bundle_id] = FakeService("ada", lambda question: respond(question, bundle.bundle_id))

    def asked(self, rung: Rung) -> list[str]:
        return list(self.services[self.rungs[rung].bundle_id].asked)

    def asked_alone(self, rung: Rung) -> list[list[str]]:
        """What was asked without the checks, and without the archive."""
        service = self.services[self.rungs[rung].bundle_id]
        return [list(service.asked_unchecked), list(service.asked_closed_book)]

    async def climb(self) -> Climbed:
        return await stages.climb.fn(self.home, "ada", load_recipe("demo"), EXAM, self.registry)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LadderBench:
    return LadderBench(tmp_path, monkeypatch)


async def test_every_rung_is_asked_the_same_questions(bench: LadderBench) -> None:
    ladder = (await bench.climb()).ladder
    for rung in KNOWN:
        assert sorted(bench.asked(rung)) == sorted(one.question for one in QUESTIONS)
    assert [one.rung for one in ladder.rungs] == list(KNOWN)
    figures = [score.value for one in ladder.rungs if (score := one.report.score("facts_found"))]
    assert figures == [2 / 40, 3 / 40, 20 / 40, 22 / 40]
    assert [one.fit for one in ladder.rungs] == [Verdict.REJECT, Verdict.REJECT, Verdict.PROMOTE, Verdict.PROMOTE]
    assert (ladder.cheapest_fit, ladder.recommended) == (Rung.BASE, Rung.BASE)
    assert ladder.missing == MISSING
    compared = [one for step in ladder.steps for one in step.comparisons]
    assert {one.seed_spread for one in compared} == {0.0}, "nothing was trained: there is no luck of a seed"


async def test_trained_rungs_are_asked_once_more_without_the_checks_and_without_the_archive(bench: LadderBench) -> None:
    climbed = await bench.climb()
    every = sorted(one.question for one in QUESTIONS)
    assert [sorted(one) for one in bench.asked_alone(Rung.SFT)] == [every, every]
    assert bench.asked_alone(Rung.BASE) == [[], []]
    for (sft,) in (climbed.ladder.unchecked, climbed.ladder.closed_book):
        facts = sft.score("facts_found")
        assert (sft.rung, facts.value if facts else None) == (Rung.SFT, 22 / 40)
    told = ladder_text(climbed.ladder)
    assert "sft+retrieval, all checks off: over_refusal 0.00" in told
    assert "sft+retrieval, closed book: over_refusal 0.00" in told
    judged = await stages.ask.fn(bench.home, bench.rungs[Rung.SFT], EXAM, EvaluationSettings())
    decision, _ = stages.decide.fn(judged, None, EXAM)
    files = stages.write_down.fn(bench.home, EXAM, judged, None, decision, climbed)
    page = page_of(files.page)
    assert "apart from what the checks stop" in page
    assert all(f"<td>{how}</td>" in page for how in ("as served", "checks off", "closed book"))
    await bench.climb()
    assert [len(one) for one in bench.asked_alone(Rung.SFT)] == [len(QUESTIONS)] * 2, "kept like all answers"


async def test_a_rung_that_was_evaluated_before_is_not_asked_again(bench: LadderBench) -> None:
    await stages.ask.fn(bench.home, bench.rungs[Rung.BASE], EXAM, EvaluationSettings())
    before = len(bench.asked(Rung.BASE))
    first = await bench.climb()
    assert len(bench.asked(Rung.BASE)) == before == len(QUESTIONS)
    again = await bench.climb()
    assert again.ladder == first.ladder
    assert all(len(bench.asked(rung)) == len(QUESTIONS) for rung in KNOWN)


async def test_an_interrupted_ladder_goes_on_where_it_stopped(bench: LadderBench) -> None:
    few, base = bench.rungs[Rung.FEW_SHOT], bench.rungs[Rung.BASE]

    def gone(question: str, bundle: str) -> httpx.Response:
        if len(bench.asked(Rung.BASE)) > 10:
            raise httpx.ConnectError("connection refused")
        return knowing(KNOWN[Rung.BASE])(question, bundle)

    bench.serve(base, gone)
    with pytest.raises(EvaluationError, match="went away"):
        await bench.climb()
    assert bench.asked(Rung.SFT) == []
    kept = bench.home.evaluations / "ada" / base.bundle_id
    answered = {
        json.loads(line)["question_id"]
        for path in kept.glob("*/answers.jsonl")
        for line in path.read_text("utf-8").splitlines()
        if json.loads(line)["answer"]
    }
    assert len(answered) == 10
    bench.serve(base, knowing(KNOWN[Rung.BASE]))
    bench.services[few.bundle_id].requests.clear()
    ladder = (await bench.climb()).ladder
    assert bench.asked(Rung.FEW_SHOT) == [], "a rung that was done is not asked again"
    assert len(bench.asked(Rung.BASE)) == len(QUESTIONS) - 10, "of the one in flight only what was open"
    assert ladder.rung(Rung.BASE) and ladder.rung(Rung.SFT)


@pytest.mark.parametrize(("status", "code"), [(503, "model_unavailable"), (502, "llm_error")])
@pytest.mark.parametrize("declines", [False, True])
async def test_a_rung_that_answers_nothing_is_missing_and_says_why(
    bench: LadderBench, status: int, code: str, declines: bool
) -> None:
    error = refusal(status, code, "rank 64 is too much")
    bench.serve(bench.rungs[Rung.SFT], without_a_model(error) if declines else lambda question, bundle: error)
    ladder = (await bench.climb()).ladder
    assert ladder.rung(Rung.SFT) is None
    (missing,) = (one for one in ladder.missing if one.rung is Rung.SFT)
    assert missing.reason.startswith("it answers nothing: ") and missing.reason.endswith("rank 64 is too much")
    assert f"Not evaluated: sft+retrieval ({missing.reason})." in ladder.verdict
    if code == "model_unavailable":
        assert len(bench.asked(Rung.SFT)) < len(QUESTIONS), "the rest is not asked"


async def test_page_and_files_hold_the_ladder_and_a_later_evaluation_keeps_it(bench: LadderBench) -> None:
    climbed, base = await bench.climb(), bench.rungs[Rung.BASE]
    judged = await stages.ask.fn(bench.home, base, EXAM, EvaluationSettings())
    decision, _ = stages.decide.fn(judged, None, EXAM)
    files = stages.write_down.fn(bench.home, EXAM, judged, None, decision, climbed, base)
    written = Ladder.model_validate_json(files.ladder.read_bytes())
    assert written.stamp and written.model_copy(update={"stamp": None}) == climbed.ladder
    assert newest_ladder(bench.home.evaluations / "ada") == written
    folder = files.page.parent
    assert {path.name for path in folder.glob("inspect-*.eval")} == {f"inspect-{rung.value}.eval" for rung in KNOWN}
    page = page_of(files.page)
    assert "The ladder: is training needed?" in page and climbed.ladder.verdict.split(".")[0] in page
    assert "few-shot against prompt" in page and "Changed against few-shot" in page
    again = stages.write_down.fn(bench.home, EXAM, judged, None, decision)
    assert "The ladder: is training needed?" in page_of(again.page)
    assert "and not in this evaluation" in page_of(again.page) and "and not in this evaluation" not in page


async def test_climbing_decides_nothing_about_single_rungs(bench: LadderBench) -> None:
    """A refresh takes a bundle with a report for one that the gate has decided on."""
    await bench.climb()
    assert list((bench.home.evaluations / "ada").glob("*/*/report.json")) == []
    assert bench.champion is None
