from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from twin_data.contracts.errors import IntegrityError
from twin_eval.human.adding import add_file
from twin_eval.human.findings import Findings, findings_text, read_findings
from twin_eval.human.machine import newest_scored
from twin_eval.human.pairing import Compared, render_blind
from twin_eval.human.preferences import write_key
from twin_eval.human.store import Added, read_labels
from twin_eval.page.people import people_part
from twin_eval.scorers import ScoredAnswer

from .conftest import BUNDLE, answer_label, sentence_label
from .test_pairing import store

MakeScored = Callable[..., ScoredAnswer]


@pytest.fixture
def folder(make_scored: MakeScored, tmp_path: Path) -> Path:
    """A persona's evaluations: one bundle, two questions."""
    sentences = {"A.": "yes", "B.": "no"}
    answers = [make_scored("q1", sentences), make_scored("q2", {"C.": "no"}, document="notes/b.md")]
    store(tmp_path / "ada" / BUNDLE / "set", answers, scored=True)
    return tmp_path / "ada"


def test_a_file_is_added_and_its_bad_rows_are_named(folder: Path, tmp_path: Path) -> None:
    key = render_blind(
        [Compared("Q?", "d", "a", "b")], persona="ada", first=BUNDLE, second="x", rng=random.Random(1)
    ).key
    write_key(folder, key)
    (pair,) = key.pairs
    choice = {"kind": "choice", "page": key.page, "pair": pair, "choice": "left", "labeller": "Ada"}
    rows = [
        sentence_label("A.", "supported").model_dump(mode="json"),
        sentence_label("A.", "supported", bundle="0123456789xx").model_dump(mode="json"),
        choice,
        {**choice, "page": "gone"},
        {**choice, "pair": "gone"},
        {"kind": "sentence"},
    ]
    file = tmp_path / "labels.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    found = add_file(folder, file)
    assert found.added == Added(new=2)
    assert [one.line for one in found.problems] == [2, 4, 5, 6]
    assert "'0123456789xx' has no evaluation in this home; did you mean '0123456789ab'?" in str(found.problems[0])
    assert "no key of the page 'gone'" in str(found.problems[1]) and "no pair 'gone'" in str(found.problems[2])
    assert add_file(folder, file).added == Added(known=2)
    assert len(read_labels(folder)) == 2


def test_labels_are_held_against_the_stored_evaluations(folder: Path, tmp_path: Path) -> None:
    rows = [
        sentence_label("A.", "supported"),
        sentence_label("B.", "supported"),
        sentence_label("C.", "unsupported", question="What of q2?"),
        sentence_label("Gone.", "supported"),
        answer_label("right", in_voice="yes"),
    ]
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(f"{one.model_dump_json()}\n" for one in rows), "utf-8")
    add_file(folder, file)
    found = read_findings(folder, "ada", bundle=BUNDLE)
    assert (found.sentences, found.answers, found.labellers, found.unmatched) == (4, 1, ("Ada",), 1)
    assert {one.measure: one.agreed.n for one in found.against_scores} == {
        "supported": 3,
        "refused": 1,
        "facts_found": 1,
    }
    text = findings_text(found)
    assert "4 sentences and 1 answers labelled by Ada" in text
    assert "agreed 0.67" in text and "n = 3 on 2 sources; only people 1, only the scores 0" in text
    assert "1 labels are of texts that no stored evaluation holds" in text
    assert "nobody has compared them yet; next: twin ab ada" in text
    part = people_part([found, read_findings(folder, "ada")])
    assert [one.scope for one in part.rows] == ["this bundle"] * 3, "all bundles say the same here"
    assert part.preferred == () and part.notes[-1] == "Nobody has compared them yet: twin ab ada"


def test_labels_of_another_bundle_count_for_all_and_not_for_this_one(
    folder: Path, make_scored: MakeScored, tmp_path: Path
) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(sentence_label("A.", "supported").model_dump_json(), "utf-8")
    add_file(folder, file)
    fresh = make_scored("q1", {"A.": "no"}, bundle="ba9876543210")
    own = read_findings(folder, "ada", bundle="ba9876543210", more=[fresh])
    assert not own.has_labels and own.against_scores == ()
    every = read_findings(folder, "ada", more=[fresh])
    assert every.against_scores[0].agreed.value == 1
    part = people_part([own, every])
    assert [one.scope for one in part.rows] == ["all bundles"]
    assert part.notes[0].startswith("Nobody has labelled this bundle's answers yet")
    assert findings_text(own).startswith(
        "nobody has labelled these answers yet; next: twin review ada --bundle ba9876543210"
    )


def test_a_new_evaluation_with_the_same_text_takes_the_old_label(folder: Path, make_scored: MakeScored) -> None:
    file = folder / "mine.jsonl"
    file.write_text(sentence_label("A.", "supported").model_dump_json(), "utf-8")
    add_file(folder, file)
    store(folder / BUNDLE / "another", [make_scored("q1", {"A.": "no", "New.": "yes"})], scored=True)
    past = folder / BUNDLE / "set" / "scored.jsonl"
    os.utime(past, (1, 1))
    assert newest_scored(folder, BUNDLE) == folder / BUNDLE / "another" / "scored.jsonl"
    (found,) = read_findings(folder, "ada").against_scores
    assert found.agreed.value == 0, "the newest verdict on the text is what the label is held against"


def test_no_labels_are_no_error_and_a_damaged_evaluation_is_named(folder: Path) -> None:
    empty = read_findings(folder, "ada")
    assert empty == Findings(persona="ada", bundle=None, sentences=0, answers=0, labellers=(), unmatched=0)
    file = folder / "mine.jsonl"
    file.write_text(sentence_label("A.", "supported").model_dump_json(), "utf-8")
    add_file(folder, file)
    (folder / BUNDLE / "set" / "scored.jsonl").write_text("{}\n", "utf-8")
    with pytest.raises(IntegrityError, match="is not a file of scored answers"):
        read_findings(folder, "ada")
