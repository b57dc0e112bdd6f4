from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from twin_data.contracts.errors import IntegrityError, StoreError
from twin_data.contracts.evaluation import GateDecision, Score
from twin_data.contracts.ladder import MissingRung
from twin_data.contracts.releases import Rung
from twin_eval.gate import decide, default_rubric
from twin_eval.human.agreement import Agreement
from twin_eval.human.findings import Findings
from twin_eval.human.preferences import Preferences
from twin_eval.ladder import Climbed, RungRun, build_ladder
from twin_eval.model_card import Origin
from twin_eval.page.failures import VIEWER
from twin_eval.page.render import render_page
from twin_eval.report import ReportFiles, read_report, write_report
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import ScoredAnswer

from .test_ladder import manifest as rung_manifest

MakeRun = Callable[..., ScoredRun]
VOID = {"meta", "br", "link", "img", "hr", "input"}


@pytest.fixture
def candidate(make_run: MakeRun) -> ScoredRun:
    return make_run(
        ["fact"] * 12 + ["other", "decline", "error"], ["decline"] * 6 + ["other"] * 2, percents=[80.0, 95.0, 120.0]
    )


@pytest.fixture
def champion(make_run: MakeRun) -> ScoredRun:
    return make_run(["quote"] * 15, ["decline"] * 8, bundle="champion", percents=[50.0, 40.0, 60.0])


@pytest.fixture
def decision(candidate: ScoredRun, champion: ScoredRun) -> GateDecision:
    return decide(candidate, champion, default_rubric())


