"""False claims made from true ones, one way of being wrong at a time.

Each distortion takes a true claim with the passages that will be shown beside it and gives false ones, or none where it
does not apply. The words of most stand in the passages, so that a count of words cannot tell them from the true ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

import regex

from benchmarks.claims import TrueClaim
from twin_data.scoring.numerals import held_numbers, numbers
from twin_data.scoring.sentences import STOPWORDS, content_stems, sentence_spans, stem, words

Distortion = Callable[[TrueClaim, Sequence[str], Random], Iterator[str]]

_FIGURE = regex.compile(r"(?<![\p{L}\p{N}.,])\p{N}+(?:[.,]\p{N}+)*(?![\p{L}\p{N}])")
_NAME = regex.compile(r"\p{Lu}[\p{L}'’-]+(?:\s+(?:(?:of|the|de|von|du)\s+){0,2}\p{Lu}[\p{L}'’-]+)*")
_CALENDAR = frozenset(
    "January February March April May June July August September October November December Monday Tuesday Wednesday "
    "Thursday Friday Saturday Sunday".split()
)
_AUXILIARY = regex.compile(
    r"\b(was|were|is|are|has|had|have|can|could|will|would|may|might|must|should|did|does|do)\b(?!\s+not\b|n't)"
)
_NEGATION = regex.compile(r"(?i)\b(not|never|no longer|cannot)\s|n't\b")
_PAST_VERB = regex.compile(
    r"(?<=\p{L}\s)(?<!\b(?:was|were|is|are|be|been|being|the|an?|had|has|have|of|by|and|or|to|in)\s)(\p{Ll}{3,}ed)(?=\s)"
)
_OPPOSITES = (
    "largest smallest|large small|more less|most least|before after|increased decreased|increase decrease|higher lower|"
    "above below|first last|won lost|began ended|north south|east west|northern southern|eastern western|always rarely|"
    "often rarely|all few|many few|some no|accepted rejected|allowed prohibited|allows prohibits|"
    "successful unsuccessful|"
    "public private|with without|strong weak|early late|old new|positive negative|innate adaptive|direct indirect|"
    "formal informal|supported opposed|majority minority|succeeded failed"
)
_ANTONYMS = {
    word: other
    for pair in _OPPOSITES.split("|")
    for word, other in (tuple(pair.split()), tuple(reversed(pair.split())))
    if word not in {"no", "few"}
}
MIN_SALAD_WORDS = 6


def changed_number(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """A figure that no passage holds."""
    held = {figure for text in passages for figure in held_numbers(text)}
    for found in _FIGURE.finditer(claim.text):
        digits = [at for at, letter in enumerate(found[0]) if letter.isdecimal()]
        at = digits[-1] if random.random() < 0.7 else digits[len(digits) // 2]
        other = str((int(found[0][at]) + random.randint(1, 8)) % 10)
        text = found[0][:at] + other + found[0][at + 1 :]
        if not numbers(text) <= held and text[0] != "0":
            yield claim.text[: found.start()] + text + claim.text[found.end() :]


def number_of_the_passage(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """A figure in the place of another of the same passage; years stay years."""
    for found in _FIGURE.finditer(claim.text):
        others = [
            one
            for one in dict.fromkeys(_FIGURE.findall(claim.source.text))
            if one not in claim.text and _is_year(one) is _is_year(found[0]) and numbers(one)
        ]
        if others:
            yield claim.text[: found.start()] + random.choice(others) + claim.text[found.end() :]


def _is_year(figure: str) -> bool:
    return len(figure) == 4 and figure.isdecimal() and figure[0] in "12"


def name_of_the_passage(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """A name in the place of another of the same passage."""
    yield from _renamed(claim, claim.source.text, random)


def name_of_another_passage(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """A name of another passage that is shown, too."""
    elsewhere = " ".join(text for text in passages if text != claim.source.text)
    yield from _renamed(claim, elsewhere, random, unlike=claim.source.text)


def _renamed(claim: TrueClaim, text: str, random: Random, *, unlike: str = "") -> Iterator[str]:
    others = [one for one in entities(text) if one not in unlike]
    for name in entities(claim.text, known=entities(claim.source.text))[:2]:
        fitting = [one for one in others if _are_apart(one, name, claim.text)]
        if fitting:
            yield claim.text.replace(name, random.choice(fitting), 1)


def _are_apart(one: str, name: str, text: str) -> bool:
    same_kind = bool(set(words(one)) & _CALENDAR) is bool(set(words(name)) & _CALENDAR)
    return same_kind and not {stem(word) for word in words(one)} & {stem(word) for word in words(text)}


def swapped_roles(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """Two names, or two figures of a kind, that change places within the claim; never two of one list."""
    names = sorted(entities(claim.text, known=entities(claim.source.text)), key=claim.text.index)
    figures = [found[0] for found in _FIGURE.finditer(claim.text)]
    for one, two in [*zip(names, names[1:], strict=False), *zip(figures, figures[1:], strict=False)]:
        start, end = claim.text.index(one) + len(one), claim.text.rindex(two)
        between = claim.text[start:end]
        if start >= end or one in two or two in one or _is_year(one) is not _is_year(two):
            continue
        if set(words(between.casefold())) <= {"and", "or", "the", "of", "a", "in", "as", "well", "is", "was", "are"}:
            continue
        yield claim.text[: start - len(one)] + two + between + one + claim.text[end + len(two) :]


def added_negation(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """The claim denied."""
    if _NEGATION.search(claim.text):
        return
    if found := _AUXILIARY.search(claim.text):
        word = random.choice([" not", " never", "n't", " no longer"])
        if not (word == "n't" and found[0] in {"can", "will", "may", "might", "must"}):
            yield claim.text[: found.end()] + word + claim.text[found.end() :]
    elif found := _PAST_VERB.search(claim.text):
        yield f"{claim.text[: found.start()]}never {claim.text[found.start() :]}"


def removed_negation(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """The claim affirmed where it was a denial."""
    if found := _NEGATION.search(claim.text):
        rest = claim.text[found.end() :]
        kept = "can " if found[0].casefold() == "cannot " else ""
        yield claim.text[: found.start()] + kept + rest


def opposite_word(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """A word in the place of its opposite, where the passage has the opposite nowhere near."""
    for word, other in _ANTONYMS.items():
        text, count = regex.subn(rf"(?<=\s){word}(?=\s)", other, claim.text, count=1)
        if count and other not in claim.sentence:
            yield text
            return


def other_passages_claim(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """The claim itself: it is shown with passages of which none is its own."""
    yield claim.text


def shuffled_words(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """The words of content in another order, the words between them where they were."""
    pieces = regex.split(r"([\p{L}\p{N}][\p{L}\p{N}'’.,-]*[\p{L}\p{N}]|[\p{L}\p{N}])", claim.text)
    content = [at for at, piece in enumerate(pieces) if at % 2 and piece.casefold() not in STOPWORDS]
    if len(content) < 4:
        return
    order = content[:]
    while sum(one == two for one, two in zip(order, content, strict=True)) > 1:
        random.shuffle(order)
    moved = dict(zip(content, (pieces[at] for at in order), strict=True))
    yield _sentence("".join(moved.get(at, piece) for at, piece in enumerate(pieces)))


def shuffled_phrases(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """The phrases of content in another order: `The {2} of {1} was {3}`."""
    pieces = _phrases(claim.text)
    content = [at for at, (_, is_content) in enumerate(pieces) if is_content]
    if len(content) < 3:
        return
    order = content[1:] + content[:1] if random.random() < 0.5 else content[::-1]
    moved = dict(zip(content, (pieces[at][0] for at in order), strict=True))
    text = _sentence(" ".join(moved.get(at, piece) for at, (piece, _) in enumerate(pieces)))
    if content_stems(text) != content_stems(claim.text):
        yield text


def _phrases(text: str) -> list[tuple[str, bool]]:
    """Runs of content words and of function words."""
    runs: list[tuple[list[str], bool]] = []
    for word in words(text):
        is_content = word.casefold() not in STOPWORDS
        if runs and runs[-1][1] is is_content:
            runs[-1][0].append(word)
        else:
            runs.append(([word], is_content))
    return [(" ".join(run), is_content) for run, is_content in runs]


def copula_salad(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """`The {phrase} is not a {phrase}, but a {phrase}`, of phrases of one stretch of the passage."""
    nearby = _nearby(claim)
    nouns = [
        run
        for run, is_content in _phrases(nearby)
        if is_content and 1 <= len(run.split()) <= 3 and not _FIGURE.search(run)
    ]
    nouns = [one for one in dict.fromkeys(nouns) if not one.endswith(("ed", "ly", "ing"))]
    if len(nouns) < 4:
        return
    a, b, c, d = random.sample(nouns, 4)
    yield _sentence(
        random.choice(
            [
                f"the {a} is not the {b}, but the {c}",
                f"the {a} of the {b} is the {c}",
                f"the {a} is the {b} of the {c}, and the {d} is the {a}",
                f"the {a} was the {b} that {c} had called {d}",
            ]
        )
    )


def markov_salad(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """A walk over the neighbouring words of one stretch: each two of them stand there, the whole nowhere."""
    tokens = [words(one) for one in _sentences(_nearby(claim))]
    after: dict[str, list[str]] = {}
    for sentence in tokens:
        for word, following in zip(sentence, sentence[1:], strict=False):
            after.setdefault(word.casefold(), []).append(following)
    for _ in range(20):
        walk = [random.choice(tokens)[0]]
        jumps = 0
        while len(walk) < 24 and (choices := after.get(walk[-1].casefold())):
            jumps += len(set(choices)) > 1
            walk.append(random.choice(choices))
        text = " ".join(walk)
        if len(walk) >= MIN_SALAD_WORDS + 2 and jumps >= 2 and not _stands_in(text, claim.source.text):
            yield _sentence(text)
            return


def splice(claim: TrueClaim, passages: Sequence[str], random: Random) -> Iterator[str]:
    """The beginning of one sentence and the end of its neighbour, cut at a word that both have, or at their verbs."""
    tokens = [words(one) for one in _sentences(claim.source.text)]
    pairs = [(one, two) for one, two in zip(tokens, tokens[1:], strict=False) if min(len(one), len(two)) >= 8]
    random.shuffle(pairs)
    for one, two in pairs:
        shared = [
            w
            for w in one[3:-2]
            if w in two[3:-2] and w.casefold() in {"was", "were", "is", "are", "had", "has", "have", "to", "of"}
        ]
        if shared:
            word = random.choice(shared)
            text = " ".join([*one[: one.index(word, 3)], *two[two.index(word, 3) :]][:26])
            if not _stands_in(text, claim.source.text):
                yield _sentence(text)
                return


def _nearby(claim: TrueClaim) -> str:
    """The claim's sentence and the one after it, or before."""
    every = _sentences(claim.source.text)
    at = every.index(claim.sentence)
    return " ".join(every[at : at + 2] if at + 1 < len(every) else every[max(0, at - 1) : at + 1])


