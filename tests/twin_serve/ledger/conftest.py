"""A database of its own for each test: SQLite, or the Postgres named by TWIN_TEST_DATABASE_URL, emptied first."""

import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from twin_serve.ledger.database import Database, opened_database
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.tables import Base


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 23, 59, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amounts: float) -> None:
        self.now += timedelta(**amounts)


@pytest.fixture
async def fresh_url(tmp_path: Path) -> Callable[[], str]:
    url = os.environ.get("TWIN_TEST_DATABASE_URL")
    if not url:
        return lambda: f"sqlite:///{tmp_path / 'serving.db'}"
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    await engine.dispose()
    return lambda: url


@pytest.fixture
async def database(fresh_url: Callable[[], str]) -> AsyncIterator[Database]:
    async with opened_database(fresh_url()) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ledger(database: Database, clock: Clock) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(database, clock=clock)
    yield opened
    await opened.close()
