from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.recipe_files import RECIPES, recipe_path
from flows.recipes import DEFAULT_RECIPE, Recipe, load_recipe
from twin_data.contracts.errors import ConfigurationError

DOCUMENTED = RECIPES.parent / "docs" / "configuration.md"
SHIPPED = sorted(path.stem for path in RECIPES.glob("*.yaml"))


def write(folder: Path, *lines: str) -> str:
    path = folder / "mine.yaml"
    path.write_text("\n".join(("name: mine", "description: Mine.", *lines)) + "\n", "utf-8")
    return str(path)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_recipe_is_named_as_its_file_and_says_what_it_is(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description


def test_the_default_recipe_is_shipped_and_says_that_it_is_capped() -> None:
    assert DEFAULT_RECIPE in SHIPPED
    assert load_recipe(DEFAULT_RECIPE).label


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="no recipe 'demmo'") as refused:
        recipe_path("demmo")
    assert all(name in refused.value.next_step for name in SHIPPED)


def test_a_recipe_is_found_by_path(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path)).name == "mine"
    with pytest.raises(ConfigurationError, match="no recipe"):
        recipe_path(str(tmp_path / "other.yaml"))


def test_a_typo_is_named_with_file_line_and_fix(tmp_path: Path) -> None:
    path = write(tmp_path, "generation:", "  max_tokns: 64")
    with pytest.raises(ConfigurationError) as refused:
        load_recipe(path)
    assert f"{path}:4: generation.max_tokns: unknown field; did you mean 'max_tokens'?" in refused.value.message


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("evaluation: {concurrency: 0}", "evaluation.concurrency"),
        ("evaluation: {max_questions: 0}", "evaluation.max_questions"),
        ("generation: {max_tokens: many}", "generation.max_tokens"),
        ("base_model: {max_model_len: 10}", "base_model.max_model_len"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(tmp_path: Path, line: str, field: str) -> None:
    with pytest.raises(ConfigurationError, match=f"mine.yaml:3: {field}: .* not "):
        load_recipe(write(tmp_path, line))


@pytest.mark.parametrize("stage", ["sft", "dpo"])
def test_a_learning_rate_without_its_exponent_is_refused(tmp_path: Path, stage: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"mine.yaml:3: training\.{stage}\.learning_rate: .* equal to 0.1, not 4"
    ):
        load_recipe(write(tmp_path, f"training: {{{stage}: {{learning_rate: 4}}}}"))
    assert load_recipe(write(tmp_path, f"training: {{{stage}: {{learning_rate: 4e-4}}}}"))


@pytest.mark.parametrize("name", ["max_tokens", "write_max_tokens"])
def test_an_answer_as_long_as_the_context_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        ConfigurationError, match=f"generation.{name} is 4000 and base_model.max_model_len,.* 512: lower"
    ):
        load_recipe(write(tmp_path, f"generation: {{{name}: 4000}}", "base_model: {max_model_len: 512}"))


def test_another_base_model_is_given_its_own_name_and_licence(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"mine.yaml:3: base_model: .*'some/model': give that model's own licence"
    ):
        load_recipe(write(tmp_path, "base_model:", "  source: some/model", "  name: some-model"))


def test_what_no_bundle_can_be_made_of_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"training\.lora is null.* only adapters can be released") as refused:
        load_recipe(write(tmp_path, "training: {lora: null}"))
    assert "{r: 16, alpha: 32}" in refused.value.message


def test_the_digest_follows_the_settings_and_nothing_else(tmp_path: Path) -> None:
    plain = load_recipe(write(tmp_path))
    assert plain.digest == load_recipe(write(tmp_path, "# a remark", "price: {}")).digest
    assert plain.digest == Recipe(name="mine", description="Mine.").digest
    assert plain.digest != load_recipe(write(tmp_path, "generation: {temperature: 0.9}")).digest


@pytest.mark.parametrize(
    ("lines", "fix"),
    [
        (
            ("retrieval: {excerpts: 3}",),
            "datasets.instructions.excerpts is 0 and retrieval.excerpts is 3: set both to 3",
        ),
        (
            ("retrieval: {passages: 8}",),
            "datasets.instructions.passages is 4 and retrieval.passages is 8: set both to 8",
        ),
    ],
)
def test_a_model_is_trained_on_prompts_of_the_kind_that_it_is_served(
    tmp_path: Path, lines: tuple[str, ...], fix: str
) -> None:
    with pytest.raises(ConfigurationError, match=fix):
        load_recipe(write(tmp_path, *lines))


def documented(key: str) -> str:
    """The only example of the documentation that holds a key."""
    examples = re.findall(r"^```yaml\n(.*?)^```", DOCUMENTED.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (text,) = (one for one in examples if f"{key}:" in one)
    return str(text)


def test_the_documented_judge_and_reference_are_some(tmp_path: Path) -> None:
    for name in ("judge", "reference"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"name: {name}\ndescription: as documented\n{documented(name)}", "utf-8")
        endpoint = getattr(load_recipe(str(path)).evaluation, name)
        assert endpoint.model == "some-large-model"
        assert f"`{endpoint.api_key_variable}`" in DOCUMENTED.read_text("utf-8")


def test_the_documented_teacher_is_one(tmp_path: Path) -> None:
    path = tmp_path / "taught.yaml"
    path.write_text(documented("teacher"), "utf-8")
    recipe = load_recipe(str(path))
    assert recipe.datasets.teacher.kind == "endpoint"
    assert f"`{recipe.datasets.teacher.api_key_variable}`" in DOCUMENTED.read_text("utf-8")
    plain = Recipe(name=recipe.name, description=recipe.description)
    same = recipe.datasets.model_copy(update={"teacher": plain.datasets.teacher})
    assert recipe.model_copy(update={"datasets": same}) == plain, "all else is as the defaults"
