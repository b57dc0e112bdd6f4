"""The judge of a recipe, from its settings to the evaluation's page; a classifier of entailment on disk as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flows import evaluate_twin as stages
from flows import judges
from flows.cli.stages import _evaluation_text
from flows.nli_judge import NliModel, entailment_label
from flows.recipes import EvaluationSettings, Recipe
from twin_data.contracts.errors import ConfigurationError, IntegrityError, ModelError
from twin_eval.judging.items import JudgeItem, Task
from twin_eval.judging.run import read_judge

from ..openai_server import Reply, serving
from .bench import EXAM, Bench, knowing, page_of

ENDPOINT = {"kind": "endpoint", "base_url": "https://llm.example.org/v1/", "model": "strong"}


def settings(**judge: Any) -> EvaluationSettings:
    return EvaluationSettings.model_validate({"judge": {**ENDPOINT, **judge}})


async def test_the_judge_is_asked_after_the_gate_and_shown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_JUDGE_API_KEY", "sesame")
    bundle = bench.bundle("first", knowing(20))
    judged = await stages.ask.fn(bench.home, bundle, EXAM, EvaluationSettings())
    decision, compared = stages.decide.fn(judged, None, EXAM)
    with serving(lambda body: Reply("yes" if "high water" in body["messages"][-1]["content"] else "no")) as server:
        found = await stages.second_opinion.fn(bench.home, judged, EXAM, settings(base_url=server.url))
        assert len(server.asked) == len(EXAM.questions)
    assert found
    files = stages.write_down.fn(bench.home, EXAM, judged, compared, decision, None, bundle, found)
    assert read_judge(files.page.parent) == found
    assert "What a judge says: strong" in page_of(files.page)
    shown = {
        "report": judged.report.model_dump(mode="json"), "decision": decision.model_dump(mode="json"), "html": None,
        "judge": found.model_dump(mode="json", exclude={"verdicts"}),
    }  # fmt: skip
    assert "judge strong:" in _evaluation_text(shown) and "kappa" in _evaluation_text(shown)


async def test_without_a_judge_nobody_is_asked(bench: Bench) -> None:
    judged = await stages.ask.fn(bench.home, bench.bundle("first", knowing(20)), EXAM, EvaluationSettings())
    assert await stages.second_opinion.fn(bench.home, judged, EXAM, EvaluationSettings()) is None
    judges.require_judge(EvaluationSettings())


def test_a_missing_key_is_told_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWIN_JUDGE_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match=r"\$TWIN_JUDGE_API_KEY is not set"):
        judges.require_judge(settings())
    monkeypatch.setenv("OTHER", "x")
    judges.require_judge(settings(api_key_variable="OTHER"))


@pytest.mark.parametrize(
    ("judge", "problem"),
    [
        ({"base_url": "llm.example.org"}, "https://host/v1"),
        ({"base_url": "https://me:secret@llm.example.org/v1"}, "leave user, password and query out"),
        ({"base_url": "https://llm.example.org/v1?key=secret"}, "leave user, password and query out"),
        ({"api_key_variable": "sk-123"}, "match"),
        ({"model": ""}, "at least 1"),
        ({"kind": "nli"}, "folder"),
        ({"kind": "oracle"}, "nli"),
        ({"folder": "/models/nli"}, "folder"),
    ],
)
def test_wrong_settings_are_refused(judge: dict[str, str], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        settings(**judge)


def test_who_judges_makes_no_bundle_another_one() -> None:
    without = Recipe(name="r", description="d")
    judged = Recipe(name="r", description="d", evaluation=settings())
    assert judged.digest == without.digest
    assert judged.evaluation.judge and judged.evaluation.judge.model_dump()["base_url"] == "https://llm.example.org/v1"


# An NLI model of a few thousand weights, which knows no English: what counts is how it is asked.


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny-nli"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "high", "water", "came", "."]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=64, id2label={0: "contradiction", 1: "Entailment", 2: "neutral"},
        label2id={"contradiction": 0, "Entailment": 1, "neutral": 2},
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
    model.save_pretrained(folder)
    return folder


def sentence(passages: tuple[str, ...]) -> JudgeItem:
    return JudgeItem(
        task=Task.SUPPORT, question_id="q", question="?", text="high water came.", passages=passages, item="i",
        scored=True,
    )  # fmt: skip


async def test_a_classifier_of_entailment_judges_sentences(nli: Path, bench: Bench) -> None:
    model = NliModel(nli)
    assert await model.verdict(sentence(("water came.", "high water " * 200))) is True, "longer than it reads"
    model._entailment = 2
    assert await model.verdict(sentence(("water came.",))) is False
    judged = await stages.ask.fn(bench.home, bench.bundle("first", knowing(20)), EXAM, EvaluationSettings())
    given = EvaluationSettings.model_validate({"judge": {"kind": "nli", "folder": str(nli)}})
    found = await stages.second_opinion.fn(bench.home, judged, EXAM, given)
    assert found and found.judge == "tiny-nli" and found.tasks == (), "it judges no whole answers"


def test_what_is_no_such_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no config.json"):
        judges.require_judge(EvaluationSettings.model_validate({"judge": {"kind": "nli", "folder": str(tmp_path)}}))
    with pytest.raises(ModelError, match="its labels are 'LABEL_0', 'LABEL_1'"):
        entailment_label({0: "LABEL_0", 1: "LABEL_1"}, tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ModelError, match="no model's configuration"):
        NliModel(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="its labels are none"):
        NliModel(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"x")
    with pytest.raises(IntegrityError, match="pickle"):
        NliModel(tmp_path)
