"""The persona of a rebuild: set up once, gone on with, and never in the place of another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from flows import rebuilt_persona
from flows.bundles import RECIPE_FILE
from flows.personas import SHIPPED
from flows.rebuilt_persona import MARKER_FILE, set_up
from flows.recipes import load_recipe
from twin_data.configuration.home import TwinHome
from twin_data.contracts.digests import digest_file
from twin_data.contracts.errors import PlatformError, TwinError
from twin_data.registry.bundle_folder import DIGESTS_FILE, MANIFEST_FILE

from .test_rebuild import DEMO, LAPTOP, PERSONA, bundle

RUBRIC = (SHIPPED / "sample" / "rubric.yaml").read_text("utf-8") + "\nprobes: "


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    return TwinHome(tmp_path / "home")


@pytest.fixture
def persona(tmp_path: Path) -> Path:
    """The folder that the original was made from."""
    folder = tmp_path / "persona"
    (folder / "sources" / "notes").mkdir(parents=True)
    (folder / "sources" / "notes" / "a.md").write_text("The gate is shut.")
    (folder / "questions.jsonl").write_text("{}\n")
    (folder / "rubric.yaml").write_text(f"{RUBRIC}probes/unsafe.jsonl\n")
    (folder / "probes").mkdir()
    (folder / "probes" / "unsafe.jsonl").write_text("{}\n")
    return folder


def test_everything_that_its_stages_read_is_there(tmp_path: Path, home: TwinHome, persona: Path) -> None:
    recipe = set_up(home, bundle(tmp_path, DEMO), persona)
    made = home.persona_folder("ada")
    assert load_recipe(str(recipe)) == DEMO and (made / "persona.yaml").read_text() == PERSONA
    for name in ("sources/notes/a.md", "questions.jsonl", "rubric.yaml", "probes/unsafe.jsonl"):
        assert (made / name).read_bytes() == (persona / name).read_bytes()


def test_a_bundle_of_another_version_is_told_before_anything_is_written(
    tmp_path: Path, home: TwinHome, persona: Path
) -> None:
    """Setting or manifest that this version does not know: named, with what to do, and the home stays empty."""
    folder = tmp_path / "copied"
    for name, what in ((RECIPE_FILE, "recipe of another version"), (MANIFEST_FILE, "of another version of this soft")):
        (made_in := tmp_path / what).mkdir()
        shutil.copytree(bundle(made_in, DEMO), folder)
        known = json.loads((folder / name).read_text("utf-8"))
        (folder / name).write_text(json.dumps({**known, "shine": 2}), "utf-8")
        digests = json.loads((folder / DIGESTS_FILE).read_text("utf-8"))
        digests[name] = digest_file(folder / name)
        (folder / DIGESTS_FILE).write_text(json.dumps(digests), "utf-8")
        with pytest.raises(TwinError, match=f"{what}.*shine: Extra inputs are not permitted") as refused:
            set_up(home, folder, persona)
        assert "version that made" in refused.value.next_step and "\n" not in refused.value.message
        assert not home.root.exists()
        shutil.rmtree(folder)


def test_what_was_set_up_is_taken_as_it_is(tmp_path: Path, home: TwinHome, persona: Path) -> None:
    folder = bundle(tmp_path, DEMO)
    recipe = set_up(home, folder, persona)
    (home.persona_folder("ada") / "sources" / "notes" / "a.md").unlink()  # forgotten since
    assert set_up(home, folder, persona) == recipe
    assert not (home.persona_folder("ada") / "sources" / "notes" / "a.md").exists()


def test_a_copy_that_was_interrupted_is_finished(
    tmp_path: Path, home: TwinHome, persona: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bundle(tmp_path, DEMO)

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as full:
        full.setattr(rebuilt_persona, "create_persona", fail)
        with pytest.raises(OSError, match="no space"):
            set_up(home, folder, persona)
    (home.persona_folder("ada") / "questions.jsonl").unlink()
    set_up(home, folder, persona)
    assert (home.persona_folder("ada") / "questions.jsonl").is_file()


def test_a_persona_of_the_users_own_is_left_alone(tmp_path: Path, home: TwinHome, persona: Path) -> None:
    own = home.persona_folder("ada") / "sources"
    rebuilt_persona.create_persona(home, "ada", PERSONA)
    with pytest.raises(PlatformError, match="was not made by `twin rebuild`"):
        set_up(home, bundle(tmp_path, DEMO), persona)
    assert not list(own.iterdir()) and not (own.parent / "recipe.yaml").exists()


def test_another_bundles_is_left_alone(tmp_path: Path, home: TwinHome, persona: Path) -> None:
    set_up(home, bundle(tmp_path, DEMO), persona)
    made_for = (home.persona_folder("ada") / MARKER_FILE).read_text().strip()
    with pytest.raises(PlatformError, match=f"for a rebuild of bundle {made_for}"):
        set_up(home, bundle(tmp_path, LAPTOP), persona)


def test_one_that_was_changed_since_is_not_gone_on_with(tmp_path: Path, home: TwinHome, persona: Path) -> None:
    folder = bundle(tmp_path, DEMO)
    recipe = set_up(home, folder, persona)
    recipe.write_text(recipe.read_text().replace("demo", "mine"))
    with pytest.raises(PlatformError, match="is not what bundle"):
        set_up(home, folder, persona)


def test_without_sources_nothing_is_written(tmp_path: Path, home: TwinHome) -> None:
    with pytest.raises(PlatformError, match="holds no folder `sources`"):
        set_up(home, bundle(tmp_path, DEMO), tmp_path / "nowhere")
    assert not home.persona_folder("ada").exists()


def test_probes_outside_of_the_persona_are_not_copied(tmp_path: Path, home: TwinHome, persona: Path) -> None:
    (persona / "rubric.yaml").write_text(f"{RUBRIC}../probes.jsonl\n")
    (tmp_path / "probes.jsonl").write_text("{}\n")
    set_up(home, bundle(tmp_path, DEMO), persona)
    assert not (home.personas / "probes.jsonl").exists()
