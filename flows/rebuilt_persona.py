"""The persona that `twin rebuild` works on, set up once: what was interrupted goes on with what is there."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydantic import ValidationError

from flows.bundles import PERSONA_FILE, RECIPE_FILE
from flows.exam_files import QUESTIONS_FILE, RUBRIC_FILE
from flows.personas import create_persona, exclusive
from flows.platform.home_schema import open_home
from flows.recipes import Recipe
from flows.reporting import report
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import persona_file
from twin_data.contracts.base import problems_in
from twin_data.contracts.digests import short
from twin_data.contracts.errors import PlatformError, RegistryError
from twin_data.contracts.releases import ReleaseBundle
from twin_data.registry.bundle_folder import read_bundle_folder
from twin_data.registry.durable import write_file
from twin_data.sources.tombstones import TOMBSTONES_FILE
from twin_eval.exam.files import CANDIDATES_FILE, CERTIFICATE_FILE, GENERATED_FILE
from twin_eval.gate import persona_rubric

PERSONA_EXTRAS = (
    QUESTIONS_FILE, GENERATED_FILE, CERTIFICATE_FILE, CANDIDATES_FILE, RUBRIC_FILE, TOMBSTONES_FILE, "contrast"
)  # fmt: skip
MARKER_FILE = ".rebuild"
"""Names the bundle that a persona's folder was set up for."""
EMPTY_HOME = "rebuild in an empty home: TWIN_HOME=FOLDER twin rebuild …"


def set_up(home: TwinHome, bundle: Path, persona_folder: Path) -> Path:
    """Set a bundle's persona up as its lineage says, unless an interrupted rebuild of the same bundle has done so.

    Args:
        home: A home that does not hold the persona yet.
        bundle: Folder of the bundle.
        persona_folder: Holds `sources/`, and questions, rubric, probes and contrast texts where the persona has them.

    Returns:
        The file of the recipe that the bundle was made by.

    Raises:
        IntegrityError: The bundle's files are not what it says.
        RegistryError: It carries no recipe or persona, or a recipe of another version of this software.
        PlatformError: The home holds such a persona already, or there are no sources.
        ConfigurationError: The rubric is wrong.
    """
    manifest = read_bundle_folder(bundle)
    recipe, persona = (carried_file(manifest, bundle, name).read_text("utf-8") for name in (RECIPE_FILE, PERSONA_FILE))
    carried_recipe(manifest, bundle)
    open_home(home)
    target = home.persona_folder(manifest.persona)
    with exclusive(home, manifest.persona):
        if not _is_set_up(home, manifest, {target / "recipe.yaml": recipe, target / "persona.yaml": persona}):
            _require_sources(persona_folder)
            target.mkdir(parents=True, exist_ok=True)
            write_file(target / MARKER_FILE, f"{manifest.bundle_id}\n".encode())
            _copy(persona_folder, target)
            write_file(target / "recipe.yaml", recipe.encode())  # JSON is YAML
            create_persona(home, manifest.persona, persona)  # last: where it is, everything is
    return target / "recipe.yaml"


def carried_recipe(manifest: ReleaseBundle, bundle: Path) -> Recipe:
    """The recipe that a bundle was made by.

    Raises:
        RegistryError: It is not there, or this version of the software does not know such a recipe.
    """
    try:
        return Recipe.model_validate_json(carried_file(manifest, bundle, RECIPE_FILE).read_bytes())
    except ValidationError as error:
        raise RegistryError(
            f"bundle {manifest.bundle_id} was made by a recipe of another version of this software: "
            f"{problems_in(error)}",
            next_step=f"rebuild it by the version that made it (code {short(manifest.lineage.code_digest)}), or train "
            "anew by a recipe of this one",
        ) from error


def carried_file(manifest: ReleaseBundle, bundle: Path, name: str) -> Path:
    """A file of a bundle's folder.

    Raises:
        RegistryError: It is not there.
    """
    if not (bundle / name).is_file():
        raise RegistryError(
            f"bundle {manifest.bundle_id} carries no {name}", next_step="it was made by an older version: train anew"
        )
    return bundle / name


def _is_set_up(home: TwinHome, manifest: ReleaseBundle, wanted: dict[Path, str]) -> bool:
    """Whether the persona is there as this bundle wants it; False where it is not, or was interrupted half-way.

    Raises:
        PlatformError: What is there is a persona of the user's own, of another bundle, or was changed.
    """
    path = persona_file(home, manifest.persona)
    folder, marker = path.parent, path.parent / MARKER_FILE
    made_for = marker.read_text("utf-8").strip() if marker.is_file() else None
    is_begun = folder.is_dir() and any(not one.name.startswith(".") for one in folder.iterdir())
    if is_begun and made_for != manifest.bundle_id:
        whose = f"for a rebuild of bundle {made_for}" if made_for else "and was not made by `twin rebuild`"
        raise PlatformError(f"persona {manifest.persona!r} exists already {whose}: {folder}", next_step=EMPTY_HOME)
    if not path.is_file():
        return False
    for file, text in wanted.items():
        if not file.is_file() or file.read_text("utf-8") != text:
            raise PlatformError(f"{file} is not what bundle {manifest.bundle_id} carries", next_step=EMPTY_HOME)
    return True


def _require_sources(persona_folder: Path) -> None:
    if not (persona_folder / "sources").is_dir():
        raise PlatformError(
            f"{persona_folder} holds no folder `sources`",
            next_step="name the persona's folder: --persona-folder FOLDER",
        )


def _copy(persona_folder: Path, target: Path) -> None:
    for name in ("sources", *PERSONA_EXTRAS, *_probes(persona_folder)):
        source, copy = persona_folder / name, target / name
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True)
        elif source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def _probes(persona_folder: Path) -> tuple[str, ...]:
    """The file of probes that the rubric names, where it lies in the persona's folder."""
    named = persona_rubric(persona_folder / RUBRIC_FILE).probes
    if named is None or Path(named).is_absolute():
        return ()
    if (persona_folder / named).resolve().is_relative_to(persona_folder.resolve()):
        return (named,)
    report(f"{RUBRIC_FILE} names probes outside of {persona_folder}, which are not copied: {named}")
    return ()
