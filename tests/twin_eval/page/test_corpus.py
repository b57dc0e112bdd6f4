"""The corpus report's page, as text and in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from twin_data.contracts.learning import Backtest, CurvePoint, Forecast, LearningCurve, PowerLaw
from twin_data.corpus.findings import (
    Balance,
    CorpusReport,
    Duplicate,
    Duplicates,
    Family,
    FamilySize,
    Feeling,
    Group,
    Redaction,
    Removal,
    Rights,
    Sample,
    SourceGroup,
    Topic,
    VoiceOverTime,
    VoicePeriod,
)
from twin_data.transform.verdict import CorpusVerdict, Count, VerdictConfig
from twin_eval.page.corpus import render_corpus_page

from ...chromium import headless

HOSTILE = "<script>document.title = 'taken'</script> & \"quoted\" " + "word " * 60
LONG = "a-name-without-any-blank-" * 8
BARS = VerdictConfig()


def curve() -> LearningCurve:
    points = tuple(
        CurvePoint(
            words=words, fits=15, auc=auc, auc_low=auc - 0.03, auc_high=auc + 0.03,
            log_loss=1.2 - auc, log_loss_low=1.1 - auc, log_loss_high=1.3 - auc,
        )
        for words, auc in ((1000, 0.7), (2000, 0.78), (4000, 0.84), (8000, 0.88), (16_000, 0.91))
    )  # fmt: skip
    forecast = Forecast(words=32_000, auc=0.93, low=0.9, high=0.95)
    return LearningCurve(
        text_words=120, families=30, authors=("assistant", "mill"), held_out_texts=120, points=points, doubled=forecast,
        gain=0.02, gain_low=0.01, gain_high=0.03, backtest=Backtest(foretold=forecast, measured=0.91, held=True),
        law=PowerLaw(asymptote=0.04, scale=0.05, exponent=0.6, largest=16_000),
    )  # fmt: skip


def report(measured: LearningCurve | None = None) -> CorpusReport:
    verdict = CorpusVerdict(
        persona="ada", documents=60, own_words=30_000, training_words=25_000, test_words=5_000, chunks=300, families=50,
        by_source=(Count(name="blog", documents=60, words=30_000),), by_year=(), by_kind=(), rejections={},
        training_exclusions=0, authorship="nothing was checked", recommendation="stay with prompt and retrieval", reasons=("the curve still rises",),
        basis="learning curve", evidence=("after 16,000 own words <so much>",), changes=("more of it",),
    )  # fmt: skip
    group = {"documents": 30, "words": 15_000, "share": 0.5}
    return CorpusReport(
        persona="ada", display_name="Ada <Lovelace>", corpus_digest="c" * 64, verdict=verdict,
        cautions=("2023 is off",), curve=curve() if measured is None else measured,
        sources=tuple(
            SourceGroup(name=name, **group, families=25, first=date(2021, 1, 2), last=None, licence=licence)
            for name, licence in (("blog", "CC0-1.0"), (LONG, ""))
        ),
        periods=tuple(Group(name=str(year), **group) for year in (2022, 2023)),
        kinds=(Group(name="article", documents=60, words=30_000, share=1.0),),
        topics=tuple(Topic(name=f"topic {at}, {LONG}", **group, terms=("tide", LONG), chunks=9) for at in range(12)),
        balance=(Balance(by="source", groups=2, effective=2.0, largest="blog", largest_share=0.5),),
        duplicates=Duplicates(
            exact=1, near=2, samples=(Duplicate(kind="near", document=LONG, copy_of="blog/a.md"),),
            sizes=(FamilySize(documents=1, families=40), FamilySize(documents=2, families=10)),
            largest=(Family(name=LONG, documents=2, words=900, share=0.03),),
        ),
        removals=(
            Removal(stage="filter", reason="no_words", count=3, documents=2, samples=(Sample(source="blog", text=HOSTILE),)),
        ),
        redactions=(Redaction(kind="email", count=3, documents=2, sources=("mail",)),),
        rights=Rights(owner="Ada", licence="", given_by="Ada", given_on=None, statement="Yes, & gladly.", missing=("licence",)),
        voice=VoiceOverTime(
            periods=(
                VoicePeriod(
                    period="2022", units=9, words=4000, sources=("blog",), distance=0.4, low=0.3, high=0.5, p_value=0.01,
                    is_drift=True, moved=("comma +0.9",),
                ),
                VoicePeriod(
                    period="2023", units=2, words=400, sources=("blog",), distance=None, low=None, high=None,
                    p_value=None, is_drift=False, moved=(),
                ),
            )
        ),
        feelings=(
            Feeling(
                topic="harbour", sentences=20, texts=9, sentiment=0.2, low=0.1, high=0.3, for_share=0.6,
                against_share=0.1, stance=0.05, stance_low=-0.02, stance_high=0.1,
            ),
        ),
    )  # fmt: skip


def test_the_page_says_what_the_report_holds_and_escapes_what_it_was_given() -> None:
    page = render_corpus_page(report(), bars=BARS)
    assert "Stay with prompt and retrieval" in page and "because the curve still rises" in page
    assert "after 16,000 own words &lt;so much&gt;" in page and "<script>" not in page
    assert page.count("<svg") == 2 + 4 + 1 + 1
    assert "does not state licence" in page and "not stated" in page
    for shown in ("0.910", "[0.880, 0.940]", "comma +0.9", "too few texts", "harbour", "40 families of 1"):
        assert shown in page, shown


def test_the_same_report_is_the_same_page() -> None:
    assert render_corpus_page(report(), bars=BARS) == render_corpus_page(report(), bars=BARS)


def test_a_report_without_curve_periods_or_topics_says_so() -> None:
    bare = report(LearningCurve(unsaid="2 contrast authors; 3 are needed")).model_copy(
        update={"topics": (), "feelings": (), "voice": VoiceOverTime(unsaid="0 dated periods"), "removals": ()}
    )
    page = render_corpus_page(bare, bars=BARS)
    assert "Nothing can be said: 2 contrast authors; 3 are needed" in page and "20,000 words to train on" in page
    assert "Nothing can be said: 0 dated periods" in page and "No topics" in page
    assert page.count("<svg") == 3


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with headless(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.mark.parametrize("width", [1280, 700])
def test_in_a_browser_nothing_overlaps_runs_over_or_complains(chrome: Chrome, tmp_path: Path, width: int) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_corpus_page(report(), bars=BARS), "utf-8")
    chrome.set_window_size(width, 860)
    chrome.get_log("browser")
    chrome.get(path.as_uri())
    assert chrome.title == "Corpus of ada"
    for one in chrome.find_elements(By.CSS_SELECTOR, "summary"):
        one.click()
    assert chrome.execute_script("return document.body.scrollWidth <= document.documentElement.clientWidth")  # type: ignore[no-untyped-call]
    for plot in chrome.find_elements(By.CSS_SELECTOR, "figure svg"):
        assert plot.rect["width"] > 200 and plot.rect["height"] > 50
    assert chrome.execute_script(_OVERLAPS) == []  # type: ignore[no-untyped-call]
    assert [entry["message"] for entry in chrome.get_log("browser")] == []


_OVERLAPS = """
const found = [];
for (const svg of document.querySelectorAll('figure svg')) {
  const texts = [...svg.querySelectorAll('text')].map(one => [one.textContent, one.getBoundingClientRect()]);
  texts.forEach(([name, a], at) => texts.slice(at + 1).forEach(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 2 && high > 4) found.push(`${name} / ${other}`);
  }));
}
return found;
"""
