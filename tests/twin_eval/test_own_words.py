from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.scoring.voice import VoiceScore
from twin_eval.fake_service import passage
from twin_eval.metrics import answer_scores, voice_scores
from twin_eval.own_words import OwnText, VoiceSample, answer_voices, without_copies
from twin_eval.records import Answer, AnswerRecord
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig

DOCUMENT = "It was high water at Ferrier's when the gate gave way, and nobody slept that night, I least of all."


def own(*sentences: str, source: str = "answers") -> OwnText:
    return OwnText.model_validate({"source": source, "id": "q", "cluster": "c", "sentences": sentences})


def test_a_copied_sentence_is_not_the_twins_voice_though_no_marks_stand_round_it() -> None:
    mine = "I count the sluices twice, as my mother did before me, and then again."
    (found,) = without_copies([own(DOCUMENT, mine)], [DOCUMENT])
    assert found.sentences == (mine,)
    (draft,) = without_copies([own(f"{DOCUMENT} {mine}", source="drafts")], [DOCUMENT])
    assert draft.sentences == (mine,)


class Heard:
    """Keeps what it was given to score."""

    digest = "0" * 12

    def __init__(self) -> None:
        self.texts: list[str] = []

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        self.texts += texts
        return [None] * len(texts)


def test_of_an_answer_the_voice_is_heard_without_what_it_copies_from_its_evidence(
    make_question: Callable[..., HeldOutQuestion],
    make_answer: Callable[..., Answer],
    make_record: Callable[..., AnswerRecord],
) -> None:
    mine = "I count the sluices twice, as my mother did before me, and then again."
    sentences = [{"text": one, "outcome": "supported", "support": 0.9, "citations": []} for one in (DOCUMENT, mine)]
    shown = [passage("notes/a.md", DOCUMENT, 0, len(DOCUMENT))]
    heard = Heard()
    answer_voices([make_record(make_question(), make_answer(sentences=sentences, passages=shown))], heard)
    assert heard.texts == [mine]


def test_of_a_copyist_nothing_is_left() -> None:
    assert without_copies([own(DOCUMENT)], [DOCUMENT]) == ()


def test_a_sentence_that_shares_some_words_stays() -> None:
    near = "At Ferrier's it was high water when the gate gave way and the council never paid me a penny for it."
    assert without_copies([own(near), own("Too short.")], [DOCUMENT]) == (own(near), own("Too short."))


def test_samples_of_no_known_kind_are_counted() -> None:
    def sample(name: str, score: VoiceScore | None) -> VoiceSample:
        return VoiceSample(source="drafts", id=name, cluster=name, text="A draft.", score=score)

    known, strange = (VoiceScore(logit=0.0, percent=40.0, words=90, typical=typical) for typical in (True, False))
    samples = [sample("b1", known), sample("b2", strange), sample("b3", known), sample("b4", None)]
    found = {one.name: (one.value, one.n, one.unscored) for one in voice_scores(samples, config=IntervalConfig())}
    assert found["voice_atypical"] == (pytest.approx(1 / 3), 3, 1)


def test_whole_answers_too_short_for_a_voice_are_told_apart(make_run: Callable[..., ScoredRun]) -> None:
    run = make_run(("fact", "fact", "other"))
    whole = [one for one in run.answers if one.scores and one.scores.is_whole]
    assert whole[0].scores is not None
    heard = whole[0].model_copy(update={"scores": whole[0].scores.model_copy(update={"voice": 60.0})})
    answers = [heard, *run.answers[1:]]
    found = {one.name: (one.value, one.n) for one in answer_scores(answers, ks=(1,), config=IntervalConfig())}
    assert found["whole_answer.voice_measured"] == (0.5, 2)
