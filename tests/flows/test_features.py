from __future__ import annotations

from pathlib import Path

import pytest

from flows.build_features import build_features
from flows.features import features_pipeline
from flows.persona_file import persona_yaml
from flows.personas import create_persona, refreshing
from flows.recipes import load_recipe
from flows.turns import refresh_turn
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError, PlatformError, SourceError
from twin_data.transform.pipeline import FeaturesPipeline


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    home = TwinHome(tmp_path / "home")
    text = persona_yaml("ada", "Ada", aliases=[], owner="Ada", licence="CC0-1.0", consent="I agree to a twin.")
    create_persona(home, "ada", text)
    return home


def test_a_persona_s_pipeline_reads_and_writes_in_its_own_folders(home: TwinHome) -> None:
    recipe = load_recipe("demo")
    pipeline = features_pipeline(home, "ada", recipe)
    assert pipeline.persona.name == "ada"
    assert pipeline.sources_folder == home.root / "personas" / "ada" / "sources"
    assert pipeline.store.location("chunks") == str(home.root / "features" / "ada" / "chunks")
    assert pipeline.config == recipe.features


def test_without_sources_nothing_is_stored(home: TwinHome) -> None:
    with pytest.raises(SourceError, match="holds no sources"):
        features_pipeline(home, "ada", load_recipe("demo")).collect()
    assert not home.features.exists()


def test_an_unknown_persona_is_named(home: TwinHome) -> None:
    with pytest.raises(ConfigurationError, match="no persona 'bob'") as refused:
        features_pipeline(home, "bob", load_recipe("demo"))
    assert refused.value.next_step == "twin init bob"


def test_features_are_not_built_beneath_an_evaluation(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """A swapped index would have one exam answered from two corpora."""
    monkeypatch.setenv("TWIN_HOME", str(home.root))
    monkeypatch.setattr("flows.personas.LOCK_WAIT_S", 0.0)
    with refreshing(home, "ada"), pytest.raises(PlatformError, match="is being built, refreshed, trained or evaluated"):
        build_features.fn("ada", "demo")


def test_a_refresh_builds_them_in_its_own_turn(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def collect(pipeline: FeaturesPipeline) -> None:
        raise SourceError("its turn has come")

    monkeypatch.setenv("TWIN_HOME", str(home.root))
    monkeypatch.setattr("flows.build_features.collect", collect)
    with refresh_turn(home, "ada"), pytest.raises(SourceError, match="its turn has come"):
        build_features.fn("ada", "demo")
