"""Bundles in MLflow: one experiment and one registered model `twin-<persona>`, artifacts as plain folders."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from twin_data.configuration.home import TwinHome, check_persona_name
from twin_data.contracts.digests import canonical_json
from twin_data.contracts.errors import IntegrityError, RegistryError
from twin_data.contracts.evaluation import GateDecision
from twin_data.contracts.releases import Alias, ReleaseBundle
from twin_data.registry import mlflow_database
from twin_data.registry.bundle_folder import (
    CARD_FILE,
    EVALUATED_CARD,
    MANIFEST_FILE,
    fresh,
    read_manifest,
    verify_bundle,
    withdraw_files,
    write_bundle,
    write_card,
)
from twin_data.registry.durable import exclusive
from twin_data.registry.mlflow_database import StoredVersion
from twin_data.registry.model_folder import FileStamp, file_stamps
from twin_data.registry.port import BundleFiles, ReadableBundles, RegisteredBundle, read_each
from twin_data.registry.rules import (
    REGISTERED,
    AliasChange,
    check_change,
    check_discard,
    check_taint,
    former_champion_id,
    moves_made,
)
from twin_data.registry.selection import holder, select

if TYPE_CHECKING:
    from mlflow import MlflowClient

MODEL_PREFIX = "twin-"
BUNDLE_TAG = "twin.bundle"
FILES_TAG = "twin.files"
CHANGE_TAG = "twin.alias"
TAINT_TAG = "twin.tainted"
BUNDLE_FOLDER = "bundle"
LONGEST_DESCRIPTION = 5000
"""What MLflow's table of versions takes."""
MAKING = ".making-"
"""Begins the name of the folder in which the database is made."""
QUIET_LOGGERS = ("mlflow", "alembic")


@dataclass(frozen=True)
class _Version:
    """A stored version that is a bundle."""

    stored: StoredVersion
    bundle_id: str
    files_digest: str
    changes: tuple[AliasChange, ...]
    tainted: str | None

    @property
    def aliases(self) -> tuple[Alias, ...]:
        return self.stored.aliases


