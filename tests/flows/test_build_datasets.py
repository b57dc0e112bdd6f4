"""Certificates as the flow heeds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from flows import build_datasets
from flows.build_datasets import certified_instructions, certified_preferences, datasets_pipeline, draft_with
from flows.bundles import Carried, held_out_lines
from flows.recipes import load_recipe
from flows.reporting import listening
from twin_data.configuration.home import TwinHome
from twin_data.contracts.answers import Turn
from twin_data.contracts.datasets import (
    CertificateCheck,
    DatasetCertificate,
    DatasetKind,
    PolicyDraft,
    ReasonCount,
    SourceSpan,
)
from twin_data.contracts.digests import digest_rows
from twin_data.contracts.errors import DatasetError
from twin_data.contracts.releases import GenerationSettings, Rung
from twin_data.generate.asking_models import Drafts
from twin_data.generate.draft_prompts import DraftPrompt
from twin_data.generate.export import WrittenDataset, write_dataset
from twin_data.generate.pipeline import DatasetsConfig
from twin_data.generate.teacher import Endpoint
from twin_data.registry.port import RegisteredBundle
from twin_data.store.stages import StageRecord, StageResult

from .bench import manifest

PROMPT = DraftPrompt(
    prompt_id="p1", task="answer", prompt=(Turn(role="user", content="Where?"),), expected="answer", response="There.",
    response_source="own", phrases=(), spans=(), context=(), refusal="No.", family="f", answer="There.",
)  # fmt: skip
READ = "we found 31 eels on the floor"
PASSED = CertificateCheck(name="rows", value=60.0, wanted="≥ 50", passed=True)
FAILED = CertificateCheck(name="largest_template_share", value=0.31, wanted="≤ 0.15", passed=False)


class Pipeline:
    """Stands for the datasets pipeline: its datasets get the checks that it is given, and are really written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, DatasetsConfig()
        self.checks: tuple[CertificateCheck, ...] = (PASSED,)
        self.counts: tuple[ReasonCount, ...] = ()
        self.asked, self.asks_teacher = (0, 0), False
        self.persona, self.prompts = SimpleNamespace(name="ada"), (PROMPT,)
        self.material = SimpleNamespace(document={"d": SimpleNamespace(text=f"Ada wrote: {READ}. And more.")})

    def read_prompts(self, made: object) -> tuple[DraftPrompt, ...]:
        return self.prompts

    def instructions(self, rewrite: object) -> StageResult:
        return self._made("instructions")

    def draft_prompts(self, made: object) -> StageResult:
        return self._made("draft_prompts")

    def preferences(self, *_: object) -> StageResult:
        return self._made("preferences")

    def write(self, made: StageRecord, kind: DatasetKind) -> WrittenDataset:
        certificate = DatasetCertificate(
            persona="ada", kind=kind, dataset_digest=digest_rows([]), rows=60, held_out_rows=6, inputs=(),
            template_digest="t", teacher="none", code_digest="c", counts=self.counts, checks=self.checks,
            teacher_asked=self.asked[0], teacher_worded=self.asked[1],
        )  # fmt: skip
        return write_dataset(self.folder, [], certificate, table_version=1, licence="CC0-1.0")

    @staticmethod
    def _made(stage: str) -> StageResult:
        record = StageRecord(
            stage=stage, key="k", inputs=(), config_digest="c", code_digest="c", outputs=(), seconds=1.0,
            finished_at=datetime.now(UTC),
        )  # fmt: skip
        return StageResult(record, reused=False)


def no_sentences(texts: list[str]) -> NoReturn:
    raise AssertionError(f"no draft is judged here, and {texts} were to be embedded")


class Profile:
    digest = "v"


@pytest.fixture
def said() -> Iterator[list[str]]:
    heard: list[str] = []
    with listening(heard.append):
        yield heard


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path / "datasets")


