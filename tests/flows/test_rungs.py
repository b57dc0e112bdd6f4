"""Which bundle stands for which rung."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import rungs
from flows.recipes import load_recipe
from flows.rungs import rung_bundles, trained_on, without_retrieval
from twin_data.configuration.home import TwinHome
from twin_data.contracts.datasets import SourceSpan
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.releases import Alias, PromptExample, ReleaseBundle, RetrievalSettings, Rung
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.port import RegisteredBundle

from .bench import manifest

FILES = {"prompts/answer.system.j2": "You are {{ display_name }}.", "lineage/recipe.json": "{}"}
SPAN = SourceSpan(start=0, end=9, document_id="notes/a.md", document_digest="d" * 64)
EXAMPLES = (PromptExample(mode="answer", asked="What of tides?", response="They turn.", spans=(SPAN,)),)


@pytest.fixture
def registry(tmp_path: Path) -> MemoryRegistry:
    return MemoryRegistry(tmp_path / "registry")


@pytest.fixture
def base(registry: MemoryRegistry) -> RegisteredBundle:
    return registry.register(manifest("base"), FILES)


def train(
    registry: MemoryRegistry, on: RegisteredBundle, rung: Rung, label: str = "", **changes: object
) -> RegisteredBundle:
    lineage = on.manifest.lineage.model_copy(update={"parent": on.bundle_id})
    made = on.manifest.model_copy(
        update={"rung": rung, "adapter": "adapter", "label": label, "lineage": lineage, **changes}
    )
    return registry.register(made, {"adapter/adapter_config.json": "{}"})


def test_the_rungs_without_retrieval_differ_from_bundle_0_by_that_alone(
    registry: MemoryRegistry, base: RegisteredBundle
) -> None:
    prompt, few = without_retrieval(registry, base, ()), without_retrieval(registry, base, EXAMPLES)
    assert (prompt.manifest.rung, few.manifest.rung) == (Rung.PROMPT, Rung.FEW_SHOT)
    assert (prompt.manifest.examples, few.manifest.examples) == ((), EXAMPLES)
    for one in (prompt, few):
        assert one.manifest.retrieval is None and one.manifest.adapter is None
        assert one.manifest.verification.heed_refusals
        assert (one.manifest.generation, one.manifest.lineage) == (base.manifest.generation, base.manifest.lineage)
        assert all((one.folder / name).read_text("utf-8") == text for name, text in FILES.items())
        assert "memory alone" in (one.folder / "README.md").read_text("utf-8"), "its card claims no citations"
    assert without_retrieval(registry, base, EXAMPLES) == few and len(registry.bundles("ada")) == 3


def test_the_candidate_stays_what_it_is(registry: MemoryRegistry, base: RegisteredBundle) -> None:
    without_retrieval(registry, base, EXAMPLES)
    assert registry.resolve("ada", alias=Alias.CANDIDATE).bundle_id == base.bundle_id


def test_other_examples_are_another_bundle(registry: MemoryRegistry, base: RegisteredBundle) -> None:
    other = (EXAMPLES[0].model_copy(update={"asked": "And of gates?"}),)
    assert without_retrieval(registry, base, EXAMPLES).bundle_id != without_retrieval(registry, base, other).bundle_id


def test_the_newest_training_on_the_same_features_counts(registry: MemoryRegistry, base: RegisteredBundle) -> None:
    assert trained_on(registry, base) == ()
    first = train(registry, base, Rung.SFT, "first")
    aligned = train(registry, first, Rung.DPO)
    assert [one.bundle_id for one in trained_on(registry, base)] == [first.bundle_id, aligned.bundle_id]
    second = train(registry, base, Rung.SFT, "second")
    assert [one.bundle_id for one in trained_on(registry, base)] == [second.bundle_id], "its DPO is still to come"


def test_a_training_under_another_seed_displaces_nobody(registry: MemoryRegistry, base: RegisteredBundle) -> None:
    first = train(registry, base, Rung.SFT)
    aligned = train(registry, first, Rung.DPO)
    for one in (first, aligned):
        lineage = one.manifest.lineage.model_copy(update={"seed_sibling_of": one.bundle_id})
        train(registry, base, one.manifest.rung, "seed 7", lineage=lineage)
    assert [one.bundle_id for one in trained_on(registry, base)] == [first.bundle_id, aligned.bundle_id]


@pytest.mark.parametrize(
    "changes",
    [{"prompt_digest": "1"}, {"retrieval": RetrievalSettings(passages=9)}, {"base_model": None}, {"lineage": None}],
)
def test_what_differs_by_more_than_training_is_no_rung(
    registry: MemoryRegistry, base: RegisteredBundle, changes: dict[str, object]
) -> None:
    given: ReleaseBundle = base.manifest
    if "base_model" in changes:
        changes = {"base_model": given.base_model.model_copy(update={"digest": "9" * 64})}
    if "lineage" in changes:
        changes = {"lineage": given.lineage.model_copy(update={"features_digest": "9" * 64})}
    train(registry, base, Rung.SFT, **changes)
    assert trained_on(registry, base) == ()


@pytest.mark.parametrize("thin", [False, True])
def test_all_rungs_from_the_lowest_up_and_those_that_are_missing(
    thin: bool, registry: MemoryRegistry, base: RegisteredBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pipeline:
        def prompt_examples(self, config: object, *, context_tokens: int) -> tuple[PromptExample, ...]:
            assert context_tokens == base.manifest.max_model_len
            if thin:
                raise CorpusError("the training documents give no example for a few-shot prompt")
            return EXAMPLES

    monkeypatch.setattr(rungs, "open_registry", lambda home: registry)
    monkeypatch.setattr(rungs, "newest_base_bundle", lambda home, persona: base)
    monkeypatch.setattr(rungs, "datasets_pipeline", lambda home, persona, recipe, base: Pipeline())
    train(registry, base, Rung.SFT)
    found, missing = rung_bundles(TwinHome(tmp_path), "ada", load_recipe("demo"))
    lowest = [Rung.PROMPT] if thin else [Rung.PROMPT, Rung.FEW_SHOT]
    assert [one.manifest.rung for one in found] == [*lowest, Rung.BASE, Rung.SFT]
    assert [one.rung for one in missing] == ([Rung.FEW_SHOT, Rung.DPO] if thin else [Rung.DPO])
    assert "twin train ada" in missing[-1].reason
    assert not thin or missing[0].reason == "the training documents give no example for a few-shot prompt"
