"""Others' words without mark-up: what is told, what is left, and that no character changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.base import Span
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.mail_text import BELOW_THE_WRITING
from twin_data.transform.attribute import (
    DISCLAIMER,
    EPIGRAPH,
    INLINE,
    INTRODUCED,
    NAMED,
    REPEATED,
    SHARED,
    AttributeConfig,
    attribute,
    passages_of,
    quoted_spans,
)

CONFIG = AttributeConfig()
OWN = frozenset({"ada marlowe", "ada"})
LONG = (
    "The gate was never meant to keep the river out, only to keep it waiting for as long as it takes to fetch a man who "
    "knows what to do"
)
Make = Callable[..., RawDocument]


def roles(document: RawDocument) -> list[tuple[Role, str | None, str]]:
    return [(one.role, one.author, one.basis) for one in document.blocks]


def quoted(text: str) -> list[str]:
    return [one.of(text) for one in quoted_spans(text, CONFIG)]


@pytest.mark.parametrize(
    "text",
    [
        f"First. As Hedda Quill wrote, “{LONG}.” Then mine.",
        f"First. Hedda Quill, who kept the lock before me, once said: “{LONG}.” Then mine.",
        f"First. “{LONG},” wrote Hedda Quill. Then mine.",
        f'First. In the words of H. Quill, "{LONG}." Then mine.',
        f"First. Quill’s words were plain: «{LONG}.» Then mine.",
        f"First. “{LONG}” (Quill, Letters, 1951). Then mine.",
        f"First. As [name] wrote, “{LONG}.” Then mine.",
    ],
)
def test_a_long_quotation_with_a_name_is_anothers(text: str) -> None:
    (found,) = quoted(text)
    assert LONG in found
    assert not found.startswith("First") and not found.endswith("mine.")


@pytest.mark.parametrize(
    "text",
    [
        f"I said, “{LONG}.”",
        f"He replied, “{LONG}.”",
        f"Nobody says, “{LONG}.”",
        f"It went on. Mr. Wells slept. He replied, “{LONG}.”",
        "As Hedda Quill wrote, “a short one.” And so on.",
        f"“{LONG}.” I thought so for years.",
        f"Hedda Quill wrote to me. That was in May. I had thought, all that time: “{LONG}.”",
    ],
)
def test_what_names_nobody_beside_it_stays(text: str) -> None:
    assert quoted(text) == []


def test_passages_part_at_whole_sentences() -> None:
    text = f"Mine first. As Hedda Quill wrote, “{LONG}.” Mine again, and last."
    passages = list(passages_of(Block(text=text), Span(start=10, end=10 + len(text)), CONFIG))
    assert [(one.role, one.basis) for one in passages] == [
        (Role.OWN, "document author"),
        (Role.QUOTED, INLINE),
        (Role.OWN, "document author"),
    ]
    assert [text[one.start - 10 : one.end - 10] for one in passages][::2] == ["Mine first.", "Mine again, and last."]


@given(st.lists(st.sampled_from(["Mine. ", f"As Hedda Quill wrote, “{LONG}.” ", "“Short.” ", "\n", "Dr. Renn said "])))
def test_passages_cover_every_visible_character(parts: list[str]) -> None:
    text = "".join(parts).strip()
    if not text:
        return
    passages = list(passages_of(Block(text=text), Span(start=0, end=len(text)), CONFIG))
    assert "".join("".join(text[one.start : one.end].split()) for one in passages) == "".join(text.split())
    assert all(one.end <= other.start for one, other in zip(passages, passages[1:], strict=False))


def test_epigraphs_and_named_quotations(raw_document: Make) -> None:
    raw = raw_document(
        Block(text="Title", style=BlockStyle.HEADING, level=1),
        "Whatever floats may be counted.\n— Hedda Quill, Letters",
        "I have counted for years, and it is so.",
        "“Never thank the ice.”",
        "— Tobias Renn",
        "I never did.",
        "An old rhyme of ours.\n— Nobody",
    )
    (found,) = attribute([raw], OWN, CONFIG)
    assert [one[2] for one in roles(found)][1:] == [
        EPIGRAPH, "document author", NAMED, NAMED, "document author", "document author"
    ]  # fmt: skip
    assert [one[1] for one in roles(found)][1:5] == ["Hedda Quill", None, "Tobias Renn", "Tobias Renn"]
    assert found.text == raw.text


@pytest.mark.parametrize(
    ("before", "text", "basis"),
    [
        ("Hedda Quill wrote to me last week:", f"“{LONG}.”", INTRODUCED),
        ("In the words of Hedda Quill:", f'"{LONG}."', INTRODUCED),
        ("Hedda Quill wrote to me last week:", "“No.”", "document author"),
        ("Ada Marlowe wrote to the board last week:", f"“{LONG}.”", "document author"),
        ("In March Ada Marlowe wrote to the board:", f"“{LONG}.”", "document author"),
        ("I wrote to her last week:", f"“{LONG}.”", "document author"),
        ("Hedda Quill wrote to me last week:", f"{LONG}.", "document author"),
    ],
)
def test_a_long_quotation_below_a_name_is_anothers(raw_document: Make, before: str, text: str, basis: str) -> None:
    (found,) = attribute([raw_document("First.", before, text, "I disagree.")], OWN, CONFIG)
    assert [one[2] for one in roles(found)] == ["document author", "document author", basis, "document author"]


@pytest.mark.parametrize(
    "second",
    ["— Are you coming?", "— Yes.", "— No, — I said. — I’ve a kettle on.", "— and a lamp", "- Bread", "— Never!"],
)
def test_a_dash_at_the_head_of_a_line_is_no_signature(raw_document: Make, second: str) -> None:
    """Speech is opened by a dash in half of Europe, and so are the items of a list."""
    for raw in (
        raw_document(LONG, second, "A third.", "A fourth."),
        raw_document(f"{LONG}\n{second}", "Two.", "Three."),
    ):
        assert attribute([raw], OWN, CONFIG) == (raw,)


@pytest.mark.parametrize("following", ["— Hedda", "- Hedda Quill"])
def test_lines_that_all_begin_with_a_dash_are_speech_or_a_list(raw_document: Make, following: str) -> None:
    for raw in (
        raw_document(LONG, "— Tobias", following, "End."),
        raw_document(f"{LONG}\n- Tobias\n{following}", "A.", "B."),
    ):
        assert attribute([raw], OWN, CONFIG) == (raw,)


@pytest.mark.parametrize(
    "signature",
    [
        "— Hedda Quill",
        "- Hedda Quill, Letters",
        "— H. Quill, 1951.",
        "— The Book of Marl, IV",
        "—Anonymous",
        "— Psalm 23:4",
        "-- Hedda",
    ],
)
def test_what_an_epigraph_is_signed_with(raw_document: Make, signature: str) -> None:
    (found,) = attribute([raw_document(LONG, signature, "A third.", "A fourth.")], OWN, CONFIG)
    assert [one[2] for one in roles(found)] == [EPIGRAPH, EPIGRAPH, "document author", "document author"]


def test_what_is_signed_by_the_persona_is_its_own(raw_document: Make) -> None:
    raw = raw_document("“Never thank the ice.”\n— Ada Marlowe", "A second.", "And a third.")
    assert attribute([raw], OWN, CONFIG) == (raw,)


def test_a_paragraph_that_others_write_is_theirs(raw_document: Make) -> None:
    notice = "This notice is printed below every letter of the board, and must not be taken off by keepers."
    mails = [
        raw_document(Block(text=notice, role=Role.OTHER), document_id=f"mail/{at}", kind=DocumentKind.MAIL)
        for at in range(2)
    ]
    own = raw_document("My own words.", notice, document_id="mail/own", kind=DocumentKind.MAIL)
    assert [one[2] for one in roles(attribute([*mails, own], OWN, CONFIG)[2])] == ["document author", SHARED]
    assert attribute([mails[0], own], OWN, CONFIG)[1] == own  # one document may well quote the persona


def test_copies_under_one_login_are_one_other(raw_document: Make) -> None:
    """An old blog's exports name a login that no alias tells; however many there are, it is one person."""
    post = raw_document(LONG, "My own words.", document_id="blog/1")
    copies = [
        raw_document(Block(text=LONG, role=Role.OTHER, author="Admin"), document_id=f"export/{at}") for at in range(3)
    ]
    assert attribute([post, *copies], OWN, CONFIG)[0] == post
    another = raw_document(Block(text=LONG, role=Role.OTHER, author="wp"), document_id="export/4")
    assert roles(attribute([post, *copies, another], OWN, CONFIG)[0])[0][2] == SHARED


