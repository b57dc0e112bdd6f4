"""The persona's own sentences, shortened, turned round or joined, so that the voice and the facts stay.

A twin whose answers are copies is only ever quoted: serving ships as the twin's own a sentence whose words do not stand
in the passage in that very order. Each rule here takes a sentence of the persona and gives one that the persona could
have written with the same words; none adds a word of content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import regex

from twin_data.generate.clauses import (
    SUBJECT,
    addresses_reader,
    breaks_off,
    capitalised,
    complex_sentence,
    has_loose_pronoun,
    leans_back,
    lowered_start,
    without_lead,
)
from twin_data.generate.prose import is_fragment, looks_finite
from twin_data.scoring.sentences import content_stems, words
from twin_data.scoring.support import is_negated

_PARENTHESIS = regex.compile(r"\s*\([^()]{3,}\)")
_DASHES = regex.compile(r"\s*[—–]\s*(?P<inside>[^—–;:.!?]{3,}?)\s*[—–]\s*|\s+-\s+(?P<inner>[^—–;:.!?]{3,}?)\s+-\s+")
_RELATIVE = regex.compile(
    r", (?:which|who|whom|whose|where|in which|of which|for which|to which)\s(?P<inside>[^,;:—–.!?()]{6,90}),"
)
_ASIDE = regex.compile(
    r"(?i),\s(?:however|indeed|of course|I think|I suppose|I fancy|I believe|perhaps|in fact|after all|moreover|"
    r"therefore|"
    r"as it happens|for instance|for example|to be sure|no doubt|at least|at any rate|too|then|so to speak|as I say|"
    r"as I have said|it is true|it seems|I dare say|in short|again|also|on the contrary|on the other hand|"
    r"if I remember|I'm told|I am told|I gather|I'd say|I admit|I confess|as they say|as it were),\s"
)
_PARTICIPLE = regex.compile(
    r", (?!(?:morning|evening|everything|something|anything|nothing|according)\b)"
    r"(?:having|being|seeing|knowing|\p{Ll}{3,}ing)\s[^,;:—–.!?()]{6,80},(?=\s\p{L})"
)
_NOMINATIVE = r"(?:I|we|he|she|it|they|you|there)(?=[\s'’])"
_GOES_ON = regex.compile(rf"\s{_NOMINATIVE}")
_NEW_CLAUSE = regex.compile(rf"\s(?:and|but)\s{_NOMINATIVE}")
_NEXT_WORD = regex.compile(r"\s(\p{Ll}+)\b(?![-,])")
_CLAUSE_BREAK = regex.compile(r"\s*;\s+")
_COORDINATION = regex.compile(r"(?i)(?:and|but|or|so|for|nor|yet)\s+")
_JOINABLE = regex.compile(r"(?:I|We|He|She|It|They|There|The|A|An|My|Our|His|Her|Its|Their|No)(?=[\s'’])")
_LOOSE_END = regex.compile(
    r"(?:;|\s*[—–]|, (?:which|who|where|whose)\b|, (?:though|although|because|since|as)\b).*$", regex.S
)
_SUBJECT_PHRASE = regex.compile(
    r"(?P<subject>(?:The|My|Our)\s(?P<head>(?:[\p{L}'’-]+\s){0,4}[\p{L}'’-]+))\s"
    r"(?P<verb>is|was|has|had|are|were|have|isn't|wasn't|aren't|weren't|isn’t|wasn’t)\s"
)
_PERSON = regex.compile(
    r"(?i)\b(?:\p{L}*(?:m[ae]n|wom[ae]n|er|or|ist|ian|eer|ant)s?|boys?|girls?|child|children|wife|husband|uncle|aunt|king|"
    r"queen|saints?|poets?|priests?|monks?|fellows?|lads?|people|crew|members?|apprentices?|wives|friends?|god|judge)\b"
)
_PRONOUN = regex.compile(r"(?i)(?:it|they|he|she|this|these|those)(?=[\s'’])")
"""What would come before the noun it stands for where its clause is moved to the front."""
_MOVED_PHRASE = regex.compile(
    r"(?P<phrase>(?:In|On|At|By|From|Since|After|During|Until|Under|Without|Among|Between|Before)\s[^,;:—–()]+),\s"
    r"(?P<main>[^,;:—–()]+)\."
)
_CONTINUES = regex.compile(r"(?:I|We|He|She|It|They)(?=[\s'’])")
_LOADED = regex.compile(r"[;:—–]|, and\b|\band\b[^,]{0,25}$|,.*,.*,")
_AND_CLAUSE = regex.compile(
    r"(?:,|;) (?:and|for(?= (?:I|we|he|she|it|they|there)\b)) "
    r"(?=(?:I|we|he|she|it|they|there|the|my|our|this|that|no one|nobody|everybody)"
    r"(?:['’]\p{Ll}+)? "
    r"(?!of |and |or |that |which |who )\p{Ll})"
)
_INTENSIFIER = regex.compile(
    r"(?<!\b(?:not|n't|n’t|is|are|was|were|as|so|how|or|and|but|only|be|an|,))"
    # "the very second", "a very old gate": without the word the one means less, and the other wants another article
    r"(?<!\b(?:the|this|that|these|those|my|our|your|his|her|its|their)(?= very\b))(?<!\b[Aa](?= \p{L}+ [aeiouh])) "
    r"(?:very|quite|really|simply|merely|certainly|indeed|actually|perfectly|entirely|altogether|definitely|obviously|"
    r"exactly|probably|generally|honestly|truly) (?=\p{Ll}{3})"
)
MINOR_RULES = frozenset({"without_lead", "and_to_semicolon", "semicolon_to_and", "without_intensifier"})
"""Rules that leave most of the sentence as it was: taken where no other applies."""
MAX_JOINED_WORDS = 22
MAX_MOVED_WORDS = 8
MAX_MAIN_WORDS = 18


@dataclass(frozen=True)
class Adapted:
    """A sentence made of the persona's own.

    Attributes:
        text: The new sentence.
        rules: Names of the rules that were applied, in order.
    """

    text: str
    rules: tuple[str, ...]


def adaptations(sentence: str) -> list[Adapted]:
    """What the rules make of one sentence: shortened, then also turned round."""
    text = without_lead(sentence)
    start = Adapted(text, ("without_lead",) if text != sentence else ())
    trimmed = [Adapted(one.text, (*start.rules, *one.rules)) for one in _trimmed(text)]
    shortened = list(_shortened(start))
    moved = [changed for one in [start, *trimmed, *shortened] for rule in _MOVING for changed in rule(one)]
    return _unique([*moved, *shortened])


def joined(first: str, second: str) -> list[Adapted]:
    """Two neighbouring sentences as one, each with or without its loose ends."""
    first, second = without_lead(first), second.strip()
    if not (_can_be_joined(first) and second.endswith(".")) or not _JOINABLE.match(second):
        return []
    firsts = [Adapted(first, ()), *_shortened(Adapted(first, ())), *_trimmed(first)]
    seconds = [Adapted(second, ()), *_shortened(Adapted(second, ())), *_trimmed(second)]
    return _unique(
        [
            Adapted(f"{one.text[:-1]}, and {lowered_start(two.text)}", (*one.rules, "joined", *two.rules))
            for one in firsts
            for two in seconds
            if _belong_together(one, two.text)
        ]
    )


def _belong_together(first: Adapted, second: str) -> bool:
    """Whether the second of two sentences goes on about what is left of the first."""
    if not first.text.endswith(".") or _LOADED.search(first.text[:-1]) or len(words(second)) > MAX_JOINED_WORDS:
        return False
    shares = bool(set(content_stems(first.text)) & set(content_stems(second)))
    return shares or (bool(_CONTINUES.match(second)) and "without_end" not in first.rules)


def _can_be_joined(first: str) -> bool:
    whole = bool(SUBJECT.match(first)) or regex.match(r"\p{Lu}\p{Ll}+ (?:is|was|has|had|can|could|will|would)\b", first)
    return bool(whole) and first.endswith(".") and len(words(first)) >= 5 and not is_fragment(first)


def is_verbatim(sentence: str, text: str) -> bool:
    """Whether the sentence's words stand in the text in that order, nothing between: serving would quote them."""
    return f" {_plain(sentence)} " in f" {_plain(text)} "


