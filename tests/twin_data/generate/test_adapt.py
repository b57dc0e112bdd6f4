"""Adapted sentences: not copies, no new words of content, and they read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.generate.adapt import adaptations, is_verbatim, joined
from twin_data.generate.candidates import stands_alone
from twin_data.generate.clauses import addresses_reader, complex_sentence, leans_back, spoken_to_author, without_lead
from twin_data.generate.prose import reads_well
from twin_data.scoring.sentences import content_stems


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        (
            "The rule has refused four, three of them (two flat batteries and one welding set) the fault of the clocks.",
            "The rule has refused four, three of them the fault of the clocks.",
        ),
        (
            "We call it the shadow, which hangs on the quay, and we trust it to two tides.",
            "We call it the shadow, and we trust it to two tides.",
        ),
        (
            "When the wind is in the south, the town hears the horn.",
            "The town hears the horn when the wind is in the south.",
        ),
        ("Because the gate is slow, we open it early.", "We open it early because the gate is slow."),
        ("The gain was a third of a centimetre.", "As for the gain, it was a third of a centimetre."),
        ("The pump is old, and I am fond of it.", "The pump is old; I am fond of it."),
        ("The pump is old; I am fond of it.", "The pump is old, and I am fond of it."),
        ("The keeper, having shut the gate at nine, went home.", "The keeper went home."),
        ("On the second quay, where the gauge stands, we trust it.", "On the second quay we trust it."),
        ("It is, however, a bad pump in bad weather.", "It is a bad pump in bad weather."),
        ("It ran — to my surprise — until breakfast without a cough.", "It ran until breakfast without a cough."),
        (
            "One gauge was slow; the other was new; the bell has always been right.",
            "One gauge was slow; the bell has always been right.",
        ),
    ],
)
def test_rules_shorten_and_turn(sentence: str, wanted: str) -> None:
    assert wanted in [one.text for one in adaptations(sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "I went at first over wide, sloping fields, and some hundred feet above the valley I crossed a little canal.",
        "The struggle for gauges, which has gone on in the harbour, quays, and other places, is a good sign.",
        "It was the hidden currents, flowing continually beneath the surface, of which no one can predict the outcome.",
        "The gate, which stood for a century, and the bridge, were sold in the same week.",
        "We sat there, trying our knives on the wood, and admiring the clear grain of it.",
        "Their shadows, morning and evening, reach farther than the steps that they take.",
        "The culture stood against the tide, learning against ignorance, purity against crime.",
        "It is a land, where the coming of a stranger was an event, and men lived in the shadow of a hill.",
    ],
)
def test_a_clause_that_the_sentence_would_not_close_over_stays(sentence: str) -> None:
    rules = {rule for one in adaptations(sentence) for rule in one.rules}
    assert not rules & {"without_relative", "without_participle"}


@pytest.mark.parametrize(
    "sentence",
    [
        "The mill ran as badly as if nobody had ever oiled the wheel.",
        "The mill was more beautiful than when my father built it.",
        "My house was more respected than when the keeper lived there.",
        "He ran to the gate so that, if the tide had turned, he could shut it.",
    ],
)
def test_what_breaks_off_is_no_clause(sentence: str) -> None:
    assert complex_sentence(sentence) is None
    assert not any("turned" in one.rules for one in adaptations(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "The songs fall into two kinds, the frivolous and light, and the sad.",
        "The keeper sat at the head of six steps, corpulent, red-faced, and the author of several tracts.",
        "The breakdown of the gate, and the distrust in its timber, is a worse thing than the tide.",
    ],
)
def test_what_has_no_verb_of_its_own_is_no_clause(sentence: str) -> None:
    assert not any("and_to_semicolon" in one.rules for one in adaptations(sentence))


@pytest.mark.parametrize(
    ("sentence", "never"),
    [
        ("The gate was shut in the very second of the flood.", "the second of"),
        ("A very old gate stood there until the flood took it.", "A old"),
        ("I had an entirely new gate made by the smith.", "an new"),
        ("As, for instance, that it was once an island of the Gauls.", "As that"),
        ("The hawk is brother of the wave which he sails over.", "As for the hawk"),
        ("The keeper brought back a lamp because it left soot on the wall.", "Because it left"),
        ("There came a day when all the keepers left the lock.", "When all the keepers left the lock, there came"),
    ],
)
def test_no_rule_breaks_the_grammar(sentence: str, never: str) -> None:
    made = [sentence, *(one.text for one in adaptations(sentence))]
    assert not any(never in text for text in made[1:])


def test_a_question_that_was_trimmed_is_still_one() -> None:
    house = "The house is but a seat on the quay, is it not?—better if it is a country seat."
    made = joined(house, "It was four pages long.") + joined(house.replace("?", ""), "It was long.")
    assert not any("?," in one.text or "?." in one.text for one in [*made, *adaptations(house)])


def test_no_sentence_is_trimmed_to_a_half() -> None:
    steep = "The hills were so steep, and the woods were then so high that, as you looked down, it was like a church."
    cut = (
        "The whole cut impressed me as — I cannot say it otherwise, because nothing is like it, the bowels of a beast."
    )
    for sentence in (steep, cut):
        made = [*adaptations(sentence), *joined(sentence, "It was the work of a man.")]
        assert not any(
            one.text.removesuffix(".").endswith((" as", " that")) or " that, and" in one.text for one in made
        )


def test_neighbouring_sentences_on_one_matter_are_joined() -> None:
    made = joined("The offer came on Tuesday from a firm of builders.", "It was four pages long.")
    assert "The offer came on Tuesday from a firm of builders, and it was four pages long." in [
        one.text for one in made
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Badly, to begin with.", "I had a form."),
        ("The gate was shut.", "But nobody knew."),
        ("The gate was shut at nine.", "The biscuits are in the tin."),
        ("Was the gate shut?", "It was."),
    ],
)
def test_what_does_not_belong_together_is_not_joined(first: str, second: str) -> None:
    assert joined(first, second) == []


def test_a_contrast_does_not_become_an_addition() -> None:
    texts = [one.text for one in adaptations("It is not a river; it is a drain with a history.")]
    assert not any(", and it is" in text for text in texts)


_SENTENCES = st.lists(
    st.sampled_from(
        [
            "When",
            "the",
            "gate",
            "shuts",
            ",",
            "we",
            "open",
            "it",
            "(slowly)",
            "—",
            "which",
            "is",
            "old",
            ";",
            "and",
            "I",
            "was",
            "because",
        ]
    ),
    min_size=3,
    max_size=25,
).map(lambda parts: " ".join(parts).replace(" ,", ",").replace(" ;", ";") + ".")


@given(_SENTENCES)
def test_no_rule_adds_a_word_of_content(sentence: str) -> None:
    for one in adaptations(sentence):
        assert set(content_stems(one.text)) <= set(content_stems(sentence))
        assert one.text != sentence


def test_a_copy_is_told_from_a_change_whatever_the_punctuation() -> None:
    text = "But the gate was slow — and old. Nobody minded."
    assert is_verbatim("The gate was slow, and old", text)
    assert not is_verbatim("The gate was old", text)


@pytest.mark.parametrize(
    "text",
    [
        "Which is the point of the whole affair, as I was saying to them.",
        "And the gate was shut before anybody had come down to see it.",
        "The gate (which was old was shut before anybody had come down.",
        "the gate was shut before anybody had come down to see it.",
        "The gate was shut before anybody had come down to see it,",
        "A brass bell, sixty bottles, a cast pawl, a windlass of great age.",
        "I asked [name] to shut the gate before the tide came in.",
        "Shut it.",
    ],
)
def test_what_reads_badly_is_seen(text: str) -> None:
    assert not reads_well(text)


def test_what_reads_well_is_let_through() -> None:
    assert reads_well("The gate was shut before anybody had come down to see it.")


def test_leads_and_backward_looks() -> None:
    assert without_lead("But then, of course, we shut it.") == "We shut it."
    assert without_lead("For the fifty minutes it lasts, one drives.").startswith("For the fifty")
    assert (
        without_lead("However, the gate was shut.") == without_lead("Then the gate was shut.") == "The gate was shut."
    )
    for whole in ("However hard the wind, I row.", "First come the dogs.", "So far I agree.", "Still waters run deep."):
        assert without_lead(whole) == whole
    assert leans_back("It is a village on the brow of a hill.") and not leans_back("It is a pity to go.")
    assert leans_back("That was the end of it.") and leans_back("She said no.")
    assert not leans_back("It is the tide that decides.")


@pytest.mark.parametrize(
    "text",
    [
        "The birds pull it out and drop it in the gutters.",
        "I tell them at the door that the nails are copper.",
        "I learned this from an old slater in the north.",
        "When I was young, I ate it without a question.",
        "I never trusted his accounts of the matter.",
        "The third is that I like it.",
        "As for the third, it is that the pump is old.",
        "The latter was mended in the spring by a man from Hexham.",
    ],
)
def test_what_nothing_before_it_names_does_not_stand_alone(text: str) -> None:
    assert not stands_alone(text)


@pytest.mark.parametrize(
    "text",
    [
        "I put the ladder in the barn and forgot it for a year.",
        "Slates fell in the frost, and I mended them in the spring.",
        "The old birds on the roof kept their young in the moss.",
        "All classes alike will thus build their plans on the moss.",
        "I find it hard to say what the gauge is for.",
        "The third gate was shut before anybody had come down.",
        "The other day the gate was shut before anybody had come.",
        "The last train leaves at nine, and I have never caught it.",
        "My father gave the boy his gun, and that was the end.",
    ],
)
def test_what_names_what_it_means_stands_alone(text: str) -> None:
    assert stands_alone(text)


def test_the_author_is_spoken_to() -> None:
    assert spoken_to_author("I was glad that my gate held us") == "you were glad that your gate held you"
    assert addresses_reader("You know the gate")


@pytest.mark.parametrize(
    ("clause", "wanted"),
    [
        ("World War I ended", "World War I ended"),
        ("World War I was over", "World War I was over"),
        ("Henry I was king", "Henry I was king"),
        ("Yesterday I was late", "Yesterday you were late"),
        ("the US raised its tariffs", "the US raised its tariffs"),
        ("they told us at 9 AM", "they told you at 9 AM"),
        ("the coal mine closed", "the coal mine closed"),
        ("a friend of mine left", "a friend of yours left"),
        ("the roof was mine", "the roof was yours"),
        ("mine was the last", "yours was the last"),
        ("I'm sure that I've paid", "you're sure that you've paid"),
        ("was I to blame", "were you to blame"),
    ],
)
def test_only_the_authors_own_pronouns_are_turned(clause: str, wanted: str) -> None:
    assert spoken_to_author(clause) == wanted


def test_only_two_clauses_make_a_complex_sentence() -> None:
    assert complex_sentence("When we are sociologists we are addressing the man, we are addressing humanity.") is None
    found = complex_sentence("If the gate sticks, the bell rings.")
    assert found is not None and (found.subordinate, found.main) == ("the gate sticks", "the bell rings")
