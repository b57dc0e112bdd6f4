from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Rejection, Role
from twin_data.transform import clean
from twin_data.transform.clean import CleanConfig, CleanInputs, clean_document
from twin_data.transform.roster_names import roster_names
from twin_data.transform.tidy import tidy

MARKS = "—–-‐‘’“”\"'`´…·•!?;:,.()[]{}«»/\\&@#£€$%*_~<>|+=^°§¶†‡½²é ñßøŁЖあ字👩‍🚀"
CONFIG = CleanConfig()


def visible(text: str) -> str:
    """What a reader sees: everything but white space, control characters and invisible hyphens and spaces.

    However an accent is stored, a reader sees the same letter.
    """
    return unicodedata.normalize(
        "NFC",
        "".join(
            one
            for one in text
            if not one.isspace() and unicodedata.category(one) not in {"Cc", "Cs"} and one not in "\ufeff\u00ad\u200b"
        ),
    )


@given(st.text(st.one_of(st.sampled_from(MARKS + " \n\t\r\f\x0b\x85\u2028\u00a0\u00ad\u200b\x00"), st.characters())))
def test_every_visible_character_stays(text: str) -> None:
    for keep_lines in (False, True):
        assert visible(tidy(text, keep_lines=keep_lines)) == visible(text)


@given(st.lists(st.sampled_from([" ", "\n", "\t", "\r\n", "\r", "\f", "\x1d", "\x85", "\u2028", "\u00a0"]), min_size=1))
def test_white_space_folds_but_never_joins_words(gap: list[str]) -> None:
    folded = tidy(f"  one{''.join(gap)}two\n")
    assert folded in {"one two", "one\ntwo"}


