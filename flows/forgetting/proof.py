"""The search that shows that something is gone: every store by its own reader, and every byte as it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flows.forgetting.contents import UnreadableContent, decoded, raw
from flows.forgetting.databases import interactions_holding
from flows.forgetting.search_index import SearchStore
from flows.forgetting.wording import Wording
from twin_data.configuration.home import TwinHome
from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.forgetting import AbsenceProof, StoreAbsence

REPORT_EVERY_FILES = 100
MOST_PLACES = 20
ENTRIES = "elasticsearch (entries)"
INTERACTIONS = "serving database"


@dataclass
class _Reading:
    """What was read of one store."""

    files: int = 0
    items: int = 0
    bytes: int = 0
    found: list[str] = field(default_factory=list)

    def absence(self, store: str) -> StoreAbsence:
        return StoreAbsence(
            store=store, files=self.files, items=self.items, bytes=self.bytes, found=tuple(self.found[:MOST_PLACES])
        )


def prove_absence(
    home: TwinHome,
    persona: str,
    wording: Wording,
    search: SearchStore | None,
    database_url: str,
    report: Callable[[str], None],
    *,
    without: Path | None = None,
) -> AbsenceProof:
    """Search all of a home for what was forgotten.

    Args:
        home: All files below it are read, whosever they are.
        persona: Whose index and interactions are decoded.
        wording: What is sought.
        search: The search engine; None if there was never an index.
        database_url: The serving database, which may lie elsewhere.
        report: Told about progress.
        without: The journal, which names the documents until the search for them has ended, and goes then.
    """
    stores: dict[str, _Reading] = {}
    not_searched: list[str] = []
    paths = sorted(
        path for path in home.root.rglob("*") if path.is_file() and not path.is_symlink() and path != without
    )
    for number, path in enumerate(paths, 1):
        if number % REPORT_EVERY_FILES == 0:
            report(f"searching: {number:,} of {len(paths):,} files")
        name = path.relative_to(home.root)
        reading = stores.setdefault(name.parts[0], _Reading())
        not_searched += _search_file(path, name.as_posix(), wording, reading)
    stores[INTERACTIONS] = _search_interactions(database_url, persona, wording)
    if search is not None:
        report("searching: the index, entry by entry")
        stores[ENTRIES] = _search_entries(search, home, persona, wording)
    return AbsenceProof(
        at=datetime.now(UTC),
        stores=tuple(reading.absence(store) for store, reading in sorted(stores.items())),
        not_searched=tuple(not_searched),
    )


def _search_file(path: Path, name: str, wording: Wording, reading: _Reading) -> Iterator[str]:
    """Count a file and what it holds; yields why it could not be read, if so."""
    reading.files += 1
    is_found = False
    try:
        reading.bytes += path.stat().st_size
        is_found = any(wording.is_in(text) for text in raw(path))
        for text in decoded(path):
            reading.items += 1
            is_found = is_found or wording.is_in(text)
    except FileNotFoundError:
        return  # a server's temporary file
    except (UnreadableContent, OSError) as error:
        yield f"{name}: {error}"
    if is_found or wording.is_in(name):
        reading.found.append(_told(name, wording))


def _told(name: str, wording: Wording) -> str:
    """A place's name, by digest only where the name itself is among what was forgotten."""
    return f"file {short(digest_text(name))}" if wording.is_in(name) else name


def _search_interactions(url: str, persona: str, wording: Wording) -> _Reading:
    found = interactions_holding(url, persona, wording)
    return _Reading(items=len(found), found=[f"interaction {trace}" for trace in found])


def _search_entries(search: SearchStore, home: TwinHome, persona: str, wording: Wording) -> _Reading:
    reading = _Reading()
    for index, entry, text in search.entry_texts(persona):
        reading.items += 1
        if wording.is_in(text):
            reading.found.append(f"{index}: entry {short(digest_text(entry))}")
    if deleted := search.deleted_entries(persona):
        reading.found.append(f"{deleted} deleted entries that still lie in segments")
    reading.found += [f"folder {path.name} of an index that is gone" for path in search.orphaned_folders(home)]
    return reading