def made(pipeline: Pipeline, kind: DatasetKind, tmp_path: Path) -> WrittenDataset:
    """The task of the flow, without Prefect around it."""
    home, given = TwinHome(tmp_path / "home"), pipeline
    if kind is DatasetKind.INSTRUCTIONS:
        return _written(certified_instructions.fn(home, given))
    drafts = tmp_path / "drafts.jsonl"
    drafts.write_text("")
    return _written(certified_preferences.fn(home, given, Profile(), drafts, encode=no_sentences))


def _written(found: Any) -> WrittenDataset:
    assert isinstance(found, WrittenDataset)
    return found


@pytest.mark.parametrize("kind", DatasetKind)
def test_a_failed_certificate_ends_the_flow_and_can_be_read(
    pipeline: Pipeline, kind: DatasetKind, tmp_path: Path
) -> None:
    pipeline.checks = (PASSED, FAILED)
    with pytest.raises(DatasetError) as refused:
        made(pipeline, kind, tmp_path)
    assert refused.value.message == (
        f"the certificate of the {kind} of 'ada' was not passed: largest_template_share is 0.31, wanted ≤ 0.15"
    )
    (certificate,) = pipeline.folder.glob(f"{kind}-*/certificate.json")
    assert f"read {certificate}" in refused.value.next_step and "`datasets` in the recipe" in refused.value.next_step
    assert DatasetCertificate.model_validate_json(certificate.read_text("utf-8")).checks == (PASSED, FAILED)


@pytest.mark.parametrize("kind", DatasetKind)
def test_a_passed_certificate_is_told(pipeline: Pipeline, kind: DatasetKind, tmp_path: Path, said: list[str]) -> None:
    written = made(pipeline, kind, tmp_path)
    assert written.version.passed
    assert said[-1] == f"{kind}: certified, 60 rows, 6 held out: {written.folder}"


def test_what_a_teacher_was_asked_is_told_and_what_was_not_taken(
    pipeline: Pipeline, tmp_path: Path, said: list[str]
) -> None:
    pipeline.asked = (1324, 12)
    pipeline.counts = (
        ReasonCount(stage="made:answer", reason="own", rows=60),
        ReasonCount(stage="dropped:balance", reason="over_the_token_budget", rows=7),
        ReasonCount(stage=f"dropped:{build_datasets.REWRITE_STAGE}", reason="rewrite_is_empty", rows=12),
        ReasonCount(stage=f"dropped:{build_datasets.REWRITE_STAGE}", reason="rewrite_is_no_question", rows=1300),
    )
    made(pipeline, DatasetKind.INSTRUCTIONS, tmp_path)
    (told,) = [one for one in said if one.startswith("teacher:")]
    assert told == (
        "teacher: worded 12 of the 1,324 questions it was asked; the rules' own wording stands for 12 rewrite_is_empty, "
        "1,300 rewrite_is_no_question"
    )
    said.clear()
    pipeline.asked, pipeline.counts = (3, 3), ()
    made(pipeline, DatasetKind.INSTRUCTIONS, tmp_path)
    assert said[-2] == "teacher: worded 3 of the 3 questions it was asked"


@pytest.fixture
def tuned(tmp_path: Path) -> Callable[..., RegisteredBundle]:
    """SFT bundles whose recipes differ: another id each time, the adapter's bytes as they are given."""

    def bundle(recipe_digest: str, weights: str = "w", **generation: Any) -> RegisteredBundle:
        base = manifest("tiny")
        made = base.model_copy(
            update={
                "rung": Rung.SFT,
                "adapter": "adapter",
                "generation": GenerationSettings(**generation),
                "lineage": base.lineage.model_copy(update={"recipe_digest": recipe_digest}),
            }
        )
        folder = tmp_path / "bundles" / made.bundle_id
        (folder / "adapter").mkdir(parents=True, exist_ok=True)
        (folder / "adapter" / "adapter_model.safetensors").write_text(weights)
        return RegisteredBundle(manifest=made, folder=folder, version=1, aliases=(), card=folder / "README.md")

    return bundle


