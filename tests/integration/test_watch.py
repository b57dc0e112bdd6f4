"""New material on a real search engine: found while it is watched for, and no search fails while an index moves."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from twin_data.contracts.base import Span
from twin_data.contracts.documents import Chunk, DocumentKind, Split
from twin_data.contracts.releases import ModelReference
from twin_data.scoring.weights import term_weights
from twin_data.store.live_index import LiveIndexMover
from twin_data.store.search import IndexIdentity, IndexWriter, chunk_entry, two_leg_search, weights_entry

from .conftest import NEW_POST, POSTS, Running, Twin

pytestmark = pytest.mark.integration

FOUND_S = 60.0
"""On a busy machine; docs/benchmarks.md says what it takes on an idle one."""
VERSIONS = 6


@pytest.fixture
def client(twin: Twin) -> Iterator[Elasticsearch]:
    with Elasticsearch(twin.settings.elasticsearch_address, request_timeout=60) as one:
        yield one


def entries(version: int) -> tuple[list[dict[str, Any]], IndexIdentity]:
    """A few passages on the tide, one more with each version."""
    said = [f"The tide stood {number} inches over the sill on day {number}." for number in range(20 + version)]
    chunks = [
        Chunk(
            chunk_id=f"{number:03}", document_id="log.md", document_digest="d", start=0, end=len(text), text=text,
            own=(Span(start=0, end=len(text)),), section="", context="", title="", date=date(2024, 1, 2), url=None,
            source="log", kind=DocumentKind.ARTICLE, family="log.md", split=Split.TRAIN,
        )
        for number, text in enumerate(said)
    ]  # fmt: skip
    model = ModelReference(name="mini", source="s", digest="m", licence="l")
    identity = IndexIdentity(
        persona="tides", features_digest=f"{version:064}"[::-1], embedding_model=model, dimensions=2,
        chunks=len(chunks), documents=0,
    )  # fmt: skip
    vectors = [[0.6, 0.8] if at % 2 else [0.8, 0.6] for at in range(len(chunks))]
    held = [chunk_entry(one, vector, b"\x01") for one, vector in zip(chunks, vectors, strict=True)]
    return [*held, weights_entry(term_weights(said))], identity


def test_no_search_fails_while_indices_are_swapped_and_moved(client: Elasticsearch) -> None:
    """Each version is built beside the live one and swapped; every other one is made of the live one in place."""
    writer, done = IndexWriter(client), threading.Event()
    first, identity = entries(0)
    writer.build(writer.name_for(identity), identity, first, first[:1])
    writer.swap("tides", writer.name_for(identity))

    def hammer() -> tuple[int, list[object]]:
        searches, failures = 0, []
        while not done.is_set():
            body = two_leg_search("tides", "How high did the tide stand?", [0.6, 0.8], 10)
            for leg in client.msearch(searches=body)["responses"]:
                searches += 1
                if leg.get("error") or not leg["hits"]["hits"]:
                    failures.append(leg)
        return searches, failures

    with ThreadPoolExecutor(2) as pool:
        hammers = [pool.submit(hammer) for _ in range(2)]
        try:
            for version in range(1, VERSIONS):
                held, identity = entries(version)
                if version % 2:
                    name = writer.name_for(identity)
                    writer.build(name, identity, held, held[:1])
                    writer.swap("tides", name)
                else:
                    (name, _), new = writer.live("tides") or ("", None), [held[-2], held[-1]]
                    LiveIndexMover(client).move(name, identity, new, [], new[:1])
                live = writer.live("tides")
                assert live and live[1] == identity
        finally:
            done.set()
        found = [one.result() for one in hammers]
    assert [failures for _, failures in found] == [[], []]
    assert sum(searches for searches, _ in found) > 4 * VERSIONS
    client.indices.delete(index=",".join(client.indices.get(index="twin-tides-*")))


def events(watch: Running) -> list[dict[str, Any]]:
    """What a watch that has ended has printed."""
    return [json.loads(line) for line in watch.finish(120).out.splitlines()]


def wait_until_found(twin: Twin, persona: str, word: str, *, found: bool = True) -> float:
    began = time.monotonic()
    while bool(hits(twin, persona, word)) is not found:
        assert time.monotonic() - began < FOUND_S, f"{word!r} is {'not ' if found else 'still '}found"
        time.sleep(0.1)
    return time.monotonic() - began


def hits(twin: Twin, persona: str, word: str) -> list[str]:
    answer = twin.search("GET", f"/twin-{persona}/_search?q=text:{word}&_source=document_id")
    return [one["_source"]["document_id"] for one in answer["hits"]["hits"]]


def test_what_is_written_while_it_is_watched_is_found(twin: Twin, posts: Path) -> None:
    twin.init("watched", posts)
    built = twin("features", "watched", "--json").json["features"]
    live, sources = twin.live_index("watched"), twin.home.persona_folder("watched") / "sources" / "posts"

    watch = twin.start("watch", "watched", "--json")
    new = sources / "the-lamp.md"
    with new.open("w", encoding="utf-8") as stream:  # half written, and kept open
        stream.write(NEW_POST[:300])
        stream.flush()
        time.sleep(2)
        assert not hits(twin, "watched", "lamp")
        stream.write(NEW_POST[300:])
    wait_until_found(twin, "watched", "bakery")
    twin("watch", "watched", "--once").error_with_next_step("persona 'watched' is being watched by process")

    watch.process.send_signal(signal.SIGKILL)
    watch.finish()
    new.write_text(NEW_POST.replace("bakery", "tannery"), "utf-8")  # edited, and another deleted, while nobody looks
    (sources / "the-rope.md").unlink()
    watch = twin.start("watch", "watched", "--json")
    wait_until_found(twin, "watched", "tannery")
    wait_until_found(twin, "watched", "bakery", found=False)
    assert not hits(twin, "watched", "splice")
    os.kill(watch.process.pid, signal.SIGTERM)
    told = events(watch)
    assert watch.process.returncode == 0
    (moved,) = (one for one in told if one["event"] == "pass")
    assert (moved["added"], moved["changed"], moved["removed"]) == ([], ["posts/the-lamp.md"], ["posts/the-rope.md"])
    assert told[-1]["event"] == "end"
    assert twin.live_index("watched") == live

    again = twin("features", "watched", "--json").json["features"]
    assert again["features_digest"] == moved["features_digest"] != built["features_digest"]
    assert again["documents"] == len(POSTS)
    assert twin.live_index("watched") == live, "it holds just this, and is kept"
    assert twin.entries("watched") == again["chunks"] + again["documents"] + 1
