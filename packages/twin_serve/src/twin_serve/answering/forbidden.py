"""Patterns of questions that want what is nobody's business, or help with harm.

They are narrow on purpose. A question that only looks like one (a Python process to kill, a code of conduct, what a
character of a book did) must go on to retrieval; what slips through meets the archive, which knows nothing of it.
"""

from __future__ import annotations

import regex

# Fragments hold no blanks of their own: they are read in verbose mode.
_NAME = r"(?-i:\p{Lu}[\p{L}'’-]*\p{Ll})"
_NAMES = rf"{_NAME}(?:\s+{_NAME}){{0,3}}"
_TITLE = r"(?:mr|mrs|ms|miss|dr|prof|sir|lady)\.?"
_RELATED = r"(?:(?:my|your|his|her|their|our)\s+(?:[\w-]+\s+){0,2}?[\w-]+(?:'s|’s|s'|s’)|your|his|her|their)"
_OWNER = rf"(?:{_RELATED}|{_NAME}(?:'s|’s|'|’))"
_SOMEBODY = rf"(?:you|he|she|they|(?:{_TITLE}\s+)?{_NAMES}|{_OWNER}\s+[\w-]+|my\s+[\w-]+)"
_HUMAN = r"(?:man|woman|person|people|boy|girl|author|writer|owner|family|couple|one|ones)"
_INSTITUTION = rf"(?:of|for)\s+(?:the|a|an)\s+(?!(?:\w+\s+)?{_HUMAN}\b)"

_SECRET = (
    r"(?:pass(?:word|code|phrase)s?|(?:pin|security|door|alarm|access|entry|safe)\s+(?:code|number)s?|pin"
    r"|(?:api|secret|private|access|ssh|encryption)\s+(?:key|token)s?|auth(?:entication)?\s+tokens?|log-?ins?"
    r"|credentials?)(?!\s+(?:of|for)\s+conduct)(?!\s+(?:reviews?|base|paths?|changes?|quality|polic(?:y|ies)|rules?"
    r"|managers?|rotation|management|strength|hygiene)\b)"
)
_WANTS = (
    r"(?:what(?:['’]s|\s+(?:is|are|was|were))|give|tell|send|show|paste|print|reveal|share|post|read|list|repeat"
    r"|dictate|leak|disclose|need|want|know|guess|crack|steal|(?:find|get)(?:\s+(?:at|out))?)"
)
# A request for the thing itself, not for a view on such things: no preposition and no `a` before the secret.
_VIEW = r"(?:a|an|on|about|of|for|with|behind|against|to|in|between|by|from|and|or|than)"
_SECRET_WANTED = rf"{_WANTS}\s+(?:(?!{_VIEW}\b)[\w'’-]+\s+){{0,5}}?{_SECRET}"
_CONTACT = (
    r"(?:(?:tele)?phone\s+numbers?|(?:mobile|cell)(?:\s+phone)?\s+numbers?|contact\s+(?:number|details)"
    r"|(?:home|private|personal|postal|present|current|e-?mail)\s+(?:postal\s+|e-?mail\s+)?address(?:es)?)"
)
_RECORD = r"(?:record|history|histories|return|statement|status|condition|problem|rating)s?"
# Private whoever it is about.
_INTIMATE = (
    rf"(?:(?:medical|health|mental\s+health|bank)\s+{_RECORD}|sexual\s+(?:orientation|preferences?)|sex\s+life"
    r"|passport|driv(?:er['’]?s|ing)\s+licen[cs]e|bank\s+account|(?:credit|debit)\s+card)"
)
# Of a public figure this may be common knowledge; of somebody's neighbour it is not.
_PERSONAL = (
    rf"(?:(?:criminal|browsing|search|tax|immigration|employment|credit)\s+{_RECORD}|birth\s+certificate"
    r"|date\s+of\s+birth|marital\s+status|salary|income|net\s+worth|political\s+affiliation|whereabouts)"
)
_NUMBERED = r"(?:bank\s+account|credit\s+card|debit\s+card|passport|social\s+security|national\s+insurance|sort\s+code)"

