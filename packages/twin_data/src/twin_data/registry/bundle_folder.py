"""A bundle as a plain folder: manifest, files, and a list of their digests by which any change is noticed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from twin_data.contracts.base import problems_in
from twin_data.contracts.digests import canonical_json, digest_file
from twin_data.contracts.errors import IntegrityError, RegistryError, StoreError
from twin_data.contracts.releases import ReleaseBundle
from twin_data.registry.durable import new_folder, write_file
from twin_data.registry.model_card import card_facts, licence_note, model_card
from twin_data.registry.port import BundleFiles
from twin_data.registry.safety import refuse_unsafe_files

MANIFEST_FILE = "manifest.json"
DIGESTS_FILE = "files.json"
CARD_FILE = "README.md"
EVALUATED_CARD = "model_card.md"
"""The card with the section of the last evaluation: beside the bundle's folder, never in it."""
LICENCE_FILE = "LICENSE"
WITHDRAWN_FILE = "withdrawn.json"
"""Says why a bundle's other files are gone; only its manifest is kept, which holds digests and settings."""


def fresh(manifest: ReleaseBundle) -> ReleaseBundle:
    """The same manifest with an id of its own: `model_copy` also copies the id that its original has cached."""
    return ReleaseBundle.model_validate(manifest.model_dump())


def write_bundle(folder: Path, manifest: ReleaseBundle, files: BundleFiles) -> str:
    """Write a bundle whole or not at all, and return the digest of its list of digests.

    Raises:
        IntegrityError: The files hold code or pickles.
        RegistryError: A file's name is unsafe, or the manifest's adapter is not among the files.
        StoreError: The folder could not be written.
    """
    try:
        with new_folder(folder) as beside:
            for name, content in {LICENCE_FILE: licence_note(manifest), **files}.items():
                _place(beside / _safe(name), content)
            _check_adapter(beside, manifest)
            if CARD_FILE not in files:  # last: it tells of the other files
                _place(beside / CARD_FILE, bundle_card(beside, manifest))
            refuse_unsafe_files(beside)
            write_file(beside / MANIFEST_FILE, canonical_json(manifest).encode())
            write_file(beside / DIGESTS_FILE, (json.dumps(_digests(beside), indent=2, sort_keys=True) + "\n").encode())
            files_digest = digest_file(beside / DIGESTS_FILE)
    except OSError as error:
        raise StoreError(
            f"bundle {manifest.bundle_id} of {manifest.persona} could not be written to {folder}: {error}",
            next_step="free disk space or correct what is named, then run the same command again",
        ) from error
    return files_digest


def bundle_card(folder: Path, manifest: ReleaseBundle) -> str:
    """The model card of a bundle, by its manifest and files as this release words it; the registered one stays."""
    return model_card(manifest, card_facts(folder, manifest))


def write_card(path: Path, card: str) -> None:
    """Write a card whole or not at all, in the place of a former one.

    Raises:
        StoreError: It could not be written.
    """
    try:
        write_file(path, card.encode())
    except OSError as error:
        raise StoreError(
            f"the model card {path} could not be written: {error}",
            next_step="free disk space or correct what is named, then run the same command again",
        ) from error


def read_manifest(folder: Path, bundle_id: str) -> ReleaseBundle:
    """The manifest of a bundle, which must be that of `bundle_id`; other files are not looked at.

    Raises:
        IntegrityError: It is missing, damaged or another bundle's.
    """
    try:
        manifest = ReleaseBundle.model_validate_json((folder / MANIFEST_FILE).read_text("utf-8"))
    except FileNotFoundError as error:
        raise _without_manifest(folder, bundle_id, f"{MANIFEST_FILE} is missing") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise _without_manifest(folder, bundle_id, f"{MANIFEST_FILE} is not a manifest") from error
    if manifest.bundle_id != bundle_id:
        raise _without_manifest(folder, bundle_id, f"{MANIFEST_FILE} is that of bundle {manifest.bundle_id}")
    return manifest


