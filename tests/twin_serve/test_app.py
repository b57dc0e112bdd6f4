from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from twin_serve.app import open_service
from twin_serve.settings import ServiceSettings

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
