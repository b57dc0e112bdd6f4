"""Is an answer a refusal? Told by what it says, not by set phrases, and without a model.

A refusal says, here and now and of its own speaker, that no answer comes: the speaker cannot or will not speak, does
not know, or has nothing of it in writing; and it says so with few words of content. Each clause of the first two
sentences is looked through for an act of answering that is denied (`denied_acts`), for silence and missing records and
for everyday turns of phrase (`refusal_phrases`); where none is found, nothing refuses, however little is said ("Yes.").
A logistic regression over what they offer gives the probability. The weights are fitted on the examples in its test,
which fits them again and judges each fifth of them by the others.
"""

from __future__ import annotations

import math

import regex

from twin_data.scoring.denied_acts import ACTS, OF_A_THING, denied_acts
from twin_data.scoring.refusal_phrases import PHRASES, phrases
from twin_data.scoring.sentences import STOPWORDS, sentence_spans, words

THRESHOLD = 0.5
SENTENCES = 2
"""A refusal stands at the beginning."""
FREE_WORDS = 40
"""A longer answer that begins with a disclaimer answers all the same."""

_SELF = frozenset("i we my mine our ours i'm i'd i'll i've we're we've we'll we'd myself".split())
_OTHERS = frozenset("he she they nobody somebody everyone anyone".split())
_RECORD = frozenset(
    "record records note notes page pages passage passages letter letters archive notebook notebooks papers paper "
    "print log entry entries mention columns column essays writing writings diary posts articles books".split()
)
_SET_DOWN = regex.compile(
    r"\b(?:what|anything|everything|nothing|nowhere in what) (?:i|we)(?:'ve| have)? (?:\w+ )?"
    r"(?:wrote|written|published|posted|recorded|put)\b|\b(?:published|written) (?:work|words|record)\b|\bnot in it\b"
)
_SILENCE = regex.compile(
    r"(?:\b(?:silent|(?:my|in|keep) silence|blank|unanswered|unsaid|private (?:matter|affair|business)|"
    r"(?:keep|stays?|remains?) (?:\w+ ){0,2}(?:private|confidential)|my tongue|peace|to myself|"
    r"nobody's (?:affair|business)|"
    r"no comment|(?:must|shall|will|i|respectfully) decline\b(?! the| to)|"
    r"in the dark|no wiser|leave (?:it|that|this)(?= (?:alone|there|be|open|out|unsaid|unanswered|blank|aside|"
    r"(?:question|matter|one|subject|point)|to (?:others|another|some\w+|the|those))|[,.;!]|$)(?! to the \w+[.!])|"
    r"beyond (?:my|what|me)|outside (?:my|what)|"
    r"(?:rather|sooner) (?:leave|keep|say nothing|be silent|pass|hold)|guess(?:ing|work)|invention|"
    r"inventing|making (?:it|this|things) up|other than i|not my (?:place|business|story))\b"
    r"|\b(?:pass(?: on (?:that|it|this|the question)(?: one)?)?|at a loss|my tongue|private|confidential)[.!]?$)"
)
_SPENT = frozenset(
    "wrote written recorded recording noted mentioned mentions covered cover covers touched touches printed published "
    "say tell answer speak comment help discuss share disclose reveal give guess venture speculate pretend invent "
    "oblige advise reply respond explain confirm supply vouch judge enlighten name offer assist talk find add drawn "
    "make care recommend provide know remember recall recollect idea notion knowledge memory information wiser clue "
    "private confidential silent silence sorry afraid regret unfortunately alas pass decline refuse unable rather "
    "sooner able going willing position liberty prefer leave keep guessing invention anybody somebody far".split()
)
_VAGUE = frozenset(
    "that this it anything any such question questions subject matter answer answers there here point "
    "detail anywhere "
    "one something".split()
)
_NEGATED = regex.compile(
    r"\b(?:not|no|never|nothing|none|nowhere|neither|nor|cannot|without|unable|unwilling)\b|n't\b"
    r"|\b(?:lacks?|silent|blank|fails?)\b"
)
_EMPTY = _SPENT | STOPWORDS | _RECORD | _VAGUE
"""Words that say nothing beside a refusal."""
# The words of a refusal that refuse nothing.
_IDIOM = regex.compile(
    r"\b(?:(?:say|tell|speak|recommend|thank|praise)\b[^.;]{0,20}\b(?:enough|too|highly)|help (?:but|\w+ing)"
    r"|(?:had )?no (?:idea|clue) (?:how|why)|had no (?:idea|clue)|without (?:laughing|smiling|blushing|crying)"
    r"|(?:a|any|no) (?:better|worse|more|(?!answer)\p{L}{3,}er)\b[^.;]{1,40}\bthan\b|which (?:is|was) (?:better|worse)"
    r"|(?:on|until) (?:mon|tues|wednes|thurs|fri|satur|sun)days?|at weekends|not (?:only|until|before)"
    r"|(?:before|after) (?:\d|nine|ten|noon|midnight|breakfast|lunch|dinner|coffee))\b"
)
_NARRATED = regex.compile(
    r"\b(?:i|we) (?:\w+ )?(?:did not|didn't|could not|couldn't(?! possibly)|would not(?! care| like)|"
    r"wouldn't(?! care| like)|"
    r"said|told|asked|refused|declined|passed|was|were|had)\b(?! nothing)|\band (?:so|then) (?:i|we)\b|"
    r"\b(?:until|before|unless)\b"
)
_MATTER = regex.compile(
    r"\b(?:about|on|upon|of|touch on|regarding|concerning) (?!my |mine |these |those |what |paper)"
    r"(?:the |an? |your |his |her )?\p{L}[\p{L}'-]*(?: [\p{L}'-]+){0,2}"
)
_DEED = regex.compile(
    r"\b(?:i|we|he|she|they|it) (?:\p{L}+ly |then |just |only )?(?:\p{L}{2,}ed|kept|held|left|took|went|wrote|rang"
    r"|had|"
    r"bought|sold|made|found|put|sent|got|gave|came|cut|ran|saw|met|built|spent|drew|won|lost|ate|fell|spoke|slept)\b"
)
_CLAUSE_END = regex.compile(
    r"[;:—–]|\s-\s|,\s(?=(?:and|but|so|for|nor|because|though|although|which|who|where|or)\b)|(?<=[.!?…])\s"
)

