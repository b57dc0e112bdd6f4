"""From a folder of posts to a twin that answers: what a new user does, on the real servers, in their order."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import openai
import pytest

from twin_data.contracts.releases import Alias
from twin_data.registry import open_registry

from .conftest import NEW_POST, POSTS, Finished, Twin

pytestmark = pytest.mark.integration

KAFKA = "What did Kafka cost the Co-op each month, and what does PostgreSQL cost instead?"
FERRY = "What did you pay for the Brackholm ferry, and when did you buy it?"
LAMP = "How did you steer on the night the lamp on the eastern jetty went out?"
HEIR = "To whom did the old ferryman leave the brass whistle in his letter?"
LETTER = """---
title: The letter about the whistle
date: 2025-02-03
---

In his last letter the old ferryman left the brass whistle to Halvard Ness, who had never once crossed on the boat and
could not whistle either. I carried it over to him on a wet Tuesday in February, wrapped in a page of the tide tables.

He hung it above his stove without a word. On the way back the engine missed twice, and I thought that the boat had
understood the whole matter a good deal better than the two of us.
"""
PROMOTION_S = 15.0
"""What a service that looks for new aliases every two seconds may take on a busy machine."""


@dataclass(frozen=True)
class Mara:
    """A persona of the tests' own, made by a user's commands."""

    posts: Path
    init: dict[str, Any]
    added: dict[str, Any]
    features: dict[str, Any]

    @property
    def model(self) -> str:
        return f"mara@{self.features['bundle']}"


@pytest.fixture(scope="module")
def mara(twin: Twin, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Mara:
    own = tmp_path_factory.mktemp("mara") / "posts"
    shutil.copytree(posts, own)
    return Mara(
        own,
        twin("init", "mara", "--display-name", "Mara Holm", "--owner", "Mara Holm", "--licence", "CC-BY-4.0",
             "--consent", "I agree that a twin is made of these posts.", "--json").json,
        twin("add", "mara", str(own), "--json").json,
        twin("features", "mara", "--json").json,
    )  # fmt: skip


@pytest.fixture(scope="module")
def client(twin: Twin, sample: str) -> openai.OpenAI:
    return twin.openai()


def ask(client: openai.OpenAI, model: str, question: str, **more: Any) -> dict[str, Any]:
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}], **more)
    return dict(answer.model_dump())


def run_deployment(twin: Twin, name: str) -> Finished:
    return twin("deployment", "run", name, "--watch", program="prefect")


def test_a_new_persona_has_its_file_and_deployments(twin: Twin, mara: Mara) -> None:
    flows = ("build-features", "evaluate-twin", "build-datasets", "train-twin", "monitor-twin", "refresh-twin")
    assert mara.init["deployments"] == [f"{flow}/mara" for flow in flows]
    assert Path(mara.init["file"]) == twin.home.persona_folder("mara") / "persona.yaml"
    assert "Mara Holm" in Path(mara.init["file"]).read_text("utf-8")


def test_adding_again_changes_nothing(twin: Twin, mara: Mara) -> None:
    assert mara.added["added"][0] | {"bytes": 0} == {
        "name": "posts", "files": len(POSTS), "bytes": 0, "new": len(POSTS), "changed": 0, "removed": 0, "unchanged": 0,
    }  # fmt: skip
    (again,) = twin("add", "mara", str(mara.posts), "--json").json["added"]
    assert (again["new"], again["changed"], again["removed"], again["unchanged"]) == (0, 0, 0, len(POSTS))


def test_features_are_indexed_and_their_bundle_is_the_candidate(twin: Twin, mara: Mara) -> None:
    built = mara.features["features"]
    assert "<title>Corpus of mara</title>" in Path(mara.features["corpus_report"]).read_text("utf-8")
    assert built["documents"] == len(POSTS)
    assert twin.live_index("mara") == built["index"]
    assert twin.entries("mara") == built["chunks"] + built["documents"] + 1
    (bundle,) = open_registry(twin.home).bundles("mara")
    assert (bundle.bundle_id, bundle.aliases) == (mara.features["bundle"], (Alias.CANDIDATE,))
    assert bundle.manifest.lineage.features_digest == built["features_digest"]


def test_the_corpus_is_told_as_json(twin: Twin, mara: Mara) -> None:
    verdict = twin("corpus", "mara", "--json").json
    assert verdict["documents"] == len(POSTS)
    assert {row["name"] for row in verdict["by_source"]} == {"posts"}
    assert {row["name"]: row["documents"] for row in verdict["by_year"]} == {"2022": 2, "2023": 1}
    assert verdict["recommendation"] == "stay with prompt and retrieval" and verdict["reasons"]


def test_a_watched_run_of_unchanged_sources_does_nothing_twice(twin: Twin, mara: Mara) -> None:
    before = twin.stages("mara"), twin.candidate("mara"), twin.entries("mara")
    run = run_deployment(twin, "build-features/mara")
    assert run.code == 0, run.out + run.err
    assert "Completed" in run.out
    assert run.seconds < 150
    assert (twin.stages("mara"), twin.candidate("mara"), twin.entries("mara")) == before


def test_watched_runs_that_fail_exit_with_another_code(twin: Twin, posts: Path) -> None:
    """One persona's sources are gone, the other has withdrawn its consent."""
    twin.init("gone")
    twin.init("withdrawn", posts)
    file = twin.home.persona_folder("withdrawn") / "persona.yaml"
    text = file.read_text("utf-8")
    file.write_text(text[: text.index("consent:")] + 'style_notes: ""\n', "utf-8")
    runs = [twin.start("deployment", "run", f"build-features/{one}", "--watch", program="prefect")
            for one in ("gone", "withdrawn")]  # fmt: skip
    for run in runs:
        ended = run.finish()
        assert ended.code != 0, ended.out
        assert "Failed" in ended.out
    log = (twin.home.logs / "worker-cpu.log").read_text("utf-8")
    assert "holds no sources" in log
    assert "'withdrawn' does not state consent" in log
    assert twin.indices("gone") == twin.indices("withdrawn") == set()


