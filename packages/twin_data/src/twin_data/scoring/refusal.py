"""Is an answer a refusal? Told by what it says, not by set phrases, and without a model.

A refusal says of its own speaker, here and now, that there is no answer: inability or unwillingness to speak, want of
knowledge, or silence of the speaker's own writing. The same words in the past, about others, in a question or before
praise ("I cannot say enough") refuse nothing. Each kind of cue has a weight; the score is their logistic sum over the
first two sentences, which is where a refusal stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import regex

from twin_data.scoring.sentences import sentence_spans, words

THRESHOLD = 0.5
SENTENCES = 2
_BIAS = -2.2
_LENGTH_WEIGHT = -0.012
"""For each word beyond the first forty: a long answer that begins with a disclaimer answers all the same."""
_FREE_WORDS = 40

_I = r"(?:I|we)"
_NEGATED_ABILITY = (
    rf"{_I}(?:['’]m| am|['’]re| are)? ?(?:(?:simply |really |just |honestly |quite |therefore |also )?"
    r"(?:can['’]?t|cannot|can not|couldn['’]t possibly|could not possibly|won['’]t|will not|shan['’]t|shall not|"
    r"must not|mustn['’]t|do not propose to|don['’]t propose to|do not intend to|don['’]t intend to|am unable to|"
    r"am not able to|not able to|unable to|am not willing to|not willing to|unwilling to|am in no position to|"
    r"in no position to|not in a position to|am not going to|not going to|am not prepared to|not prepared to|"
    r"am not at liberty to|not at liberty to|have nothing to|refuse to|decline to|must decline to|prefer not to|"
    r"would prefer not to|['’]d prefer not to|would rather not|['’]d rather not|had rather not|would sooner not|"
    r"['’]d sooner not|had better not|['’]d better not|am not the (?:man|woman|one|person) to|not the (?:man|woman|one|person) to))"
)
_SPEECH = (
    r"(?:say|tell|answer|speak|comment|help|discuss|share|disclose|reveal|give|offer|provide|guess|venture|speculate|"
    r"pretend|invent|talk|go into|be drawn|oblige|assist|advise|recall|remember|reply|respond|explain|confirm|make (?:it|one|something|anything) up|"
    r"find (?:anything|any|a|nothing|it|one)|put (?:a |any )?(?:name|figure|number|date)|supply|add|do that|enlighten|judge|recollect)"
)
_KNOW = (
    rf"{_I} (?:simply |really |honestly |just |myself )?(?:do not|don['’]t|cannot|can['’]t) "
    r"(?:actually |really |now |rightly |honestly )?(?:know|remember|recall|recollect)"
)


@dataclass(frozen=True)
class _Cue:
    pattern: regex.Pattern[str]
    weight: float


def _cue(pattern: str, weight: float) -> _Cue:
    return _Cue(regex.compile(pattern, regex.I), weight)


_OWN_WRITING = r"(?:I (?:have |['’]ve )?(?:ever )?(?:wr(?:ote|itten)|said|set down|put (?:down|on paper)|published|noted|kept|left)|mine|my (?:own )?(?:\w+ ){0,2}?(?:pages?|notes?|papers?|archive|writings?|work|passages?|books?|record|records|posts?|letters?|essays?|material|log|ledger|notebooks?|columns?|articles?))"
_CUES = (
    _cue(rf"{_NEGATED_ABILITY} (?:\w+ ){{0,3}}?{_SPEECH}\b", 4.2),
    _cue(
        rf"\b(?:I['’]d|I would|I should) (?:rather|sooner|prefer to) (?:not|leave (?:it|that)|keep (?:it|that|quiet|silent)|say nothing|be silent|decline|pass)\b",
        4.6,
    ),
    _cue(
        rf"\b{_I} (?:must|will|shall|have to|had better|would|am obliged to)? ?(?:respectfully |politely |therefore )?(?:decline|pass on|refuse|abstain)(?: to| on|\b[.,;]|$)",
        4.0,
    ),
    _cue(rf"\b{_I}(?: must|['’]ll| will| shall| would)? (?:have to )?pass(?: on|[.,;]|$)", 3.4),
    _cue(
        rf"(?:^|[.;:,—–] ?){_KNOW}(?=[.;,—–]|$| (?:the answer|that|who|what|when|where|why|how|which|whether|and|enough|anything|of any)\b)",
        3.4,
    ),
    _cue(
        rf"\b{_I} (?:have|['’]ve|had|hold|keep|kept|made|took|left|know of|can offer|can find|could find|find|found|see|saw) (?:got )?(?:no|nothing|not a|neither) ?(?:\w+ ){{0,3}}?(?:answer|record|note|information|memory|recollection|knowledge|idea|notion|opinion|view|word|line|page|passage|entry|comment|to (?:say|tell|add|offer|go (?:on|by))|in (?:my|the)|about|on (?:that|this|it)|of mine|that (?:says|tells|answers)|here)",
        3.6,
    ),
    _cue(
        rf"\b{_I} (?:have|['’]ve)(?:n['’]t| not| never)(?: yet| ever| actually| once| really)? (?:written|published|recorded|said|set|put|covered|addressed|spoken|touched|noted|kept|mentioned|told|dealt|discussed|gone into|got (?:an answer|anything))\b",
        3.9,
    ),
    _cue(
        rf"\b{_I} never (?:wrote|recorded|said|set (?:it |that |this )?down|put|noted|published|mentioned|spoke|touched|covered|kept a (?:note|record))\b",
        3.4,
    ),
    _cue(
        rf"\b(?:nothing|none|no (?:\w+ )?(?:line|word|page|passage|note|record|entry|letter|post|essay|chapter|part)s?)\b(?: (?:of|in|among|that|from|here|anywhere|on|at all|on paper|to be found))? ?(?:\w+ ){{0,4}}?{_OWN_WRITING}",
        3.9,
    ),
    _cue(
        rf"\b{_OWN_WRITING}(?: \w+){{0,4}}? (?:(?:is|are|was|were|stays?|remains?|keeps?|falls?) (?:\w+ )?(?:silent|blank|empty|mute|dumb|no help)|(?:does|do|did)(?:n['’]t| not) (?:\w+ )?(?:say|tell|answer|cover|touch|mention|record|reach|go|address|hold|contain|deal|speak|extend|stretch)|says? nothing|hold(?:s)? (?:no|nothing)|contains? (?:no|nothing)|(?:has|have) (?:no|nothing)|is not in|never (?:says?|mentions?|touch))",
        4.0,
    ),
    _cue(
        r"\b(?:there is|there['’]s|there was|there are) (?:nothing|no \w+|not a word)(?: \w+){0,5}? (?:mine|my|I (?:have|wrote|can)|these pages|in the (?:archive|passages|pages|papers|notes|record)|to (?:answer|go on|quote|tell|draw))",
        3.6,
    ),
    _cue(r"\b(?:outside|beyond|past) (?:of )?(?:what (?:I|we)|my|the (?:passages|pages|archive|record))\b", 2.6),
    _cue(
        r"\b(?:private|confidential|personal) (?:matter|affair|business|question)\b|\bnot (?:for me|mine|my place|my business) to (?:say|tell|give|share|answer|speak|discuss)\b|\b(?:stays?|remains?|keep (?:it|that)) (?:private|between|to myself|under my hat)",
        3.6,
    ),
    _cue(
        r"\b(?:that|this|it)(?:['’]s| is)(?: a \w+| something| one| \w+ly)? (?:(?:that |which )?(?:I|we) (?:have never|have not|haven['’]t|never|will not|won['’]t|cannot|can['’]t|do not|don['’]t|shall not)|not (?:something|a (?:thing|matter|subject|question)) (?:that |which |on which |about which )?(?:I|we|my))",
        3.4,
    ),
    _cue(
        r"\b(?:not|nothing|isn['’]t|is not) (?:\w+ ){0,2}?(?:found|covered|mentioned|recorded|in) (?:\w+ ){0,3}?(?:my|the (?:passages|pages|archive|papers|record)|what I)",
        2.8,
    ),
    _cue(
        r"\b(?:the|my|these|those|none of (?:my|the)) (?:passages|pages|papers|notes|archive|record|records|letters)(?: \w+){0,3}? (?:do not|don['’]t|does not|doesn['’]t|say nothing|says nothing|are silent|is silent|says? anything|give no|gives no|hold no|answers? (?:that|it|this)|never)",
        3.6,
    ),
    _cue(
        r"^(?:no answer|no comment|i['’]m sorry|sorry|i am sorry|i['’]m afraid|i am afraid|i regret|unfortunately|apologies|alas|forgive me|pardon me)\b",
        1.6,
    ),
    _cue(
        r"\b(?:ask (?:me )?(?:something|somebody|someone|another)|you (?:will|['’]ll|must|would) have to (?:ask|look|find)|you must ask|look elsewhere|no answer (?:to|is better)|better no answer)",
        1.4,
    ),
    _cue(
        rf"\b{_I} (?:do not|don['’]t) (?:have|hold|keep|possess|see|find) (?:any|an|the|a) (?:\w+ )?(?:answer|information|record|note|memory|knowledge|details?|figures?|passage|entry)",
        3.6,
    ),
    _cue(r"^no (?:comment|answer)\b", 2.0),
    _cue(
        rf"\b{_I} (?:know|knew|wrote|said|have (?:said|written|recorded|published|noted)|can say|can tell you) nothing(?! (?:so|more|like|better|against|but|worse|less|of the kind))\b",
        3.4,
    ),
    _cue(
        rf"\b{_I} (?:do not|don['’]t|never) (?:share|give out|hand out|disclose|reveal|talk about|speak of|speak about|comment on|answer|discuss)\b(?!.*\b(?:before|until|unless)\b)",
        3.2,
    ),
    _cue(
        r"\byou (?:will not|won['’]t|would not|wouldn['’]t) find (?:it|that|this|them|anything|one|the answer|any of)\b",
        2.6,
    ),
    _cue(
        r"\b(?:it would be|would be|be) (?:a )?(?:guess(?:ing|work)?|invention|inventing|making (?:it|things) up|pretending|speculat\w+|fabricat\w+)\b",
        2.2,
    ),
    _cue(
        r"(?:\bnot|n['’]t) (?:something|anything|a subject|a matter|a thing|a question) (?:that |which )?I(?:['’]ve| have)? (?:\w+ )?(?:wr\w+|said|set|covered|speak|talk|discuss|know|can|could|put|treat\w*|address\w*)",
        3.4,
    ),
    _cue(
        r"\bmy (?:knowledge|memory|record|writing|archive) (?:stops|ends|gives out|fails|does not (?:go|stretch|reach))",
        3.2,
    ),
    _cue(
        r"\bI am (?:at a loss|in the dark|no wiser|none the wiser|no help|silent|dumb|ignorant)\b|\bI['’]m (?:at a loss|in the dark|no wiser|none the wiser|no help)\b",
        2.9,
    ),
    _cue(
        r"\b(?:leave|let) (?:it|that|this) (?:\w+ )?(?:alone|unanswered|unsaid|there|be|blank)\b|\b(?:say|be saying) (?:no more|nothing)\b(?! (?:of|against|but|more))|\b(?:hold|keep) my (?:tongue|peace)\b|\bkeep (?:my )?(?:silence|silent|quiet|mum|my own counsel)\b",
        2.6,
    ),
)
_AGAINST = (
    _cue(
        r"\b(?:say|tell|speak|stress|recommend|praise|thank|repeat)(?: \w+){0,2} (?:enough|too (?:often|much|strongly|highly)|highly enough|strongly enough|how (?:much|glad|grateful|happy|pleased|sorry))\b",
        -5.0,
    ),
    _cue(
        r"\b(?:cannot|can['’]t|could not|couldn['’]t) (?:help (?:but|\w+ing)|but|fail to)\b|\bI cannot (?:say|tell)(?: you)? that I\b|\bcan['’]t say I\b|\bI can['’]t say that I\b|\b(?:can['’]t|cannot) (?:tell|say) (?:\w+ ){0,3}?(?:apart|from)\b",
        -5.0,
    ),
    _cue(
        r"\b(?:did not|didn['’]t) (?:know|say|tell|write|remember|answer) (?:then|at the time|it at|until)\b|\bwhat I know now\b",
        -4.0,
    ),
    _cue(
        rf"\b{_I} (?:do not|don['’]t|never) (?:know|knew|say|think|believe|claim) (?:a|an|any|one|who['’]s|of (?:a|any|one)|that (?:it|there|we|they|he|she|the)|which is|how (?:we|I|anyone|anybody|they|he|she|people|it))\b",
        -2.6,
    ),
    _cue(
        r"\b(?:without|until|unless|before|if|when|because|who|which|where|as) (?:\w+ ){0,2}?I (?:do not|don['’]t|cannot|can['’]t|couldn['’]t|could not|won['’]t|will not) (?:know|say|tell|remember|answer|explain|give|help)",
        -1.6,
    ),
    _cue(
        r"\bbut (?:I|we) (?:do|did|can|know|will|remember|think|believe|found|have written|wrote|would say|['’]d say)\b",
        -1.8,
    ),
    _cue(
        r"\b(?:written|wrote|recorded|kept|published|set down) (?:a|an|one) (?:line of|(?!word|line|note|thing|single|sentence|record|syllable)\w+)",
        -3.6,
    ),
    _cue(
        r"\bnever (?:said|told|put|wrote) (?:that )?(?:it|that|he|she|there|they|we|this) (?:was|were|is|are|would|could|had)\b",
        -3.6,
    ),
    _cue(
        r"\bknow (?:which|who|what) (?:is|was|of (?:them|the two|these) (?:is|was)) (?:the )?(?:worse|better|more|less|worst|best|\w+er)\b|\b(?:rather|sooner) not have\b",
        -4.2,
    ),
    _cue(
        r"\b(?:would be|be) guess\w* (?:without|if|unless|but)\b|\band so I (?!can|cannot|won|will|shall|must|leave|decline)",
        -2.4,
    ),
    _cue(
        r"\bnot going to (?:tell|say|pretend)(?: you)? (?:that|it|there)\b|\bwon['’]t (?:pretend|say|tell you) (?:that |it |there |we |I |he |she |they )|\bwill not (?:pretend|say) (?:that |it |there |we |I )",
        -3.2,
    ),
)


def refusal_score(text: str) -> float:
    """Probability, 0 to 1, that a text refuses to answer. An empty text refuses nothing: 0.

    Args:
        text: An answer; its first two sentences count.
    """
    start = _beginning(text)
    if not start:
        return 0.0
    signal = sum(cue.weight for cue in _CUES if cue.pattern.search(start))
    if not signal:
        return _logistic(_BIAS)
    against = sum(cue.weight for cue in _AGAINST if cue.pattern.search(start))
    length = _LENGTH_WEIGHT * max(0, len(words(text)) - _FREE_WORDS)
    return _logistic(_BIAS + signal + against + length)


def is_refusal(text: str) -> bool:
    """Whether a text refuses to answer."""
    return refusal_score(text) >= THRESHOLD


def _beginning(text: str) -> str:
    """The first two sentences that are not questions, quotations left out: another's refusal is no refusal."""
    unquoted = regex.sub(r"“[^”]*”|\"[^\"]*\"", " ", text)
    spans = sentence_spans(unquoted)
    told = [span.of(unquoted) for span in spans if not span.of(unquoted).rstrip().endswith("?")]
    return " ".join(" ".join(told[:SENTENCES]).split())


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
