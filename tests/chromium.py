"""A real headless Chromium for the tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver

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


@contextmanager
def headless(profile: Path, *, downloads: Path | None = None, requests: bool = False) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own; what it saves goes to `downloads`.

    With `requests` its log `performance` tells every request that a page makes.
    """
    browser, chromedriver = _find(BROWSERS, "chromium"), _find(("chromedriver",), "chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    if downloads:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    logs = {"browser": "ALL", "performance": "ALL"} if requests else {"browser": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    try:
        yield chrome
    finally:
        chrome.quit()