def test_every_citation_quotes_its_document_exactly(twin: Twin, sample: str) -> None:
    answer = twin("ask", sample, KAFKA, "--json").json
    citations = answer["twin"]["citations"]
    assert citations, answer["choices"][0]["message"]["content"]
    assert "1,310" in answer["choices"][0]["message"]["content"] or "190" in answer["choices"][0]["message"]["content"]
    with twin.client() as http:
        for one in citations:
            found = http.get("/api/documents/sample", params={"id": one["document_id"]}).json()
            assert one["quote"] == found["text"][one["start"] : one["end"]]
            assert (one["title"], one["date"], one["url"]) == (found["title"], found["date"], found["url"])
    shown = answer["choices"][0]["message"]
    for note in shown["annotations"]:
        marker = note["url_citation"]
        assert shown["content"][marker["start_index"] : marker["end_index"]].strip("[]").isdigit()


def test_ask_for_people_ends_with_what_it_took(twin: Twin, sample: str) -> None:
    said = twin("ask", sample, KAFKA).ok().out
    assert "Sources:" in said and "slackwater.example" in said
    assert "tokens" in said and f"bundle {sample.partition('@')[2]}" in said


def test_the_openai_client_gets_a_whole_answer(client: openai.OpenAI, sample: str) -> None:
    answer = ask(client, sample, KAFKA, max_tokens=32)
    assert answer["object"] == "chat.completion" and answer["model"] == sample
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["completion_tokens"] <= 32
    assert answer["twin"]["outcome"] in {"generated", "repaired", "quoted"}
    assert answer["twin"]["trace_id"] and answer["twin"]["passages"]


