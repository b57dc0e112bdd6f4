"""Which of a persona's versions a caller means; shared by every registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from twin_data.contracts.errors import RegistryError
from twin_data.contracts.releases import Alias


class Selectable(Protocol):
    """A stored version, whatever stores it."""

    @property
    def bundle_id(self) -> str:
        """Its bundle."""
        ...

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """What points at it."""
        ...


V = TypeVar("V", bound=Selectable)


def holder(versions: Iterable[V], alias: Alias) -> V | None:
    """The version that the alias points at; None if it points at none of them."""
    return next((version for version in versions if alias in version.aliases), None)


def select(persona: str, versions: Sequence[V], *, bundle_id: str | None, alias: Alias | None) -> V:
    """The version of that bundle, else of that alias, else the champion.

    Raises:
        RegistryError: There is none.
    """
    if bundle_id is not None and alias is not None:
        raise ValueError("give a bundle or an alias, not both")
    if not versions:
        raise RegistryError(f"no bundle of {persona!r} is registered", next_step=f"twin features {persona}")
    wanted = alias or Alias.CHAMPION
    if bundle_id is None:
        found = holder(versions, wanted)
    else:
        found = next((version for version in versions if version.bundle_id == bundle_id), None)
    if found is not None:
        return found
    if bundle_id is not None:
        known = ", ".join(version.bundle_id for version in versions)
        raise RegistryError(f"{persona!r} has no bundle {bundle_id!r}", next_step=f"choose one of: {known}")
    step = f"twin evaluate {persona}" if wanted is Alias.CHAMPION else f"twin features {persona}"
    raise RegistryError(f"{persona!r} has no {wanted}", next_step=step)
