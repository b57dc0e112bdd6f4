"""A running service over fakes and a real ledger, reached as its clients reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from openai import AsyncOpenAI
from sqlalchemy import select

from twin_data.configuration.home import TwinHome
from twin_data.contracts.releases import Alias, ReleaseBundle
from twin_data.registry.memory import MemoryRegistry
from twin_serve.answering.pipeline import Answerer
from twin_serve.api.dependencies import Service
from twin_serve.app import create_app
from twin_serve.ledger.database import opened_database
from twin_serve.ledger.keys import create_key
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.tables import InteractionRow, RequestRow, table_of
from twin_serve.llm.client import LanguageModel, ScriptedModel
from twin_serve.metrics import Metrics
from twin_serve.search import MemorySearch
from twin_serve.twins import TwinDirectory

from .parts import HashingEncoder, manifest, memory_index, no_models

URL = "http://twin.test"
EELS = "How many eels did you find at Gate 7?"
EELS_ANSWER = "We found 31 eels on the floor of Gate 7."


@dataclass
class Running:
    """The service under test, its fakes, and a key to it."""

    app: FastAPI
    service: Service
    model: ScriptedModel
    search: MemorySearch
    registry: MemoryRegistry
    encoder: HashingEncoder
    key: str

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {key or self.key}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=URL, headers=headers)

    def openai(self, key: str | None = None) -> AsyncOpenAI:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app))
        return AsyncOpenAI(base_url=f"{URL}/v1", api_key=key or self.key, http_client=http, max_retries=0)

    async def new_key(self, name: str, **limits: Any) -> str:
        return (await create_key(self.service.database, name, **limits))[1]

    async def ask(self, question: str = EELS, key: str | None = None, **fields: Any) -> httpx.Response:
        body = {"model": "ada", "messages": [{"role": "user", "content": question}]} | fields
        async with self.client(key) as client:
            return await client.post("/v1/chat/completions", json=body)

    async def rows(self) -> Sequence[Any]:
        await self.service.settle()
        await self.service.ledger.close()
        statement = select(table_of(RequestRow)).order_by(table_of(RequestRow).c.created_at)
        return await self.service.database.read(lambda connection: connection.execute(statement).all())

    async def row(self) -> Any:
        (only,) = await self.rows()
        return only

    async def interactions(self) -> Sequence[Any]:
        statement = select(table_of(InteractionRow))
        return await self.service.database.read(lambda connection: connection.execute(statement).all())

    def promote(self, bundle: ReleaseBundle) -> None:
        self.registry.register(bundle, {})
        self.registry.set_alias(bundle.persona, Alias.CHAMPION, bundle.bundle_id, reason="test", override_by="test")


StartService = Callable[..., Any]


@pytest.fixture
async def start(tmp_path: Path) -> StartService:
    """Starts a service; `llm` replaces the scripted model."""

    @asynccontextmanager
    async def starting(
        *answers: str, bundle: ReleaseBundle | None = None, champion: bool = True, llm: LanguageModel | None = None
    ) -> AsyncIterator[Running]:
        model, search, registry = (
            ScriptedModel(list(answers)),
            MemorySearch({"ada": memory_index()}),
            MemoryRegistry(tmp_path),
        )
        encoder, home = HashingEncoder(), TwinHome(tmp_path / "home")
        home.run.mkdir(parents=True, exist_ok=True)
        async with opened_database(f"sqlite:///{tmp_path / 'serving.db'}") as database:
            ledger = await Ledger.open(database)
            service = Service(
                home=home,
                search=search,
                llm=llm or model,
                twins=TwinDirectory(registry, search, no_models(tmp_path), load_encoder=lambda models, digest: encoder),
                answerer=Answerer(search, llm or model),
                database=database,
                ledger=ledger,
                metrics=Metrics(),
            )

            @asynccontextmanager
            async def parts() -> AsyncIterator[Service]:
                yield service

            app = create_app(parts)
            async with app.router.lifespan_context(app):
                _, key = await create_key(database, "tests")
                running = Running(app, service, model, search, registry, encoder, key)
                registry.register(bundle or manifest(), {})
                if champion:
                    running.promote(bundle or manifest())
                yield running
            await service.settle()
            await ledger.close()

    return starting


@pytest.fixture
async def running(start: StartService) -> AsyncIterator[Running]:
    """A service whose model has one good answer ready."""
    async with start(EELS_ANSWER) as service:
        yield service
