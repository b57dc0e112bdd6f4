from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.documents import BlockStyle, RawDocument, Role
from twin_data.sources.pdf import PdfReader
from twin_data.sources.pdf_pages import Line, Page
from twin_data.sources.pdf_text import join_lines, page_blocks, whole_words, without_running_lines
from twin_data.sources.reader import Skipped, Unreadable

from .pdf_file import HEIGHT, Placed, column, pdf_file

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]
PRINTED = Path(__file__).parent / "files" / "printed-by-chromium.pdf"

HEADING, PARAGRAPH, ITEM = BlockStyle.HEADING, BlockStyle.PARAGRAPH, BlockStyle.LIST_ITEM


def furniture(number: int, title: str) -> list[Placed]:
    return [Placed(50, 40, title, 9), Placed(330, 40, "HARBOUR PAPERS", 9), Placed(205, HEIGHT - 30, str(number), 9)]


# As a small press sets a book: running titles left and right, indents instead of gaps, a note at the foot.
BOOK = pdf_file(
    [
        *furniture(12, "SLOW GATES"),
        Placed(50, 80, "Slow Gates", 20),
        *column(
            "A gate that opens quickly floods the whole of the lower mea-",
            "dow, and the well-known winch of the board was quick. It cost",
            "as much as a roof",
            "   Nobody minuted it, since minutes are kept by the one who",
            "speaks most, and the winch was hers. I said so in the year when",
            y=110,
        ),
        Placed(127, 138, "1", 6, raised=True),
        Placed(132.8, 138, "and it saved four minutes.", 11),
        *column(
            "1 The roof leaks on the side of the accounts.", "2 So it was said, and who am I", y=480, size=8, leading=10
        ),
        *column("to say otherwise.", y=500, size=8),
    ],
    [
        *furniture(13, "N. FENWICK"),
        *column(
            "the meadow drowned, and in every year after, as a well-",
            "known nuisance ought to.",
            y=80,
        ),
        Placed(50, 130, "What it needs", 11, bold=True),
        *column("• oil, which we have, and somebody to pour it slowly into the", "hinge;", "• a chair.", y=150),
    ],
    [*furniture(14, "SLOW GATES"), *column("The end came quietly.", y=80)],
    information={"Title": "Microsoft Word - gates3.doc", "Author": "Nora Fenwick", "CreationDate": "D:20210523083000Z"},
)


def test_reads_a_book(read_file: ReadFile) -> None:
    (document,), skipped = read_file(PdfReader(), "gates.pdf", BOOK)
    assert not skipped
    assert (document.title, document.date) == ("Slow Gates", date(2021, 5, 23))
    assert [(block.style, block.level, block.text) for block in document.blocks] == [
        (HEADING, 1, "Slow Gates"),
        (
            PARAGRAPH,
            0,
            "A gate that opens quickly floods the whole of the lower meadow, and the well-known winch of the board was "
            "quick. It cost as much as a roof and it saved four minutes.",
        ),
        (
            PARAGRAPH,
            0,
            "Nobody minuted it, since minutes are kept by the one who speaks most, and the winch was hers. I said so in "
            "the year when the meadow drowned, and in every year after, as a well-known nuisance ought to.",
        ),
        (HEADING, 2, "What it needs"),
        (ITEM, 0, "oil, which we have, and somebody to pour it slowly into the hinge;"),
        (ITEM, 0, "a chair."),
        (PARAGRAPH, 0, "The end came quietly."),
        (ITEM, 0, "The roof leaks on the side of the accounts."),
        (ITEM, 0, "So it was said, and who am I to say otherwise."),
    ]
    assert {block.role for block in document.blocks} == {Role.OWN}


def test_reads_what_a_browser_printed(read_file: ReadFile) -> None:
    """With subset fonts, ligatures, justified and hyphenated lines, as Chromium writes them."""
    (document,), _ = read_file(PdfReader(), "gates.pdf", PRINTED.read_bytes())
    texts = [block.text for block in document.blocks]
    assert (document.title, len(texts)) == ("Slow gates", 11)
    assert [block.text for block in document.blocks if block.style is HEADING] == [
        "Slow gates",
        "What the winch costs",
        "Afterword",
    ]
    assert "when the efficient winch was fitted and the office filled with water" in texts[1]
    assert texts[4].startswith("The winch cost as much as a roof, and it saves four minutes a tide.")
    assert texts[8].endswith("and I have kept a chair beside it.")


def test_columns_are_read_one_after_the_other(read_file: ReadFile) -> None:
    left = column("The left column begins here and", "runs down the page until it has", "no room, and then it goes on")
    right = column("at the top of the right one, where", "it ends.", x=230)
    (document,), _ = read_file(PdfReader(), "a.pdf", pdf_file([*right, *left]))
    assert document.text == (
        "The left column begins here and runs down the page until it has no room, and then it goes on at the top of "
        "the right one, where it ends."
    )


