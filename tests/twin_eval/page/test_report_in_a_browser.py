"""The evaluation's report in a real browser, with everything that it can hold: whole, alone, and on a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from twin_data.registry.model_card import model_card
from twin_eval.gate import decide, default_rubric
from twin_eval.report import ReportFiles, write_report

from ...chromium import headless
from . import specimen

HEADINGS = (
    "At a glance", "The ladder: is training needed?", "Against the champion", "Coverage and risk", "Right answers",
    "Voice and copying", "Answered and refused", "Expense and faults", "Safe and unsafe prompts", "Under stress",
    "Examples", "What went wrong, by cause", "Every question", "Drafts in the voice", "Where it came from",
)  # fmt: skip
DESKTOP, PHONE = 1280, 390


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    rubric, candidate = default_rubric(), specimen.run(specimen.BUNDLE)
    run, champion = specimen.whole(candidate), specimen.run(specimen.CHAMPION, worse=2, seed=2, voice=60)
    return write_report(
        run,
        tmp_path_factory.mktemp("evaluation"),
        decision=decide(run, champion, rubric),
        rubric=rubric,
        champion=champion,
        ladder=specimen.ladder(candidate),
        origin=specimen.origin(card=model_card(specimen.manifest())),
    )


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with headless(tmp_path_factory.mktemp("chromium"), requests=True) as driver:
        yield driver


def opened(chrome: Chrome, files: ReportFiles, width: int = DESKTOP) -> Chrome:
    """The page at a width; below Chromium's smallest window only the emulation of a device goes."""
    device = {"width": width, "height": 860, "deviceScaleFactor": 1, "mobile": width < 600}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    for log in ("browser", "performance"):
        chrome.get_log(log)
    chrome.get("about:blank")  # a link within the page alone would not load it anew
    chrome.get(files.page.as_uri())
    return chrome


def script(chrome: Chrome, code: str, *arguments: object) -> Any:
    return chrome.execute_script(code, *arguments)  # type: ignore[no-untyped-call]


def requested(chrome: Chrome) -> set[str]:
    messages = [json.loads(one["message"])["message"] for one in chrome.get_log("performance")]
    sent = [one["params"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    return {str(one["request"]["url"]) for one in sent}


def test_it_loads_nothing_but_itself_and_complains_of_nothing(chrome: Chrome, files: ReportFiles) -> None:
    opened(chrome, files)
    assert requested(chrome) - {"about:blank"} == {files.page.as_uri()}
    assert [entry["message"] for entry in chrome.get_log("browser")] == []
    assert script(chrome, "return performance.getEntriesByType('resource').length") == 0
    assert files.page.stat().st_size < 1_500_000


def test_every_part_is_there_and_seen(chrome: Chrome, files: ReportFiles) -> None:
    opened(chrome, files)
    seen = [one.text for one in chrome.find_elements(By.CSS_SELECTOR, "h2") if one.is_displayed()]
    assert [one for one in HEADINGS if one not in seen] == []
    verdict = chrome.find_element(By.CSS_SELECTOR, ".verdict.reject")
    assert verdict.is_displayed() and verdict.text.startswith("Reject, compared with the live champion")
    families = [one.text for one in chrome.find_elements(By.CSS_SELECTOR, "#glance ~ h3")][:4]
    assert families == ["Voice", "Facts and sources", "Refusals", "Time and cost"]
    plots = chrome.find_elements(By.CSS_SELECTOR, "figure svg")
    assert len(plots) >= 10
    assert all(one.rect["width"] > 200 and one.rect["height"] > 30 for one in plots)


def test_every_link_within_the_page_leads_to_something_that_is_seen(chrome: Chrome, files: ReportFiles) -> None:
    opened(chrome, files)
    lost = script(
        chrome,
        """return [...document.querySelectorAll('a[href^="#"]')].map(one => one.getAttribute('href'))
        .filter(one => document.querySelectorAll('[id="' + one.slice(1) + '"]').length !== 1)""",
    )
    assert lost == []
    row = chrome.find_element(By.CSS_SELECTOR, "details.failure a[href^='#question-']")
    target = chrome.find_element(By.ID, str(row.get_attribute("href")).split("#")[1])
    assert not target.is_displayed(), "the question is folded"
    row.click()
    assert target.is_displayed(), "and unfolds by itself, without any script"
    chrome.find_element(By.CSS_SELECTOR, "table.causes a").click()
    assert script(chrome, "return document.querySelector(location.hash).getBoundingClientRect().top") < 400


def test_a_failure_unfolds_to_draft_passages_and_the_inspect_sample(chrome: Chrome, files: ReportFiles) -> None:
    opened(chrome, files)
    failure = chrome.find_element(By.CSS_SELECTOR, "details.failure")
    assert "Passages found" not in failure.text
    script(chrome, "arguments[0].open = true", failure)
    for shown in ("Passages found", "holds the evidence", "supported", "Expected:"):
        assert shown in failure.text, shown
    sample = str(failure.find_element(By.CSS_SELECTOR, "a.sample").get_attribute("href"))
    question = failure.find_element(By.CSS_SELECTOR, "a").text
    assert sample == f"http://127.0.0.1:7575/#/logs/inspect.eval/samples/sample/{question}/1"
    log = chrome.find_element(By.CSS_SELECTOR, "a[href='inspect.eval']").get_attribute("href")
    assert log == files.inspect.as_uri() and files.inspect.is_file()


@pytest.mark.parametrize("width", [DESKTOP, 700, PHONE])
def test_nothing_runs_over_the_edge(chrome: Chrome, files: ReportFiles, width: int) -> None:
    """Tables and shell commands scroll or break within the page, also when everything is unfolded."""
    opened(chrome, files, width)
    script(chrome, "document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert script(chrome, "return document.documentElement.scrollWidth") <= width
    assert script(chrome, _OVER_THE_EDGE) == []


_OVER_THE_EDGE = """
const edge = document.documentElement.clientWidth + 1;
return [...document.querySelectorAll('body *')]
  .filter(one => !one.closest('.wide') && !one.closest('svg') && one.getBoundingClientRect().right > edge)
  .map(one => one.tagName + ': ' + one.textContent.slice(0, 60));
"""


def test_the_card_beside_it_has_the_section(files: ReportFiles) -> None:
    card = Path(files.card).read_text("utf-8")
    assert "## Training" in card and "## Evaluation" in card and card.index("## Training") < card.index("## Evaluation")
