"""Is a sentence for or against a thing that it names? By rules, without a model.

Stance differs from the sentence's mood in its target (Mohammad et al., 2016, SemEval task 6): "the critics of trains
are wrong" is a sour sentence for trains. So a word of opinion counts only where it is tied to the topic:

- what is predicated of it ("trains are a blessing", "nothing is so noble as trains", "trains ruin towns"), or stands
  directly before it ("dreary trains"), or governs it ("the dangers of trains");
- what the speaker feels for it, or wants done with it: attitude verbs of "I" and "we", imperatives, "must", "ought";
- turned round by negations, by "than" and by opponents of the topic; let go where others say it, in questions, in
  quotations and in suppositions.

What the rules do not see is no stance: irony, argument that runs over sentences, metaphor, what a pronoun stands for.
Figures of how often they are right are in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from twin_data.scoring import stance_words as lexicon
from twin_data.scoring.sentences import stem

_TOKEN = regex.compile(r"\p{L}[\p{L}\p{M}]*(?:['’\-‑]\p{L}+)*|\p{N}+|[;:—–()]|,")
_QUOTED = regex.compile(r"“[^”]*(?:”|$)|\"[^\"]*(?:\"|$)|‘[^’]{3,}’(?!\p{L})")
_SCARE_QUOTE_WORDS = 2
_DOUBTED = regex.compile(r"(?:\bnot|n't) (?:seem|think|believe|consider|suppose|feel)\b")
"""Before a "that", these deny what follows."""
_BREAKS = frozenset(";:—–()")
_JOINTS = frozenset("but yet though although because while whereas when since until".split())
"""Words at which another clause begins."""
_OPENERS = _JOINTS | lexicon.SUPPOSES | frozenset("and or so who which where not i we he she they it there".split())
"""After a comma, these begin another clause."""
_CONTRAST = frozenset(("but", "yet"))
_PRONOUNS = frozenset("it they he she this these".split())
_PREPOSITIONS = frozenset(
    "of in on at to for from with by against about over under between among through into upon towards without".split()
)
_DETERMINERS = frozenset("the a an this that these those his her its their our my your all any some every such".split())
_NO_OBJECT = lexicon.VERBS | {",", "that", "to"}
"""What stands between a verb and a word that is not its object."""
_FENCES = frozenset((",", "that"))
"""Across these no negation reaches."""
_NOT_ORDERED = _NO_OBJECT | {"of", "for", "and"}
"""Where one of these follows, what looks like an imperative is a noun."""
_OVER = frozenset(("than", "over"))
_BE = frozenset("is are was were be been being isn't aren't wasn't weren't".split())
_NEGATION_REACH = 4
_OBJECT_REACH = 6
_ATTRIBUTIVE = 0.5
_PHRASE_REACH = 3
_VERB_REACH = 5
_PREDICATE_REACH = 14
_ATTITUDE = 2.5
MIN_STRENGTH = 1.2
"""Of the sum of polarities, in VADER's units; a weaker one is neither."""


def stance(sentence: str, topic: str) -> float:
    """1 for, -1 against, 0 neither.

    Args:
        sentence: One sentence.
        topic: Stem of a word in it (`sentences.stem`); without the word there is no stance.
    """
    if sentence.rstrip(" \"'”’)").endswith("?"):
        return 0.0
    strength = sum(_strength(clause) for clause in _clauses(_tokens(sentence), topic))
    return float((strength >= MIN_STRENGTH) - (strength <= -MIN_STRENGTH))


@dataclass(frozen=True)
class _Clause:
    """Words in lower case, and where the topic, or the pronoun that stands for it, is among them."""

    tokens: Sequence[str]
    topic: int
    weight: float = 1.0


