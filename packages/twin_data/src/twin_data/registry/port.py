"""What a registry of release bundles offers, whatever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.evaluation import GateDecision
from twin_data.contracts.releases import Alias, ReleaseBundle
from twin_data.registry.rules import AliasChange

BundleFiles = Mapping[str, Path | str]
"""What lies in a bundle beside its manifest: relative name to a text, or to a file or folder to copy."""


@dataclass(frozen=True, kw_only=True)
class RegisteredBundle:
    """A bundle as the registry holds it."""

    manifest: ReleaseBundle
    folder: Path
    """Where its files are, and stay."""
    version: int
    """Counts up from 1 within a persona."""
    aliases: tuple[Alias, ...]
    tainted: str | None = None
    """Why it may no longer be used, for instance because a source was withdrawn; None as long as it may."""
    card: Path
    """Its model card: with the section of its last evaluation once there was one, else as it was registered."""

    @property
    def bundle_id(self) -> str:
        """Twelve hexadecimal digits of the manifest's digest."""
        return self.manifest.bundle_id

    @property
    def adapter(self) -> Path | None:
        """The folder of its adapter, if it has one."""
        return self.folder / self.manifest.adapter if self.manifest.adapter else None


@dataclass(frozen=True)
class ReadableBundles:
    """A persona's bundles as far as they can be read, oldest first, and what is wrong with the others."""

    found: tuple[RegisteredBundle, ...]
    damaged: tuple[IntegrityError, ...]


def read_each(readers: Iterable[Callable[[], RegisteredBundle]]) -> ReadableBundles:
    """What can be read of bundles that are read one by one."""
    found, damaged = [], []
    for read in readers:
        try:
            found.append(read())
        except IntegrityError as error:
            damaged.append(error)
    return ReadableBundles(tuple(found), tuple(damaged))


class BundleRegistry(Protocol):
    """Keeps bundles for ever, and moves aliases between them by rule."""

    def register(self, manifest: ReleaseBundle, files: BundleFiles, *, as_candidate: bool = True) -> RegisteredBundle:
        """Store a bundle whole or not at all, and point `candidate` at it. Doing so twice stores it once.

        With `as_candidate=False` no alias moves: for bundles that are only measured beside others.

        A model card and a note of licences are added unless `files` brings its own `README.md` and `LICENSE`.

        Raises:
            IntegrityError: The files hold code or pickles.
            RegistryError: A file's name is unsafe, or the manifest's adapter is not among the files.
            StoreError: The bundle could not be written.
        """
        ...

    def resolve(self, persona: str, *, bundle_id: str | None = None, alias: Alias | None = None) -> RegisteredBundle:
        """A bundle by id or by alias (the champion if neither is given), with the digest of every file checked.

        Raises:
            RegistryError: There is no such bundle, or nothing has the alias.
            IntegrityError: What is stored is not what was registered.
        """
        ...

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
        """Move an alias to a bundle and record when, why, on whose word, and what the gate had said.

        Raises:
            RegistryError: The bundle is unknown, or the rules do not allow it (`rules.check_change`).
            IntegrityError: What is stored is not what was registered.
        """
        ...

    def taint(self, persona: str, bundle_id: str, *, reason: str) -> RegisteredBundle:
        """Mark a bundle as made of what may no longer be used: the gate rejects it from now on. The first reason stays.

        Raises:
            RegistryError: There is no such bundle, or no reason is given.
        """
        ...

    def attach_card(self, persona: str, bundle_id: str, card: str, *, summary: str) -> RegisteredBundle:
        """Keep a model card with an evaluation beside a bundle, in the place of a former one; no file of it changes.

        Args:
            persona: Whose bundle.
            bundle_id: Which.
            card: The whole card in Markdown.
            summary: A line or two for lists of versions.

        Raises:
            RegistryError: There is no such bundle.
            StoreError: The card could not be written.
        """
        ...

    def withdraw(self, persona: str, bundle_id: str, *, reason: str) -> None:
        """Taint a bundle and remove its files for good; it stays in the list, and nothing resolves it any more.

        One whose manifest itself shows a text, in the examples of its prompt, goes altogether. Doing so twice does
        it once.

        Raises:
            RegistryError: No reason is given.
        """
        ...

    def discard(self, persona: str, bundle_id: str) -> None:
        """Remove a bundle whose manifest is lost or damaged, files and list, with any alias that points at it.

        Until then it stops whoever decides by the whole list.

        Raises:
            RegistryError: There is no such bundle, or its manifest can be read: bundles are kept for ever.
        """
        ...

    def former_champion(self, persona: str) -> RegisteredBundle | None:
        """The bundle that a rollback leads to: champion before the present one, and not rolled back from itself."""
        ...

    def history(self, persona: str) -> tuple[AliasChange, ...]:
        """Every move of an alias, oldest first; what was recorded and, after a kill, never moved is none."""
        ...

    def bundles(self, persona: str) -> tuple[RegisteredBundle, ...]:
        """Every bundle of a persona, oldest first; their files are not checked.

        Raises:
            IntegrityError: The manifest of one is damaged. Whoever decides by the whole list must not go on.
        """
        ...

    def readable(self, persona: str) -> ReadableBundles:
        """The same without those whose manifest is damaged, for listing and serving: one must not hide the others."""
        ...

    def personas(self) -> tuple[str, ...]:
        """The personas that have at least one bundle, in order of name."""
        ...
