"""How a claim's words lie in a stretch of evidence: the same words in another order say something else.

Each content word of the claim is laid on one place of the stretch, so that words which are neighbours in the claim fall
close together where they can (a monolingual alignment by dynamic programming; cf. METEOR's chunks, Banerjee and Lavie,
2005). What is then counted are seams: where the claim goes on in another sentence, goes back, leaps ahead, or slips
from one copied run of words into another. No parser is needed and none is used.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, pairwise

import regex

from twin_data.scoring.plain_words import in_figures, without_contractions
from twin_data.scoring.sentences import WORD, stem
from twin_data.scoring.word_forms import form, is_small, lowered, spelt
from twin_data.scoring.wording import held_as_often

NEAR = 3
"""How many content words apart neighbours of the claim may lie."""
MIN_CLAUSE = 3
"""Content words of a clause that may come from a sentence of its own."""
BY_PRONOUN = 0.3
"""What it counts to go on in a sentence that has a pronoun for the name just said."""
AGREED = 0.5
"""Agreement of the small words that is as good as full: a paraphrase changes some, a salad nearly all."""
MIN_WEIGHT = 0.05
"""Added to every stem's weight, so that a claim made of common words alone can still be checked."""
_PASSIVE = regex.compile(
    r"(?i)\b(?:was|were|is|are|be|been|being)\b(?:\s+\p{L}+){0,3}?\s+\p{L}+(?:ed|en|wn|ght|ade|uilt|eld)\s+by\b"
)
_PRONOUNS = frozenset("he she it they him her them his its their this that these those who which".split())
_SAME = dict.fromkeys(("was", "are", "were", "be", "been", "being"), "is") | {"upon": "on"}
_CLAUSE = regex.compile(r"[,;:—–()]\s|\b(?:and|but|which|who|that|because|when|while|although|though|if)\b")
Weight = Callable[[str], float]


@dataclass(frozen=True)
class Token:
    """A content word.

    Attributes:
        stem: Its stem, by which it is weighed; figures without thousands' commas.
        form: What stands for all its spellings, by which it is found.
        before: The small words between it and the content word before.
        sentence: Number of its sentence.
        is_anchor: Whether it is a figure, or written as a name within the sentence.
        clause: Number of its clause within the sentence.
    """

    stem: str
    form: str
    before: frozenset[str]
    sentence: int
    is_anchor: bool
    clause: int


def tokens_of(text: str, number: int = 0) -> list[Token]:
    """The content words of one sentence out of `without_contractions`, number words among them as figures."""
    found: list[Token] = []
    before: set[str] = set()
    clause, last, first = 0, 0, True
    for match in WORD.finditer(text := in_figures(text)):
        word = match[0]
        small = lowered(word)
        clause += bool(last and _CLAUSE.search(text, last, match.end()))
        last = match.end()
        if is_small(word) or small == "1":  # "one" is a pronoun more often than a figure
            before.add(_SAME.get(small, small))
        else:
            is_anchor = word[0].isdecimal() or (word[0].isupper() and not first)
            found.append(Token(stem(word), form(word), frozenset(before), number, is_anchor, clause))
            before = set()
        first = False
    return found


