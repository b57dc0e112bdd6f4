from __future__ import annotations

import getpass
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flows.cli import releases
from flows.cli.app import app
from flows.persona_file import persona_yaml
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.releases import Alias, Rung
from twin_data.registry.port import ReadableBundles

from ..test_seed_siblings import Trained

UNTRAINED = SimpleNamespace(training=(), seed_sibling_of=None)


class Registry:
    """Stands for the registry; remembers who did what."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.aliases: tuple[Alias, ...] = ()

    def act(self, home: object, persona: str, bundle: str, **how: str) -> SimpleNamespace:
        self.calls.append({"persona": persona, "bundle": bundle, **how})
        manifest = SimpleNamespace(
            persona=persona, rung="base", label="", model_name=f"{persona}@{bundle}", lineage=UNTRAINED
        )
        return SimpleNamespace(
            manifest=manifest, bundle_id=bundle, aliases=self.aliases, folder=Path("/bundle"),
            card=Path("/bundle/README.md"),
            tainted=how["reason"] if "by" not in how else None,
        )  # fmt: skip


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry()
    monkeypatch.setattr(releases, "promote_bundle", found.act)
    monkeypatch.setattr(releases, "taint_bundle", found.act)
    return found


class Listing:
    """A registry that holds these bundles."""

    def __init__(self, *found: Any) -> None:
        self.found = found

    def readable(self, persona: str) -> ReadableBundles:
        return ReadableBundles(self.found, ())


def twin(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_an_override_names_its_author_or_the_login(registry: Registry) -> None:
    assert twin("promote", "ada", "0123", "--override-by", "Grace Hopper", "--reason", "read fifty").exit_code == 0
    assert twin("promote", "ada", "0123", "--reason", "read fifty").exit_code == 0
    assert [one["by"] for one in registry.calls] == ["Grace Hopper", getpass.getuser()]
    assert {one["reason"] for one in registry.calls} == {"read fifty"}


def test_a_promotion_without_a_reason_is_no_command(registry: Registry) -> None:
    assert twin("promote", "ada", "0123").exit_code == 2
    assert registry.calls == []


@pytest.mark.parametrize(("aliases", "hint"), [((), False), ((Alias.CHAMPION,), True)])
def test_a_taint_says_what_to_do_where_the_bundle_is_live(
    registry: Registry, aliases: tuple[Alias, ...], hint: bool
) -> None:
    registry.aliases = aliases
    result = twin("taint", "ada", "0123", "--reason", "withdrawn")
    assert result.exit_code == 0
    assert ("it is live: twin rollback ada" in result.stdout) is hint
    assert json.loads(twin("taint", "ada", "0123", "--reason", "withdrawn", "--json").stdout)["tainted"] == "withdrawn"


def test_bundles_say_where_their_cards_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In words that of the champion, as JSON that of each."""
    (tmp_path / "live.md").write_text("# Ada", "utf-8")
    found = [
        SimpleNamespace(
            manifest=SimpleNamespace(
                persona="ada", rung="base", label="", model_name=f"ada@{name}", lineage=UNTRAINED
            ),
            bundle_id=name,
            aliases=aliases, folder=tmp_path / name, tainted=None, card=tmp_path / f"{name}.md",
        )
        for name, aliases in (("live", (Alias.CHAMPION,)), ("newer", ()))
    ]  # fmt: skip
    monkeypatch.setattr(releases, "open_registry", lambda home: Listing(*found))
    assert f"model card of live: {tmp_path / 'live.md'}" in twin("bundles", "ada").stdout
    rows = json.loads(twin("bundles", "ada", "--json").stdout)["bundles"]
    assert [one["card"] for one in rows] == [str(tmp_path / "live.md"), str(tmp_path / "newer.md")]
    (tmp_path / "live.md").unlink()
    assert "model card" not in twin("bundles", "ada").stdout, "a withdrawn bundle has none"


def test_a_damaged_bundle_is_named_and_the_others_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = Trained(tmp_path)
    (known.tuned.folder / "manifest.json").write_text("{}", "utf-8")
    monkeypatch.setattr(releases, "open_registry", lambda home: known.registry)
    shown = twin("bundles", "ada")
    assert shown.exit_code == 1
    assert known.aligned.bundle_id in shown.stdout and f"{known.tuned.bundle_id}  " not in shown.stdout
    assert str(known.tuned.folder) in shown.output and "restore it from a backup" in shown.output
    plain = twin("bundles", "ada", "--json")
    told = json.loads(plain.stdout)
    assert plain.exit_code == 1 and len(told["bundles"]) == 2
    assert "restore it from a backup" in told["damaged"][0]["next_step"]
    with pytest.raises(IntegrityError):
        known.registry.bundles("ada")


def test_a_damaged_bundle_is_given_up_by_its_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = Trained(tmp_path)
    (known.tuned.folder / "manifest.json").unlink()
    monkeypatch.setattr(releases, "open_registry", lambda home: known.registry)
    assert f"twin bundles PERSONA --discard {known.tuned.bundle_id}" in twin("bundles", "ada").output
    assert twin("bundles", "ada", "--discard", known.aligned.bundle_id).exit_code == 1, "it is whole"
    assert twin("bundles", "ada", "--discard", known.tuned.bundle_id).exit_code == 0
    assert len(known.registry.bundles("ada")) == 2


def test_bundles_of_nobody_are_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    shown = twin("bundles", "nosuch")
    assert shown.exit_code == 1 and "there is no persona 'nosuch'" in shown.output
    folder = TwinHome(tmp_path).persona_folder("ada")
    folder.mkdir(parents=True)
    text = persona_yaml("ada", "Ada", aliases=[], owner=None, licence=None, consent=None)
    (folder / "persona.yaml").write_text(text, "utf-8")
    shown = twin("bundles", "ada")
    assert shown.exit_code == 0 and "no bundles yet; next: twin features ada" in shown.output


def test_bundles_tell_another_seed_from_what_was_trained_to_be_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = Trained(tmp_path)
    first = known.aligned.bundle_id
    known.train(Rung.DPO, known.tuned, seed=7, seed_sibling_of=first)
    monkeypatch.setattr(releases, "open_registry", lambda home: known.registry)
    base, tuned, aligned, sibling, *_ = twin("bundles", "ada").stdout.splitlines()
    assert "seed" not in base and tuned.endswith("seed 42") and "candidate" in aligned and aligned.endswith("seed 42")
    assert sibling.endswith(f"seed 7, the training of {first} again") and "candidate" not in sibling
    rows = json.loads(twin("bundles", "ada", "--json").stdout)["bundles"]
    assert [one["seed_sibling_of"] for one in rows] == [None, None, None, first]
    assert [one["seeds"] for one in rows] == [{}, {"sft": 42}, {"sft": 42, "dpo": 42}, {"sft": 7, "dpo": 7}]