@pytest.mark.parametrize(("kind", "is_own"), [(DocumentKind.ARTICLE, True), (DocumentKind.MAIL, False)])
def test_what_the_persona_published_under_its_name_is_its_own(
    raw_document: Make, kind: DocumentKind, is_own: bool
) -> None:
    signed = raw_document(Block(text=LONG, author="Ada Marlowe"), "My own words.", document_id="blog/1", kind=kind)
    copies = [
        raw_document(Block(text=LONG, role=Role.OTHER, author=login), document_id=f"export/{login}")
        for login in ("admin", "wp")
    ]
    assert (attribute([signed, *copies], OWN, CONFIG)[0] == signed) is is_own


@pytest.mark.parametrize("tail", sorted(BELOW_THE_WRITING))
def test_what_mails_answer_may_be_the_personas_own(raw_document: Make, tail: str) -> None:
    """Programs such as Outlook set the whole conversation, unmarked, below every mail of it."""
    text = "I should test every gate on Fridays, since the tide is lowest then and nobody minds the noise."
    first = raw_document(text, document_id="mail/1", kind=DocumentKind.MAIL)
    answers = [
        raw_document(
            f"Answer {at}.",
            Block(text=text, role=Role.OTHER, basis=tail),
            document_id=f"mail/{at}",
            kind=DocumentKind.MAIL,
        )
        for at in range(2, 6)
    ]
    assert attribute([first, *answers], OWN, CONFIG) == (first, *answers)


def test_what_ends_many_documents_is_no_writing(raw_document: Make) -> None:
    line = "Ada Marlowe keeps a lock in the fens and writes one letter a month to those who ask for it."
    posts = [
        raw_document(f"Post {at}.", "Its middle.", line, document_id=f"blog/{at}") for at in range(CONFIG.repeated_in)
    ]
    assert all(roles(one)[-1][2] == REPEATED for one in attribute(posts, OWN, CONFIG))
    assert attribute(posts[1:], OWN, CONFIG) == tuple(posts[1:])


def test_disclaimers_of_mails(raw_document: Make) -> None:
    text = "This e-mail and any attachments are confidential and intended solely for the addressee."
    mail, note = raw_document("Mine.", text, kind=DocumentKind.MAIL), raw_document("Mine.", text)
    assert [one[2] for one in roles(attribute([mail], OWN, CONFIG)[0])] == ["document author", DISCLAIMER]
    assert attribute([note], OWN, CONFIG) == (note,)
