"""One database for keys and ledger, SQLite or Postgres: a transaction is a plain function of a connection.

On SQLite each transaction runs whole in one thread of ours. An asynchronous driver would send each statement there
by itself: some twenty switches of thread for one request, three times the time on the hot path.
"""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError
from twin_serve.ledger.errors import LedgerUnavailableError
from twin_serve.ledger.key_cache import KeyCache
from twin_serve.ledger.migrations import MIGRATIONS, Migration, create_or_migrate

DATABASE_VARIABLE = "TWIN_DATABASE_URL"
EXAMPLE_URL = "postgresql://user:password@host/name"
BUSY_TIMEOUT_MS = 10_000
READER_THREADS = 2
POSTGRES_POOL = 10
POSTGRES_OVERFLOW = 20
OWNER_ONLY = 0o600

Result = TypeVar("Result")
Work = Callable[[Connection], Result]


class Database(ABC):
    """Runs transactions, and remembers for two seconds what was found of a key.

    `work` gets a connection inside a transaction: its return commits, its exception rolls back.
    Both methods raise `LedgerUnavailableError` when the database fails; what `work` raises by itself passes.
    """

    def __init__(self, url: URL) -> None:
        """Remember the address; connects nothing."""
        self.place = _describe(url)
        self.key_cache = KeyCache()

    @abstractmethod
    async def write(self, work: Work[Result]) -> Result:
        """Run a transaction that may write."""

    @abstractmethod
    async def read(self, work: Work[Result]) -> Result:
        """Run a transaction that only reads, beside others."""

    @abstractmethod
    async def close(self) -> None:
        """Close every connection, after the transactions that have begun."""

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:  # a rule of the schema, not a failure: whoever wrote knows what it means
            raise
        except (SQLAlchemyError, OSError) as error:
            raise _unavailable(self.place, error) from error


class SqliteDatabase(Database):
    """A file. It has one writer at a time, so one thread writes, in order of arrival; others read beside it."""

    def __init__(self, url: URL) -> None:
        """Make the file, readable by its owner only, if there is none."""
        super().__init__(url)
        with self._failures_explained():
            _make_private_file(Path(str(url.database)))
        self._writer = _SqliteThreads(url, begin="BEGIN IMMEDIATE", threads=1)
        self._reader = _SqliteThreads(url, begin="BEGIN", threads=READER_THREADS)

    async def write(self, work: Work[Result]) -> Result:
        """Run a transaction that may write."""
        with self._failures_explained():
            return await self._writer.run(work)

    async def read(self, work: Work[Result]) -> Result:
        """Run a transaction that only reads, beside others."""
        with self._failures_explained():
            return await self._reader.run(work)

    async def close(self) -> None:
        """Close every connection, after the transactions that have begun."""
        await self._reader.close()
        await self._writer.close()


class PostgresDatabase(Database):
    """A server, shared by replicas of the service; rows are locked there, not here."""

    def __init__(self, url: URL) -> None:
        """Prepare the pool; connects nothing yet."""
        super().__init__(url)
        try:
            self._engine: AsyncEngine = create_async_engine(
                url,
                pool_size=POSTGRES_POOL,
                max_overflow=POSTGRES_OVERFLOW,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
            )
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"Postgres needs a driver: {error}", next_step="pip install asyncpg") from error

    async def write(self, work: Work[Result]) -> Result:
        """Run a transaction that may write."""
        with self._failures_explained():
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def read(self, work: Work[Result]) -> Result:
        """Run a transaction that only reads, beside others."""
        return await self.write(work)

    async def close(self) -> None:
        """Close every connection, after the transactions that have begun."""
        await self._engine.dispose()


class _SqliteThreads:
    """Threads with a connection each."""

    def __init__(self, url: URL, *, begin: str, threads: int) -> None:
        self._engine: Engine = create_engine(url, pool_size=threads, max_overflow=0)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="ledger")
        event.listen(self._engine, "connect", _prepare_connection)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql(begin))

    async def run(self, work: Work[Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transaction, work)

    def _transaction(self, work: Work[Result]) -> Result:
        with self._engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown, wait=True)
        self._engine.dispose()


def url_of(home: TwinHome) -> str:
    """`$TWIN_DATABASE_URL`, else the SQLite file of the home. Read once, at an entry point."""
    return os.environ.get(DATABASE_VARIABLE) or f"sqlite:///{home.serving_database}"


async def open_database(url: str, *, migrations: Sequence[Migration] = MIGRATIONS) -> Database:
    """Connect, create the tables or bring older ones up to date.

    Command-line tools use it too, inside `asyncio.run`: one way for every database, and no second driver.

    Raises:
        ConfigurationError: The URL names no database that this program knows.
        LedgerUnavailableError: The database cannot be reached or written.
        StoreError: A newer program has written it.
    """
    database = _prepare(url)
    try:
        await database.write(lambda connection: create_or_migrate(connection, migrations))
    except BaseException:
        await database.close()
        raise
    return database


@asynccontextmanager
async def opened_database(url: str, *, migrations: Sequence[Migration] = MIGRATIONS) -> AsyncIterator[Database]:
    """`open_database`, closed at the end."""
    database = await open_database(url, migrations=migrations)
    try:
        yield database
    finally:
        await database.close()


def _prepare(url: str) -> Database:
    try:
        parsed = make_url(url)
    except ArgumentError as error:  # its message may hold the password
        raise ConfigurationError(
            "the serving database's address is not a URL", next_step=f"set {DATABASE_VARIABLE} to {EXAMPLE_URL}"
        ) from error
    kind = parsed.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return PostgresDatabase(parsed.set(drivername="postgresql+asyncpg"))
    if kind != "sqlite":
        raise ConfigurationError(
            f"the serving database cannot be {kind!r}: it is SQLite or Postgres",
            next_step=f"set {DATABASE_VARIABLE} to sqlite:///PATH or {EXAMPLE_URL}",
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigurationError(
            "the serving database must be a file: the ledger has to outlive the process",
            next_step="name a path: sqlite:///PATH",
        )
    return SqliteDatabase(parsed.set(drivername="sqlite"))


def _make_private_file(path: Path) -> None:
    """Questions, answers and key hashes are nobody else's: SQLite gives its side files the mode of this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY))


def _prepare_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late and too weak
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # our crash loses nothing; the machine's, the last moments
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a deleted question is overwritten, not only unlinked


def _describe(url: URL) -> str:
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _unavailable(place: str, error: Exception) -> LedgerUnavailableError:
    """Name the database and the driver's own words; SQLAlchemy's would quote the statement with its values."""
    cause = str(getattr(error, "orig", None) or error)
    return LedgerUnavailableError(
        f"the serving database {place} failed: {cause.splitlines()[0] if cause else type(error).__name__}",
        next_step="see that it is reachable and its disk not full: twin doctor",
    )
