"""Hand labels: extracting what is to be labelled, reading it, and comparing two passes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import benchmarks
from benchmarks.label_agreement import kappa, paired_labels, share_agreed
from benchmarks.label_rows import INSERTED, unlabelled_rows
from benchmarks.resamples import Resamples
from benchmarks.verifier import _bar_for
from benchmarks.verifier_rows import PASSAGES_FILE, SEED, Row, cluster_of, labelled_rows, labelled_sentences
from twin_data.contracts.answers import AnswerOutcome, SentenceOutcome
from twin_eval.records import Answer, AnswerRecord, PassageSeen, SentenceSeen, TwinSeen
from twin_serve.answering.drafting import CUT_OFF

LABELS = Path(benchmarks.__file__).parent / "labels"
QUESTION = "When does the gate close?"


def record(*sentences: tuple[str, str], question: str = "q", passages: int = 2) -> AnswerRecord:
    checks = tuple(
        SentenceSeen(text=text, outcome=SentenceOutcome.DROPPED, support=0.25, reason=reason)
        for text, reason in sentences
    )
    shown = tuple(
        PassageSeen(chunk_id=f"c{at}", document_id="d", start=0, end=9, text=f"Passage {at}.") for at in range(passages)
    )
    twin = TwinSeen(
        outcome=AnswerOutcome.GENERATED, sentences=checks, passages=shown, bundle="0123456789ab", trace_id="t"
    )
    return AnswerRecord(
        question_id=question,
        question_digest="0" * 64,
        bundle="0123456789ab",
        settings_digest="0" * 64,
        asked_at=datetime(2026, 1, 1, tzinfo=UTC),
        answer=Answer(content="", annotations=0, twin=twin, seconds=1.0),
    )


def test_the_sentences_of_drafts_come_once_and_without_a_verdict() -> None:
    first = record(
        ("The keeper closes the gate at noon.", "the passages do not say so"),
        ("Keepers write in green ink.", ""),
        ("Keepers wait for the", CUT_OFF),
        ("The keeper sleeps until noon.", INSERTED),
        ("When does the gate close?", "it asks or announces, and tells nothing"),
        ("The gate does close.", "it says the question again"),
    )
    again = record(("KEEPERS write in green ink!", ""), ("Gate\n\n- The tide leans on the leaves. [1]", ""))
    rows, passages = unlabelled_rows([first, again], {"q": QUESTION}, shown=1)
    assert {row.sentence for row in rows} == {
        "The keeper closes the gate at noon.",
        "Keepers write in green ink.",
        "The tide leans on the leaves.",
    }
    assert len({row.id for row in rows}) == 3
    assert {row.question for row in rows} == {QUESTION}
    assert [one.text for one in passages] == ["Passage 0."]
    assert "0.25" not in "".join(row.model_dump_json() for row in rows)


def test_the_rows_of_a_question_stand_together_in_an_order_that_is_always_the_same() -> None:
    said = [(f"Keeper number {at} closes the sluice.", "") for at in range(9)]
    records = [record(*said, question=name) for name in ("q1", "q2", "q3")]
    questions = {"q1": QUESTION, "q2": QUESTION}
    rows, _ = unlabelled_rows(records, questions, shown=4)
    order = [row.id.rpartition("-")[0] for row in rows]
    assert list(Counter(order).values()) == [9, 9, 9]
    assert len(list(dict.fromkeys(zip(order, order[1:], strict=False)))) == 5, "three runs, and two changes between"
    assert rows == unlabelled_rows(records, questions, shown=4)[0]
    assert [row.id for row in rows[:9]] != sorted(row.id for row in rows[:9])


def test_a_row_without_a_question_stands_and_falls_with_the_text_that_it_is_of() -> None:
    rows, _ = unlabelled_rows([record(("Keepers write in green ink.", ""), question="brief-7")], {}, shown=4)
    assert [cluster_of(row) for row in rows] == ["brief-7"]


def written(folder: Path, *rows: dict[str, Any], passages: tuple[dict[str, str], ...] = ()) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    (folder / PASSAGES_FILE).write_text("".join(f"{json.dumps(one)}\n" for one in passages), "utf-8")
    return path


ROW: dict[str, Any] = {"id": "a-1", "sentence": "It was the Gate.", "label": "supported", "passage_ids": ["p"]}
PASSAGE = {"id": "p", "text": "He said: it was the gate."}


def test_passages_are_whole_in_the_row_or_named_in_the_file_beside_it(tmp_path: Path) -> None:
    whole = {"id": "b-1", "sentence": "It was a door.", "label": "contradicted", "passages": [PASSAGE["text"]]}
    path = written(tmp_path, ROW, whole, passages=(PASSAGE,))
    assert [one.passages for one in labelled_sentences(path)] == [(PASSAGE["text"],)] * 2
    assert [(row.kind, row.is_true) for row in labelled_rows(path)] == [
        ("supported, word for word", True),
        ("contradicted", False),
    ]
    for without, kept in (("^b-", ["It was the Gate."]), ("Gate", ["It was a door."]), ("beyond doubt", [])):
        written(tmp_path, *({**row, "note": "beyond doubt"} for row in (ROW, whole)), passages=(PASSAGE,))
        assert [row.text for row in labelled_rows(path, without=without)] == kept


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "true"}, "Input should be"),
        ({"verdict": "dropped"}, "Extra inputs"),
        ({"passage_ids": []}, "either passages or passage_ids"),
        ({"passages": ["x"]}, "either passages or passage_ids"),
    ],
)
def test_a_row_that_breaks_the_format_is_an_error(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        labelled_sentences(written(tmp_path, ROW | change, passages=(PASSAGE,)))


def test_an_unknown_passage_and_a_repeated_id_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"row a-1 names the passage p"):
        labelled_sentences(written(tmp_path, ROW))
    with pytest.raises(ValueError, match="several rows have the id a-1"):
        labelled_sentences(written(tmp_path, ROW, ROW, passages=(PASSAGE,)))


def test_a_measure_is_compared_at_the_bar_that_passes_as_many_true_claims() -> None:
    assert _bar_for(np.array([0.2, 0.9, 0.5, 0.7]), 0.75) == 0.5
    assert _bar_for(np.array([0.2, 0.9, 0.5, 0.7]), 0.25) == 0.9


def test_our_gain_is_the_difference_of_two_areas_on_the_same_resamples() -> None:
    rows = [Row("x", at % 2 == 0, "k", f"cluster {at // 2}", ()) for at in range(40)]
    is_true = np.array([row.is_true for row in rows])
    right, blind = is_true.astype(np.float64), np.zeros(len(rows))
    assert (
        Resamples([row.cluster for row in rows], seed=SEED).auc_gain(right, blind, is_true) == "+0.500 [+0.500, +0.500]"
    )


def test_kappa_is_what_is_left_of_the_agreement_beyond_chance() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    assert share_agreed(pairs) == pytest.approx(0.7)
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("no", "no")] * 3) == 1.0


def test_the_shipped_labels_are_whole_and_both_passes_are_of_the_same_rows() -> None:
    first = labelled_sentences(LABELS / "natural_errors.jsonl")
    labels = Counter(one.label for one in first)
    assert len(first) - labels["supported"] >= 200
    assert all(one.note for one in first if one.label in {"contradicted", "nonsense"})
    assert len(paired_labels(first, labelled_sentences(LABELS / "second_pass.jsonl"))) >= 50
    with pytest.raises(ValueError, match="not in the first one"):
        paired_labels(first[1:], first)