def _plain(text: str) -> str:
    return " ".join(word.casefold() for word in words(text))


def _shortened(start: Adapted) -> Iterator[Adapted]:
    """Each rule of shortening alone, and all of them one after the other."""
    whole = start
    for name, rule in _SHORTENING:
        if (text := rule(start.text)) != start.text:
            yield Adapted(capitalised(text), (*start.rules, name))
        if (text := rule(whole.text)) != whole.text:
            whole = Adapted(capitalised(text), (*whole.rules, name))
    if len(whole.rules) > len(start.rules) + 1:
        yield whole


def _without_parenthesis(text: str) -> str:
    return _PARENTHESIS.sub("", text)


def _without_dashes(text: str) -> str:
    def gone(found: regex.Match[str]) -> str:
        return ", " if text[found.end() :].startswith(("and ", "but ", "so ", "yet ", "or ", "for ")) else " "

    return (
        _DASHES.sub(gone, text)
        if len(_DASHES.findall(text)) == 1 and text.count("—") + text.count("–") in (0, 2)
        else text
    )


def _without_relative(text: str) -> str:
    return text if regex.search(r"[—–]| - ", text) else _without_inserted(_RELATIVE, text)


def _without_inserted(inserted: regex.Pattern[str], text: str) -> str:
    """The text without the first inserted clause that its sentence closes over.

    It does where a verb or a pronoun goes on with what came before. An item of a list, a further participle or
    relative, or `and` with anything but a clause of its own hangs on what would be left out, or needs its commas.
    """
    for found in inserted.finditer(text):
        before, rest = text[: found.start()], text[found.end() :]
        if _NEW_CLAUSE.match(rest):
            return f"{before},{rest}"
        word = _NEXT_WORD.match(rest)
        if _GOES_ON.match(rest) or (word and word[1] != "like" and looks_finite(word[1], 1)):
            return before + rest
    return text


