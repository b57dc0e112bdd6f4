from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flows.local_key import local_key
from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome
from twin_serve.ledger.database import opened_database, url_of
from twin_serve.ledger.keys import LOCAL_KEY, authenticate, list_keys, revoke_key


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    monkeypatch.delenv("TWIN_DATABASE_URL", raising=False)
    return TwinHome(tmp_path / "home")


async def names(home: TwinHome) -> list[tuple[str, bool]]:
    async with opened_database(url_of(home)) as database:
        return [(one.name, one.revoked_at is None) for one in await list_keys(database)]


async def test_the_first_use_makes_a_home_and_a_key_that_only_its_owner_may_read(home: TwinHome) -> None:
    key = await local_key(home)
    path = home.secrets / "local.key"
    assert path.read_text("utf-8").strip() == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert home.secrets.stat().st_mode & 0o777 == 0o700
    assert home.root.stat().st_mode & 0o077 == 0, "the home holds a person's archive"
    assert open_home(home) == home
    async with opened_database(url_of(home)) as database:
        record = await authenticate(database, key)
    assert record is not None and record.name == LOCAL_KEY


async def test_later_uses_give_the_same_key(home: TwinHome) -> None:
    assert await local_key(home) == await local_key(home)
    assert await names(home) == [(LOCAL_KEY, True)]


async def test_a_lost_or_revoked_key_is_replaced(home: TwinHome) -> None:
    first = await local_key(home)
    (home.secrets / "local.key").unlink()
    second = await local_key(home)
    async with opened_database(url_of(home)) as database:
        assert await authenticate(database, first) is None
        await revoke_key(database, LOCAL_KEY)
    third = await local_key(home)
    assert len({first, second, third}) == 3
    assert sorted(await names(home)) == [(LOCAL_KEY, False), (LOCAL_KEY, False), (LOCAL_KEY, True)]


async def test_two_first_uses_at_once_agree(home: TwinHome) -> None:
    """Each would make a key and revoke the other's."""
    keys = await asyncio.gather(*(local_key(home) for _ in range(4)))
    assert len(set(keys)) == 1
    assert await names(home) == [(LOCAL_KEY, True)]


async def test_a_database_elsewhere_is_used(home: TwinHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    await local_key(home)
    assert (tmp_path / "elsewhere.db").is_file()
    assert not home.serving_database.exists()