@dataclass(frozen=True)
class Laid:
    """A text as a run of content words, with where each form occurs.

    Attributes:
        tokens: The content words of all sentences, in order.
        places: Positions of each form in `tokens`, rising.
        starts: Position of each sentence's first token, and the number of tokens at the end.
        words: All words of each sentence, in lower case and one spelling.
        is_passive: Whether each sentence says by whom something was done.
        has_pronoun: Whether each sentence has a word that may stand for a name before it.
    """

    tokens: tuple[Token, ...]
    places: dict[str, tuple[int, ...]]
    starts: tuple[int, ...]
    words: tuple[tuple[str, ...], ...]
    is_passive: tuple[bool, ...]
    has_pronoun: tuple[bool, ...]

    @classmethod
    def of(cls, sentences: Sequence[str]) -> Laid:
        """Lay out sentences one after the other."""
        sentences = [without_contractions(one) for one in sentences]
        tokens: list[Token] = []
        starts = [0]
        for number, sentence in enumerate(sentences):
            tokens += tokens_of(sentence, number)
            starts.append(len(tokens))
        places: dict[str, list[int]] = {}
        for at, token in enumerate(tokens):
            places.setdefault(token.form, []).append(at)
        words = tuple(tuple(spelt(word) for word in WORD.findall(one)) for one in sentences)
        return cls(
            tuple(tokens),
            {one: tuple(found) for one, found in places.items()},
            tuple(starts),
            words,
            tuple(bool(_PASSIVE.search(one)) for one in sentences),
            tuple(not _PRONOUNS.isdisjoint(one) for one in words),
        )

    @cached_property
    def clause_starts(self) -> list[int]:
        """Where each clause begins, in `tokens`; one of a word or two belongs to the clause before."""
        starts = [0]
        for at in range(1, len(self.tokens)):
            is_new = self.tokens[at].clause != self.tokens[at - 1].clause
            if is_new and at - starts[-1] >= MIN_CLAUSE and len(self.tokens) - at >= MIN_CLAUSE:
                starts.append(at)
        return starts

    @cached_property
    def pairs(self) -> list[frozenset[tuple[str, ...]]]:
        """Neighbouring words of each sentence, small ones, too."""
        return [frozenset(one[at : at + 2] for at in range(len(one) - 1)) for one in self.words]

    @cached_property
    def triples(self) -> list[frozenset[tuple[str, ...]]]:
        """The same, three by three."""
        return [frozenset(one[at : at + 3] for at in range(len(one) - 2)) for one in self.words]


@dataclass(frozen=True)
class Relations:
    """What of a claim a stretch of evidence holds, each 0 to 1.

    All are 1 for the stretch itself. All but the first two speak of the words that are shared, and those that count
    seams are one divided by one more than their number: one seam makes a lie of two true halves, however long.

    Attributes:
        coverage: Weighted share of the claim's content words; a word said twice must be there twice.
        near: Share of its neighbouring words that lie near each other, in either order.
        governed: How far the small words before each word agree with those before it in the evidence.
        unbroken: Seams where a clause of the claim goes on in another sentence.
        whole: Those of them that lie between two runs of words that it has copied.
        forward: Seams where it goes back within one sentence.
        steady: The same after the first: a phrase put first or last goes back once.
        close: Seams where it leaps ahead within one sentence.
        rerouted: Seams where it slips from one copied run of words into another at a word that both have, as a language
            model does that has lost the thread.
    """

    coverage: float
    near: float
    governed: float
    unbroken: float
    whole: float
    forward: float
    steady: float
    close: float
    rerouted: float


NOTHING = Relations(*[0.0] * 9)
"""No word is shared."""


def relations(claim: Laid, evidence: Laid, first: int, last: int, weight: Weight) -> Relations:
    """Compare a claim with the sentences `first` to `last` of the evidence.

    Args:
        claim: One sentence, with at least one content word.
        evidence: The text.
        first: Number of the first sentence.
        last: Number of the last sentence.
        weight: Weight of a stem, 0 to 1.
    """
    laid = _aligned(claim, evidence, evidence.starts[first], evidence.starts[last + 1])
    weights = [weight(token.stem) + MIN_WEIGHT for token in claim.tokens]
    there = evidence.tokens[evidence.starts[first] : evidence.starts[last + 1]]
    held = held_as_often([token.form for token in claim.tokens], [token.form for token in there])
    coverage = sum(compress(weights, held)) / sum(weights)
    if not coverage:
        return NOTHING
    seams = [*_seams(claim, evidence, laid), _reroutings(claim, evidence, first, last)]
    near = _near(laid) if len(laid) > 1 else coverage
    return Relations(coverage, near, _governed(claim, evidence, laid), *(1 / (1 + count) for count in seams))


def _near(laid: Sequence[int | None]) -> float:
    """Share of neighbours that are both there and near each other."""
    pairs = list(pairwise(laid))
    return sum(one is not None and two is not None and 0 < abs(two - one) <= NEAR for one, two in pairs) / len(pairs)


