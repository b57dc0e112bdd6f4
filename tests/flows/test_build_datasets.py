"""Certificates as the flow heeds them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import build_datasets
from flows.build_datasets import certified_instructions, certified_preferences
from flows.reporting import listening
from twin_data.configuration.home import TwinHome
from twin_data.contracts.datasets import CertificateCheck, DatasetCertificate, DatasetKind, ReasonCount
from twin_data.contracts.digests import digest_rows
from twin_data.contracts.errors import DatasetError
from twin_data.generate.export import WrittenDataset, write_dataset
from twin_data.generate.pipeline import DatasetsConfig
from twin_data.store.stages import StageRecord, StageResult

PASSED = CertificateCheck(name="rows", value=60.0, wanted="≥ 50", passed=True)
FAILED = CertificateCheck(name="largest_template_share", value=0.31, wanted="≤ 0.15", passed=False)


class Pipeline:
    """Stands for the datasets pipeline: its datasets get the checks that it is given, and are really written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, DatasetsConfig()
        self.checks: tuple[CertificateCheck, ...] = (PASSED,)
        self.counts: tuple[ReasonCount, ...] = ()

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
        )  # fmt: skip
        return write_dataset(self.folder, [], certificate, table_version=1, licence="CC0-1.0")

    @staticmethod
    def _made(stage: str) -> StageResult:
        record = StageRecord(
            stage=stage, key="k", inputs=(), config_digest="c", code_digest="c", outputs=(), seconds=1.0,
            finished_at=datetime.now(UTC),
        )  # fmt: skip
        return StageResult(record, reused=False)


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
    return _written(certified_preferences.fn(home, given, Profile(), drafts))


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


def test_wordings_of_a_teacher_that_were_not_taken_are_told(
    pipeline: Pipeline, tmp_path: Path, said: list[str]
) -> None:
    pipeline.counts = (
        ReasonCount(stage="made:answer", reason="own", rows=60),
        ReasonCount(stage="dropped:balance", reason="over_the_token_budget", rows=7),
        ReasonCount(stage=f"dropped:{build_datasets.REWRITE_STAGE}", reason="rewrite_is_empty", rows=12),
        ReasonCount(stage=f"dropped:{build_datasets.REWRITE_STAGE}", reason="rewrite_is_no_question", rows=1300),
    )
    made(pipeline, DatasetKind.INSTRUCTIONS, tmp_path)
    (told,) = [one for one in said if one.startswith("teacher:")]
    assert told.endswith("the rules' own stand: 12 rewrite_is_empty, 1,300 rewrite_is_no_question")
