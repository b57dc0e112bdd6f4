"""Options of `twin watch`, and the loop around the passes with a stand-in for those."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from flows import watch
from flows.cli.watch import _feeds, _folders
from flows.persona_file import persona_yaml
from flows.personas import create_persona, exclusive, watching, writing_index
from flows.platform.settings import PlatformSettings
from flows.recipes import load_recipe
from flows.watch import WatchOptions
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError, PlatformError, SearchUnavailableError, SourceError
from twin_data.transform.live import Pass

EMPTY = Pass(
    added=(), changed=(), removed=(), rejected=(), chunks_embedded=0, waiting=0, features_digest="f", seconds=0.1
)
ONE_NEW = EMPTY.model_copy(update={"added": ("notes/a.md",)})


class Corpus:
    """Answers each pass with the next of the outcomes given."""

    def __init__(self, *outcomes: Pass | Exception) -> None:
        self.outcomes = list(outcomes)
        self.persona: Any = None

    def step(self, digest_of: Any, is_ready: Any, locked: Any) -> Pass:
        with locked():
            outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    home = TwinHome(tmp_path / "home")
    told = {"owner": "Ada", "licence": "CC-BY-4.0", "consent": "I agree that a twin is made."}
    create_persona(home, "ada", persona_yaml("ada", "Ada", aliases=[], **told))
    return home


def run(home: TwinHome, corpus: Corpus, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[dict[str, Any]]:
    """`twin watch --once`, unless the options say otherwise; what it reported."""

    class Client:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(watch, "search_client", lambda settings: Client())
    monkeypatch.setattr(watch, "SentenceEncoder", lambda *_, **__: None)
    monkeypatch.setattr(watch, "ensure_encoder", lambda *_: None)
    monkeypatch.setattr(watch, "LiveCorpus", lambda *_, **__: corpus)
    events: list[dict[str, Any]] = []
    settings = PlatformSettings()
    chosen = WatchOptions(**{"once": True, **options})
    watch.watch(home, "ada", load_recipe("smoke"), settings, chosen, lambda event, text: events.append(event))
    return events


def test_passes_go_on_while_files_wait(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus(EMPTY.model_copy(update={"waiting": 3}), EMPTY.model_copy(update={"waiting": 1}), EMPTY)
    events = run(home, corpus, monkeypatch)
    assert [one["event"] for one in events] == ["pass", "pass", "end"]
    assert events[-1] == {"event": "end", "files": 0, "lag_p50_s": None, "lag_p95_s": None, "most_waiting": 3}
    assert corpus.persona.name == "ada"


def test_what_is_written_during_the_first_look_is_seen_at_once(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = home.persona_folder("ada") / "sources"
    seen: list[float] = []

    class Writing(Corpus):
        def step(self, digest_of: Any, is_ready: Any, locked: Any) -> Pass:
            seen.append(time.monotonic())
            if len(seen) == 1:  # too late for this pass
                (sources / "late.md").write_text("The ferry of the harbour.", "utf-8")
            else:
                signal.raise_signal(signal.SIGTERM)
            return super().step(digest_of, is_ready, locked)

    run(home, Writing(EMPTY, EMPTY), monkeypatch, once=False)
    assert len(seen) == 2 and seen[1] - seen[0] < watch.LOOK_ANYWAY_S / 4


def test_a_search_engine_that_is_away_is_tried_again(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "FIRST_WAIT_S", 0.01)
    gone = SearchUnavailableError("Elasticsearch did not answer", next_step="twin up elasticsearch")
    events = run(home, Corpus(gone, gone, EMPTY), monkeypatch)
    assert [(one["event"], one.get("message")) for one in events[:2]] == [("error", "Elasticsearch did not answer")] * 2
    assert [one["event"] for one in events[2:]] == ["end"]


def test_sources_that_cannot_be_read_end_a_single_run(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="holds no sources"):
        run(home, Corpus(SourceError("the folder holds no sources")), monkeypatch)


def test_the_tables_follow_at_the_end_unless_a_flow_holds_them(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = home.persona_folder("ada") / "sources" / "notes"
    sources.mkdir(parents=True)
    (sources / "a.md").write_text("The ferry of the harbour and the rope that was with it. " * 20, "utf-8")
    with exclusive(home, "ada"):
        events = run(home, Corpus(ONE_NEW), monkeypatch)
    assert events[1]["message"].startswith("tables wait: persona 'ada' is being worked on by process")
    assert not (home.features / "ada").exists()
    events = run(home, Corpus(ONE_NEW), monkeypatch)
    assert events[1]["message"] == "tables: level with the index"
    assert (home.features / "ada" / "chunks").is_dir()


def test_a_folder_is_copied_into_the_sources(home: TwinHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    origin = tmp_path / "notes"
    origin.mkdir()
    (origin / "a.md").write_text("Said.", "utf-8")
    monkeypatch.setattr("flows.watched_files.is_whole", lambda path: True)
    run(home, Corpus(EMPTY), monkeypatch, folders={"notes": origin})
    assert (home.persona_folder("ada") / "sources" / "notes" / "a.md").read_text("utf-8") == "Said."


def test_one_watch_a_persona(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    with watching(home, "ada"), pytest.raises(PlatformError, match="persona 'ada' is being watched by process"):
        run(home, Corpus(), monkeypatch)
    with exclusive(home, "ada"), writing_index(home, "ada"), watching(home, "ada"):
        pass  # three locks of their own


def test_options_that_name_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a" / "notes").mkdir(parents=True)
    (tmp_path / "b" / "notes").mkdir(parents=True)
    assert _folders([tmp_path / "a" / "notes"]) == {"notes": tmp_path / "a" / "notes"}
    with pytest.raises(ConfigurationError, match="there is no such folder"):
        _folders([tmp_path / "c"])
    with pytest.raises(ConfigurationError, match="is the source 'notes' already"):
        _folders([tmp_path / "a" / "notes", tmp_path / "b" / "notes"])
    assert _feeds(["blog=https://ada.example/feed.xml"]) == {"blog": "https://ada.example/feed.xml"}
    for wrong in ("https://ada.example/feed.xml", "blog=ftp://ada.example", "../x=https://ada.example"):
        with pytest.raises(ConfigurationError, match="is not NAME=URL"):
            _feeds([wrong])
