"""What a site allows: its robots.txt, its reservations of text and data mining, and where its redirections lead."""

from __future__ import annotations

from urllib.parse import urlsplit

from protego import Protego

from twin_data.contracts.errors import SourceError
from twin_data.sources.site_fetch import Fetched, Fetcher, FetchFailed
from twin_data.sources.site_rules import TDM_FILE, USER_AGENT, Scope, TdmRules, normalise_url

FORBIDDEN = "forbidden_by_robots_txt"
RESERVED = "reserved_by_its_owner"
_MOST_REDIRECTS = 5


class SiteAccess:
    """The rules of one host, read before anything else is fetched from it.

    robots.txt goes by RFC 9309: one that is not there allows everything, one that cannot be had forbids everything.
    """

    def __init__(self, start: str, fetcher: Fetcher) -> None:
        """Read the rules.

        Raises:
            SourceError: They cannot be read.
        """
        self._start, self._fetcher = start, fetcher
        self._host = Scope.host(start)
        self._robots, self._tdm = Protego.parse(""), TdmRules({})
        try:
            robots, tdm = (_text(self.followed(self._at_root(path))) for path in ("/robots.txt", TDM_FILE))
        except FetchFailed as error:
            raise SourceError(
                f"{start}: the rules of its host cannot be read ({error.reason}), so nothing may be fetched",
                next_step="try again later, or check the address",
            ) from error
        self._robots, self._tdm = Protego.parse(robots), TdmRules.parse(tdm)
        fetcher.delay_s = max(fetcher.delay_s, float(self._robots.crawl_delay(USER_AGENT) or 0.0))

    @property
    def sitemaps(self) -> list[str]:
        """Where the sitemaps are, as robots.txt says, else at the usual place."""
        named = [url for one in self._robots.sitemaps if (url := normalise_url(one, self._start))]
        return named or [self._at_root("/sitemap.xml")]

    def refusal(self, url: str) -> str | None:
        """Why an address of the host may not be fetched, or None if it may."""
        if not self._robots.can_fetch(url, USER_AGENT):
            return FORBIDDEN
        return RESERVED if self._tdm.is_reserved(url) else None

    def followed(self, url: str) -> Fetched:
        """The answer for an address, over redirections on the host.

        Raises:
            SourceError: It leads to another host, or to nowhere, or to what may not be fetched.
            FetchFailed: There is no answer.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            if not self._robots.can_fetch(url, USER_AGENT):
                raise SourceError(
                    f"robots.txt of {urlsplit(url).netloc} does not allow {USER_AGENT} to fetch {url}",
                    next_step=f"if the site is yours, allow {USER_AGENT} there, or add an export of it",
                )
            answer = self._fetcher.get(url)
            if not answer.is_redirect:
                return answer
            given = answer.headers["location"]
            target = normalise_url(given, url)
            if target is None or not self._host.is_host_of(target):
                raise SourceError(
                    f"{url} leads to {target or given}, on another host, which was not followed",
                    next_step=f"if that is what you mean: twin add PERSONA {target or 'ADDRESS'}",
                )
            url = target
        raise SourceError(f"{self._start} is redirected in a circle", next_step="check the address in a browser")

    def _at_root(self, path: str) -> str:
        return normalise_url(path, self._start) or path


def _text(answer: Fetched) -> str:
    """The text of a file that need not be there."""
    return answer.body.decode("utf-8-sig", "replace") if answer.status == 200 else ""
