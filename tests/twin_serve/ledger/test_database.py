import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, select, text

from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError, StoreError
from twin_serve.ledger.database import Database, open_database, opened_database, url_of
from twin_serve.ledger.errors import LedgerUnavailableError
from twin_serve.ledger.migrations import MIGRATIONS, Migration, latest_version
from twin_serve.ledger.tables import Base, InteractionRow, table_of


async def scalar(database: Database, statement: str) -> object:
    return await database.read(lambda connection: connection.execute(text(statement)).scalar())


async def test_a_new_database_has_every_table_and_the_latest_version(database: Database) -> None:
    tables = await database.read(lambda connection: set(inspect(connection).get_table_names()))
    assert tables == set(Base.metadata.tables)
    assert await scalar(database, "SELECT version FROM schema_version") == latest_version(MIGRATIONS)


async def test_an_older_database_takes_every_step_in_order_and_none_twice(fresh_url: Callable[[], str]) -> None:
    url = fresh_url()
    done: list[int] = []

    def step(version: int) -> Migration:
        def apply(connection: Connection) -> None:
            done.append(version)
            connection.execute(text(f"CREATE TABLE step_{version} (id INTEGER)"))

        return Migration(to_version=version, what=f"step {version}", apply=apply)

    async with opened_database(url, migrations=()):
        pass
    for _ in range(2):
        async with opened_database(url, migrations=(step(2), step(3))) as database:
            assert await scalar(database, "SELECT version FROM schema_version") == 3
    assert done == [2, 3]
    with pytest.raises(StoreError, match="version 3; this program knows 2"):
        await open_database(url)
    async with opened_database(url, migrations=(step(2), step(3))) as database:
        await database.write(lambda connection: [connection.execute(text(f"DROP TABLE step_{n}")) for n in (2, 3)])


async def test_a_step_that_fails_leaves_the_version_and_the_tables_as_they_were(fresh_url: Callable[[], str]) -> None:
    url = fresh_url()
    async with opened_database(url, migrations=()):
        pass

    def breaks(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        raise StoreError("no")

    with pytest.raises(StoreError, match="no"):
        await open_database(url, migrations=(Migration(to_version=2, what="breaks", apply=breaks),))
    async with opened_database(url, migrations=()) as database:
        assert not await database.read(lambda connection: inspect(connection).has_table("half"))


async def test_interactions_of_the_first_version_are_kept_and_were_all_answers(fresh_url: Callable[[], str]) -> None:
    url = fresh_url()
    first = (
        "DROP TABLE interactions",
        "CREATE TABLE interactions (trace_id TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL)",
        "INSERT INTO interactions VALUES ('t-1', 'Why?', 'Because.')",
    )
    async with opened_database(url, migrations=()) as database:
        await database.write(lambda connection: [connection.execute(text(statement)) for statement in first])
    async with opened_database(url) as database:
        table = table_of(InteractionRow)
        (row,) = await database.read(lambda connection: connection.execute(select(table)).all())
        assert row._asdict() == {
            "trace_id": "t-1", "question": "Why?", "answer": "Because.", "mode": "answer", "decline_reason": None,
            "signals": {},
        }  # fmt: skip


def test_a_registry_with_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3\]"):
        latest_version([Migration(to_version=3, what="too far", apply=lambda _: None)])


async def test_sqlite_writes_ahead_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "serving.db"
    async with opened_database(f"sqlite+aiosqlite:///{path}") as database:
        assert await scalar(database, "PRAGMA journal_mode") == "wal"
        assert await scalar(database, "PRAGMA synchronous") == 1  # NORMAL
        assert await scalar(database, "PRAGMA busy_timeout") == 10_000
        assert {side.stat().st_mode & 0o777 for side in path.parent.iterdir()} == {0o600}
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT version FROM schema_version").fetchone() == (latest_version(MIGRATIONS),)
    plain.close()


async def test_all_who_create_the_same_database_at_once_succeed(fresh_url: Callable[[], str]) -> None:
    url = fresh_url()
    databases = await asyncio.gather(*(open_database(url) for _ in range(8)))
    assert [await scalar(database, "SELECT COUNT(*) FROM schema_version") for database in databases] == [1] * 8
    for database in databases:
        await database.close()


async def test_a_writer_waits_for_a_writer_of_another_process(tmp_path: Path) -> None:
    path = tmp_path / "serving.db"
    async with opened_database(f"sqlite:///{path}") as database:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.create_task(
            database.write(lambda connection: connection.execute(text("UPDATE schema_version SET version = 1")))
        )
        await asyncio.sleep(0.1)
        assert not write.done()
        other.execute("COMMIT")
        await write
        other.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("mysql://user:hunter2@host/name", "cannot be 'mysql'"),
        ("hunter2 is no URL", "not a URL"),
    ],
)
async def test_a_wrong_url_is_explained_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        await open_database(url)
    assert "hunter2" not in caught.value.message + caught.value.next_step
    assert caught.value.next_step


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "serving.db"
    path.write_text("these are not the pages you are looking for " * 40)
    with pytest.raises(LedgerUnavailableError, match=r"serving\.db failed: file is not a database"):
        await open_database(f"sqlite:///{path}")


async def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(LedgerUnavailableError, match=r"127\.0\.0\.1:47999") as caught:
        await open_database("postgresql://user:hunter2@127.0.0.1:47999/name")
    assert "hunter2" not in caught.value.message


def test_the_url_is_the_home_s_file_unless_the_environment_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = TwinHome(tmp_path)
    monkeypatch.delenv("TWIN_DATABASE_URL", raising=False)
    assert url_of(home) == f"sqlite:///{tmp_path}/serving.db"
    monkeypatch.setenv("TWIN_DATABASE_URL", "postgresql://host/name")
    assert url_of(home) == "postgresql://host/name"


def test_importing_the_ledger_imports_none_of_the_heavy_packages() -> None:
    program = (
        "import sys, twin_serve.ledger.ledger, twin_serve.ledger.keys, twin_serve.ledger.usage;"
        "print(sorted({'torch', 'polars', 'distilabel', 'vllm', 'prefect', 'transformers'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
