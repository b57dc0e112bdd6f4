"""SIGKILL of each flow's process at random moments: the same command goes on, and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from twin_data.contracts.datasets import Instruction
from twin_data.contracts.monitoring import DriftVerdict
from twin_data.registry import open_registry
from twin_data.store.schemas import to_rows
from twin_eval.monitoring.tables import MonitoringTables

from .conftest import Finished, Twin, copy_of_the_sample, platform

pytestmark = [pytest.mark.integration, pytest.mark.crash]

KILLS = int(os.environ.get("TWIN_KILLS", "10"))
"""For each flow."""
CALM, SHAKEN = "calm", "shaken"
OVERRIDE = ("--override-reason", "a drill trains on little")
FLOWS: dict[str, tuple[str, ...]] = {
    "features": (),
    "datasets": (),
    "train": OVERRIDE,
    "evaluate": (),
    "monitor": (),
    "refresh": OVERRIDE,
}
"""In an order in which each finds what it needs."""
QUESTIONS = 34
"""Enough for a window of monitoring."""
RECIPE = """
name: smoke-dpo
description: The smoke recipe with drafts, preferences and DPO, so that a kill can hit these as well.
base_model: {source: smoke, name: smoke-4m, licence: Apache-2.0, max_model_len: 2048}
generation: {max_tokens: 2, write_max_tokens: 4, temperature: 0.2}
voice: {min_own_words: 1500, max_segments: 60}
datasets:
  draft_prompts: {max_prompts: 24}
  preferences: {worded_refusal_share: 0.4}
  min_preferences: 2
training:
  sft: {max_steps: 4, epochs: 1, sequences_per_step: 2, max_eval_sequences: 2}
  dpo: {max_steps: 3, pairs_per_step: 2, max_pairs: 8, max_held_out_pairs: 2, max_length: 1024}
evaluation: {concurrency: 4, max_questions: 12}
price: {}
"""
"""What the model writes is noise, and pairs made of it fail their certificate more often than not. Cut to a word or two
it makes no pairs at all; worded refusals then stand in for them, always the same ones."""


@dataclass(frozen=True)
class Calm:
    """The flows run once without a disturbance: how they ended, and how long they took."""

    finished: dict[str, Finished]

    def seconds(self, flow: str) -> float:
        return self.finished[flow].seconds


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A platform whose vLLM serves the four-million-parameter model."""
    recipe = tmp_path_factory.mktemp("recipe") / "smoke_dpo.yaml"
    recipe.write_text(RECIPE, "utf-8")
    with platform(tmp_path_factory.mktemp("kills"), str(recipe)) as running:
        yield running


@pytest.fixture(scope="module")
def calm(smoke: Twin) -> Calm:
    """Both personas have the same archive; this one is left in peace."""
    for name in (CALM, SHAKEN):
        copy_of_the_sample(smoke, name)
    finished = {}
    for flow, options in FLOWS.items():
        if flow == "monitor":
            ask_questions(smoke, CALM)
        finished[flow] = run(smoke, flow, CALM, options)
    return Calm(finished)


def run(twin: Twin, flow: str, persona: str, options: tuple[str, ...]) -> Finished:
    """A flow to its end; the gate may say no to a model that knows nothing."""
    finished = twin(flow, persona, *options, "--json")
    assert finished.code == 0 or flow == "evaluate" and json.loads(finished.out), finished.err
    return finished


def ask_questions(twin: Twin, persona: str) -> None:
    """Interactions for `monitor`; most are off the subject and declined without the model."""
    with twin.client() as http:
        for number in range(QUESTIONS):
            question = f"What is the boiling point of element {number} on the periodic table?"
            body = {
                "model": twin.candidate(persona),
                "messages": [{"role": "user", "content": question}],
                "max_tokens": 4,
            }
            assert http.post("/v1/chat/completions", json=body).status_code == 200


@pytest.fixture(scope="module")
def shaken(smoke: Twin) -> Callable[[str], None]:
    """Brings the other persona as far as a flow needs it, whichever of the tests were asked for."""
    done: set[str] = set()

    def prepare(flow: str) -> None:
        before = list(FLOWS)[: list(FLOWS).index(flow)]
        for one in before:
            if one not in done | {"monitor"}:
                run(smoke, one, SHAKEN, FLOWS[one])
        done.update([*before, flow])

    return prepare


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_killed_at_random_ends_as_if_undisturbed(
    smoke: Twin, calm: Calm, shaken: Callable[[str], None], flow: str
) -> None:
    shaken(flow)
    if flow == "monitor":
        ask_questions(smoke, SHAKEN)
    lot = random.Random(f"kills of {flow}")
    ended = 0
    for _ in range(KILLS):
        after = lot.uniform(0.2, calm.seconds(flow))
        under_way = smoke.start(flow, SHAKEN, *FLOWS[flow], "--json")
        deadline = time.monotonic() + after
        while time.monotonic() < deadline and under_way.process.poll() is None:
            time.sleep(0.02)
        if under_way.process.poll() is None:
            under_way.process.send_signal(signal.SIGKILL)
        else:
            ended += 1  # what earlier attempts had finished was not done again
        under_way.finish()
    finished = run(smoke, flow, SHAKEN, FLOWS[flow])
    CHECKS[flow](smoke, json.loads(finished.out), json.loads(calm.finished[flow].out))
    assert ended < KILLS, "no kill hit anything"


