"""The judge over real sockets: verdicts, errors, the cache, being stopped half-way; and what is made of it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from twin_data.contracts.errors import ConfigurationError, IntegrityError
from twin_data.contracts.labels import AnswerLabel, SentenceLabel, SentenceVerdict
from twin_eval.answering import Progress
from twin_eval.judging.asking import VERDICTS_FILE
from twin_eval.judging.config import EndpointJudge
from twin_eval.judging.findings import JudgeFindings
from twin_eval.judging.items import Task
from twin_eval.judging.judges import EndpointClient
from twin_eval.judging.run import JUDGE_JSON, consult, read_judge
from twin_eval.judging.text import judge_text
from twin_eval.page.render import render_page
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig

from ...openai_server import OpenAIServer, Reply, serving
from .test_items import judge

MakeRun = Callable[..., ScoredRun]
INTERVALS = IntervalConfig(resamples=200)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_JUDGE_API_KEY", "sesame")


def sensible(body: dict[str, Any]) -> Reply:
    """Supported is what speaks of the tide, helpful all but the answer to the first question."""
    asked = body["messages"][-1]["content"]
    if "SENTENCE" in asked:
        return Reply("supported" if "SENTENCE:\n<<<\nThe tide" in asked else "Unsupported.")
    return Reply("no" if "q0" in asked else "yes")


async def opinion(
    run: ScoredRun, server: OpenAIServer, folder: Path, *, labels: Any = (), progress: Any = None, **changes: object
) -> JudgeFindings:
    config: EndpointJudge = judge(base_url=server.url, **changes)
    async with EndpointClient(config) as client:
        return await consult(
            run, client, folder, config=config, passages=1, labels=labels, intervals=INTERVALS, progress=progress
        )


async def test_shares_tables_and_agreement(make_judged_run: MakeRun, tmp_path: Path) -> None:
    run, seen = make_judged_run(4), []
    with serving(sensible) as server:
        found = await opinion(run, server, tmp_path / "set", progress=seen.append)
    body = server.asked[0]
    assert (body["model"], body["temperature"], body.get("stream")) == ("m", 0, None)
    support, helpful = found.tasks
    assert support.said_yes and (support.said_yes.value, support.said_yes.n) == (1.0, 4)
    assert support.dropped_said_yes and support.dropped_said_yes.value == 0.0
    (with_scores,) = support.compared
    assert with_scores.agreement.agreed.value == 1.0 and with_scores.agreement.clusters == 4
    assert with_scores.agreement.kappa and with_scores.agreement.kappa.value == 1.0
    assert (with_scores.table.both, with_scores.table.neither) == (4, 4)
    assert helpful.said_yes and helpful.said_yes.value == 0.75
    (facts,) = helpful.compared
    assert (facts.table.both, facts.table.only_judge, facts.table.only_other, facts.table.neither) == (1, 2, 1, 0)
    assert facts.agreement.kappa and facts.agreement.kappa.low <= facts.agreement.kappa.value < 0
    assert read_judge(tmp_path / "set") == found
    assert isinstance(seen[-1], Progress) and (seen[-1].done, seen[-1].total) == (12, 12)


async def test_nothing_is_asked_twice(make_judged_run: MakeRun, tmp_path: Path) -> None:
    run = make_judged_run(3)
    with serving(sensible) as server:
        first = await opinion(run, server, tmp_path / "set")
        asked = len(server.asked)
        again = await opinion(run, server, tmp_path / "set")
        await opinion(run, server, tmp_path / "other-set")
        assert len(server.asked) == asked == 9
        await opinion(run, server, tmp_path / "set", model="another")
        assert len(server.asked) == 2 * asked, "another judge has its own opinion"
    assert again.tasks == first.tasks and (first.reused, again.reused) == (0, 9)
    kept = (tmp_path / "set" / VERDICTS_FILE).read_text("utf-8") + (tmp_path / "set" / JUDGE_JSON).read_text("utf-8")
    assert "The tide" not in kept and "sesame" not in kept, "neither texts nor the key"


async def test_unreadable_replies_and_errors_are_counted_apart(make_judged_run: MakeRun, tmp_path: Path) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        asked = body["messages"][-1]["content"]
        if "came 0" in asked and "SENTENCE" in asked:
            return Reply("Who knows?")
        return Reply(status=500, message="out of memory") if "came 1" in asked else sensible(body)

    run = make_judged_run(4)
    with serving(reply) as server:
        found = await opinion(run, server, tmp_path / "set")
        support, helpful = found.tasks
        assert (support.unparsed, support.errors, helpful.errors) == (1, 1, 1)
        assert support.said_yes and (support.said_yes.value, support.said_yes.n) == (1.0, 2), "no wrong answers"
        assert support.compared[0].agreement.agreed.n == 6 and found.stopped == ""
        assert "out of memory" in next(one.error for one in found.verdicts if one.error)
        asked = len(server.asked)
        await opinion(run, server, tmp_path / "set")
        assert len(server.asked) == asked + 2, "errors are asked again, unreadable replies are not"
    assert "1 replies could not be read, 1 brought no reply" in judge_text(found)


async def test_a_busy_judge_is_asked_again(make_judged_run: MakeRun, tmp_path: Path) -> None:
    refused: list[str] = []

    def reply(body: dict[str, Any]) -> Reply:
        if not refused:
            refused.append("once")
            return Reply(status=429, message="slow down", headers={"Retry-After": "0"})
        return sensible(body)

    with serving(reply) as server:
        found = await opinion(make_judged_run(1), server, tmp_path / "set")
    assert sum(one.errors for one in found.tasks) == 0 and len(server.asked) == 4


@pytest.mark.parametrize("what", ["key", "away"])
async def test_a_judge_that_cannot_be_asked_ends_the_asking_and_nothing_else(
    make_judged_run: MakeRun, tmp_path: Path, what: str
) -> None:
    with serving(sensible, key="another" if what == "key" else "sesame") as server:
        if what == "away":
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                server.url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
        found = await opinion(make_judged_run(8), server, tmp_path / "set", concurrency=1)
    assert len(server.asked) == (1 if what == "key" else 0)
    assert server.url in found.stopped and ("401" in found.stopped) is (what == "key")
    assert [one.errors for one in found.tasks] == [16, 8]
    assert all(one.said_yes is None and one.compared == () for one in found.tasks)
    assert "not asked to the end" in judge_text(found)


async def test_requests_go_out_side_by_side_and_are_cancelled(make_judged_run: MakeRun, tmp_path: Path) -> None:
    def slow(body: dict[str, Any]) -> Reply:
        found = sensible(body)
        found.wait_s = 0.3
        return found

    run = make_judged_run(8)
    with serving(slow) as server:
        asking = asyncio.create_task(opinion(run, server, tmp_path / "set", concurrency=4))
        kept = tmp_path / "set" / VERDICTS_FILE
        while not (kept.is_file() and kept.stat().st_size):
            await asyncio.sleep(0.02)
        asking.cancel()
        started = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert time.monotonic() - started < 5 and server.at_once > 1
        written = kept.read_text("utf-8").count("\n")
        assert 0 < written < 24 and not (tmp_path / "set" / JUDGE_JSON).exists()
        server.reply = sensible
        found = await opinion(run, server, tmp_path / "set")
    assert found.reused == written, "it goes on where it stopped"


async def test_people_are_held_against_the_judge(make_judged_run: MakeRun, tmp_path: Path) -> None:
    run = make_judged_run(3)

    def by(text: str, question: str, verdict: str) -> SentenceLabel:
        return SentenceLabel(
            labeller="Ada", labelled_at=datetime(2026, 3, 1, tzinfo=UTC), bundle=run.report.bundle,
            question=f"What of {question}?", sentence=text, label=SentenceVerdict(verdict),
        )  # fmt: skip

    labels = [
        by("The tide came 0.", "q0", "supported"),
        by("The tide came 1.", "q1", "nonsense"),
        by("Eels ate the mill 2.", "q2", "contradicted"),
        by("Never said.", "q0", "supported"),
        AnswerLabel(
            labeller="Ada", labelled_at=datetime(2026, 3, 1, tzinfo=UTC), bundle=run.report.bundle,
            question="What of q1?", answer="The tide came 1. [1]", label="right",  # type: ignore[arg-type]
        ),
    ]  # fmt: skip
    with serving(sensible) as server:
        found = await opinion(run, server, tmp_path / "set", labels=labels)
    support, helpful = found.task(Task.SUPPORT), found.task(Task.HELPFUL)
    assert support and helpful
    people = next(one for one in support.compared if one.agreement.raters[1] == "people")
    assert (people.table.both, people.table.only_judge, people.table.neither) == (1, 1, 1)
    assert people.agreement.agreed.value == pytest.approx(2 / 3)
    assert next(one for one in helpful.compared if one.agreement.raters[1] == "people").table.both == 1
    assert "against people: agreed 0.67" in judge_text(found)


async def test_the_page_shows_it_and_names_the_differences(make_judged_run: MakeRun, tmp_path: Path) -> None:
    run = make_judged_run(3)
    with serving(
        lambda body: Reply("unsupported" if "SENTENCE" in body["messages"][-1]["content"] else "yes")
    ) as server:
        found = await opinion(run, server, tmp_path / "set", model="<b>strict</b>")
    page = render_page(run, judge=found)
    assert "What a judge says: &lt;b&gt;strict&lt;/b&gt;" in page and "It decides nothing" in page
    assert "3 on which judge and scores differ" in page and "The tide came 2." in page
    assert "What a judge says" not in render_page(run)


def test_a_key_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWIN_JUDGE_API_KEY")
    with pytest.raises(ConfigurationError, match=r"\$TWIN_JUDGE_API_KEY is not set") as raised:
        EndpointClient(judge())
    assert "export TWIN_JUDGE_API_KEY" in raised.value.next_step


@pytest.mark.parametrize("line", ["{}", "no json"])
async def test_a_damaged_cache_is_named(make_judged_run: MakeRun, tmp_path: Path, line: str) -> None:
    path = tmp_path / "set" / VERDICTS_FILE
    path.parent.mkdir()
    path.write_text(f"{line}\n")
    with serving(sensible) as server, pytest.raises(IntegrityError, match=f"{VERDICTS_FILE}:1"):
        await opinion(make_judged_run(1), server, tmp_path / "set")


def test_damaged_findings_are_named(tmp_path: Path) -> None:
    assert read_judge(tmp_path) is None
    (tmp_path / JUDGE_JSON).write_text(json.dumps({"judge": 1}))
    with pytest.raises(IntegrityError, match="judge's findings"):
        read_judge(tmp_path)