def read_bundle_folder(folder: Path) -> ReleaseBundle:
    """The manifest of a bundle's folder outside any registry, its files held against its own list of digests.

    Raises:
        IntegrityError: It is no bundle, or a file is missing, changed or added.
    """
    try:
        manifest = ReleaseBundle.model_validate_json((folder / MANIFEST_FILE).read_text("utf-8"))
        files_digest = digest_file(folder / DIGESTS_FILE)
    except ValidationError as error:
        raise IntegrityError(
            f"{folder / MANIFEST_FILE} is no bundle's manifest, or of another version of this software: "
            f"{problems_in(error)}",
            next_step="restore the file, or use the version that made the bundle",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise IntegrityError(
            f"{folder} is no bundle: {error}",
            next_step="name a bundle's folder, as `twin bundles PERSONA --json` shows it",
        ) from error
    return verify_bundle(folder, manifest.bundle_id, files_digest)


def verify_bundle(folder: Path, bundle_id: str, files_digest: str) -> ReleaseBundle:
    """The manifest of a bundle, after every file was compared with the digest that it was registered with.

    Raises:
        IntegrityError: A file is missing, changed, or was not there before.
    """
    if (folder / WITHDRAWN_FILE).is_file():
        raise IntegrityError(
            f"bundle {bundle_id} was withdrawn and its files are gone: {_withdrawal(folder)}",
            next_step="make another: twin features, twin train",
        )
    listed = folder / DIGESTS_FILE
    if not listed.is_file() or digest_file(listed) != files_digest:
        raise _damaged(folder, f"{DIGESTS_FILE} is missing or was changed")
    recorded: dict[str, str] = json.loads(listed.read_text("utf-8"))
    found = _digests(folder)
    for name in sorted(recorded.keys() | found.keys()):
        if name not in found:
            raise _damaged(folder, f"{name} is missing")
        if name not in recorded:
            raise _damaged(folder, f"{name} was added")
        if recorded[name] != found[name]:
            raise _damaged(folder, f"{name} has digest {found[name][:12]}, registered was {recorded[name][:12]}")
    refuse_unsafe_files(folder)
    return read_manifest(folder, bundle_id)


def withdraw_files(folder: Path, reason: str) -> None:
    """Remove every file of a bundle but its manifest, for good. Bears being killed and called again."""
    write_file(folder / WITHDRAWN_FILE, (json.dumps({"reason": reason}) + "\n").encode())
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in {MANIFEST_FILE, WITHDRAWN_FILE}:
            path.unlink()


def _withdrawal(folder: Path) -> str:
    return str(json.loads((folder / WITHDRAWN_FILE).read_text("utf-8"))["reason"])


def _digests(folder: Path) -> dict[str, str]:
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise _damaged(folder, f"{name} is a link")
        if path.is_file() and name != DIGESTS_FILE:
            digests[name] = digest_file(path)
    return digests


def _place(target: Path, content: Path | str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        target.write_text(content, "utf-8")
    elif content.is_dir():
        shutil.copytree(content, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(content, target)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\\" in name:
        raise RegistryError(f"{name!r} cannot name a file of a bundle", next_step="use a relative path without '..'")
    if path.as_posix() in {MANIFEST_FILE, DIGESTS_FILE}:
        raise RegistryError(f"{name!r} is written by the registry itself", next_step="give the file another name")
    return path


def _check_adapter(folder: Path, manifest: ReleaseBundle) -> None:
    if manifest.adapter is None:
        return
    if not (folder / _safe(manifest.adapter) / "adapter_config.json").is_file():
        raise RegistryError(
            f"the manifest names the adapter {manifest.adapter!r}, in which there is no adapter_config.json",
            next_step="add the adapter's folder to the files under that name",
        )


def _damaged(folder: Path, what: str, step: str = "") -> IntegrityError:
    return IntegrityError(
        f"the bundle in {folder} is not as it was registered: {what}",
        next_step=f"restore it from a backup, or register the bundle anew by running the command that made it{step}",
    )


def _without_manifest(folder: Path, bundle_id: str, what: str) -> IntegrityError:
    """The error of a bundle that stands in the way of all that decides by the whole list, until it is given up."""
    step = f"; if neither can be, give it up: twin bundles PERSONA --discard {bundle_id}"
    return _damaged(folder, f"{what}, wanted is that of {bundle_id}", step)
