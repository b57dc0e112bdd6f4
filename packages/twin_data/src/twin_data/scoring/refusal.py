"""Is an answer a refusal? Told by what it says, not by set phrases, and without a model.

A refusal says, here and now and of its own speaker, that no answer comes: the speaker cannot or will not speak, does
not know, or has nothing of it in writing; and it says so with few words of content. Each clause of the first two
sentences is looked through for these cues and for everyday turns of phrase (`refusal_phrases`); where none is found,
nothing refuses, however little is said ("Yes."). A logistic regression over what they offer gives the probability. The
weights are fitted on the examples in its test, which fits them again and judges each fifth of them by the others.
"""

from __future__ import annotations

import math

import regex

from twin_data.scoring.refusal_phrases import PHRASES, phrases
from twin_data.scoring.sentences import STOPWORDS, sentence_spans, words

THRESHOLD = 0.5
SENTENCES = 2
"""A refusal stands at the beginning."""
FREE_WORDS = 40
"""A longer answer that begins with a disclaimer answers all the same."""

_SELF = frozenset("i we my mine our ours i'm i'd i'll i've we're we've we'll we'd myself".split())
_OTHERS = frozenset("he she they nobody somebody everyone anyone".split())
_ABILITY = regex.compile(
    r"\b(?:can't|cannot|can not|won't|will not|shan't|shall not|must not|unable|not able|not going to|not willing|"
    r"not prepared|not at liberty|not in a position|no position|rather not|sooner not|prefer not|"
    r"better not|not the (?:one|man|woman|person) to|"
    r"(?:could|would)(?:n't| not)(?= (?:possibly|care|like|dare|presume|want))|decline to|refuse to|do not|don't|"
    r"should not|shouldn't|not think i (?:should|can|will))\b"
)
_SPEECH = frozenset(
    "say tell answer speak comment help discuss share disclose reveal give guess venture speculate "
    "pretend invent oblige "
    "advise reply respond explain confirm supply vouch judge enlighten name offer assist talk find add "
    "drawn make care "
    "recommend provide".split()
)
_KNOWING = frozenset("know remember recall recollect idea notion knowledge memory information wiser clue".split())
_RECORD = frozenset(
    "wrote written record recorded records recording note noted notes page pages passage passages letter letters "
    "archive notebook notebooks papers print published log entry entries mention mentioned mentions "
    "columns column essays "
    "writing writings covered cover covers touched touches diary posts paper printed articles".split()
)
_NOTHING_HELD = regex.compile(
    r"\b(?:have|has|is|was|isn't|find|found|hold|made|took|kept|keep|see|offer|said|wrote|know|haven't|'s|"
    r"don't have|i've)"
    r" (?:\w+ )?(?:nothing|not? (?:a |any |an )?(?:\w+ )?(?:word|line|note|record|answer|view|comment|"
    r"idea|notion|information|"
    r"entry|mention|passage|memory|recollection|opinion|figure)s?|(?:any|that|the|this) (?:information|"
    r"record|note|idea|answer|memory)|a word|anything)\b"
    r"(?! (?:like|so|but|against|to do|more|of the|for|that|until))|\b(?:tell you|say|"
    r"tell) nothing\b(?! (?:of|against))"
)
_SILENCE = regex.compile(
    r"(?:\b(?:silent|(?:my|in|keep) silence|blank|unanswered|unsaid|private (?:matter|affair|business)|"
    r"(?:keep|stays?|remains?) (?:\w+ ){0,2}(?:private|confidential)|my tongue|peace|to myself|"
    r"nobody's (?:affair|business)|"
    r"no comment|decline to (?!be)|(?:must|shall|will|i|respectfully) decline\b(?! the| to)|refuse to (?!be)|"
    r"in the dark|no wiser|leave (?:it|that|this)(?= (?:alone|there|be|open|out|unsaid|unanswered|blank|aside|"
    r"(?:question|matter|one|subject|point)|to (?:others|another|some\w+|the|those))|[,.;!]|$)(?! to the \w+[.!])|"
    r"out of my|beyond (?:my|what|me)|outside (?:my|what)|"
    r"(?:rather|sooner) (?:leave|keep|say nothing|be silent|pass|hold)|guess(?:ing|work)|invention|"
    r"inventing|making (?:it|this|things) up|"
    r"(?:not|n't) (?:something|anything|a (?:thing|matter|subject|question)) (?:that |which |on which )?(?:i|we)|"
    r"not (?:mine|for me) to|other than i|not my (?:place|business|story))\b|n't (?:something|"
    r"anything) (?:that |which )?(?:i|we)\b"
    r"|\b(?:pass(?: on (?:that|it|this|the question)(?: one)?)?|at a loss|my tongue|private|confidential)[.!]?$)"
)
_SPENT = frozenset(
    "private confidential silent silence sorry afraid regret unfortunately alas pass decline refuse "
    "unable rather sooner "
    "able going willing position liberty prefer leave keep guess guessing invention find anybody "
    "somebody find far".split()
)
_VAGUE = frozenset(
    "that this it anything any such question questions subject matter answer answers there here point "
    "detail anywhere "
    "one something".split()
)
_APOLOGY = regex.compile(
    r"^(?:i'm sorry|i am sorry|sorry|i'm afraid|i am afraid|i regret|unfortunately|alas|forgive me"
    r"|apologies)\b(?! of\b)"
)
_AIMS_ELSEWHERE = regex.compile(
    r"\b(?:ask (?:me|some|another|him|her|them)|you (?:will not|won't) find|look elsewhere)\b"
)
_NEGATED = regex.compile(
    r"\b(?:not|no|never|nothing|none|nowhere|neither|nor|cannot|without|unable|unwilling)\b|n't\b"
    r"|\b(?:lacks?|silent|blank|fails?)\b"
)
# The words of a refusal that refuse nothing.
_IDIOM = regex.compile(
    r"\b(?:(?:say|tell|speak|recommend|thank|praise)\b[^.;]{0,20}\b(?:enough|too|highly)|help (?:but|"
    r"\w+ing)|cannot but|"
    r"answers? (?:the|my) (?:door|bell|\w*phone|mail)|could have (?:said|told)|had no (?:idea|clue)|no (?:idea"
    r"|clue) (?:how|why)|without \w+ing|at weekends|"
    r"(?:on|until) (?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:before|after) (?:\d|nine|ten|noon|midnight"
    r"|breakfast|lunch|dinner|coffee)|"
    r"notion of \w+ing|and (?:a good|too|rather|far) \w+|"
    r"say (?:that )?i\b|say (?:no|yes|goodbye|hello|it better)\b|(?:say|call) '|"
    r"(?:a|any|no) (?:better|worse|more|\p{L}{3,}er)\b[^.;]{1,40}\bthan\b|"
    r"nothing (?:like|so|but|against|to do|more|of the)|say nothing (?:of|against)|"
    r"no (?:doubt|wonder|idea so)|"
    r"know (?:a|an|any|no|of|which (?:is|was)|how we|who)\b(?! (?:the|that|it))|"
    r"tell\b[^.;]{0,20}\b(?:from|apart)|i do not say|"
    r"i don't say|what i (?:know|don't)|not (?:only|until|before)|never (?:met|been|known|seen|regretted|"
    r"doubted|had|late)|"
    r"(?:wrote|written) (?:a|an) (?!word|line on|note|thing|single)\w+|without (?:shame|a|the)|"
    r"not going to (?:tell|say) you that|"
    r"pretend (?:that|it)|no (?:objection|patience|intention|fault|hurry|secrets|managers?))\b"
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
_REPORTED = regex.compile(
    r"\b(?:i|we|he|she|they|\p{L}+) (?:\p{L}+ly |then )?(?:told|asked|said|wrote|answered|replied|refused|declined)"
    r"(?: (?:him|her|them|me|us|the \p{L}+))?(?: that)? (?:i|we|he|she|they|it)\b"
)
_FIGURE = regex.compile(r"\d")
_DEED = regex.compile(
    r"\b(?:i|we|he|she|they|it) (?:\p{L}+ly |then |just |only )?(?:\p{L}{2,}ed|kept|held|left|took|went|wrote|rang"
    r"|had|"
    r"bought|sold|made|found|put|sent|got|gave|came|cut|ran|saw|met|built|spent|drew|won|lost|ate|fell|spoke|slept)\b"
)
_CLAUSE_END = regex.compile(
    r"[;:—–]|\s-\s|,\s(?=(?:and|but|so|for|nor|because|though|although|which|who|where|or)\b)|(?<=[.!?…])\s"
)

_CUES = ("cannot_speak", "does_not_know", "not_in_writing", "keeps_silent", "holds_nothing", *PHRASES)

WEIGHTS = {
    "cannot_speak": -0.76,
    "cannot_speak_of_it": 0.66,
    "does_not_know": -1.43,
    "does_not_know_it": 0.82,
    "not_in_writing": -2.21,
    "not_in_own_writing": 2.95,
    "not_of_it_in_writing": 1.09,
    "keeps_silent": -1.27,
    "keeps_own_silence": 0.81,
    "holds_nothing": -1.54,
    "holds_nothing_of_own": 2.38,
    "narrated": -1.62,
    "says_no_more": 0.64,
    "knows_nothing": 0.93,
    "speculates_not": 0.99,
    "has_forgotten": 0.24,
    "sends_elsewhere": 1.04,
    "is_private": 2.09,
    "is_not_of_mine": 0.8,
    "withholds": 0.18,
    "is_uncovered": 0.86,
    "content": -3.19,
    "substance": -3.02,
    "cues": 0.55,
    "late": 3.42,
    "apology": 0.53,
    "elsewhere": 0.2,
    "idiom": -3.37,
    "figures": -1.17,
    "deed": -1.39,
    "reported": -1.42,
    "reason": -1.62,
    "length": -1.13,
}
"""Weight of each feature, in logits."""
BIAS = 3.68


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
        "content": math.log1p(_content(clauses[lead])),
        "substance": math.log1p(
            sum(_content(one) for one, of in zip(clauses, held, strict=True) if not any(of[cue] for cue in _CUES))
        ),
        "cues": float(sum(best[cue] > 0 for cue in _CUES)),
        "late": float(lead > 0),
        "apology": float(bool(_APOLOGY.search(start))),
        "elsewhere": float(bool(_AIMS_ELSEWHERE.search(start))),
        "idiom": float(bool(_IDIOM.search(start))),
        "figures": float(bool(_FIGURE.search(start))),
        "deed": float(any(_DEED.search(one) and not _NEGATED.search(one) for one in clauses)),
        "reported": float(bool(_REPORTED.search(clauses[lead]))),
        "reason": float("because" in start),
        "length": max(0, len(words(text)) - FREE_WORDS) / 20,
    }