def test_drafts_are_written_again_only_if_what_they_depend_on_has_changed(
    pipeline: Pipeline, tmp_path: Path, tuned: Callable[..., RegisteredBundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def drafts(prompts: Sequence[DraftPrompt], endpoint: Endpoint, *, model: str, **_: object) -> Drafts:
        asked.append(model)
        made = (PolicyDraft(prompt_id=one.prompt_id, model=model, text="x", finish_reason="stop") for one in prompts)
        return Drafts(tuple(made), ())

    monkeypatch.setattr(build_datasets, "serve_adapter", lambda bundle: None)
    monkeypatch.setattr(build_datasets, "policy_drafts", drafts)

    def draft(bundle: RegisteredBundle) -> Path:
        return Path(str(draft_with.fn(TwinHome(tmp_path / "home"), pipeline, bundle)))

    first, moved = tuned("a"), tuned("b")
    assert first.bundle_id != moved.bundle_id, "a bar of the preferences was moved: the recipe, and so the bundle's id"
    path = draft(first)
    assert draft(moved) == path and len(asked) == 1
    assert draft(tuned("c", redrafts=3)) == path, "drafts for training are never drafted again"
    for other in (tuned("d", weights="v"), tuned("e", temperature=0.9), tuned("f", write_max_tokens=99)):
        assert draft(other) != path
    pipeline.prompts = (PROMPT.model_copy(update={"prompt": (Turn(role="user", content="And when?"),)}),)
    assert draft(first) != path
    assert len(asked) == 5


def test_only_further_drafts_are_kept_from_copying_and_only_where_serving_keeps_them(
    pipeline: Pipeline, tmp_path: Path, tuned: Callable[..., RegisteredBundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    avoided: list[Sequence[str]] = []

    def drafts(
        prompts: Sequence[DraftPrompt], *_: object, avoid: Callable[[DraftPrompt], Sequence[str]], **__: object
    ) -> Drafts:
        avoided.extend(avoid(one) for one in prompts)
        return Drafts((), ())

    monkeypatch.setattr(build_datasets, "serve_adapter", lambda bundle: None)
    monkeypatch.setattr(build_datasets, "policy_drafts", drafts)
    shown = SourceSpan(document_id="d", document_digest="x", start=11, end=11 + len(READ))
    pipeline.prompts = (PROMPT.model_copy(update={"context": (shown,)}),)
    asked = pipeline.config.draft_prompts.model_copy(update={"further_drafts": 2})
    pipeline.config = pipeline.config.model_copy(update={"draft_prompts": asked})
    paths = {
        draft_with.fn(TwinHome(tmp_path / "home"), pipeline, bundle)
        for bundle in (tuned("a"), tuned("b", redrafts_reword=True))
    }
    assert avoided == [(), (), (), ["we found 31 eels on"]]
    assert len(paths) == 2, "drafts that may not copy are others"


def test_drafts_that_a_bundle_carries_are_taken_and_nobody_is_asked(
    pipeline: Pipeline, tmp_path: Path, tuned: Callable[..., RegisteredBundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_datasets, "serve_adapter", lambda bundle: pytest.fail("a model was asked"))
    carried = tmp_path / "carried.jsonl"
    carried.write_text("")
    assert draft_with.fn(TwinHome(tmp_path / "home"), pipeline, tuned("a"), carried) == carried


def test_held_out_questions_that_a_bundle_carries_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The persona's folder may hold others since, and other rows would be dropped."""
    now = SimpleNamespace(question="Who keeps the lamp?")
    monkeypatch.setattr(build_datasets, "held_out_questions", lambda home, persona: (now,))
    monkeypatch.setattr(build_datasets, "load_persona", lambda home, persona: None)
    monkeypatch.setattr(build_datasets, "_encoder_folder", lambda recipe: tmp_path)
    monkeypatch.setattr(build_datasets, "read_model_reference", lambda folder: SimpleNamespace(digest="m"))
    (then := tmp_path / "held_out.jsonl").write_text(held_out_lines(("Who keeps the gate?",)))
    home, recipe = TwinHome(tmp_path), load_recipe("demo")
    assert datasets_pipeline(home, "ada", recipe).questions == (now.question,)
    assert datasets_pipeline(home, "ada", recipe, Carried(held_out=then)).questions == ("Who keeps the gate?",)
