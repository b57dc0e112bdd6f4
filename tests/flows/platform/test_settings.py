from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.platform.settings import REPOSITORY_ROOT, PlatformSettings, Ports
from twin_data.contracts.errors import ConfigurationError

ports = st.lists(st.integers(1, 65535), min_size=6, max_size=6, unique=True).map(
    lambda values: Ports(**dict(zip(Ports.model_fields, values, strict=True)))
)


def test_defaults_are_the_documented_ones() -> None:
    settings = PlatformSettings.from_environment({})
    assert settings.ports == Ports(
        business=8080, llm=8001, elasticsearch=9200, prefect=4200, mlflow=5000, evidently=8085
    )
    assert settings.elasticsearch_address == "http://127.0.0.1:9200"
    assert settings.prefect_address == "http://127.0.0.1:4200/api"
    assert settings.llm_environment == REPOSITORY_ROOT / ".venv-serve"
    assert (settings.recipe, settings.elasticsearch_heap) == ("demo", "512m")


def test_a_recipe_by_path_is_found_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows of deployments run in a folder of their own, and read the path in the environment or in a parameter."""
    monkeypatch.chdir(tmp_path)
    settings = PlatformSettings.from_environment({"TWIN_RECIPE": "recipes/mine.yml"})
    assert settings.recipe == settings.as_environment()["TWIN_RECIPE"] == str(tmp_path / "recipes" / "mine.yml")
    assert PlatformSettings.from_environment({"TWIN_RECIPE": "laptop"}).recipe == "laptop"


@given(ports=ports, recipe=st.sampled_from(["demo", "laptop"]))
def test_a_child_process_reads_the_same_settings(ports: Ports, recipe: str) -> None:
    settings = PlatformSettings(ports=ports, recipe=recipe, llm_environment=Path("/opt/serve"))
    again = PlatformSettings.from_environment(settings.as_environment())
    assert again.model_copy(update={"cache": settings.cache}) == settings


def test_remote_addresses_and_keys_reach_children_and_stay_out_of_text() -> None:
    settings = PlatformSettings.from_environment(
        {
            "ELASTICSEARCH_URL": "https://search.example:9243/",
            "ELASTICSEARCH_API_KEY": "s3cret",
            "PREFECT_API_KEY": "k3y",
        }
    )
    assert settings.elasticsearch_address == "https://search.example:9243"
    assert settings.as_environment()["ELASTICSEARCH_API_KEY"] == "s3cret"
    assert settings.as_environment()["PREFECT_API_KEY"] == "k3y"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_platforms_own_addresses_do_not_count_as_remote(host: str) -> None:
    settings = PlatformSettings.from_environment(
        {
            "TWIN_PORT_PREFECT": "4300",
            "PREFECT_API_URL": f"http://{host}:4300/api",
            "ELASTICSEARCH_URL": f"http://{host}:9200",
        }
    )
    assert settings.prefect_api_url is None
    assert settings.elasticsearch_url is None


def test_another_local_server_counts_as_remote() -> None:
    assert PlatformSettings.from_environment({"PREFECT_API_URL": "http://localhost:4999/api"}).prefect_api_url


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TWIN_PORT_PREFECT": "four"}, "TWIN_PORT_PREFECT='four'"),
        ({"TWIN_PORT_LLM": "70000"}, "TWIN_PORT_LLM='70000'"),
        ({"TWIN_PORT_LLM": "5000"}, "TWIN_PORT_LLM and TWIN_PORT_MLFLOW are both 5000"),
        ({"TWIN_ELASTICSEARCH_HEAP": "lots"}, "TWIN_ELASTICSEARCH_HEAP='lots'"),
        ({"ELASTICSEARCH_URL": "http://[bad"}, "'http://[bad' is not a URL"),
    ],
)
def test_a_wrong_variable_is_named(variables: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PlatformSettings.from_environment(variables)
    assert message in caught.value.message
    assert caught.value.next_step


def test_a_relative_environment_is_below_the_repository() -> None:
    assert (
        PlatformSettings.from_environment({"TWIN_LLM_ENV": ".venv-gpu"}).llm_environment
        == REPOSITORY_ROOT / ".venv-gpu"
    )
    assert PlatformSettings.from_environment({"TWIN_LLM_ENV": "/opt/vllm"}).llm_environment == Path("/opt/vllm")