def test_a_title_across_both_columns_parts_them(read_file: ReadFile) -> None:
    def half(y: float, words: str) -> list[Placed]:
        left = column(f"Left {words} one is a line", f"that ends in left {words}.", y=y)
        return [*left, *column(f"Right {words} one is a line", f"that ends in right {words}.", x=230, y=y)]

    across = Placed(50, 130, "And Then Something Else That Is Said Across Both", 13, bold=True)
    (document,), _ = read_file(PdfReader(), "a.pdf", pdf_file([*half(160, "below"), across, *half(80, "above")]))
    assert [block.text for block in document.blocks] == [
        "Left above one is a line that ends in left above.",
        "Right above one is a line that ends in right above.",
        "And Then Something Else That Is Said Across Both",
        "Left below one is a line that ends in left below.",
        "Right below one is a line that ends in right below.",
    ]


def test_gaps_part_paragraphs(read_file: ReadFile) -> None:
    lines = column(
        "The first ends here and is long enough", "for two lines.", "", "The second (it has \\ marks)", "is too."
    )
    (document,), _ = read_file(PdfReader(), "2020-02-03-two.pdf", pdf_file(lines))
    assert [block.text for block in document.blocks] == [
        "The first ends here and is long enough for two lines.",
        "The second (it has \\ marks) is too.",
    ]
    assert (document.title, document.date) == ("Two", date(2020, 2, 3))


@pytest.mark.parametrize(
    ("named", "role"),
    [("nora@harbour.example", Role.OWN), ("Ruth Szy", Role.OTHER), ("Administrator", Role.OWN)],
)
def test_the_author_named_decides(read_file: ReadFile, named: str, role: Role) -> None:
    content = pdf_file(column("Words."), information={"Author": named, "Title": "Words on words"})
    (document,), _ = read_file(PdfReader(), "a.pdf", content)
    assert ([block.role for block in document.blocks], document.title) == ([role], "Words on words")


def test_pages_that_are_pictures_are_counted(read_file: ReadFile) -> None:
    (document,), skipped = read_file(PdfReader(), "a.pdf", pdf_file(column("Words."), pictures=1))
    assert document.text == "Words."
    assert [(one.part, one.reason) for one in skipped] == [("page-2", "image_only_page")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"no pdf", "not_pdf"),
        (b"%PDF-1.7\nnothing", "damaged_pdf"),
        (BOOK[: len(BOOK) // 2], "damaged_pdf|empty"),
        (pdf_file(pictures=2), "image_only: 2 pages .* ocrmypdf"),
        (pdf_file([]), "empty: no text"),
        (pdf_file(), "empty: no text"),
        (pdf_file(column("Words."), encrypted=True), "encrypted"),
    ],
)
def test_what_cannot_be_read(read_file: ReadFile, content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_file(PdfReader(), "a.pdf", content)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(BOOK) - 1), st.binary(max_size=12))
def test_any_damage_is_explained(tmp_path_factory: pytest.TempPathFactory, at: int, put: bytes) -> None:
    from twin_data.sources.pdf_pages import read_pages

    try:
        pages, _ = read_pages(BOOK[:at] + put + BOOK[at + len(put) :], Path("a.pdf"))
        page_blocks(pages)
    except Unreadable as error:
        assert error.reason


@pytest.mark.parametrize(
    ("lines", "known", "joined"),
    [
        (["mea-", "dow"], "", "meadow"),
        (["well-", "known"], "well-known", "well-known"),
        (["slow-", "moving"], "slow moving", "slow-moving"),
        (["re-", "enter"], "reenter re enter", "reenter"),
        (["Szy-", "Moll"], "", "Szy- Moll"),
        (["1914-", "1918"], "", "1914- 1918"),
        (["a\u00ad", "b"], "", "ab"),
        (["and so", "on"], "", "and so on"),
    ],
)
def test_words_broken_at_the_end_of_a_line(lines: list[str], known: str, joined: str) -> None:
    assert join_lines(lines, Counter(known.split())) == joined


def test_the_halves_of_a_broken_word_are_no_words() -> None:
    """Else each half would tell that the other is a word of its own, and every break were the author's hyphen."""
    lines = ["It is an impor-", "tant thing, and with-", "out a gate"]
    assert whole_words(lines) == Counter("it is an thing and a gate".split())
    assert join_lines(lines, whole_words(lines)) == "It is an important thing, and without a gate"


def page(number: int, *texts: str) -> Page:
    lines = [
        Line(number, text, 50, 50 + 6 * len(text), 14 * row, 14 * row + 11, 11) for row, text in enumerate(texts, 5)
    ]
    return Page(number, 600, tuple(lines))


WORDS = st.lists(st.sampled_from(["gate", "water", "Slow", "4.2", "it’s.", "(so)"]), min_size=1, max_size=8)


@settings(deadline=None)
@given(st.lists(st.lists(WORDS.map(" ".join), max_size=12), min_size=1, max_size=4))
def test_no_word_is_lost_or_moved(texts: list[list[str]]) -> None:
    pages = [page(number, *lines) for number, lines in enumerate(texts, start=1)]
    kept = [line.text for one in without_running_lines(pages) for line in one.lines]
    assert " ".join(block.text for block in page_blocks(pages)).split() == " ".join(kept).split()