@given(st.text())
def test_tidying_twice_changes_nothing(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.parametrize("text", ["Ça, c’est Zoë à l’école", "tiếng Việt", "한국어", "и́ — й"])
def test_an_accent_is_part_of_its_letter(text: str) -> None:
    """Or the copy of a text on another file system shares no words with it, and passes into training."""
    for keep_lines in (False, True):
        assert tidy(unicodedata.normalize("NFD", text), keep_lines=keep_lines) == unicodedata.normalize("NFC", text)


def test_what_only_looks_alike_stays() -> None:
    assert tidy("10 k\u2126, \u212b, a \ufa19 and ≠") == "10 k\u2126, \u212b, a \ufa19 and ≠"


def test_code_keeps_its_lines() -> None:
    assert tidy("\n  if a:\r\n      b\n\n  c \n", keep_lines=True) == "  if a:\n      b\n\n  c"


@given(st.lists(st.text(st.sampled_from("abcÀé’“”—–-' .,;!?…"), min_size=1, max_size=60), min_size=1, max_size=6))
def test_own_text_keeps_every_letter_and_mark(raw_document: Callable[..., RawDocument], texts: list[str]) -> None:
    raw = raw_document(*texts)
    cleaned, removed = clean_document(raw, CONFIG, None)
    if cleaned is None:
        assert not visible(raw.text)
    else:
        assert visible(cleaned.text) == visible(raw.text)
        assert [visible(one.of(cleaned.text)) for one in cleaned.passages] == [x for x in map(visible, texts) if x]
        assert cleaned.digest == digest_text(cleaned.text)
        assert removed == []


SECRETS = ["ada@x.example", "+44 1632 960147", "AKIAQ7WENDTIDE42MARL", "4111 1111 1111 1111", "Hedy Voss"]


@given(
    parts=st.lists(st.sampled_from([*SECRETS, "the tide", "—", "\n", "…", "’tis", "  ", "\u200b"]), max_size=12),
    hidden=st.booleans(),
)
def test_no_planted_value_survives_anywhere(
    raw_document: Callable[..., RawDocument], parts: list[str], hidden: bool
) -> None:
    text = " ".join(parts)
    if hidden:  # invisible characters inside, as copied from a web page
        text = text.replace("x.exa", "x.\u200bexa").replace("1632", "16\u00ad32").replace("1111 1", "1111\u200b 1")
    raw = raw_document("An own paragraph.", text or "-", kind=DocumentKind.CHAT, title=f"On {text}")
    cleaned, removed = clean_document(raw, CONFIG, roster_names(["Hedy Voss"]))
    assert cleaned is not None
    left = "\n".join(one.model_dump_json() for one in (cleaned, *removed))
    assert [value for value in SECRETS if value in left] == []
    assert len(removed) >= len(set(parts) & set(SECRETS))


def test_a_redaction_says_where_and_what_kind(raw_document: Callable[..., RawDocument]) -> None:
    text = "Reach him at b@x.example or on +44 1632 960147, mornings only."
    raw = raw_document("First — own.", text)
    cleaned, removed = clean_document(raw, CONFIG, None)
    assert cleaned is not None
    assert cleaned.text == "First — own.\n\nReach him at [email] or on [phone], mornings only."
    assert [one.reason for one in removed] == ["redacted_email", "redacted_phone"]
    assert [raw.text[one.start : one.end] for one in removed] == ["b@x.example", "+44 1632 960147"]
    assert removed[0].redacted_text == "Reach him at [email] or on [phone], mornings only."
    assert {one.text_digest for one in removed} == {digest_text(raw.text)}


def test_a_title_is_cleaned_like_the_text(raw_document: Callable[..., RawDocument]) -> None:
    raw = raw_document("Own.", kind=DocumentKind.CHAT, title="Hedy Voss wrote\nto b@x.example")
    cleaned, _ = clean_document(raw, CONFIG, roster_names(["Hedy Voss"]))
    assert cleaned is not None
    assert cleaned.title == "[name] wrote to [email]"


@pytest.mark.parametrize("kind", [DocumentKind.CHAT, DocumentKind.MAIL, DocumentKind.REVIEW])
def test_others_stay_unnamed_where_they_wrote_in_private(
    raw_document: Callable[..., RawDocument], kind: DocumentKind
) -> None:
    blocks = [
        Block(text="Where is it?", role=Role.OTHER, author="hedy@x.example", basis="message author"),
        Block(text="In the shed, Hedy Voss.", author="Ada", basis="message author"),
        Block(text="Ah.", role=Role.OTHER, author="Hedy Voss", basis="message author"),
    ]
    inputs = CleanInputs((raw_document(*blocks, kind=kind),), frozenset({"Ada"}))
    (cleaned,) = clean.run(inputs, config=CONFIG).documents
    assert [one.author for one in cleaned.passages] == ["[name]", "Ada", "[name]"]
    assert {one.basis for one in cleaned.passages} == {"message author"}
    assert "In the shed, [name]." in cleaned.text
    assert "x.example" not in cleaned.model_dump_json()


def test_who_is_only_written_to_is_a_third_party(raw_document: Callable[..., RawDocument]) -> None:
    """Where only the sent mail is there nobody else speaks in it."""
    mail = raw_document("Hedy Voss is ill.", kind=DocumentKind.MAIL, correspondents=("Hedy Voss",))
    cleaned = clean.run(CleanInputs((mail,), frozenset({"Ada Marlowe"})), config=CONFIG)
    assert [one.text for one in cleaned.documents] == ["[name] is ill."]


def test_a_sender_whom_nobody_answers_is_no_third_party(raw_document: Callable[..., RawDocument]) -> None:
    """Newsletters and shops are called by words, and the persona's text has the words."""

    def received(thread: str, name: str) -> RawDocument:
        said = Block(text="Buy.", role=Role.OTHER, author=name, basis="mail header")
        at = f"mail/{name}"
        return raw_document(said, kind=DocumentKind.MAIL, document_id=at, thread=thread, correspondents=(name,))

    text = "From a thread on Stack Overflow, says Hedy Voss."
    own = raw_document(text, kind=DocumentKind.MAIL, document_id="mail/own", thread="mail:1")
    mails = (own, received("mail:1", "Hedy Voss"), received("mail:2", "Stack Overflow"))
    cleaned = clean.run(CleanInputs(mails, frozenset({"Ada Marlowe"})), config=CONFIG)
    assert [one.text for one in cleaned.documents] == [text.replace("Hedy Voss", "[name]")]


def test_names_that_the_author_published_stay(raw_document: Callable[..., RawDocument]) -> None:
    chat = raw_document(
        Block(text="Yes?", role=Role.OTHER, author="Hedy Voss"), "Ask Hedy Voss.", kind=DocumentKind.CHAT
    )
    article = raw_document("I thank Hedy Voss.", Block(text="Hm.", role=Role.QUOTED, author="Hedy Voss"))
    talk, published = clean.run(CleanInputs((chat, article), frozenset()), config=CONFIG).documents
    assert "Ask [name]." in talk.text
    assert "I thank Hedy Voss." in published.text
    assert published.passages[1].author == "Hedy Voss"


def test_the_personas_own_name_is_no_third_partys(raw_document: Callable[..., RawDocument]) -> None:
    chat = raw_document(
        Block(text="From ADA BYRON", role=Role.OTHER, author="ADA BYRON"), "I am Ada Byron.", kind=DocumentKind.MAIL
    )
    (cleaned,) = clean.run(CleanInputs((chat,), frozenset({"Ada Byron"})), config=CONFIG).documents
    assert cleaned.text == "From ADA BYRON\n\nI am Ada Byron."


def test_the_personas_own_name_is_its_own_in_every_spelling(raw_document: Callable[..., RawDocument]) -> None:
    quoted = Block(text="Yes?", role=Role.QUOTED, author="Ada\u00a0O'Byron")
    chat = raw_document(quoted, "I am Ada O’Byron.", kind=DocumentKind.MAIL)
    (cleaned,) = clean.run(CleanInputs((chat,), frozenset({"Ada O’Byron"})), config=CONFIG).documents
    assert cleaned.text == "Yes?\n\nI am Ada O’Byron."


def test_signatures_go_whole(raw_document: Callable[..., RawDocument]) -> None:
    raw = raw_document("Own.", Block(text="Ada\n+44 1632 960147", basis="signature"), kind=DocumentKind.MAIL)
    cleaned, removed = clean_document(raw, CONFIG, None)
    assert cleaned is not None
    assert cleaned.text == "Own."
    assert [(one.reason, one.redacted_text) for one in removed] == [("signature", "[signature]")]
    assert raw.text[removed[0].start : removed[0].end] == "Ada\n+44 1632 960147"


@pytest.mark.parametrize("matter", ["colophon", "titlepage", "imprint"])
def test_pages_that_are_no_text(raw_document: Callable[..., RawDocument], matter: str) -> None:
    cleaned, (removed,) = clean_document(raw_document("Printed by b@x.example", matter=matter), CONFIG, None)
    assert cleaned is None
    assert (removed.reason, removed.redacted_text) == (f"matter_{matter}", "Printed by [email]")


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [Block(text="Theirs", role=Role.OTHER)],
        [Block(text="Heading", style=BlockStyle.HEADING), Block(text="Quoted", role=Role.QUOTED)],
        [Block(text="\u200b \x00")],
    ],
)
def test_without_own_words_there_is_no_document(raw_document: Callable[..., RawDocument], blocks: list[Block]) -> None:
    cleaned, removed = clean_document(raw_document(*blocks), CONFIG, None)
    assert cleaned is None
    assert removed[-1].reason == "no_own_words"


