"""Sites as sources: mirrored in the home, then added like any folder."""

from __future__ import annotations

from collections.abc import Callable

from twin_data.configuration.home import TwinHome
from twin_data.sources.ingest import SOURCES_FOLDER
from twin_data.sources.site import FetchedSite, check_source, fetch_site, site_name
from twin_data.sources.site_fetch import SiteConfig


def mirror_site(
    home: TwinHome, persona: str, url: str, name: str | None, *, config: SiteConfig, say: Callable[[str], None]
) -> tuple[str, FetchedSite]:
    """Fetch what is new of a site; returns the source's name, and what `add_source` is to copy.

    Raises:
        SourceError: The site cannot or may not be fetched, or the source's name is taken.
    """
    source = name or site_name(url)
    check_source(home.persona_folder(persona) / SOURCES_FOLDER / source, url)
    return source, fetch_site(url, home.sites / persona / source, config=config, say=say)


def render_site(site: FetchedSite) -> list[str]:
    """What a visit found, for people."""
    lines = [f"  {site.url}: {site.pages} pages ({site.unchanged} as before), {site.requests} requests"]
    lines += [f"  passed over: {count} {reason}" for reason, count in site.passed_over.items()]
    if site.left:
        lines.append(f"  {site.left} more addresses are known; --max-pages takes more")
    return lines