def _without_aside(text: str) -> str:
    return _ASIDE.sub(lambda found: " " if len(words(text[: found.start()])) > 1 else found[0], text)


def _without_participle(text: str) -> str:
    return _without_inserted(_PARTICIPLE, text)


def _without_middle(text: str) -> str:
    """Of three or more parts between semicolons, the first and the last."""
    parts = _CLAUSE_BREAK.split(text)
    if len(parts) < 3 or leans_back(parts[-1]) or not SUBJECT.match(parts[-1]):
        return text
    return f"{parts[0]}; {parts[-1]}"


_SHORTENING: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("without_parenthesis", _without_parenthesis),
    ("without_dashes", _without_dashes),
    ("without_relative", _without_relative),
    ("without_aside", _without_aside),
    ("without_participle", _without_participle),
    ("without_middle", _without_middle),
)


def _turned(start: Adapted) -> Iterator[Adapted]:
    """Clauses in the other order."""
    if found := complex_sentence(start.text):
        clause, main = found.subordinate, found.main
        if regex.search(r"(?i)\b(?:why|whether|what|how|who|except|even|only|especially|just|merely|ask\w*)\b", main):
            return
        if found.is_fronted:
            text = f"{capitalised(main)} {found.subordinator} {clause}{found.stop}"
        elif SUBJECT.match(main) and (_PRONOUN.match(main) or not _PRONOUN.match(clause)):
            text = f"{capitalised(found.subordinator)} {clause}, {lowered_start(main)}{found.stop}"
        else:
            return
        yield Adapted(text, (*start.rules, "turned"))
    if (moved := _MOVED_PHRASE.fullmatch(start.text)) and SUBJECT.match(moved["main"]):
        if len(words(moved["phrase"])) <= MAX_MOVED_WORDS and len(words(moved["main"])) <= MAX_MAIN_WORDS:
            text = f"{capitalised(moved['main'])} {lowered_start(moved['phrase'])}."
            yield Adapted(text, (*start.rules, "phrase_moved"))
    parts = _CLAUSE_BREAK.split(start.text[:-1]) if start.text.endswith(".") else []
    if len(parts) == 2 and _stands_alone(parts[0]) and _stands_alone(parts[1]) and "," not in parts[1]:
        yield Adapted(f"{capitalised(parts[1])}; {lowered_start(parts[0])}.", (*start.rules, "halves_swapped"))