def test_the_openai_client_streams_the_same_form(client: openai.OpenAI, sample: str) -> None:
    chunks = list(
        client.chat.completions.create(
            model=sample, messages=[{"role": "user", "content": KAFKA}], stream=True,
            stream_options={"include_usage": True}, max_tokens=32,
        )
    )  # fmt: skip
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    last = next(one for one in chunks if one.choices and one.choices[0].finish_reason)
    extras: Any = last.model_dump()["twin"]
    assert "Sources:" in text
    assert all(one["quote"] in text for one in extras["citations"] if f"[{one['n']}]" in text.split("Sources:")[0])
    assert chunks[-1].usage and chunks[-1].usage.completion_tokens > 0


def test_models_are_listed_for_the_client(client: openai.OpenAI, sample: str, mara: Mara) -> None:
    assert {sample, mara.model} <= {one.id for one in client.models.list()}
    assert client.models.retrieve(sample).owned_by == "sample"


def test_a_wrong_key_is_refused(twin: Twin, sample: str) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        ask(twin.openai("twin_wrong"), sample, KAFKA)
    assert refused.value.code == "invalid_api_key"


def test_an_unknown_model_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        ask(client, "nobody", KAFKA)
    assert refused.value.code == "model_not_found"


def test_a_question_over_the_context_is_refused(client: openai.OpenAI, sample: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, sample, "tide " * 4000)
    assert refused.value.code == "context_length_exceeded"
    assert "1536 words" in str(refused.value)


def test_it_says_that_it_is_a_twin(client: openai.OpenAI, sample: str) -> None:
    answer = ask(client, sample, "Am I talking to the real Isolde Quarmby, or to a machine?")
    assert answer["choices"][0]["message"]["content"].startswith("I am a digital twin of Isolde Quarmby")


def test_what_the_persona_never_wrote_about_is_declined(client: openai.OpenAI, sample: str) -> None:
    answer = ask(client, sample, "What is the capital of Mongolia?")
    assert (answer["twin"]["outcome"], answer["twin"]["citations"]) == ("declined", [])
    assert answer["twin"]["decline_reason"] == "no_evidence"
    assert "I have not written about that" in answer["choices"][0]["message"]["content"]


def test_the_ledger_has_a_row_whatever_becomes_of_a_request(twin: Twin, sample: str) -> None:
    key = twin.new_key("ledger")
    ask(twin.openai(key), sample, "Are you a machine?")
    with pytest.raises(openai.NotFoundError):
        ask(twin.openai(key), "sample@000000000000", KAFKA)
    stream = twin.openai(key).chat.completions.create(
        model=sample, messages=[{"role": "user", "content": "Tell me a very long story about rivers."}], stream=True,
        max_tokens=1000, extra_body={"twin": {"retrieval": False, "verify": False}},
    )  # fmt: skip
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    stream.close()  # the client is gone in mid-stream
    assert twin.rows("ledger") == {"ok": 1, "failed": 1, "aborted": 1, "running": 0}
    report = twin("usage", "sample", "--by", "status", "--json").json
    aborted = next(row for row in report["rows"] if row["group"] == "aborted")
    assert 0 < aborted["completion_tokens"] < 1000
    assert aborted["amount"] is None, "the recipe states no price, so no amount is known"


def test_a_promoted_bundle_answers_without_a_restart(twin: Twin, client: openai.OpenAI, sample: str) -> None:
    """This stands for the gate's decision; the bars themselves are asked in the demo."""
    question = "Are you a machine?"
    with pytest.raises(openai.NotFoundError, match="no champion"):
        ask(client, "sample", question)
    bundle = sample.partition("@")[2]
    before = twin.pid("business")
    open_registry(twin.home).set_alias(
        "sample", Alias.CHAMPION, bundle, reason="integration test", override_by="the tests"
    )
    promoted = time.monotonic()
    while True:
        try:
            answer = ask(client, "sample", question)
            break
        except openai.NotFoundError:
            assert time.monotonic() - promoted < PROMOTION_S, "the service has not noticed its new champion"
            time.sleep(0.5)
    assert answer["twin"]["bundle"] == bundle
    assert "sample" in {one.id for one in client.models.list()}
    assert twin.pid("business") == before


