"""API keys: made once, shown once, stored as a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime

from pydantic import ValidationError
from sqlalchemy import Row, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from twin_serve.ledger.admission import month_of
from twin_serve.ledger.database import Database
from twin_serve.ledger.errors import InvalidKeyError, KeyExistsError, UnknownKeyError
from twin_serve.ledger.money import from_nano, to_nano
from twin_serve.ledger.records import KeyLimits, KeyRecord, KeyUse
from twin_serve.ledger.tables import KeyMonthRow, KeyRow, table_of

PREFIX = "twin_"
TOKEN_BYTES = 32
LOCAL_KEY = "this machine"
"""Name of the owner's own key, which the command line and the flows of this machine use."""
KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@+-]{0,63}")
keys_table, months = table_of(KeyRow), table_of(KeyMonthRow)
BY_HASH = select(keys_table).where(keys_table.c.key_hash == bindparam("hash"))


async def create_key(
    database: Database,
    name: str,
    *,
    budget_amount: float | None = None,
    budget_calls: int | None = None,
    requests_per_minute: int | None = None,
    personas: tuple[str, ...] | None = None,
) -> tuple[KeyRecord, str]:
    """Make a key; returns its record and the key itself, which cannot be had again.

    Raises:
        InvalidKeyError: The name or a limit is not possible.
        KeyExistsError: A key that is not revoked has this name.
    """
    _check_name(name)
    limits = _limits(budget_amount, budget_calls, requests_per_minute, personas)
    plaintext = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    record = KeyRecord(
        id=f"key-{secrets.token_hex(6)}", name=name, created_at=datetime.now(UTC), revoked_at=None, limits=limits
    )
    row = {
        "id": record.id,
        "name": name,
        "key_hash": hash_of(plaintext),
        "created_at": record.created_at,
        "budget_nano": None if budget_amount is None else to_nano(budget_amount),
        "budget_calls": budget_calls,
        "requests_per_minute": requests_per_minute,
        "personas": None if personas is None else list(personas),
        "revoked_at": None,
    }
    try:
        await database.write(lambda connection: connection.execute(insert(keys_table), row))
    except IntegrityError as error:
        raise KeyExistsError(
            f"there is a key named {name!r} already", next_step=f"choose another name, or: twin keys revoke {name!r}"
        ) from error
    return record, plaintext


async def list_keys(database: Database) -> tuple[KeyRecord, ...]:
    """Every key, revoked ones too, oldest first."""
    statement = select(keys_table).order_by(keys_table.c.created_at, keys_table.c.id)
    rows = await database.read(lambda connection: connection.execute(statement).all())
    return tuple(_record(row) for row in rows)


async def used_in_month(database: Database, now: datetime) -> dict[str, KeyUse]:
    """What each key has used up in the month of `now`, by the key's id; a key that has used nothing may be missing."""
    statement = select(months).where(months.c.month == month_of(now))
    rows = await database.read(lambda connection: connection.execute(statement).all())
    return {
        row.key_id: KeyUse(calls=row.calls, spent=from_nano(row.spent_nano), reserved=from_nano(row.reserved_nano))
        for row in rows
    }


async def revoke_key(database: Database, name_or_id: str) -> KeyRecord:
    """Revoke a key. This process feels it at once, others within the cache's two seconds.

    Raises:
        UnknownKeyError: No key that is not revoked has this name or id.
    """
    named = or_(keys_table.c.name == name_or_id, keys_table.c.id == name_or_id)
    active = update(keys_table).where(named, keys_table.c.revoked_at.is_(None))
    revoke = active.values(revoked_at=datetime.now(UTC)).returning(keys_table)
    row = await database.write(lambda connection: connection.execute(revoke).one_or_none())
    database.key_cache.clear()
    if row is None:
        shown = f"{PREFIX}…" if name_or_id.startswith(PREFIX) else name_or_id
        raise UnknownKeyError(f"no active key has the name or id {shown!r}", next_step="twin keys list")
    return _record(row)


async def authenticate(database: Database, plaintext: str) -> KeyRecord | None:
    """The key's record; None if there is no such key or it is revoked.

    The work is the same for a right and a wrong key: one hash, one look-up by the hash, of which a caller cannot steer
    a prefix. Answers are kept for two seconds (`key_cache`), which is how long another process's revocation may take.
    """
    key_hash = hash_of(plaintext)
    known, record = database.key_cache.get(key_hash)
    if known:
        return record
    row = await database.read(lambda connection: connection.execute(BY_HASH, {"hash": key_hash}).one_or_none())
    matches = hmac.compare_digest(key_hash, row.key_hash if row is not None else "")
    record = _record(row) if row is not None and matches and row.revoked_at is None else None
    database.key_cache.put(key_hash, record)
    return record


def hash_of(plaintext: str) -> str:
    """What is stored of a key. No salt and no slow hash: there are 256 random bits in it, not a password."""
    return hashlib.sha256(plaintext.encode("utf-8", "surrogatepass")).hexdigest()


def _check_name(name: str) -> None:
    if name.startswith(PREFIX):  # most likely a key pasted in the wrong place: do not repeat it
        raise InvalidKeyError(f"a key's name must not start with {PREFIX!r}: keys do", next_step="choose another name")
    if not KEY_NAME.fullmatch(name):
        raise InvalidKeyError(
            f"key name {name!r} must start with a letter or digit and hold only those, space and . _ @ + -, at most 64",
            next_step="choose another name, for example 'newsletter'",
        )


def _limits(
    amount: float | None, calls: int | None, per_minute: int | None, personas: tuple[str, ...] | None
) -> KeyLimits:
    try:
        return KeyLimits(budget_amount=amount, budget_calls=calls, requests_per_minute=per_minute, personas=personas)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise InvalidKeyError(
            f"{problem['loc'][0]} is {problem['input']!r}: {problem['msg']}", next_step="leave it out for no limit"
        ) from error


def _record(row: Row[tuple[object, ...]]) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        limits=KeyLimits(
            budget_amount=None if row.budget_nano is None else from_nano(row.budget_nano),
            budget_calls=row.budget_calls,
            requests_per_minute=row.requests_per_minute,
            personas=None if row.personas is None else tuple(row.personas),
        ),
    )
