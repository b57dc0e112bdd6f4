from __future__ import annotations

from collections.abc import Callable
from datetime import date

from twin_data.contracts.documents import BlockStyle, CorpusDocument, Rejection, Role, Split
from twin_data.contracts.learning import LearningCurve
from twin_data.store.schemas import to_frame
from twin_data.transform import verdict
from twin_data.transform.verdict import CorpusVerdict, VerdictConfig

from .test_curve_reading import measured

Build = Callable[..., CorpusDocument]
LOW = VerdictConfig(min_training_words=5, min_months=1)


def judged(
    documents: list[CorpusDocument],
    *,
    rejections: list[Rejection] | None = None,
    exclusions: list[Rejection] | None = None,
    config: VerdictConfig = LOW,
    curve: LearningCurve | None = None,
    unstated: tuple[str, ...] = (),
) -> CorpusVerdict:
    return verdict.judge(
        "ada",
        to_frame(documents, CorpusDocument),
        7,
        to_frame(rejections or [], Rejection),
        to_frame(exclusions or [], Rejection),
        "authorship not checked: a test",
        config=config,
        curve=curve,
        unstated=unstated,
    )


def rejection(document: CorpusDocument, start: int, end: int, reason: str = "r", stage: str = "clean") -> Rejection:
    return Rejection(
        stage=stage,
        document_id=document.document_id,
        text_digest=document.digest,
        start=start,
        end=end,
        reason=reason,
        redacted_text="",
    )


def test_words_are_counted_by_side_source_year_and_kind(corpus_document: Build) -> None:
    found = judged(
        [
            corpus_document("one two three", ("not mine", Role.OTHER), document_id="a", date=date(2023, 1, 1)),
            corpus_document("four five", document_id="b", date=date(2024, 6, 1), split=Split.TEST, source="mail"),
            corpus_document("six", ("x = 1", BlockStyle.CODE), document_id="c", date=None),
        ]
    )
    assert (found.documents, found.chunks, found.families) == (3, 7, 3)
    assert (found.own_words, found.training_words, found.test_words) == (6, 4, 2)
    assert [(one.name, one.documents, one.words) for one in found.by_source] == [("mail", 1, 2), ("notes", 2, 4)]
    assert [(one.name, one.words) for one in found.by_year] == [("2023", 3), ("2024", 2), ("undated", 1)]
    assert [(one.name, one.words) for one in found.by_kind] == [("article", 6)]


def test_too_few_words_are_too_few(corpus_document: Build) -> None:
    found = judged([corpus_document("one two three")])
    assert found.recommendation == "stay with prompt and retrieval"
    assert found.reasons == ("3 words to train on; 5 are wanted",)
    assert judged([corpus_document("one two three four five")]).recommendation == "enough to fine-tune"


def test_only_own_words_that_may_not_train_are_taken_off(corpus_document: Build) -> None:
    document = corpus_document("one two three four five six", ("seven eight nine", Role.QUOTED), "ten eleven")
    start, end = document.text.index("five"), document.text.index("eleven") + len("eleven")
    gone = rejection(document, start, end)
    assert judged([document]).training_words == 8
    assert judged([document], exclusions=[gone]).training_words == 4
    elsewhere = rejection(corpus_document("x", document_id="filtered"), 0, 1)
    assert judged([document], exclusions=[gone, elsewhere]).training_words == 4
    assert judged([document], exclusions=[gone, elsewhere]).training_exclusions == 2


def test_one_source_is_no_corpus_of_many(corpus_document: Build) -> None:
    many = corpus_document("word " * 99 + "end", document_id="a", date=date(2020, 1, 1))
    few = corpus_document("one two three", document_id="b", source="mail")
    assert judged([many, few]).reasons == ("97% of the words come from the one source 'notes'",)
    assert judged([many]).reasons == ()


def test_a_voice_is_a_habit_over_time(corpus_document: Build) -> None:
    documents = [
        corpus_document("one two three four", document_id="a", date=date(2024, 1, 1)),
        corpus_document("five six", document_id="b", date=date(2024, 1, 15)),
    ]
    assert judged(documents).reasons == ("all dated material lies within 0 months; 1 are wanted",)


def test_rejections_are_counted_by_stage_and_reason(corpus_document: Build) -> None:
    document = corpus_document("one")
    found = judged(
        [document],
        rejections=[
            rejection(document, 0, 1, "near_duplicate of a", "dedupe"),
            rejection(document, 0, 1, "near_duplicate of b", "dedupe"),
            rejection(document, 0, 1, "unreadable: gone", "collect"),
        ],
    )
    assert found.rejections == {"collect: unreadable": 1, "dedupe: near_duplicate": 2}


def test_an_empty_corpus_is_judged_too() -> None:
    found = judged([])
    assert (found.documents, found.own_words, found.by_source) == (0, 0, ())
    assert found.recommendation == "stay with prompt and retrieval"


def test_a_levelled_curve_wants_fewer_words_and_no_fewer_than_that(corpus_document: Build) -> None:
    bars = VerdictConfig(min_training_words=20, min_training_words_levelled=10)
    some, few = corpus_document("word " * 12), corpus_document("word " * 9)
    by_rule = judged([some], config=bars)
    assert (by_rule.basis, by_rule.reasons) == ("rules of thumb", ("12 words to train on; 20 are wanted",))
    assert by_rule.changes == ("8 more own words, or a learning curve that has levelled: then 10 do",)
    by_curve = judged([some], config=bars, curve=measured())
    assert (by_curve.basis, by_curve.reasons) == ("learning curve", ())
    assert by_curve.recommendation == "enough to fine-tune" and "levelled" in by_curve.evidence[-1]
    assert by_curve.changes == ("fewer than 10 words to train on (there are 12)",)
    thin = judged([few], config=bars, curve=measured())
    assert thin.reasons == ("9 words to train on; 10 are wanted",) and thin.changes == ("1 more own words",)


def test_a_rising_curve_overrules_the_rule_of_thumb(corpus_document: Build) -> None:
    found = judged([corpus_document("word " * 50)], curve=measured(gain=(0.06, 0.04, 0.08)))
    assert found.recommendation == "stay with prompt and retrieval" and found.basis == "learning curve"
    assert "still rises" in found.reasons[0] and "own words to learn from" in found.changes[0]


def test_without_consent_nothing_is_enough(corpus_document: Build) -> None:
    found = judged([corpus_document("word " * 50)], curve=measured(), unstated=("owner", "consent"))
    assert found.recommendation == "stay with prompt and retrieval"
    assert found.reasons == ("persona.yaml does not state owner, consent",)