def test_features_are_rebuilt_while_people_ask(twin: Twin, mara: Mara) -> None:
    """Not one request fails while the index is swapped under them, and then the new post is found."""
    key, former = twin.new_key("readers"), twin.live_index("mara")
    done, questions = threading.Event(), cycle((FERRY, LAMP, "Why does the ferry not run at noon?"))

    def keep_asking() -> list[dict[str, Any]]:
        answers = []
        while not done.is_set():
            answers.append(ask(twin.openai(key), mara.model, next(questions), max_tokens=8))
            time.sleep(0.2)
        return answers

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(keep_asking) for _ in range(2)]
        try:
            (mara.posts / "the-lamp.md").write_text(NEW_POST, "utf-8")
            (added,) = twin("add", "mara", str(mara.posts), "--json").json["added"]
            built = twin("features", "mara", "--json").json
            time.sleep(3)  # a few more questions after the swap
        finally:
            done.set()
        answers = [answer for reader in readers for answer in reader.result()]

    assert (added["new"], added["unchanged"]) == (1, len(POSTS))
    assert twin.live_index("mara") == built["features"]["index"] != former
    assert former in twin.indices("mara"), "the former index serves who still reads it"
    rows = twin.rows("readers")
    assert rows == {"ok": len(answers), "failed": 0, "aborted": 0, "running": 0} and rows["ok"] > 3
    new = ask(twin.openai(), f"mara@{built['bundle']}", LAMP)
    cited = {one["document_id"] for one in new["twin"]["citations"]}
    assert cited == {"posts/the-lamp.md"}, new["choices"][0]["message"]["content"]
    assert "bakery" in new["choices"][0]["message"]["content"]


def test_a_post_is_forgotten_and_its_absence_shown(twin: Twin, mara: Mara, tmp_path: Path) -> None:
    """The champion was made of it: bundle 0 of what is left answers, and does not know it any more."""
    (mara.posts / "the-letter.md").write_text(LETTER, "utf-8")
    twin("add", "mara", str(mara.posts)).ok()
    made = twin("features", "mara", "--json").json["bundle"]
    twin("promote", "mara", made, "--override-by", "Mara", "--reason", "for the test").ok()
    assert "posts/the-letter.md" in cited(ask(twin.openai(), f"mara@{made}", HEIR))
    assert files_with(twin, b"Halvard Ness"), "files and tables hold it"

    receipt = twin("forget", "mara", "posts/the-letter.md", "--yes", "--json").json["content"]

    assert not any(store["found"] for store in receipt["proof"]["stores"]), receipt["proof"]
    assert receipt["champion_before"] == made != receipt["champion_after"]
    assert files_with(twin, b"Halvard Ness") == [], "a plain search for its bytes agrees"
    assert twin.indices("mara") == {twin.live_index("mara")}
    again = ask(twin.openai(), f"mara@{receipt['champion_after']}", HEIR)
    assert "posts/the-letter.md" not in cited(again) and "Halvard" not in again["choices"][0]["message"]["content"]
    (tmp_path / "found-again.md").write_text(LETTER, "utf-8")
    twin("add", "mara", str(tmp_path / "found-again.md")).error_with_next_step("told to forget", "--remember")
    (proof,) = twin("forget", "--verify", "--json").json["verified"]
    assert proof["is_absent"], proof


def cited(answer: dict[str, Any]) -> set[str]:
    return {one["document_id"] for one in answer["twin"]["citations"]}


def files_with(twin: Twin, text: bytes) -> list[str]:
    """Files of the home in which it stands as plain bytes."""
    files = (path for path in twin.home.root.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if text in path.read_bytes())
