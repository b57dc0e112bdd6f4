from __future__ import annotations

from collections.abc import Sequence

import pytest

from twin_data.contracts.answers import RetrievedPassage, SentenceCheck, SentenceOutcome
from twin_data.contracts.base import Span
from twin_data.contracts.releases import GenerationSettings, VerificationSettings
from twin_serve.answering.citations import CitationList
from twin_serve.answering.verification import SentenceVerifier, granted_names
from twin_serve.twins import Twin

from ..parts import DOCUMENTS, QUOTED_BY_OTHERS, HashingEncoder, manifest, memory_index, passage

QUESTION = "Eels found on the floor of Gate 7, carried in a tin bath; clocks at Marl; lock automated by winter, Halcyon"


class Checker:
    def __init__(
        self,
        question: str = QUESTION,
        ids: tuple[str, ...] = tuple(DOCUMENTS),
        asked: str = "What happened?",
        min_closeness: float = 0.6,  # this encoder knows no meanings
        min_held: float = 0.0,
        max_quote_words: int = 60,
        passages: Sequence[RetrievedPassage] = (),
    ) -> None:
        index, encoder = memory_index(), HashingEncoder()
        bars = VerificationSettings(min_closeness=min_closeness, min_held=min_held, max_quote_words=max_quote_words)
        twin = Twin(
            manifest(verification=bars), (), index.name, index.identity, index.weights, encoder, GenerationSettings()
        )
        vector = encoder.encode([question])[0]
        self.citations = CitationList()
        self._verifier = SentenceVerifier(passages or [passage(one) for one in ids], asked, vector, twin)

    def check(self, sentence: str) -> SentenceCheck:
        return self._verifier.check(sentence, self.citations)


def test_a_paraphrase_is_supported_by_the_shortest_run_of_sentences() -> None:
    checker = Checker()
    check = checker.check("Ruth was asked to wind the leaf at Marl by hand.")
    assert check.outcome is SentenceOutcome.DROPPED  # Marl stands in another sentence, too far to be sure
    check = checker.check("The eels we found on the floor were carried out in a bath.")
    assert check.outcome is SentenceOutcome.SUPPORTED and check.citations == (1,)
    (citation,) = checker.citations.all
    assert citation.quote == "We found 31 eels on the floor and carried them out in a tin bath."


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The eels on the floor were carried out.", "it says the question again"),
        ("What was it that we carried out in a tin bath?", "it asks or announces, and tells nothing"),
        ("We found 31 eels on the floor and carried them out:", "it asks or announces, and tells nothing"),
    ],
)
def test_what_only_looks_like_an_answer_is_dropped(sentence: str, reason: str) -> None:
    check = Checker(asked="How were the eels on the floor carried out?").check(sentence)
    assert (check.outcome, check.reason) == (SentenceOutcome.DROPPED, reason)


def test_what_a_sentence_adds_to_the_question_must_stand_in_its_evidence() -> None:
    asked = "Were the eels found on the floor carried out in a bath?"
    told = "The eels we found on the floor were surely carried out in a {}bath."
    echo = Checker(asked=asked).check(told.format(""))
    assert (echo.outcome, echo.reason) == (SentenceOutcome.DROPPED, "it says the question again")
    assert Checker(asked=asked).check(told.format("tin ")).outcome is SentenceOutcome.SUPPORTED


def test_a_twin_speaks_as_the_persona() -> None:
    check = Checker().check("The eels you found on the floor were carried out in a bath.")
    assert (check.outcome, check.reason) == (SentenceOutcome.DROPPED, "it speaks to the persona, not as the persona")


def test_a_figure_in_the_questions_own_words_is_an_answer() -> None:
    check = Checker(asked="How many eels were found on the floor?").check("31 eels were found on the floor.")
    assert check.outcome is SentenceOutcome.SUPPORTED


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("We found 32 eels on the floor.", "the number 32 is not in the passages"),
        ("We found 31 eels for Osier on the floor.", "the name Osier is not in the passages"),
        ("Osier found 31 eels on the floor.", "the name Osier is not in the passages"),
        ("Emily found 31 eels on the floor.", "the name Emily is not in the passages"),
        ("We never found 31 eels on the floor.", "the passages do not say so"),
        ("We did not carry the eels; nobody closed the paddle.", "the passages do not say so"),
        ("Yes.", "it says nothing that can be checked"),
        ("The pheasants drank all the wine.", "the passages do not say so"),
    ],
)
def test_what_does_not_hold_is_dropped_with_its_reason(sentence: str, reason: str) -> None:
    checker = Checker()
    check = checker.check(sentence)
    assert (check.outcome, check.reason) == (SentenceOutcome.DROPPED, reason)
    assert checker.citations.all == ()


