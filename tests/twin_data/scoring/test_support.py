from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.base import Span
from twin_data.scoring.alignment import NOTHING, Relations
from twin_data.scoring.sentences import stem
from twin_data.scoring.support import DEFAULT_MODEL, EvidenceText, Support, is_negated, names, sentence_windows


def even(stem: str) -> float:
    return 1.0


def whole(text: str) -> list[Span]:
    return [Span(start=0, end=len(text))]


def support(claim: str, evidence: str) -> Support:
    found = EvidenceText(evidence, whole(evidence)).support(claim, even)
    assert found is not None
    return found


KAFKA = (
    "We left Kafka in September. It cost £1,310 a month, which is £15,720 a year, for a queue of forty-five messages. "
    "Cornelius wrote the log that replaced it, and we never missed the broker."
)


@pytest.mark.parametrize(
    "claim",
    [
        "We left Kafka in September.",
        "It cost £1310 a month.",
        "A queue of 45 messages cost it.",
        "Cornelius wrote the log which replaced Kafka.",
        "We never missed the broker.",
        "Kafka cost 15,720 pounds a year.",
    ],
)
def test_what_the_passage_says_is_supported(claim: str) -> None:
    found = support(claim, KAFKA)
    assert found.missing == ""
    assert found.score >= 0.6


LOCK = (
    "The grey theatre at the centre of the town was painted in a colour that our neighbours never got used to. "
    "Whilst travelling I organised the defence of the programme, and a counsellor from the Labour Party analysed it."
)


@pytest.mark.parametrize(
    "claim",
    [
        "The gray theater at the town's center was painted in a color our neighbors never got used to.",
        "While traveling I organized the program's defense.",
        "A counselor from the Labor Party analyzed the program.",
    ],
)
def test_an_american_paraphrase_of_a_british_passage_is_supported(claim: str) -> None:
    found = support(claim, LOCK)
    assert found.missing == ""
    assert found.score >= 0.6


INN = (
    "On 4 June we went down to Jaca, which cost us £60, and I paid twice. The room was clearer and cheaper than the one "
    "in Pau. We bought nothing there, and we'll decide in spring whether to return."
)


@pytest.mark.parametrize(
    "claim",
    [
        "On June 4th we were going down to Jaca, and it cost 60 pounds.",
        "I was paying two times in Jaca.",
        "We haven't purchased anything there.",
        "Whether to return will be our decision in spring.",
    ],
)
def test_the_same_in_other_forms_of_the_words_is_supported(claim: str) -> None:
    found = support(claim, INN)
    assert (found.missing, found.score >= 0.6) == ("", True)


def test_a_wish_is_no_deed_though_both_are_contracted() -> None:
    assert support("I'd done it for the neatness.", "I'd do it for the neatness.").score < 0.6


def test_a_denial_in_the_other_spelling_is_one() -> None:
    assert support("We favored the theater.", "We never favoured the theatre.").missing == "the passage denies it"
    assert support("I spoke to Gray.", "I spoke to Grey.").missing == "the name Gray is not in the passage"


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("It cost £1,311 a month.", "the number 1311 is not in the passage"),
        ("It cost £13.10 a month.", "the number 13.10 is not in the passage"),
        ("The queue held forty messages.", "the number 40 is not in the passage"),
        ("It cost £1 a month.", "the number 1 is not in the passage"),
        ("We left Kafka in September of one year.", "the number 1 is not in the passage"),
        ("The log was written by Thaddeus.", "the name Thaddeus is not in the passage"),
        ("We left Kafka in October.", "the name October is not in the passage"),
        ("The log never replaced it.", "the passage does not deny it"),
        ("We missed the broker.", "the passage denies it"),
    ],
)
def test_what_it_does_not_say_is_named(claim: str, missing: str) -> None:
    evidence = KAFKA if "broker" not in claim else "We never missed the broker."
    found = EvidenceText(evidence, whole(evidence))
    windows = [found.support(claim, even)]
    assert windows[0] is not None
    assert windows[0].score == 0.0
    if len(evidence) < 50 or not claim.startswith(("It cost", "The queue", "We left")):
        assert support(claim, evidence).missing
    assert missing in {one.missing for one in every_window(claim, evidence)}