# --- the sample -------------------------------------------------------------------------------------------------


def published(sample: Any) -> str:
    """Everything that later stages, the index or a reader can see."""
    rows = [*sample.cleaned.documents, *sample.cleaned.rejections, *sample.chunks]
    tables = [sample.unique.rejections, sample.filtered.rejections]
    dumps = [row.model_dump_json(exclude={"document_id", "family", "thread", "chunk_id"}) for row in rows]
    return "\n".join([*dumps, *(text for table in tables for text in table["redacted_text"])])


def test_nothing_planted_survives(sample: Any, planted: dict[str, Any]) -> None:
    raw = "\n".join(document.text for document in sample.raw)
    secrets = re.findall(r"ghp_\w{36}|AKIA\w{16}", raw)
    assert len(secrets) == len(planted["secrets"])
    left = published(sample)
    assert [value for value in [*planted["emails"], *planted["phones"], *secrets] if value in left] == []
    assert sum(value in raw for value in planted["phones"]) == len(planted["phones"])


def test_each_planted_secret_has_a_record(sample: Any, planted: dict[str, Any]) -> None:
    raw = {document.document_id: document.text for document in sample.raw}
    secrets = [one for one in sample.cleaned.rejections if one.reason == "redacted_secret"]
    found = {(one.document_id, raw[one.document_id][one.start : one.end][:4]) for one in secrets}
    assert found == {(one["file"], one["prefix"]) for one in planted["secrets"]}