class MlflowRegistry:
    """The registry of a home: `mlflow.db`, and `artifacts/<persona>/<run>/artifacts/bundle`.

    Where a bundle lies follows from its run, not from the absolute path that MLflow keeps, so that a home may move.
    """

    def __init__(self, home: TwinHome) -> None:
        """Nothing is read or created yet."""
        self.root = home.registry
        self._database = self.root / "mlflow.db"
        self._verified: dict[str, tuple[FileStamp, ...]] = {}

    def register(self, manifest: ReleaseBundle, files: BundleFiles, *, as_candidate: bool = True) -> RegisteredBundle:
        """See `BundleRegistry.register`."""
        manifest = fresh(manifest)
        persona, bundle_id = check_persona_name(manifest.persona), manifest.bundle_id
        with self._writing(persona):
            known = next((one for one in self._versions(persona) if one.bundle_id == bundle_id), None)
            if known is None:
                self._add(manifest, files)
            else:
                self._mend(known, manifest, files)
            added = self._select(persona, bundle_id)
            if as_candidate and Alias.CANDIDATE not in added.aliases:
                change = check_change(
                    persona, Alias.CANDIDATE, bundle_id, reason=REGISTERED, is_yardstick=manifest.endpoint is not None
                )
                self._move(persona, added, change)
        return self.resolve(persona, bundle_id=bundle_id)

    def resolve(self, persona: str, *, bundle_id: str | None = None, alias: Alias | None = None) -> RegisteredBundle:
        """See `BundleRegistry.resolve`. Files that look as when this object last read them are not read again."""
        version = select(persona, self._versions(check_persona_name(persona)), bundle_id=bundle_id, alias=alias)
        folder = self._folder(persona, version.stored.run_id)
        stamps = tuple(file_stamps(folder))
        if self._verified.get(version.bundle_id) != stamps:
            verify_bundle(folder, version.bundle_id, version.files_digest)
            self._verified[version.bundle_id] = stamps
        return self._registered(persona, version)

    def set_alias(
        self,
        persona: str,
        alias: Alias,
        bundle_id: str,
        *,
        reason: str,
        decision: GateDecision | None = None,
        override_by: str | None = None,
    ) -> RegisteredBundle:
        """See `BundleRegistry.set_alias`."""
        wanted = self.resolve(persona, bundle_id=bundle_id)  # a damaged bundle may have no alias
        with self._writing(persona):  # what is live must not change between the check and the move
            version, live = self._select(persona, bundle_id), holder(self._versions(persona), Alias.CHAMPION)
            change = check_change(
                persona, alias, bundle_id, reason=reason, decision=decision, override_by=override_by,
                live=live.bundle_id if live else None, tainted=version.tainted,
                is_yardstick=wanted.manifest.endpoint is not None,
            )  # fmt: skip
            self._move(persona, version, change)
        return self.resolve(persona, bundle_id=bundle_id)

    def taint(self, persona: str, bundle_id: str, *, reason: str) -> RegisteredBundle:
        """See `BundleRegistry.taint`."""
        told = check_taint(persona, bundle_id, reason)
        self._select(check_persona_name(persona), bundle_id)
        with self._writing(persona):
            version = self._select(persona, bundle_id)
            if version.tainted is None:
                number = str(version.stored.version)
                self._client.set_model_version_tag(MODEL_PREFIX + persona, number, TAINT_TAG, told)
        return self._registered(persona, self._select(persona, bundle_id))

    def attach_card(self, persona: str, bundle_id: str, card: str, *, summary: str) -> RegisteredBundle:
        """See `BundleRegistry.attach_card`. MLflow shows it among the run's artifacts, the summary as description."""
        self._select(check_persona_name(persona), bundle_id)
        with self._writing(persona):
            version = self._select(persona, bundle_id)
            write_card(self._card(persona, version.stored.run_id), card)
            self._client.update_model_version(
                MODEL_PREFIX + persona, str(version.stored.version), description=summary[:LONGEST_DESCRIPTION]
            )
        return self._registered(persona, version)

    def withdraw(self, persona: str, bundle_id: str, *, reason: str) -> None:
        """See `BundleRegistry.withdraw`."""
        told = check_taint(persona, bundle_id, reason)
        version = next((one for one in self._versions(check_persona_name(persona)) if one.bundle_id == bundle_id), None)
        if version is None:
            return
        folder = self._folder(persona, version.stored.run_id)
        self._card(persona, version.stored.run_id).unlink(missing_ok=True)
        if not (folder / MANIFEST_FILE).is_file() or read_manifest(folder, bundle_id).examples:
            self._remove(persona, version)
        else:
            self.taint(persona, bundle_id, reason=told)
            withdraw_files(folder, told)

    def discard(self, persona: str, bundle_id: str) -> None:
        """See `BundleRegistry.discard`. MLflow keeps the deleted run's record, without files."""
        version = self._select(check_persona_name(persona), bundle_id)
        folder = self._folder(persona, version.stored.run_id)
        check_discard(persona, bundle_id, lambda: read_manifest(folder, bundle_id))
        self._card(persona, version.stored.run_id).unlink(missing_ok=True)
        self._remove(persona, version)

    def former_champion(self, persona: str) -> RegisteredBundle | None:
        """See `BundleRegistry.former_champion`."""
        former = former_champion_id(self.history(persona))
        return self.resolve(persona, bundle_id=former) if former else None

    def history(self, persona: str) -> tuple[AliasChange, ...]:
        """See `BundleRegistry.history`."""
        versions = self._versions(check_persona_name(persona))
        live = holder(versions, Alias.CHAMPION)
        recorded = (change for version in versions for change in version.changes)
        return moves_made(recorded, live.bundle_id if live else None)

    def bundles(self, persona: str) -> tuple[RegisteredBundle, ...]:
        """See `BundleRegistry.bundles`."""
        return tuple(self._registered(persona, version) for version in self._versions(check_persona_name(persona)))

    def readable(self, persona: str) -> ReadableBundles:
        """See `BundleRegistry.readable`."""
        return read_each(
            partial(self._registered, persona, version) for version in self._versions(check_persona_name(persona))
        )

    def personas(self) -> tuple[str, ...]:
        """See `BundleRegistry.personas`."""
        names = mlflow_database.read_model_names(self._database)
        ours = (name.removeprefix(MODEL_PREFIX) for name in names if name.startswith(MODEL_PREFIX))
        return tuple(persona for persona in ours if self._versions(persona))

    def _versions(self, persona: str) -> tuple[_Version, ...]:
        stored = mlflow_database.read_versions(self._database, MODEL_PREFIX + persona)
        return tuple(_as_bundle(one) for one in stored if BUNDLE_TAG in one.tags)

    def _select(self, persona: str, bundle_id: str) -> _Version:
        return select(persona, self._versions(persona), bundle_id=bundle_id, alias=None)

    def _folder(self, persona: str, run_id: str) -> Path:
        return self.root / "artifacts" / persona / run_id / "artifacts" / BUNDLE_FOLDER

    def _card(self, persona: str, run_id: str) -> Path:
        return self._folder(persona, run_id).parent / EVALUATED_CARD

    def _registered(self, persona: str, version: _Version) -> RegisteredBundle:
        folder = self._folder(persona, version.stored.run_id)
        evaluated = self._card(persona, version.stored.run_id)
        return RegisteredBundle(
            manifest=read_manifest(folder, version.bundle_id),
            folder=folder,
            version=version.stored.version,
            aliases=version.aliases,
            tainted=version.tainted,
            card=evaluated if evaluated.is_file() else folder / CARD_FILE,
        )

    @cached_property
    def _client(self) -> MlflowClient:
        """MLflow's client. The first in a home creates the database, which takes seconds and must not happen twice."""
        with exclusive(self.root / ".database.lock"):
            if not self._database.exists():
                self._make_database()
            return _connected(self._database)

    def _make_database(self) -> None:
        """Make it beside, and put a copy in its place: with a half-made one MLflow could never go on.

        A copy, because MLflow stays connected to what it has made, and SQLite writes to no database that has moved.
        """
        for left_over in self.root.glob(f"{MAKING}*"):
            shutil.rmtree(left_over)
        with tempfile.TemporaryDirectory(dir=self.root, prefix=MAKING) as beside:
            made, whole = Path(beside) / "made.db", Path(beside) / "whole.db"
            _connected(made)
            with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(whole)) as copy:
                source.backup(copy)
            with suppress(FileExistsError):  # MLflow's own server was quicker
                os.link(whole, self._database)

    @contextmanager
    def _writing(self, persona: str) -> Iterator[None]:
        """One writer a persona; MLflow's errors in our words, and none of its warnings about itself."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            _quieten()
            from mlflow.exceptions import MlflowException
            from sqlalchemy.exc import SQLAlchemyError

            try:
                with exclusive(self.root / f".{persona}.lock"):
                    yield
            except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:  # the latter two as a database is made
                half_made = self._database.exists() and not mlflow_database.is_made(self._database)
                step = f"delete {self._database}, which holds no bundle yet" if half_made else "correct what is named"
                raise RegistryError(
                    f"MLflow could not write to {self._database}: {error}",
                    next_step=f"{step}, then run the same command again",
                ) from error

    def _add(self, manifest: ReleaseBundle, files: BundleFiles) -> None:
        """Write the files, then make a version of them: an interrupted attempt is taken up again, not doubled."""
        name = MODEL_PREFIX + manifest.persona
        run_id = self._run(manifest)
        folder = self._folder(manifest.persona, run_id)
        files_digest = write_bundle(folder, manifest, files)
        self._client.set_terminated(run_id)
        if not self._client.search_registered_models(filter_string=f"name = '{name}'"):
            self._client.create_registered_model(name, description=f"Bundles of the twin {manifest.persona}")
        self._client.create_model_version(
            name,
            source=str(folder),
            run_id=run_id,
            tags={BUNDLE_TAG: manifest.bundle_id, FILES_TAG: files_digest},
            description=f"{manifest.rung} on {manifest.base_model.name}",
        )

    def _run(self, manifest: ReleaseBundle) -> str:
        name = MODEL_PREFIX + manifest.persona
        experiment = self._client.get_experiment_by_name(name)
        place = self.root / "artifacts" / manifest.persona
        if experiment is None:
            known = self._client.create_experiment(name, artifact_location=str(place))
        else:
            known = experiment.experiment_id
        tags = {BUNDLE_TAG: manifest.bundle_id, "twin.rung": manifest.rung}
        begun = self._client.search_runs([known], filter_string=f"tags.`{BUNDLE_TAG}` = '{manifest.bundle_id}'")
        if begun:
            return str(begun[0].info.run_id)
        run = self._client.create_run(known, run_name=f"bundle {manifest.bundle_id}", tags=tags)
        for key, value in _parameters(manifest).items():
            self._client.log_param(run.info.run_id, key, value)
        return str(run.info.run_id)

    def _mend(self, version: _Version, manifest: ReleaseBundle, files: BundleFiles) -> None:
        """Write the files of a known bundle again if they were lost or damaged."""
        folder = self._folder(manifest.persona, version.stored.run_id)
        try:
            verify_bundle(folder, version.bundle_id, version.files_digest)
        except IntegrityError:
            files_digest = write_bundle(folder, manifest, files)
            name = MODEL_PREFIX + manifest.persona
            self._client.set_model_version_tag(name, str(version.stored.version), FILES_TAG, files_digest)

    def _remove(self, persona: str, version: _Version) -> None:
        """Remove a version's files, then the version: killed in between, the next call finds it again."""
        name, number = MODEL_PREFIX + persona, str(version.stored.version)
        with self._writing(persona):
            shutil.rmtree(self._folder(persona, version.stored.run_id), ignore_errors=True)
            for alias in version.aliases:
                self._client.delete_registered_model_alias(name, alias.value)
            self._client.delete_model_version(name, number)
            self._client.delete_run(version.stored.run_id)

    def _move(self, persona: str, version: _Version, change: AliasChange) -> None:
        """Record a move, then make it: a move without a record must not exist, one not made is no part of `history`."""
        name, number = MODEL_PREFIX + persona, str(version.stored.version)
        key = f"{CHANGE_TAG}.{change.alias}.{change.at.isoformat().replace('+00:00', 'Z')}"
        self._client.set_model_version_tag(name, number, key, canonical_json(change))
        self._client.set_registered_model_alias(name, change.alias.value, number)


