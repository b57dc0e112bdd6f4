"""What is remembered of a site between two visits, and of a visit that was interrupted."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import SourceError

_STATE = "state.json"
_VISIT = "visit.jsonl"
_PAGES = "pages"
_VISIT_LASTS_S = 24 * 3600.0
"""An interrupted visit that is older begins anew: its pages may have changed meanwhile."""


class PageRecord(Contract):
    """A page as it was last found."""

    url: str
    file: str | None = None
    """Where its text is kept; None for pages that are followed or noted but hold none."""
    reason: str = ""
    """Why it is not kept."""
    etag: str = ""
    last_modified: str = ""
    links: tuple[str, ...] = ()


class SiteState(Contract):
    """A visit that came to its end."""

    start: str
    pages: tuple[PageRecord, ...] = ()


class Mirror:
    """The folder in which one site's pages and state are kept.

    Pages are written whole or not at all, each is noted when it is there, and the state is replaced at the end of a
    visit: after a kill the next visit goes on with what was noted.
    """

    def __init__(self, folder: Path, start: str) -> None:
        self.folder = folder
        self.start = start

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder for one visit.

        Raises:
            SourceError: Another one is under way.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder, os.O_RDONLY)  # the lock is on the folder itself, so no lock file stays behind
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SourceError(
                    f"{self.start} is being fetched by another run", next_step="wait for its end, then try again"
                ) from error
            yield
        finally:
            os.close(lock)

    @property
    def pages(self) -> Path:
        """The kept pages, in folders as on the site."""
        return self.folder / _PAGES

    def earlier(self) -> dict[str, PageRecord]:
        """What the last complete visit found, by address; a page whose file is gone counts as not found.

        Raises:
            SourceError: The folder mirrors another site.
        """
        path = self.folder / _STATE
        if not path.is_file():
            return {}
        try:
            state = SiteState.model_validate_json(path.read_bytes())
        except ValidationError:  # damaged, which costs a visit in full and nothing else
            return {}
        if state.start != self.start:
            raise SourceError(
                f"this source was taken from {state.start}, not from {self.start}",
                next_step="give the other site a name of its own: twin add … --name NAME",
            )
        return {one.url: one for one in state.pages if one.file is None or (self.pages / one.file).is_file()}

    def resumed(self) -> dict[str, PageRecord]:
        """What an interrupted visit had fetched, by address, if it went to the same site not long ago."""
        path = self.folder / _VISIT
        if path.is_file() and time.time() - path.stat().st_mtime > _VISIT_LASTS_S:
            path.unlink()
        lines = path.read_text("utf-8").split("\n") if path.is_file() else []
        if not lines or lines[0] != self.start:
            path.unlink(missing_ok=True)
            return {}
        found = {}
        for line in lines[1:]:
            try:
                record = PageRecord.model_validate_json(line)
            except ValidationError:  # the line that was being written when the visit was killed
                continue
            found[record.url] = record
        # Refusals and failures are asked for again: the site may have been mended meanwhile.
        return {
            url: one
            for url, one in found.items()
            if (one.links and not one.file) or (one.file and (self.pages / one.file).is_file())
        }

    def note(self, record: PageRecord) -> None:
        """Write down what was found of a page."""
        path = self.folder / _VISIT
        self.folder.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("a", encoding="utf-8") as stream:
            # A line of its own, whatever a killed visit left of its last.
            stream.write(f"{self.start}\n" if is_new else "\n")
            stream.write(record.model_dump_json() + "\n")

    def keep(self, file: str, content: bytes) -> None:
        """Write a page in one step."""
        path = self.pages / file
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_bytes(content)
        os.replace(temporary, path)

    def finish(self, records: Iterable[PageRecord]) -> None:
        """End the visit: these pages are what there is, all others go."""
        records = sorted(records, key=lambda one: one.url)
        kept = {self.pages / one.file for one in records if one.file}
        for path in sorted(self.pages.rglob("*"), reverse=True):
            if path.is_file() and path not in kept:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        temporary = self.folder / f".{_STATE}.part"
        temporary.write_text(SiteState(start=self.start, pages=tuple(records)).model_dump_json(), "utf-8")
        os.replace(temporary, self.folder / _STATE)
        (self.folder / _VISIT).unlink(missing_ok=True)
