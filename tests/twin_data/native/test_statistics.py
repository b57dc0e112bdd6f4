from __future__ import annotations

import re
import unicodedata
from collections import Counter

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twin_data.native.statistics import COLUMNS, cut, text_statistics

STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
# White space of all kinds, what ends a line for Python, dots, bullets, what counts as punctuation and what does not.
PIECES = [
    *STOP_WORDS, "The", "a", "bc", "abc", "é", "中文", "1", "²", "#", "##", "...", "…", "..", ". ", "•", "-", "°", "“", "！", "。",
    " ", "  ", "\t", "\n", "\n\n", "\n\n\n", "\r", "\r\n", "\x0b", "\x1c", "\x85", "\u2028", "\u00a0", "\u3000", "\x00", "\x7f", "🙂",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=80).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=60
)
# Few words, so that runs of them come again, also where words of other lengths make the same letters.
WORDY = st.lists(st.sampled_from(["a", "ab", "b", "ba", "aa"]), max_size=60).map(" ".join)


def duplicates(pieces: list[str]) -> tuple[int, int]:
    seen: set[str] = set()
    count = characters = 0
    for piece in pieces:
        if piece in seen:
            count, characters = count + 1, characters + len(piece)
        seen.add(piece)
    return count, characters


def top_gram(words: list[str], length: int) -> int:
    grams = Counter(" ".join(words[at : at + length]) for at in range(len(words) - length + 1))
    if not grams:
        return 0
    gram, count = grams.most_common(1)[0]
    return len(gram) * count


def duplicate_grams(words: list[str], length: int) -> int:
    seen: set[str] = set()
    characters = at = 0
    while at + length <= len(words):
        gram = "".join(words[at : at + length])
        if gram in seen:
            characters, at = characters + len(gram), at + length
        else:
            seen.add(gram)
            at += 1
    return characters


def is_punctuation(character: str) -> bool:
    """Of the characters that these tests draw on purpose."""
    return character in "#.…•-“！。\x00\x7f\x1c\x85" and character != "•"


def expected(text: str) -> dict[str, int]:
    words = text.split()
    lines = text.splitlines()
    paragraphs, runs = re.split(r"\n{2,}", text.strip()), re.split(r"\n+", text)
    filled = [line for line in text.split("\n") if line.strip()]
    found = {
        "characters": len(text),
        "words": len(words),
        "alphabetic_words": sum(any(c.isalpha() for c in word) for word in words),
        "word_characters": sum(map(len, words)),
        "hashes": text.count("#"),
        "ellipses": text.count("...") + text.count("…"),
        "lines": len(lines),
        "bullet_lines": sum(line.lstrip().startswith(("•", "-")) for line in lines),
        "ellipsis_lines": sum(line.rstrip().endswith(("...", "…")) for line in lines),
        "stop_words": len(STOP_WORDS & set(words)),
        "paragraphs": len(paragraphs),
        "duplicate_paragraphs": duplicates(paragraphs)[0],
        "duplicate_paragraph_characters": duplicates(paragraphs)[1],
        "runs": len(runs),
        "duplicate_runs": duplicates(runs)[0],
        "duplicate_run_characters": duplicates(runs)[1],
        "filled_lines": len(filled),
        "short_lines": sum(len(line) <= 30 for line in filled),
        "duplicate_line_characters": duplicates(filled)[1],
        "new_lines": text.count("\n"),
    }
    found |= {f"top_{n}_gram_characters": top_gram(words, n) for n in (2, 3, 4)}
    return found | {f"duplicate_{n}_gram_characters": duplicate_grams(words, n) for n in range(5, 11)}


def check(texts: list[str]) -> None:
    texts = ["".join(one for one in text if unicodedata.category(one) != "Cn") for text in texts]  # of newer Unicode
    found = text_statistics(pl.Series(texts, dtype=pl.String))
    assert tuple(found.columns) == COLUMNS
    for text, row in zip(texts, found.iter_rows(named=True), strict=True):
        wanted = expected(text)
        assert {name: row[name] for name in wanted} == wanted, text


@settings(max_examples=200)
@example(["\x00•", "\x00-"])  # a NUL is a character: no bullet stands first
@given(st.lists(TEXTS, max_size=4))
def test_counts_are_those_of_python(texts: list[str]) -> None:
    check(texts)


@given(st.lists(WORDY, max_size=4))
def test_repetitions_are_those_of_python(texts: list[str]) -> None:
    check(texts)


@given(
    st.lists(
        st.sampled_from(["the", "abc", "#", "...", "…", "“", "！", "。", "-", "•", "°", "a.", "\x00", "🙂"]),
        max_size=20,
    )
)
def test_words_of_punctuation_alone_are_not_counted(words: list[str]) -> None:
    row = text_statistics(pl.Series([" ".join(words)], dtype=pl.String)).row(0, named=True)
    speaking = [word for word in words if not all(map(is_punctuation, word))]
    assert row["non_symbol_words"] == len(speaking)
    assert row["non_symbol_characters"] == sum(map(len, speaking))


def test_lines_that_end_as_sentences_do() -> None:
    row = text_statistics(pl.Series(["One.\nTwo!\n“Three?”\nFour…\n五。\nsix\n"])).row(0, named=True)
    assert (row["filled_lines"], row["terminal_lines"]) == (6, 3)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=5), st.data())
def test_cut_joins_the_parts_of_each_text(texts: list[str], data: st.DataObject) -> None:
    parts = []
    for row, text in enumerate(texts):
        ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
        parts += [(row, start, end) for start, end in sorted(data.draw(st.lists(ends, max_size=3)))]
    frame = pl.DataFrame(parts, schema={"row": pl.Int64, "start": pl.Int64, "end": pl.Int64}, orient="row")
    found = cut(pl.Series("own", texts, dtype=pl.String), frame, "\n\n")
    wanted = ["\n\n".join(text[s:e] for at, s, e in parts if at == row) for row, text in enumerate(texts)]
    assert found.to_list() == wanted
    assert found.name == "own"
