"""A real headless Chromium in front of the stub service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from .browser import ChatPage
from .stub import StubService, running

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,860",
    "--force-prefers-reduced-motion",  # a sentence that is still fading in has no text for Selenium
)


def _find(names: tuple[str, ...], package: str) -> str:
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip(f"{names[0]} is missing (Debian package {package}): apt-get install -y chromium chromium-driver")
    return path


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    browser, chromedriver = _find(BROWSERS, "chromium"), _find(("chromedriver",), "chromium-driver")
    profile: Path = tmp_path_factory.mktemp("chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    try:
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture
def service() -> StubService:
    return StubService()


@pytest.fixture
def page(driver: webdriver.Chrome, service: StubService) -> Iterator[ChatPage]:
    """The stub on a port of its own, so that no test sees another one's stored key."""
    with running(service) as address:
        yield ChatPage(driver, address)
        driver.get("about:blank")
