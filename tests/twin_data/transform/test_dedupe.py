from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.documents import CleanDocument, CorpusDocument, Role
from twin_data.store.schemas import to_frame
from twin_data.transform import dedupe
from twin_data.transform.dedupe import DedupeConfig

CONFIG = DedupeConfig()
CleanFrame = Callable[..., pl.DataFrame]


def words(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(count)]


def edited(original: list[str], share: float, *, seed: int = 0) -> str:
    """The words with a share of them replaced, spread evenly: the worst case for shingles."""
    changed = original.copy()
    count = round(share * len(original))
    for at in range(count):
        changed[int((at + 0.5) * len(original) / count)] = f"{seed}{at}"
    return " ".join(changed)


def reasons(found: dedupe.Deduplicated) -> dict[str, str]:
    return dict(found.rejections.select("document_id", "reason").iter_rows())


def families(found: dedupe.Deduplicated) -> dict[str, str]:
    return dict(found.documents.select("document_id", "family").iter_rows())


def test_the_planted_copies_of_the_sample_are_found_and_no_others(sample: Any, planted: dict[str, Any]) -> None:
    assert reasons(sample.unique) == {
        copy: f"{kind}_duplicate of {original}"
        for kind in ("exact", "near")
        for original, copy in planted[f"{kind}_duplicates"]
    }


def test_the_families_of_the_sample_are_its_threads(sample: Any) -> None:
    threads = sample.unique.documents.filter(pl.col("thread").is_not_null())
    sizes = threads.group_by("thread").agg(pl.col("family").n_unique())
    assert sizes["family"].unique().to_list() == [1]
    alone = sample.unique.documents.filter(pl.col("thread").is_null() & pl.col("series").is_null())
    assert alone["family"].n_unique() == alone.height


@pytest.mark.parametrize("share", [0.01, 0.02, 0.04])
@pytest.mark.parametrize("length", [150, 400, 2000])
def test_edited_copies_are_found(clean_frame: CleanFrame, share: float, length: int) -> None:
    original = words(1, length)
    found = dedupe.run(
        clean_frame({"a": " ".join(original), "b": edited(original, share), "c": " ".join(words(2, length))}),
        config=CONFIG,
    )
    assert reasons(found) == {"b": "near_duplicate of a"}
    assert families(found) == {"a": "a", "c": "c"}


def test_a_document_with_half_its_words_new_stays_but_in_the_family(clean_frame: CleanFrame) -> None:
    original = words(1, 400)
    found = dedupe.run(
        clean_frame({"a": " ".join(original), "b": " ".join(original[:200] + words(3, 200))}), config=CONFIG
    )
    assert families(found) == {"a": "a", "b": "a"}
    assert reasons(found) == {}


@pytest.mark.parametrize("text", ["…", "👍", "Thanks — merged!", "one two three four five six"])
def test_exact_copies_of_any_length_and_number_are_found(clean_frame: CleanFrame, text: str) -> None:
    found = dedupe.run(clean_frame({f"d{at:03}": text for at in range(80)}), config=CONFIG)
    assert found.documents["document_id"].to_list() == ["d000"]
    assert set(reasons(found).values()) == {"exact_duplicate of d000"}
    assert len(reasons(found)) == 79


def test_documents_without_words_are_not_alike(clean_frame: CleanFrame) -> None:
    found = dedupe.run(clean_frame({"a": "…", "b": "👍", "c": "— !", "d": "?!"}), config=CONFIG)
    assert families(found) == {"a": "a", "b": "b", "c": "c", "d": "d"}


def test_near_copies_of_a_form_letter_are_found_though_its_phrases_are_everywhere(clean_frame: CleanFrame) -> None:
    letter = words(4, 100)
    texts = {f"d{at:03}": " ".join([*letter, *words(100 + at, 300)]) for at in range(60)}
    first = texts["d000"].split()
    found = dedupe.run(clean_frame({**texts, "e": edited(first, 0.02)}), config=CONFIG)
    assert reasons(found) == {"e": "near_duplicate of d000"}


def test_short_messages_that_share_a_phrase_are_no_family(clean_frame: CleanFrame) -> None:
    article = words(5, 300)
    found = dedupe.run(clean_frame({"a": " ".join(article), "b": " ".join(article[10:18])}), config=CONFIG)
    assert families(found) == {"a": "a", "b": "b"}


