"""What the routes share: the service's parts, and the caller's key."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from twin_data.configuration.home import TwinHome
from twin_serve.answering.pipeline import Answerer
from twin_serve.api.errors import UnauthorizedError
from twin_serve.ledger.database import Database
from twin_serve.ledger.keys import authenticate
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import KeyRecord
from twin_serve.llm.client import LanguageModel
from twin_serve.metrics import Metrics
from twin_serve.search import PassageSearch
from twin_serve.twins import TwinDirectory


@dataclass(frozen=True)
class Service:
    """Everything a request needs, made once at start-up."""

    home: TwinHome
    search: PassageSearch
    llm: LanguageModel
    twins: TwinDirectory
    answerer: Answerer
    database: Database
    ledger: Ledger
    metrics: Metrics
    _unfinished: set[asyncio.Task[None]] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start work that must end even if the request that began it is cancelled."""
        task = asyncio.create_task(work)
        self._unfinished.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._unfinished.discard)
        return task

    async def settle(self) -> None:
        """Wait for all that was spawned; before the ledger is closed."""
        while self._unfinished:
            await asyncio.wait(set(self._unfinished))


def get_service(request: Request) -> Service:
    """The running service."""
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


ServiceDependency = Annotated[Service, Depends(get_service)]


async def known_key(
    service: ServiceDependency, authorization: Annotated[str | None, Header()] = None
) -> KeyRecord | None:
    """The caller's key; None if there is none, or it does not open anything."""
    scheme, _, plaintext = (authorization or "").partition(" ")
    return await authenticate(service.database, plaintext.strip()) if scheme.casefold() == "bearer" else None


KnownKeyDependency = Annotated[KeyRecord | None, Depends(known_key)]


async def require_key(service: ServiceDependency, authorization: Annotated[str | None, Header()] = None) -> KeyRecord:
    """The caller's key.

    Raises:
        UnauthorizedError: There is none, or it does not open anything.
    """
    record = await known_key(service, authorization)
    if record is None:
        raise UnauthorizedError(
            "a valid API key is needed: Authorization: Bearer twin_…", next_step="twin keys create NAME"
        )
    return record


KeyDependency = Annotated[KeyRecord, Depends(require_key)]
