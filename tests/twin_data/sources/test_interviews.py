from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import Block, BlockStyle, RawDocument, Role
from twin_data.sources.docx import DocxReader
from twin_data.sources.html import HtmlReader
from twin_data.sources.interviews import written_by
from twin_data.sources.markdown import MarkdownReader
from twin_data.sources.reader import Attribution, ReadContext, Skipped, Unreadable

from .word_file import paragraph, run, word_file

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

TURNS = [
    ("Nora Fenwick", "Why timber, Ruth?"),
    ("Ruth", "Because it is cheap, and because it leaks where one can see it."),
    ("Nora Fenwick", "And steel?"),
    ("Ruth", "Steel rusts."),
]
SAID = [
    (Role.OWN, "I met Ruth at the lock."),
    (Role.OWN, "Why timber, Ruth?"),
    (Role.OTHER, "Because it is cheap, and because it leaks where one can see it."),
    (Role.OWN, "And steel?"),
    (Role.OTHER, "Steel rusts."),
    (Role.OTHER, "Timber rots, too."),
]
MARKDOWN = "\n\n".join(
    ["I met Ruth at the lock.", *(f"**{name}:** {text}" for name, text in TURNS), "Timber rots, too."]
)


def told(document: RawDocument) -> list[tuple[Role, str]]:
    return [(one.role, one.text) for one in document.blocks]


def test_an_interview_in_markdown_is_told_by_who_speaks(read_file: ReadFile) -> None:
    (document,), _ = read_file(MarkdownReader(), "ruth.md", MARKDOWN)
    assert told(document) == SAID
    below = MARKDOWN + "\n\n## After\n\nShe was right."
    (document,), _ = read_file(MarkdownReader(), "ruth.md", below)
    assert told(document) == [*SAID, (Role.OWN, "After"), (Role.OWN, "She was right.")]


def test_what_a_journalist_wrote_of_the_persona_s_answers_is_told_by_who_speaks(read_file: ReadFile) -> None:
    (document,), _ = read_file(MarkdownReader(), "ruth.md", f"---\nauthor: Ruth\n---\n{MARKDOWN}")
    assert told(document) == [(Role.OTHER, SAID[0][1]), *SAID[1:]]
    others = MARKDOWN.replace("Nora Fenwick", "Ada")
    (document,), _ = read_file(MarkdownReader(), "ruth.md", f"---\nauthor: Ruth\n---\n{others}")
    assert {role for role, _ in told(document)} == {Role.OTHER}


def test_turns_may_be_lines_of_one_paragraph(read_file: ReadFile) -> None:
    lines = "\\\n".join(f"**{name}:** {text}" for name, text in TURNS)
    (document,), _ = read_file(MarkdownReader(), "ruth.md", f"I met Ruth at the lock.\n\n{lines}\\\nTimber rots, too.")
    assert [role for role, _ in told(document)] == [role for role, _ in SAID[:-1]]


def test_an_interview_on_a_page_or_in_word_is_told_by_who_speaks(read_file: ReadFile) -> None:
    texts = ["I met Ruth at the lock.", *(f"{name}: {text}" for name, text in TURNS), "Timber rots, too."]
    page = "".join(f"<p>{text}</p>" for text in texts)
    (document,), _ = read_file(HtmlReader(), "ruth.html", f"<html><body><article>{page}</article></body></html>")
    assert told(document) == SAID
    (document,), _ = read_file(DocxReader(), "ruth.docx", word_file("".join(paragraph(run(text)) for text in texts)))
    assert told(document) == SAID


def test_others_alone_are_known_by_their_names_in_the_text(read_file: ReadFile) -> None:
    text = MARKDOWN.replace("Nora Fenwick", "Interviewer")
    (document,), _ = read_file(MarkdownReader(), "ruth.md", text)
    assert [role for role, _ in told(document)] == [Role.OWN, *[Role.OTHER] * 5]


@pytest.mark.parametrize(
    "labels", [("Note", "Tip"), ("Pros", "Cons"), ("What it costs", "What it saves"), ("Ruth", "Ruth")]
)
def test_an_article_with_bold_lead_ins_is_not_torn_apart(read_file: ReadFile, labels: tuple[str, str]) -> None:
    text = "\n\n".join(f"**{labels[at % 2]}:** it leaks for the {at}th time." for at in range(8))
    (document,), _ = read_file(MarkdownReader(), "gates.md", text)
    assert {(one.role, one.style, one.text.partition(":")[0] in labels) for one in document.blocks} == {
        (Role.OWN, BlockStyle.PARAGRAPH, True)
    }