def test_quotation_marks_and_case_make_no_other_document(clean_frame: CleanFrame) -> None:
    text = " ".join(words(6, 60))
    found = dedupe.run(clean_frame({"a": f"It’s — {text}.", "b": f"“IT'S {text.upper()}!"}), config=CONFIG)
    assert reasons(found) == {"b": "near_duplicate of a"}


def test_the_best_copy_stays(clean_frame: CleanFrame) -> None:
    text = " ".join(words(7, 80))
    url = {"url": "https://x.example/p"}
    late, early = {"date": date(2024, 5, 1)}, {"date": date(2023, 5, 1)}
    by_url = dedupe.run(clean_frame({"a": (text, early), "b": (text, {**late, **url})}), config=CONFIG)
    assert reasons(by_url) == {"a": "exact_duplicate of b"}
    by_date = dedupe.run(
        clean_frame({"a": (text, late), "b": (text, early), "c": (text, {"date": None})}), config=CONFIG
    )
    assert set(reasons(by_date)) == {"a", "c"}
    by_length = dedupe.run(clean_frame({"a": text, "b": f"{text} {edited(words(8, 4), 0)}"}), config=CONFIG)
    assert set(reasons(by_length)) == {"a"}


def test_a_copy_of_a_copy_is_dropped_for_one_that_stays(clean_frame: CleanFrame) -> None:
    original = words(9, 400)
    texts = {"a": " ".join(original), "b": edited(original, 0.03, seed=1), "c": edited(original, 0.03, seed=2)}
    found = dedupe.run(clean_frame(texts), config=CONFIG)
    kept = set(found.documents["document_id"])
    assert {reason.split(" of ")[1] for reason in reasons(found).values()} <= kept


CONVERSATION = words(30, 240)
BuildDocument = Callable[..., CorpusDocument]


def answers(build: BuildDocument, own: dict[str, str], below: str = " ".join(CONVERSATION)) -> pl.DataFrame:
    """Mails, by id, of which each has words of its own above others'."""
    documents = [build(text, (below, Role.OTHER), document_id=name) for name, text in own.items()]
    fields = set(CleanDocument.model_fields)
    return to_frame([CleanDocument(**one.model_dump(include=fields)) for one in documents], CleanDocument)


def test_answers_above_one_conversation_are_no_copies(corpus_document: BuildDocument) -> None:
    own = {"a": " ".join(words(31, 20)), "b": " ".join(words(32, 20)), "c": "Yes.", "d": "No.", "e": "👍"}
    found = dedupe.run(answers(corpus_document, own), config=CONFIG)
    assert reasons(found) == {}
    assert set(families(found).values()) == {"a"}


def test_copies_with_others_words_in_them_are_dropped(corpus_document: BuildDocument) -> None:
    one, two = words(31, 50), words(32, 50)
    own = {"a": " ".join(one), "b": edited(one, 0.02), "c": " ".join(two), "d": " ".join(two).upper(), "e": "Yes."}
    mails = answers(corpus_document, own)
    edit = answers(corpus_document, {"f": "Yes."}, below=edited(CONVERSATION, 0.02))
    found = dedupe.run(pl.concat([mails, edit]), config=CONFIG)
    assert reasons(found) == {
        "b": "near_duplicate of a", "d": "near_duplicate of c", "f": "near_duplicate of e"
    }  # fmt: skip


def test_threads_series_and_likeness_join_one_family(clean_frame: CleanFrame) -> None:
    shared = words(10, 40)
    found = dedupe.run(
        clean_frame(
            {
                "a": (" ".join(words(11, 50)), {"thread": "t1"}),
                "b": (" ".join([*shared, *words(12, 50)]), {"thread": "t1"}),
                "c": (" ".join([*shared, *words(13, 50)]), {"series": "s1"}),
                "d": (" ".join(words(14, 50)), {"series": "s1"}),
                "e": (" ".join(words(15, 50)), {"thread": "t2"}),
                "f": (" ".join(words(16, 50)), {}),
            }
        ),
        config=CONFIG,
    )
    assert families(found) == {"a": "a", "b": "a", "c": "a", "d": "a", "e": "e", "f": "f"}


def test_a_copy_joins_the_threads_of_both_places(clean_frame: CleanFrame) -> None:
    text = " ".join(words(17, 50))
    found = dedupe.run(
        clean_frame(
            {
                "a": (text, {"thread": "t1"}),
                "b": (text, {"thread": "t2"}),
                "c": (" ".join(words(18, 50)), {"thread": "t2"}),
            }
        ),
        config=CONFIG,
    )
    assert families(found) == {"a": "a", "c": "a"}


