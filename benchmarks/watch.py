"""From a file's last byte to its being found, with `twin watch` on a real Elasticsearch; what unchanged features cost.

    python -m benchmarks.watch [--documents 1000] [--files 50] [--every 3]

A persona of made-up articles in a home of its own; files come one by one, then all at once. Needs a running
Elasticsearch (`twin up elasticsearch`), and leaves its own indices deleted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from elasticsearch import Elasticsearch

from flows.features import features_pipeline
from flows.persona_file import persona_yaml
from flows.personas import SHIPPED, create_persona
from flows.platform.settings import PlatformSettings
from flows.recipes import load_recipe
from flows.search_client import search_client
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.sentences import words
from twin_data.store.search import IndexWriter, alias_name
from twin_data.transform.embedding_model import ensure_encoder
from twin_data.transform.every_stage import documents_and_chunks
from twin_data.transform.pipeline import FeaturesPipeline

PERSONA = "benchmark-watch"
WORDS_A_DOCUMENT = 350
GIVE_UP_S = 600.0
POLL_S = 0.02


def article(lot: random.Random, vocabulary: list[str], mark: str) -> str:
    """A text of sentences of the sample's words; `mark` stands in no other."""
    sentences = [" ".join(lot.choices(vocabulary, k=14)).capitalize() for _ in range(WORDS_A_DOCUMENT // 14)]
    return f"# Note {mark}\n\n" + ". ".join([*sentences, f"This is {mark}"]) + ".\n"


def build(pipeline: FeaturesPipeline, encoder: SentenceEncoder, client: Elasticsearch) -> tuple[float, float, str]:
    """The stages and the index; wall and processor seconds, and the features' digest."""
    wall, used = time.monotonic(), time.process_time()
    judged, chunked = documents_and_chunks(pipeline)
    made = pipeline.index(judged, chunked, encoder, IndexWriter(client))
    return time.monotonic() - wall, time.process_time() - used, made.features_digest


def wait_for(
    client: Elasticsearch, marks: dict[str, float], found: Callable[[str, float], None], watch: subprocess.Popen[str]
) -> None:
    """Call `found(mark, seconds)` for each mark, written at the time given, once a search finds it."""
    left = dict(marks)
    while left:
        if watch.poll() is not None:
            raise SystemExit(f"twin watch ended: {watch.communicate()[0]}")
        for mark, written in list(left.items()):
            if client.count(index=alias_name(PERSONA), query={"match": {"text": mark}})["count"]:
                found(mark, time.monotonic() - written)
                del left[mark]
            elif time.monotonic() - written > GIVE_UP_S:
                raise SystemExit(f"{mark} was not found within {GIVE_UP_S:.0f} s")
        time.sleep(POLL_S)


def processor_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def row(name: str, seconds: list[float]) -> str:
    """A line of the table."""
    p50, p95 = np.quantile(seconds, [0.5, 0.95])
    return f"| {name} | {len(seconds)} | {p50:.1f} | {p95:.1f} | {max(seconds):.1f} |"


def measure_watch(
    home: TwinHome, client: Elasticsearch, options: argparse.Namespace, text: Callable[[str], str]
) -> None:
    """Files one by one, then as many at once."""
    folder = home.persona_folder(PERSONA) / "sources" / "notes"
    command = [sys.executable, "-c", "from flows.cli import main; main()", "watch", PERSONA, "--json"]
    # As somebody else's cluster: it belongs to another home than the one that is measured.
    elasticsearch = PlatformSettings.from_environment().elasticsearch_address
    cluster = {"ELASTICSEARCH_URL": elasticsearch, "TWIN_PORT_ELASTICSEARCH": "1"}
    environment = {**os.environ, **cluster, "TWIN_HOME": str(home.root)}
    watch = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    seconds: list[float] = []
    try:
        (folder / "warm.md").write_text(text("warmmark"), "utf-8")
        wait_for(client, {"warmmark": time.monotonic()}, lambda mark, took: None, watch)
        used = processor_s(watch.pid)
        for number in range(options.files):
            mark = f"onemark{number:04}"
            (folder / f"{mark}.md").write_text(text(mark), "utf-8")
            written = time.monotonic()
            wait_for(client, {mark: written}, lambda mark, took: seconds.append(took), watch)
            time.sleep(max(0.0, options.every - (time.monotonic() - written)))
        one_by_one, seconds = seconds, []
        used = processor_s(watch.pid) - used
        before = psutil.Process(watch.pid).memory_info().rss
        marks = {}
        for number in range(options.files):
            mark = f"manymark{number:04}"
            (folder / f"{mark}.md").write_text(text(mark), "utf-8")
            marks[mark] = time.monotonic()
        wait_for(client, marks, lambda mark, took: seconds.append(took), watch)
        grown = psutil.Process(watch.pid).memory_info().rss - before
    finally:
        watch.terminate()
        out, _ = watch.communicate(timeout=GIVE_UP_S)
    events: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    passes = [one["seconds"] for one in events if one["event"] == "pass"]
    print("| files come | n | p50 s | p95 s | longest s |\n|---|---|---|---|---|")
    print(row(f"one every {options.every:g} s at least", one_by_one))
    print(row("all at once", seconds))
    print(row("(a pass)", passes))
    print(f"processor seconds of the watch for each file that comes alone: {used / options.files:.2f}")
    print(f"longest queue {events[-1]['most_waiting']} files; the burst took {grown / 2**20:+.0f} MiB of memory")


def main() -> None:
    """Measure, and delete what was made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000, help="of the corpus before anything is added")
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two files, at least")
    options = parser.parse_args()
    lot, recipe = random.Random(0), load_recipe("smoke")
    vocabulary = [word for path in sorted((SHIPPED / "sample" / "sources" / "blog").glob("*.md"))
                  for word in words(path.read_text("utf-8"))]  # fmt: skip
    text = lambda mark: article(lot, vocabulary, mark)  # noqa: E731
    encoder = SentenceEncoder(ensure_encoder(cache_folder() / "models", recipe.features.embedding), threads=2)
    with tempfile.TemporaryDirectory() as scratch, search_client(PlatformSettings.from_environment()) as client:
        home = TwinHome(Path(scratch) / "home")
        told = {"owner": "nobody", "licence": "CC0-1.0", "consent": "These texts are made of drawn words."}
        create_persona(home, PERSONA, persona_yaml(PERSONA, "Nobody", aliases=[], **told))
        folder = home.persona_folder(PERSONA) / "sources" / "notes"
        folder.mkdir()
        for number in range(options.documents):
            (folder / f"{number:05}.md").write_text(text(f"basemark{number:05}"), "utf-8")
        pipeline = features_pipeline(home, PERSONA, recipe)
        try:
            print("| features | wall s | processor s |\n|---|---|---|")
            for name in ("from nothing", "unchanged", "one document changed"):
                if name.startswith("one"):
                    (folder / "00000.md").write_text(text("changedmark"), "utf-8")
                wall, used, _ = build(pipeline, encoder, client)
                print(f"| {name}, of {options.documents} | {wall:.1f} | {used:.1f} |")
            print()
            measure_watch(home, client, options, text)
        finally:
            for name in client.indices.get(index=f"{alias_name(PERSONA)}-*"):
                client.indices.delete(index=name)


if __name__ == "__main__":
    main()
