"""What the search engine's client raises, as the product's own errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from elastic_transport import ConnectionError as ElasticConnectionError
from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError
from elasticsearch.helpers import BulkIndexError

from twin_data.contracts.errors import SearchUnavailableError, StoreError


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except (ElasticConnectionError, ConnectionTimeout) as error:
        raise SearchUnavailableError(
            f"Elasticsearch did not answer while working on {what}: {error.message}",
            next_step="twin status, then twin up elasticsearch",
        ) from error
    except BulkIndexError as error:
        raise StoreError(
            f"{what}: an entry was refused: {str(error.errors[0])[:300]}", next_step="twin features PERSONA"
        ) from error
    except (ApiError, TransportError) as error:
        raise StoreError(
            f"{what}: Elasticsearch refused: {error}", next_step="see the elasticsearch log in $TWIN_HOME/logs"
        ) from error
