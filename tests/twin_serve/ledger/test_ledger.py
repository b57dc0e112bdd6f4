import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, text

from twin_data.contracts.answers import AnswerOutcome, Cost
from twin_data.contracts.releases import MachinePrice
from twin_serve.ledger.database import Database, opened_database
from twin_serve.ledger.errors import LedgerUnavailableError
from twin_serve.ledger.keys import create_key
from twin_serve.ledger.ledger import CLIENT_GONE, Ledger
from twin_serve.ledger.process_identity import ProcessIdentity
from twin_serve.ledger.records import Exchange, RequestEnd, RequestStart

START = RequestStart(
    endpoint="/v1/chat/completions", persona="ada", bundle="0123456789ab", user="grace", feature="newsletter"
)
COST = Cost(prompt_tokens=700, completion_tokens=40, seconds=2.5, amount=0.0012, currency="EUR")
OK = RequestEnd(
    status="ok",
    http_status=200,
    cost=COST,
    seconds_by_stage={"retrieve": 0.1, "llm": 2.2, "verify": 0.2},
    outcome=AnswerOutcome.GENERATED,
)

CRASH = """
import asyncio, sys
from twin_serve.ledger.database import open_database
from twin_serve.ledger.keys import authenticate
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import RequestStart
async def main():
    database = await open_database(sys.argv[1])
    ledger = await Ledger.open(database)
    key = await authenticate(database, sys.argv[2])
    start = RequestStart(endpoint="/v1/chat/completions", persona="ada", key=key, max_llm_seconds=2.0,
                         price={"per_hour": 3600.0})
    trace = await ledger.begin(start)
    print(trace.trace_id, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_a_closing_write_that_fails_is_tried_until_it_lands(
    database: Database, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = await create_key(database, "ci", budget_amount=1.0)
    start = RequestStart(
        endpoint="/v1", persona="ada", key=key, price=MachinePrice(per_hour=3600.0), max_llm_seconds=1.0
    )
    trace, real, failures = await ledger.begin(start), database.write, iter(range(3))

    async def flaky(work: Any) -> Any:
        if next(failures, None) is not None:
            raise LedgerUnavailableError("the database is locked")
        return await real(work)

    monkeypatch.setattr("twin_serve.ledger.ledger.RETRY_S", 0.01)
    monkeypatch.setattr(database, "write", flaky)
    with pytest.raises(LedgerUnavailableError):
        await ledger.finish(trace.trace_id, RequestEnd(status="ok", cost=Cost(amount=0.0)))
    while ledger._pending:
        await asyncio.sleep(0.01)
    await ledger.begin(start)  # nothing is reserved any more


async def test_a_ledger_that_is_closed_gives_up_a_write_that_keeps_failing(
    database: Database, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = await ledger.begin(RequestStart(endpoint="/v1", persona="ada"))

    async def failing(work: Any) -> Any:
        raise LedgerUnavailableError("the disk is full")

    monkeypatch.setattr(database, "write", failing)
    with pytest.raises(LedgerUnavailableError):
        await ledger.finish(trace.trace_id, RequestEnd(status="ok"))
    await asyncio.wait_for(ledger.close(), 5)


async def row_of(database: Database, trace_id: str) -> Row[Any]:
    query = text("SELECT * FROM requests WHERE trace_id = :trace_id")
    return await database.read(lambda connection: connection.execute(query, {"trace_id": trace_id}).one())


async def all_rows(database: Database) -> list[Row[Any]]:
    return list(await database.read(lambda connection: connection.execute(text("SELECT * FROM requests")).all()))


async def test_the_row_stands_before_the_work_and_says_at_the_end_what_it_took(
    database: Database, ledger: Ledger
) -> None:
    trace = await ledger.begin(START)
    row = await row_of(database, trace.trace_id)
    assert (row.status, row.persona, row.user_name, row.feature) == ("started", "ada", "grace", "newsletter")
    assert row.day == "2026-11-30" and row.amount_nano is None
    assert await ledger.finish(trace.trace_id, OK)
    row = await row_of(database, trace.trace_id)
    assert (row.status, row.http_status, row.outcome, row.bundle) == ("ok", 200, "generated", "0123456789ab")
    assert (row.prompt_tokens, row.completion_tokens, row.seconds) == (700, 40, 2.5)
    assert (row.amount_nano, row.currency) == (1_200_000, "EUR")
    assert "llm" in str(row.seconds_by_stage)


async def test_the_first_end_stands(database: Database, ledger: Ledger) -> None:
    trace = await ledger.begin(START)
    assert await ledger.finish(trace.trace_id, OK)
    assert not await ledger.finish(trace.trace_id, CLIENT_GONE)
    assert not await ledger.finish("unknown", OK)
    assert (await row_of(database, trace.trace_id)).status == "ok"


async def test_a_bundle_known_only_at_the_end_is_written_then(database: Database, ledger: Ledger) -> None:
    trace = await ledger.begin(START.model_copy(update={"bundle": None}))
    await ledger.finish(trace.trace_id, OK.model_copy(update={"bundle": "ffffffffffff"}))
    assert (await row_of(database, trace.trace_id)).bundle == "ffffffffffff"


async def test_an_unknown_price_is_null_and_never_zero(database: Database, ledger: Ledger) -> None:
    unknown, free = await ledger.begin(START), await ledger.begin(START)
    await ledger.finish(unknown.trace_id, OK.model_copy(update={"cost": Cost(seconds=1.0)}))
    await ledger.finish(free.trace_id, OK.model_copy(update={"cost": Cost(seconds=1.0, amount=0.0, currency="EUR")}))
    assert (await row_of(database, unknown.trace_id)).amount_nano is None
    assert (await row_of(database, free.trace_id)).amount_nano == 0


async def test_a_client_gone_in_mid_stream_leaves_an_aborted_row(database: Database, ledger: Ledger) -> None:
    begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handler() -> None:
        trace = await ledger.begin(START)
        begun.set_result(trace.trace_id)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            asyncio.get_running_loop().call_soon(task.cancel)  # as anyio does: cancelled again at the next await
            await ledger.finish(trace.trace_id, CLIENT_GONE)
            raise

    task = asyncio.create_task(handler())
    trace_id = await begun
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ledger.close()
    row = await row_of(database, trace_id)
    assert (row.status, row.http_status, row.error_code) == ("aborted", 499, "client_disconnected")


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
async def test_a_caller_cancelled_inside_begin_leaves_no_row_open(
    database: Database, ledger: Ledger, turns: int
) -> None:
    key, _ = await create_key(database, "ci", budget_amount=10.0)
    start = START.model_copy(update={"key": key, "price": MachinePrice(per_hour=3600), "max_llm_seconds": 4.0})
    task = asyncio.create_task(ledger.begin(start))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ledger.close()
    assert {row.status for row in await all_rows(database)} <= {"aborted"}
    assert len(await all_rows(database)) == (0 if turns == 0 else 1)  # at 0 begin had not even been entered
    query = text("SELECT COALESCE(SUM(reserved_nano), 0) FROM key_months")
    assert await database.read(lambda connection: connection.execute(query).scalar()) == 0


async def test_a_killed_process_s_request_becomes_aborted_and_its_budget_is_settled(
    fresh_url: Callable[[], str],
) -> None:
    url = fresh_url()
    async with opened_database(url) as database:
        _, plaintext = await create_key(database, "ci", budget_amount=10.0)
        child = subprocess.Popen([sys.executable, "-c", CRASH, url, plaintext], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        trace_id = await asyncio.to_thread(child.stdout.readline)
        trace_id = trace_id.strip()
        alive = await Ledger.open(database)  # the other process lives: its row is its own
        assert (await row_of(database, trace_id)).status == "started"
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        reopened = await Ledger.open(database)
        row = await row_of(database, trace_id)
        assert (row.status, row.error_code, row.amount_nano) == ("aborted", "process_died", None)
        query = text("SELECT spent_nano, reserved_nano FROM key_months")
        spent = await database.read(lambda connection: connection.execute(query).one())
        assert tuple(spent) == (2_000_000_000, 0)  # it may have cost that much
        assert await reopened.recover() == 0
        await alive.close()
        await reopened.close()


async def test_a_row_of_this_living_process_is_not_touched(database: Database, ledger: Ledger) -> None:
    trace = await ledger.begin(START)
    assert await ledger.recover() == 0
    assert (await row_of(database, trace.trace_id)).status == "started"


async def test_a_row_from_another_machine_is_closed_only_when_it_is_old(
    database: Database, ledger: Ledger, clock
) -> None:
    trace = await ledger.begin(START)
    move = text("UPDATE requests SET process = :process")
    elsewhere = str(ProcessIdentity(place="other host/pid:[1]", pid=1, born="boot:1"))
    await database.write(lambda connection: connection.execute(move, {"process": elsewhere}))
    clock.forward(minutes=59)
    assert await ledger.recover() == 0
    clock.forward(minutes=2)
    assert await ledger.recover() == 1
    assert (await row_of(database, trace.trace_id)).status == "aborted"


def test_a_process_id_given_to_another_process_is_a_dead_one() -> None:
    current = ProcessIdentity.current()
    assert ProcessIdentity.parse(str(current)) == current
    assert current.is_here and current.is_alive
    assert not ProcessIdentity(place=current.place, pid=current.pid, born="earlier:1").is_alive


async def test_texts_are_kept_apart_and_come_back_with_the_figures(database: Database, ledger: Ledger) -> None:
    trace = await ledger.begin(START)
    await ledger.record_interaction(
        trace.trace_id,
        Exchange(
            question="Why?",
            answer="Because. [1]",
            mode="write",
            decline_reason="model_declined",
            signals={"top_cosine": 0.61, "answerability": None},
        ),
    )
    assert await ledger.interaction(trace.trace_id) is None  # it still runs
    await ledger.finish(trace.trace_id, OK)
    interaction = await ledger.interaction(trace.trace_id)
    assert interaction is not None
    assert (interaction.question, interaction.answer) == ("Why?", "Because. [1]")
    assert (interaction.mode, interaction.decline_reason) == ("write", "model_declined")
    assert interaction.signals == {"top_cosine": 0.61, "answerability": None}
    assert interaction.cost == COST and interaction.created_at == trace.created_at
    assert (interaction.persona, interaction.user, interaction.outcome) == ("ada", "grace", AnswerOutcome.GENERATED)
    assert "Why?" not in repr(await all_rows(database))


async def test_what_no_database_can_hold_is_replaced(database: Database, ledger: Ledger) -> None:
    trace = await ledger.begin(START.model_copy(update={"user": "a\0b\ud800", "feature": "x" * 5000}))
    await ledger.record_interaction(trace.trace_id, Exchange.model_construct(question="\ud83d\0?", answer="😀"))
    await ledger.finish(trace.trace_id, OK)
    interaction = await ledger.interaction(trace.trace_id)
    assert interaction is not None
    assert (interaction.user, interaction.question, interaction.answer) == ("ab?", "??", "😀")


async def test_a_database_that_fails_refuses_the_request_and_a_lost_end_is_logged(
    database: Database, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    trace = await ledger.begin(START)
    await database.write(lambda connection: connection.execute(text("ALTER TABLE requests RENAME TO gone")))
    with pytest.raises(LedgerUnavailableError) as caught:
        await ledger.begin(START)
    assert caught.value.http_status == 503 and "grace" not in caught.value.message
    with caplog.at_level(logging.ERROR), pytest.raises(LedgerUnavailableError):
        await ledger.finish(trace.trace_id, OK)
    assert "could not be written" in caplog.text
    await database.write(lambda connection: connection.execute(text("ALTER TABLE gone RENAME TO requests")))


async def test_a_process_that_starts_anew_finds_its_predecessor_s_clock_irrelevant(
    database: Database, ledger: Ledger, clock
) -> None:
    trace = await ledger.begin(START)
    clock.forward(days=2)
    assert await ledger.recover() == 0  # old, but its process can be seen to live
    assert clock.now - trace.created_at == timedelta(days=2)


async def test_a_full_disk_is_named_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    async with opened_database(f"sqlite:///{tmp_path / 'serving.db'}") as database:
        ledger = await Ledger.open(database)
        trace = await ledger.begin(START)
        # SQLite refuses a page beyond this count with the very error of a full disk.
        await database.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1")).scalar())
        with pytest.raises(LedgerUnavailableError, match="disk is full"):
            for _ in range(200):
                await ledger.record_interaction(
                    (await ledger.begin(START)).trace_id, Exchange(question="?" * 5000, answer="")
                )
        await database.write(lambda connection: connection.execute(text("PRAGMA max_page_count = 1000000")).scalar())
        before = len(await all_rows(database))
        await ledger.begin(START)
        assert len(await all_rows(database)) == before + 1
        assert await ledger.finish(trace.trace_id, OK)
        await ledger.close()
