from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from twin_data.contracts.errors import StoreError
from twin_serve.answering.forbidden_likeness import forbidden_likeness
from twin_serve.app import open_service, prepare_twins
from twin_serve.settings import ServiceSettings

from .conftest import EELS_ANSWER, StartService

NOBODY = "http://127.0.0.1:9"


async def test_a_service_opens_tends_its_adapters_and_closes_though_nothing_behind_it_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = ServiceSettings(home=str(tmp_path), elasticsearch_url=NOBODY, llm_url=NOBODY)
    before = asyncio.all_tasks()
    async with open_service(settings) as service:
        while "broke off" not in caplog.text:
            await asyncio.sleep(0.01)
        assert not await service.llm.is_healthy()
    assert asyncio.all_tasks() == before


async def test_what_a_first_question_would_wait_for_is_fitted_before(
    start: StartService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    forbidden_likeness.cache_clear()  # encoders of tests are alike
    async with start(EELS_ANSWER) as running:
        running.search.error = StoreError("no index")
        await prepare_twins(running.service)
        assert "is not prepared: no index" in caplog.text, "a twin without an index keeps nobody from starting"
        running.search.error = None
        await prepare_twins(running.service)
        embedded = len(running.encoder.encoded)
        await running.ask()
        assert embedded > 1000 and len(running.encoder.encoded) < embedded + 100
