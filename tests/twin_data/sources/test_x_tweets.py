from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from twin_data.sources.x_tweets import parse_notes, parse_tweet, split_retweet

AT = "Sat May 01 08:00:00 +0000 2021"
TIME = datetime(2021, 5, 1, 8, 0, tzinfo=UTC)


def tweet(text: str, **more: object) -> dict[str, object]:
    return {"id_str": "5", "created_at": AT, "full_text": text, **more}


def text_of(record: Mapping[str, object], notes: Mapping[datetime, str] | None = None) -> str:
    parsed = parse_tweet(record, notes or {})
    assert parsed is not None
    return parsed.text


def entities(*urls: tuple[str, str], mentions: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "urls": [{"url": short, "expanded_url": full} for short, full in urls],
        "user_mentions": [{"screen_name": name} for name in mentions],
    }


def test_links_are_expanded_and_entities_read() -> None:
    links = entities(("https://t.co/a", "https://x.example/?a=1&b=2"), ("https://t.co/ab", "https://y.example"))
    assert (
        text_of(tweet("A &amp;amp; B &lt;3 https://t.co/a", entities=links))
        == "A &amp; B <3 https://x.example/?a=1&b=2"
    )
    assert text_of(tweet("https://t.co/unknown stays", entities=links)) == "https://t.co/unknown stays"
    assert text_of(tweet("Two https://t.co/ab https://t.co/a", entities=links)).startswith("Two https://y.example ")


def test_names_at_the_head_of_a_reply_go_and_others_stay() -> None:
    answer = {
        "in_reply_to_user_id_str": "7",
        "in_reply_to_screen_name": "rszy",
        "entities": entities(mentions=("cab",)),
    }
    assert text_of(tweet("@RSzy @cab @gull No, @cab isn’t.", **answer)) == "@gull No, @cab isn’t."
    assert text_of(tweet("@cab is right.", entities=entities(mentions=("cab",)))) == "@cab is right."


@pytest.mark.parametrize("record", [{}, {"id_str": "5"}, {"full_text": "No id."}, {"id_str": "5", "full_text": 7}])
def test_what_is_no_post(record: dict[str, object]) -> None:
    assert parse_tweet(record, {}) is None


@pytest.mark.parametrize("odd", [None, 7, "x", [], [None, 3], {"urls": None}, {"urls": [{"url": 7}], "media": "x"}])
def test_odd_entities_break_nothing(odd: object) -> None:
    assert text_of(tweet("Words.", entities=odd, extended_entities=odd)) == "Words."


def test_a_long_post_is_whole_and_another_of_the_same_second_is_not_taken_for_it() -> None:
    notes = parse_notes(
        [
            {"createdAt": "2021-05-01T08:00:00.000Z", "core": {"text": "A long beginning, and its end &amp; more.", "urls": []}},
            {"createdAt": "yesterday", "core": {"text": "x"}},
            {"core": None},
        ]
    )  # fmt: skip
    assert list(notes) == [TIME]
    assert text_of(tweet("A long beginning, and… https://t.co/z"), notes) == "A long beginning, and its end & more."
    assert text_of(tweet("Something else"), notes) == "Something else"


def test_paragraphs_of_a_post_stay_apart() -> None:
    assert text_of(tweet("One \n two.\n\n\n Three.")) == "One\ntwo.\n\nThree."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Quite. RT @rszy: It rings.", ("Quite.", "It rings.", "rszy")),
        ("Quite: “RT @rszy: It rings.”", ("Quite", "It rings.”", "rszy")),
        ("An RT @ the gate", ("An RT @ the gate", "", None)),
        ("START @rszy: go", ("START @rszy: go", "", None)),
    ],
)
def test_retweets_written_by_hand_are_cut_off(text: str, parts: tuple[str, str, str | None]) -> None:
    assert split_retweet(text) == parts


def test_the_link_of_a_cut_post_to_itself_is_not_read() -> None:
    itself = entities(("https://t.co/a", "https://twitter.com/i/web/status/5"))
    assert text_of(tweet("It goes on… https://t.co/a", entities=itself)) == "It goes on…"


def test_a_post_knows_its_last_version() -> None:
    versions = {"editTweetIds": ["5", "6"]}
    first = parse_tweet(tweet("Ths.", edit_info={"initial": versions}), {})
    last = parse_tweet({**tweet("This."), "id_str": "6", "edit_info": {"edit": {"editControlInitial": versions}}}, {})
    assert first and last and (first.edited_to, last.edited_to) == ("6", None)
    assert parse_tweet(tweet("x", edit_info={"initial": {"editTweetIds": 7}}), {}) is not None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("“@cab: It is late.” – Never!", ("Never!", "It is late.", "cab")),
        ('Well: "@cab: It is late."', ("Well", "It is late.", "cab")),
        ("So MT @cab: It is late", ("So", "It is late", "cab")),
        ("I told “@cab, you know” so.", ("I told “@cab, you know” so.", "", None)),
    ],
)
def test_posts_quoted_by_hand_are_not_own(text: str, parts: tuple[str, str, str | None]) -> None:
    assert split_retweet(text) == parts
