from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import RegistryError
from twin_data.contracts.releases import Alias, ReleaseBundle
from twin_data.registry import mlflow_registry, open_registry
from twin_data.registry.bundle_folder import write_bundle
from twin_data.registry.mlflow_database import read_model_names, read_versions
from twin_data.registry.mlflow_registry import MlflowRegistry

MakeManifest = Callable[..., ReleaseBundle]
FILES = {"prompts/answer.txt": "Answer from the passages.\n"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> TwinHome:
    return TwinHome(tmp_path_factory.mktemp("home"))


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_reading_needs_neither_mlflow_nor_anything_heavy_and_creates_nothing(tmp_path: Path) -> None:
    done = python(
        """
        import sys
        from pathlib import Path
        from twin_data.configuration.home import TwinHome
        from twin_data.registry import open_registry
        registry = open_registry(TwinHome(Path(sys.argv[1])))
        assert registry.personas() == () and registry.bundles("ada") == () and registry.history("ada") == ()
        heavy = {"mlflow", "torch", "polars", "pandas", "transformers", "prefect", "onnxruntime"} & sys.modules.keys()
        sys.exit(f"imported: {heavy}" if heavy else 0)
        """,
        tmp_path / "home",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "home").exists()


def test_two_processes_that_begin_at_once_make_one_database_quietly(
    tmp_path: Path, make_manifest: MakeManifest
) -> None:
    code = """
        import sys
        from pathlib import Path
        from twin_data.configuration.home import TwinHome
        from twin_data.contracts.releases import ReleaseBundle
        from twin_data.registry import open_registry
        manifest = ReleaseBundle.model_validate_json(sys.argv[2])
        print(open_registry(TwinHome(Path(sys.argv[1]))).register(manifest, {"prompts/answer.txt": "x"}).version)
        """
    bundles = [make_manifest(), make_manifest(), make_manifest(persona="bob")]
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    processes = [
        subprocess.Popen(
            [*command, bundle.model_dump_json()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for bundle in bundles
    ]
    answers = [process.communicate(timeout=300) for process in processes]

    assert answers == [("1\n", "")] * 3
    registry = open_registry(TwinHome(tmp_path))
    assert registry.personas() == ("ada", "bob")
    assert len(registry.bundles("ada")) == 1


def test_the_quick_reader_agrees_with_mlflow_s_client(home: TwinHome, make_manifest: MakeManifest) -> None:
    from mlflow import MlflowClient

    registry = MlflowRegistry(home)
    for label in ("first", "second", "deleted"):
        registry.register(make_manifest(persona="reader", label=label), FILES)
    address = f"sqlite:///{home.registry}/mlflow.db"
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    client.delete_model_version("twin-reader", "3")

    ours = read_versions(home.registry / "mlflow.db", "twin-reader")

    theirs = sorted(client.search_model_versions("name = 'twin-reader'"), key=lambda one: int(one.version))
    assert [(one.version, one.run_id, one.tags) for one in ours] == [
        (int(one.version), one.run_id, one.tags) for one in theirs
    ]
    assert client.get_registered_model("twin-reader").aliases == {
        alias.value: str(one.version) for one in ours for alias in one.aliases
    }
    assert "twin-reader" in read_model_names(home.registry / "mlflow.db")


def test_mlflow_s_own_tools_find_the_bundle_as_the_run_s_artifacts(home: TwinHome, make_manifest: MakeManifest) -> None:
    from mlflow import MlflowClient

    added = MlflowRegistry(home).register(make_manifest(persona="artifacts"), FILES)
    address = f"sqlite:///{home.registry}/mlflow.db"
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    version = client.get_model_version("twin-artifacts", "1")

    assert version.run_id
    names = {one.path for one in client.list_artifacts(version.run_id, "bundle")}
    assert names >= {"bundle/manifest.json", "bundle/files.json", "bundle/README.md", "bundle/prompts"}
    run = client.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert Path(run.info.artifact_uri) / "bundle" == added.folder
    assert run.data.params["retrieval.passages"] == "4"


def test_mlflow_shows_an_evaluation_s_card_and_summary(home: TwinHome, make_manifest: MakeManifest) -> None:
    from mlflow import MlflowClient

    registry, manifest = MlflowRegistry(home), make_manifest(persona="carded")
    registry.register(manifest, FILES)
    registry.attach_card("carded", manifest.bundle_id, "# Ada", summary="2026-11-02: promote. facts_found 0.5")
    address = f"sqlite:///{home.registry}/mlflow.db"
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    version = client.get_model_version("twin-carded", "1")
    assert version.description == "2026-11-02: promote. facts_found 0.5"
    assert version.run_id and "model_card.md" in {one.path for one in client.list_artifacts(version.run_id)}


def test_models_that_are_no_bundles_are_left_alone(home: TwinHome, make_manifest: MakeManifest) -> None:
    from mlflow import MlflowClient

    registry = MlflowRegistry(home)
    registry.register(make_manifest(persona="mine"), FILES)
    address = f"sqlite:///{home.registry}/mlflow.db"
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    client.create_registered_model("twin-Someone else's")
    client.create_model_version("twin-Someone else's", source=str(home.root))

    assert "mine" in registry.personas()
    assert "Someone else's" not in registry.personas()


def test_a_home_may_move(tmp_path: Path, home: TwinHome, make_manifest: MakeManifest) -> None:
    manifest = make_manifest(persona="mover")
    MlflowRegistry(home).register(manifest, FILES)
    shutil.copytree(home.root, tmp_path / "elsewhere")

    moved = MlflowRegistry(TwinHome(tmp_path / "elsewhere"))

    assert moved.resolve("mover", alias=Alias.CANDIDATE).folder.is_relative_to(tmp_path / "elsewhere")
    second = moved.register(make_manifest(persona="mover", label="second"), FILES)
    assert (second.version, second.folder.is_relative_to(tmp_path / "elsewhere")) == (2, True)


def test_an_interrupted_registration_is_taken_up_again(
    home: TwinHome, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, manifest = MlflowRegistry(home), make_manifest(persona="interrupted")

    def killed_after_writing(*arguments: object) -> str:
        write_bundle(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(mlflow_registry, "write_bundle", killed_after_writing)
    with pytest.raises(KeyboardInterrupt):
        registry.register(manifest, FILES)
    assert registry.bundles("interrupted") == ()
    monkeypatch.undo()

    assert registry.register(manifest, FILES).version == 1
    assert len(list((home.registry / "artifacts/interrupted").iterdir())) == 1


def test_a_promotion_that_was_recorded_and_not_made_is_no_move(
    home: TwinHome, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = MlflowRegistry(home)
    first, second, third = (
        registry.register(make_manifest(persona="killed", label=label), FILES).bundle_id for label in ("a", "b", "c")
    )

    def champions() -> list[str]:
        return [move.bundle for move in registry.history("killed") if move.alias is Alias.CHAMPION]

    def promote(bundle: str) -> None:
        registry.set_alias("killed", Alias.CHAMPION, bundle, reason="a test", override_by="Ada")

    def is_killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(registry._client, "set_registered_model_alias", is_killed)
        with pytest.raises(KeyboardInterrupt):
            promote(first)
    assert champions() == [], "nothing was champion yet"
    promote(first)
    promote(second)
    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr(registry._client, "set_registered_model_alias", is_killed)
            with pytest.raises(KeyboardInterrupt):
                promote(third)
    assert registry.resolve("killed").bundle_id == second
    assert champions()[-2:] == [first, second]
    former = registry.former_champion("killed")
    assert former is not None and former.bundle_id == first
    promote(third)
    assert champions()[-1] == third and registry.resolve("killed").bundle_id == third


def half_made(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE registered_models (name VARCHAR(256) NOT NULL)")


@pytest.mark.parametrize("end", [sqlite3.OperationalError("database or disk is full"), KeyboardInterrupt()])
def test_a_database_whose_making_was_cut_short_is_made_anew(
    tmp_path: Path, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    """MLflow itself cannot go on with such a one: "table registered_models already exists", for ever."""
    registry, ends = MlflowRegistry(TwinHome(tmp_path)), (RegistryError, KeyboardInterrupt)

    def cut_short(database: Path) -> None:
        half_made(database)
        raise end

    with monkeypatch.context() as full:
        full.setattr(mlflow_registry, "_connected", cut_short)
        with pytest.raises(ends):
            registry.register(make_manifest(), FILES)
        (registry.root / f"{mlflow_registry.MAKING}killed").mkdir()
    assert registry.bundles("ada") == () and not (registry.root / "mlflow.db").exists()
    assert registry.register(make_manifest(), FILES).version == 1
    assert not list(registry.root.glob(f"{mlflow_registry.MAKING}*"))


def test_a_half_made_database_of_others_is_to_be_deleted(tmp_path: Path, make_manifest: MakeManifest) -> None:
    registry = MlflowRegistry(TwinHome(tmp_path))
    registry.root.mkdir()
    half_made(registry.root / "mlflow.db")
    with pytest.raises(RegistryError, match="already exists") as refused:
        registry.register(make_manifest(), FILES)
    assert refused.value.next_step.startswith(f"delete {registry.root / 'mlflow.db'}, which holds no bundle yet")


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "mlflow.db").write_text("not a database, but long enough to look at: " + "x" * 200)
    with pytest.raises(RegistryError, match="mlflow.db cannot be read"):
        open_registry(TwinHome(tmp_path)).personas()


def test_mlflow_s_refusal_is_told_in_our_words(
    home: TwinHome, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    registry = MlflowRegistry(home)

    def locked(*_: object) -> str:
        raise MlflowException("database is locked")

    monkeypatch.setattr(registry, "_run", locked)
    with pytest.raises(RegistryError, match="database is locked"):
        registry.register(make_manifest(persona="locked"), FILES)