_ASKED = regex.compile(r"(?<=\w )(?:who|whom|whose|what|where|when|which|whether|if|how)\b.*")
_NO_APOSTROPHE = regex.compile(r"\b(ai|ca|do|wo|does|did|could|would|should|is|are|was|were|have|has|had)nt\b")
_YOUR = regex.compile(r"\bur\b")

_CUES = (*ACTS, "not_in_writing", "keeps_silent", *PHRASES)

WEIGHTS = {
    "says_not": 0.09,
    "says_not_on": -1.1,
    "knows_not": -1.02,
    "records_not": 0.44,
    "records_not_on": 0.44,
    "holds_not": 0.94,
    "not_in_writing": -3.39,
    "not_in_own_writing": 1.7,
    "not_of_it_in_writing": 1.31,
    "keeps_silent": -1.78,
    "keeps_own_silence": 0.28,
    "narrated": -2.2,
    "says_no_more": 0.65,
    "knows_nothing": 0.74,
    "speculates_not": 0.04,
    "has_forgotten": 0.82,
    "sends_elsewhere": 1.28,
    "is_private": 1.54,
    "is_not_of_mine": 0.85,
    "withholds": 1.08,
    "is_uncovered": 0.17,
    "content": -1.92,
    "substance": -3.41,
    "cues": 1.82,
    "late": 3.03,
    "idiom": -3.65,
    "deed": -1.8,
    "reason": -1.84,
    "length": -0.6,
}
"""Weight of each feature, in logits."""
BIAS = 2.39


