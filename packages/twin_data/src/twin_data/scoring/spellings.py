"""Words that Britain and America spell otherwise, and titles that are cut short, brought to one form.

The form need be nobody's spelling ("promise" gets a z): it only has to be the same for both, and no other word's. Where
a rule would take other words with it, the words that it is for are listed.
"""

from __future__ import annotations

from functools import lru_cache

import regex

_OUR = (
    "arb|ard|arm|behavi|cand|clam|clang|col|demean|dol|enam|endeav|fav|ferv|flav|glam|harb|hon|hum|lab|misdemean|neighb"
    "|od|parl|ranc|rig|rum|sav|savi|splend|succ|tum|val|vap|vig"
)
"""What stands before the -our that America writes -or: not "hour", "flour", "contour", "scoured"."""
_RE = (
    "accout|calib|cent|fib|goit|lit|louv|lust|meag|met|mit|nit|och|reconnoit|sab|saltpet|sepulch|somb|spect|theat"
)  # fmt: skip
_RULES = (
    (regex.compile(r"(?<=^pract)is(?=(?:e[drs]?|ing)$)"), "ic"),
    (
        regex.compile(r"(?<=\p{L}{3})is(?=(?:e[drs]?|ers|ing|ingly|ations?|ational(?:ly)?|abl[ey]|ability)$)"),
        "iz",
    ),
    (
        regex.compile(
            rf"(?<=^(?:dis|mis|un|multi|water|tri|bi)?(?:{_OUR}))our(?=(?:s|y|ies|ed|ers?|ings?|able|ably|ful|fully|ites?"
            r"|ists?|itism|al|ally|less|ly|hoods?|iness)?$)"
        ),
        "or",
    ),
    (regex.compile(rf"(?<=(?:{_RE}))r(?:e(?=s?$)|(?=(?:ed|ing)$))"), "er"),
    (regex.compile(r"(?<=^(?:anal|catal|demag|dial|epil|monol|prol|synag|travel))ogue(?=s?$)"), "og"),
    (regex.compile(r"(?<=^(?:def|off|lic|pret))enc(?=(?:e[ds]?|ing|eless)$)"), "ens"),
    (regex.compile(r"(?<=(?:anal|breathal|catal|dial|electrol|hydrol|paral))ys(?=(?:e[drs]?|ers|ing)$)"), "yz"),
    (regex.compile(r"^manoeuvr(?:e(?=s?$)|(?=(?:ed|ing|able|ability)$))"), "maneuver"),
    (
        regex.compile(
            r"(?<=^(?:arch|medi|an|h|p|encyclop|orthop|gyn|leuk|septic|f))ae(?=olog|val|m|sth|d|col|ces|cal)"
        ),
        "e",
    ),
    # "Counsellor", "travelling"; "filled" and "called" keep both, and "refilled" is not "refiled".
    (
        regex.compile(
            r"(?<!^(?:re|un|over|under)fil)"
            r"(?<=(?:[aeiouy]\p{L}*[^aeiouy][aeiou]|^(?:cru|du|fu|gru|initi|di|tri|woo)[aeo]?)l)"
            r"l(?=(?:ed|ings?|ers?|ors?|ous|ously|ists?|ens?)$)"
        ),
        "",
    ),
    (regex.compile(r"(?<=^(?:fulfi|enro|disti|insti|enthra|appa))ll(?=(?:s|ments?)?$)"), "l"),
    (regex.compile(r"(?<=dg)e(?=ments?$)"), ""),
    (regex.compile(r"(?<=^(?:un)?(?:lik|liv|lov|mov|nam|rat|sal|shak|siz|us))e(?=abl[ey]$)"), ""),
    (regex.compile(r"(?<=^(?:after|back|down|east|for|home|in|north|on|out|south|to|up|west)ward)s$"), ""),
    (regex.compile(r"(?<=gram)me(?=s?$)"), ""),
    (regex.compile(r"(?<=^(?:conne|infle|refle))xion(?=s?$)"), "ction"),
)
_BEGINNINGS = {
    "aeroplane": "airplane", "aesthet": "esthet", "aluminium": "aluminum", "amoeb": "ameb", "artefact": "artifact",
    "carburett": "carburet", "chequer": "checker", "cheque": "check", "cosy": "cozy", "cosi": "cozi",
    "diarrhoea": "diarrhea", "doughnut": "donut", "draught": "draft", "enquir": "inquir", "foet": "fet",
    "gaol": "jail", "gipsy": "gypsy", "gipsies": "gypsies", "grey": "gray", "instalment": "installment",
    "jeweller": "jeweler", "kerb": "curb", "liquorice": "licorice", "mollusc": "mollusk", "mould": "mold",
    "moult": "molt", "moustache": "mustache", "oesophag": "esophag", "oestro": "estro", "omelette": "omelet",
    "pedlar": "peddler", "phoney": "phony", "plough": "plow", "pyjama": "pajama", "sceptic": "skeptic", "shew": "show",
    "skilful": "skillful", "smoulder": "smolder", "sulph": "sulf", "titbit": "tidbit", "tranquill": "tranquil",
    "tyre": "tire", "waggon": "wagon", "wilful": "willful", "yoghurt": "yogurt",
}  # fmt: skip
_WHOLE = {
    "advisor": "adviser", "advisors": "advisers", "ageing": "aging", "amidst": "amid", "amongst": "among",
    "burnt": "burned", "disc": "disk", "discs": "disks", "dr": "doctor", "dreamt": "dreamed", "furore": "furor",
    "gotten": "got", "jewellery": "jewelry", "jr": "junior", "leant": "leaned", "leapt": "leaped", "learnt": "learned",
    "maths": "math", "mr": "mister", "mt": "mount", "mum": "mom", "mums": "moms",
    "prof": "professor", "smelt": "smelled", "specialities": "specialties", "speciality": "specialty",
    "spelt": "spelled", "spilt": "spilled", "spoilt": "spoiled", "sr": "senior", "st": "saint", "whilst": "while",
    "whisky": "whiskey",
}  # fmt: skip
_BEGINNING = regex.compile("^(?:" + "|".join(_BEGINNINGS) + ")")


@lru_cache(maxsize=100_000)
def one_spelling(word: str) -> str:
    """A lower-case word in the form that stands for all its spellings."""
    return _BEGINNING.sub(lambda match: _BEGINNINGS[match[0]], one_spelling_of_name(word), count=1)


@lru_cache(maxsize=100_000)
def one_spelling_of_name(word: str) -> str:
    """The same for what is somebody's name, or part of one: "Labor Party" is "Labour Party", but Gray is not Grey."""
    word = _WHOLE.get(word, word)
    for pattern, form in _RULES:
        word = pattern.sub(form, word)
    return word
