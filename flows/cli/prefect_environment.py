"""Prefect's environment, set before Prefect is imported: it reads its settings at import."""

from __future__ import annotations

import os

import httpx

from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome

HEALTH_TIMEOUT_S = 2.0


def use_prefect(home: TwinHome, settings: PlatformSettings) -> bool:
    """Point Prefect at the platform's server if it answers, else at a temporary one with the same database.

    Returns:
        Whether there is a server, and so deployments and a record in its UI.
    """
    running = _answers("health", settings)
    os.environ["PREFECT_HOME"] = str(home.prefect)
    if running:
        os.environ["PREFECT_API_URL"] = settings.prefect_address
    else:
        os.environ.pop("PREFECT_API_URL", None)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    # Its traceback of a failed run belongs into the run's record; people get the error and the next step.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")  # 20 s are short on a busy machine
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    return running


def personas_without_deployments(home: TwinHome, settings: PlatformSettings) -> list[str]:
    """Personas of the home that the platform's server has no deployment of, asked without importing Prefect."""
    last = "deployments/name/refresh-twin"  # to be registered
    return [persona for persona in home.known_personas() if not _answers(f"{last}/{persona}", settings)]


def _answers(path: str, settings: PlatformSettings) -> bool:
    try:
        return httpx.get(
            f"{settings.prefect_address}/{path}", headers=settings.prefect_headers, timeout=HEALTH_TIMEOUT_S
        ).is_success
    except httpx.TransportError:
        return False