def _clause_features(clause: str) -> dict[str, float]:
    lowered = words(clause)
    known, held = set(lowered), dict(phrases(clause))
    own, negated = bool(known & _SELF), bool(_NEGATED.search(clause))
    first = next((word for word in lowered if word in _SELF | _OTHERS), "")
    others = first in _OTHERS or "no one" in clause
    narrated = others or bool(_NARRATED.search(clause))
    vague = bool(known & _VAGUE)
    cannot = own and bool(_ABILITY.search(clause)) and bool(known & _SPEECH)
    unknown = own and negated and bool(known & _KNOWING) and not narrated
    unwritten = negated and bool(known & _RECORD) and not others
    silent = bool(_SILENCE.search(clause)) and not others
    nothing = bool(_NOTHING_HELD.search(clause)) and not others
    return {
        "cannot_speak": float(cannot),
        "cannot_speak_of_it": float(cannot and vague),
        "does_not_know": float(unknown),
        "does_not_know_it": float(unknown and vague),
        "not_in_writing": float(unwritten),
        "not_in_own_writing": float(unwritten and own),
        "not_of_it_in_writing": float(unwritten and vague),
        "keeps_silent": float(silent),
        "keeps_own_silence": float(silent and own),
        "holds_nothing": float(nothing),
        "holds_nothing_of_own": float(nothing and own),
        "narrated": float(narrated),
        **{name: float(name in held) for name in PHRASES},
    }


def _content(clause: str) -> int:
    """Words of the clause that are neither common nor those of refusing, nor the matter that is refused."""
    spent = _SPENT | STOPWORDS | _SPEECH | _KNOWING | _RECORD | _VAGUE
    for _, said in phrases(clause):
        clause = clause.replace(said, " ")
    held = words(_MATTER.sub(" ", clause))
    return sum(word.split("'")[0] not in spent and word not in spent for word in held)


def _beginning(text: str) -> str:
    """The first two sentences that are not questions, in small letters; another's refusal, quoted, is left out."""
    unquoted = regex.sub(r"“[^”]*”|\"[^\"]*\"", " ", text)
    told = [one.of(unquoted) for one in sentence_spans(unquoted)]
    told = [one for one in told if not one.rstrip().endswith("?")]
    return " ".join(" ".join(told[:SENTENCES]).split()).casefold().replace("’", "'")
