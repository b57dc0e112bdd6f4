"""Both pages in a real browser: what is clicked is what the file holds, and what `twin labels add` reads."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from twin_eval.human.pairing import Compared, render_blind
from twin_eval.human.preferences import unblinded
from twin_eval.human.reading import read_file
from twin_eval.human.review_page import render_review
from twin_eval.scorers import ScoredAnswer

from ...chromium import headless

MakeScored = Callable[..., ScoredAnswer]


@dataclass
class Browser:
    """A browser and where it saves files."""

    driver: Chrome
    downloads: Path

    def open(self, path: Path) -> None:
        self.driver.get_log("browser")
        self.driver.get(path.as_uri())

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def pick(self, item: str, field: str, value: str) -> None:
        self.one(f'input[name="{item}.{field}"][value="{value}"]').click()

    def saved(self) -> Path:
        self.one("#download").click()
        return WebDriverWait(self.driver, 10).until(lambda _: next(iter(self.downloads.glob("*.jsonl")), None))

    def text(self, selector: str) -> str:
        return self.one(selector).text

    def complaints(self) -> list[str]:
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Chrome, Path]]:
    downloads = tmp_path_factory.mktemp("downloads")
    with headless(tmp_path_factory.mktemp("chromium"), downloads=downloads) as chrome:
        yield chrome, downloads


@pytest.fixture
def browser(driver: tuple[Chrome, Path]) -> Browser:
    chrome, downloads = driver
    for path in downloads.iterdir():
        path.unlink()
    return Browser(chrome, downloads)


@pytest.fixture
def review(make_scored: MakeScored, tmp_path: Path) -> Path:
    page = tmp_path / "review.html"
    answers = [make_scored("q1", {"It was “high”.": "yes", "It was <low>.": "no"})]
    page.write_text(render_review(answers, persona="ada", bundle="0123456789ab", passages=4), "utf-8")
    return page


def test_what_is_clicked_on_the_review_page_is_what_the_file_holds(browser: Browser, review: Path) -> None:
    before = datetime.now(UTC)
    browser.open(review)
    assert not browser.one("#a1").is_displayed(), "it would give away which sentences were sent"
    browser.pick("s1-1", "label", "supported")
    browser.pick("s1-2", "label", "nonsense")
    assert browser.one("#a1").is_displayed()
    browser.one('input[name="s1-2.note"]').send_keys("no ❄ sense")
    browser.pick("a1", "label", "right")
    browser.pick("a1", "in_voice", "unsure")
    browser.pick("a1", "in_voice", "unsure")
    assert browser.text("#progress") == "3 of 3 labelled"
    browser.one("#download").click()
    assert "Your name first" in browser.text("#message") and not list(browser.downloads.iterdir())
    browser.one("#labeller").send_keys("Ada")
    found = read_file(browser.saved())
    assert found.problems == []
    sentence, other, answer = (
        row.label.model_dump(exclude={"labelled_at", "bundle", "question"}) for row in found.rows
    )
    assert sentence == {
        "kind": "sentence", "sentence": "It was “high”.", "label": "supported", "note": "", "labeller": "Ada"
    }  # fmt: skip
    assert (other["sentence"], other["label"], other["note"]) == ("It was <low>.", "nonsense", "no ❄ sense")
    assert (answer["label"], answer["in_voice"]) == ("right", None), "a second click takes a label back"
    assert all(before <= row.label.labelled_at.replace(microsecond=999_999) for row in found.rows)
    assert "3 labels saved" in browser.text("#message") and "twin labels add ada labels-ada-" in browser.text(
        "#message"
    )
    assert browser.complaints() == []


def test_labels_outlive_the_page(browser: Browser, review: Path) -> None:
    browser.open(review)
    browser.pick("s1-1", "label", "contradicted")
    browser.one('input[name="s1-1.note"]').clear()
    browser.one('input[name="s1-1.note"]').send_keys("says the contrary")
    # Chromium hands what a page has stored to the next page's process a moment later.
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        browser.open(review)
        if browser.one('input[name="s1-1.note"]').get_attribute("value") == "says the contrary":
            break
        time.sleep(0.1)
    assert browser.one('input[name="s1-1.label"][value="contradicted"]').is_selected()
    assert browser.one('input[name="s1-1.note"]').get_attribute("value") == "says the contrary"


def test_the_answer_can_be_shown_without_labelling_sentences(
    browser: Browser, make_scored: MakeScored, tmp_path: Path
) -> None:
    page = tmp_path / "other.html"
    answers = [make_scored("q9", {"So it was.": "no"})]
    page.write_text(render_review(answers, persona="ada", bundle="0123456789ab", passages=4), "utf-8")
    browser.open(page)
    browser.one("button.reveal").click()
    browser.pick("a1", "label", "wrong")
    assert browser.text("#progress") == "1 of 2 labelled"
    browser.one("#next").click()
    assert browser.driver.switch_to.active_element.get_attribute("name") == "s1-1.label"


def test_choices_on_the_blind_page_are_read_with_its_key(browser: Browser, tmp_path: Path) -> None:
    pairs = [Compared(f"What of {at}?", f"notes/{at}.md", f"first {at}", f"second {at}") for at in range(3)]
    page = render_blind(pairs, persona="ada", first="aaaaaaaaaaaa", second="bbbbbbbbbbbb", rng=random.Random(3))
    (tmp_path / "blind.html").write_text(page.html, "utf-8")
    browser.open(tmp_path / "blind.html")
    browser.one("#labeller").send_keys("Grace")
    for block in browser.driver.find_elements(By.CSS_SELECTOR, ".item")[:2]:
        is_left = block.find_element(By.CSS_SELECTOR, ".side .text").text.startswith("first")
        block.find_element(By.CSS_SELECTOR, f'input[value="{"left" if is_left else "right"}"]').click()
    found = read_file(browser.saved())
    chosen = [unblinded(row.label, page.key) for row in found.rows if row.label.kind == "choice"]
    assert [one.preferred.value for one in chosen] == ["first", "first"] and found.problems == []
    assert {one.labeller for one in chosen} == {"Grace"}
    assert browser.complaints() == []
