"""Claims that use the passage's own words and turn it round; beside each a true one that a blunter rule would lose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.base import Span
from twin_data.scoring.readings import Reading
from twin_data.scoring.reversals import reversal
from twin_data.scoring.sentences import sentence_spans
from twin_data.scoring.support import EvidenceText

BILL = "We moved the billing service from Heroku to AWS in March 2021, and the monthly bill fell from $4,200 to $1,300."
PARSER = (
    "Priya wrote the parser and Tom reviewed it. The release slipped by two weeks; the fuzzer had found eleven crashes."
)
BARN = "The old barn costs about 300 pounds a month to heat, so we heat it only on Fridays."
BIRTH = "My daughter was born in Leeds on 14 June 2016, three weeks early, while I was on a train from York."
RIVETS = "Copper rivets cost more than bronze screws, but they last longer in salt water."
GLUE = "If the shed is colder than ten degrees, the glue stays soft and the joint fails within a year."
BELIEF = "I used to believe that code review catches bugs; now I think it mostly spreads knowledge."
ANNA = "Anna thinks that microservices are a mistake for small teams. I disagree with her."
OWL = "The owl does not sing until it is dark; but the robin at No. 9 will sing because nobody listens."
GUILD = "The guild meets at night because its members bake by day. The hall is cold, and nobody minds."
WRECK = "The Kittiwake sank because the keel bolts had rusted, not because she was overloaded."
CREW = "Few apprentices stay more than two winters. Most of our customers were fishermen."
PRICES = "A day ticket costs 300 to 900 euros at most, and the gate opens at 9 a.m. in spring."
HULL = "Does a plastic hull last? Ask the men who scrap them."
SALE = "Karl sold the boat to Marie for 9,000 euros. I nearly sold the workshop in 2009."
TEA = "Tea should be brewed for four minutes at 80 degrees, and coffee for two minutes at 95 degrees."
SISTER = "My sister is two years younger than I am and has always been braver."
TRACKERS = "We tried trackers before we chose a whiteboard."


def statements(passage: str) -> list[str]:
    return [piece for span in sentence_spans(passage) for piece in span.of(passage).split("; ")]


def turned(claim: str, passage: str) -> str:
    return reversal(Reading.of(claim), [Reading.of(one) for one in statements(passage)])


@pytest.mark.parametrize(
    ("claim", "passage", "said"),
    [
        ("We moved the billing service from AWS to Heroku.", BILL, "the other way round"),
        ("The monthly bill rose from $4,200 to $1,300.", BILL, "“fell”, not “rose”"),
        ("The yearly bill fell from $4,200 to $1,300.", BILL, "“monthly”, not “yearly”"),
        ("Tom wrote the parser and Priya reviewed it.", PARSER, "“wrote” of Tom"),
        ("The release slipped by eleven weeks.", PARSER, "“11 weeks”"),
        ("The old barn costs about 300 dollars a month to heat.", BARN, "“300 dollars”"),
        ("We heat the old barn a month, except on Fridays.", BARN, "“only”, not “except”"),
        ("My daughter was born in York on 14 June 2016.", BIRTH, "14 of something else"),
        ("She was born on 16 June 2016.", "We wed on 16 June 2014. She was born on 14 June 2016.", "of that month"),
        ("My daughter was born in Leeds, three weeks late.", BIRTH, "“early”, not “late”"),
        ("My son was born in Leeds on 14 June 2016.", BIRTH, "“daughter”, not “son”"),
        ("Bronze screws cost more than copper rivets.", RIVETS, "the other way round"),
        (
            "Plain nets are less clear than knotted nets.",
            "Plain nets are clearer than knotted nets.",
            "other way round",
        ),
        (
            "Knotted nets are more clear than plain nets.",
            "Plain nets are clearer than knotted nets.",
            "other way round",
        ),
        ("The glue stays soft and the joint fails within a year.", GLUE, "“if”"),
        ("I believe that code review catches bugs.", BELIEF, "used to"),
        ("Microservices are a mistake for small teams.", ANNA, "somebody else says"),
        ("I think that microservices are a mistake for small teams.", ANNA, "somebody else says"),
        ("The Kittiwake sank because she was overloaded.", WRECK, "not why"),
        ("All of our customers were fishermen.", CREW, "“all”"),
        ("Most apprentices stay more than two winters.", CREW, "most"),
        ("A day ticket costs 900 to 300 euros.", PRICES, "300 to 900"),
        ("A day ticket costs 300 dollars.", PRICES, "“300 dollars”"),
        ("The gate opens at 9 p.m.", PRICES, "“9 p.m.”"),
        ("A plastic hull does last.", HULL, "only asks"),
        ("Marie sold the boat to Karl.", SALE, "the passage does not say"),
        ("I sold the workshop in 2009.", SALE, "nearly sold"),
        ("Coffee should be brewed for four minutes.", TEA, "4 of something else"),
        ("Honey helps the crust.", "I doubt that honey helps the crust.", "“I doubt”"),
        ("I signed the lease in May.", "I refused to sign the lease in May.", "denies it"),
        ("I signed the lease in May.", "I meant to sign the lease in May.", "meant to sign"),
        ("I hired Ruth in 1994.", "Ruth hired me in 1994.", "of me"),
        ("The rent had doubled because we moved.", "We moved because the rent had doubled.", "cause and effect"),
        ("Two of the nine renewed.", "Four of the nine renewed.", "2 of 9"),
        ("I still think so of the slipway.", "I thought so of the slipway.", "still"),
        ("The owl sings until it is dark.", OWL, "denies it"),
        ("As for the robin at No. 9, it does not sing.", OWL, "does not deny it"),
        ("The guild meets at night because the hall is cold.", GUILD, "another reason"),
        ("The board sat because it rained.", "The board sat although it rained.", "reason"),
        ("The board sat although it rained.", "The board sat because it rained. But I left.", "reason"),
        ("We deploy at noon.", "If the tests pass, we deploy at noon.", "“if”"),
        ("We shall sell it in May.", "Unless my wife objects, we shall sell it in May.", "“unless”"),
        ("I skated to school.", "The river froze, and my brothers skated to school.", "of me"),
        ("We chose a whiteboard before we tried trackers.", TRACKERS, "in the other order"),
        ("Before we tried trackers, we chose a whiteboard.", TRACKERS, "in the other order"),
        ("We tried trackers after we chose a whiteboard.", TRACKERS, "“before”, not “after”"),
    ],
)
def test_what_turns_the_passage_round_is_named(claim: str, passage: str, said: str) -> None:
    found = turned(claim, passage)
    assert found and said in found


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("In March 2021 we moved the billing service from Heroku to AWS.", BILL),
        ("The monthly bill dropped from $4,200 to $1,300.", BILL),
        ("We moved to AWS in 2021, and our monthly bill fell to $1,300.", BILL),
        ("Priya wrote the parser, and Tom reviewed it.", PARSER),
        ("The release slipped by 2 weeks because the fuzzer found 11 crashes.", PARSER),
        ("We heat the barn on Fridays only, since it costs about 300 pounds a month.", BARN),
        ("My daughter was born three weeks early, in Leeds.", BIRTH),
        ("On 14 June 2016 my daughter was born in Leeds.", BIRTH),
        ("Bronze screws cost less than copper rivets.", RIVETS),
        ("Knotted nets are less clear than plain nets.", "Plain nets are clearer than knotted nets."),
        ("Plain nets are more clear than knotted nets.", "Plain nets are clearer than knotted nets."),
        ("The glue stays soft where the shed is colder, if it is below ten degrees.", GLUE),
        ("I used to believe that code review catches bugs.", BELIEF),
        ("I think code review mostly spreads knowledge.", BELIEF),
        ("Anna thinks microservices are a mistake for small teams.", ANNA),
        ("The Kittiwake sank because her keel bolts had rusted.", WRECK),
        ("The robin at No. 9 will sing.", OWL),
        ("The guild meets at night because the members bake by day.", GUILD),
        ("The guild meets at night because its bakers work when it is light.", GUILD),
        ("Most of our customers were fishermen.", CREW),
        ("Few apprentices stay more than two winters.", CREW),
        ("A day ticket costs from 300 to 900 euros.", PRICES),
        ("Karl sold the boat to Marie for €9,000.", SALE),
        ("The boat was sold to Marie by Karl.", SALE),
        ("I nearly sold the workshop in 2009.", SALE),
        ("Coffee should be brewed for two minutes at 95 degrees.", TEA),
        ("We moved since the rent had doubled.", "The rent had doubled, so we moved."),
        ("A day ticket costs 300 euros to 900 euros.", PRICES),
        ("We closed the branch in June 2021.", "We kept a branch for two customers, and closed it in June 2021."),
        ("My sister is braver than I am, and two years younger.", SISTER),
        ("I now think that he was right.", "I now think that he was right, and I said so."),
        ("We chose a whiteboard after we had tried trackers.", TRACKERS),
        ("After we had tried trackers, we chose a whiteboard.", TRACKERS),
        ("We shipped the release in May.", "Our team shipped the release in May, two weeks late."),
        ("I think the port will silt up.", "Tom thinks the port will silt up, and I think so, too."),
        ("Microservices are a mistake for small teams.", ANNA.replace("disagree", "agree")),
        ("Since 2008 I have kept a log.", "I have kept a log since 2008, because flour drinks more on a wet day."),
        ("I intend to finish it by the spring.", "I hope to finish it by the spring."),
    ],
)
def test_what_says_the_same_in_other_words_passes(claim: str, passage: str) -> None:
    assert turned(claim, passage) == ""


@pytest.mark.parametrize(
    "passage", [BILL, PARSER, BARN, BIRTH, RIVETS, GLUE, BELIEF, ANNA, WRECK, CREW, PRICES, SALE, TEA]
)
def test_a_passage_bears_out_its_own_sentences(passage: str) -> None:
    assert [turned(one, passage) for one in statements(passage)] == [""] * len(statements(passage))


@pytest.mark.parametrize(
    "claim", ["The yearly bill fell from $4,200 to $1,300.", "We moved it from AWS to Heroku in March 2021."]
)
def test_support_names_what_is_turned_round(claim: str) -> None:
    found = EvidenceText(BILL, [Span(start=0, end=len(BILL))]).support(claim, lambda _: 1.0)
    assert found is not None and found.score == 0 and found.missing


@given(st.text(max_size=120), st.lists(st.text(max_size=120), max_size=3))
def test_any_text_can_be_read(claim: str, passage: list[str]) -> None:
    assert isinstance(reversal(Reading.of(claim), [Reading.of(one) for one in passage]), str)


@given(
    st.lists(
        st.sampled_from("we sold the red boat to Karl before 1994 because it never rained and I said so".split()),
        max_size=12,
    )
)
def test_no_sentence_turns_itself_round(words: list[str]) -> None:
    sentence = " ".join(words)
    assert "the other way round" not in reversal(Reading.of(sentence), [Reading.of(sentence)])
