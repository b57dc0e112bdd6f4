"""Promotion and rollback by hand; the gate's own promotions are in `evaluate_twin`."""

from __future__ import annotations

from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import RegistryError
from twin_data.contracts.releases import Alias
from twin_data.registry import open_registry
from twin_data.registry.port import RegisteredBundle


def promote(home: TwinHome, persona: str, bundle_id: str, *, by: str, reason: str) -> RegisteredBundle:
    """Make a bundle champion on a person's word, which is recorded.

    Raises:
        RegistryError: There is no such bundle, or no reason is given.
    """
    return open_registry(home).set_alias(persona, Alias.CHAMPION, bundle_id, reason=reason, override_by=by)


def rollback(home: TwinHome, persona: str, *, by: str, reason: str) -> RegisteredBundle:
    """Give the alias `champion` back to the bundle that had it before.

    Raises:
        RegistryError: There is no former champion.
    """
    registry = open_registry(home)
    former = registry.former_champion(persona)
    if former is None:
        raise RegistryError(
            f"{persona!r} has had no other champion", next_step=f"twin evaluate {persona} decides about the candidate"
        )
    return registry.set_alias(persona, Alias.CHAMPION, former.bundle_id, reason=reason, override_by=by)
