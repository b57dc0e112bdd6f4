"""Who waits for a persona: a run of a deployment for hours, one at a terminal for seconds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import Context
from pathlib import Path

import pytest

from flows import personas
from flows.reporting import listening
from flows.turns import refresh_turn, working_turn
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError

Turn = Callable[[TwinHome, str], AbstractContextManager[None]]
TURNS = pytest.mark.parametrize("turn", [working_turn, refresh_turn])


@TURNS
def test_at_a_terminal_the_other_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: Turn) -> None:
    monkeypatch.setattr(personas, "LOCK_WAIT_S", 0.0)
    home = TwinHome(tmp_path)

    def second() -> None:
        with turn(home, "ada"):
            pytest.fail("two at once")

    with turn(home, "ada"), pytest.raises(PlatformError, match=r"persona 'ada' is being \w+.* by process \d+"):
        Context().run(second)


def test_what_a_refresh_starts_works_in_its_turn_and_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personas, "LOCK_WAIT_S", 0.0)
    home = TwinHome(tmp_path)

    async def evaluation() -> str:
        with refresh_turn(home, "ada"):
            return "within"

    with refresh_turn(home, "ada"):
        assert asyncio.run(evaluation()) == "within"
        with refresh_turn(home, "bob"), pytest.raises(PlatformError, match="'ada' is being built, refreshed"):
            Context().run(asyncio.run, evaluation())
    with personas.refreshing(home, "ada"), pytest.raises(PlatformError, match="'ada' is being built, refreshed"):
        asyncio.run(evaluation())


@TURNS
def test_a_deployments_run_waits_and_says_for_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: Turn) -> None:
    monkeypatch.setattr(personas, "LOCK_WAIT_S", 0.0)
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a deployment's")
    home, is_waiting, said = TwinHome(tmp_path), threading.Event(), []
    order: list[str] = []

    def listen(line: str) -> None:
        said.append(line)
        is_waiting.set()

    def second() -> None:
        with listening(listen), turn(home, "ada"):
            order.append("second")

    with turn(home, "ada"):
        thread = threading.Thread(target=second)
        thread.start()
        assert is_waiting.wait(10)
        order.append("first")
    thread.join()
    assert order == ["first", "second"] and said[0].startswith("waiting for process")