PRIVATE = regex.compile(
    rf"""(?xis)
    \b{_CONTACT}\b(?!\s+{_INSTITUTION})
    | \baddress\s+of\s+(?!(?:[\w'’-]+\s+){{1,3}}?(?:blog|website|web\s*page|home\s*page|page|repository|server)\b)
        (?:my|your|his|her|their|{_TITLE}\s|{_NAME}(?!\s+(?:hall|house|street|station)\b))
    | \bwhere\s+(?:exactly\s+)?(?:does|do|is|are)\s+{_SOMEBODY}\s+(?:live|lives|living)\b
        \s*(?:now|these\s+days|at\s+present|today|exactly)?\s*(?:$|[?.!,;]|and\b)
    | \bon\s+(?:what|which)\s+number\b.{{0,30}}\b(?:reach|call|ring|phone)\b
    | \b{_SECRET_WANTED}\b
    | ^(?:the|your)?\s*{_SECRET}\s+(?:for|of|to)\b
    | \b(?:which|what)\s+(?:[\w-]+\s+)?{_SECRET}\s+(?:do|does|did|has|have)\s+{_SOMEBODY}\s+
        (?:use|have|had|set|type|keep)\b
    | \b{_NUMBERED}\s+(?:numbers?|details)\b
    | \b(?:{_OWNER}\s+(?:[\w-]+\s+)?{_INTIMATE}|{_RELATED}\s+(?:[\w-]+\s+)?{_PERSONAL})\b
        (?!\s+(?:reform|polic(?:y|ies)|tax|system)\b)
    | \bhow\s+much\s+(?:money\s+)?(?:does|do)\s+{_SOMEBODY}\s+(?:earn|make\s+a\s+(?:year|month|week)|get\s+paid)\b
    | \b(?:sleep(?:ing)?\s+with|ha(?:ve|s|d|ving)\s+an\s+affair)\b
    """
)

_MAY = r"(?:do|can|could|should|would|might|may|must)"
_ANYONE = r"(?:i|we|one|someone|somebody|anyone|anybody|a\s+person)"
_HOW = (
    rf"(?:\bhow\s+(?:best\s+)?(?:{_MAY}\s+{_ANYONE}|{_ANYONE}\s+{_MAY}|to)\b"
    r"|\b(?:best|easiest|good|quickest|safest|surest|perfect)\s+(?:way|method|place|plan|strategy)s?\s+(?:to|of|for)\b"
    r"|\bways?\s+(?:to|of)\b|\bsteps?\s+(?:should|can|do|could|must)\s+i\b|\bstep\s+by\s+step\b|\bprocess\s+(?:for|of)\b"
    r"|\binstructions?\b|\b(?:teach|help|show|tell)\s+me\b|\bi\s+(?:want|need|intend|plan|am\s+going)\s+to\b"
    r"|\bwhat\s+do\s+i\s+need\b|\bwhere\s+(?:can|could|do)\s+(?:i|we)\s+(?:find|get|buy)\b).{0,60}"
)
_WRITE = (
    r"\b(?:write|draft|compose|produce|prepare|give\s+me|make\s+me|help\s+me|create|send|e-?mail|message|text|call"
    r"|phone)\b"
)
_STORY = r"(?:video\s+)?(?:games?|films?|movies?|novels?|stor(?:y|ies)|plays?|books?|scenes?|dreams?|poems?|fiction)"
_VICTIM = (
    r"(?:someone|somebody|people|anyone|myself|yourself|him|her|them"
    r"|(?:a|an|the|some)\s+(?:(?:group|crowd)\s+of\s+|[\w-]+\s+)?(?:person|human|man|woman|child|baby|toddler|girl|boy"
    r"|neighbou?r|colleague|cop|policeman|politician|president|family|families|people)"
    r"|(?:my|his|her|your)\s+(?:[\w-]+\s+)?(?:wife|husband|spouse|ex|boss|neighbou?rs?|colleagues?|child|children|kids?"
    r"|sister|brother|mother|father|parents?|grandparents?|partner|girlfriend|boyfriend|friends?|family|date|teacher"
    r"|landlord|roommate))"
)
_HURT = (
    r"(?:kill|murder|hurt|harm|poison|stalk|harass|blackmail|threaten|tortur|kidnap|abduct|drown|stab|shoot|strangl"
    r"|chok|throttl|assassinat|butcher|execut|beat(?:\s+up)?|punch|slay|overpower|rap)(?:e|es|ing|d|ed)?"
)
_GAME = r"\s+(?:in|at)\s+(?!the\b|an?\b|my\b|his\b|her\b|public\b)\w+\s*\??$"
_SENT = r"\s+(?:an?|the|another|your)\s+(?:[\w-]+\s+)?(?:e-?mail|message|text|note|line|question|link|invite)\b"
_PLACE = (
    r"(?:house|home|flat|shop|store|car|vehicle|bank|vault|safe|building|office|hospital|school|church|synagogue"
    r"|mosque|warehouse|plane|train|bridge|dam|station|account|phone|computer|laptop|system|server|network|website"
    r"|database|wifi|wi-fi|e-?mail)s?"
)
_FEW_WORDS = r"(?:(?!in\b|for\b)[\w'’-]+\s+){0,4}?"
_WEAPON = (
    r"(?:(?:pipe\s+|nail\s+|petrol\s+|dirty\s+)?bombs?|explosives?|grenades?|molotov|napalm|nerve\s+(?:gas|agent)"
    r"|land\s*mines?|ransomware|malware|computer\s+virus)"
)
_DRUG = r"(?:cocaine|heroin|meth(?:amphetamine)?|lsd|fentanyl|crack(?!\s+(?:in|on|open))|ecstasy\s+pills)"
_MAKE = r"(?:build|mak(?:e|ing)|construct|assembl\w+|plant|detonat\w+|explod\w+|buy|get)"
_WRECK = (
    r"(?:blow(?:ing)?\s+up|bomb(?:ing)?(?!\s+\w+\s+(?:test|exam|interview)\b)|burn(?:ing)?\s+down"
    r"|set(?:ting)?\s+fire\s+to|sabotag\w+|vandali[sz]\w+)"
)
_FORGE = (
    r"(?:counterfeit\w*|forg(?:e|ing)\s+(?:an?|my|his|her|the|some)\s+(?:[\w-]+\s+)?(?:signature|passport|document|id"
    r"|invoice|note|cheque|will)|launder\w*\s+(?:\w+\s+)?money|rob|steal\s+from|shoplift|embezzl\w+)"
)
_CRIME = (
    r"(?:commit(?:ting)?\s+(?:an?\s+)?(?:[\w-]+\s+)?(?:suicide|murder|fraud|arson|robbery|assault|massacre"
    r"|identity\s+theft)|self-?harm|overdose\s+on|(?:kill|hang)\s+myself|end\s+my\s+(?:own\s+)?life)"
)
_POSE = r"(?:impersonat\w+|pass\s+(?:myself|ourselves)\s+off\s+as|pos(?:e|ing)\s+as)"
_DUPE = r"(?:deceiv|trick|scam|defraud|phish|swindl|con)\w*"
_DUPES = (
    r"(?:someone|people|him|her|them|staff|banks?|customers?|voters?|colleagues?|pensioners?|aunt|uncle|grandmother"
    r"|grandfather)"
)
_DISARM = r"(?:bypass|disabl|defeat|overrid|circumvent|tamper\s+with|get\s+(?:past|round|around))\w*"
_GUARD = r"(?:safety|safeguards?|alarms?|interlocks?|locks?|security)"
_GET_TO = (
    r"(?:get|getting|persuad\w+|convinc\w+|trick\w*|ask|asking|tell|telling|mak(?:e|ing))\s+(?:him|her|them|me"
    r"|(?:my|his|her)\s+\w+|someone|people|customers?)\s+(?:to|into)?\s*"
)
_HAND_OVER = (
    r"(?:send|sending|pay|paying|give|giving|transfer\w*|wire|wiring|hand|share|sharing|reveal\w*)\b.{0,80}"
    r"\b(?:account|pin|pass(?:word|code)|card|money|savings|bill|details)"
)
_INCITE = r"(?:urg|incit|encourag|call\w*\s+(?:on|for|upon)|rous|stirr?|exhort|rally|egg)\w*"
_ATTACK = r"(?:attack|assault|beat|burn|kill|murder|hurt|harm|lynch|stone|drive\s+out|exterminat\w+|riot)"

