"""A judge on real servers: the platform's own vLLM, which speaks OpenAI's API, judges what the business service answered.

How well a model of 135 million parameters judges is no matter here; that it is asked, read and reported is.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twin_eval.judging.asking import VERDICTS_FILE
from twin_eval.judging.items import Task
from twin_eval.judging.run import read_judge

from .conftest import REPOSITORY, Twin

pytestmark = pytest.mark.integration

JUDGE = """
evaluation:
  concurrency: 4
  max_questions: 8
  writing_briefs: 0
  judge:
    kind: endpoint
    base_url: {url}/v1
    model: base
    api_key_variable: JUDGE_TEST_KEY
    concurrency: 2
    max_dropped: 4
"""


def judged_by_the_platform(twin: Twin, folder: Path) -> str:
    """The recipe `demo` with the platform's own model as the judge."""
    before = (REPOSITORY / "recipes" / "demo.yaml").read_text("utf-8").partition("\nevaluation:")[0]
    path = folder / "judged.yaml"
    path.write_text(f"{before}\n{JUDGE.format(url=twin.settings.llm_address)}", "utf-8")
    return str(path)


def test_the_platforms_own_model_judges_and_is_asked_once(
    twin: Twin, sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = judged_by_the_platform(twin, tmp_path)
    arguments = ("evaluate", "sample", "--recipe", recipe, "--bundle", sample.partition("@")[2], "--json")
    twin(*arguments[:-1]).error_with_next_step("JUDGE_TEST_KEY is not set", "export JUDGE_TEST_KEY")

    monkeypatch.setenv("JUDGE_TEST_KEY", "vLLM asks for none")  # each command copies this environment
    first = json.loads(twin(*arguments).out)
    folder = Path(first["html"]).parent
    found = read_judge(folder)
    assert found and found.judge == "base" and found.stopped == ""
    helpful = found.task(Task.HELPFUL)
    assert helpful and helpful.texts and helpful.errors == 0
    assert helpful.unparsed < helpful.texts, "at least one reply could be read"
    assert "What a judge says: base" in Path(first["html"]).read_text("utf-8")

    kept = (folder / VERDICTS_FILE).read_bytes()
    again = json.loads(twin(*arguments).out)
    assert (folder / VERDICTS_FILE).read_bytes() == kept, "nothing is asked twice"
    assert again["judge"]["reused"] == len(kept.splitlines()) and again["judge"]["tasks"] == first["judge"]["tasks"]
