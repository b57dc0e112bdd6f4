from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.documents import CorpusDocument, Rejection, Role, Split
from twin_data.scoring.sentences import words
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import decontaminate
from twin_data.transform.decontaminate import DecontaminateConfig

CONFIG = DecontaminateConfig()
Build = Callable[..., CorpusDocument]
RUN = "the gate shuts when the water says so and not a minute before"  # thirteen words


def exclusions(*documents: CorpusDocument, config: DecontaminateConfig = CONFIG) -> list[Rejection]:
    return list(to_rows(decontaminate.run(to_frame(documents, CorpusDocument), config=config), Rejection))


def pair(build: Build, train: str, test: str) -> tuple[CorpusDocument, CorpusDocument]:
    return (
        build(train, document_id="train", split=Split.TRAIN),
        build(test, document_id="test", split=Split.TEST),
    )


def grams(text: str, length: int) -> set[tuple[str, ...]]:
    listed = [word.casefold().replace("’", "'") for word in words(text)]
    return {tuple(listed[at : at + length]) for at in range(len(listed) - length + 1)}


def test_a_planted_run_is_found_with_exact_offsets(corpus_document: Build) -> None:
    train = f"I said — “{RUN.capitalize()}”; he laughed."
    document, held_out = pair(corpus_document, train, f"Somebody wrote: {RUN}!")
    (found,) = exclusions(document, held_out)
    assert train[found.start : found.end] == RUN.capitalize()
    assert found.document_id == "train"
    assert found.text_digest == document.digest
    assert found.reason == "shares_13_words_with_the_test_set"
    assert found.redacted_text == RUN.capitalize()


def test_twelve_words_are_no_run(corpus_document: Build) -> None:
    twelve = RUN.rsplit(" ", 1)[0]
    assert exclusions(*pair(corpus_document, f"{twelve} others", f"{twelve} them")) == []


@pytest.mark.parametrize(
    "test", [RUN.upper(), RUN.replace(" ", ", "), RUN.replace(" ", "\n"), RUN.replace(" so", " – so")]
)
def test_case_marks_and_lines_hide_nothing(corpus_document: Build, test: str) -> None:
    assert len(exclusions(*pair(corpus_document, RUN, test))) == 1


def test_apostrophes_of_either_kind_are_one(corpus_document: Build) -> None:
    train = RUN.replace("shuts", "doesn’t shut")
    assert len(exclusions(*pair(corpus_document, train, train.replace("’", "'")))) == 1


def test_runs_that_touch_are_one_span(corpus_document: Build) -> None:
    long = " ".join(f"word{at}" for at in range(30))
    (found,) = exclusions(*pair(corpus_document, f"before {long} after", f"{long} and"))
    assert (found.start, found.end) == (len("before "), len("before ") + len(long))


def test_others_words_in_the_test_set_count_too(corpus_document: Build) -> None:
    train = corpus_document(RUN, document_id="train")
    test = corpus_document("Own.", (RUN, Role.QUOTED), document_id="test", split=Split.TEST)
    assert len(exclusions(train, test)) == 1


def test_nothing_held_out_nothing_excluded(corpus_document: Build) -> None:
    one, two = corpus_document(RUN, document_id="a"), corpus_document(RUN, document_id="b")
    assert exclusions(one, two) == []
    assert exclusions() == []


@given(st.lists(st.sampled_from("abc"), max_size=60), st.lists(st.sampled_from("abc"), max_size=40), st.integers(2, 5))
def test_no_run_is_left_after_exclusion(corpus_document: Build, train: list[str], test: list[str], length: int) -> None:
    config = DecontaminateConfig(run_words=length)
    document, held_out = pair(corpus_document, "— ".join(train) or "x", " ".join(test) or "y")
    found = exclusions(document, held_out, config=config)
    shared = grams(held_out.text, length)
    at = 0
    for one in [*found, None]:
        left = document.text[at : one.start if one else len(document.text)]
        assert not grams(left, length) & shared
        if one:
            assert grams(document.text[one.start : one.end], length) & shared
            at = one.end
    assert all(one.end < other.start for one, other in zip(found, found[1:], strict=False))


def test_the_sample_holds_none_and_a_planted_one_is_found(sample: Any) -> None:
    """Its unplanted documents share no run of thirteen words."""
    assert decontaminate.run(sample.separated, config=CONFIG).is_empty()
    held_out = sample.separated.filter(pl.col("split") == "test")
    donor = max(held_out["text"], key=len)
    quoted = " ".join(donor.split()[40:70])
    planted = sample.separated.with_columns(
        pl.when(pl.col("document_id") == "blog/2022-11-13-half-the-lines.md")
        .then(pl.lit(f"She wrote: {quoted}."))
        .otherwise("text")
        .alias("text"),
        pl.lit([], dtype=sample.separated.schema["passages"]).alias("passages"),
        pl.when(pl.col("document_id") == "blog/2022-11-13-half-the-lines.md")
        .then(pl.lit("train"))
        .otherwise("split")
        .alias("split"),
    )
    (found,) = to_rows(decontaminate.run(planted, config=CONFIG), Rejection)
    assert found.document_id == "blog/2022-11-13-half-the-lines.md"
    assert found.start >= len("She wrote: ")
    assert found.end - found.start > 0.9 * len(quoted) - 20