def every_window(claim: str, evidence: str) -> list[Support]:
    """The judgement of each window alone."""
    found = []
    for span in sentence_windows(evidence, whole(evidence)):
        one = EvidenceText(span.of(evidence), whole(span.of(evidence))).support(claim, even)
        assert one is not None
        found.append(one)
    return found


@pytest.mark.parametrize(
    ("claim", "evidence", "agrees"),
    [
        ("The gate was opened.", "The gate was not opened.", False),
        ("The gate wasn’t opened.", "The gate was opened.", False),
        ("The gate wasn't opened.", "The gate was not opened.", True),
        ("I used Postgres.", "I did not use Kafka, I used Postgres.", True),
        ("I used Kafka.", "I did not use Kafka, I used Postgres.", False),
        ("We deploy on Fridays.", "We deploy on Tuesdays, but never on Fridays.", False),
        ("We never deploy on Fridays.", "We deploy on Tuesdays and never on Fridays.", True),
        ("42 boats passed.", "No fewer than 42 boats passed.", True),
        ("The gate opened in May.", "The gate opened not only in April: it opened in May.", True),
        ("We deployed it.", "We deployed it without tests.", True),
        ("The gate isn't open and the lock isn't shut.", "The gate isn't open, and the lock isn't shut.", True),
        ("Nobody missed the broker.", "We never missed the broker. We do not miss it now.", True),
    ],
)
def test_a_denial_is_not_a_statement(claim: str, evidence: str, agrees: bool) -> None:
    found = support(claim, evidence)
    assert (found.score > 0.5) is agrees
    assert (found.missing == "") is agrees


def test_any_one_of_the_passage_bears_out_the_figure_and_the_pronoun_needs_nothing() -> None:
    assert support("We kept 1 queue.", "We kept one queue.").missing == ""
    assert support("We kept one of the queues.", "We kept a few of the queues.").missing == ""


def test_the_nearer_the_wording_the_higher_the_score() -> None:
    evidence = "The shadow gate copies every command to a model of the river and compares what would have happened."
    claims = [
        "The shadow gate copies every command to a model of the river.",
        "A model of the river gets a copy of every command, from the shadow gate.",
        "The gate compares the weather with the river bed.",
        "The gate is painted green like a boat in winter.",
        "Cheese matures slowly in caves.",
    ]
    scores = [support(claim, evidence).score for claim in claims]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0
    assert scores[-1] == 0.0
    assert len(set(scores)) == len(scores)


SQUARE = (
    "The bishop praised the mayor in public for the new bridge over the river. "
    "The market of the town was closed in winter after a fire in the mill."
)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("The bishop praised the mayor for the new bridge.", "The mayor praised the bishop for the new bridge."),
        ("The bishop praised the mayor for the bridge.", "The river praised the bridge for the mayor of the bishop."),
        ("The market was closed after a fire in the mill.", "The mill of the fire was a market for the closed winter."),
        ("The market was closed in winter.", "The bishop praised the mayor in winter after a fire."),
        ("The mayor was praised by the bishop.", "The bishop was praised by the mayor."),
    ],
)
def test_the_same_words_in_another_relation_support_less(right: str, wrong: str) -> None:
    assert support(right, SQUARE).score >= 0.9
    assert support(wrong, SQUARE).score < support(right, SQUARE).score - 0.05


def test_words_that_stand_nowhere_are_not_made_up_for_by_the_others() -> None:
    assert support("The bishop praised the mayor for burning heretics slowly.", SQUARE).score < 0.6


def test_a_model_never_scores_less_for_more_in_common() -> None:
    low = Relations(*[0.5] * 9)
    for name in vars(low):
        assert DEFAULT_MODEL.score(replace(low, **{name: 0.9})) >= DEFAULT_MODEL.score(low)
    assert DEFAULT_MODEL.score(NOTHING) == 0
    assert DEFAULT_MODEL.score(Relations(*[1.0] * 9)) == 1
    assert DEFAULT_MODEL.bound(0.5) >= DEFAULT_MODEL.score(Relations(0.5, *[1.0] * 8))


