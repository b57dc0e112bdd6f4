"""What `monitor-twin` reads, says and announces, without servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.events import Event

from flows import drift_events, live_interactions, monitor_twin
from flows.cli.monitoring import render
from flows.drift_events import announce
from flows.live_interactions import interaction_pages
from flows.monitor_twin import read_ledger
from flows.personas import create_persona
from flows.recipes import Recipe
from flows.reporting import listening
from flows.schedules import ScheduleSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.answers import AnswerOutcome, Cost, Interaction
from twin_data.contracts.monitoring import DriftReport, DriftVerdict, ForeignShare, Mover, ReferenceKind
from twin_eval.monitoring.config import MonitoringConfig
from twin_serve.ledger.database import opened_database
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import Exchange, RequestEnd, RequestStart

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Window = Callable[..., DriftReport]
CORPUS = "champion corpus"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'serving.db'}"


async def record(url: str, at: datetime, persona: str = "ada", *, ends: bool = True, kept: bool = True) -> str:
    """One request as the service writes it."""
    async with opened_database(url) as database:
        ledger = await Ledger.open(database, clock=lambda: at)
        trace = await ledger.begin(RequestStart(endpoint="/v1/chat/completions", persona=persona))
        if kept:
            exchange = Exchange(question="What of the rope?", answer="It holds.", signals={"top_cosine": 0.5})
            await ledger.record_interaction(trace.trace_id, exchange)
        if ends:
            cost = Cost(seconds=1.5)
            await ledger.finish(trace.trace_id, RequestEnd(status="ok", outcome=AnswerOutcome.GENERATED, cost=cost))
        await ledger.close()
    return trace.trace_id


async def finished_interactions(url: str, persona: str, since: datetime | None) -> tuple[Interaction, ...]:
    return tuple([one async for page in interaction_pages(url, persona, since) for one in page])


async def test_finished_interactions_of_one_persona_are_read_oldest_first(url: str) -> None:
    late = await record(url, NOW + timedelta(minutes=2))
    early = await record(url, NOW)
    await record(url, NOW, "ben")
    await record(url, NOW, kept=False)
    found = await finished_interactions(url, "ada", None)
    assert [one.trace_id for one in found] == [early, late]
    assert found[0].signals == {"top_cosine": 0.5} and found[0].cost.seconds == 1.5


async def test_what_still_runs_is_read_when_it_has_ended(url: str) -> None:
    async with opened_database(url) as database:
        ledger = await Ledger.open(database, clock=lambda: NOW)
        trace = await ledger.begin(RequestStart(endpoint="/v1/chat/completions", persona="ada"))
        await ledger.record_interaction(trace.trace_id, Exchange(question="?", answer=""))
        assert await finished_interactions(url, "ada", None) == ()
        await ledger.finish(trace.trace_id, RequestEnd(status="failed"))
        (found,) = await finished_interactions(url, "ada", NOW)
        assert found.status == "failed"
        await ledger.close()


async def test_reading_goes_on_from_a_moment(url: str) -> None:
    for minute in range(3):
        await record(url, NOW + timedelta(minutes=minute))
    assert len(await finished_interactions(url, "ada", NOW + timedelta(minutes=1))) == 2


async def test_every_page_is_read_also_of_requests_of_one_moment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_interactions, "PAGE_ROWS", 2)
    traces = [await record(url, at) for at in (NOW, NOW, NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=1))]
    pages = [page async for page in interaction_pages(url, "ada", None)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(one.trace_id for page in pages for one in page) == sorted(traces)


class Scored:
    """Stands for the tables: so many traces are scored, the newest of them at this moment."""

    def __init__(self, traces: set[str]) -> None:
        self.traces = traces

    def scored_until(self, now: datetime) -> datetime | None:
        return NOW if self.traces else None

    def unscored(self, interactions: Sequence[Interaction]) -> tuple[Interaction, ...]:
        return tuple(one for one in interactions if one.trace_id not in self.traces)


def test_each_pass_gets_further_however_many_requests_an_hour_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_interactions, "PAGE_ROWS", 2)
    monkeypatch.setattr(monitor_twin, "ENOUGH_AT_ONCE", 3)
    monkeypatch.setattr(monitor_twin, "url_of", lambda home: f"sqlite:///{tmp_path / 'serving.db'}")
    asked = [asyncio.run(record(monitor_twin.url_of(None), NOW + timedelta(minutes=at))) for at in range(7)]
    tables, sizes, said = Scored(set()), [], []
    for _ in range(4):
        with listening(said.append):
            found = read_ledger.fn(TwinHome(tmp_path), "ada", tables)
        sizes.append(len(found))
        tables.traces |= {one.trace_id for one in found}
    assert sizes == [4, 3, 0, 0] and tables.traces == set(asked)
    assert sum("the next one goes on" in one for one in said) == 2


@pytest.fixture
def window() -> Window:
    def make(name: str = "w1", verdict: DriftVerdict = DriftVerdict.DRIFTED, **fields: Any) -> DriftReport:
        foreign = ForeignShare(
            share=0.4, reference_share=0.01, limit=0.1, p_value=0.0002, threshold=0.01, n_current=30, n_reference=40
        )
        return DriftReport(
            **{
                "persona": "ada", "window": name, "created_at": NOW, "verdict": verdict, "interactions": 30,
                "needed": 30, "first_at": NOW, "last_at": NOW, "bundles": ("0123456789ab",),
                "reference": ReferenceKind.EVALUATION, "foreign": foreign, "columns": (), "drifted_share": None,
                "new_writing": None, "moved": (Mover.USERS,), "reasons": ("40% foreign",), "html": "reports/ada/w1.html",
                **fields,
            }
        )  # fmt: skip

    return make


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    monkeypatch.setattr(drift_events, "send", lambda event: events.append(event.model_dump(mode="json")))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    return events


def test_a_drifted_window_is_announced_once(window: Window, emitted: list[dict[str, Any]], tmp_path: Path) -> None:
    assert announce((window(),), "ada", tmp_path, CORPUS)
    assert not announce((window(), window("w2", DriftVerdict.STABLE)), "ada", tmp_path, CORPUS)
    later = window("w3", created_at=NOW + timedelta(days=1))
    assert announce((window(), later), "ada", tmp_path, CORPUS)
    assert [one["resource"]["twin.window"] for one in emitted] == ["w1", "w3"]
    assert emitted[0]["resource"]["prefect.resource.id"] == "twin.persona.ada"
    assert emitted[0]["payload"]["summary"] == "drifted: users moved: 40% foreign"


def test_a_drift_that_goes_on_is_announced_once_a_day_unless_something_else_moves(
    window: Window, emitted: list[dict[str, Any]], tmp_path: Path
) -> None:
    """A busy twin fills a window an hour, and each would start a refresh of the same sources."""

    def at(hour: int, *moved: Mover) -> DriftReport:
        return window(f"h{hour}", created_at=NOW + timedelta(hours=hour), moved=moved)

    windows = [at(hour, Mover.USERS) for hour in range(23)]
    said: list[str] = []
    with listening(said.append):
        for end in range(1, 24):
            announce(tuple(windows[:end]), "ada", tmp_path, CORPUS)
    assert [one["resource"]["twin.window"] for one in emitted] == ["h0"]
    assert "asked for at 2026-03-01 12:00 UTC for the same reason" in said[-1]
    windows.append(at(23, Mover.USERS, Mover.MODEL))
    assert announce(tuple(windows), "ada", tmp_path, CORPUS), "the model has not been spoken of"
    calm = window("calm", DriftVerdict.STABLE, created_at=NOW + timedelta(hours=60), moved=())
    assert not announce((*windows, at(24, Mover.USERS), calm), "ada", tmp_path, CORPUS), "nor when it is long over"
    assert announce((*windows, at(47, Mover.USERS)), "ada", tmp_path, CORPUS)


def test_new_writing_alone_is_announced_once_a_champion_and_corpus(
    window: Window, emitted: list[dict[str, Any]], tmp_path: Path
) -> None:
    windows = [window(f"w{at}", moved=(Mover.WRITING,)) for at in range(4)]
    assert announce((windows[0],), "ada", tmp_path, CORPUS)
    assert not announce((*windows[:2],), "ada", tmp_path, CORPUS)
    users = window("users", moved=(Mover.USERS,))
    assert announce((*windows[:2], users, windows[2]), "ada", tmp_path, CORPUS), "it is not covered up"
    assert not announce((*windows[:2], users, windows[2]), "ada", tmp_path, CORPUS), "nor said again"
    assert announce((*windows[:2], users, *windows[2:]), "ada", tmp_path, "champion other-corpus")
    assert [one["resource"]["twin.window"] for one in emitted] == ["w0", "users", "w3"]


def test_new_writing_that_was_announced_with_more_is_not_announced_again(
    window: Window, emitted: list[dict[str, Any]], tmp_path: Path
) -> None:
    both, alone = window("w1", moved=(Mover.USERS, Mover.WRITING)), window("w2", moved=(Mover.WRITING,))
    assert announce((both,), "ada", tmp_path, CORPUS)
    assert not announce((both, alone), "ada", tmp_path, CORPUS)


def test_an_announcement_cut_short_is_made_again_under_the_same_id(
    window: Window, emitted: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(drift_events, "write_file", die)
        with pytest.raises(OSError, match="disk full"):
            announce((window(),), "ada", tmp_path, CORPUS)
    assert announce((window(),), "ada", tmp_path, CORPUS)
    assert len(emitted) == 2 and emitted[0]["id"] == emitted[1]["id"]


def test_what_the_server_did_not_take_is_said_again(
    window: Window, emitted: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(event: Event) -> None:
        raise httpx.ConnectError("connection refused")

    said: list[str] = []
    with monkeypatch.context() as away, listening(said.append):
        away.setattr(drift_events, "send", refuse)
        assert not announce((window(),), "ada", tmp_path, CORPUS)
    assert "which the next pass says again: connection refused" in said[0]
    assert announce((window(),), "ada", tmp_path, CORPUS) and len(emitted) == 1


def test_an_event_is_sent_before_it_counts_as_said(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, Any]] = []
    answers = iter([204, 503])

    class Client:
        def request(self, method: str, path: str, json: Any) -> httpx.Response:
            asked.append((method, path, json))
            return httpx.Response(next(answers), request=httpx.Request(method, f"http://127.0.0.1:1{path}"))

    monkeypatch.setattr(drift_events, "get_client", lambda *, sync_client: nullcontext(Client()))
    event = drift_events.drift_event(window(), "ada")
    drift_events.send(event)
    ((method, path, (sent,)),) = asked
    assert (method, path, sent["event"], sent["id"]) == ("POST", "/events", "twin.drift.detected", str(event.id))
    with pytest.raises(httpx.HTTPStatusError):
        drift_events.send(event)


def test_nothing_drifted_nothing_said(window: Window, emitted: list[dict[str, Any]], tmp_path: Path) -> None:
    assert not announce((), "ada", tmp_path, CORPUS)
    assert not announce((window(verdict=DriftVerdict.STABLE),), "ada", tmp_path, CORPUS)
    assert emitted == []


def test_without_a_server_it_is_said_later(
    window: Window, emitted: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with monkeypatch.context() as alone, listening(said.append):
        alone.delenv("PREFECT_API_URL")
        assert not announce((window(),), "ada", tmp_path, CORPUS)
    assert "no Prefect server" in said[0]
    assert announce((window(),), "ada", tmp_path, CORPUS)


def plain(report: DriftReport, *, announced: bool) -> dict[str, Any]:
    return {
        "report": report.model_dump(mode="json") | {"summary": report.summary}, "announced": announced, "requests": None
    }  # fmt: skip


def test_people_read_the_verdict_its_figures_and_where_to_look(window: Window) -> None:
    text = render(plain(window(), announced=True), "http://127.0.0.1:8085")
    assert text.startswith("ada: drifted: users moved")
    assert "40.0%  reference 1.0%, limit 10.0%  n=30 and 40" in text
    assert "report: reports/ada/w1.html" in text and "http://127.0.0.1:8085" in text
    assert "a refresh was asked for" in text


def test_a_wait_needs_no_table(window: Window) -> None:
    waiting = window(verdict=DriftVerdict.WAITING, interactions=12, foreign=None, moved=(), reasons=(), html=None)
    assert render(plain(waiting, announced=False), "") == "ada: not enough interactions yet (12 of 30)"


def test_people_read_that_requests_fail_which_no_window_shows(window: Window) -> None:
    waiting = window(verdict=DriftVerdict.WAITING, interactions=0, foreign=None, moved=(), reasons=(), html=None)
    result = plain(waiting, announced=False) | {"requests": {"requests": 120, "failed": 118}}
    assert "118 of 120 requests of the last 24 hours failed" in render(result, "")


async def fail(url: str, at: datetime) -> None:
    async with opened_database(url) as database:
        ledger = await Ledger.open(database, clock=lambda: at)
        trace = await ledger.begin(RequestStart(endpoint="/v1/chat/completions", persona="ada"))
        await ledger.finish(trace.trace_id, RequestEnd(status="failed", error_code="llm_unavailable"))
        await ledger.close()


def test_what_fails_is_counted_though_it_leaves_no_answer(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_twin, "url_of", lambda home: url)
    now = datetime.now(UTC)
    asyncio.run(record(url, now - timedelta(minutes=2)))
    asyncio.run(fail(url, now - timedelta(minutes=1)))
    asyncio.run(fail(url, now - timedelta(days=2)))
    said: list[str] = []
    with listening(said.append):
        total = monitor_twin.requests_of_the_day.fn(TwinHome(tmp_path), "ada")
    assert (total.requests, total.failed) == (2, 1)
    assert said == ["monitor: 1 of 2 requests of the last 24 hours failed"]


def test_texts_go_after_the_days_that_the_recipe_keeps_them(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_twin, "url_of", lambda home: url)
    old, new = (asyncio.run(record(url, datetime.now(UTC) - timedelta(days=days))) for days in (31, 29))
    others = asyncio.run(record(url, datetime.now(UTC) - timedelta(days=31), "ben"))

    def kept(days: int | None, persona: str = "ada") -> list[str]:
        recipe = Recipe(name="a", description="b", monitoring=MonitoringConfig(keep_texts_days=days))
        monitor_twin.delete_old_texts.fn(TwinHome(tmp_path), "ada", recipe)
        return [one.trace_id for one in asyncio.run(finished_interactions(url, persona, None))]

    assert kept(None) == [old, new]
    assert kept(30) == [new] and kept(30, "ben") == [others]


def test_a_persona_without_features_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hourly run is there from `twin init` on; it had failed every hour until the features were built."""
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    create_persona(TwinHome(tmp_path), "ada", "name: ada\ndisplay_name: Ada\nauthor: {name: Ada}\n")
    said: list[str] = []
    with listening(said.append):
        result = monitor_twin.monitor_twin.fn("ada", "smoke")
    assert render(result, "") == "ada: not enough interactions yet (0 of 30)"
    assert said == ["monitor: ada has no features yet: twin features ada"]


def test_a_wrong_cron_is_named() -> None:
    assert ScheduleSettings(refresh=None, monitor="*/30 * * * *").refresh is None
    with pytest.raises(ValueError, match="every day"):
        ScheduleSettings(refresh="every day")


def test_when_something_runs_is_no_part_of_what_it_makes() -> None:
    recipe = Recipe(name="a", description="b")
    changed = recipe.model_copy(update={"schedule": ScheduleSettings(refresh=None)})
    assert changed.digest == recipe.digest
