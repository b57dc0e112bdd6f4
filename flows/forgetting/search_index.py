"""The search index without what is forgotten: hidden within a second, then in no segment of any version."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch
from elasticsearch.helpers import scan

from flows.forgetting.contents import leaves
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import SearchUnavailableError, StoreError
from twin_data.store.search import index_name

REQUEST_TIMEOUT_S = 120
IDS_AT_ONCE = 1000


@contextmanager
def opened_search(settings: PlatformSettings) -> Iterator[ElasticStore]:
    """The home's search engine; its errors in our words.

    Raises:
        SearchUnavailableError: It cannot be reached.
        StoreError: It refused a request.
    """
    key = settings.elasticsearch_api_key
    with Elasticsearch(
        settings.elasticsearch_address,
        api_key=key.get_secret_value() if key else None,
        request_timeout=REQUEST_TIMEOUT_S,
    ) as client:
        try:
            yield ElasticStore(client)
        except TransportError as error:
            raise SearchUnavailableError(
                f"Elasticsearch at {settings.elasticsearch_address} cannot be reached: {error.message}",
                next_step="twin up elasticsearch, then run the same command again",
            ) from error
        except ApiError as error:
            raise StoreError(
                f"Elasticsearch refused a request: {error}", next_step="correct what is named, then run it again"
            ) from error


class SearchStore(Protocol):
    """What forgetting needs of a search engine."""

    def hide(self, persona: str, ids: Collection[str]) -> int:
        """Delete the entries of these documents in every version at once, so that no search returns them any more."""
        ...

    def drop_others(self, persona: str, live: str | None) -> int:
        """Delete every version but the live one: segments keep deleted entries, term weights their vocabulary."""
        ...

    def entry_texts(self, persona: str) -> Iterator[tuple[str, str, str]]:
        """Index, entry and each text of every entry of a persona, decoded by the engine itself."""
        ...

    def deleted_entries(self, persona: str) -> int:
        """Entries that were deleted but still lie in a segment."""
        ...

    def orphaned_folders(self, home: TwinHome) -> tuple[Path, ...]:
        """Folders of the embedded node that belong to no index any more."""
        ...


@dataclass(frozen=True)
class ElasticStore:
    """`SearchStore` over Elasticsearch."""

    client: Elasticsearch

    def hide(self, persona: str, ids: Collection[str]) -> int:
        """See `SearchStore.hide`."""
        deleted = 0
        for name in self._indices(persona):
            for query in _queries(ids):
                answer = self.client.delete_by_query(index=name, query=query, refresh=True, conflicts="proceed")
                deleted += int(answer["deleted"])
        return deleted

    def drop_others(self, persona: str, live: str | None) -> int:
        """See `SearchStore.drop_others`."""
        others = [name for name in self._indices(persona) if name != live]
        for name in others:
            self.client.indices.delete(index=name, ignore_unavailable=True)
        return len(others)

    def entry_texts(self, persona: str) -> Iterator[tuple[str, str, str]]:
        """See `SearchStore.entry_texts`."""
        for name in self._indices(persona):
            for hit in scan(self.client, index=name, size=200):
                for leaf in leaves(_without_vectors(hit["_source"])):
                    yield name, hit["_id"], leaf

    def deleted_entries(self, persona: str) -> int:
        """See `SearchStore.deleted_entries`."""
        stats = (self.client.indices.stats(index=name, metric="docs") for name in self._indices(persona))
        return sum(int(one["_all"]["primaries"]["docs"]["deleted"]) for one in stats)

    def orphaned_folders(self, home: TwinHome) -> tuple[Path, ...]:
        """See `SearchStore.orphaned_folders`."""
        known = {body["settings"]["index"]["uuid"] for body in self.client.indices.get(index="*").values()}
        folder = home.elasticsearch / "data" / "indices"
        return tuple(sorted(one for one in folder.iterdir() if one.name not in known)) if folder.is_dir() else ()

    def _indices(self, persona: str) -> tuple[str, ...]:
        """Every version. The name does not tell: `twin-ada-*` matches those of `ada-lovelace` too."""
        found = self.client.indices.get(index=index_name(persona, "*"), ignore_unavailable=True)
        metas = {name: body["mappings"].get("_meta") or {} for name, body in found.items()}
        return tuple(sorted(name for name, meta in metas.items() if meta.get("persona") == persona))


def _queries(ids: Collection[str]) -> Iterator[dict[str, Any]]:
    ordered = sorted(ids)
    for at in range(0, len(ordered), IDS_AT_ONCE):
        yield {"terms": {"document_id": ordered[at : at + IDS_AT_ONCE]}}


def _without_vectors(source: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name not in {"pieces", "vector"}}
