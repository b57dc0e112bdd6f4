"""What every registry must do; held against MLflow and against the fake that other tests use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twin_data.configuration.home import TwinHome
from twin_data.contracts.endpoints import ReferenceEndpoint
from twin_data.contracts.errors import ConfigurationError, IntegrityError, RegistryError, StoreError
from twin_data.contracts.evaluation import GateDecision, Verdict
from twin_data.contracts.releases import Alias, PromptExample, ReleaseBundle, Rung
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.mlflow_registry import MlflowRegistry
from twin_data.registry.port import BundleRegistry

MakeManifest = Callable[..., ReleaseBundle]
FILES = {"prompts/answer.txt": "Answer from the passages.\n"}


@pytest.fixture(scope="module")
def mlflow_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for the module, since making it takes seconds; each test has a persona of its own."""
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(params=["memory", "mlflow"])
def registry(request: pytest.FixtureRequest, tmp_path: Path, mlflow_root: Path) -> BundleRegistry:
    return MemoryRegistry(tmp_path / "memory") if request.param == "memory" else MlflowRegistry(TwinHome(mlflow_root))


@pytest.fixture
def persona(request: pytest.FixtureRequest) -> str:
    name: str = request.node.originalname
    return name.replace("_", "-")[:41].rstrip("-")


@pytest.fixture
def manifest(make_manifest: MakeManifest, persona: str) -> ReleaseBundle:
    return make_manifest(persona=persona)


def variant(bundle: ReleaseBundle, **changes: object) -> ReleaseBundle:
    return ReleaseBundle.model_validate(bundle.model_dump() | changes)


def promote(
    bundle: ReleaseBundle, verdict: Verdict = Verdict.PROMOTE, champion: ReleaseBundle | None = None
) -> GateDecision:
    return GateDecision(
        persona=bundle.persona, bundle=bundle.bundle_id, verdict=verdict, reasons=("bars met",),
        champion=champion.bundle_id if champion else None,
    )  # fmt: skip


