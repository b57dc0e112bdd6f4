from __future__ import annotations

import re
import string
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.configuration.persona import SourceOptions
from twin_data.contracts.documents import BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.markdown import MarkdownReader
from twin_data.sources.markdown_blocks import markdown_blocks
from twin_data.sources.reader import Skipped, Unreadable

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]

POST = """---
title: "Green: ink"
date: 2021-05-23
tags: [a, b]
url: https://nora.example/green-ink
---

# A *heading* with `code`

It's a "dull" change — the gates didn’t **open**, see [the log](https://x.example "t") and ![a chart](c.png).
The line goes on\\
and breaks.

- one item
  - a nested one

1. a numbered one

> Ring the bell twice.
>
> — Agnes Moll, *Rules*, 1961

```sh
export GATE=7   # two  spaces
```

| gate | tide |
|------|------|
| Scar | 2.10 |
"""


def test_reads_a_post(read_file: ReadFile) -> None:
    (document,), skipped = read_file(MarkdownReader(), "deep/green.md", POST)
    assert not skipped
    assert document.document_id == "notes/deep/green.md"
    assert (document.title, document.date, document.url) == (
        "Green: ink",
        date(2021, 5, 23),
        "https://nora.example/green-ink",
    )
    assert document.kind is DocumentKind.ARTICLE
    found = [(block.style, block.role, block.text) for block in document.blocks]
    own, quoted = Role.OWN, Role.QUOTED
    assert found == [
        (BlockStyle.HEADING, own, "A heading with code"),
        (
            BlockStyle.PARAGRAPH,
            own,
            'It\'s a "dull" change — the gates didn’t open, see the log and . The line goes on\nand breaks.',
        ),
        (BlockStyle.LIST_ITEM, own, "one item"),
        (BlockStyle.LIST_ITEM, own, "a nested one"),
        (BlockStyle.LIST_ITEM, own, "a numbered one"),
        (BlockStyle.QUOTATION, quoted, "Ring the bell twice."),
        (BlockStyle.QUOTATION, quoted, "— Agnes Moll, Rules, 1961"),
        (BlockStyle.CODE, own, "export GATE=7   # two  spaces"),
        (BlockStyle.PARAGRAPH, own, "gate | tide"),
        (BlockStyle.PARAGRAPH, own, "Scar | 2.10"),
    ]
    assert document.blocks[0].level == 1
    assert {block.author for block in document.blocks if block.role is quoted} == {"Agnes Moll"}


@pytest.mark.parametrize(
    ("field", "role"),
    [
        ("", Role.OWN),
        ("author: nora fenwick", Role.OWN),
        ("author: nfenwick", Role.OWN),
        ("author: N. Fenwick <nora@harbour.example>", Role.OWN),
        ("author: Nora\u00a0Fenwick <ours@harbour.example>", Role.OWN),
        ("author: {name: Nora Fenwick}", Role.OWN),
        ("author: Ruth Szy", Role.OTHER),
        ("authors: [Nora Fenwick, Ruth Szy]", Role.OTHER),
    ],
)
def test_author_of_the_front_matter_decides(read_file: ReadFile, field: str, role: Role) -> None:
    (document,), _ = read_file(MarkdownReader(), "a.md", f"---\ntitle: T\n{field}\n---\nWords.\n\n> Others.\n")
    assert [block.role for block in document.blocks] == [role, Role.QUOTED]


def test_what_a_file_does_not_say_comes_from_name_and_source(read_file: ReadFile) -> None:
    options = SourceOptions(url_base="https://nora.example/notes", series=("parts",), date=date(2020, 1, 1))
    (document,), _ = read_file(MarkdownReader(), "parts/2021-05-23-the-scar gate.md", "Words.", options=options)
    assert document.title == "The scar gate"
    assert document.date == date(2021, 5, 23)
    assert document.url == "https://nora.example/notes/parts/2021-05-23-the-scar%20gate.md"
    assert document.series == "notes/parts"
    (undated,), _ = read_file(MarkdownReader(), "undated.md", "Words.", options=options)
    assert (undated.date, undated.series) == (date(2020, 1, 1), None)


def test_a_note_below_a_quotation_is_the_writers() -> None:
    blocks = markdown_blocks("> It leaked.[^1]\n[^1]: So she says.")
    assert [(one.role, one.text) for one in blocks] == [(Role.QUOTED, "It leaked."), (Role.OWN, "So she says.")]


def test_a_source_of_short_notes_says_so(read_file: ReadFile) -> None:
    (document,), _ = read_file(MarkdownReader(), "a.md", "Words.", options=SourceOptions(kind=DocumentKind.POST))
    assert document.kind is DocumentKind.POST


