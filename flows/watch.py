"""`twin watch`: what is written to a persona's sources can be found a few seconds later."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import watchfiles

from flows.features import features_pipeline
from flows.personas import exclusive, watching, writing_index
from flows.platform.settings import PlatformSettings
from flows.recipes import Recipe
from flows.search_client import search_client
from flows.watch_feeds import TIMEOUT_S, Feed, keep_polling
from flows.watched_files import WatchedFiles
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.configuration.persona import load_persona
from twin_data.contracts.errors import ConsentError, PlatformError, SourceError, StoreError, TwinError
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.sources.ingest import SOURCES_FOLDER, add_source
from twin_data.store.live_index import LiveIndexMover
from twin_data.store.overlay import OverlayStore
from twin_data.transform.embedding_model import ensure_encoder
from twin_data.transform.every_stage import documents_and_chunks
from twin_data.transform.live import LiveCorpus, Pass

ENCODER_THREADS = 2
TICK_MS = 250
"""How often it is looked whether a file that was half written is whole now."""
GATHER_MS = 200
"""How long events are gathered, so that a file's several make one pass."""
LOOK_ANYWAY_S = 60.0
"""A pass without an event: file systems over a network tell of none."""
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0

Report = Callable[[dict[str, Any], str], None]


@dataclass(frozen=True)
class WatchOptions:
    """What is watched beside the persona's own sources, and how often."""

    folders: Mapping[str, Path] = field(default_factory=dict)
    """Folders that are copied into the persona's sources as they change, by name of the source."""
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Addresses of RSS and Atom feeds, by name of the source."""
    feed_every_s: float = 60.0
    tables_every_s: float = 900.0
    """How often the tables are brought level with the index, at most."""
    once: bool = False
    """End when nothing is left to do."""


def watch(
    home: TwinHome, persona: str, recipe: Recipe, settings: PlatformSettings, options: WatchOptions, report: Report
) -> None:
    """Keep the live index level with the sources until SIGTERM or SIGINT, then end in good order.

    Raises:
        ConsentError: The persona does not state owner, consent and licence.
        CorpusError: The persona has no live index yet.
        PlatformError: It is watched already.
    """
    load_persona(home, persona).require_consent()
    encoder = SentenceEncoder(
        ensure_encoder(cache_folder() / "models", recipe.features.embedding), threads=ENCODER_THREADS
    )
    with watching(home, persona), _stopping() as stop, search_client(settings) as client:
        on_disk = features_pipeline(home, persona, recipe)
        in_memory = replace(on_disk, store=OverlayStore(on_disk.store.root))
        corpus = LiveCorpus(in_memory, encoder, LiveIndexMover(client), embeddings=on_disk.store)
        with _polled(home, persona, options, stop, report):
            _Watcher(home, persona, recipe, options, corpus, report).run(stop)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    former = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        stop.set()
        for one, handler in former.items():
            signal.signal(one, handler)


@contextmanager
def _polled(
    home: TwinHome, persona: str, options: WatchOptions, stop: threading.Event, report: Report
) -> Iterator[None]:
    """Poll the feeds, each in a thread of its own, while the block runs."""
    state = home.run / "feeds"
    state.mkdir(parents=True, exist_ok=True)
    with httpx.Client(timeout=TIMEOUT_S) as client:
        threads = []
        for name, address in options.feeds.items():
            folder = home.persona_folder(persona) / SOURCES_FOLDER / name
            feed = Feed(address, folder, state / f"{persona}-{name}.json", client)
            if options.once:
                feed.poll()
                continue
            tell = _teller(report)
            threads.append(threading.Thread(target=keep_polling, args=(feed, name, options.feed_every_s, stop, tell)))
            threads[-1].start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def _teller(report: Report) -> Callable[[str], None]:
    return lambda message: report({"event": "note", "message": message}, message)


class _Watcher:
    """The loop: events in, passes out."""

    def __init__(
        self,
        home: TwinHome,
        persona: str,
        recipe: Recipe,
        options: WatchOptions,
        corpus: LiveCorpus,
        report: Report,
    ) -> None:
        self._home = home
        self._persona = persona
        self._recipe = recipe
        self._options = options
        self._corpus = corpus
        self._report = report
        self._sources = home.persona_folder(persona) / SOURCES_FOLDER
        self._files = WatchedFiles(self._sources)
        self._lags_s: list[float] = []
        self._most_waiting = 0
        self._tables_due = False
        self._tables_at = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Pass after pass until `stop` is set, or nothing is left to do where that is asked for."""
        self._sources.mkdir(parents=True, exist_ok=True)
        if self._options.once:
            self._settle(stop)
        else:
            origins = self._options.folders.values()
            events = watchfiles.watch(
                self._sources, *origins, watch_filter=None, debounce=GATHER_MS, step=50, rust_timeout=TICK_MS,
                yield_on_timeout=True, stop_event=stop, raise_interrupt=False,
            )  # fmt: skip
            # The first look at everything comes when the watch stands: what is written during it is an event then.
            last = -math.inf
            for batch in events:
                if self._files.note(Path(path) for _, path in batch) or time.monotonic() - last > LOOK_ANYWAY_S:
                    self._settle(stop)
                    last = time.monotonic()
                if self._tables_due and time.monotonic() - self._tables_at > self._options.tables_every_s:
                    self._write_tables()
        if self._tables_due:
            self._write_tables()
        self._say_end()

    def _settle(self, stop: threading.Event) -> None:
        """Passes until no file that could be read is left; where the search engine is away, later and later."""
        wait_s = FIRST_WAIT_S
        while not stop.is_set():
            try:
                more = self._pass()
                wait_s = FIRST_WAIT_S
            except ConsentError:
                raise
            except StoreError as error:
                self._complain(error, f"; tried again in {wait_s:.0f} s")
                stop.wait(wait_s)
                wait_s, more = min(2 * wait_s, LONGEST_WAIT_S), True
            except TwinError as error:
                if self._options.once:
                    raise
                self._complain(error, "")
                return
            if not more and not (self._options.once and self._files.are_unready()):
                return

    def _pass(self) -> bool:
        """One pass; returns whether another one has something to do at once."""
        self._files.begin()
        folder = self._home.persona_folder(self._persona)
        for name, origin in self._options.folders.items():
            try:
                add_source(folder, origin, name, is_ready=self._files.is_origin_ready)
            except SourceError as error:  # the others are still brought up to date
                self._complain(error, "")
        self._corpus.persona = load_persona(self._home, self._persona)
        made = self._corpus.step(
            self._files.digest_of, self._files.is_ready, lambda: writing_index(self._home, self._persona)
        )
        lags = self._files.read_lags()
        self._lags_s += lags
        self._most_waiting = max(self._most_waiting, made.waiting)
        if not made.is_empty or made.rejected or made.waiting:
            self._say(made, lags)
        self._tables_due |= not made.is_empty
        return made.waiting > self._files.unready

    def _write_tables(self) -> None:
        """Bring the tables level with the index; a flow that holds the persona goes first, and it is tried later."""
        if self._files.are_unready():
            return
        self._tables_at = time.monotonic()
        try:
            with exclusive(self._home, self._persona, wait_s=0.0):
                pipeline = features_pipeline(self._home, self._persona, self._recipe)
                documents_and_chunks(pipeline, pipeline.carried_authorship)
        except PlatformError as error:
            _teller(self._report)(f"tables wait: {error.message}")
            return
        self._tables_due = False
        _teller(self._report)("tables: level with the index")

    def _say(self, made: Pass, lags: list[float]) -> None:
        rejected = [{"id": one.document_id, "reason": one.reason} for one in made.rejected]
        event = made.model_dump(mode="json") | {
            "event": "pass", "rejected": rejected, "lag_s": round(max(lags), 3) if lags else None
        }  # fmt: skip
        text = (
            f"+{len(made.added)} ~{len(made.changed)} -{len(made.removed)} documents, {made.chunks_embedded} texts "
            f"embedded in {made.seconds:.1f} s; {made.waiting} files wait"
        )
        self._report(event, "\n".join([text, *(f"  not kept: {one['id']} ({one['reason']})" for one in rejected)]))

    def _say_end(self) -> None:
        lags = self._lags_s
        p50, p95 = (round(float(np.quantile(lags, at)), 3) if lags else None for at in (0.5, 0.95))
        event = {
            "event": "end", "files": len(lags), "lag_p50_s": p50, "lag_p95_s": p95, "most_waiting": self._most_waiting
        }  # fmt: skip
        self._report(event, f"ended: {len(lags)} files, found after {p50} s (p50), {p95} s (p95)")

    def _complain(self, error: TwinError, then: str) -> None:
        event = {"event": "error", "type": type(error).__name__, "message": error.message, "next_step": error.next_step}
        self._report(event, f"error: {error.message}{then}\nnext:  {error.next_step}")
