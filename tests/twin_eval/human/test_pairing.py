from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from twin_data.contracts.labels import BlindChoice, BlindKey, Choice
from twin_eval.human.findings import preferences_text
from twin_eval.human.pairing import Compared, bundle_records, common_answers, known_questions, render_blind
from twin_eval.human.preferences import preferences, read_keys, unblinded, write_key
from twin_eval.scorers import ScoredAnswer
from twin_eval.statistics import IntervalConfig

from .conftest import DAY

MakeScored = Callable[..., ScoredAnswer]
FIRST, SECOND = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
CITATION = {
    "n": 1, "document_id": "notes/a.md", "start": 0, "end": 9, "quote": "It was it", "title": "On tides", "date": None,
    "url": None, "score": 1.0,
}  # fmt: skip
PAIRS = tuple(Compared(f"What of {at}?", f"notes/{at}.md", f"first {at}", f"second {at}") for at in range(20))


def blind(seed: int = 1) -> tuple[str, BlindKey]:
    page = render_blind(PAIRS, persona="ada", first=FIRST, second=SECOND, rng=random.Random(seed))
    return page.html, page.key.model_copy(update={"first_rung": "sft+retrieval", "second_rung": "few-shot"})


def choice(key: BlindKey, pair: str, said: Choice, by: str = "Ada") -> BlindChoice:
    return BlindChoice(page=key.page, pair=pair, choice=said, labeller=by, labelled_at=DAY)


def side_of(key: BlindKey, pair: str, wants_first: bool) -> Choice:
    return Choice.LEFT if key.pairs[pair].is_first_left == wants_first else Choice.RIGHT


def test_the_page_tells_nothing_of_whose_answers_they_are() -> None:
    html, key = blind()
    assert all(one not in html for one in (FIRST, SECOND, "is_first_left", "few-shot", "retrieval", "notes/"))
    assert not re.search(r'(src|href)="|@import|url\(', html)
    assert all(html.count(pair) >= 2 and re.fullmatch("[0-9a-f]{16}", pair) for pair in key.pairs)


def test_the_key_says_on_which_side_each_answer_stands() -> None:
    html, key = blind()
    for name, pair in key.pairs.items():
        shown = html.split(f'id="{name}"')[1]
        at = pair.question.removeprefix("What of ").removesuffix("?")
        is_first_left = shown.index(f">first {at}<") < shown.index(f">second {at}<")
        assert is_first_left is pair.is_first_left


def test_each_bundle_stands_as_often_on_the_left_and_another_draw_is_another_page() -> None:
    (html, key), (again, other) = blind(1), blind(2)
    assert Counter(pair.is_first_left for pair in key.pairs.values()) == {True: 10, False: 10}
    assert html != again and key.page != other.page and not key.pairs.keys() & other.pairs.keys()
    assert blind(1)[0] == html


def test_choices_are_read_with_the_key(tmp_path: Path) -> None:
    _, key = blind()
    write_key(tmp_path, key)
    assert read_keys(tmp_path) == {key.page: key}
    pair = next(iter(key.pairs))
    for wants_first, expected in ((True, "first"), (False, "second")):
        assert unblinded(choice(key, pair, side_of(key, pair, wants_first)), key).preferred.value == expected
    assert unblinded(choice(key, pair, Choice.BOTH_BAD), key).preferred.value == "both_bad"
    assert unblinded(choice(key, pair, Choice.NEITHER), key).preferred.value == "neither"


