from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.documents import BlockStyle, Role
from twin_data.sources.wordpress_markup import post_blocks, without_shortcodes


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Kept [sic] as it [was].", "Kept [sic] as it [was]."),
        ("A list [1], [2] and [the Board].", "A list [1], [2] and [the Board]."),
        ("[gallery]", ""),
        ('[gallery ids="1,2"]After', "After"),
        ("[embed]https://v.example/1[/embed]", ""),
        ("[youtube https://v.example/1]", ""),
        ('[caption id="a" width="3"]The pump.[/caption]', "The pump."),
        ("[dropcap]I[/dropcap]t was cold.", "It was cold."),
        ('[button link="/buy" size=big]', ""),
        ("[row][column width='1/2']One[/column][column]Two[/column][/row]", "OneTwo"),
        ("Write [[gallery]] here.", "Write [gallery] here."),
        ("[code]a[0] = [x for x in b][/code]", "<pre>a[0] = [x for x in b]</pre>"),
    ],
)
def test_shortcodes_go_and_brackets_stay(given: str, shown: str) -> None:
    assert without_shortcodes(given) == shown


def test_the_older_editor_marks_paragraphs_by_blank_lines() -> None:
    text = "One line\nand the next.\r\n\r\nA new paragraph.\n<pre>\nkeep\n\n  this\n</pre>\nAnd <em>on</em>.<!--more-->\n\nEnd."
    assert [block.text for block in post_blocks(text)] == [
        "One line\nand the next.",
        "A new paragraph.",
        "keep\n\n  this",
        "And on.",
        "End.",
    ]


@given(st.text(alphabet="a []/=\"'<>!-\nsic code wp:", max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert all(block.text.strip() for block in post_blocks(text))


@given(st.lists(st.sampled_from(["It’s", "late", "[sic]", "—", "(twice)", "[1]"]), min_size=1))
def test_what_holds_no_shortcode_stays_word_for_word(words: list[str]) -> None:
    assert without_shortcodes(" ".join(words)) == " ".join(words)


def test_a_verse_is_no_code_and_a_button_no_text() -> None:
    verse = '<!-- wp:verse --><pre class="wp-block-verse">Gates are red,\nso to bed</pre><!-- /wp:verse -->'
    button = '<!-- wp:buttons --><div class="wp-block-buttons"><a>Subscribe</a></div><!-- /wp:buttons -->'
    assert [(one.style, one.text) for one in post_blocks(verse + button)] == [
        (BlockStyle.PARAGRAPH, "Gates are red,\nso to bed")
    ]


def test_quotations_in_shortcodes_are_quoted_and_addresses_alone_are_no_text() -> None:
    blocks = post_blocks(
        'Mine.\n\nhttps://v.example/1\n\n[quote author="Ruth Szy"]Hers.[/quote]\n\n[pullquote]Mine.[/pullquote]'
    )
    own = [one.text for one in blocks if one.role is Role.OWN]
    assert own == ["Mine."] and (blocks[1].author, blocks[1].text) == ("Ruth Szy", "Hers.")
