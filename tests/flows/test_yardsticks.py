"""The reference beside the ladder: one more row, how far the twin is from it, and no say in anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows import evaluate_twin as stages
from flows import yardsticks
from flows.hard_stops import stops_of
from flows.recipes import EvaluationSettings, Recipe, load_recipe
from flows.yardsticks import reference_bundle, require_keys
from twin_data.contracts.endpoints import ReferenceEndpoint, TokenPrice
from twin_data.contracts.errors import ConfigurationError, RegistryError
from twin_data.contracts.evaluation import HardStopKind, Verdict
from twin_data.contracts.ladder import Ladder
from twin_data.contracts.releases import Alias, Rung
from twin_eval.fake_service import refusal
from twin_eval.ladder import Climbed
from twin_eval.ladder_text import ladder_text

from .bench import EXAM, QUESTIONS, knowing, page_of
from .test_ladder import KNOWN, LadderBench

ENDPOINT = ReferenceEndpoint(base_url="https://llm.example.org/v1", model="strong", licence="terms of service")


class ReferenceBench(LadderBench):
    """A bundle for each rung, with bundle 0's files, and the recipe's reference."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(root, monkeypatch)
        monkeypatch.setattr(yardsticks, "open_registry", lambda home: self.registry)
        monkeypatch.setattr(yardsticks, "CARRIED", ())
        plain = load_recipe("demo")
        settings = plain.evaluation.model_copy(update={"reference": ENDPOINT})
        self.recipe = plain.model_copy(update={"evaluation": settings})
        self.reference = reference_bundle(self.registry, self.rungs[Rung.BASE], ENDPOINT, "EUR")
        self.serve(self.reference, knowing(38))

    async def climb(self) -> Climbed:
        return await stages.climb.fn(self.home, "ada", self.recipe, EXAM, self.registry)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReferenceBench:
    return ReferenceBench(tmp_path, monkeypatch)


def test_the_bundle_is_bundle_0_but_for_who_writes(bench: ReferenceBench) -> None:
    made, base = bench.reference.manifest, bench.rungs[Rung.BASE].manifest
    assert (made.rung, made.endpoint) == (Rung.REFERENCE, ENDPOINT)
    assert (made.base_model.name, made.base_model.source) == ("strong", "endpoint:https://llm.example.org/v1")
    kept = ("retrieval", "generation", "prompt_digest", "examples", "embedding_model", "lineage", "disclosure")
    assert [getattr(made, name) for name in kept] == [getattr(base, name) for name in kept]
    assert made.verification.heed_refusals and made.adapter is None and made.price.per_hour is None
    assert bench.reference.aliases == ()
    again = reference_bundle(bench.registry, bench.rungs[Rung.BASE], ENDPOINT, "EUR")
    assert again.bundle_id == bench.reference.bundle_id
    assert "terms of service" in (bench.reference.folder / "LICENSE").read_text("utf-8")


async def test_it_is_the_last_row_and_changes_nothing_of_the_verdict(bench: ReferenceBench) -> None:
    with_reference = (await bench.climb()).ladder
    alone = (await LadderBench.climb(bench)).ladder
    assert with_reference.model_copy(update={"yardstick": None, "verdict": ""}) == alone.model_copy(
        update={"verdict": ""}
    ), "rungs, steps and the recommendation are those of the ladder without it"
    assert with_reference.recommended is Rung.BASE and alone.yardstick is None
    found = with_reference.yardstick
    assert found and (found.model, found.result.rung, found.against.lower) == ("strong", Rung.REFERENCE, Rung.BASE)
    (facts,) = found.against.comparisons
    assert facts.difference == pytest.approx((38 - KNOWN[Rung.BASE]) / 40) and facts.low and facts.low > 0
    assert with_reference.verdict.startswith(alone.verdict)
    assert "As a yardstick, strong in place of base+retrieval: facts_found +0.450 [" in with_reference.verdict
    lines = ladder_text(with_reference).split("\n")
    assert lines[1 + len(KNOWN) + 1].strip().startswith("reference+retrieval")
    asked = bench.services[bench.reference.bundle_id].asked
    assert sorted(asked) == sorted(one.question for one in QUESTIONS)


async def test_the_page_shows_how_far_the_twin_is(bench: ReferenceBench) -> None:
    climbed, base = await bench.climb(), bench.rungs[Rung.BASE]
    judged = await stages.ask.fn(bench.home, base, EXAM, EvaluationSettings())
    decision, _ = stages.decide.fn(judged, None, EXAM)
    files = stages.write_down.fn(bench.home, EXAM, judged, None, decision, climbed, base)
    page = page_of(files.page)
    assert "How far the twin is from strong" in page and "reference+retrieval against base+retrieval" in page
    written = Ladder.model_validate_json(files.ladder.read_bytes())
    assert written.stamp and written.model_copy(update={"stamp": None}) == climbed.ladder
    again = stages.write_down.fn(bench.home, EXAM, judged, None, decision)
    assert "How far the twin is from strong" in page_of(again.page), "read back by a later evaluation"


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (503, "llm_unavailable", "the language model behind the service went away after"),
        (502, "llm_error", "it answers nothing: 'strong' is away"),
    ],
)
async def test_a_reference_that_is_away_costs_the_ladder_nothing(
    bench: ReferenceBench, status: int, code: str, said: str
) -> None:
    bench.serve(bench.reference, lambda question, bundle: refusal(status, code, "'strong' is away"))
    ladder = (await bench.climb()).ladder
    assert [one.rung for one in ladder.rungs] == list(KNOWN) and ladder.yardstick is None
    missing = ladder.missing[-1]
    assert missing.rung is Rung.REFERENCE and said in missing.reason and "'strong' is away" in missing.reason
    assert f"Not evaluated: reference+retrieval ({missing.reason})." in ladder.verdict
    assert ladder.recommended is Rung.BASE


async def test_it_is_rejected_by_the_gate_and_takes_no_alias(bench: ReferenceBench) -> None:
    judged = await stages.ask.fn(bench.home, bench.reference, EXAM, EvaluationSettings())
    found = stops_of(bench.home, bench.reference, QUESTIONS)
    assert [one.kind for one in found.stops] == [HardStopKind.YARDSTICK]
    assert "'strong' at https" in found.stops[0].detail
    decision, _ = stages.decide.fn(judged, None, EXAM, found)
    assert decision.verdict is Verdict.REJECT
    for alias in Alias:
        with pytest.raises(RegistryError, match="there to be measured against"):
            bench.registry.set_alias("ada", alias, bench.reference.bundle_id, reason="best", override_by="Ada")
    with pytest.raises(RegistryError, match="may not become candidate"):
        bench.registry.register(bench.reference.manifest, {})


def test_keys_are_looked_for_where_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWIN_REFERENCE_API_KEY", raising=False)
    settings = EvaluationSettings(reference=ENDPOINT)
    require_keys(settings, ladder=False)
    with pytest.raises(ConfigurationError, match=r"the reference model 'strong' .*\$TWIN_REFERENCE_API_KEY"):
        require_keys(settings, ladder=True)


def test_one_currency_and_the_same_recipe() -> None:
    dollars = ENDPOINT.model_copy(
        update={"price": TokenPrice(prompt_per_million=1, completion_per_million=1, currency="USD")}
    )
    with pytest.raises(ValidationError, match="give both in one currency"):
        Recipe(name="r", description="d", evaluation=EvaluationSettings(reference=dollars))
    with_reference = Recipe(name="r", description="d", evaluation=EvaluationSettings(reference=ENDPOINT))
    assert with_reference.digest == Recipe(name="r", description="d").digest