def _sentences(text: str) -> list[str]:
    return [one.of(text) for one in sentence_spans(text)]


def _stands_in(text: str, passage: str) -> bool:
    return " ".join(words(text)).casefold() in " ".join(words(passage)).casefold()


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".,;: ")
    return f"{text[:1].upper()}{text[1:]}."


def entities(text: str, *, known: Sequence[str] = ()) -> list[str]:
    """Names in the text: capitalised words where no sentence begins, or known from elsewhere."""
    found = []
    for sentence in _sentences(text):
        for match in _NAME.finditer(sentence):
            name = match[0].removesuffix("'s").removesuffix("’s")
            if match.start() == 0 and name not in known:
                continue
            if name.casefold() not in STOPWORDS and name.split()[0].casefold() not in STOPWORDS:
                found.append(name)
    return list(dict.fromkeys(found))


DISTORTIONS: dict[str, Distortion] = {
    "number changed": changed_number,
    "number of the same passage": number_of_the_passage,
    "name of the same passage": name_of_the_passage,
    "name of another passage": name_of_another_passage,
    "roles swapped": swapped_roles,
    "negation added": added_negation,
    "negation removed": removed_negation,
    "opposite word": opposite_word,
    "another passage's claim": other_passages_claim,
    "words shuffled": shuffled_words,
    "phrases shuffled": shuffled_phrases,
    "copula salad": copula_salad,
    "Markov salad": markov_salad,
    "splice": splice,
}
