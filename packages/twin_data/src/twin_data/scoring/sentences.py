"""Sentences, words and runs of words of a text, by their offsets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache

import regex
import snowballstemmer

from twin_data.contracts.base import Span

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr rev hon gen col capt lt sgt messrs mme vs etc cf al eg ie e.g i.e co inc ltd corp "
    "dept approx est jan feb mar apr jun jul aug sep sept oct nov dec a.m p.m".split()
)
_BOUNDARY = regex.compile(
    r"""(?P<stop>[.!?…]+)(?P<close>["'”’»)\]]*)(?=\s+(?:[—–-]\s)?["'“‘«(\[—–-]*[\p{Lu}\p{N}\p{Sc}@#¿¡]|\s*$)"""
    r"""|(?P<break>\n[ \t]*\n\s*)"""
)
# These announce a number; before anything else they are words ("The answer was no. Then…").
_BEFORE_NUMBERS = frozenset("no nos vol vols ch p pp fig figs ed eds c ca v".split())
_NUMBER_AHEAD = regex.compile(r"\s+\p{N}")
# What a list calls its items: "1." or "(2)." at the beginning of a sentence.
_ENUMERATION = regex.compile(r"\s*\(?\p{N}{1,3}\)?")
_LAST_WORD = regex.compile(r"[\p{L}.]+$")
_ENDS = regex.compile(r"[.!?…][\"'”’»)\]]*$")
_INITIAL = regex.compile(r"\p{Lu}(?:\.\p{Lu})*")
WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)*|\p{N}+(?:[.,:]\p{N}+)*")


def sentence_spans(text: str) -> tuple[Span, ...]:
    """The sentences of a text, white space around them left out.

    A blank line always ends a sentence. A full stop after a known abbreviation, a single initial or a list's number
    does not.
    """
    spans: list[Span] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if match["stop"] == "." and not match["close"] and _is_no_end(text, start, match.start()):
            continue
        end = match.start() if match["break"] else match.end()
        _add(spans, text, start, end)
        start = match.end()
    _add(spans, text, start, len(text))
    return tuple(spans)


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if start < end:
        spans.append(Span(start=start, end=end))


def _is_no_end(text: str, start: int, stop: int) -> bool:
    """Whether the full stop at `stop`, of the sentence that began at `start`, belongs to an abbreviation or a list."""
    at_line_start = not text[:start].strip() or "\n" in text[max(0, start - 1) : stop]
    if at_line_start and _ENUMERATION.fullmatch(text, start, stop) and text[stop + 1 :].strip():
        return True
    match = _LAST_WORD.search(text, max(0, stop - 12), stop)
    if not match:
        return False
    word = match[0]
    if word.casefold() in _BEFORE_NUMBERS:
        return bool(_NUMBER_AHEAD.match(text, stop + 1))
    # "I." ends a sentence far more often than it is an initial.
    return word.casefold() in _ABBREVIATIONS or bool(_INITIAL.fullmatch(word) and word != "I")


def words(text: str) -> list[str]:
    """The words and numbers of a text, in order and as written."""
    return WORD.findall(text)


def word_runs(text: str, length: int) -> Iterator[tuple[str, int, int]]:
    """Every run of `length` words, in lower case and joined by spaces, with the offsets at which it starts and ends."""
    found = list(WORD.finditer(text))
    folded = [match[0].casefold().replace("’", "'") for match in found]
    for at in range(len(found) - length + 1):
        last = at + length - 1
        yield " ".join(folded[at : last + 1]), found[at].start(), found[last].end()


def grams(text: str, length: int) -> Iterator[str]:
    """The runs of `length` words, wherever they stand."""
    return (run for run, _, _ in word_runs(text, length))


class _Stemmers(threading.local):
    """One stemmer a thread: a Snowball stemmer keeps its work in itself, and two threads would mix their words."""

    def __init__(self) -> None:
        self.english = snowballstemmer.stemmer("english")


_STEMMERS = _Stemmers()


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The English Snowball stem (Porter, 2001) of one word, lower-cased, possessive endings cut; `1,310` is `1310`."""
    lowered = word.casefold().replace("’", "'")
    if lowered[:1].isdecimal():
        return lowered.replace(",", "")
    return str(_STEMMERS.english.stemWord(lowered.removesuffix("'s").rstrip("'")))


STOPWORDS = frozenset(
    """a about above after again against all also am an and any are as at be because been before being below between
    both but by can could did do does doing down during each even ever every few for from further get give had has have
    having he her here hers herself him himself his how i if in into is it it's its itself just let like made make many
    may me might more most much must my myself no nor not now of off on once one only or other our ours ourselves out
    over own quite rather same say says said shall she should so some such than that that's the their theirs them
    themselves then there these they thing things this those though through to too under until up upon us used very was
    we well were what what's when where which while who whom whose why will with without would yes yet you your yours
    yourself tell according i'm i've i'd i'll you're you've you'd don't didn't doesn't isn't wasn't aren't weren't can't
    couldn't won't wouldn't shan't shouldn't haven't hasn't hadn't""".split()
)


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order."""
    return [stem(word) for word in words(text) if word.casefold().replace("’", "'") not in STOPWORDS]


def is_whole(sentence: str) -> bool:
    """Whether a sentence has its end; the last one of a draft cut by its length has none."""
    return bool(_ENDS.search(sentence))
