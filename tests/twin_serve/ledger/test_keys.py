import hashlib
import logging
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from twin_data.contracts.answers import Cost
from twin_data.contracts.releases import MachinePrice
from twin_serve.ledger import key_cache
from twin_serve.ledger.database import Database
from twin_serve.ledger.errors import InvalidKeyError, KeyExistsError, UnknownKeyError
from twin_serve.ledger.key_cache import KeyCache
from twin_serve.ledger.keys import authenticate, create_key, list_keys, revoke_key, used_in_month
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import KeyLimits, KeyRecord, KeyUse, RequestEnd, RequestStart

from .conftest import Clock


async def test_a_key_opens_and_is_known_by_its_limits(database: Database) -> None:
    record, plaintext = await create_key(
        database, "ci", budget_amount=12.34, budget_calls=10, requests_per_minute=5, personas=("ada", "bo")
    )
    assert record.limits == KeyLimits(
        budget_amount=12.34, budget_calls=10, requests_per_minute=5, personas=("ada", "bo")
    )
    assert await authenticate(database, plaintext) == record
    assert await list_keys(database) == (record,)
    assert record.allows("ada") and not record.allows("eve")


async def test_a_key_without_limits_opens_every_persona(database: Database) -> None:
    record, _ = await create_key(database, "free")
    assert record.limits == KeyLimits() and record.allows("anyone")


async def test_keys_are_long_different_and_stored_only_as_a_hash(database: Database) -> None:
    keys = [(await create_key(database, f"key {n}"))[1] for n in range(3)]
    assert len(set(keys)) == 3
    assert all(key.startswith("twin_") and len(key) == len("twin_") + 43 for key in keys)  # 43 × 6 bits ≥ 256
    rows = await database.read(lambda connection: connection.execute(text("SELECT * FROM api_keys")).all())
    stored = repr(rows)
    assert all(key not in stored and key[5:] not in stored for key in keys)
    assert all(hashlib.sha256(key.encode()).hexdigest() in stored for key in keys)


@pytest.mark.parametrize("wrong", ["", "twin_", "twin_" + "A" * 43, "Bearer", "\ud800", "x" * 100_000])
async def test_a_wrong_key_opens_nothing(database: Database, wrong: str) -> None:
    await create_key(database, "ci")
    assert await authenticate(database, wrong) is None
    assert await authenticate(database, wrong) is None  # the remembered answer too


async def test_a_revoked_key_opens_nothing_at_once(database: Database) -> None:
    record, plaintext = await create_key(database, "ci")
    assert await authenticate(database, plaintext) is not None
    revoked = await revoke_key(database, "ci")
    assert revoked.id == record.id and revoked.revoked_at is not None
    assert await authenticate(database, plaintext) is None
    with pytest.raises(UnknownKeyError, match="'ci'"):
        await revoke_key(database, "ci")


async def test_a_key_revoked_elsewhere_opens_nothing_after_two_seconds(database: Database) -> None:
    now = 100.0
    database.key_cache = KeyCache(clock=lambda: now)
    record, plaintext = await create_key(database, "ci")
    assert await authenticate(database, plaintext) == record
    moment = datetime.now(UTC)
    revoke = text("UPDATE api_keys SET revoked_at = :moment")
    await database.write(lambda connection: connection.execute(revoke, {"moment": stored(connection, moment)}))
    now += key_cache.TTL_S - 0.01
    assert await authenticate(database, plaintext) == record
    now += 0.02
    assert await authenticate(database, plaintext) is None


def stored(connection: object, moment: datetime) -> object:
    """A moment for a statement in plain SQL, as the database's driver wants it."""
    is_sqlite = "sqlite" in type(connection.dialect).__module__  # type: ignore[attr-defined]
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if is_sqlite else moment


async def test_a_name_is_free_again_after_its_key_is_revoked_and_ids_name_keys_too(database: Database) -> None:
    first, _ = await create_key(database, "ci")
    with pytest.raises(KeyExistsError, match="'ci'"):
        await create_key(database, "ci")
    await revoke_key(database, first.id)
    second, _ = await create_key(database, "ci")
    assert [key.id for key in await list_keys(database)] == [first.id, second.id]


@pytest.mark.parametrize("name", ["", " ci", "ci\n", "a" * 65, "<b>", "ключ"])
async def test_an_odd_name_is_refused(database: Database, name: str) -> None:
    with pytest.raises(InvalidKeyError, match="key name"):
        await create_key(database, name)


@pytest.mark.parametrize(
    "limits",
    [
        {"budget_calls": 0},
        {"budget_amount": 0.0},
        {"budget_amount": float("nan")},
        {"budget_amount": 1e-12},
        {"budget_amount": 1e30},
        {"requests_per_minute": -1},
    ],
)
async def test_an_odd_limit_is_named(database: Database, limits: dict[str, float]) -> None:
    with pytest.raises(InvalidKeyError, match=next(iter(limits))):
        await create_key(database, "ci", **limits)  # type: ignore[arg-type]


async def test_no_key_is_ever_logged_or_repeated(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, plaintext = await create_key(database, "ci")
    await authenticate(database, plaintext)
    with pytest.raises(UnknownKeyError) as unknown:
        await revoke_key(database, plaintext)
    with pytest.raises(InvalidKeyError) as invalid:
        await create_key(database, plaintext)
    errors = (unknown.value, invalid.value)
    for words in (caplog.text, *(error.message + error.next_step for error in errors)):
        assert plaintext[5:] not in words


def test_made_up_keys_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_cache, "MAX_ENTRIES", 3)
    cache = KeyCache(clock=lambda: 0.0)
    record = KeyRecord(id="key-1", name="a", created_at=datetime.now(UTC), revoked_at=None, limits=KeyLimits())
    for n in range(5):
        cache.put(f"hash {n}", record if n == 4 else None)
    assert cache.get("hash 4") == (True, record)
    assert cache.get("hash 3") == (True, None)
    assert cache.get("hash 0") == (False, None)


async def test_what_a_key_used_counts_in_the_month_in_which_it_was_begun(
    database: Database, ledger: Ledger, clock: Clock
) -> None:
    """The clock stands a minute before December; the request ends in it."""
    record, _ = await create_key(database, "app", budget_amount=1.0)
    price = MachinePrice(per_hour=3.6, currency="EUR")
    start = RequestStart(endpoint="/v1", persona="ada", key=record, price=price, max_llm_seconds=100)
    november = clock.now
    trace = await ledger.begin(start)
    assert await used_in_month(database, november) == {record.id: KeyUse(calls=1, reserved=0.1)}
    clock.forward(minutes=2)
    await ledger.finish(trace.trace_id, RequestEnd(status="ok", cost=Cost(amount=0.05, currency="EUR")))
    assert await used_in_month(database, november) == {record.id: KeyUse(calls=1, spent=0.05)}
    assert await used_in_month(database, clock.now) == {}
