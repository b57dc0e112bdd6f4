"""Having the LLM microservice serve a bundle that was registered just now."""

from __future__ import annotations

import asyncio

from flows.platform.settings import PlatformSettings
from twin_data.registry.port import RegisteredBundle
from twin_serve.llm.adapters import VllmAdapters


def serve_adapter(bundle: RegisteredBundle) -> None:
    """Return once the LLM microservice serves the bundle's adapter; nothing happens if it does already.

    Raises:
        LLMUnavailableError: It cannot be reached.
        AdapterRefusedError: It refuses the adapter.
    """
    asyncio.run(_load(bundle))


async def _load(bundle: RegisteredBundle) -> None:
    assert bundle.adapter is not None, "bundle 0 has no adapter to serve"
    server = VllmAdapters(PlatformSettings.from_environment().llm_address)
    try:
        await server.load(bundle.manifest.model_name, bundle.adapter)
    finally:
        await server.close()
