"""Clauses of English sentences by closed word classes: subordinate clauses, subjects, tense, and who is spoken of."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from twin_data.scoring.sentences import STOPWORDS, words

SUBORDINATORS = ("when", "if", "because", "since", "after", "before", "while", "until", "unless", "although", "though",
                 "whenever", "once", "as soon as")  # fmt: skip
_SUBJECT = (
    r"(?:I|we|you|he|she|it|they|there|the|an?|my|our|your|his|her|its|their|this|that|these|those|every|each|no|"
    r"nobody|nothing|everybody|everything|somebody|anybody|one|all|most|some|many|such)(?=[\s'’])"
)
SUBJECT = regex.compile(f"(?i){_SUBJECT}")
_OPENS_CLAUSE = (
    rf"(?!(?:many|such)\b)(?:{_SUBJECT}|(?-i:\p{{Lu}})"
    r"|(?:in|on|at|by|from|with|when|if|after|before|since|while|until|let)\b)"
)
_ANAPHORIC = frozenset(
    "he she they them his her hers their him this that these those such it its same former latter another other there "
    "here then both neither either one ones whose so thus hence too again instead otherwise".split()
)
_ORDINALS = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|next"
_OF_SEVERAL = regex.compile(
    rf"(?i)(?:As for )?the (?:(?:former|latter|same|others?)\b(?! (?:day|night)\b)|(?:{_ORDINALS})"
    r"(?:,|(?: (?:of (?:these|those|them|which)|is|was|are|were|has|had|will|would|can|could|may|might|must|should|did|"
    r"does|do|I|we)\b)))"
)
"""`The third is that I like it.`, but not `The third gate was shut.`, nor `The other day we met.`"""
_IT_IS_A = regex.compile(
    r"(?i)it is (?:an?|one of the|my|our|the)\s"
    r"(?!.*\b(?:that|who|which|when|where|whether|if|to|how|what|for|because|as)\b)"
)
"""`It is a village on a hill.`, but not `It is the gate that leaks.`, nor `It is a pity to go.`"""
_OBJECT = regex.compile(
    r"(?<=\p{Ll} )(?:it|him|them|this|these|those)(?=[.,;:!?—–)]| (?:out|up|down|in|on|at|to|from|with|by|for|off|away|"
    r"over|through|into|back|and|or|but|as|when|if|because|again|till|until|before|after|without|under|than)\b)"
)
"""A pronoun for what something is done to; `I find it hard`, `I think it is` say nothing of a thing."""
_POSSESSIVE = regex.compile(r"(?<=\p{Ll} )(?:its|his|her|their) (?=\p{L})")
_NOUN = regex.compile(
    r"(?i)\b(?:an?|the|my|our|your|every|each|no|some|any|two|three|four|five|six|seven|eight|nine|ten|of|in|on|at|with|"
    r"for|to|from|by|about)\s+(?!(?:it|him|them|this|these|those|its|his|her|their|me|us|you|be)\b)\p{L}"
    r"|(?-i:(?<!^)\b(?!I\b)\p{Lu}\p{L}+)|\p{N}"
)
"""Where a noun is likely to stand: after an article, a number or a preposition; or a name."""
_CLAUSE_END = regex.compile(
    r"(?i)[,;:—–.!?()]|\b(?:and|but|or|when|if|because|that|who|which|whom|where|while|until|as|than|so|though|although|"
    r"before|after|since|unless)\b"
)
_LEADING = regex.compile(
    r"(?i)(?:(?:and|but|or|for(?= (?:I|we|he|she|it|they|there|if|when)\b)),?\s+"
    r"|(?:so|yet|then|now|well|still|besides|moreover|however|therefore|thus|hence|again|also|anyway|"
    r"in short|in other words|that is to say|of course|no doubt|indeed|in fact|as a matter of fact|after all|"
    r"at any rate|at least|on the other hand|in the same way|similarly|meanwhile|anyhow|first|secondly|thirdly|lastly|"
    rf"finally|for instance|for example|nevertheless|rather)(?:,\s+|\s+(?={_OPENS_CLAUSE})))(?=\p{{L}})"
)
"""Without a comma an adverb ties a clause that opens as most do: not in `First come the dogs` and `So far I agree`."""
_PAST = frozenset(
    "was were had did went came took gave said told made saw got kept left found thought knew wrote stood sat ran "
    "lost sent held brought began broke built bought caught fell felt heard led let met paid put rang rose set shut "
    "slept spoke spent stuck struck swung taught threw understood woke won wound asked turned could would might".split()
)
_FLIPS = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "we": "you", "us": "you",
    "our": "your", "ours": "yours", "ourselves": "yourselves", "i'm": "you're", "i've": "you've", "i'd": "you'd",
    "i'll": "you'll", "we're": "you're", "we've": "you've", "we'd": "you'd", "we'll": "you'll", "am": "are",
}  # fmt: skip
_MINE_BEFORE = frozenset(
    "of is was are were be been being than as and or not to with remain remained stayed became".split()
)
_NUMBERED = frozenset(
    "part chapter book act volume section article phase type class charles edward elizabeth francis frederick george "
    "henry james john leopold louis mary napoleon nicholas otto peter pius richard william wilhelm".split()
)
"""What a Roman numeral follows even where it begins a clause; else a capital there says nothing."""
_FIRST_WAS = regex.compile(r"(?i)\bI(\s+(?:\w+ly\s+|never\s+|always\s+|once\s+)?)was\b|\bwas I\b")
_SPOKEN_TO = regex.compile(r"(?i)\b(?:you|your|yours|yourself)\b|['’]?\byou['’]")
_WORDS = regex.compile(r"\p{L}+(?:['’]\p{L}+)?")


_OPEN_END = frozenset("as than that like so even and or but nor if not only just except to of the a an".split())


@dataclass(frozen=True)
class Complex:
    """A sentence of one subordinate and one main clause.

    Attributes:
        subordinator: `when`, `if`, `because`, …
        subordinate: The clause after it, without a stop.
        main: The main clause, without a stop.
        stop: What ends the sentence.
        is_fronted: Whether the subordinate clause came first.
    """

    subordinator: str
    subordinate: str
    main: str
    stop: str
    is_fronted: bool


_FRONTED = regex.compile(
    rf"(?P<sub>{'|'.join(SUBORDINATORS)})\s+(?P<clause>[^,;:—()]+),\s+(?P<main>[^,;:—()]+?)(?P<stop>[.!])", regex.I
)
_TRAILING = regex.compile(
    r"(?P<main>[^,;:—()]+?),?\s+(?P<sub>because|when|if|until|unless|although|though|whenever)\s+"
    r"(?P<clause>[^,;:—()]+?)(?P<stop>[.!])",
    regex.I,
)


_TIME_AT_END = regex.compile(
    r"(?i)\b(?:times?|days?|hours?|moments?|minutes?|nights?|mornings?|evenings?|afternoons?|weeks?|months?|years?|ages?|"
    r"seasons?|periods?|occasions?|spring|summer|autumn|winter)$"
)


def complex_sentence(sentence: str) -> Complex | None:
    """The two clauses of a sentence that has just these two; None for any other."""
    if found := _FRONTED.fullmatch(sentence):
        fronted = True
    elif found := _TRAILING.fullmatch(sentence):
        fronted = False
    else:
        return None
    clause, main = found["clause"], found["main"]
    if not (_has_subject(clause) and _has_subject(main)) or min(len(words(clause)), len(words(main))) < 3:
        return None
    if found["sub"].casefold() == "when" and not fronted and _TIME_AT_END.search(main):
        return None  # "There came a day | when all of them left.": the clause says which day
    if breaks_off(clause) or breaks_off(main):
        return None  # "The mill ran as badly as | if nobody had ever oiled the wheel."
    if regex.search(rf"(?i)\b(?:{'|'.join(SUBORDINATORS)}|that|than|so|not|then)\b", main if fronted else clause):
        return None
    if fronted and len(regex.findall(r"\b(?:I|we|he|she|they|you)\b", clause)) > 1:
        return None  # "When we are sociologists we are addressing the normal man, …": the clause ends before the comma
    return Complex(found["sub"].casefold(), clause, main, found["stop"], fronted)


def _has_subject(clause: str) -> bool:
    return bool(SUBJECT.match(clause)) or clause[0].isupper()


def breaks_off(clause: str) -> bool:
    """Whether the last word of a clause wants another one after it."""
    return any(word.casefold() in _OPEN_END for word in words(clause)[-1:])


def without_lead(sentence: str) -> str:
    """The sentence without the conjunction or adverb that ties it to the one before."""
    while found := _LEADING.match(sentence):
        sentence = capitalised(sentence[found.end() :])
    return sentence


def leans_back(sentence: str) -> bool:
    """Whether the first words point to something said before."""
    first = [word.casefold() for word in words(sentence)[:3]]
    if _OF_SEVERAL.match(sentence):
        return True
    if _IT_IS_A.match(sentence):
        return True
    if first[:2] in (["it", "is"], ["there", "is"], ["there", "are"], ["there", "was"], ["there", "were"]):
        return False
    return bool(first) and (first[0].split("'")[0].split("’")[0] in _ANAPHORIC)


def has_loose_pronoun(clause: str) -> bool:
    """Whether a third-person pronoun stands in the clause without anything before it that it could mean."""
    before = 0
    for word in words(clause):
        lowered = word.casefold().replace("’", "'").split("'")[0]
        if lowered in {
            "he",
            "she",
            "they",
            "him",
            "them",
            "his",
            "her",
            "their",
            "it",
            "its",
            "this",
            "these",
            "those",
        }:
            return before < 4
        before += 1
    return False


def loose_person(text: str) -> bool:
    """Whether `he`, `she` or `they` is among the first words, so that the reader cannot know who is meant."""
    first = [word.casefold().replace("’", "'").split("'")[0] for word in words(text)[:5]]
    return any(word in {"he", "she", "they", "him", "them", "his", "her", "their", "hers", "theirs"} for word in first)


def has_loose_object(text: str) -> bool:
    """Whether `it`, `him`, `them`, `this` or a possessive stands where nothing before it can be meant.

    What does something is not what it is done to: in `The birds pull it out` the birds are not meant by `it`, but in
    `The birds feed their young` they may be.
    """
    if found := _OBJECT.search(text):
        before = text[: found.start()]
        inside = _CLAUSE_END.search(before) is None
        subject = SUBJECT.match(before) is not None or before[:1].isupper()
        nouns = [one for one in _NOUN.finditer(before) if not (inside and subject and one.start() == 0)]
        begins_with_noun = not inside and _begins_with_noun(before)
        if not nouns and not begins_with_noun:
            return True
    if found := _POSSESSIVE.search(text):
        before = text[: found.start()]
        return not _NOUN.search(before) and not _begins_with_noun(before)
    return False


_QUANTIFIERS = frozenset("all most many some few several both no every each any".split())


def _begins_with_noun(text: str) -> bool:
    """Whether the first word is of no closed class, as in `Slates crack, and I mend them`."""
    first = [word.casefold().replace("’", "'").split("'")[0] for word in words(text)[:1]]
    return any(word not in STOPWORDS or word in _QUANTIFIERS for word in first)


def is_past(clause: str) -> bool:
    """Whether the clause tells of the past."""
    lowered = [word.casefold() for word in words(clause)]
    return any(word in _PAST or (len(word) > 4 and word.endswith("ed")) for word in lowered)


def addresses_reader(clause: str) -> bool:
    """Whether somebody is spoken to, so that `I` cannot become `you`."""
    return bool(_SPOKEN_TO.search(clause))


def spoken_to_author(clause: str) -> str:
    """The clause as somebody else would say it to its author: `I keep my clock` becomes `you keep your clock`."""

    def were(found: regex.Match[str]) -> str:
        if not _is_author(found, clause):
            return found[0]
        return "were you" if found[1] is None else f"you{found[1]}were"

    return _WORDS.sub(_flip, _FIRST_WAS.sub(were, clause))


def _is_author(match: regex.Match[str], clause: str) -> bool:
    """Whether `I`, `us` or `mine` is the pronoun: not in `World War I`, `the US`, `the coal mine`."""
    word, before = match[0], words(clause[: match.start()])
    if word.casefold() == "mine":
        begins = not before and regex.match(r"(?i)\s(?:is|was|are|were)\b", clause[match.end() :])
        return bool(begins) or any(one.casefold() in _MINE_BEFORE for one in before[-1:])
    if word[0] == "I" and before and before[-1][0].isupper() and before[-1] != "I":
        return len(before) == 1 and before[0].casefold() not in _NUMBERED and " " in clause[: match.start()]
    return word.startswith("I") or not (len(word) > 1 and word.isupper())


def _flip(match: regex.Match[str]) -> str:
    word = match[0]
    flipped = _FLIPS.get(word.casefold().replace("’", "'"))
    if flipped is None or not _is_author(match, match.string):
        return word
    return capitalised(flipped) if word[0].isupper() and match.start() == 0 and word[0] != "I" else flipped


def lowered_start(clause: str) -> str:
    """The clause with a small first letter unless it begins with `I` or what looks like a name."""
    if regex.match(r"I(?![\p{L}])|I['’]", clause):
        return clause
    if SUBJECT.match(clause) or regex.match(
        rf"(?i)(?:{'|'.join(SUBORDINATORS)}|in|on|at|for|to|from|with|as|by|what|nobody|nothing|if)\b", clause
    ):
        return clause[0].lower() + clause[1:]
    return clause


def capitalised(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]
