"""Whole sites: feed, sitemap or the links of a page are followed within one host, and pages kept as files.

What a visit leaves is a folder like any other, which `twin add` copies to the persona and the HTML reader reads.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import SourceError
from twin_data.sources.site_fetch import Fetcher, SiteConfig
from twin_data.sources.site_rules import normalise_url
from twin_data.sources.site_state import Mirror
from twin_data.sources.site_visit import Visit

_HEAD_BYTES = 4096


class FetchedSite(Contract):
    """What a visit found."""

    url: str
    folder: Path
    """The pages, as files."""
    pages: int
    unchanged: int
    """Of these, how many are as they were at the visit before."""
    requests: int
    passed_over: dict[str, int]
    """Addresses that gave no page, by reason."""
    left: int
    """Addresses that were known when a limit was reached, and not asked for."""


def is_site(source: str) -> bool:
    """Whether a source is an address rather than a path."""
    return source.lower().startswith(("http://", "https://"))


def site_name(url: str) -> str:
    """A source's name for a site: its host.

    Raises:
        SourceError: It is no address.
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", urlsplit(_address(url)).netloc.removeprefix("www.")).strip("-._")


def fetch_site(
    url: str,
    mirror_folder: Path,
    *,
    config: SiteConfig | None = None,
    say: Callable[[str], None] = lambda message: None,
    sleep: Callable[[float], None] = time.sleep,
) -> FetchedSite:
    """Bring the mirror of a site up to date, and return what it holds.

    The address may be that of a page (its sitemap is used if it has one, else links are followed, beside and below
    that page only), of a feed or of a sitemap. robots.txt (RFC 9309) and reservations of text and data mining (TDM
    Reservation Protocol) are honoured. Pages known from before are asked for only if they have changed; those that
    are gone or no longer allowed are dropped, those that fail for the moment are kept as they were.

    Raises:
        SourceError: The address cannot be used, the site forbids it or does not answer, or nothing of it is a text.
    """
    start, config = _address(url), config or SiteConfig()
    mirror = Mirror(mirror_folder, start)
    with mirror.alone(), Fetcher(config, sleep=sleep) as fetcher:
        visit = Visit(start, mirror, config, fetcher, say)
        visit.run()
        _finish(visit, mirror)
    return FetchedSite(
        url=start,
        folder=mirror.pages,
        pages=sum(1 for one in visit.found.values() if one.file),
        unchanged=visit.unchanged,
        requests=fetcher.requests,
        passed_over=_passed_over(visit),
        left=visit.left,
    )


def check_source(source: Path, url: str) -> None:
    """Refuse to replace a source by a site's pages unless it holds such.

    Raises:
        SourceError: There is a source of this name that came from elsewhere.
    """
    pages = sorted(source.rglob("*.html"))
    head = pages[0].read_bytes()[:_HEAD_BYTES].decode("utf-8", "replace") if pages else ""
    mark = re.search(r"saved from url=\(\d+\)(\S+)", head)
    if source.exists() and (mark is None or urlsplit(mark[1]).netloc != urlsplit(_address(url)).netloc):
        raise SourceError(
            f"the source {source.name!r} is there already and did not come from {url}",
            next_step="give the site a name of its own: twin add … --name NAME",
        )


def _finish(visit: Visit, mirror: Mirror) -> None:
    if not any(one.file for one in visit.found.values()):
        reasons = ", ".join(f"{count} {reason}" for reason, count in _passed_over(visit).items()) or "it names no pages"
        raise SourceError(
            f"nothing of {mirror.start} was taken: {reasons}",
            next_step="check the address; what its owner reserves or robots.txt forbids is not taken",
        )
    mirror.finish(visit.found.values())


def _passed_over(visit: Visit) -> dict[str, int]:
    reasons = Counter(one.reason.partition(":")[0] for one in visit.found.values() if not one.file)
    return dict(sorted(reasons.items()))


def _address(url: str) -> str:
    address = normalise_url(url)
    if address is None:
        raise SourceError(f"{url!r} is no address of a page", next_step="give one such as https://example.org/blog/")
    return address
