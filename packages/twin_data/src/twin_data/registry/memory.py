"""A registry for tests: the same rules and the same folders, with its list of versions in memory."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from twin_data.configuration.home import check_persona_name
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.evaluation import GateDecision
from twin_data.contracts.releases import Alias, ReleaseBundle
from twin_data.registry.bundle_folder import (
    CARD_FILE,
    EVALUATED_CARD,
    fresh,
    read_manifest,
    verify_bundle,
    withdraw_files,
    write_bundle,
    write_card,
)
from twin_data.registry.port import BundleFiles, ReadableBundles, RegisteredBundle, read_each
from twin_data.registry.rules import (
    REGISTERED,
    AliasChange,
    check_change,
    check_discard,
    check_taint,
    former_champion_id,
    in_order,
)
from twin_data.registry.selection import holder, select


@dataclass
class _Entry:
    bundle_id: str
    version: int
    folder: Path
    files_digest: str
    aliases: tuple[Alias, ...] = ()
    tainted: str | None = None

    @property
    def card(self) -> Path:
        """Where its card with an evaluation lies."""
        return self.folder.with_name(f"{self.bundle_id}.{EVALUATED_CARD}")


class MemoryRegistry:
    """Keeps bundles in `<root>/<persona>/<bundle>` and forgets them when it goes."""

    def __init__(self, root: Path) -> None:
        """Nothing is created yet."""
        self.root = root
        self._entries: dict[str, list[_Entry]] = {}
        self._changes: dict[str, list[AliasChange]] = {}

    def register(self, manifest: ReleaseBundle, files: BundleFiles, *, as_candidate: bool = True) -> RegisteredBundle:
        """See `BundleRegistry.register`."""
        manifest = fresh(manifest)
        persona, bundle_id = check_persona_name(manifest.persona), manifest.bundle_id
        entries = self._entries.get(persona, [])
        entry = next((one for one in entries if one.bundle_id == bundle_id), None)
        if entry is None:
            folder = self.root / persona / bundle_id
            entry = _Entry(bundle_id, len(entries) + 1, folder, write_bundle(folder, manifest, files))
            self._entries.setdefault(persona, []).append(entry)
        else:
            self._mend(entry, manifest, files)
        if as_candidate and Alias.CANDIDATE not in entry.aliases:
            change = check_change(
                persona, Alias.CANDIDATE, bundle_id, reason=REGISTERED, is_yardstick=manifest.endpoint is not None
            )
            self._move(persona, entry, change)
        return self.resolve(persona, bundle_id=bundle_id)

    def resolve(self, persona: str, *, bundle_id: str | None = None, alias: Alias | None = None) -> RegisteredBundle:
        """See `BundleRegistry.resolve`."""
        entries = self._entries.get(check_persona_name(persona), [])
        entry = select(persona, entries, bundle_id=bundle_id, alias=alias)
        verify_bundle(entry.folder, entry.bundle_id, entry.files_digest)
        return _registered(entry)

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
        wanted = self.resolve(persona, bundle_id=bundle_id)
        live = holder(self._entries[persona], Alias.CHAMPION)
        change = check_change(
            persona, alias, bundle_id, reason=reason, decision=decision, override_by=override_by,
            live=live.bundle_id if live else None, tainted=wanted.tainted,
            is_yardstick=wanted.manifest.endpoint is not None,
        )  # fmt: skip
        self._move(persona, select(persona, self._entries[persona], bundle_id=bundle_id, alias=None), change)
        return self.resolve(persona, bundle_id=bundle_id)

    def taint(self, persona: str, bundle_id: str, *, reason: str) -> RegisteredBundle:
        """See `BundleRegistry.taint`."""
        told = check_taint(persona, bundle_id, reason)
        entry = select(persona, self._entries.get(persona, []), bundle_id=bundle_id, alias=None)
        entry.tainted = entry.tainted or told
        return _registered(entry)

    def attach_card(self, persona: str, bundle_id: str, card: str, *, summary: str) -> RegisteredBundle:
        """See `BundleRegistry.attach_card`; nothing lists the summary here."""
        entry = select(check_persona_name(persona), self._entries.get(persona, []), bundle_id=bundle_id, alias=None)
        write_card(entry.card, card)
        return _registered(entry)

    def withdraw(self, persona: str, bundle_id: str, *, reason: str) -> None:
        """See `BundleRegistry.withdraw`."""
        told = check_taint(persona, bundle_id, reason)
        entries = self._entries.get(check_persona_name(persona), [])
        entry = next((one for one in entries if one.bundle_id == bundle_id), None)
        if entry is None:
            return
        entry.card.unlink(missing_ok=True)
        if read_manifest(entry.folder, bundle_id).examples:
            shutil.rmtree(entry.folder)
            entries.remove(entry)
        else:
            entry.tainted = entry.tainted or told
            withdraw_files(entry.folder, told)

    def discard(self, persona: str, bundle_id: str) -> None:
        """See `BundleRegistry.discard`."""
        entries = self._entries.get(check_persona_name(persona), [])
        entry = select(persona, entries, bundle_id=bundle_id, alias=None)
        check_discard(persona, bundle_id, lambda: read_manifest(entry.folder, bundle_id))
        entry.card.unlink(missing_ok=True)
        shutil.rmtree(entry.folder, ignore_errors=True)
        entries.remove(entry)
        self._changes[persona] = [one for one in self._changes.get(persona, []) if one.bundle != bundle_id]

    def former_champion(self, persona: str) -> RegisteredBundle | None:
        """See `BundleRegistry.former_champion`."""
        former = former_champion_id(self.history(persona))
        return self.resolve(persona, bundle_id=former) if former else None

    def history(self, persona: str) -> tuple[AliasChange, ...]:
        """See `BundleRegistry.history`."""
        return in_order(self._changes.get(check_persona_name(persona), []))

    def bundles(self, persona: str) -> tuple[RegisteredBundle, ...]:
        """See `BundleRegistry.bundles`."""
        return tuple(_registered(entry) for entry in self._entries.get(check_persona_name(persona), []))

    def readable(self, persona: str) -> ReadableBundles:
        """See `BundleRegistry.readable`."""
        return read_each(partial(_registered, entry) for entry in self._entries.get(check_persona_name(persona), []))

    def personas(self) -> tuple[str, ...]:
        """See `BundleRegistry.personas`."""
        return tuple(sorted(self._entries))

    def _mend(self, entry: _Entry, manifest: ReleaseBundle, files: BundleFiles) -> None:
        try:
            verify_bundle(entry.folder, entry.bundle_id, entry.files_digest)
        except IntegrityError:
            entry.files_digest = write_bundle(entry.folder, manifest, files)

    def _move(self, persona: str, entry: _Entry, change: AliasChange) -> None:
        self._changes.setdefault(persona, []).append(change)
        for one in self._entries[persona]:
            held = set(one.aliases) - {change.alias} | ({change.alias} if one is entry else set())
            one.aliases = tuple(alias for alias in Alias if alias in held)


def _registered(entry: _Entry) -> RegisteredBundle:
    return RegisteredBundle(
        manifest=read_manifest(entry.folder, entry.bundle_id),
        folder=entry.folder,
        version=entry.version,
        aliases=entry.aliases,
        tainted=entry.tainted,
        card=entry.card if entry.card.is_file() else entry.folder / CARD_FILE,
    )
