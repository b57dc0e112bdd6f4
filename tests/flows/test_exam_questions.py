"""Generated questions and candidates, from the feature tables and the ledger to the files that an evaluation reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows import live_interactions
from flows.exam_files import QUESTIONS_FILE, exam_questions, held_out_questions, rubric_of
from flows.exam_questions import collect_failures, generate_questions, renew_questions
from flows.personas import SAMPLE, SHIPPED
from twin_data.configuration.home import TwinHome
from twin_data.contracts.answers import AnswerOutcome, Cost
from twin_data.contracts.api_headers import EVALUATION_FEATURE
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import (
    BLOCK_SEPARATOR,
    BlockStyle,
    CorpusDocument,
    DocumentKind,
    Passage,
    Role,
    Split,
    block_spans,
)
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.exam import FEWEST_ANSWERABLE
from twin_data.store.schemas import to_frame
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import DOCUMENTS
from twin_eval.errors import QuestionsError
from twin_eval.exam.files import CANDIDATES_FILE, CERTIFICATE_FILE, GENERATED_FILE, read_candidates
from twin_eval.exam.run import GENERATOR, ExamConfig
from twin_eval.gate import default_rubric
from twin_serve.ledger.database import opened_database, url_of
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import Exchange, RequestEnd, RequestStart

CONFIG = ExamConfig(count=80)
TEXT = """A rehearsal is one full day of the timetable squeezed into fifty minutes.

There are fourteen gates on the whole river.

