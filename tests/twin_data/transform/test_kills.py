"""SIGKILL of the stages at random moments: the next run ends with the digests of one that nobody disturbed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from twin_data.store.tables import FeatureStore
from twin_data.transform import embed

RUNNER = Path(__file__).with_name("killable_stages.py")
KILLS = 5
KILLS_OF_A_DRILL = int(os.environ.get("TWIN_KILLS", "200"))
WORDS = (
    "tide ferry rope lamp gull engine ledger harbour winter bakery council timetable the of and that with to".split()
)
DOCUMENTS = 40


def write_documents(sources: Path, lot: random.Random) -> None:
    """Articles of words drawn at random, so that none is a copy of another."""
    for number in range(DOCUMENTS):
        path = sources / "posts" / f"{number:03}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Post {number}\n\n{' '.join(lot.choices(WORDS, k=200))}.\n", "utf-8")


def change(sources: Path, lot: random.Random) -> None:
    """Edit one document, delete one, and add one: every stage has something to do."""
    edited, deleted = lot.sample(sorted((sources / "posts").iterdir()), 2)
    edited.write_text(f"{edited.read_text('utf-8')}\n{' '.join(lot.choices(WORDS, k=30))}.\n", "utf-8")
    deleted.unlink()
    added = sources / "posts" / f"{lot.randrange(10**9)}.md"
    added.write_text(f"# New\n\n{' '.join(lot.choices(WORDS, k=200))}.\n", "utf-8")


def start(sources: Path, store: Path) -> subprocess.Popen[str]:
    """The stages in a process that has begun to work."""
    process = subprocess.Popen(
        [sys.executable, str(RUNNER), str(sources), str(store)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def digests_of(process: subprocess.Popen[str]) -> dict[str, str]:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return dict(json.loads(out))


@pytest.mark.parametrize("kills", [KILLS, pytest.param(KILLS_OF_A_DRILL, marks=pytest.mark.crash)])
def test_stages_killed_at_random_end_as_if_undisturbed(tmp_path: Path, kills: int) -> None:
    sources, shaken, lot = tmp_path / "sources", tmp_path / "shaken", random.Random("kills of stages")
    write_documents(sources, lot)
    process = start(sources, shaken)
    began = time.monotonic()
    digests_of(process)
    whole_s = time.monotonic() - began
    hit = 0
    for _ in range(kills):
        change(sources, lot)
        process = start(sources, shaken)
        time.sleep(lot.uniform(0, whole_s))
        hit += process.poll() is None
        process.kill()
        process.communicate()
    assert hit > kills / 3, f"only {hit} of {kills} kills came before the end"

    assert digests_of(start(sources, shaken)) == digests_of(start(sources, tmp_path / "calm"))
    vectors = FeatureStore.of(shaken, "ada").read(embed.TABLE)
    assert vectors.height == vectors.unique(["text_digest", "model_digest"]).height, "none is embedded twice"
