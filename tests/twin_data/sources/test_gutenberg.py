"""Books as Project Gutenberg hands them out in plain text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import RawDocument, Role
from twin_data.sources.gutenberg import gutenberg_documents, is_gutenberg
from twin_data.sources.plain_text import PlainTextReader
from twin_data.sources.reader import ReadContext, Skipped

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

HEAD = """\ufeffThe Project Gutenberg eBook of Gates

This ebook is for the use of anyone anywhere in the United States.

Title: Gates,
        and Other Papers

Author: {author}

Release date: January 1, 1995 [eBook #205]

*** START OF THE PROJECT GUTENBERG EBOOK GATES ***

Produced by Judith Boss

[Illustration]

GATES

by Nora Fenwick


Contents

 CHAPTER I. Timber
 CHAPTER II. Steel

"""
FIRST = """

CHAPTER I

Timber


The first gate was of _oak_, and it leaked where one could see
it.[1] I was fond of it, and I painted it every spring until it was
taken away.

    “Oh, the gate, the gate of oak,
    Nobody mourned it when it broke.”

    * * * * *

[1] It stands in the school.


A section of its own

It went in 1901.

"""
SECOND = """

CHAPTER II. Steel


Steel does not leak; it rusts where nobody looks. I said so to the
harbour master, who laughed.

"""
TAIL = """

*** END OF THE PROJECT GUTENBERG EBOOK GATES ***

Updated editions will replace the previous one.

START: FULL LICENSE

CHAPTER IX


Section 1. General Terms of Use
"""


def test_a_book_is_its_chapters_without_the_licence(read_file: ReadFile) -> None:
    text = HEAD.format(author="Nora Fenwick") + FIRST + SECOND + TAIL
    documents, _ = read_file(PlainTextReader(), "205-0.txt", text)
    assert [(one.title, one.matter) for one in documents] == [
        ("Gates, and Other Papers", "titlepage"),
        ("CHAPTER I: Timber", None),
        ("CHAPTER II. Steel", None),
    ]
    assert [one.document_id for one in documents[1:]] == [
        "notes/205-0.txt#chapter-i-timber",
        "notes/205-0.txt#chapter-ii-steel",
    ]
    assert [(one.role, one.text) for one in documents[1].blocks] == [
        (Role.OWN, "CHAPTER I: Timber"),
        (
            Role.OWN,
            "The first gate was of oak, and it leaked where one could see it. I was fond of it, and I painted it every "
            "spring until it was taken away.",
        ),
        (Role.QUOTED, "“Oh, the gate, the gate of oak,\nNobody mourned it when it broke.”"),
        (Role.OWN, "It stands in the school."),
        (Role.OWN, "A section of its own"),
        (Role.OWN, "It went in 1901."),
    ]
    whole = "".join(one.text for one in documents)
    assert not any(word in whole for word in ("Gutenberg", "License", "General Terms", "Judith", "Illustration"))


def test_chapters_may_stand_but_two_lines_apart(read_file: ReadFile) -> None:
    text = "\n".join([f"\n\nCHAPTER {number}\n\nI kept the gate.\n" for number in ("I", "II", "III")])
    documents, _ = read_file(PlainTextReader(), "1.txt", HEAD.format(author="Nora Fenwick") + text + TAIL)
    assert [one.title for one in documents if one.matter is None] == ["CHAPTER I", "CHAPTER II", "CHAPTER III"]


def test_another_s_book_is_the_other_s(read_file: ReadFile) -> None:
    documents, _ = read_file(PlainTextReader(), "1.txt", HEAD.format(author="Ruth Szy") + SECOND + TAIL)
    assert {block.role for one in documents for block in one.blocks} == {Role.OTHER}


def test_the_lines_of_a_poet_are_the_poet_s_own(read_file: ReadFile) -> None:
    poem = "\n\nCHAPTER I\n\n\n" + "    The tide comes in,\n    The tide goes out.\n\n" * 30
    documents, _ = read_file(PlainTextReader(), "1.txt", HEAD.format(author="Nora Fenwick") + poem + TAIL)
    assert {block.role for block in documents[-1].blocks} == {Role.OWN}
    assert documents[-1].blocks[-1].text == "The tide comes in,\nThe tide goes out."


@pytest.mark.parametrize(
    "text", ["I printed START OF THE PROJECT GUTENBERG EBOOK on a mug.", "*** START OF THE DAY ***"]
)
def test_other_texts_are_none(text: str) -> None:
    assert not is_gutenberg(text)


_LINES = st.sampled_from(["I went home, and I slept.", "STEEL", "II", "The gate", "    And so to bed."])


@given(st.lists(st.tuples(st.integers(1, 5), _LINES), max_size=12))
def test_no_word_between_the_marks_is_lost_or_moved(parts: list[tuple[int, str]]) -> None:
    body = "".join("\n" * (blank + 1) + text for blank, text in parts)
    marks = [f"*** {mark} OF THE PROJECT GUTENBERG EBOOK X ***" for mark in ("START", "END")]
    context = ReadContext("notes", Path("notes"), Author(name="Nora Fenwick"))
    text = "\n\n".join([marks[0], body, marks[1]])
    documents = list(gutenberg_documents(text, Path("notes/a.txt"), context, digest="0"))
    said = " ".join(block.text.replace(": ", " ") for one in documents for block in one.blocks)
    assert said.split() == " ".join(text for _, text in parts).split()
    assert len({one.document_id for one in documents}) == len(documents)
