"""What a reader does on the page, in the words of the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from .stub import KEY

PATIENCE_SECONDS = 10
EXPECTED_LOG = "Failed to load resource"  # the browser's own line for each 4xx and 5xx
T = TypeVar("T")


class ChatPage:
    """The browser on the stub's page."""

    def __init__(self, driver: Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, path: str = "/", key: str | None = KEY) -> None:
        """Load the page, with a key in the address unless it is None."""
        self._read_console()
        self.driver.get(self.address + path + (f"#key={quote(key, safe='')}" if key is not None else ""))

    def ready(self) -> None:
        """Load the chat page and wait until a question can be asked."""
        self.open()
        self.wait(lambda: self.one("#composer").is_displayed())

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.all(selector)]

    def button(self, text: str, within: str = "body") -> WebElement:
        """The visible button with this text."""
        shown = [node for node in self.all(f"{within} button") if node.is_displayed() and node.text == text]
        assert len(shown) == 1, f"{len(shown)} visible buttons say {text!r}"
        return shown[0]

    def wait(self, condition: Callable[[], T]) -> T:
        """Wait until the condition holds."""
        waiting = WebDriverWait(
            self.driver,
            PATIENCE_SECONDS,
            poll_frequency=0.05,
            ignored_exceptions=(NoSuchElementException, StaleElementReferenceException),
        )
        return waiting.until(lambda _: condition())

    def wait_text(self, selector: str, text: str) -> None:
        self.wait(lambda: text in self.one(selector).text)

    def ask(self, question: str) -> None:
        self.one("#question").send_keys(question, Keys.ENTER)

    def ask_and_wait(self, question: str) -> WebElement:
        """Ask, and return the turn once its account is shown."""
        before = len(self.all(".turn .cost"))
        self.ask(question)
        self.wait(lambda: len(self.all(".turn .cost")) > before)
        return self.all(".turn")[-1]

    def press(self, key: str) -> None:
        self.driver.switch_to.active_element.send_keys(key)

    def script(self, code: str, *arguments: Any) -> Any:
        return self.driver.execute_script(code, *arguments)

    def faults(self) -> list[str]:
        """What the console complained of: script errors and violations of the content security policy."""
        return [row["message"] for row in self._read_console() if EXPECTED_LOG not in row["message"]]

    def _read_console(self) -> list[dict[str, Any]]:
        """What was logged since the last reading."""
        rows: list[dict[str, Any]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return rows
