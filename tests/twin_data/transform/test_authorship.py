"""Foreign stretches are found and marked, own ones left; and where nothing can be known, nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from twin_data.contracts.documents import CorpusDocument, Rejection, Role
from twin_data.scoring.voice import VoiceConfig
from twin_data.sources.contrast import read_contrast
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import authorship
from twin_data.transform.authorship import (
    FOREIGN,
    AuthorshipConfig,
    AuthorshipInputs,
    AuthorshipJudgement,
    Judged,
    summary,
)
from twin_data.transform.quality import own_text

CONTRAST = Path(__file__).parents[3] / "personas" / "contrast"
STRANGER = "eustace-varnhelm"
FAST = VoiceConfig(lengths=(120, 240), max_segments=100, max_grams=2_000, folds=4)


def rows(judged: Judged) -> tuple[AuthorshipJudgement, ...]:
    return to_rows(judged.judgements, AuthorshipJudgement)


@pytest.fixture(scope="module")
def contrast() -> dict[str, tuple[str, ...]]:
    return read_contrast(CONTRAST)


@pytest.fixture(scope="module")
def others(contrast: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Without the stranger, whom the check has never met."""
    return {name: texts for name, texts in contrast.items() if name != STRANGER}


@pytest.fixture(scope="module")
def planted(
    sample: Any, contrast: dict[str, tuple[str, ...]], corpus_document: Callable[..., CorpusDocument]
) -> pl.DataFrame:
    """The sample's documents, two essays of a stranger, answers of an assistant, and an own post with a pasted essay."""
    documents = list(to_rows(sample.filtered.documents, CorpusDocument))
    essay, second, pasted = (text.split("\n\n") for text in contrast[STRANGER][:3])
    answers = [" ".join(text.split()) for text in contrast["assistant"][:12]]
    blog = next(one for one in documents if one.source == "blog")
    own = [one.of(blog.text) for one in blog.passages if one.role is Role.OWN]
    documents += [
        corpus_document(*essay, document_id="notes/essay.md"),
        corpus_document(*second, document_id="notes/second.md"),
        corpus_document(*answers, document_id="notes/machine.md"),
        corpus_document(*own, *pasted, document_id="notes/pasted.md", family=blog.family),
    ]
    return to_frame(documents, CorpusDocument)


@pytest.fixture(scope="module")
def judged(planted: pl.DataFrame, others: dict[str, tuple[str, ...]]) -> Judged:
    return authorship.run(AuthorshipInputs(planted, others), config=AuthorshipConfig())


def test_machines_are_found_and_nothing_of_the_personas(judged: Judged) -> None:
    """A stranger's essays are not asked for: with three contrast authors the check does not find these two."""
    found = {one.document_id for one in rows(judged) if one.verdict == "foreign"}
    assert "notes/machine.md" in found
    assert found <= {"notes/essay.md", "notes/second.md", "notes/machine.md", "notes/pasted.md"}


def test_what_is_foreign_never_counts_as_own(planted: pl.DataFrame, judged: Judged) -> None:
    documents = {one.document_id: one for one in to_rows(judged.documents, CorpusDocument)}
    machine = documents["notes/machine.md"]
    assert {(one.role, one.basis) for one in machine.passages} == {(Role.OTHER, FOREIGN)}
    assert machine.text  # it stays, as context
    texts = dict(zip(judged.documents["document_id"], own_text(judged.documents), strict=True))
    assert texts["notes/machine.md"] == ""
    assert judged.documents["document_id"].to_list() == planted["document_id"].to_list()


def test_each_foreign_stretch_has_a_record(judged: Judged) -> None:
    rejections = to_rows(judged.rejections, Rejection)
    foreign = [one for one in rows(judged) if one.verdict == "foreign"]
    assert [(one.document_id, one.start, one.end) for one in rejections] == [
        (one.document_id, one.start, one.end) for one in foreign
    ]
    assert all(one.reason.startswith("foreign_hand: log-odds -") for one in rejections)
    assert f"{len(foreign)} of another hand" in summary(rows(judged))


def test_the_samples_own_words_pass(sample: Any, contrast: dict[str, tuple[str, ...]]) -> None:
    alone = authorship.run(AuthorshipInputs(sample.filtered.documents, contrast), config=AuthorshipConfig())
    assert [one for one in rows(alone) if one.verdict == "foreign"] == []
    assert alone.documents.equals(sample.filtered.documents.select(alone.documents.columns))
    assert sum(one.words for one in rows(alone)) > 25_000


def test_what_the_owner_vouches_for_is_left(planted: pl.DataFrame, others: dict[str, tuple[str, ...]]) -> None:
    vouched = authorship.run(
        AuthorshipInputs(planted, others, frozenset({"notes"})), config=AuthorshipConfig(voice=FAST)
    )
    assert not [one for one in rows(vouched) if one.verdict == "foreign"]
    assert {one.verdict for one in rows(vouched) if one.document_id == "notes/machine.md"} == {"vouched"}
    assert vouched.documents.equals(planted.select(vouched.documents.columns))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"min_own_words": 10**6}, "own words in stretches of 150 and more; 1,000,000 are needed"),
        ({"min_auc": 1.0}, "is told from other authors with AUC 0."),
        ({"max_share": 0.001}, "of the stretches read unlike the rest"),
    ],
)
def test_a_check_that_cannot_know_says_so_and_marks_nothing(
    planted: pl.DataFrame, others: dict[str, tuple[str, ...]], changes: dict[str, Any], reason: str
) -> None:
    thin = authorship.run(AuthorshipInputs(planted, others), config=AuthorshipConfig(voice=FAST, **changes))
    assert summary(rows(thin)).startswith("authorship not checked: ")
    assert reason in summary(rows(thin))
    assert thin.documents.equals(planted.select(thin.documents.columns))
    assert thin.rejections.is_empty()


def test_without_other_authors_nothing_is_judged(sample: Any) -> None:
    alone = authorship.run(AuthorshipInputs(sample.filtered.documents, {}), config=AuthorshipConfig())
    assert (
        summary(rows(alone)) == "authorship not checked: 0 contrast authors; a voice is measured against at least two"
    )


def test_short_texts_are_not_judged(corpus_document: Callable[..., CorpusDocument]) -> None:
    frame = to_frame([corpus_document("Too short to tell.")], CorpusDocument)
    found = rows(authorship.run(AuthorshipInputs(frame, {}), config=AuthorshipConfig()))
    assert [one.log_odds for one in found] == [None, None]