def _topicalised(start: Adapted) -> Iterator[Adapted]:
    """`The gain was 0.3 cm` as `As for the gain, it was 0.3 cm`."""
    found = _SUBJECT_PHRASE.match(start.text)
    if (
        not found
        or _PERSON.search(found["head"])
        or regex.search(
            r"(?i)\b(?:that|who|which|I|we|you|and|or|would|could|should|will|may|might|must|can|only|now|then|still|always|never|ever|also|\p{L}+ly|\p{L}+est)\b",
            found["head"],
        )
    ):
        return
    several = found["verb"][:3].casefold() in {"are", "wer", "hav"}
    if several is not found["head"].split()[-1].endswith("s") and " of " not in found["head"]:
        return
    rest = start.text[found.start("verb") :]
    if not several and regex.search(r"(?i)\b(?:he|she|him|his|her|hers|they|them|their)\b", rest):
        return  # "The hawk is brother of the wave which he sails over."
    yield Adapted(
        f"As for {lowered_start(found['subject'])}, {'they' if several else 'it'} {rest}", (*start.rules, "topicalised")
    )


def _trimmed(text: str) -> Iterator[Adapted]:
    """The sentence without what hangs on at its end; never alone, for that would be a copy."""
    shorter = _LOOSE_END.sub("", text)
    if shorter != text and len(words(shorter)) >= 5 and shorter.count(",") < 3 and not breaks_off(shorter):
        whole = shorter.rstrip(",. ")
        yield Adapted(whole if whole.endswith(("?", "!")) else f"{whole}.", ("without_end",))


def _rejoined(start: Adapted) -> Iterator[Adapted]:
    """`A, and B` as `A; B`, and the other way round where neither half denies anything."""
    text = start.text
    seams = list(_AND_CLAUSE.finditer(text)) if ";" not in text else []
    if len(seams) == 1 and not _lacks_verb(text[: seams[0].start()]) and not _lacks_verb(text[seams[0].end() :]):
        yield Adapted(_AND_CLAUSE.sub("; ", text), (*start.rules, "and_to_semicolon"))
    parts = _CLAUSE_BREAK.split(text)
    if len(parts) == 2 and SUBJECT.match(parts[1]) and not is_negated(text) and ", and " not in text:
        yield Adapted(f"{parts[0]}, and {parts[1]}", (*start.rules, "semicolon_to_and"))


def _lacks_verb(clause: str) -> bool:
    """Whether nothing before the first comma may be the verb of what begins like a subject, as in `the author of …`."""
    opening = regex.split(r"[,:—–(]", clause, maxsplit=1)[0]
    found = [word.casefold().replace("’", "'") for word in words(opening)]
    is_pronoun = found[:1] and found[0] in {"i", "we", "he", "she", "it", "they", "there", "nobody", "everybody"}
    return not is_pronoun and not any(looks_finite(word, at) for at, word in enumerate(found) if at)


def _plainer(start: Adapted) -> Iterator[Adapted]:
    """The sentence without a word that only strengthens."""
    if _INTENSIFIER.search(start.text):
        yield Adapted(_INTENSIFIER.sub(" ", start.text, count=1), (*start.rules, "without_intensifier"))


_MOVING: tuple[Callable[[Adapted], Iterator[Adapted]], ...] = (_turned, _topicalised, _rejoined, _plainer)


def _stands_alone(clause: str) -> bool:
    return (
        bool(SUBJECT.match(clause))
        and not leans_back(clause)
        and not _COORDINATION.match(clause)
        and not addresses_reader(clause)
        and not has_loose_pronoun(clause)
        and not is_fragment(clause)
    )


def _unique(found: list[Adapted]) -> list[Adapted]:
    return list({one.text: one for one in reversed(found)}.values())[::-1]
