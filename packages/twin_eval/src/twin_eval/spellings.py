"""Words that Britain and America spell otherwise, and titles that are cut short, brought to one form.

The form need be nobody's spelling (`flour` loses its u, too): it only has to be the same for both.
"""

from __future__ import annotations

import regex

_RULES = (
    (regex.compile(r"(?<=^pract)is(?=(?:e[drs]?|ing)$)"), "ic"),
    (regex.compile(r"(?<=\p{L}{3})is(?=(?:e[drs]?|ers|ing|ations?|ational(?:ly)?)$)"), "iz"),
    (regex.compile(r"(?<=\p{L}{2})our(?=(?:s|ed|ers?|ing|able|ably|ful|fully|ites?|al|ally|less|ly|hoods?)?$)"), "or"),
    (
        regex.compile(r"(?<=(?:cent|theat|lit|fib|calib|somb|spect|lust|meag|sab|och))r(?:e(?=s?$)|(?=(?:ed|ing)$))"),
        "er",
    ),
    (regex.compile(r"(?<=^(?:catal|dial|anal|prol|monol|epil))ogue(?=s?$)"), "og"),
    (regex.compile(r"(?<=^(?:def|off|lic|pret))enc(?=(?:e[ds]?|ing|eless)$)"), "ens"),
    (regex.compile(r"(?<=^(?:anal|paral|catal))ys(?=(?:e[drs]?|ing)$)"), "yz"),
    (regex.compile(r"^manoeuvr(?:e(?=s?$)|(?=(?:ed|ing)$))"), "maneuver"),
    (regex.compile(r"(?<=^(?:arch|medi|an|h|p|encyclop|orthop))ae(?=olog|val|m|sth|d)"), "e"),
)
_BEGINNINGS = {
    "aluminium": "aluminum", "artefact": "artifact", "cheque": "check", "cosy": "cozy", "doughnut": "donut",
    "draught": "draft", "gaol": "jail", "grey": "gray", "instalment": "installment",
    "jeweller": "jeweler", "judgement": "judgment", "kerb": "curb", "mould": "mold", "moustache": "mustache",
    "plough": "plow", "pyjama": "pajama", "sceptic": "skeptic", "skilful": "skillful", "tyre": "tire",
    "wilful": "willful",
}  # fmt: skip
_WHOLE = {
    "jewellery": "jewelry", "programme": "program", "programmes": "programs", "towards": "toward",
    "whisky": "whiskey", "disc": "disk", "discs": "disks", "maths": "math", "mum": "mom", "learnt": "learned",
    "spelt": "spelled", "dr": "doctor", "prof": "professor", "st": "saint", "mr": "mister", "mt": "mount",
    "jr": "junior", "sr": "senior",
}  # fmt: skip
_BEGINNING = regex.compile("|".join(f"^{one}" for one in _BEGINNINGS))


def one_spelling(word: str) -> str:
    """A lower-case word in the form that stands for all its spellings."""
    if whole := _WHOLE.get(word):
        return whole
    for pattern, form in _RULES:
        word = pattern.sub(form, word)
    return _BEGINNING.sub(lambda match: _BEGINNINGS[match[0]], word, count=1)