def _tokens(sentence: str) -> list[str]:
    """Words and breaks; of a quotation nothing is left but the place."""

    def quoted(found: regex.Match[str]) -> str:
        return found[0].strip('“”"‘’') if len(found[0].split()) <= _SCARE_QUOTE_WORDS else " ; "

    bare = _QUOTED.sub(quoted, sentence)
    return [one.casefold().replace("’", "'").replace("‑", "-") for one in _TOKEN.findall(bare)]


def _clauses(tokens: Sequence[str], topic: str) -> list[_Clause]:
    """Each clause about the topic, once for each time that it is named there."""
    found: list[_Clause] = []
    about = reported = False
    for clause in _split(tokens):
        if not clause:
            about = reported = False
            continue
        reported = reported and clause[0] not in _CONTRAST
        said = [] if reported else _supposed_taken_out(clause)
        cut = _reported_from(said)
        reported = reported or cut < len(said)
        said = said[:cut]
        named = [at for at, word in enumerate(said) if stem(word) == topic]
        leading = [at for at, word in enumerate(said[:2]) if word in _PRONOUNS]
        contrasts = bool(said) and said[0] in _CONTRAST
        if named:
            found += [_Clause(said, at) for at in named]
            about = any(_is_subject(said, at) for at in named)
        elif about and leading and contrasts:
            found = [_Clause(one.tokens, one.topic, one.weight / 2) for one in found]
            found.append(_Clause(said, leading[0], 1.5))
        elif about and leading:
            found.append(_Clause(said, leading[0]))
    return found


def _split(tokens: Sequence[str]) -> list[list[str]]:
    """The clauses; an empty one stands for a break across which nothing is carried on."""
    clauses: list[list[str]] = [[]]
    for at, word in enumerate(tokens):
        following = tokens[at + 1 : at + 2]
        if word in _BREAKS:
            clauses += [[]] if word in ":;" and clauses[-1] else []
            clauses.append([])
        elif word in _JOINTS and clauses[-1] or word == "," and following and following[0] in _OPENERS:
            clauses.append([word] if word != "," else [])
        else:
            clauses[-1].append(word)
    return clauses


def _supposed_taken_out(tokens: list[str]) -> list[str]:
    """A clause without what is only supposed in it: from "if" to the next comma."""
    start = next((at for at, word in enumerate(tokens) if word in lexicon.SUPPOSES), len(tokens))
    end = next((at for at in range(start, len(tokens)) if tokens[at] == ","), len(tokens))
    return tokens[:start] + tokens[end + 1 :]


def _reported_from(tokens: Sequence[str]) -> int:
    """Where in a clause begins what is not the speaker's own; its length if nowhere."""
    for at, word in enumerate(tokens):
        before = tokens[max(0, at - 3) : at]
        if word in lexicon.REPORTS and not (before and before[-1] in lexicon.NOUNS_MARKED_BY):
            if not lexicon.SPEAKER & set(before) and not (
                at == 0 and word not in lexicon.REPORTING_NOUNS or lexicon.PRESCRIBES & set(before)
            ):
                return at
    return len(tokens)


def _strength(clause: _Clause) -> float:
    tokens, topic = clause.tokens, clause.topic
    if attitude := _attitude(tokens, topic):
        return clause.weight * attitude
    turned = _of_opponents(tokens, topic) != bool(_DOUBTED.search(" ".join(tokens[:topic])))
    return clause.weight * _opinion(tokens, topic) * (-1 if turned else 1)


def _attitude(tokens: Sequence[str], topic: int) -> float:
    """What the speaker feels for the topic or wants done with it."""
    for at in range(topic - 1, max(-1, topic - 1 - _OBJECT_REACH), -1):
        between = tokens[at + 1 : topic]
        if tokens[at] == "prefer" and "to" in between and lexicon.SPEAKER & set(tokens[:at]):
            return -_ATTITUDE * _turned(tokens, at, -1)
        if tokens[at] != "regret" and _NO_OBJECT & set(between):
            continue
        if sign := _wish(tokens, at) or _calling(tokens, at) or _sides(tokens, at):
            return _ATTITUDE * sign * (-1 if _OVER & set(between) else 1)
    for at in range(topic + 1, min(len(tokens), topic + 1 + _OBJECT_REACH)):
        due = set(tokens[topic + 1 : at])
        if "be" in due and due & (lexicon.PRESCRIBES | {"to"}):
            if sign := _sign(tokens[at]):
                return _ATTITUDE * sign * _turned(tokens, at, topic)
    return 0.0