def check_features(twin: Twin, shaken: dict[str, Any], calm: dict[str, Any]) -> None:
    assert shaken["features"]["features_digest"] == calm["features"]["features_digest"]
    assert twin.entries(SHAKEN) == twin.entries(CALM)
    assert_one_bundle_a_rung(twin)


def check_datasets(twin: Twin, shaken: dict[str, Any], calm: dict[str, Any]) -> None:
    assert shaken["digest"] == calm["digest"]
    rows = to_rows(twin.store(SHAKEN).read("instructions"), Instruction)
    assert len({row.instruction_id for row in rows}) == len(rows)


def check_train(twin: Twin, shaken: dict[str, Any], calm: dict[str, Any]) -> None:
    for ended in (shaken, calm):
        assert [one["kind"] for one in ended["datasets"]] == ["instructions", "preferences"]
        assert all(one["passed"] for one in ended["datasets"])
        assert [one["stage"] for one in ended["training"]] == ["sft", "dpo"]
    assert shaken["datasets"][0]["digest"] == calm["datasets"][0]["digest"]
    assert shaken["training"][0]["steps"] == calm["training"][0]["steps"]
    assert shaken["training"][0]["final_loss"] == calm["training"][0]["final_loss"]
    assert adapter_digest(twin, SHAKEN, "sft") == adapter_digest(twin, CALM, "sft")
    if shaken["datasets"][1]["digest"] == calm["datasets"][1]["digest"]:  # drafts of a model of chance may give pairs
        assert adapter_digest(twin, SHAKEN, "dpo") == adapter_digest(twin, CALM, "dpo")
    assert_one_bundle_a_rung(twin)


def check_evaluate(twin: Twin, shaken: dict[str, Any], calm: dict[str, Any]) -> None:
    # What a model of chance writes differs from run to run, and so do the metrics that it leaves without a figure.
    assert requests_in(shaken["report"]) == requests_in(calm["report"])
    for path in (twin.home.evaluations / SHAKEN).rglob("answers.jsonl"):
        asked = Counter(json.loads(line)["question_id"] for line in path.read_text("utf-8").splitlines())
        assert set(asked.values()) == {1}, path


def requests_in(report: dict[str, Any]) -> int:
    (errors,) = (one for one in report["scores"] if one["name"] == "error_rate")
    return int(errors["n"])


def check_monitor(twin: Twin, shaken: dict[str, Any], calm: dict[str, Any]) -> None:
    # The last pass waits for new interactions where a killed one had judged these: what is kept counts.
    kept, undisturbed = (MonitoringTables(twin.store(name)).reports() for name in (SHAKEN, CALM))
    assert [one.verdict for one in kept] == [one.verdict for one in undisturbed] == [DriftVerdict.DRIFTED]
    assert [one.moved for one in kept] == [one.moved for one in undisturbed]
    assert (twin.home.monitoring / f".{SHAKEN}.announced").read_text("utf-8").startswith(f"{kept[-1].window}\n")
    scored = MonitoringTables(twin.store(SHAKEN)).scored()
    assert len({row.trace_id for row in scored}) == len(scored) >= QUESTIONS


def check_refresh(twin: Twin, shaken: dict[str, Any], calm: dict[str, Any]) -> None:
    assert shaken["ended"] == calm["ended"]
    assert_one_bundle_a_rung(twin)


CHECKS: dict[str, Callable[[Twin, dict[str, Any], dict[str, Any]], None]] = {
    "features": check_features,
    "datasets": check_datasets,
    "train": check_train,
    "evaluate": check_evaluate,
    "monitor": check_monitor,
    "refresh": check_refresh,
}


def adapter_digest(twin: Twin, persona: str, stage: str) -> str:
    """Digest of the weights that a stage gave, of which a kill must leave one folder and no more."""
    (folder,) = (twin.home.training / persona).glob(f"{stage}-*")
    return str(json.loads((folder / "result.json").read_text("utf-8"))["weights_digest"])


def assert_one_bundle_a_rung(twin: Twin) -> None:
    rungs = Counter(one.manifest.rung for one in open_registry(twin.home).bundles(SHAKEN))
    assert set(rungs.values()) == {1}, rungs