def _connected(database: Path) -> MlflowClient:
    """A client of a database, which is made if it is not there."""
    from mlflow import MlflowClient

    address = f"sqlite:///{database}"
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    client.search_experiments(max_results=1)
    return client


def _quieten() -> None:
    """Import MLflow so that it reports nothing, neither home nor about the making of its tables."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow.store.db.utils  # noqa: F401 -- its import sets its loggers' levels, so ours come after

    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _as_bundle(stored: StoredVersion) -> _Version:
    changes = (value for key, value in stored.tags.items() if key.startswith(f"{CHANGE_TAG}."))
    return _Version(
        stored=stored,
        bundle_id=stored.tags[BUNDLE_TAG],
        files_digest=stored.tags.get(FILES_TAG, ""),
        changes=tuple(AliasChange.model_validate_json(change) for change in changes),
        tainted=stored.tags.get(TAINT_TAG),
    )


def _parameters(manifest: ReleaseBundle) -> dict[str, str]:
    """What a bundle was made with, for MLflow's table of runs."""
    lineage = manifest.lineage
    settings = {
        "base_model": manifest.base_model.name,
        "base_model_digest": manifest.base_model.digest,
        "embedding_model": manifest.embedding_model.name,
        "prompt_digest": manifest.prompt_digest,
        "recipe": lineage.recipe,
        "recipe_digest": lineage.recipe_digest,
        "features_digest": lineage.features_digest,
        "code_digest": lineage.code_digest,
        "index": lineage.index,
    }
    for group in ("retrieval", "verification", "generation"):
        if (chosen := getattr(manifest, group)) is not None:  # a rung below retrieval has none
            settings |= {f"{group}.{key}": str(value) for key, value in chosen}
    return settings
