"""Waiting for the LLM microservice to serve a bundle that was registered just now."""

from __future__ import annotations

import asyncio
import time

from flows.platform.settings import PlatformSettings
from flows.reporting import report
from twin_data.contracts.errors import PlatformError
from twin_data.registry.port import RegisteredBundle
from twin_serve.llm.adapters import VllmAdapters

LONGEST_WAIT_S = 120.0
POLL_S = 1.0


def wait_until_served(bundle: RegisteredBundle) -> None:
    """Return once the LLM microservice serves the bundle's adapter; it is loaded if the business service has not yet.

    Raises:
        PlatformError: It does not come to serve it.
        AdapterRefusedError: It refuses it.
    """
    asyncio.run(_wait(bundle))


async def _wait(bundle: RegisteredBundle) -> None:
    name, folder = bundle.manifest.model_name, bundle.adapter
    assert folder is not None, "only an adapter is waited for"
    server = VllmAdapters(PlatformSettings.from_environment().llm_address)
    deadline = time.monotonic() + LONGEST_WAIT_S
    try:
        while name not in (await server.served()).names:
            report(f"loading the adapter of {name}")
            await server.load(name, folder)
            if time.monotonic() > deadline:
                raise PlatformError(f"the LLM microservice does not serve {name}", next_step="twin up llm --restart")
            await asyncio.sleep(POLL_S)
    finally:
        await server.close()