def _sign(verb: str) -> int:
    return (verb in lexicon.FOR_VERBS) - (verb in lexicon.AGAINST_VERBS)


def _wish(tokens: Sequence[str], at: int) -> int:
    """1 or -1 where a verb says what the speaker feels or wants, else 0."""
    sign = _sign(tokens[at])
    before = tokens[max(0, at - 6) : at]
    mine = bool(lexicon.SPEAKER & set(before)) and tokens[at] not in lexicon.DEEDS
    demanded = bool(lexicon.PRESCRIBES & set(before))
    orders = not before or before in (["please"], ["never"], ["always"], ["don't"])
    imperative = orders and not _NOT_ORDERED & set(tokens[at + 1 : at + 2])
    if not (mine or demanded or imperative):
        return 0
    return sign if "enough" in tokens[at:] else sign * _turned(tokens, at, -1)


def _calling(tokens: Sequence[str], at: int) -> int:
    """1 or -1 where doing it is called right or wrong ("it is wrong to sell", the verb standing at `at`), else 0."""
    if tokens[at - 1 : at] != ["to"]:
        return 0
    for one in range(max(0, at - 4), at - 1):
        sign = (tokens[one] in lexicon.CALLS_FOR) - (tokens[one] in lexicon.CALLS_OFF)
        if sign:
            return sign * _turned(tokens, one, -1) * (-1 if _sign(tokens[at]) < 0 else 1)
    return 0


def _sides(tokens: Sequence[str], at: int) -> int:
    """1 or -1 where a noun at `at` says which side the speaker is on ("I say this in praise of"), else 0."""
    sign = (tokens[at] in lexicon.ALLIES) - (tokens[at] in lexicon.OPPONENTS)
    mine = lexicon.SPEAKER | {"my", "our"}
    if not sign or not mine & set(tokens) or not lexicon.ATTACHED & set(tokens[at + 1 : at + 2]):
        return 0
    return sign * _turned(tokens, at, -1)


def _opinion(tokens: Sequence[str], topic: int) -> float:
    """The polarities tied to the topic; "not trains but buses are slow" says nothing of trains."""
    if "not" in tokens[max(0, topic - 2) : topic] and not lexicon.VERBS & set(tokens[:topic]):
        return 0.0
    return _before(tokens, topic) + _after(tokens, topic)


def _before(tokens: Sequence[str], topic: int) -> float:
    """Of what stands directly before the topic, governs it by "of", or is what it is said to be or to exceed."""
    if compared := _compared(tokens, topic):
        return compared
    start = _phrase_start(tokens, topic)
    near = tokens[start - 1] if start else ""
    if near in ("of", "about") and start >= 2:
        return _polar(tokens, start - 2, -1)
    if near == "without":
        needed = lexicon.NEGATIONS & set(tokens[: start - 1])
        return _ATTITUDE if needed else -_polar_sum(tokens, topic + 1, len(tokens))
    return _ATTRIBUTIVE * _polar(tokens, topic - 1, -1) if topic else 0.0


def _compared(tokens: Sequence[str], topic: int) -> float:
    """Of "nothing is so noble as X" (for), "worse than X" (the other way round)."""
    reach = tokens[max(0, topic - 4) : topic]
    joint = next((one for one in ("than", "as") if one in reach), None)
    if joint is None:
        return 0.0
    at = topic - 1 - list(reversed(tokens[:topic])).index(joint)
    none_is = {"nothing", "nobody", "none", "no"} & set(tokens[:at])
    value = sum(lexicon.polarity(one) for one in tokens[:at])
    if joint == "than":
        return (value or _ATTITUDE * ("more" in tokens[:at])) if none_is else -value
    return value if none_is and {"so", "as"} & set(tokens[:at]) else 0.0


