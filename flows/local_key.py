"""The owner's own API key on this machine: made on first use, kept in a file that only this user may read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import AsyncFileLock

from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome
from twin_data.registry.durable import write_file
from twin_serve.ledger.database import open_database, url_of
from twin_serve.ledger.errors import UnknownKeyError
from twin_serve.ledger.keys import LOCAL_KEY, authenticate, create_key, revoke_key

OWNER_ONLY = 0o600


async def local_key(home: TwinHome) -> str:
    """The key that the command line, the flows and the chat page of this machine use."""
    open_home(home)
    path = home.secrets / "local.key"
    # Two first uses at once would each make a key and revoke the other's.
    async with AsyncFileLock(path.with_suffix(".lock")):
        return await _stored_or_new(home, path)


async def _stored_or_new(home: TwinHome, path: Path) -> str:
    database = await open_database(os.environ.get("TWIN_DATABASE_URL") or url_of(home))
    try:
        if path.is_file():
            stored = path.read_text("utf-8").strip()
            if await authenticate(database, stored) is not None:
                return stored
        with suppress(UnknownKeyError):  # none is the usual case; one whose file was lost is held by nobody
            await revoke_key(database, LOCAL_KEY)
        _, plaintext = await create_key(database, LOCAL_KEY)
    finally:
        await database.close()
    write_file(path, f"{plaintext}\n".encode(), mode=OWNER_ONLY)
    return plaintext