def test_an_article_in_which_nobody_asks_is_no_interview(read_file: ReadFile) -> None:
    said = ["the whole of it runs on Windows, too.", "nothing to do here.", "it reboots.", "as on Linux before."]
    text = "\n\n".join(f"**{('Linux', 'Windows')[at % 2]}:** {one}" for at, one in enumerate(said))
    (document,), _ = read_file(MarkdownReader(), "setup.md", f"I set it up on Linux and on Windows.\n\n{text}")
    assert {one.role for one in document.blocks} == {Role.OWN}


def test_a_dialogue_in_a_book_is_its_author_s(read_file: ReadFile) -> None:
    body = "".join(f"<p>{name}: {text}</p>" for name, text in TURNS * 2)
    page = f'<html xmlns:epub="http://www.idpf.org/2007/ops"><body epub:type="bodymatter">{body}</body></html>'
    (document,), _ = read_file(HtmlReader(), "one.xhtml", page)
    assert {one.role for one in document.blocks} == {Role.OWN}


@given(st.lists(st.text(alphabet="Ab: \n.", min_size=1).filter(lambda text: text.strip() != ""), max_size=12))
def test_no_word_is_lost(texts: list[str]) -> None:
    """But for the labels, of which there are none without names in the text."""
    context = ReadContext("notes", Path("notes"), Author(name="Nora Fenwick"))
    blocks = [Block(text=text) for text in texts]
    written = written_by(Attribution(Role.OWN, None, "single-author source"), blocks, context)
    assert [one.text for one in written] == texts


FORUM = """<html><head><title>Timber or steel?</title></head><body><h1>Timber or steel?</h1>
<div class="post"><div class="author">ruths</div><div class="content">Steel, and nobody can tell me otherwise.</div></div>
<div class="post"><div class="author">nfenwick</div><div class="content">Timber, as I said in March.</div></div>
</body></html>"""


def test_posts_of_others_on_a_page_are_not_the_persona_s(read_file: ReadFile) -> None:
    (document,), (skipped,) = read_file(HtmlReader(), "thread.html", FORUM)
    assert [one.text for one in document.blocks] == ["Timber or steel?", "Timber, as I said in March."]
    assert skipped.reason == "page_furniture: 9 words"
    with pytest.raises(Unreadable, match=r"others_posts: ruths, nora_f; .*author\.aliases"):
        read_file(HtmlReader(), "thread.html", FORUM.replace("nfenwick", "nora_f"))


def test_an_article_that_names_its_author_is_no_thread(read_file: ReadFile) -> None:
    page = FORUM.replace("nfenwick", "ruths")
    (document,), _ = read_file(HtmlReader(), "a.html", page)
    assert len(document.blocks) == 5


BOOKS = """<html><head><title>Read</title><meta name="author" content="{by}"></head><body><article><h1>Read</h1>
<div class="book"><h3>The Waves</h3><p class="{mark}">Virginia Woolf</p><p>I gave up twice.</p></div>
<div class="book"><h3>Molloy</h3><p class="{mark}">Samuel Beckett</p><p>I laughed all night.</p></div>
<p>That was the year, and I read too little of what my friends told me to read.</p></article></body></html>"""


@pytest.mark.parametrize(
    ("by", "mark", "are_kept"),
    [
        ("Nora Fenwick", "author", True),
        ("Nora Fenwick", "book-author-name", True),
        ("Nora Fenwick", "username", False),
        ("", "author", False),
    ],
)
def test_authors_of_books_on_the_persona_s_own_page_are_no_posters(
    read_file: ReadFile, by: str, mark: str, are_kept: bool
) -> None:
    (document,), _ = read_file(HtmlReader(), "a.html", BOOKS.format(by=by, mark=mark))
    assert ("I laughed all night." in document.text) is are_kept


@pytest.mark.parametrize("mark", ["user-input", "author"])
def test_what_stands_within_sentences_or_is_typed_is_no_poster_s_name(read_file: ReadFile, mark: str) -> None:
    page = "".join(
        f"<p>To see what has changed since then, type <b class='{mark}'>{typed}</b> and wait.</p>"
        for typed in ("make", "ls")
    )
    (document,), _ = read_file(HtmlReader(), "a.html", f"<html><body><article>{page}</article></body></html>")
    assert len(document.blocks) == 2