def test_a_bundle_comes_back_as_registered(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    added = registry.register(manifest, FILES)

    assert added.manifest.bundle_id == manifest.bundle_id
    assert (added.version, added.aliases) == (1, (Alias.CANDIDATE,))
    assert (added.folder / "prompts/answer.txt").read_text() == FILES["prompts/answer.txt"]
    assert manifest.bundle_id in (added.folder / "README.md").read_text()
    assert "CC-BY-4.0" in (added.folder / "LICENSE").read_text()
    assert registry.resolve(manifest.persona, bundle_id=manifest.bundle_id) == added
    assert registry.resolve(manifest.persona, alias=Alias.CANDIDATE) == added
    assert manifest.persona in registry.personas()


def test_registering_twice_stores_once(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    assert registry.register(manifest, FILES) == registry.register(manifest, FILES)
    assert len(registry.bundles(manifest.persona)) == 1
    assert len(registry.history(manifest.persona)) == 1


def test_candidate_moves_to_the_newest(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    second = variant(manifest, label="second")
    registry.register(manifest, FILES)
    registry.register(second, FILES)

    assert registry.resolve(manifest.persona, alias=Alias.CANDIDATE).bundle_id == second.bundle_id
    assert [one.aliases for one in registry.bundles(manifest.persona)] == [(), (Alias.CANDIDATE,)]
    assert [one.version for one in registry.bundles(manifest.persona)] == [1, 2]


def test_a_bundle_without_retrieval_is_kept(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    bare = variant(manifest, rung="prompt", retrieval=None)
    assert registry.register(bare, FILES, as_candidate=False).bundle_id == bare.bundle_id
    assert [one.manifest.retrieval for one in registry.bundles(manifest.persona)] == [None]


def test_a_bundle_that_is_only_measured_moves_no_alias(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    registry.register(manifest, FILES)
    beside = registry.register(variant(manifest, label="beside"), FILES, as_candidate=False)
    assert beside.aliases == ()
    assert registry.resolve(manifest.persona, alias=Alias.CANDIDATE).bundle_id == manifest.bundle_id
    assert [one.bundle for one in registry.history(manifest.persona)] == [manifest.bundle_id]
    again = registry.register(variant(manifest, label="beside"), FILES)
    assert again.aliases == (Alias.CANDIDATE,), "made in earnest later on, the same bundle becomes the candidate"


def test_champion_takes_the_gate_s_word(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    registry.register(manifest, FILES)
    champion = registry.set_alias(
        manifest.persona, Alias.CHAMPION, manifest.bundle_id, reason="absolute bars", decision=promote(manifest)
    )

    assert champion.aliases == (Alias.CANDIDATE, Alias.CHAMPION)
    assert registry.resolve(manifest.persona) == champion
    change = registry.history(manifest.persona)[-1]
    assert (change.alias, change.verdict, change.gate_reasons) == (Alias.CHAMPION, Verdict.PROMOTE, ("bars met",))
    assert change.at.tzinfo is not None


@pytest.mark.parametrize("verdict", [None, Verdict.REJECT, Verdict.INCONCLUSIVE])
def test_champion_without_the_gate_s_word(
    registry: BundleRegistry, manifest: ReleaseBundle, verdict: Verdict | None
) -> None:
    registry.register(manifest, FILES)
    with pytest.raises(RegistryError, match="may not become champion"):
        registry.set_alias(
            manifest.persona, Alias.CHAMPION, manifest.bundle_id, reason="I like it",
            decision=promote(manifest, verdict) if verdict else None,
        )  # fmt: skip
    with pytest.raises(RegistryError, match="has no champion"):
        registry.resolve(manifest.persona)


def test_a_decision_about_another_bundle_does_not_count(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    registry.register(manifest, FILES)
    other = promote(variant(manifest, label="other"))
    with pytest.raises(RegistryError, match="decision is about bundle"):
        registry.set_alias(manifest.persona, Alias.CHAMPION, manifest.bundle_id, reason="bars", decision=other)


def test_a_decision_against_a_former_champion_does_not_count(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    """Two candidates were compared with the same champion; the second has not been compared with the first."""
    second, third = variant(manifest, label="second"), variant(manifest, label="third")
    for bundle in (manifest, second, third):
        registry.register(bundle, FILES)
    for bundle, champion in ((manifest, None), (second, manifest)):
        decision = promote(bundle, champion=champion)
        registry.set_alias(manifest.persona, Alias.CHAMPION, bundle.bundle_id, reason="bars", decision=decision)

    for stale in (promote(third, champion=manifest), promote(third)):
        with pytest.raises(RegistryError, match=f"{second.bundle_id} is champion now"):
            registry.set_alias(manifest.persona, Alias.CHAMPION, third.bundle_id, reason="bars", decision=stale)
    assert registry.resolve(manifest.persona).bundle_id == second.bundle_id

    # A champion that could answer nothing was known and had nothing to be compared with.
    known = promote(third).model_copy(update={"unable_champion": second.bundle_id})
    registry.set_alias(manifest.persona, Alias.CHAMPION, third.bundle_id, reason="bars", decision=known)
    assert registry.resolve(manifest.persona).bundle_id == third.bundle_id


def test_a_tainted_bundle_takes_a_person_s_word(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    assert registry.register(manifest, FILES).tainted is None
    with pytest.raises(RegistryError, match="without a reason"):
        registry.taint(manifest.persona, manifest.bundle_id, reason=" ")
    with pytest.raises(RegistryError, match="has no bundle '0123'"):
        registry.taint(manifest.persona, "0123", reason="typo")
    assert (
        registry.taint(manifest.persona, manifest.bundle_id, reason="letters withdrawn").tainted == "letters withdrawn"
    )
    registry.taint(manifest.persona, manifest.bundle_id, reason="again")
    assert [one.tainted for one in registry.bundles(manifest.persona)] == ["letters withdrawn"]
    assert registry.register(manifest, FILES).tainted == "letters withdrawn"

    with pytest.raises(RegistryError, match="it is tainted: letters withdrawn"):
        registry.set_alias(
            manifest.persona, Alias.CHAMPION, manifest.bundle_id, reason="bars", decision=promote(manifest)
        )
    registry.set_alias(manifest.persona, Alias.CHAMPION, manifest.bundle_id, reason="until Monday", override_by="Grace")
    assert registry.history(manifest.persona)[-1].override_by == "Grace"


def test_a_person_may_override(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    registry.register(manifest, FILES)
    registry.set_alias(
        manifest.persona, Alias.CHAMPION, manifest.bundle_id, reason="only a demo",
        decision=promote(manifest, Verdict.REJECT), override_by="Grace",
    )  # fmt: skip
    change = registry.history(manifest.persona)[-1]
    assert (change.override_by, change.reason, change.verdict) == ("Grace", "only a demo", Verdict.REJECT)


@pytest.mark.parametrize(("reason", "override_by"), [("", "Grace"), ("  ", "Grace"), ("because", "  ")])
def test_an_override_needs_name_and_reason(
    registry: BundleRegistry, manifest: ReleaseBundle, reason: str, override_by: str
) -> None:
    registry.register(manifest, FILES)
    with pytest.raises(RegistryError):
        registry.set_alias(manifest.persona, Alias.CHAMPION, manifest.bundle_id, reason=reason, override_by=override_by)


def test_the_former_champion_is_found_also_after_a_rollback(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    second = variant(manifest, label="second")
    for bundle in (manifest, second):
        registry.register(bundle, FILES)
    assert registry.former_champion(manifest.persona) is None
    for bundle, expected in ((manifest, None), (second, manifest), (manifest, second)):
        decision = promote(bundle, champion=expected)
        registry.set_alias(manifest.persona, Alias.CHAMPION, bundle.bundle_id, reason="turn", decision=decision)
        former = registry.former_champion(manifest.persona)
        assert (former.bundle_id if former else None) == (expected.bundle_id if expected else None)


def test_a_changed_copy_is_a_bundle_of_its_own(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    first = registry.register(manifest, FILES)
    second = registry.register(manifest.model_copy(update={"label": "copy"}), FILES)

    assert second.bundle_id != first.bundle_id
    assert registry.resolve(manifest.persona, alias=Alias.CANDIDATE).manifest.label == "copy"


def test_unknown_persona_bundle_and_alias(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    with pytest.raises(RegistryError, match="no bundle of"):
        registry.resolve(manifest.persona)
    registry.register(manifest, FILES)
    with pytest.raises(RegistryError, match="has no bundle '0123") as caught:
        registry.resolve(manifest.persona, bundle_id="0123")
    assert manifest.bundle_id in caught.value.next_step
    with pytest.raises(RegistryError, match="has no bundle"):
        registry.set_alias(manifest.persona, Alias.CANDIDATE, "0123", reason="typo")
    with pytest.raises(ConfigurationError):
        registry.resolve("../ada")
    with pytest.raises(ValueError, match="not both"):
        registry.resolve(manifest.persona, bundle_id=manifest.bundle_id, alias=Alias.CHAMPION)


def change_a_file(folder: Path) -> None:
    (folder / "prompts/answer.txt").write_text("Invent freely.\n")


def remove_a_file(folder: Path) -> None:
    (folder / "LICENSE").unlink()


def add_a_file(folder: Path) -> None:
    (folder / "prompts/more.txt").write_text("more")


def swap_in_a_link(folder: Path) -> None:
    (folder / "LICENSE").unlink()
    (folder / "LICENSE").symlink_to(folder / "README.md")


def change_file_and_list(folder: Path) -> None:
    change_a_file(folder)
    listed = json.loads((folder / "files.json").read_text())
    (folder / "files.json").write_text(json.dumps(listed))


def change_the_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("short sentences", "long sentences!"))


def remove_everything(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    "damage",
    [
        change_a_file,
        remove_a_file,
        add_a_file,
        swap_in_a_link,
        change_file_and_list,
        change_the_manifest,
        remove_everything,
    ],
)
def test_damage_is_noticed_and_mended_by_registering_again(
    registry: BundleRegistry, make_manifest: MakeManifest, damage: Callable[[Path], None]
) -> None:
    manifest = make_manifest(persona=damage.__name__.replace("_", "-"))
    added = registry.register(manifest, FILES)
    damage(added.folder)

    with pytest.raises(IntegrityError):
        registry.resolve(manifest.persona, bundle_id=manifest.bundle_id)
    with pytest.raises(IntegrityError):
        registry.set_alias(manifest.persona, Alias.CHAMPION, manifest.bundle_id, reason="x", decision=promote(manifest))
    registry.register(manifest, FILES)
    assert registry.resolve(manifest.persona, bundle_id=manifest.bundle_id) == added


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("adapter/adapter_model.bin", "x"),
        ("weights.PKL", "x"),
        ("model.pt", "x"),
        ("modeling.py", "x"),
        ("config.json", '{"auto_map": {"AutoModel": "modeling.Model"}}'),
    ],
)
def test_code_and_pickles_are_refused(
    registry: BundleRegistry, manifest: ReleaseBundle, name: str, content: str
) -> None:
    with pytest.raises(IntegrityError, match="is refused"):
        registry.register(manifest, {**FILES, name: content})
    assert registry.bundles(manifest.persona) == ()


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "", "manifest.json", "./files.json", "a\\b"])
def test_unsafe_names_are_refused(registry: BundleRegistry, manifest: ReleaseBundle, name: str) -> None:
    with pytest.raises(RegistryError):
        registry.register(manifest, {name: "x"})
    assert registry.bundles(manifest.persona) == ()


def test_a_missing_source_file_is_named(registry: BundleRegistry, manifest: ReleaseBundle, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        registry.register(manifest, {"prompts/answer.txt": tmp_path / "nowhere.txt"})
    assert registry.register(manifest, FILES).version == 1


def test_an_adapter_must_be_among_the_files(registry: BundleRegistry, manifest: ReleaseBundle, tmp_path: Path) -> None:
    tuned = variant(manifest, adapter="adapter", rung="sft+retrieval")
    with pytest.raises(RegistryError, match="adapter"):
        registry.register(tuned, FILES)
    source = tmp_path / "checkpoint"
    source.mkdir()
    (source / "adapter_config.json").write_text('{"r": 16}')
    (source / "adapter_model.safetensors").write_bytes(b"weights")

    added = registry.register(tuned, {**FILES, "adapter": source, "NOTES.md": source / "adapter_config.json"})

    assert added.adapter == added.folder / "adapter"
    assert (added.folder / "adapter/adapter_model.safetensors").read_bytes() == b"weights"
    assert (added.folder / "NOTES.md").is_file()


def test_a_withdrawn_bundle_is_listed_and_its_files_are_gone(
    registry: BundleRegistry, persona: str, make_manifest: MakeManifest
) -> None:
    bundle = registry.register(make_manifest(persona=persona), FILES)
    registry.withdraw(persona, bundle.bundle_id, reason="the letters were forgotten")
    registry.withdraw(persona, bundle.bundle_id, reason="again")
    (listed,) = registry.bundles(persona)
    assert (listed.bundle_id, listed.tainted) == (bundle.bundle_id, "the letters were forgotten")
    assert sorted(path.name for path in bundle.folder.iterdir()) == ["manifest.json", "withdrawn.json"]
    with pytest.raises(IntegrityError, match="was withdrawn"):
        registry.resolve(persona, bundle_id=bundle.bundle_id)
    with pytest.raises(IntegrityError, match="was withdrawn"):
        registry.set_alias(persona, Alias.CHAMPION, bundle.bundle_id, reason="all the same", override_by="Grace")


def test_a_bundle_without_its_manifest_can_be_given_up_and_no_other(
    registry: BundleRegistry, persona: str, make_manifest: MakeManifest
) -> None:
    """Until then it stops whoever decides by the whole list."""
    whole = registry.register(make_manifest(persona=persona), FILES)
    torn = registry.register(make_manifest(persona=persona, label="torn"), FILES)
    registry.set_alias(persona, Alias.CHAMPION, torn.bundle_id, reason="x", override_by="Grace")
    with pytest.raises(RegistryError, match=f"{torn.bundle_id} of {persona} can be read and stays"):
        registry.discard(persona, torn.bundle_id)
    (torn.folder / "manifest.json").write_text("{", "utf-8")
    with pytest.raises(IntegrityError) as stopped:
        registry.bundles(persona)
    assert f"--discard {torn.bundle_id}" in stopped.value.next_step
    registry.discard(persona, torn.bundle_id)
    assert [one.bundle_id for one in registry.bundles(persona)] == [whole.bundle_id]
    assert not torn.folder.exists() and whole.folder.is_dir()
    with pytest.raises(RegistryError, match="has no champion"):
        registry.resolve(persona)
    assert {one.bundle for one in registry.history(persona)} == {whole.bundle_id}
    with pytest.raises(RegistryError, match="has no bundle"):
        registry.discard(persona, torn.bundle_id)


def test_a_bundle_that_shows_texts_in_its_manifest_is_withdrawn_altogether(
    registry: BundleRegistry, persona: str, make_manifest: MakeManifest
) -> None:
    base = registry.register(make_manifest(persona=persona), FILES)
    shown = PromptExample(mode="answer", asked="What of the lamp?", response="It went out.", spans=())
    few_shot = registry.register(
        make_manifest(persona=persona, rung=Rung.FEW_SHOT, retrieval=None, examples=(shown,)), FILES, as_candidate=False
    )
    registry.withdraw(persona, few_shot.bundle_id, reason="the letters were forgotten")
    registry.withdraw(persona, few_shot.bundle_id, reason="again")
    assert [one.bundle_id for one in registry.bundles(persona)] == [base.bundle_id]
    assert not few_shot.folder.exists()
    with pytest.raises(RegistryError, match="without a reason"):
        registry.withdraw(persona, base.bundle_id, reason=" ")


def test_an_evaluation_s_card_lies_beside_the_bundle_and_changes_none_of_its_files(
    registry: BundleRegistry, manifest: ReleaseBundle
) -> None:
    added = registry.register(manifest, FILES)
    assert added.card == added.folder / "README.md", "as long as nothing was evaluated"
    for text in ("first", "second ❄"):
        known = registry.attach_card(manifest.persona, manifest.bundle_id, text, summary="2026: promote. " * 900)
        assert known.card.read_text("utf-8") == text
    assert added.folder not in known.card.parents
    assert registry.resolve(manifest.persona, bundle_id=manifest.bundle_id) == known, "every digest still holds"
    (listed,) = registry.bundles(manifest.persona)
    assert listed.card == known.card
    with pytest.raises(RegistryError):
        registry.attach_card(manifest.persona, "0" * 12, "text", summary="")


def test_what_is_withdrawn_takes_its_evaluation_s_card_along(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    registry.register(manifest, FILES)
    card = registry.attach_card(manifest.persona, manifest.bundle_id, "reasons", summary="").card
    registry.withdraw(manifest.persona, manifest.bundle_id, reason="it was taken back")
    assert not card.exists()


def test_a_yardstick_is_kept_and_takes_no_alias(registry: BundleRegistry, manifest: ReleaseBundle) -> None:
    endpoint = ReferenceEndpoint(base_url="https://llm.example.org/v1", model="strong")
    yardstick = variant(manifest, rung=Rung.REFERENCE, endpoint=endpoint.model_dump())
    kept = registry.register(yardstick, FILES, as_candidate=False)
    assert kept.aliases == () and registry.resolve(manifest.persona, bundle_id=kept.bundle_id) == kept
    assert kept.bundle_id == yardstick.bundle_id and kept.manifest.endpoint == endpoint
    assert (kept.folder / "manifest.json").read_text().count("TWIN_REFERENCE_API_KEY") == 1, "the name, never the key"
    with pytest.raises(RegistryError, match="there to be measured against"):
        registry.register(yardstick, FILES)
    for alias in Alias:
        with pytest.raises(RegistryError, match="there to be measured against"):
            registry.set_alias(
                manifest.persona, alias, kept.bundle_id, reason="best", decision=promote(yardstick), override_by="Ada"
            )
    assert registry.history(manifest.persona) == ()


def test_bundles_of_before_keep_their_names(manifest: ReleaseBundle) -> None:
    assert manifest.endpoint is None and "endpoint" not in manifest.model_dump(exclude_defaults=True)
