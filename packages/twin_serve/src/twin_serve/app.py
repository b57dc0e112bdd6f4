"""The business microservice, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.errors import TwinError
from twin_data.registry import open_registry
from twin_serve.answering.pipeline import Answerer
from twin_serve.api import catalogue, chat
from twin_serve.api.body_limit import BodyLimit
from twin_serve.api.dependencies import Service
from twin_serve.api.errors import answer_http_error, answer_twin_error, answer_unforeseen
from twin_serve.api.invalid import answer_invalid_request
from twin_serve.ledger.database import open_database, url_of
from twin_serve.ledger.ledger import Ledger
from twin_serve.llm.adapters import VllmAdapters
from twin_serve.llm.client import VllmModel
from twin_serve.llm.endpoints import EndpointModels, RoutedModel
from twin_serve.llm.keeper import AdaptedModel, AdapterKeeper
from twin_serve.metrics import Metrics
from twin_serve.search import ElasticPassageSearch
from twin_serve.settings import ServiceSettings
from twin_serve.twins import TwinDirectory

log = logging.getLogger(__name__)
ServiceFactory = Callable[[], AbstractAsyncContextManager[Service]]


@asynccontextmanager
async def open_service(settings: ServiceSettings) -> AsyncIterator[Service]:
    """Connect everything that the environment names; close it in the end, also if half of it was opened."""
    home, models = TwinHome(Path(settings.home)), cache_folder() / "models"
    async with AsyncExitStack() as opened:
        search = ElasticPassageSearch(settings.elasticsearch_url, api_key=settings.elasticsearch_api_key)
        opened.push_async_callback(search.close)
        vllm, adapters = VllmModel(settings.llm_url), VllmAdapters(settings.llm_url)
        opened.push_async_callback(vllm.close)
        opened.push_async_callback(adapters.close)
        registry = open_registry(home)
        keeper = AdapterKeeper(adapters, registry)
        endpoints = EndpointModels(registry)
        opened.push_async_callback(endpoints.close)
        llm = RoutedModel(AdaptedModel(vllm, keeper), endpoints)
        database = await open_database(settings.database_url or url_of(home))
        opened.push_async_callback(database.close)
        ledger = await Ledger.open(database)
        opened.push_async_callback(ledger.close)
        service = Service(
            home=home,
            search=search,
            llm=llm,
            twins=TwinDirectory(registry, search, models, adapters=keeper),
            answerer=Answerer(search, llm, models),
            database=database,
            ledger=ledger,
            metrics=Metrics(),
        )
        opened.push_async_callback(service.settle)
        await opened.enter_async_context(_in_background(keeper.run()))
        await opened.enter_async_context(_in_background(prepare_twins(service)))
        yield service


async def prepare_twins(service: Service) -> None:
    """Fit, once after an update, what the first question to each twin would have to wait for."""
    for bundle in await service.twins.bundles():
        try:
            await service.answerer.prepare(await service.twins.resolve(bundle.manifest.model_name))
        except TwinError as error:  # an index that is not there yet: the first question will say what is wrong
            log.info("%s is not prepared: %s", bundle.manifest.model_name, error)


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on until the service ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def create_app(open_parts: ServiceFactory) -> FastAPI:
    """The application over a service that `open_parts` opens at start-up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts() as service:
            app.state.service = service
            yield

    app = FastAPI(title="LLM twin", version="0.1.0", lifespan=lifespan)
    app.add_middleware(BodyLimit)
    app.add_exception_handler(TwinError, answer_twin_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_request)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(Exception, answer_unforeseen)
    app.include_router(chat.router)
    app.include_router(catalogue.router)
    app.mount("/page", StaticFiles(directory=catalogue.PAGE), name="page")
    return app