def test_what_was_redacted_in_the_sample_is_what_should_be(sample: Any, planted: dict[str, Any]) -> None:
    """No date, figure, time, price or version is among it."""
    raw = {document.document_id: document.text for document in sample.raw}
    removed: dict[str, set[str]] = {}
    for one in sample.cleaned.rejections:
        if one.reason.startswith("redacted_"):
            removed.setdefault(one.reason, set()).add(raw[one.document_id][one.start : one.end])
    own = set(sample.persona.author.aliases)  # nor is her own address for everyone
    assert removed["redacted_email"] <= {*planted["emails"], *own}
    assert removed["redacted_phone"] <= set(planted["phones"])
    assert not any(re.search(r"\d", name) for name in removed["redacted_name"])
    assert set(removed) == {"redacted_email", "redacted_phone", "redacted_secret", "redacted_name"}


def test_the_samples_figures_stay(sample: Any) -> None:
    figures = re.compile(r"£?\d[\d,.:]*\d|\b\d\b")
    cleaned = {document.document_id: document for document in sample.cleaned.documents}
    checked = 0
    for raw in sample.raw:
        if raw.kind is not DocumentKind.ARTICLE or raw.document_id not in cleaned:
            continue
        own = "\n".join(block.text for block in raw.blocks if block.basis != "signature")
        removed = [
            own_text
            for one in sample.cleaned.rejections
            if one.document_id == raw.document_id and (own_text := raw.text[one.start : one.end])
        ]
        for value in removed:
            own = own.replace(value, "")
        missing = Counter(figures.findall(own)) - Counter(figures.findall(cleaned[raw.document_id].text))
        assert not missing
        checked += 1
    assert checked >= 25


def test_the_samples_marks_stay(sample: Any) -> None:
    """Dashes, quotation marks and apostrophes of what she published are as many after as before."""
    cleaned = {document.document_id: document for document in sample.cleaned.documents}
    marks = "—–-‘’“”\"'…;:!?"
    for raw in sample.raw:
        if raw.kind is DocumentKind.ARTICLE and raw.document_id in cleaned:
            removed = [one for one in sample.cleaned.rejections if one.document_id == raw.document_id]
            if not removed:
                before, after = Counter(raw.text), Counter(cleaned[raw.document_id].text)
                assert {mark: before[mark] for mark in marks} == {mark: after[mark] for mark in marks}


def test_offsets_of_the_sample_are_exact(sample: Any) -> None:
    raw = {document.document_id: document for document in sample.raw}
    for document in sample.cleaned.documents:
        assert document.digest == digest_text(document.text)
        assert document.passages[-1].end == len(document.text)
        assert all(one.of(document.text) for one in document.passages)
    for one in sample.cleaned.rejections:
        assert isinstance(one, Rejection)
        assert one.text_digest == digest_text(raw[one.document_id].text)
        assert one.end <= len(raw[one.document_id].text)
        assert len(one.redacted_text) <= 200


def test_a_book_loses_no_word_to_redaction(chesterton: Any) -> None:
    cleaned = chesterton.cleaned
    assert not [one for one in cleaned.rejections if one.reason.startswith("redacted_")]
    before = {document.document_id: visible(document.text) for document in chesterton.raw}
    assert len(cleaned.documents) > 90
    assert all(visible(document.text) == before[document.document_id] for document in cleaned.documents)