UNSAFE = regex.compile(
    rf"""(?xis)
    ^(?!.*\b(?:in|for|of)\s+(?:a|an|the|my|our|this|that)\s+(?:[\w-]+\s+){{0,3}}{_STORY}\b).*?(?:
      {_HOW}\b{_HURT}\s+(?:[\w-]+\s+)?{_VICTIM}\b(?!['’])(?!{_GAME})(?!{_SENT})
    | {_HOW}\b{_MAKE}\b.{{0,30}}\b(?:{_WEAPON}|{_DRUG})\b
    | \b{_WEAPON}\b.*{_HOW}\b(?:build|make|construct|assemble)\s+(?:one|it|them|some|such)\b
    | {_HOW}\b{_WRECK}\s+{_FEW_WORDS}(?:{_PLACE}|people|crowds?)\b
    | {_HOW}\b(?:hack|break)(?:ing)?\s+into\s+{_FEW_WORDS}{_PLACE}\b
    | {_HOW}\b(?:{_FORGE}|{_CRIME}|{_POSE})\b
    | {_HOW}\b{_DUPE}\s+(?:[\w'’-]+\s+){{0,3}}?{_DUPES}\b
    | {_HOW}\b{_DISARM}\s+(?:[\w'’-]+\s+){{0,3}}?{_GUARD}\b
    | {_WRITE}.{{0,120}}\b{_GET_TO}{_HAND_OVER}\b
    | {_WRITE}.{{0,80}}\b{_INCITE}\s.{{0,60}}\bto\s+{_ATTACK}\b
    )
    """
)
