from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.labels import SentenceLabel
from twin_eval.human.store import LABELS_FILE, Added, add_labels, current, read_labels

from .conftest import answer_label, sentence_label

LABELS = st.lists(
    st.builds(
        sentence_label,
        st.sampled_from(["One.", "Two."]),
        st.sampled_from(["supported", "nonsense"]),
        by=st.sampled_from(["Ada", "Grace"]),
        at=st.integers(0, 3),
    ),
    max_size=12,
)


def test_the_same_rows_again_change_nothing(tmp_path: Path) -> None:
    rows = [sentence_label("One.", "supported"), answer_label("right")]
    assert add_labels(tmp_path, rows) == Added(new=2)
    before = (tmp_path / LABELS_FILE).read_bytes()
    assert add_labels(tmp_path, rows) == Added(known=2)
    assert (tmp_path / LABELS_FILE).read_bytes() == before
    later = [one.model_copy(update={"labelled_at": one.labelled_at.replace(year=2027)}) for one in rows]
    assert add_labels(tmp_path, later) == Added(known=2), "who says the same once more has said nothing new"
    between = sentence_label("One.", "nonsense", at=9)
    assert add_labels(tmp_path, [between]) == Added(older=1), "but has said it later"


def test_a_later_label_of_the_same_labeller_counts_and_the_former_stays_in_the_file(tmp_path: Path) -> None:
    first, later = sentence_label("One.", "supported"), sentence_label("One.", "nonsense", at=5)
    assert add_labels(tmp_path, [first]) == Added(new=1)
    assert add_labels(tmp_path, [later]) == Added(superseding=1)
    assert current(read_labels(tmp_path)) == (later,)
    assert read_labels(tmp_path) == (first, later), "nothing is lost"
    assert add_labels(tmp_path, [first]) == Added(known=1)
    between = sentence_label("One.", "contradicted", at=2)
    assert add_labels(tmp_path, [between]) == Added(older=1)
    assert current(read_labels(tmp_path)) == (later,)


def test_another_labeller_bundle_question_or_text_is_another_label(tmp_path: Path) -> None:
    rows = [
        sentence_label("One.", "supported"),
        sentence_label("One.", "supported", by="Grace"),
        sentence_label("One.", "supported", bundle="ba9876543210"),
        sentence_label("One.", "supported", question="What else?"),
        sentence_label("Two.", "supported"),
        answer_label("right", answer="One."),
    ]
    assert add_labels(tmp_path, rows) == Added(new=6)
    assert len(current(read_labels(tmp_path))) == 6


@given(labels=LABELS, seed=st.integers(0, 5))
def test_in_whatever_order_files_come_the_newest_counts(
    labels: list[SentenceLabel], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, shuffled = tmp_path_factory.mktemp("labels"), list(labels)
    random.Random(seed).shuffle(shuffled)
    added = add_labels(folder, shuffled)
    assert added.new + added.superseding + added.older + added.known == len(labels)
    standing = {(one.labeller, one.item): one for one in current(read_labels(folder))}
    for one in labels:
        assert standing[one.labeller, one.item].labelled_at >= one.labelled_at or (
            standing[one.labeller, one.item].label is one.label
        )


def test_a_damaged_file_is_named_with_its_line(tmp_path: Path) -> None:
    add_labels(tmp_path, [sentence_label("One.", "supported")])
    with (tmp_path / LABELS_FILE).open("a", encoding="utf-8") as stream:
        stream.write("{}\n")
    with pytest.raises(IntegrityError, match=r"labels.jsonl:2 is not a label"):
        read_labels(tmp_path)
