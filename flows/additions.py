"""`twin add`: folders, archives, sites and repositories into a persona's sources, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.live_sources import add_repository, is_live
from flows.personas import addition_inspector
from flows.sites import mirror_site, render_site
from flows.unread_files import render_unread, unread_files
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.errors import ConfigurationError
from twin_data.sources.ingest import SOURCES_FOLDER, AddedSource, add_source
from twin_data.sources.site import FetchedSite, is_site
from twin_data.sources.site_fetch import SiteConfig


@dataclass
class Additions:
    """What came of the sources that were named, in their order."""

    added: list[AddedSource] = field(default_factory=list)
    sites: dict[str, FetchedSite] = field(default_factory=dict)
    """What a visit found, by the source's name."""
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Files of no format that is read, by the source's name."""

    @property
    def lines(self) -> list[str]:
        """The same for people."""
        lines = []
        for one in self.added:
            lines.append(
                f"{one.name}: {one.files} files ({one.new} new, {one.changed} changed, {one.removed} removed, "
                f"{one.unchanged} unchanged)"
            )
            lines += render_site(self.sites[one.name]) if one.name in self.sites else []
            lines += [render_unread(one.name, self.unread[one.name])] if one.name in self.unread else []
        return lines

    @property
    def plain(self) -> dict[str, Any]:
        """The same as plain JSON."""
        found: dict[str, Any] = {"added": [one.model_dump() for one in self.added], "unread": self.unread}
        if self.sites:
            found["sites"] = {name: site.model_dump(mode="json") for name, site in self.sites.items()}
        return found


def add_sources(
    home: TwinHome,
    persona: PersonaConfig,
    sources: Sequence[str],
    *,
    name: str | None,
    visits: SiteConfig,
    remember: bool,
    say: Callable[[str], None],
) -> Additions:
    """Add each source; those before one that fails are there.

    Args:
        home: Where the persona lives.
        persona: Whose sources.
        sources: Paths, addresses of sites, or `github:OWNER/REPO`.
        name: The one source's name; None names each by its file or host.
        visits: How sites are visited.
        remember: Whether what was forgotten is taken back rather than refused.
        say: Told which one is being added.

    Raises:
        ConfigurationError: A name was given for several sources.
        SourceError: One of them cannot be added.
    """
    if name and len(sources) > 1:
        raise ConfigurationError("--name goes with one source", next_step="add the sources one by one")
    found, folder = Additions(), home.persona_folder(persona.name)
    for source in sources:
        say(f"adding {source}")
        inspect = addition_inspector(home, persona.name, source, remember=remember)
        if is_live(source):
            found.added.append(add_repository(home, persona, source, name, say, inspect))
            continue
        origin, source_name = Path(source), name
        if is_site(source):
            source_name, site = mirror_site(home, persona.name, source, name, config=visits, say=say)
            origin, found.sites[source_name] = site.folder, site
        added = add_source(folder, origin, source_name, inspect=inspect)
        found.added.append(added)
        if left := unread_files(persona, folder / SOURCES_FOLDER / added.name):
            found.unread[added.name] = left
    return found
