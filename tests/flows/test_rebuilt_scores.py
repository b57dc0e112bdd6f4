"""A rebuilt bundle's scores beside its original's, on the public API's fake."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from flows import rebuilt_scores
from flows.personas import refreshing
from flows.rebuilt_scores import RebuiltScores, ask_both, register_beside
from flows.recipes import EvaluationSettings
from twin_data.configuration.rubric import RelativeBar
from twin_data.contracts.errors import PlatformError
from twin_data.contracts.releases import Alias
from twin_data.registry.memory import MemoryRegistry
from twin_eval.fake_service import refusal

from .bench import EXAM, RUBRIC, Bench, knowing, manifest


async def compared(bench: Bench, original: int, rebuilt: int, seed_spread: float | None = None) -> RebuiltScores:
    """Of two bundles that know so many of forty answers."""
    bar = RelativeBar(metric="facts_found", better="higher", margin=0.1, seed_spread=seed_spread)
    exam = replace(EXAM, rubric=RUBRIC.model_copy(update={"relative": (bar,)}))
    both = bench.bundle("original", knowing(original)), bench.bundle("rebuilt", knowing(rebuilt))
    return await ask_both(bench.home, exam, *both, EvaluationSettings())


async def test_a_small_difference_is_within_what_the_questions_explain(bench: Bench) -> None:
    found = await compared(bench, 20, 22)
    (facts,) = found.differences
    assert (facts.original, facts.rebuilt, facts.n) == (0.5, 0.55, 40)
    assert facts.low < 0 < facts.difference and facts.is_within and found.is_within
    assert "scores: within the spread" in found.text and "spread of training seeds unknown" in found.text


@pytest.mark.parametrize(("original", "rebuilt"), [(20, 32), (32, 20)])
async def test_a_large_one_is_beyond_unless_the_seeds_are_known_to_differ_so_much(
    bench: Bench, original: int, rebuilt: int
) -> None:
    found = await compared(bench, original, rebuilt)
    assert not found.is_within and "BEYOND" in found.text and "NOT SHOWN TO BE within" in found.text
    assert not (await compared(bench, original, rebuilt, seed_spread=0.02)).is_within
    assert (await compared(bench, original, rebuilt, seed_spread=0.15)).is_within


async def test_where_nothing_can_be_compared_nothing_is_shown(bench: Bench) -> None:
    bar = RelativeBar(metric="voice_fidelity", better="higher", margin=15)
    exam = replace(EXAM, rubric=RUBRIC.model_copy(update={"relative": (bar,)}))
    both = bench.bundle("original", knowing(20)), bench.bundle("rebuilt", knowing(20))
    found = await ask_both(bench.home, exam, *both, EvaluationSettings())
    assert found.not_compared == ("voice_fidelity",) and not found.is_within
    assert "voice_fidelity not compared: too few rows" in found.text


async def test_an_original_that_can_answer_nothing_is_told(bench: Bench) -> None:
    former = bench.bundle("original", lambda question, bundle: refusal(503, "bundle_mismatch", "other templates"))
    with pytest.raises(PlatformError, match="answers nothing: .*other templates"):
        await ask_both(bench.home, EXAM, former, bench.bundle("rebuilt", knowing(20)), EvaluationSettings())


async def test_the_two_are_not_asked_beside_a_refresh(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.personas.LOCK_WAIT_S", 0.0)
    monkeypatch.setenv("TWIN_HOME", str(bench.home.root))
    with refreshing(bench.home, "ada"), pytest.raises(PlatformError, match="is being built, refreshed"):
        await rebuilt_scores.compare_rebuilt.fn("ada", "demo", "a folder", "0123")


def test_the_original_is_registered_beside_the_rebuilt_one(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(question: str, bundle: str) -> httpx.Response:
        raise AssertionError("nothing is asked")

    original = bench.bundle("original", never)
    other = MemoryRegistry(tmp_path / "other")
    rebuilt = other.register(manifest("rebuilt"), {})
    monkeypatch.setattr(rebuilt_scores, "open_registry", lambda home: other)
    for _ in range(2):
        assert register_beside(bench.home, original.folder).bundle_id == original.bundle_id
    assert len(other.bundles("ada")) == 2
    assert other.resolve("ada", bundle_id=original.bundle_id).manifest == original.manifest
    assert other.resolve("ada", alias=Alias.CANDIDATE).bundle_id == rebuilt.bundle_id
