"""Does a text read as whole English prose? Rules of thumb, sterner than they need be."""

from __future__ import annotations

import regex

from twin_data.scoring.sentences import STOPWORDS, sentence_spans, words

MIN_WORDS, MAX_WORDS = 7, 60
MIN_STOPWORDS = 0.2
"""Share of English function words below which a text is in another language. Of 1,300 rows of four English writers the
lowest share is 0.25; German, French, Polish and Russian prose has 0.00 to 0.07."""
FEWEST_WORDS_TO_TELL = 7


# "Because the gate is slow." waits for a main clause, which a comma would open.
_OPEN_CLAUSE = regex.compile(r"(?:Because|If|When|Whenever|Although|Though|Since|While|Unless|Until|As soon as)\b")
_MAIN_CLAUSE = regex.compile(r"^[^;]*,\s")


def reads_well(text: str) -> bool:
    """Whether a response looks like whole, balanced prose of a fit length that needs nothing before it."""
    if not MIN_WORDS <= len(words(text)) <= MAX_WORDS or not _is_balanced(text):
        return False
    if not regex.match(r"[\"“‘']?[\p{Lu}\p{N}£$]", text) or not regex.search(r"[.!?…][\"”’]?$", text):
        return False
    if regex.search(r"[,;:—–]\s*[,;:.!?]|\s[,;.!?]|\.\.(?!\.)|  ", text) or regex.search(
        r"\[(?:name|email|phone|address|link|removed)[^\]]*\]|https?:|@|`|_{2}|#", text
    ):
        return False
    if regex.match(r"(?i)[\"“‘]?(?:which|who|whom|whose|and|but|or|nor|yet|than|to (?!be\b))\b", text):
        return False
    return all(not is_fragment(span.of(text)) for span in sentence_spans(text))


def is_english(text: str) -> bool:
    """Whether a text is English, as far as its function words tell; what is too short to tell is taken for English."""
    found = [word.casefold().replace("’", "'") for word in words(text)]
    return len(found) < FEWEST_WORDS_TO_TELL or sum(one in STOPWORDS for one in found) >= MIN_STOPWORDS * len(found)


def is_fragment(sentence: str) -> bool:
    """Whether a sentence lacks what nearly every English sentence has: a finite verb among the common ones."""
    if _OPEN_CLAUSE.match(sentence) and not _MAIN_CLAUSE.search(sentence):
        return True
    lowered = [word.casefold().replace("’", "'") for word in words(sentence)]
    return len(lowered) < 4 or not any(looks_finite(word, at) for at, word in enumerate(lowered))


_FINITE = frozenset(
    "is are was were am be been has have had do does did can could will would shall should may might must cannot "
    "went came took gave said told made saw got kept left found thought knew wrote stood sat ran lost sent held "
    "brought began broke built bought caught fell felt heard led let met paid put rang rose set shut slept spoke "
    "spent stuck struck taught threw understood woke won wound mean means know think say want see make take go "
    "goes come comes seem seems need needs get gets keep keeps give gives like call hold holds stand stands "
    "believe tell tells ask asks use read write lie lies find finds run runs work works feel show shows learn "
    "live drink eat hear leave send turn try wait".split()
)


def looks_finite(word: str, at: int) -> bool:
    """Whether a word in lower case, the `at`th of its sentence, may be a finite verb."""
    contracted = (
        "'" in word and not word.endswith("'s") or word in {"it's", "that's", "there's", "he's", "she's", "what's"}
    )
    return word in _FINITE or contracted or (at > 0 and len(word) > 4 and word.endswith("ed"))


def _is_balanced(text: str) -> bool:
    pairs = (("(", ")"), ("“", "”"), ("[", "]"))
    return all(text.count(left) == text.count(right) for left, right in pairs) and text.count('"') % 2 == 0
