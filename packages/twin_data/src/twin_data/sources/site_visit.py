"""One walk over a site, page by page, each of them noted when it is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import RawDocument
from twin_data.contracts.errors import SourceError
from twin_data.sources.html import page_document
from twin_data.sources.reader import MEBIBYTE, ReadContext, Unreadable
from twin_data.sources.site_access import RESERVED, SiteAccess
from twin_data.sources.site_fetch import Fetched, Fetcher, FetchFailed, SiteConfig
from twin_data.sources.site_pages import SitePage, listed_urls, marked_page, read_page
from twin_data.sources.site_rules import Scope, normalise_url, page_file
from twin_data.sources.site_state import Mirror, PageRecord

_LIST = "list_of_pages"
_ELSEWHERE = "elsewhere"
_MOST_SITEMAPS = 50
_FAILURES_IN_A_ROW = 5
_PAGES_A_MESSAGE = 10


class Visit:
    """Visits a site from one address on; what it finds is in `found`, by address."""

    def __init__(
        self, start: str, mirror: Mirror, config: SiteConfig, fetcher: Fetcher, say: Callable[[str], None]
    ) -> None:
        self._start, self._mirror, self._config, self._fetcher, self._say = start, mirror, config, fetcher, say
        self._before = mirror.earlier()
        self.found = mirror.resumed()
        self.unchanged = 0
        self._files = {one.file for one in self.found.values()}
        self._queue: deque[str] = deque()
        self._queued: set[str] = set()
        self._texts = sum(1 for one in self.found.values() if one.file or one.reason == _LIST)
        self._bytes = 0
        self._failures = 0
        self._follows_links = False
        self._access = SiteAccess(start, fetcher)
        self._scope = Scope.host(start)
        if fetcher.delay_s > config.delay_s:
            say(f"robots.txt asks for {fetcher.delay_s:g} s between two requests")

    @property
    def left(self) -> int:
        """How many known addresses were not asked for."""
        return len(self._queue)

    def run(self) -> None:
        """Visit all there is, or as much as the limits allow.

        Raises:
            SourceError: The first page may not be had, or too many failed in a row.
        """
        first = self._first_page()
        self._seed(first)
        while self._queue and not self._is_full():
            url = self._queue.popleft()
            if url not in self.found:
                self._note(self._visit(url, first if url == first.url else None))
            self._follow(self.found[url])
        if self._queue:  # stopped at a limit: what was there before is there still
            kept = {url: one for url, one in self._before.items() if one.file and one.file not in self._files}
            self.found = {**kept, **self.found}

    def _first_page(self) -> Fetched:
        try:
            answer = self._access.followed(self._start)
        except FetchFailed as error:
            raise SourceError(f"{self._start}: {error.reason}", next_step="try again later") from error
        if answer.status != 200:
            raise SourceError(f"{self._start} answers with status {answer.status}", next_step="check the address")
        return answer

    def _seed(self, first: Fetched) -> None:
        """Decide what is visited: what a feed or sitemap lists, else what is linked; known pages in any case."""
        known = [one.url for one in self._before.values() if one.file]
        listed = listed_urls(first)
        if listed is not None:
            self._enqueue([*known, *self._listed(*listed)])
            return
        self._scope = Scope.below(first.url)
        listed_pages = [url for url in self._listed([], self._access.sitemaps) if self._scope.holds(url)]
        self._follows_links = not listed_pages
        page = self._read(first) if self._follows_links else None
        feeds = self._listed([], list(page.feeds)) if isinstance(page, SitePage) else []
        self._enqueue([first.url, *known, *listed_pages, *feeds])

    def _listed(self, pages: list[str], further: list[str]) -> list[str]:
        """Pages that feeds and sitemaps list, with those that sitemaps refer to."""
        found, waiting, asked = list(pages), deque(further), set[str]()
        while waiting and len(asked) < _MOST_SITEMAPS:
            url = waiting.popleft()
            if url in asked or not self._scope.is_host_of(url) or self._access.refusal(url):
                continue
            asked.add(url)
            try:
                answer = self._fetcher.get(url)
            except FetchFailed:  # a list that cannot be had is as none: links are followed
                continue
            listed = listed_urls(answer) if answer.status == 200 else None
            found += listed[0] if listed else []
            waiting.extend(listed[1] if listed else [])
        return found

    def _follow(self, record: PageRecord) -> None:
        if self._follows_links:
            self._enqueue(record.links)
        elif record.reason.startswith(_ELSEWHERE):
            self._enqueue(record.links[:1])

    def _enqueue(self, urls: Iterable[str]) -> None:
        for url in urls:
            if url not in self._queued and self._scope.holds(url):
                self._queued.add(url)
                self._queue.append(url)

    def _is_full(self) -> bool:
        return self._texts >= self._config.max_pages or self._bytes > self._config.max_total_mb * MEBIBYTE

    def _note(self, record: PageRecord) -> None:
        self.found[record.url] = record
        self._files.add(record.file)
        self._texts += 1 if record.file or record.reason == _LIST else 0
        self._mirror.note(record)
        if len(self.found) % _PAGES_A_MESSAGE == 1:
            self._say(f"{len(self.found)} addresses visited, {len(self._queue)} to go: {record.url}")

    def _visit(self, url: str, answer: Fetched | None) -> PageRecord:
        """What there is to a page now."""
        before = self._before.get(url)
        if reason := self._access.refusal(url):
            return PageRecord(url=url, reason=reason)
        etag, last_modified = (before.etag, before.last_modified) if before else ("", "")
        try:
            answer = answer or self._fetcher.get(url, etag=etag, last_modified=last_modified)
        except FetchFailed as error:
            return self._failed(url, before, error)
        self._failures = 0
        if answer.status == 304 and before:
            self.unchanged += 1 if before.file else 0
            return before
        if answer.is_redirect:
            target = normalise_url(answer.headers["location"], url)
            if target is None or not self._scope.is_host_of(target):
                return PageRecord(url=url, reason="on_another_host")
            return PageRecord(url=url, reason=f"{_ELSEWHERE}: redirected", links=(target,))
        if answer.status != 200:
            return PageRecord(url=url, reason=f"http_{answer.status}")
        page = self._read(answer)
        return PageRecord(url=url, reason=page) if isinstance(page, str) else self._record(url, answer, page)

    def _failed(self, url: str, before: PageRecord | None, error: FetchFailed) -> PageRecord:
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW:
            raise SourceError(
                f"{url}: {error.reason}; the last {self._failures} addresses failed, so the site was left",
                next_step="try again later: the same command goes on where it stopped",
            ) from error
        if before and before.file and error.is_transient:
            return before
        return PageRecord(url=url, reason=f"failed: {error.reason}")

    def _read(self, answer: Fetched) -> SitePage | str:
        """The page in an answer, or why there is none."""
        try:
            return read_page(answer, self._scope) or f"no_page: {answer.media_type}"
        except Unreadable as error:
            return error.reason

    def _record(self, url: str, answer: Fetched, page: SitePage) -> PageRecord:
        """What to note of a page, kept if it holds a text of its own."""
        record = PageRecord(
            url=url,
            links=page.links,
            etag=answer.headers.get("etag", ""),
            last_modified=answer.headers.get("last-modified", ""),
        )
        file = page_file(url)
        canonical = page.canonical if page.canonical and self._scope.holds(page.canonical) else url
        if page.is_reserved:
            return PageRecord(url=url, reason=RESERVED)
        if page_file(canonical) != file:
            links = (canonical, *page.links)
            return record.model_copy(update={"reason": f"{_ELSEWHERE}: canonical", "links": links})
        if page.is_listing:
            return record.model_copy(update={"reason": _LIST})
        if file in self._files:
            return record.model_copy(update={"reason": "repeated_page"})
        if not self._keep(url, file, page):
            return record.model_copy(update={"reason": "no_text"})
        return record.model_copy(update={"file": file})

    def _keep(self, url: str, file: str, page: SitePage) -> bool:
        """Keep a page if it has text. One whose text is as it was keeps its file, whatever else on it has changed."""
        content = marked_page(page, url)
        self._bytes += len(content)
        new = _document(content, file)
        if new is None:
            return False
        there = self._mirror.pages / file
        if there.is_file() and _document(there.read_bytes(), file) == new:
            self.unchanged += 1
        else:
            self._mirror.keep(file, content)
        return True


def _document(content: bytes, file: str) -> RawDocument | None:
    """What a page will be read as, but for the digest of its bytes; None if there is no text in it."""
    root = Path("pages")
    try:
        document = page_document(content, root / file, ReadContext("site", root, Author(name="?")))
    except Unreadable:
        return None
    return document.model_copy(update={"content_digest": ""})
