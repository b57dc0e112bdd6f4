"""The model card of a bundle says what it was made of, by its manifest and its own files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twin_data.contracts.base import NamedDigest
from twin_data.contracts.datasets import CertificateCheck, DatasetCertificate, DatasetKind, DatasetVersion
from twin_data.contracts.evaluation import Score
from twin_data.contracts.releases import ReleaseBundle, Rung
from twin_data.contracts.training import TrainingRecord, TrainingStage
from twin_data.registry.bundle_folder import bundle_card
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.model_card import CERTIFICATES_FOLDER, model_card

MakeManifest = Callable[..., ReleaseBundle]
EFFECT = "no effect: 54% of 50 held-out pairs ranked rightly [40%, 67%]"


def dataset(kind: DatasetKind) -> DatasetVersion:
    digest = ("a" if kind is DatasetKind.INSTRUCTIONS else "c") * 64
    return DatasetVersion(
        persona="ada", kind=kind, digest=digest, rows=1840, held_out_rows=184, table_version=3, passed=True
    )


def certificate(kind: DatasetKind = DatasetKind.INSTRUCTIONS, digest: str = "a" * 64) -> DatasetCertificate:
    check = CertificateCheck(name="span_traceability", value=1, wanted="= 1", passed=True)
    return DatasetCertificate(
        persona="ada", kind=kind, dataset_digest=digest, rows=1840, held_out_rows=184,
        inputs=(NamedDigest(name="documents", digest="f" * 64),), template_digest="d" * 64, teacher="rules",
        code_digest="4" * 64, counts=(), checks=(check,),
    )  # fmt: skip


def record(stage: TrainingStage) -> TrainingRecord:
    is_dpo = stage is TrainingStage.DPO
    return TrainingRecord(
        stage=stage, dataset_digest="a" * 64, config_digest="0", seed=43, steps=240, tokens=812_000, non_pad_share=0.97,
        seconds=2900, tokens_per_second=280, peak_memory_mb=6300, world_size=2, distributed_type="DEEPSPEED",
        zero_stage=2, device="cpu", dtype="bfloat16", first_loss=2.91, final_loss=2.134, eval_loss=2.207,
        preference_accuracy=Score(name="preference_accuracy", value=0.54, low=0.4, high=0.67, n=50) if is_dpo else None,
        preference_effect=EFFECT if is_dpo else "",
    )  # fmt: skip


@pytest.fixture
def trained(make_manifest: MakeManifest) -> ReleaseBundle:
    base = make_manifest(persona="ada", rung=Rung.DPO, adapter="adapter")
    lineage = base.lineage.model_copy(
        update={
            "datasets": tuple(map(dataset, DatasetKind)),
            "training": tuple(map(record, TrainingStage)),
            "parent": "7bd7a5b3c6f1",
            "override_reason": "to see it fail",
        }
    )
    return ReleaseBundle.model_validate(base.model_dump() | {"lineage": lineage.model_dump()})


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "trained"
    folder.mkdir()
    config = {"r": 16, "lora_alpha": 32, "target_modules": ["v_proj", "q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    return folder


def test_a_trained_bundle_s_card_names_datasets_training_effect_limits_and_rights(
    trained: ReleaseBundle, adapter: Path, tmp_path: Path
) -> None:
    files = {"adapter": adapter, f"{CERTIFICATES_FOLDER}/instructions.json": certificate().model_dump_json()}
    bundle = MemoryRegistry(tmp_path / "registry").register(trained, files)
    card = (bundle.folder / "README.md").read_text("utf-8")
    assert "LoRA of rank 16, alpha 32, on q_proj, v_proj" in card
    assert "**instructions**: 1,840 rows, 184 of them held out; digest `aaaaaaaaaaaa`, table v3" in card
    assert "| span_traceability | 1 | = 1 | yes |" in card
    assert "The certificate's checks do not lie in this bundle." in card, "that of the preferences"
    assert "| sft | 240 | 812,000 | 43 | 48.3 | 2.910 → 2.134 | 2.207 | cpu, bfloat16 |" in card
    assert f"Preferences: {EFFECT} (accuracy 0.540 [0.400, 0.670], n = 50)" in card
    assert "It was trained although the corpus verdict advised against: to see it fail" in card
    assert "agreed to this twin on 2026-01-02" in card and "- Base model base: Apache-2.0" in card
    assert 'PeftModel.from_pretrained(base, "adapter")' in card and "HUB ID OF base" in card
    assert bundle_card(bundle.folder, trained) == card, "and can be made again from the folder"


def test_words_of_the_user_s_break_no_table(make_manifest: MakeManifest) -> None:
    plain = make_manifest()
    lineage = plain.lineage.model_copy(update={"recipe": "mine | yours"})
    card = model_card(plain.model_copy(update={"label": "a | b\nc", "display_name": "Ада Лавлейс", "lineage": lineage}))
    assert "(a \\| b c) |\n" in card and "| recipe | `mine \\| yours`, digest" in card
    assert card.startswith("# Ада Лавлейс: bundle ")


def test_a_bundle_that_was_not_trained_says_so(make_manifest: MakeManifest) -> None:
    card = model_card(make_manifest())
    assert "Without this software" not in card, "there is no adapter to use"
    assert "None: nothing was trained." in card and "| adapter | none |" in card and "Preferences" not in card


def test_what_cannot_be_read_stays_unsaid(trained: ReleaseBundle, adapter: Path, tmp_path: Path) -> None:
    (adapter / "adapter_config.json").write_text("[]", "utf-8")
    broken = {"adapter": adapter, f"{CERTIFICATES_FOLDER}/instructions.json": "{}"}
    card = (MemoryRegistry(tmp_path / "registry").register(trained, broken).folder / "README.md").read_text("utf-8")
    assert "| adapter | `adapter` |" in card and "LoRA" not in card
    assert card.count("The certificate's checks do not lie in this bundle.") == 2


def test_a_certificate_of_other_rows_is_not_taken(trained: ReleaseBundle, adapter: Path, tmp_path: Path) -> None:
    other = {
        "adapter": adapter,
        f"{CERTIFICATES_FOLDER}/instructions.json": certificate(digest="9" * 64).model_dump_json(),
    }
    bundle = MemoryRegistry(tmp_path / "registry").register(trained, other)
    assert "span_traceability" not in (bundle.folder / "README.md").read_text("utf-8")