def test_preferences_are_counted_with_ties_apart() -> None:
    _, key = blind()
    said = [True] * 12 + [False] * 4
    rows = [
        unblinded(choice(key, pair, side_of(key, pair, one)), key) for pair, one in zip(key.pairs, said, strict=False)
    ]
    ties = [Choice.NEITHER, Choice.NEITHER, Choice.BOTH_BAD]
    rows += [
        unblinded(choice(key, pair, one, "Grace"), key) for pair, one in zip(list(key.pairs)[16:], ties, strict=False)
    ]
    (found,) = preferences(rows, IntervalConfig(resamples=500))
    assert (found.first, found.second, found.neither, found.both_bad, found.labellers) == (FIRST, SECOND, 2, 1, 2)
    assert found.preferred and (found.preferred.value, found.preferred.n) == (0.75, 16)
    assert found.preferred.low < 0.75 < found.preferred.high
    turned = found.seen_from(SECOND)
    assert turned.preferred and (turned.first, turned.preferred.value) == (SECOND, 0.25)
    assert turned.preferred.low == 1 - found.preferred.high
    assert preferences_text(turned).startswith(f"{SECOND} (few-shot) over {FIRST} (sft+retrieval): 0.25 [")
    assert found.seen_from(FIRST) == found


def test_pages_that_name_the_two_the_other_way_round_count_together() -> None:
    _, key = blind()
    other = render_blind(
        [Compared(one.question, one.cluster, one.second, one.first) for one in PAIRS],
        persona="ada", first=SECOND, second=FIRST, rng=random.Random(9),
    ).key  # fmt: skip
    rows = [
        unblinded(choice(one, pair, side_of(one, pair, one is key)), one) for one in (key, other) for pair in one.pairs
    ]
    (found,) = preferences(rows, IntervalConfig(resamples=100))
    assert found.preferred and (found.preferred.value, found.preferred.n) == (1.0, 40)
    first = {one.question: one.item for one in rows[:20]}
    assert all(first[one.question] == one.item for one in rows[20:]), "the same two answers are the same thing"


def test_ties_alone_give_no_share() -> None:
    _, key = blind()
    (found,) = preferences([unblinded(choice(key, next(iter(key.pairs)), Choice.NEITHER), key)], IntervalConfig())
    assert found.preferred is None and found.neither == 1


def test_markers_and_sources_are_left_out_of_both_and_equal_answers_are_not_shown(
    make_scored: MakeScored, tmp_path: Path
) -> None:
    cited = "It was high water. [1]\n\nSources:\n[1] On tides"
    for bundle, texts in {FIRST: (cited, cited, "A."), SECOND: ("It was low.", "It was high water.", "")}.items():
        answers = [
            make_scored(f"q{at}", content=text, bundle=bundle, citations=[CITATION] if "[1]" in text else [])
            for at, text in enumerate(texts)
            if text
        ]
        store(tmp_path / bundle / "set", answers, scored=bundle == FIRST)
    questions = known_questions(tmp_path)
    found = common_answers(questions, bundle_records(tmp_path, FIRST), bundle_records(tmp_path, SECOND))
    assert found.alike == 1
    assert [(one.question, one.cluster, one.first, one.second) for one in found.pairs] == [
        ("What of q0?", "notes/a.md", "It was high water.", "It was low.")
    ]


def test_the_newest_answer_counts(make_scored: MakeScored, tmp_path: Path) -> None:
    old, new = (make_scored("q1", content=text) for text in ("Old.", "New."))
    later = new.record.model_copy(
        update={"asked_at": new.record.asked_at + timedelta(days=1), "settings_digest": "other"}
    )
    store(tmp_path / FIRST / "a", [new.model_copy(update={"record": later})], scored=False)
    store(tmp_path / FIRST / "b", [old], scored=False)
    (record,) = bundle_records(tmp_path, FIRST).values()
    assert record.answer and record.answer.content == "New."
    assert bundle_records(tmp_path, SECOND) == {}


def store(folder: Path, answers: list[ScoredAnswer], *, scored: bool) -> None:
    folder.mkdir(parents=True)
    lines = "".join(f"{one.record.model_dump_json()}\n" for one in answers)
    (folder / "answers.jsonl").write_text(lines, "utf-8")
    if scored:
        (folder / "scored.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in answers), "utf-8")