class Checked(HTMLParser):
    """Collects what a page loads from elsewhere and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "srcset"}]
        assert tag != "script"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def checked(page: str) -> Checked:
    parser = Checked()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def test_the_page_stands_alone(candidate: ScoredRun, champion: ScoredRun, decision: GateDecision) -> None:
    page = render_page(candidate, champion=champion, decision=decision, rubric=default_rubric())
    assert all(one.startswith("#") for one in checked(page).loaded)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    referred = {name for pair in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', page) for name in pair if name}
    assert len(referred) > 10
    assert all(ids.count(name) == 1 for name in referred)  # also across plots, which are drawn one by one


def test_the_verdict_and_what_went_wrong_are_on_it(
    candidate: ScoredRun, champion: ScoredRun, decision: GateDecision
) -> None:
    page = render_page(candidate, champion=champion, decision=decision, rubric=default_rubric())
    text = " ".join(" ".join(checked(page).text).split())
    assert "compared with the live champion champion" in text
    assert all(reason in text for reason in decision.reasons)
    assert all(score.name in text for score in candidate.report.scores)
    assert "endpoint: llm_unavailable (1)" in text
    assert "q14 What of q14? — Endpoint errors the model is away" in text
    assert "u6 What of u6? — Answered, but to be refused Nobody knows." in text
    assert "q13 What of q13? — Refused, but answerable no_evidence" in text
    assert "q12 What of q12? — Answered without an essential fact not stated: high water" in text
    assert "cost : the bundle's recipe states no price" in text
    assert "Against the champion" in text
    assert "Write on tide 2." in text
    assert "voice 120 %" in text
    assert [one for one in ("Voice", "Facts and sources", "Refusals", "Time and cost") if f"<h3>{one}</h3>" in page] == [
        "Voice", "Facts and sources", "Refusals", "Time and cost"
    ]  # fmt: skip
    assert page.count("<svg") == 9


def test_a_manager_reads_what_the_verdict_means_and_the_headline_first(
    candidate: ScoredRun, champion: ScoredRun, decision: GateDecision
) -> None:
    page = render_page(candidate, champion=champion, decision=decision, rubric=default_rubric())
    verdict = unescape(page[page.index('<section class="verdict') : page.index("</section>")])
    assert "It may not answer for the persona; what decided comes first." in verdict
    assert re.search(r"Headline: \d+% \[\d+%, \d+%\] of 14 answerable questions .*; of the champion's 0% \[", verdict)
    assert '<span class="tag error">error</span> <strong>q14</strong>' in page, (
        "a fault of the endpoint is no wrong answer"
    )


def test_money_an_answer_does_not_read_as_nothing(candidate: ScoredRun) -> None:
    cost = Score(name="cost", value=0.000262, low=0.00025, high=0.00028, n=12)
    report = candidate.report.model_copy(update={"scores": (*candidate.report.scores, cost)})
    assert "[0.000250, 0.000280]" in render_page(replace(candidate, report=report))


def test_the_page_says_whose_texts_the_voice_is_told_from(candidate: ScoredRun) -> None:
    told = "measured against Brody, the shipped contrast authors"
    named = replace(candidate, report=candidate.report.model_copy(update={"voice_contrast": told}))
    assert f"<p>Voice is {told}.</p>" in render_page(named)
    assert "Voice is" not in render_page(candidate)


def test_a_first_bundle_has_a_page_without_a_champion(candidate: ScoredRun) -> None:
    rubric = default_rubric()
    page = render_page(candidate, decision=decide(candidate, None, rubric), rubric=rubric)
    assert "champion" not in " ".join(checked(page[page.index("<body>") : page.index("</html>")]).text)


def test_what_others_wrote_cannot_become_markup(make_run: MakeRun) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    run = make_run(["fact", "error"])
    answers = []
    for one in run.answers:
        question = one.question.model_copy(update={"question": evil, "answer": evil, "id": evil})
        record = one.record
        if record.answer:
            sentences = [
                sentence.model_copy(update={"text": evil, "reason": evil}) for sentence in record.answer.twin.sentences
            ]
            twin = record.answer.twin.model_copy(update={"sentences": tuple(sentences)})
            record = record.model_copy(
                update={"answer": record.answer.model_copy(update={"content": evil, "twin": twin})}
            )
        answers.append(one.model_copy(update={"question": question, "record": record}))
    report = run.report.model_copy(update={"persona": evil})
    page = render_page(ScoredRun(report=report, answers=tuple(answers)))
    found = checked(page)
    assert all(one.startswith("#") for one in found.loaded)
    assert evil in "".join(found.text)


@pytest.fixture
def climbed(make_run: MakeRun, candidate: ScoredRun) -> Climbed:
    """Three rungs, of which the candidate is the highest."""
    runs = {Rung.PROMPT: make_run(["other"] * 15, ["other"] * 8, bundle="bare"), Rung.BASE: candidate}
    rungs = tuple(RungRun(manifest=rung_manifest(rung), run=run) for rung, run in runs.items())
    missing = (MissingRung(rung=Rung.SFT, reason="nothing was trained"),)
    return Climbed(ladder=build_ladder(rungs, default_rubric(), missing=missing), runs=rungs)


def test_the_ladder_stands_on_the_page_with_verdict_figures_and_steps(candidate: ScoredRun, climbed: Climbed) -> None:
    page = render_page(candidate, ladder=climbed)
    found = checked(page)
    text = " ".join(" ".join(found.text).split())
    assert climbed.ladder.verdict in text
    assert "base+retrieval against prompt" in text and "an answer takes" in text
    facts = climbed.ladder.rungs[0].report.score("facts_found")
    assert facts and f"{facts.value:.3f} [{facts.low:.3f}, {facts.high:.3f}] n = 15" in text
    assert "its whole_answer is 0 by what it is" in text
    assert all(one.startswith("#") for one in found.loaded), "it needs no network"
    ids = re.findall(r'\bid="([^"]+)"', page)
    referred = {name for pair in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', page) for name in pair if name}
    assert all(ids.count(name) == 1 for name in referred), "also across plots"


def test_answers_of_the_other_rungs_stand_beside_the_candidates(candidate: ScoredRun, climbed: Climbed) -> None:
    page = render_page(candidate, ladder=climbed)
    assert page.count("<h4>prompt <span") >= len(candidate.answers)
    assert "<h4>base+retrieval <span" not in page, "the candidate itself is not shown twice"
    assert "Changed against prompt" in page


def test_a_ladder_that_was_read_back_is_shown_without_answers(candidate: ScoredRun, climbed: Climbed) -> None:
    page = render_page(candidate, ladder=Climbed(ladder=climbed.ladder))
    assert climbed.ladder.rungs[0].bundle in page and "<h4>prompt <span" not in page


def test_examples_causes_the_log_and_the_lineage_are_on_the_page(
    candidate: ScoredRun, champion: ScoredRun, decision: GateDecision
) -> None:
    page = render_page(
        candidate,
        champion=champion,
        decision=decision,
        inspect_log="inspect.eval",
        origin=Origin(rung_manifest(Rung.BASE)),
    )
    found = checked(page)
    text = " ".join(" ".join(found.text).split())
    assert [title for title in ("Best", "Worst", "Changed against the champion") if title in text] == [
        "Best", "Worst", "Changed against the champion"
    ]  # fmt: skip
    assert "endpoint: llm_unavailable 1" in text
    assert "judge: a question to be refused was taken for answerable (unanswerable) 2" in text
    assert {one for one in found.loaded if not one.startswith(("#", VIEWER))} == {"inspect.eval"}, "beside the page"
    assert "Where it came from" in text and f"features {'f' * 12}" in text


def test_what_people_say_is_on_the_page_or_the_command_that_asks_them(candidate: ScoredRun) -> None:
    nobody = Findings(persona="ada", bundle="0123456789ab", sentences=0, answers=0, labellers=(), unmatched=0)
    text = " ".join(" ".join(checked(render_page(candidate, people=[nobody, nobody])).text).split())
    assert "Nobody has labelled this bundle's answers yet: twin review ada --bundle 0123456789ab" in text
    assert "Nobody has compared them yet: twin ab ada" in text and "Preferred by people" not in text
    share = Score(name="agreed.supported", value=0.8, low=0.6, high=0.9, n=40)
    agreed = Agreement(measure="supported", raters=("people", "the scores"), agreed=share, kappa=None, clusters=9)
    chosen = Preferences(
        first="0123456789ab", second="few", preferred=share, neither=3, both_bad=2, labellers=2
    )  # fmt: skip
    said = nobody.model_copy(update={"sentences": 40, "against_scores": (agreed,), "preferences": (chosen,)})
    text = " ".join(" ".join(checked(render_page(candidate, people=[said])).text).split())
    assert (
        "Preferred by people: 0123456789ab over few: 0.80 [0.60, 0.90], n = 40; 3 alike, 2 both bad; 2 labellers"
        in text
    )
    assert (
        "this bundle sentences: supported, or not, by the passages people and the scores 0.800 [0.600, 0.900] – 40 9 0 0"
        in text
    )
    assert "Nobody has" not in text
    assert "What people say" not in render_page(candidate)


def test_the_same_run_gives_the_same_page(candidate: ScoredRun, champion: ScoredRun, decision: GateDecision) -> None:
    pages = {render_page(candidate, champion=champion, decision=decision) for _ in range(2)}
    assert len(pages) == 1


def test_everything_is_written_and_read_again(
    candidate: ScoredRun, champion: ScoredRun, decision: GateDecision, tmp_path: Path
) -> None:
    files = write_report(candidate, tmp_path, decision=decision, rubric=default_rubric(), champion=champion)
    assert {one.name for one in tmp_path.iterdir()} == {
        "report.json", "report.html", "decision.json", "scored.jsonl", "inspect.eval"
    }  # fmt: skip
    assert files == ReportFiles.in_folder(tmp_path)
    assert read_report(tmp_path) == candidate.report
    assert GateDecision.model_validate_json(files.decision.read_bytes()) == decision
    rows = files.scored.read_text("utf-8").splitlines()
    assert tuple(ScoredAnswer.model_validate_json(row) for row in rows) == candidate.answers


def test_without_its_last_file_a_report_does_not_count(candidate: ScoredRun, tmp_path: Path) -> None:
    assert read_report(tmp_path) is None
    (tmp_path / "report.json").write_text("{}", "utf-8")
    with pytest.raises(IntegrityError, match="is not an evaluation report"):
        read_report(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(candidate: ScoredRun, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    rubric = default_rubric()
    with pytest.raises(StoreError, match=r"scored.jsonl could not be written"):
        write_report(candidate, blocked, decision=decide(candidate, None, rubric), rubric=rubric)
