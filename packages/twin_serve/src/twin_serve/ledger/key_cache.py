"""What was found for a key's hash a moment ago."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from twin_serve.ledger.records import KeyRecord

TTL_S = 2.0
"""A key revoked by another process, such as `twin keys revoke`, still opens the service for this long at most."""
MAX_ENTRIES = 4096


@dataclass
class KeyCache:
    """Answers by hash, also "no such key", kept for `TTL_S`. A revocation by this very process empties it at once."""

    ttl_s: float = TTL_S
    clock: Callable[[], float] = time.monotonic
    _entries: dict[str, tuple[float, KeyRecord | None]] = field(default_factory=dict, repr=False)

    def get(self, key_hash: str) -> tuple[bool, KeyRecord | None]:
        """Whether an answer is known, and the answer."""
        expires_at, record = self._entries.get(key_hash, (0.0, None))
        return (True, record) if self.clock() < expires_at else (False, None)

    def put(self, key_hash: str, record: KeyRecord | None) -> None:
        """Remember an answer; the oldest goes when there are too many, so that made-up keys cannot fill the memory."""
        self._entries.pop(key_hash, None)
        if len(self._entries) >= MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]
        self._entries[key_hash] = (self.clock() + self.ttl_s, record)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