def _aligned(claim: Laid, evidence: Laid, low: int, high: int) -> list[int | None]:
    """A place for each word of the claim, so that neighbours lie as near as can be; None where the stretch lacks it."""
    laid: list[int | None] = [None] * len(claim.tokens)
    scores: list[tuple[float, int]] = []  # of the word before: score and place of each candidate
    history: list[tuple[int, list[tuple[int, int]]]] = []  # position in the claim; place and candidate before of each
    for at, token in enumerate(claim.tokens):
        places = evidence.places.get(token.form, ())
        found = places[bisect_left(places, low) : bisect_left(places, high)]
        if not found:
            continue
        steps = [_best_step(place, scores) for place in found]
        history.append((at, [(place, before) for place, (_, before) in zip(found, steps, strict=True)]))
        scores = [(score, place) for place, (score, _) in zip(found, steps, strict=True)]
    if scores:
        chosen = max(range(len(scores)), key=lambda number: scores[number][0])
        for at, candidates in reversed(history):
            laid[at], chosen = candidates[chosen]
    return laid


def _best_step(place: int, scores: Sequence[tuple[float, int]]) -> tuple[float, int]:
    """The best score with which this place is reached, and from which candidate."""
    reached = [(score + _step(place - other), -number) for number, (score, other) in enumerate(scores)]
    best, number = max(reached, default=(0.0, 0))
    return best, -number


def _step(distance: int) -> float:
    """What it is worth that two neighbours of the claim lie so far apart in the evidence."""
    if distance == 0:
        return -0.5
    far = abs(distance)
    near = 1.0 / far if far <= NEAR else -min(far, 60) / 600
    return near if distance > 0 else 0.5 * near if near > 0 else near - 0.05


def _governed(claim: Laid, evidence: Laid, laid: Sequence[int | None]) -> float:
    """Mean agreement of the small words before each shared word (Jaccard, 1912), as a share of `AGREED`."""
    agreed = []
    for token, place in zip(claim.tokens, laid, strict=True):
        if place is not None:
            there = evidence.tokens[place].before
            either = token.before | there
            agreed.append(len(token.before & there) / len(either) if either else 1.0)
    return min(1.0, sum(agreed) / len(agreed) / AGREED)


def _seams(claim: Laid, evidence: Laid, laid: Sequence[int | None]) -> tuple[float, ...]:
    """The numbers of seams, for `unbroken`, `whole`, `forward`, `steady` and `close`."""
    crossings = splices = returns = leaps = 0.0
    placed = [(at, place) for at, place in enumerate(laid) if place is not None]
    for number, ((at, one), (then, two)) in enumerate(pairwise(placed)):
        before, after = evidence.tokens[one], evidence.tokens[two]
        if before.sentence == after.sentence:
            returns += two <= one
            leaps += two - one > NEAR
        elif not any(at < start <= then for start in claim.clause_starts):
            is_named = before.is_anchor and after.sentence > before.sentence and evidence.has_pronoun[after.sentence]
            crossings += BY_PRONOUN if is_named else 1
            splices += _is_copied(placed[max(0, number - 1) : number + 1]) and _is_copied(placed[number + 1 :][:2])
    if _is_turned(claim, evidence, [place for _, place in placed]):
        # What the passive turns round goes back once or twice by right, and where nothing does, nothing was turned:
        # "A was beaten by B" of "A beat B".
        returns, leaps = (returns - 2, leaps - 1) if returns else (2.0, leaps)
    return crossings, splices, max(0.0, returns), 2 * max(0.0, returns - 1), max(0.0, leaps)


def _is_copied(run: Sequence[tuple[int, int]]) -> bool:
    """Whether two words stand next to each other in the claim and in the evidence, in the same order."""
    return len(run) == 2 and run[1][0] - run[0][0] == 1 and run[1][1] - run[0][1] == 1


def _is_turned(claim: Laid, evidence: Laid, places: Sequence[int]) -> bool:
    """Whether the claim says in the passive what the sentence it mostly comes from does not, or the other way round."""
    numbers = [evidence.tokens[place].sentence for place in places]
    return claim.is_passive[0] is not evidence.is_passive[max(numbers, key=numbers.count)]


def _reroutings(claim: Laid, evidence: Laid, first: int, last: int) -> int:
    """How many runs of three words of the claim stand nowhere, both pairs in them standing somewhere."""
    pairs = frozenset().union(*evidence.pairs[first : last + 1])
    triples = frozenset().union(*evidence.triples[first : last + 1])
    said = claim.words[0]
    return sum(
        said[at : at + 3] not in triples and said[at : at + 2] in pairs and said[at + 1 : at + 3] in pairs
        for at in range(len(said) - 2)
    )