def refusal_score(text: str) -> float:
    """Probability, 0 to 1, that a text refuses to answer. An empty text refuses nothing: 0.

    Args:
        text: An answer; its first two sentences count.
    """
    found = features(text)
    if not found:
        return 0.0
    return 1 / (1 + math.exp(-(BIAS + sum(WEIGHTS[name] * value for name, value in found.items()))))


def is_refusal(text: str) -> bool:
    """Whether a text refuses to answer."""
    return refusal_score(text) >= THRESHOLD


def features(text: str) -> dict[str, float]:
    """What the beginning of a text offers for and against a refusal, by name; empty where nothing refuses."""
    start = _beginning(text)
    clauses = [one.strip() for one in _CLAUSE_END.split(start) if one and len(words(one)) > 0]
    if not clauses:
        return {}
    held = [_clause_features(one) for one in clauses]
    if not any(one[cue] for one in held for cue in _CUES):
        return {}
    best = {name: max(one[name] for one in held) for name in held[0]}
    lead = max(range(len(held)), key=lambda at: (sum(held[at][cue] for cue in _CUES), -at))
    return best | {
        "narrated": held[lead]["narrated"],
        "content": math.log1p(_content(_MATTER.sub(" ", clauses[lead]))),
        "substance": math.log1p(
            sum(_content(one) for one, of in zip(clauses, held, strict=True) if not any(of[cue] for cue in _CUES))
        ),
        "cues": float(sum(best[cue] > 0 for cue in _CUES)),
        "late": float(lead > 0),
        "idiom": float(bool(_IDIOM.search(start))),
        "deed": float(any(_DEED.search(one) and not _NEGATED.search(one) for one in clauses)),
        "reason": float("because" in start),
        "length": max(0, len(words(text)) - FREE_WORDS) / 20,
    }


def _clause_features(clause: str) -> dict[str, float]:
    lowered = words(clause)
    known, held, acts = set(lowered), dict(phrases(clause)), denied_acts(clause)
    own, negated = bool(known & _SELF), bool(_NEGATED.search(clause))
    first = next((word for word in lowered if word in _SELF | _OTHERS), "")
    others = first in _OTHERS or "no one" in clause
    vague = bool(known & _VAGUE)
    unwritten = (
        negated and (bool(known & _RECORD) or bool(_SET_DOWN.search(clause))) and not others and OF_A_THING not in acts
    )
    silent = bool(_SILENCE.search(clause)) and not others
    return {
        **{name: float(name in acts) for name in ACTS},
        "not_in_writing": float(unwritten),
        "not_in_own_writing": float(unwritten and own),
        "not_of_it_in_writing": float(unwritten and vague),
        "keeps_silent": float(silent),
        "keeps_own_silence": float(silent and own),
        "narrated": float(acts <= {OF_A_THING} and (others or bool(_NARRATED.search(clause)))),
        **{name: float(name in held) for name in PHRASES},
    }


def _content(clause: str) -> int:
    """Words of the clause that are neither common nor those of refusing, nor the matter that is refused."""
    left = _ASKED.sub(" ", clause) if denied_acts(clause) & {"says_not", "knows_not"} else clause
    for _, said in phrases(clause):
        left = left.replace(said, " ")
    return sum(word.split("'")[0] not in _EMPTY and word not in _EMPTY for word in words(left))


def _beginning(text: str) -> str:
    """The first two sentences that are not questions, in small letters; another's refusal, quoted, is left out."""
    unquoted = regex.sub(r"“[^”]*”|\"[^\"]*\"", " ", text)
    told = [one.of(unquoted) for one in sentence_spans(unquoted)]
    told = [one for one in told if not one.rstrip().endswith("?")]
    said = " ".join(" ".join(told[:SENTENCES]).split()).casefold().replace("’", "'")
    return _YOUR.sub("your", _NO_APOSTROPHE.sub(r"\1n't", said))
