from __future__ import annotations

from pathlib import Path

import pytest

from flows.features import features_pipeline
from flows.persona_file import persona_yaml
from flows.personas import create_persona
from flows.recipes import load_recipe
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError, SourceError


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
