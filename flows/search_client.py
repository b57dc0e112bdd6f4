"""The client of the search engine that the settings name."""

from __future__ import annotations

from elasticsearch import Elasticsearch

from flows.platform.settings import PlatformSettings

REQUEST_TIMEOUT_S = 60


def search_client(settings: PlatformSettings) -> Elasticsearch:
    """A client; to be closed, or used in a `with`."""
    key = settings.elasticsearch_api_key
    return Elasticsearch(
        settings.elasticsearch_address,
        api_key=key.get_secret_value() if key else None,
        request_timeout=REQUEST_TIMEOUT_S,
    )