def test_what_arrives_later_renames_no_family(clean_frame: CleanFrame) -> None:
    first = {"m": ("first words here", {"thread": "t", "date": date(2023, 1, 1)})}
    reply = {"a": ("a later reply", {"thread": "t", "date": date(2024, 1, 1)})}
    assert families(dedupe.run(clean_frame(first), config=CONFIG)) == {"m": "m"}
    assert families(dedupe.run(clean_frame({**reply, **first}), config=CONFIG)) == {"a": "m", "m": "m"}


@pytest.mark.parametrize("day", [None, date(2023, 1, 1)])
def test_parts_of_one_day_or_none_are_counted(clean_frame: CleanFrame, day: date | None) -> None:
    """As text `part-10` stands before `part-9`, and with the tenth part the family would have changed its name."""
    parts = {f"part-{at}": (f"the words of part {at}", {"series": "s", "date": day}) for at in (9, 10)}
    assert families(dedupe.run(clean_frame(parts), config=CONFIG)) == {"part-9": "part-9", "part-10": "part-9"}


def test_what_has_no_date_renames_nothing_that_has_one(clean_frame: CleanFrame) -> None:
    texts = {
        "z": ("first words", {"series": "s", "date": date(2023, 1, 1)}),
        "a": ("more", {"series": "s", "date": None}),
    }
    assert set(families(dedupe.run(clean_frame(texts), config=CONFIG)).values()) == {"z"}


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_the_order_of_arrival_is_nothing(clean_frame: CleanFrame, order: random.Random) -> None:
    original = words(20, 120)
    texts: dict[str, Any] = {
        "a": " ".join(original),
        "b": edited(original, 0.03),
        "c": " ".join(original),
        "d": (" ".join(words(21, 60)), {"thread": "t"}),
        "e": (" ".join(words(22, 60)), {"thread": "t", "date": None}),
        "f": "…",
    }
    shuffled = list(texts)
    order.shuffle(shuffled)
    expected = dedupe.run(clean_frame(texts), config=CONFIG)
    found = dedupe.run(clean_frame({name: texts[name] for name in shuffled}), config=CONFIG)
    assert found.documents.equals(expected.documents)
    assert found.rejections.equals(expected.rejections)


@pytest.mark.parametrize("texts", [{}, {"a": "one document"}])
def test_little_input(clean_frame: CleanFrame, texts: dict[str, str]) -> None:
    found = dedupe.run(clean_frame(texts), config=CONFIG)
    assert found.documents.height == len(texts)
    assert found.rejections.is_empty()


def test_a_copy_of_a_near_duplicate_goes_with_it(clean_frame: CleanFrame) -> None:
    original = words(23, 200)
    near = edited(original, 0.02)
    found = dedupe.run(clean_frame({"a": " ".join(original), "b": near, "c": near}), config=CONFIG)
    assert reasons(found) == {"b": "near_duplicate of a", "c": "near_duplicate of a"}


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=25).map(" ".join), max_size=12))
def test_what_is_kept_is_alike_to_nothing_better(clean_frame: CleanFrame, texts: list[str]) -> None:
    """Each dropped document is a copy of one that stays, and no two that stay are copies of each other."""
    config = DedupeConfig(shingle_words=2, max_shingle_documents=50)
    by_id = {f"d{at:02}": text for at, text in enumerate(texts)}
    found = dedupe.run(clean_frame(by_id), config=config)
    kept = set(found.documents["document_id"])
    assert kept | set(reasons(found)) == set(by_id)
    for dropped, reason in reasons(found).items():
        kind, better = reason.split(" of ")
        assert better in kept
        assert (kind == "exact_duplicate") == (by_id[dropped] == by_id[better])
        assert jaccard(by_id[dropped], by_id[better]) >= config.near_duplicate
    assert all(jaccard(by_id[one], by_id[two]) < config.near_duplicate for one in kept for two in kept if one != two)


def jaccard(one: str, two: str) -> float:
    first, second = pairs_of_words(one), pairs_of_words(two)
    return len(first & second) / len(first | second)


def pairs_of_words(text: str) -> set[tuple[str, ...]]:
    split = text.split()
    return {tuple(split[at : at + 2]) for at in range(max(1, len(split) - 1))}