The lower gate is slow because the counterweight lost two hundred kilos of lead."""


def document(text: str, name: str = "blog/gates.md") -> CorpusDocument:
    passages = tuple(
        Passage(start=span.start, end=span.end, role=Role.OWN, style=BlockStyle.PARAGRAPH)
        for span in block_spans(text.split(BLOCK_SEPARATOR))
    )
    return CorpusDocument(
        document_id=name, source="blog", kind=DocumentKind.ARTICLE, title="On Gates", date=None, url=None, text=text,
        digest=digest_text(text), passages=passages, family=name, split=Split.TEST,
    )  # fmt: skip


def write_features(home: TwinHome, *texts: str) -> None:
    documents = [document(text, f"blog/{at}.md") for at, text in enumerate(texts)]
    FeatureStore.of(home.features, "ada").write(DOCUMENTS, to_frame(documents, CorpusDocument))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    monkeypatch.delenv("TWIN_DATABASE_URL", raising=False)
    made = TwinHome(tmp_path)
    made.persona_folder("ada").mkdir(parents=True)
    return made


def test_without_features_the_next_command_is_told(home: TwinHome) -> None:
    with pytest.raises(CorpusError) as caught:
        generate_questions(home, "ada", CONFIG)
    assert caught.value.next_step == "twin features ada"


def test_generated_questions_are_asked_beside_the_personas_own(home: TwinHome) -> None:
    own = home.persona_folder("ada") / QUESTIONS_FILE
    own.write_text((SHIPPED / SAMPLE / QUESTIONS_FILE).read_text("utf-8"), "utf-8")
    before = own.read_bytes()
    write_features(home, TEXT)
    alone = exam_questions(home, "ada")
    certificate = generate_questions(home, "ada", CONFIG)
    both = exam_questions(home, "ada")
    assert certificate.passed and own.read_bytes() == before
    assert both[: len(alone)] == alone and len(both) == len(alone) + certificate.questions
    assert "How many gates on the whole river do you say there are?" in {one.question for one in both}
    assert held_out_questions(home, "ada") == both


def test_a_set_with_hardly_anything_to_be_answered_leaves_the_self_check_in_its_place(home: TwinHome) -> None:
    """As of a chat in lower case without full stops: what can be made of it is to be refused."""
    write_features(home, TEXT)
    certificate = generate_questions(home, "ada", CONFIG)
    assert certificate.passed and 0 < certificate.answerable < FEWEST_ANSWERABLE < certificate.questions
    assert rubric_of(home, "ada") == default_rubric(is_self_check=True)
    assert exam_questions(home, "ada") == ()
    assert len(held_out_questions(home, "ada")) == certificate.questions, "none of it is trained on all the same"


def test_a_set_that_is_an_exam_has_the_rows_that_the_bars_ask_for() -> None:
    bars = default_rubric().absolute
    wanted = [bar.min_n for bar in bars if bar.metric in {"facts_found", "over_refusal"}]
    assert max(wanted) == FEWEST_ANSWERABLE


def test_a_generated_set_alone_is_held_to_the_products_bars(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.exam_files.FEWEST_ANSWERABLE", 1)
    write_features(home, TEXT)
    assert rubric_of(home, "ada") == default_rubric(is_self_check=True)
    generate_questions(home, "ada", CONFIG)
    assert rubric_of(home, "ada") == default_rubric()


def test_an_evaluation_refuses_the_set_of_another_corpus_and_a_refresh_renews_it(
    home: TwinHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.exam_files.FEWEST_ANSWERABLE", 1)
    write_features(home, TEXT)
    generate_questions(home, "ada", CONFIG)
    assert renew_questions(home, "ada") is None
    write_features(home, TEXT, "The kettle is the only instrument that never drifts in the whole harbour.")
    with pytest.raises(QuestionsError, match="another corpus version") as caught:
        exam_questions(home, "ada")
    assert "twin questions generate ada" in str(caught.value.next_step)
    assert held_out_questions(home, "ada")  # what may not be trained on is known all the same
    renewed = renew_questions(home, "ada")
    assert renewed is not None and renewed.wanted == CONFIG.count
    assert exam_questions(home, "ada")


def test_a_refresh_renews_the_set_of_other_rules(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    write_features(home, TEXT)
    with monkeypatch.context() as before:
        before.setattr("twin_eval.exam.certificate.GENERATOR", "1")
        generate_questions(home, "ada", CONFIG)
    renewed = renew_questions(home, "ada")
    assert renewed is not None and renewed.generator == GENERATOR and renewed.wanted == CONFIG.count
    assert renew_questions(home, "ada") is None


def test_nothing_is_renewed_where_nothing_was_generated(home: TwinHome) -> None:
    write_features(home, TEXT)
    assert renew_questions(home, "ada") is None
    assert not (home.persona_folder("ada") / GENERATED_FILE).exists()


def test_a_set_without_its_certificate_is_refused(home: TwinHome) -> None:
    write_features(home, TEXT)
    generate_questions(home, "ada", CONFIG)
    (home.persona_folder("ada") / CERTIFICATE_FILE).unlink()
    with pytest.raises(QuestionsError, match="there is no"):
        exam_questions(home, "ada")


def test_an_id_in_two_files_is_told(home: TwinHome) -> None:
    write_features(home, TEXT)
    generate_questions(home, "ada", CONFIG)
    (first, *_) = held_out_questions(home, "ada")
    (home.persona_folder("ada") / QUESTIONS_FILE).write_text(first.model_dump_json() + "\n", "utf-8")
    with pytest.raises(QuestionsError, match=first.id):
        held_out_questions(home, "ada")


async def record(home: TwinHome, question: str, *, user: str | None = None, feature: str | None = None) -> None:
    async with opened_database(url_of(home)) as database:
        ledger = await Ledger.open(database, clock=lambda: datetime.now(UTC))
        start = RequestStart(endpoint="/v1/chat/completions", persona="ada", user=user, feature=feature)
        trace = await ledger.begin(start)
        exchange = Exchange(
            question=question, answer="I cannot say.", decline_reason="no_evidence", signals={"answerability": 0.9}
        )
        await ledger.record_interaction(trace.trace_id, exchange)
        end = RequestEnd(status="ok", outcome=AnswerOutcome.DECLINED, cost=Cost(seconds=1.0))
        await ledger.finish(trace.trace_id, end)
        await ledger.close()


@pytest.fixture
def failed(home: TwinHome) -> Callable[[], None]:
    def ask() -> None:
        asyncio.run(record(home, "Why is the lower gate so slow at night?", user="eve@example.org"))

    return ask


def test_failures_become_candidates_once_and_are_not_asked(home: TwinHome, failed: Callable[[], None]) -> None:
    failed()
    assert len(collect_failures(home, "ada", 30).candidates) == 1
    assert collect_failures(home, "ada", None).candidates == ()
    (one,) = read_candidates(home.persona_folder("ada"))
    assert one.question == "Why is the lower gate so slow at night?"
    assert "eve" not in (home.persona_folder("ada") / CANDIDATES_FILE).read_text("utf-8")
    assert held_out_questions(home, "ada") == ()


def test_failures_are_found_behind_any_number_of_requests(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_interactions, "PAGE_ROWS", 2)
    asked = [("Why does the lower gate stay shut?", EVALUATION_FEATURE)] * 3
    lost = ["Who rang the bell in March?", "Who rang the bell in March?", "Where do eels sleep?", "What did rope cost?"]
    asked += [(question, None) for question in lost]
    for question, feature in asked:
        asyncio.run(record(home, question, feature=feature))
    found = collect_failures(home, "ada", None)
    assert len(found.candidates) == 3 and found.passed_over == {"asked_already": 1}
