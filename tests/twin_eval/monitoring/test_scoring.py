from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from twin_data.contracts.answers import AnswerOutcome, Cost, Interaction
from twin_data.contracts.api_headers import EVALUATION_FEATURE
from twin_data.contracts.digests import digest_text
from twin_data.scoring.voice import VoiceScore
from twin_eval.monitoring.scoring import Scorer
from twin_eval.monitoring.similarity import CorpusVectors

Make = Callable[..., Interaction]
ANSWER = "I splice it myself [1].\n\n“A mooring rope should be spliced.” [1]\n\nSources:\n[1] On ropes, 22 May 2023"


class WordCountVoice:
    """Remembers what it was asked about; the percentage is the number of words."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        self.asked += texts
        return [VoiceScore(logit=0, percent=len(text.split()), words=9) if len(text) > 5 else None for text in texts]


@pytest.fixture
def voice() -> WordCountVoice:
    return WordCountVoice()


@pytest.fixture
def scorer(corpus: CorpusVectors, voice: WordCountVoice) -> Scorer:
    return Scorer(corpus=corpus, voice=voice, expected_questions=frozenset({"What of the rope?"}))


def test_the_voice_is_scored_on_what_the_twin_worded_itself(
    scorer: Scorer, voice: WordCountVoice, make_interaction: Make
) -> None:
    (row,) = scorer.score([make_interaction(1, answer=ANSWER)])
    assert voice.asked == ["I splice it myself."]
    assert row.voice_percent == 4
    assert row.answer_words == 10, "quotations count, marks and sources do not"


@pytest.mark.parametrize("outcome", [AnswerOutcome.QUOTED, AnswerOutcome.DECLINED])
def test_quotations_and_refusals_have_no_voice(scorer: Scorer, make_interaction: Make, outcome: AnswerOutcome) -> None:
    (row,) = scorer.score([make_interaction(1, answer=ANSWER, outcome=outcome)])
    assert row.voice_percent is None
    assert row.declined is (outcome is AnswerOutcome.DECLINED)


def test_a_reply_of_the_service_has_no_voice(scorer: Scorer, voice: WordCountVoice, make_interaction: Make) -> None:
    (row,) = scorer.score([make_interaction(1, "Hello!", "I am a model that answers for Ada.", cost=Cost(seconds=0.1))])
    assert row.voice_percent is None and voice.asked == []


def test_what_failed_has_a_question_and_no_answer(scorer: Scorer, make_interaction: Make) -> None:
    (row,) = scorer.score([make_interaction(1, answer="", status="failed", outcome=None)])
    assert (row.answer_words, row.declined, row.voice_percent) == (None, None, None)
    assert row.question_similarity == pytest.approx(1.0)


def test_the_services_own_figures_are_kept(scorer: Scorer, make_interaction: Make) -> None:
    signals = {"top_cosine": 0.31, "supported_share": 0.25, "answerability": 0.8, "top_fused": None}
    (row,) = scorer.score([make_interaction(1, question="And that?", signals=signals)])
    assert (row.question_similarity, row.supported_share, row.answerability) == (0.31, 0.25, 0.8)


def test_without_them_the_question_is_compared_here(scorer: Scorer, make_interaction: Make) -> None:
    on, off = scorer.score([make_interaction(1), make_interaction(2, question="Who won the cup?")])
    assert on.question_similarity > 0.9 > 0.3 > off.question_similarity
    assert on.supported_share is None


def test_evaluations_are_told_from_users(scorer: Scorer, make_interaction: Make) -> None:
    user, expected, other = scorer.score(
        [
            make_interaction(1),
            make_interaction(2, feature="evaluation"),
            make_interaction(3, question="Who won the cup?", feature="evaluation"),
        ]
    )
    assert [(one.is_evaluation, one.is_expected) for one in (user, expected, other)] == [
        (False, False), (True, True), (True, False),
    ]  # fmt: skip


def test_a_persona_without_a_voice_is_scored_all_the_same(corpus: CorpusVectors, make_interaction: Make) -> None:
    scorer = Scorer(corpus=corpus, voice=None, expected_questions=frozenset())
    assert scorer.score([make_interaction(1)])[0].voice_percent is None
    assert scorer.score([]) == ()


def test_of_a_users_question_nothing_is_kept_that_it_could_be_guessed_from(
    scorer: Scorer, make_interaction: Make
) -> None:
    users, evaluations = scorer.score([make_interaction(1), make_interaction(2, feature=EVALUATION_FEATURE)])
    assert users.question_digest == ""
    assert evaluations.question_digest == digest_text("What of the rope?")