def _is_subject(tokens: Sequence[str], topic: int) -> bool:
    """Whether what follows is said of the topic: it is not in a phrase that hangs on another noun."""
    start = topic
    while start and topic - start < _PHRASE_REACH and tokens[start - 1] not in _PREPOSITIONS | lexicon.VERBS | _FENCES:
        start -= 1
    hangs = start > 1 and tokens[start - 1] in _PREPOSITIONS
    return not hangs or tokens[start - 2] in lexicon.OPPONENTS


def _after(tokens: Sequence[str], topic: int) -> float:
    """Of the predicate."""
    if not _is_subject(tokens, topic) or tokens[topic + 1 : topic + 2] == [","]:
        return 0.0
    rest = tokens[topic + 1 : topic + 1 + _PREDICATE_REACH]
    verb = next((at for at, word in enumerate(rest) if word in lexicon.VERBS or word.endswith("n't")), None)
    if verb is None or verb > _VERB_REACH:
        at = topic + 2 if rest and rest[0].endswith("ly") else topic + 1
        is_verb = at < len(tokens) and (tokens[at].endswith(("s", "ed")) or tokens[topic].endswith("s"))
        return _polar_sum(tokens, at, at + 1) if is_verb else 0.0
    return _polar_sum(tokens, topic + 1, min(len(tokens), topic + 1 + _PREDICATE_REACH))


def _polar_sum(tokens: Sequence[str], start: int, end: int) -> float:
    """Of words from `start` to `end`, those nearer to `start` for more; a "than" ends it."""
    total = 0.0
    for at in range(start, end):
        if tokens[at] == "than":
            break
        undone = any(one in lexicon.UNDOING for one in tokens[start:at])
        value = 0.0 if _is_suffered(tokens, at) else _polar(tokens, at, start - 1)
        total += (-value if undone and value < 0 else value) / (1 + 0.1 * (at - start))
    return total


def _is_suffered(tokens: Sequence[str], at: int) -> bool:
    """Whether a word tells of harm done to the subject, which is no word against it ("women were oppressed")."""
    word = tokens[at]
    if not word.endswith(("ed", "en")) or word in lexicon.UNFAVOURABLE or lexicon.polarity(word) >= 0:
        return False
    return bool(_BE & set(tokens[max(0, at - 2) : at]))


def _polar(tokens: Sequence[str], at: int, start: int) -> float:
    return lexicon.polarity(tokens[at]) * _turned(tokens, at, start)


def _turned(tokens: Sequence[str], at: int, start: int) -> int:
    """-1 if an odd number of negations stand before a word, after `start`, else 1."""
    near = range(max(start + 1, at - _NEGATION_REACH, 0), at)
    fence = max((one for one in near if tokens[one] in _FENCES), default=-1)
    near = range(max(near.start, fence + 1), at)
    count = sum(
        (tokens[one] in lexicon.NEGATIONS or tokens[one].endswith("n't"))
        and not (one + 1 < len(tokens) and tokens[one + 1] in lexicon.NOT_AS_NEGATED)
        for one in near
    )
    return -1 if count % 2 else 1


def _phrase_start(tokens: Sequence[str], topic: int) -> int:
    """Where the topic with its determiners begins."""
    start = topic
    while start and tokens[start - 1] in _DETERMINERS:
        start -= 1
    return start


def _of_opponents(tokens: Sequence[str], topic: int) -> bool:
    start = _phrase_start(tokens, topic)
    return start >= 2 and tokens[start - 1] in lexicon.ATTACHED and tokens[start - 2] in lexicon.OPPONENTS