def test_an_adverb_in_front_is_no_name() -> None:
    told = "the eels we found on the floor were carried out in a bath."
    assert Checker().check(f"Luckily {told}").outcome is SentenceOutcome.SUPPORTED
    assert Checker().check(f"However, {told}").outcome is SentenceOutcome.SUPPORTED


def test_what_has_the_words_of_its_evidence_and_is_not_near_it_is_dropped() -> None:
    sentence = "The eels we found on the floor were carried out in a bath."
    assert Checker().check(sentence).outcome is SentenceOutcome.SUPPORTED
    check = Checker(min_closeness=0.99).check(sentence)
    assert check.outcome is SentenceOutcome.DROPPED and check.support > 0.6
    assert check.reason.startswith("it is not near enough to what the passage says (likeness 0.")
    check = Checker(min_held=0.99).check(sentence)
    assert check.outcome is SentenceOutcome.DROPPED and check.reason.startswith(
        "the passage hardly says so (held to 0."
    )
    copied = Checker(min_closeness=0.99, min_held=0.99).check(
        "we found 31 EELS on the floor -- and carried them out in a tin bath!"
    )
    assert copied.outcome is SentenceOutcome.QUOTED


def test_what_is_true_but_beside_the_question_is_dropped() -> None:
    check = Checker("Which wine goes with pheasant?").check("We found 31 eels on the floor.")
    assert check.outcome is SentenceOutcome.DROPPED and check.reason.startswith("it does not answer the question")


def test_a_sentence_is_said_once() -> None:
    checker = Checker()
    assert checker.check("We found 31 eels on the floor of Gate 7.").outcome is SentenceOutcome.SUPPORTED
    assert checker.check("we found 31 eels, on the floor of gate 7").reason == "it repeats an earlier sentence"


def test_a_copy_is_quoted_as_it_stands_in_the_document() -> None:
    checker = Checker()
    check = checker.check("we found 31 EELS on the floor -- and carried them out in a tin bath!")
    assert check.outcome is SentenceOutcome.QUOTED
    assert check.text == "We found 31 eels on the floor and carried them out in a tin bath."
    assert checker.citations.all[0].quote == check.text


def test_a_copy_with_a_word_exchanged_is_quoted_as_it_stands_in_the_document() -> None:
    checker = Checker()
    check = checker.check("Then we found 31 eels on the floor and carried them out in a bath.")
    assert (check.outcome, check.reason) == (SentenceOutcome.QUOTED, "copied but for a few words")
    assert check.text == "We found 31 eels on the floor and carried them out in a tin bath."
    assert checker.citations.all[0].quote == check.text
    again = checker.check("And we found 31 eels on the floor and carried them out in a bath.")
    assert again.reason == "it repeats an earlier sentence", "the same words are quoted once"


FRAMED = "I used to believe that the keepers of the lock at Marl should all be clerks."


def framed(text: str, *, max_quote_words: int = 60) -> Checker:
    whole = Span(start=0, end=len(text))
    one = passage("blog/eels.md").model_copy(update={"text": text, "end": len(text), "own": (whole,)})
    return Checker("keepers lock Marl clerks", passages=[one], max_quote_words=max_quote_words)


def test_part_of_a_sentence_is_quoted_with_what_frames_it() -> None:
    checker = framed(f"It rained. {FRAMED} It rained again.")
    check = checker.check("The keepers of the lock at Marl should all be clerks.")
    assert (check.outcome, check.text) == (SentenceOutcome.QUOTED, FRAMED)
    assert check.reason == "copied word for word out of a longer sentence"
    assert checker.citations.all[0].quote == FRAMED
    assert checker.check("The keepers of the lock at Marl.").reason == "it repeats an earlier sentence"


def test_part_of_a_sentence_that_is_too_long_to_quote_is_dropped() -> None:
    part = "The keepers of the lock at Marl should all be clerks."
    assert framed(FRAMED, max_quote_words=15).check(part).outcome is SentenceOutcome.DROPPED
    assert framed(FRAMED, max_quote_words=16).check(part).outcome is SentenceOutcome.QUOTED
    assert framed(FRAMED, max_quote_words=10).check(FRAMED).outcome is SentenceOutcome.QUOTED, "the draft is as long"


def test_others_words_support_nothing() -> None:
    checker = Checker()
    assert checker.check(QUOTED_BY_OTHERS).outcome is SentenceOutcome.DROPPED
    assert Checker(ids=()).check("We found 31 eels.").reason == "no passage holds words of the persona's own"


def test_a_name_of_the_question_may_stand_in_another_passage() -> None:
    own = [passage(one) for one in DOCUMENTS]
    assert granted_names("Did Ruth and Thaddeus wind the leaf at Marl?", own) == {"ruth", "marl"}
    assert granted_names("", own) == frozenset()