def test_rare_words_weigh_more() -> None:
    def weight(stem: str) -> float:
        return {"capstan": 1.0}.get(stem, 0.1)

    claim = "The capstan turned slowly."
    rare = EvidenceText("A capstan.", whole("A capstan.")).support(claim, weight)
    common = EvidenceText("Turned slowly.", whole("Turned slowly.")).support(claim, weight)
    assert rare
    assert common
    assert rare.score > common.score


def test_the_shortest_run_that_says_it_is_cited() -> None:
    found = support("We left Kafka in September.", KAFKA)
    assert found.span.of(KAFKA) == "We left Kafka in September."
    two = support("The queue cost £1,310 and Cornelius replaced it.", KAFKA)
    assert two.span.of(KAFKA).startswith("It cost")
    assert two.span.of(KAFKA).endswith("the broker.")


def test_only_the_allowed_spans_are_cited() -> None:
    at = KAFKA.index("It cost")
    evidence = EvidenceText(KAFKA, [Span(start=at, end=len(KAFKA))])
    found = evidence.support("We left Kafka in September.", even)
    assert found
    assert found.score == 0.0
    assert found.span.start >= at
    assert EvidenceText(KAFKA, []).support("We left Kafka.", even) is None


def test_a_claim_of_nothing_is_not_supported() -> None:
    found = support("So it is.", KAFKA)
    assert found.score == 0.0
    assert found.missing == "the sentence says nothing that can be checked"


@given(st.lists(st.sampled_from(["It rose.", "Then, he said, it fell.", "No!", "“Why?”", "\n\n"]), max_size=8))
def test_windows_lie_within_one_span_and_hold_one_to_three_sentences(parts: list[str]) -> None:
    text = " ".join(parts)
    middle = len(text) // 2
    allowed = [Span(start=0, end=middle), Span(start=middle, end=len(text))]
    for window in sentence_windows(text, allowed):
        assert any(one.start <= window.start < window.end <= one.end for one in allowed)
    assert len(sentence_windows(text, whole(text), longest=1)) <= len(sentence_windows(text, whole(text)))


@given(st.text(max_size=60), st.text(max_size=120))
def test_a_score_is_between_nothing_and_all(claim: str, evidence: str) -> None:
    found = EvidenceText(evidence, whole(evidence)).support(claim, even)
    if found is not None:
        assert 0.0 <= found.score <= 1.0 + 1e-9
        assert not found.missing or found.score == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yesterday Cornelius met Hedy’s brother.", {"Cornelius", "Hedy"}),
        ("Boats came. Then Marl Lock opened: Nobody saw.", {"Marl", "Lock"}),
        ("He said “Stop.” Boats waited at NATO.", {"NATO"}),
        ("I’m sure I've seen McTavish.", {"McTavish"}),
    ],
)
def test_names(text: str, expected: set[str]) -> None:
    found = names(text)
    assert found - {"Stop"} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is not so.", True),
        ("It isn’t.", True),
        ("Nobody came.", True),
        ("Not only that.", False),
        ("No doubt it is.", False),
        ("A note on knots.", False),
    ],
)
def test_what_denies(text: str, expected: bool) -> None:
    assert is_negated(text) is expected


ORCHARD = (
    "She planted the pear by the south wall in 1921, and it bore fruit for sixty years. "
    "The apples and the quinces went to the school, and nobody was asked to pay for the quinces."
)


@pytest.mark.parametrize(
    "claim",
    [
        "Quinces and quinces.",
        "The pear by the wall.",
        "The apples and the apples",
        "The apples, the quinces and the pear",
    ],
)
def test_a_scrap_without_a_verb_says_nothing(claim: str) -> None:
    found = support(claim, ORCHARD)
    assert (found.score, found.missing) == (0.0, "the sentence says nothing that can be checked")


