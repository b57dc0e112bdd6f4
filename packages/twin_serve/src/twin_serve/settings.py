"""What the business microservice reads from the environment, once, at its entry point: addresses and secrets only."""

from __future__ import annotations

import os

from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract

DEFAULT_ELASTICSEARCH = "http://127.0.0.1:9200"
DEFAULT_LLM = "http://127.0.0.1:8001"


class ServiceSettings(Contract):
    """Addresses of the servers behind the service."""

    home: str
    elasticsearch_url: str = DEFAULT_ELASTICSEARCH
    elasticsearch_api_key: str | None = None
    llm_url: str = DEFAULT_LLM
    database_url: str | None = None
    """SQLAlchemy URL of keys and ledger; None for the SQLite file in the home."""

    @classmethod
    def from_environment(cls) -> ServiceSettings:
        """Read the environment."""
        return cls(
            home=str(TwinHome.from_environment().root),
            elasticsearch_url=os.environ.get("ELASTICSEARCH_URL", DEFAULT_ELASTICSEARCH),
            elasticsearch_api_key=os.environ.get("ELASTICSEARCH_API_KEY"),
            llm_url=os.environ.get("TWIN_LLM_URL", DEFAULT_LLM),
            database_url=os.environ.get("TWIN_DATABASE_URL"),
        )