def test_rules_that_are_no_front_matter_lose_nothing(read_file: ReadFile) -> None:
    (document,), _ = read_file(MarkdownReader(), "a.md", "---\n\nKept.\n\n---\n\nAlso kept.\n")
    assert document.text == "Kept.\n\nAlso kept."


def test_broken_front_matter_names_its_line(read_file: ReadFile) -> None:
    with pytest.raises(Unreadable, match="front_matter: line 2"):
        read_file(MarkdownReader(), "a.md", "---\ntitle: a: b\n---\nWords.\n")


@pytest.mark.parametrize("content", ["", "\n \n", "---\ntitle: T\n---\n", "![only](a.png)"])
def test_no_text_is_empty(read_file: ReadFile, content: str) -> None:
    with pytest.raises(Unreadable, match="empty"):
        read_file(MarkdownReader(), "a.md", content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See [[Marl Lock|the lock]] and [[Scar]].![[chart.png]]", ["See the lock and Scar."]),
        ("It leaked.[^1]\n\n[^1]: Once.", ["It leaked.", "Once."]),
        ("It leaked.[^1][^b]\n\n[^1]: Once.\n[^b]: Twice.", ["It leaked.", "Once.", "Twice."]),
        ("It leaked.[^1]\n[^1]: Once.", ["It leaked.", "Once."]),
        ("- It leaked.[^1]\n[^1]: Once.", ["It leaked.", "Once."]),
        ("[a]: http://x.example\n[^1]: Once.", ["Once."]),
        ("Not a note[^2].", ["Not a note[^2]."]),
        ("`[[kept]]` and `[^1]`\n\n[^1]: N.", ["[[kept]] and [^1]", "N."]),
        ("<div>In a <b>box</b>, &amp; out.</div>\n\n<!-- hidden -->", ["In a box, & out."]),
        ("a<br>b and <kbd>Ctrl</kbd>", ["a\nb and Ctrl"]),
        ("~~struck~~ 3 &lt; 4", ["struck 3 < 4"]),
        ("    [^1]: code", ["[^1]: code"]),
    ],
)
def test_what_a_reader_sees(text: str, expected: list[str]) -> None:
    assert [block.text for block in markdown_blocks(text)] == expected


WORDS = st.text(st.sampled_from(string.ascii_letters + string.digits + string.punctuation + "—–‘’“”…éß£"), min_size=1)
WRAPS = st.sampled_from(["{}", "{}", "*{}*", "**{}**", "[{}](https://x.example)", "~~{}~~", "_{}_"])


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(WORDS, WRAPS), min_size=1, max_size=8), min_size=1, max_size=4))
def test_every_letter_and_mark_is_kept(written: list[list[tuple[str, str]]]) -> None:
    """Marks go, whatever the author wrote between them stays, to the character."""
    source = "\n\n".join(
        " ".join(wrap.replace("{}", re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", word)) for word, wrap in paragraph)
        for paragraph in written
    )
    blocks = markdown_blocks(source)
    assert [block.text for block in blocks] == [" ".join(word for word, _ in paragraph) for paragraph in written]


@pytest.mark.parametrize(("base", "url"), [(None, None), ("https://nora.example/", "https://nora.example/gates/")])
def test_a_path_is_no_address_without_its_site(read_file: ReadFile, base: str | None, url: str | None) -> None:
    content = "---\npermalink: /gates/\n---\nShut.\n"
    (document,), _ = read_file(MarkdownReader(), "a.md", content, options=SourceOptions(url_base=base))
    assert document.url == url


@pytest.mark.parametrize("field", ["draft: true", "published: false"])
def test_what_calls_itself_a_draft_is_none_of_the_writing(read_file: ReadFile, field: str) -> None:
    with pytest.raises(Unreadable, match="draft"):
        read_file(MarkdownReader(), "a.md", f"---\ntitle: Gates\n{field}\n---\nUnfinished.\n")


def test_tags_of_site_generators_are_no_text(read_file: ReadFile) -> None:
    (document,), _ = read_file(MarkdownReader(), "a.md", "---\ntitle: Gates\n---\nShut. {{< figure src=x >}}\n")
    assert document.text == "Shut."
    (document,), _ = read_file(MarkdownReader(), "b.md", "Shut. {{< figure src=x >}}\n")
    assert document.text == "Shut. {{< figure src=x >}}"


def test_an_address_that_is_none_is_no_address(read_file: ReadFile) -> None:
    options = SourceOptions(url_base="https://nora.example/")
    page = "---\nurl: 'http://[x'\n---\nIt leaks.\n"
    (document,), _ = read_file(MarkdownReader(), "a.md", page, options=options)
    assert document.url == "https://nora.example/a.md"
