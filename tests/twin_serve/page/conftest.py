"""A real headless Chromium in front of the stub service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium import webdriver

from ...chromium import headless
from .browser import ChatPage
from .stub import StubService, running


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with headless(tmp_path_factory.mktemp("chromium")) as chrome:
        yield chrome


@pytest.fixture
def service() -> StubService:
    return StubService()


@pytest.fixture
def page(driver: webdriver.Chrome, service: StubService) -> Iterator[ChatPage]:
    """The stub on a port of its own, so that no test sees another one's stored key."""
    with running(service) as address:
        yield ChatPage(driver, address)
        driver.get("about:blank")
