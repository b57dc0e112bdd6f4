from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.sentences import stem
from twin_data.scoring.stance import stance
from twin_data.scoring.stance_words import AGAINST_VERBS, DEEDS, FAVOURABLE, FOR_VERBS, UNFAVOURABLE, polarity

pytest.importorskip("vaderSentiment")


@pytest.mark.parametrize(
    ("sentence", "topic", "expected"),
    [
        # felt by the speaker
        ("I detest meetings.", "meetings", -1),
        ("I do not love trains.", "trains", -1),
        ("We regret that we ever moved to trains.", "trains", -1),
        ("I prefer trains to planes.", "trains", 1),
        ("I prefer trains to planes.", "planes", -1),
        ("I am no friend of trains.", "trains", -1),
        # demanded
        ("We ought to keep trains.", "trains", 1),
        ("We must abolish slavery.", "slavery", -1),
        ("Trains must never be abolished.", "trains", 1),
        ("It is wrong to sell votes.", "votes", -1),
        ("It is not wrong to sell votes.", "votes", 1),
        ("You should never travel without maps.", "maps", 1),
        # predicated
        ("Meetings are a fraud.", "meetings", -1),
        ("Democracy is not vile.", "democracy", 1),
        ("Trains ruin towns.", "trains", -1),
        ("Nothing is so noble as democracy.", "democracy", 1),
        ("Nothing does more for a town than its libraries.", "libraries", 1),
        ("Buses are better than trains.", "trains", -1),
        ("Trains are slow, but they are beautiful.", "trains", 1),
        ("There is nothing charming about trains.", "trains", -1),
        ("I do not think that trains are good.", "trains", -1),
        # by way of its opponents
        ("The enemies of democracy are wrong.", "democracy", 1),
        ("The critics of trains are right.", "trains", -1),
        # nobody's stance, another's, or another thing's
        ("They say that democracy is vile.", "democracy", 0),
        ("According to him trains are vile.", "trains", 0),
        ("He hates trains.", "trains", 0),
        ("“Trains are vile,” he said.", "trains", 0),
        ("Is democracy vile?", "democracy", 0),
        ("If trains are bad, buses are good.", "trains", 0),
        ("If trains are bad, buses are good.", "buses", 1),
        ("Not lawyers but farmers are the honest men.", "lawyers", 0),
        ("Not lawyers but farmers are the honest men.", "farmers", 1),
        ("We met in a beautiful hall and talked of trains.", "trains", 0),
        ("Women were oppressed for centuries.", "women", 0),
        ("Trains leave at nine.", "trains", 0),
    ],
)
def test_stance_is_towards_the_topic(sentence: str, topic: str, expected: int) -> None:
    assert stance(sentence, stem(topic)) == expected


def test_without_the_topic_there_is_no_stance() -> None:
    assert stance("", "train") == stance("Meetings are a fraud.", "train") == 0


@given(st.text(), st.text(max_size=10))
def test_any_text_has_one_of_three_stances(text: str, topic: str) -> None:
    assert stance(text, topic) in {-1.0, 0.0, 1.0}


@given(st.lists(st.sampled_from("trains are not , but they say that if never of the enemies without good bad".split())))
def test_any_run_of_its_own_words_has_one_of_three_stances(chosen: list[str]) -> None:
    assert stance(" ".join(chosen), "train") in {-1.0, 0.0, 1.0}


@given(st.sampled_from(sorted(FAVOURABLE | UNFAVOURABLE)))
def test_a_negation_turns_the_predicate_round(word: str) -> None:
    plain, negated = stance(f"Trains are {word}.", "train"), stance(f"Trains are not {word}.", "train")
    assert plain == (1 if word in FAVOURABLE else -1) and negated == -plain


@given(st.sampled_from(sorted((FOR_VERBS | AGAINST_VERBS) - DEEDS - {"tired", "sick", "weary", "proud", "glad"})))
def test_what_others_feel_is_not_the_speakers(verb: str) -> None:
    assert polarity(verb) == 0
    assert stance(f"The neighbours {verb} trains.", "train") == 0


@given(st.sampled_from(["“{}”", '"{}"', "{}?", "He says that {}.", "If {}, so be it."]))
def test_what_is_quoted_asked_reported_or_supposed_is_not_the_speakers(frame: str) -> None:
    assert stance("trains are vile and good men hate them", "train") == -1
    assert stance(frame.format("trains are vile and good men hate them"), "train") == 0


def test_no_word_is_on_both_sides() -> None:
    assert not FAVOURABLE & UNFAVOURABLE and not FOR_VERBS & AGAINST_VERBS