@pytest.mark.parametrize(
    "claim",
    ["It bore fruit.", "She planted it.", "In 1921.", "She planted the pear by the south wall", "the quinces in 1921"],
)
def test_a_short_sentence_with_a_verb_or_a_figure_is_a_claim(claim: str) -> None:
    assert support(claim, ORCHARD).score >= 0.6


def test_a_sentence_that_denies_itself_says_nothing() -> None:
    assert support("It was a pear, and it was not a pear.", ORCHARD).missing == "the sentence contradicts itself"


def test_a_sentence_that_breaks_off_is_no_claim_unless_the_passage_breaks_off_so() -> None:
    assert support("She planted the pear by the south wall and it…", ORCHARD).missing == "the sentence breaks off"
    assert support("She planted the pear by the south...", ORCHARD).missing == "the sentence breaks off"
    evidence = "She planted the pear by the south wall… Nobody knows why."
    assert support("She planted the pear by the south wall...", evidence).score >= 0.6


def test_a_name_that_was_asked_with_may_be_a_pronoun_in_the_passage() -> None:
    claim = "The pear that old Henrietta planted by the south wall in 1921 bore fruit for sixty years."
    assert support(claim, ORCHARD).missing == "the name Henrietta is not in the passage"
    granted = EvidenceText(ORCHARD, whole(ORCHARD)).support(claim, even, granted={stem("Henrietta")})
    assert granted
    assert granted.score >= 0.6


def test_one_word_of_a_clause_among_several_is_not_denied() -> None:
    claim = "The apples and quinces went to the school, as quinces, and nobody was asked to pay."
    assert support(claim, ORCHARD).missing == ""
    only = "Everybody was asked to pay, and the quinces went to the school."
    said = "Nobody was asked to pay for them, and the quinces went to the school."
    assert support(only, said).missing == "the passage denies it"


def test_a_word_said_twice_must_be_there_twice() -> None:
    once, twice = "The pear bore fruit for years.", "The pear bore the pear for years."
    assert support(twice, ORCHARD).score < support(once, ORCHARD).score - 0.1


def test_the_fewer_words_of_content_the_more_the_small_ones_count() -> None:
    short = support("It is a south of the school.", ORCHARD).score
    assert short < 0.7
    assert support("The south wall had the pear from 1921, which for sixty years bore fruit.", ORCHARD).score > short


def test_small_words_of_other_sentences_do_not_lengthen_the_citation() -> None:
    evidence = "The ferry left at noon with the mail of the island. As for it, nobody was there at all. It was his."
    found = support("As for the ferry, it left at noon with the mail of the island.", evidence)
    assert found.score >= 0.9
    assert found.span.of(evidence) == "The ferry left at noon with the mail of the island."


def test_the_same_words_over_again_are_no_claim_unless_the_passage_says_them_so() -> None:
    once = "I planted the pear by the south wall in the spring."
    said = "I planted the pear by the south wall, and by the south wall in the spring."
    assert support(said, once).missing == "the sentence says “by the south” again, the passage does not"
    twice = "I planted the pear by the south wall, yes, by the south wall, in the spring."
    assert support(said, twice).score >= 0.6


CALLED_WRONG = "It is unfair to the great Confucius to say that he founded a religion in China."


@pytest.mark.parametrize(
    ("claim", "missing"),
    [
        ("The great Confucius founded a religion in China.", "the passage denies it"),
        ("The great Confucius founded no religion in China.", ""),
        ("It is unfair to say that Confucius founded a religion in China.", ""),
    ],
)
def test_what_the_passage_calls_wrong_to_say_it_denies(claim: str, missing: str) -> None:
    found = support(claim, CALLED_WRONG)
    assert found.missing == missing and (found.score >= 0.6) is (not missing)


def test_what_is_said_to_be_wrong_itself_is_no_denial() -> None:
    assert is_negated("It would be a mistake to call this humility.")
    assert is_negated("They made the error of supposing the gate was shut.")
    assert not is_negated("It was wrong of him, and he said so to that man.")
    assert not is_negated("The wrong man said that the false gate was shut.")
