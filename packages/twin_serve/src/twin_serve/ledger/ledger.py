"""The ledger: a row before the work begins, closed whatever becomes of it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Row, bindparam, func, insert, select, update

from twin_data.contracts.answers import Interaction
from twin_serve.ledger.admission import admit, admit_unworked, month_of
from twin_serve.ledger.database import Database
from twin_serve.ledger.errors import LedgerUnavailableError, RefusedError
from twin_serve.ledger.money import to_nano
from twin_serve.ledger.process_identity import ProcessIdentity
from twin_serve.ledger.records import Exchange, RequestEnd, RequestStart, Trace
from twin_serve.ledger.rows import end_values, interaction_of, interaction_row, started_row, unworked_row
from twin_serve.ledger.tables import STARTED, InteractionRow, KeyMonthRow, RequestRow, table_of

STALE_AFTER = timedelta(hours=1)
"""An unfinished row of a process on another machine, which cannot be looked at, counts as dead after this."""
RETRY_S, LONGEST_RETRY_S = 0.5, 60.0
"""Pauses before a closing write that failed is tried again: the first, and the longest of those that double."""
CRASHED = RequestEnd(status="aborted", error_code="process_died")
CLIENT_GONE = RequestEnd(status="aborted", http_status=499, error_code="client_disconnected")

log = logging.getLogger(__name__)
Result = TypeVar("Result")
requests, months, interactions = table_of(RequestRow), table_of(KeyMonthRow), table_of(InteractionRow)
INTERACTION_COLUMNS = ("question", "answer", "mode", "decline_reason", "signals")

BEGIN, KEEP = insert(requests), insert(interactions)
FINISH = (
    update(requests)
    .where(requests.c.trace_id == bindparam("trace"), requests.c.status == STARTED)
    .values(
        status=bindparam("new_status"),
        http_status=bindparam("new_http_status"),
        bundle=func.coalesce(bindparam("new_bundle", type_=requests.c.bundle.type), requests.c.bundle),
        outcome=bindparam("new_outcome"),
        error_code=bindparam("new_error_code"),
        prompt_tokens=bindparam("new_prompt_tokens"),
        completion_tokens=bindparam("new_completion_tokens"),
        seconds=bindparam("new_seconds"),
        seconds_by_stage=bindparam("new_seconds_by_stage"),
        amount_nano=bindparam("new_amount_nano"),
        currency=func.coalesce(bindparam("new_currency", type_=requests.c.currency.type), requests.c.currency),
    )
    .returning(requests.c.key_id, requests.c.created_at, requests.c.reserved_nano)
)
SETTLE = (
    update(months)
    .where(months.c.key_id == bindparam("key"), months.c.month == bindparam("of_month"))
    .values(
        spent_nano=months.c.spent_nano + bindparam("charge", type_=BigInteger),
        reserved_nano=months.c.reserved_nano - bindparam("reserved", type_=BigInteger),
    )
)


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class Ledger:
    """Writes one row a request.

    Every write runs in a task of its own that a cancelled caller does not take along: a client that hangs up
    cancels the handler at its next await, also inside `finally`. So `finish` may be awaited there:

        trace = await ledger.begin(start)
        try:
            ...
        except asyncio.CancelledError:
            await ledger.finish(trace.trace_id, CLIENT_GONE)
            raise
    """

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Write to `database`; call `recover` once before the first request."""
        self._database = database
        self._clock = clock
        self._process = str(ProcessIdentity.current())
        self._pending: set[asyncio.Task[Any]] = set()
        self._ending = asyncio.Event()

    @classmethod
    async def open(cls, database: Database, *, clock: Callable[[], datetime] = utc_now) -> Ledger:
        """A ledger whose dead predecessors' unfinished rows are closed."""
        ledger = cls(database, clock=clock)
        await ledger.recover()
        return ledger

    async def close(self) -> None:
        """Wait until every write has ended; what keeps failing is left to the next start. The database stays open."""
        self._ending.set()
        while self._pending:
            await asyncio.gather(*self._pending, return_exceptions=True)

    async def begin(self, start: RequestStart) -> Trace:
        """Write the request's row and reserve its budget, both or neither, before any work.

        A caller cancelled meanwhile never learns the trace, so its row is closed as aborted.

        Raises:
            RefusedError: A limit of the key does not allow it; the refusal has a row, too.
            LedgerUnavailableError: The row could not be written: do not begin.
        """
        task = self._spawn(self._begin(start))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._abandon)
            raise

    async def fail(self, start: RequestStart, *, http_status: int, error_code: str) -> Trace:
        """Write the failed row of a request turned away before any work, such as one for an unknown model.

        It uses up no budget of the key, and no budget hides the true error; the key's rate it counts against.

        Raises:
            RateLimitedError: The key has made its requests of this minute; the refusal has a row, too.
            LedgerUnavailableError: The row could not be written.
        """
        return await asyncio.shield(self._spawn(self._fail(start, http_status, error_code)))

    async def finish(self, trace_id: str, end: RequestEnd) -> bool:
        """Close a request's row and settle its budget. False if it was closed before: the first word stands.

        An unknown amount settles the budget with what was reserved: a budget would otherwise leak through failures.

        Raises:
            LedgerUnavailableError: The database failed. It is tried again until it lands: nobody else would, and what
                was reserved would block the key for the rest of the month.
        """
        return await asyncio.shield(self._spawn(self._close(trace_id, end)))

    async def record_interaction(self, trace_id: str, exchange: Exchange) -> None:
        """Keep what was asked and answered."""
        row = interaction_row(trace_id, exchange)
        await asyncio.shield(self._spawn(self._database.write(lambda connection: connection.execute(KEEP, row))))

    async def interaction(self, trace_id: str) -> Interaction | None:
        """A finished request with its texts; None if there is none, it still runs, or its texts are gone."""
        statement = (
            select(requests, *(interactions.c[name] for name in INTERACTION_COLUMNS))
            .join(interactions, interactions.c.trace_id == requests.c.trace_id)
            .where(requests.c.trace_id == trace_id, requests.c.status != STARTED)
        )
        row = await self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else interaction_of(row)

    async def recover(self) -> int:
        """Close the unfinished rows of processes that have died; returns how many."""
        unfinished = select(requests.c.trace_id, requests.c.process, requests.c.created_at).where(
            requests.c.status == STARTED
        )
        rows = await self._database.read(lambda connection: connection.execute(unfinished).all())
        stale_before = self._clock() - STALE_AFTER
        dead = {process: _is_dead(process) for process in {row.process for row in rows}}
        closed = 0
        for row in rows:
            if dead[row.process] or (dead[row.process] is None and row.created_at < stale_before):
                closed += await self.finish(row.trace_id, CRASHED)
        if closed:
            log.warning("closed %d requests of processes that died as aborted", closed)
        return closed

    async def _begin(self, start: RequestStart) -> Trace:
        trace = self._new_trace()
        row = started_row(start, trace, self._process)

        def let_in(connection: Connection) -> None:
            admit(connection, start, trace.created_at)
            connection.execute(BEGIN, row)

        return await self._let_in(start, trace, let_in)

    async def _fail(self, start: RequestStart, http_status: int, error_code: str) -> Trace:
        trace, key = self._new_trace(), start.key
        row = unworked_row(start, trace, self._process, http_status, error_code) | {"admitted": True}

        def write(connection: Connection) -> None:
            if key is not None:
                admit_unworked(connection, key, trace.created_at)
            connection.execute(BEGIN, row)

        return await self._let_in(start, trace, write)

    async def _let_in(self, start: RequestStart, trace: Trace, write: Callable[[Connection], None]) -> Trace:
        """Write a request's row where its key's limits allow it; a refused one gets the row of a refusal."""
        try:
            await self._database.write(write)
        except RefusedError as refusal:
            refusal.trace_id = trace.trace_id
            await self._refuse(start, trace, refusal.http_status, refusal.code)
            raise
        return trace

    async def _refuse(self, start: RequestStart, trace: Trace, http_status: int, error_code: str) -> Trace:
        row = unworked_row(start, trace, self._process, http_status, error_code)
        await self._database.write(lambda connection: connection.execute(BEGIN, row))
        return trace

    def _new_trace(self) -> Trace:
        return Trace(trace_id=secrets.token_hex(16), created_at=self._clock())

    async def _close(self, trace_id: str, end: RequestEnd) -> bool:
        try:
            return await self._finish(trace_id, end)
        except LedgerUnavailableError:
            self._spawn(self._close_later(trace_id, end))
            raise

    async def _close_later(self, trace_id: str, end: RequestEnd) -> None:
        """Try again after ever longer pauses, and once more at once when the ledger is closed."""
        pause_s = RETRY_S
        while True:
            is_last = self._ending.is_set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause_s)
            try:
                await self._finish(trace_id, end)
                return
            except LedgerUnavailableError:
                if is_last:
                    raise
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    async def _finish(self, trace_id: str, end: RequestEnd) -> bool:
        amount = None if end.cost.amount is None else to_nano(end.cost.amount)
        values = end_values(trace_id, end, amount)

        def close(connection: Connection) -> bool:
            row = connection.execute(FINISH, values).one_or_none()
            if row is not None and row.key_id is not None:
                _settle(connection, row, amount)
            return row is not None

        return await self._database.write(close)

    def _spawn(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._pending.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._landed)
        return task

    def _landed(self, task: asyncio.Task[Any]) -> None:
        self._pending.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, RefusedError):
            log.error("the ledger could not be written: %s", error)  # its caller may be gone and never hear of it

    def _abandon(self, task: asyncio.Task[Trace]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._spawn(self._close(task.result().trace_id, CLIENT_GONE))


def _is_dead(process: str) -> bool | None:
    """Whether the process has died; None if it lives where we cannot look."""
    identity = ProcessIdentity.parse(process)
    return not identity.is_alive if identity.is_here else None


def _settle(connection: Connection, row: Row[Any], amount: int | None) -> None:
    charge = row.reserved_nano if amount is None else amount
    values = {"key": row.key_id, "of_month": month_of(row.created_at), "charge": charge, "reserved": row.reserved_nano}
    connection.execute(SETTLE, values)
