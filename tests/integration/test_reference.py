"""The ladder's yardstick on real servers: the platform's own vLLM, which speaks OpenAI's API, stands for the strong model.

It writes then as bundle 0 does, so the distance is about nothing; that the way through the service, its checks and the
ladder holds is what is shown. Any other endpoint differs by `base_url`, `model` and key alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twin_data.contracts.errors import RegistryError
from twin_data.contracts.ladder import Ladder
from twin_data.contracts.releases import Alias, Rung
from twin_data.registry import open_registry

from .conftest import REPOSITORY, Twin

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KEY = "REFERENCE_TEST_KEY"
REFERENCE = """
evaluation:
  concurrency: 4
  max_questions: 24
  writing_briefs: 0
  reference:
    base_url: {url}/v1
    model: base
    api_key_variable: {key}
    price: {{prompt_per_million: 1.0, completion_per_million: 2.0}}
"""


def recipe_with(url: str, path: Path) -> str:
    """The recipe `demo` with that endpoint as its reference."""
    before = (REPOSITORY / "recipes" / "demo.yaml").read_text("utf-8").partition("\nevaluation:")[0]
    path.write_text(f"{before}\n{REFERENCE.format(url=url, key=KEY)}", "utf-8")
    return str(path)


def climb(twin: Twin, sample: str, recipe: str) -> Ladder:
    bundle = sample.partition("@")[2]
    climbed = twin("evaluate", "sample", "--recipe", recipe, "--bundle", bundle, "--ladder", "--json")
    assert climbed.code in {0, 1}, climbed.err  # 1: the gate did not promote the candidate
    return Ladder.model_validate(json.loads(climbed.out)["ladder"])


def test_the_reference_is_asked_through_the_service_and_stays_a_yardstick(
    twin: Twin, sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "vLLM asks for none")  # each command copies this environment
    away = climb(twin, sample, recipe_with("http://127.0.0.1:9", tmp_path / "away.yaml"))
    assert away.yardstick is None and away.rung(Rung.BASE)
    assert away.missing[-1].rung is Rung.REFERENCE

    twin("up", "business", "--restart").ok()  # with the key in its environment
    recipe = recipe_with(twin.settings.llm_address, tmp_path / "reference.yaml")
    found = climb(twin, sample, recipe)
    assert found.yardstick and found.yardstick.model == "base", found.verdict
    result = found.yardstick.result
    assert result.report.score("error_rate") is None or result.report.score("error_rate").value == 0  # type: ignore[union-attr]
    cost = result.report.score("cost")
    assert cost is None or 0 < cost.value < 1, "by its tokens"
    assert found.recommended is not Rung.REFERENCE and found.rungs == away.rungs

    registry = open_registry(twin.home)
    assert registry.resolve("sample", bundle_id=result.bundle).aliases == ()
    with pytest.raises(RegistryError, match="there to be measured against"):
        registry.set_alias("sample", Alias.CHAMPION, result.bundle, reason="a test", override_by="a test")
    assert climb(twin, sample, recipe) == found, "nothing is asked twice"
