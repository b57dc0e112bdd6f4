"""What mail programs write around the mails that they answer and forward, in the languages that they speak.

All are pure tests on lines of text. Programs translate their words, not their habits: a line that says who wrote when
and ends in a colon, a rule with words in it, three headers in a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from twin_data.sources.quotations import attributed_name

# The verb stands before the colon, in some languages before the name.
_SAID = (
    r"(?:wrote|writes|said|a écrit|escribió|ha scritto|scrive|escreveu|пишет|написал(?:\(а\)|а)?|kirjoitti|"
    r"(?:schrieb|schreibt|schreef|skrev|napisał(?:\(a\)|a)?|napsal(?:\(a\)|a)?)(?:\s\S.{0,120}?)?)\s*:"
)
_NAME_BEHIND = re.compile(r"\s(?:schrieb|schreibt|schreef|skrev|napisał(?:\(a\)|a)?|napsal(?:\(a\)|a)?)\s+(\S.*?)\s*:$")
_OPENING = r"(?:On|Am|Le|El|Il|Op|Em|Den|Dne|W dniu)\b"
_ATTRIBUTION = re.compile(rf"(?:{_OPENING}.{{6,250}}?|.{{0,120}}?\S)\s{_SAID}", re.DOTALL)
_ATTRIBUTION_START = re.compile(rf"{_OPENING}.*\d|.*\b{_SAID}$|.*@")
_ATTRIBUTION_MAX_LINES = 3
# Whatever the language: an address in brackets before the colon, or with a year before it and no colon (Gmail once).
_ADDRESSED = re.compile(r".{0,200}<[^<>\s]+@[^<>\s]+>\s*[:：]|(?=.*\b\d{4}\b).{0,200}<[^<>\s]+@[^<>\s]+>", re.DOTALL)
_ADDRESS = re.compile(r"[<(\[]?\s*[\w.+-]+@[\w.-]+\s*[>)\]]?")
# With an address in it, or with year and time, and at the end of what was written, it is no sentence of the sender's.
_YEAR_AND_TIME = r"(?=.*(?:\b\d{4}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d\d\b))(?=.*\d[:.]\d\d(?!\.?\d)).*"
_BARE_ATTRIBUTION = re.compile(rf"{_OPENING}(?=.*{_ADDRESS.pattern}|{_YEAR_AND_TIME}).{{6,250}}?\s{_SAID}", re.DOTALL)
_TIME = re.compile(r"(?:\bat )?\b\d{1,2}[:.]\d{2}(?::\d{2})?\b(?:\s*[ap]\.?m\b\.?)?", re.IGNORECASE)
# No name has a digit, and no part of a date is without one, except the day of the week.
_PART_OF_DATE = re.compile(
    r".*\d.*|(?:on\s+)?(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?", re.IGNORECASE | re.DOTALL
)

_FROM = r"(?:from|von|de|da|van|från|fra|od|от)"
_HEADER = re.compile(
    rf"[\s>]*\*?(?:{_FROM}|sent|date|to|b?cc|subject|reply-to|gesendet|datum|an|kopie|betreff|antwort an|envoyée?|à|"
    r"objet|fecha|enviado(?: el)?|para|asunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|enviada(?: em)?|assunto|"
    r"skickat|till|ämne|sendt|til|emne|wysłano|do|dw|temat|odesláno|komu|předmět|отправлено|дата|кому|копия|тема)\s*:",
    re.IGNORECASE,
)
_FROM_HEADER = re.compile(rf"\s*\*?{_FROM}\s*:\*?\s*\S", re.IGNORECASE)
_HEADERS_IN_A_ROW = 3
_HEADER_LINES = 8
"""Lines in which these headers must stand; in HTML each may be a paragraph."""
_DASH = "[-‐‑–—]"
_TITLED_RULE = rf"{_DASH}{{5,}}\s*[^\W\d_].{{2,80}}|{_DASH}{{2,}}\s*[^\W\d_].{{2,80}}{_DASH}{{2,}}"
_RULE = re.compile(rf"_{{10,}}|{_TITLED_RULE}")
# Lotus Notes sets the headers in columns: the words stand at the ends of lines and alone, below sender and time.
_NOTES_TIME = re.compile(r".*\d{4}.*\d[:.]\d\d(?::\d\d)?(?:\s*[ap]\.?m\b\.?)?(?:\s+\S{1,12})?", re.IGNORECASE)
_NOTES_SUBJECT = re.compile(
    r"(?:subject|betreff|thema|objet|asunto|oggetto|onderwerp|assunto|ämne|emne|temat)(?:\s{2,}.*)?", re.IGNORECASE
)
_NOTES_COPY = re.compile(r"(?:cc|kopie)(?:\s{2,}.*)?", re.IGNORECASE)
_NOTES_TIME_LINES, _NOTES_LINES, _NOTES_CHARACTERS = 3, 12, 200
_PIPED = re.compile(r"\|(?!.*\|\s*$)[ ]?")
_FORWARDS = re.compile(
    r"(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-mail)|"
    r"début du message (?:transféré|réexpédié)|inicio del mensaje reenviado|inizio messaggio inoltrato|"
    r"begin doorgestuurd bericht|início da mensagem (?:reencaminhada|encaminhada)|vidarebefordrat brev)\s*:",
    re.IGNORECASE,
)
_UNDERSCORES = re.compile(r"_{20,}")
_FOOTER_LINES = 8
_PRODUCT = (
    r"(?:iphone|ipad|android|outlook|mail|samsung|galaxy|blackberry|smartphone|mobile|handy|windows|yahoo|aol|proton|gmx|"
    r"web\.de|k-9|thunderbird|huawei|xiaomi|pixel)"
)
_MY = r"(?:my|meinem|meiner|mon|ma|mi|meu|mijn|min|mio) "
_DEVICE = re.compile(
    r"sent from my \S.{0,40}|get outlook for \S.{0,80}|"
    r"(?:sent|gesendet|envoyé|enviado|inviato|verzonden|verstuurd|skickat|sendt|wysłane) "
    rf"(?:from|with|via|von|mit|de|depuis|desde|do|da|dal|vanaf|van|från|fra|z) (?:{_MY})?{_PRODUCT}.{{0,60}}|"
    rf".{{0,30}}\bvon (?:{_MY})?{_PRODUCT}.{{0,60}} gesendet\.?",
    re.IGNORECASE,
)
_DEVICE_CHARACTERS = 100


def is_device_line(line: str) -> bool:
    """Whether a telephone or program signs here: `Sent from my iPhone`, `Von meinem iPhone gesendet`."""
    plain = line.strip()
    return len(plain) <= _DEVICE_CHARACTERS and _DEVICE.fullmatch(plain) is not None


def is_attribution(text: str) -> bool:
    """Whether a text says who wrote what stands quoted below it."""
    plain = text.strip()
    return _ATTRIBUTION.fullmatch(plain) is not None or _ADDRESSED.fullmatch(plain) is not None


def is_bare_attribution(text: str) -> bool:
    """Whether a text says so beyond doubt, also where nothing below it is marked as quoted."""
    return _BARE_ATTRIBUTION.fullmatch(text.strip()) is not None


def attribution_length(lines: Sequence[str], at: int) -> int:
    """How many lines an attribution such as `On …, Ada wrote:` takes up; 0 where none begins.

    It must be followed by a quoted line: a sentence of the sender's own may well end in "wrote:".
    """
    if not lines[at].strip() or lines[at].startswith(">") or not _ATTRIBUTION_START.match(lines[at].strip()):
        return 0
    for length in _lengths(lines, at):
        after = next((line for line in lines[at + length :] if line.strip()), "")
        # Of a wrapped one its first line alone may pass for one, but "wrote:" follows it.
        if after.startswith(">") and is_attribution("\n".join(lines[at : at + length])):
            return length
    return 0


def bare_attribution_length(lines: Sequence[str], at: int) -> int:
    """How many lines an attribution takes up that programs set above an answered mail without marking its lines."""
    if not re.match(_OPENING, lines[at].strip()) or attribution_length(lines, at):
        return 0
    for length in _lengths(lines, at):
        if is_bare_attribution("\n".join(lines[at : at + length])):
            above = lines[at - 1].strip() if at else ""
            stands_alone = not above or re.fullmatch(_TITLED_RULE, above) is not None
            return length if stands_alone and any(line.strip() for line in lines[at + length :]) else 0
    return 0


def _lengths(lines: Sequence[str], at: int) -> range:
    """How many lines an attribution that begins here may have: no empty one stands in it."""
    following = lines[at : at + _ATTRIBUTION_MAX_LINES]
    return range(1, 1 + next((length for length, line in enumerate(following) if not line.strip()), len(following)))


def titles_mail(lines: Sequence[str], at: int) -> bool:
    """Whether a line such as `--- Original Message ---` stands above an attribution."""
    if not re.fullmatch(_TITLED_RULE, lines[at].strip()):
        return False
    below = next((one for one in range(at + 1, len(lines)) if lines[one].strip()), None)
    return below is not None and bool(attribution_length(lines, below) or bare_attribution_length(lines, below))


def with_marks_of_replies(lines: Sequence[str]) -> list[str]:
    """The lines with `>` where a program marks those of the answered mail by `|` instead; rows of tables stay."""
    for at, line in enumerate(lines):
        below = next((one for one in lines[at + 1 : at + 3] if one.strip()), "")
        if _PIPED.match(below) and re.fullmatch(rf".*\S\s{_SAID}", line.strip()):
            marked = (re.sub(rf"^{_PIPED.pattern}", "> ", one) for one in lines[at + 1 :])
            return [*lines[: at + 1], *marked]
    return list(lines)


def attributed_author(attribution: str) -> str | None:
    """The name in an attribution line: what is left of it without date, time and address."""
    address = _ADDRESS.search(attribution)
    given = address[0].strip(" <>()[]") if address else None
    plain = _ADDRESS.sub("", attribution).strip()
    if behind := _NAME_BEHIND.search(plain):
        # `schrieb Ada:`, or `Ada schrieb am …:`
        return attributed_name(plain[: behind.start()] if re.search(r"\d", behind[1]) else behind[1]) or given
    plain = re.sub(rf"\s*(?<!\w){_SAID}$|\s*[:：]$", "", plain)
    pieces = [piece.strip() for part in _TIME.split(plain) for piece in part.split(",") if piece.strip()]
    # The name stands last; what is left before it is a day of the week in whatever language.
    is_named = bool(pieces) and not _PART_OF_DATE.fullmatch(pieces[-1])
    return (attributed_name(pieces[-1].removeprefix("On ")) if is_named else None) or given


def opens_other_mail(lines: Sequence[str], at: int) -> bool:
    """Whether the headers of a mail begin here, with or without a line above that calls it forwarded or original."""
    if _opens_notes_mail(lines, at):
        return True
    line, rest = lines[at].strip(), [one for one in lines[at + 1 : at + 1 + _HEADER_LINES] if one.strip()]
    if _RULE.fullmatch(line) or _FORWARDS.fullmatch(line):
        below = [one.strip("> ") for one in rest]
        is_sender = bool(below) and _FROM_HEADER.match(below[0]) is not None and "@" in below[0]
        return is_sender or (all(map(_HEADER.match, below[:2])) and any(map(_FROM_HEADER.match, below[:4])))
    if line.startswith(">") or not _HEADER.match(line) or len(lines) - at <= _HEADERS_IN_A_ROW:
        return False
    row = [line, *rest[: _HEADERS_IN_A_ROW - 1]]
    are_headers = len(row) == _HEADERS_IN_A_ROW and all(map(_HEADER.match, row)) and any(map(_FROM_HEADER.match, row))
    return are_headers and any(re.search(r"[@\d]", one) for one in row)  # a mail has a day or an address


def _opens_notes_mail(lines: Sequence[str], at: int) -> bool:
    """Whether a paragraph is the headers of a mail as Lotus Notes sets them: sender, time, whom it went to, subject."""
    if not lines[at].strip() or (at and lines[at - 1].strip()):
        return False
    heads = [line.strip() for line in lines[at : at + _NOTES_LINES] if len(line) <= _NOTES_CHARACTERS]
    below = [head for head in heads if head]
    # The time stands in the very paragraph: what the sender wrote above it is short at times, too.
    has_time = any(map(_NOTES_TIME.fullmatch, takewhile(bool, heads[:_NOTES_TIME_LINES])))
    return has_time and any(map(_NOTES_COPY.fullmatch, below)) and any(map(_NOTES_SUBJECT.fullmatch, below))


def opens_list_footer(lines: Sequence[str], at: int) -> bool:
    """Whether a mailing list signs here: a line of underscores near the end, an address below it."""
    if len(lines) - at - 1 > _FOOTER_LINES or not _UNDERSCORES.fullmatch(lines[at].strip()):
        return False
    return any("://" in line or _ADDRESS.search(line) for line in lines[at + 1 :])
