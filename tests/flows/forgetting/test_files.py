"""What becomes of a plain file that holds it depends on where it lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.forgetting.files import Rule, erase, held_files, rule_for, training_runs
from flows.forgetting.wording import MIN_RUN_WORDS, Hasher, Wording, words_of
from twin_data.configuration.home import TwinHome

SECRET = "The lamp on the eastern jetty went out and nobody came to light it again."
WORDING = Wording.of(Hasher(b"k" * 32), [(words_of(SECRET), MIN_RUN_WORDS)])
LINES = "".join(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(("fine", SECRET)))
RULES = {
    "personas/ada/questions.jsonl": Rule.DROP_LINES,
    "personas/ada/questions.generated.jsonl": Rule.REMOVE,
    "personas/ada/README.md": Rule.LEAVE,
    "personas/ada/sources/posts/other.md": Rule.LEAVE,
    "personas/ada/sources/rows/posts.jsonl": Rule.LEAVE,
    "evaluations/ada/labels.jsonl": Rule.DROP_LINES,
    "evaluations/ada/comparisons/page.html": Rule.REMOVE,
    "evaluations/ada/0123/4567/answers.jsonl": Rule.REMOVE_RUN,
    "datasets/ada/instructions-0123/messages/train.jsonl": Rule.REMOVE_FOLDER,
    "datasets/shards/0123.json": Rule.REMOVE,
    "datasets/bob/instructions-0123/train.jsonl": Rule.LEAVE,
    "personas/bob/questions.jsonl": Rule.LEAVE,
    "training/ada/drafts-0123.jsonl": Rule.DROP_LINES,
    "training/ada/sft-0123/dropped.jsonl": Rule.REMOVE_FOLDER,
    "monitoring/reports/ada/page.html": Rule.REMOVE,
    "sites/ada/blog/index.html": Rule.REMOVE,
    "sites/bob/blog/index.html": Rule.LEAVE,
    "corpus/ada/report.html": Rule.REMOVE,
    "prefect/storage/0123": Rule.REMOVE,
    "logs/business.log": Rule.BLANK,
    "old/twin-monday.tar.gz": Rule.LEAVE,
}


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    home = TwinHome(tmp_path / "home")
    for name in RULES:
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LINES, "utf-8")
    for name in ("report.json", "decision.json", "report.html"):
        (home.evaluations / "ada" / "0123" / "4567" / name).write_text("{}", "utf-8")
    (home.datasets / "ada" / "instructions-0123" / "certificate.json").write_text("{}", "utf-8")
    (home.datasets / "ada" / ".instructions-0123.lock").touch()
    (home.datasets / "ada" / "preferences-4567").mkdir()
    return home


def test_every_place_has_its_rule(home: TwinHome) -> None:
    assert {name: rule_for(home, "ada", home.root / name) for name in RULES} == RULES


def test_it_is_gone_from_all_but_what_is_the_user_s(home: TwinHome) -> None:
    with (home.logs / "business.log").open("ab") as server:
        held = held_files(home, "ada", WORDING, lambda _: None)
        assert {one.path.relative_to(home.root).as_posix() for one in held} == set(RULES)
        erased, left = erase(home, held, WORDING)
        server.write(b"up again\n")
    kept = sorted(name for name, rule in RULES.items() if rule is Rule.LEAVE)
    assert erased == len(RULES) - len(kept)
    assert sorted(Path(one.place).relative_to(home.root).as_posix() for one in left) == kept
    assert [one.kind for one in left].count("backup") == 1
    assert {one.path for one in held_files(home, "ada", WORDING, lambda _: None)} == {home.root / name for name in kept}

    assert (home.personas / "ada" / "questions.jsonl").read_text("utf-8") == LINES.splitlines(keepends=True)[0]
    run = home.evaluations / "ada" / "0123" / "4567"
    assert sorted(path.name for path in run.iterdir()) == ["decision.json", "report.json"]
    assert [path.name for path in (home.datasets / "ada").iterdir()] == ["preferences-4567"]
    log = (home.logs / "business.log").read_text("utf-8")
    assert len(log) == len(LINES) + len("up again\n") and '"fine"' in log and log.endswith("up again\n")


def test_a_log_in_which_words_cannot_be_told_goes_whole(home: TwinHome) -> None:
    log = home.logs / "business.log"
    log.write_bytes(b"\x00\xff" + SECRET.encode())
    erase(home, [one for one in held_files(home, "ada", WORDING, lambda _: None) if one.path == log], WORDING)
    assert log.read_bytes() == b""


def test_trainings_on_it_go_and_those_that_broke_off(home: TwinHome) -> None:
    for name, digest in (("sft-1", "aa"), ("sft-2", "bb"), ("dpo-3", None)):
        folder = home.training / "ada" / name
        folder.mkdir()
        if digest:
            (folder / "result.json").write_text(json.dumps({"record": {"dataset_digest": digest}}), "utf-8")
    found = training_runs(home, "ada", {"aa"})
    assert [path.name for path in found] == ["dpo-3", "sft-0123", "sft-1"]
