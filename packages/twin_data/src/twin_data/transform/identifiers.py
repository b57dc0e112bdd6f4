"""Secrets and identifiers of third parties: where they stand in a text, never what they were.

Credentials are found by detect-secrets' patterns, cards and bank accounts by their check digits (python-stdnum), all
without a model and without a network. Why not Presidio: see docs/decisions/0003-identifiers-without-presidio.md.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import regex
from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from stdnum import iban, luhn

from twin_data.transform.roster_names import RosterNames

_SECRET_DETECTORS: tuple[type[RegexBasedDetector], ...] = (
    ArtifactoryDetector, AWSKeyDetector, AzureStorageKeyDetector, BasicAuthDetector, DiscordBotTokenDetector,
    GitHubTokenDetector, GitLabTokenDetector, JwtTokenDetector, MailchimpDetector, NpmDetector, OpenAIDetector,
    PrivateKeyDetector, PypiTokenDetector, SendGridDetector, SlackDetector, SquareOAuthDetector, StripeDetector,
    TelegramBotTokenDetector,
)  # fmt: skip
_ASSIGNED_SECRET = regex.compile(
    r"(?i)(?<![\p{L}\p{N}])(?:(?:api|access)[_-]?key|secret(?:[_-]?key)?|token|passw(?:or)?d|pwd?|passphrase)"
    r"[\"']?\s*(?:[:=]|\sis\s)\s*[\"']?(?!https?:|\d{4}-\d\d-\d\d)(?P<value>(?=[^\s\"',;]*\d)[^\s\"',;]{8,})"
)
# Keys that vendors mark with a prefix; detect-secrets knows some. Of one not listed, 24 characters of all kinds.
_MARKED_KEY = regex.compile(
    r"(?<![\p{L}\p{N}_-])(?:AIza[\w-]{35}|ya29\.[\w-]{20,}|github_pat_\w{36,}"
    r"|sk-(?:(?:ant|proj|svcacct|admin|or)-[\w-]{30,}|[A-Za-z0-9]{32,})"
    r"|(?:dop_v1_|shp[a-z]{2}_)[0-9a-f]{32,}|xapp-\d-[\w-]{20,}|pypi-[\w-]{50,}|(?i:AGE-SECRET-KEY-1[A-Z0-9]{50,})"
    r"|[a-z][a-z0-9]{1,11}(?:[_-][a-z0-9]{2,8}){0,2}[_-]"
    r"(?=[A-Za-z]*\d)(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{24,})"
)
_HEADER_KEY = regex.compile(
    r"(?i)\b(?:authorization\s*:\s*[a-z]+|bearer)\s+(?P<value>(?=[A-Z._~+/-]*[\d=])[\w.~+/-]{16,}=*)"
)
# detect-secrets finds the first line of a key and leaves the key.
_PRIVATE_KEY = regex.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:\s*(?:Proc-Type|DEK-Info|Version|Comment):[^\n]*)*"
    r"(?:\s+[A-Za-z0-9+/=]{20,})*(?:(?:\s+[A-Za-z0-9+/=]+)*\s*-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)?"
)
_EMAIL = regex.compile(
    r"(?<![\w.+-])[\w.+%-]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:xn--[\p{L}\p{N}-]+|\p{L}{2,})"
)
_SPELT_EMAIL = regex.compile(  # ada [at] x.example, ada(at)x(dot)example
    r"(?i)(?<![\w.+-])[\w.+%-]+\s?[(\[{<]\s?at\s?[)\]}>]\s?[\w-]+(?:(?:\.|\s?[(\[{<]\s?dot\s?[)\]}>]\s?)[\w-]+)+"
)
_PHONE = regex.compile(
    r"(?<![\w+.,])(?:"
    r"\+(?!\d+\s\d{4}-\d\d-\d\d)\d{1,3}(?:[\s().-]{0,2}\d){7,12}"  # +44 (0)1632 960114
    r"|00[\s-]?[1-9]\d(?:[\s().-]{0,2}\d){8,11}"  # 0044 1632 960114
    r"|0[1-9]\d{2,3}[\s-]\d{3}[\s-]?\d{3,4}|0[1-9]\d[\s-]\d{4}[\s-]\d{4}"  # 01632 960114, 020 7946 0958
    r"|(?<!\d[\s-])0[1-9]\d[\s-]\d{3}[\s-]?\d{3,4}"  # not the middle of 1 012 345 678
    r"|(?<!\d[\s-])0[1-9]\d{0,3}[\s/-]\d{6,8}|(?<!\d[\s.-])0[1-9](?:(?P<pair>[ .-])\d\d)(?:(?P=pair)\d\d){3}(?![ .-]\d)"
    # 06-12345678, 030 12345678, 0151/23456789, 01 23 45 67 89
    r"|\(\d{3,5}\)\s?\d{3}[\s-]?\d{3,4}|\d{3}(?P<mark>[-.])\d{3}(?P=mark)\d{4}"  # (555) 867-5309, 555-867-5309
    r")(?!\w)"
)
# Any grouping of a number that is announced as one to be called.
_CALLED = regex.compile(
    r"(?i)\b(?:tele)?(?:phone|tel|fax|mobile|mob|cell|whatsapp|handy)(?:\.|\s(?:number|no\.?|is|nr\.?))*\s*[:=]?\s*"
    r"(?!\d{1,2}\.\d+(?![\d.])|\d{4}-\d\d-\d\d|\d\d?[./-]\d\d?[./-]\d{4}|(?:19|20)\d\d\s?[/-]\s?(?:19|20)?\d\d(?!\d))"
    r"(?!\d{1,3}(?:[ .]\d{3})*[ .]000(?!\d))"  # decimals, dates, years and round numbers are none
    r"(?P<number>(?:\+|\()?\d(?:[\s().\/-]{0,2}\d){6,13})(?![\w.,:/-]*\d)"
)
# Printed in fours, as 4-6-5, or in one run; other groups of digits are dates and figures.
_CARD = regex.compile(
    r"(?<![\w.,-])(?:(?:[3456]\d{3}|2[2-7]\d\d)(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}"
    r"|3[47]\d\d[ -]\d{6}[ -]\d{5}|(?:[3456]\d|2[2-7])\d{11,14})(?![\w-])"
)
_IBAN = regex.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_COUNTED_BEFORE = regex.compile(
    r"(?i)(?:\b(?:versions?|release|ver\.?|sections?|sect?\.|clauses?|chapters?|figures?|rules?|build|firmware)\s*v?|§\s?|\p{L}/)$"
)
"""What numbers of four parts are counted by, if they are no addresses."""
_IP = regex.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})(?![\w.:]*\w)")

PLACEHOLDER = regex.compile(r"\[(?:email|phone|secret|name|card|account|ip)\]")
"""What stands in a text instead of an identifier."""


@dataclass(frozen=True)
class Finding:
    """One identifier: its place and its kind."""

    start: int
    end: int
    kind: str

    @property
    def placeholder(self) -> str:
        """What stands in the text instead."""
        return f"[{self.kind}]"


def find_identifiers(text: str, names: RosterNames | None) -> tuple[Finding, ...]:
    """Secrets, contact identifiers, and the given names, in order; those that overlap are one finding."""
    found = [*_secrets(text), *_contacts(text)]
    if names is not None:
        found += [Finding(*span, "name") for span in names.find(text)]
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        if kept and finding.start < kept[-1].end:
            kept[-1] = Finding(kept[-1].start, max(kept[-1].end, finding.end), kept[-1].kind)
        else:
            kept.append(finding)
    return tuple(kept)


def _secrets(text: str) -> Iterator[Finding]:
    for pattern in (_PRIVATE_KEY, _MARKED_KEY, *_secret_patterns()):
        for match in pattern.finditer(text):
            yield Finding(match.start(), match.end(), "secret")
    for pattern in (_ASSIGNED_SECRET, _HEADER_KEY):
        for match in pattern.finditer(text):
            yield Finding(*match.span("value"), "secret")


@cache
def _secret_patterns() -> tuple[regex.Pattern[str], ...]:
    return tuple(
        regex.compile(pattern.pattern, flags=pattern.flags & regex.IGNORECASE)
        for detector in _SECRET_DETECTORS
        for pattern in detector().denylist
    )


def _contacts(text: str) -> Iterator[Finding]:
    for pattern in (_EMAIL, _SPELT_EMAIL):
        for match in pattern.finditer(text):
            yield Finding(*match.span(), "email")
    for match in _PHONE.finditer(text):
        yield Finding(*match.span(), "phone")
    for match in _CALLED.finditer(text):
        yield Finding(*match.span("number"), "phone")
    for match in _CARD.finditer(text):
        if luhn.is_valid(regex.sub(r"\D", "", match[0])):
            yield Finding(*match.span(), "card")
    for match in _IBAN.finditer(text):
        if iban.is_valid(match[0]):
            yield Finding(*match.span(), "account")
    for match in _IP.finditer(text):
        if _is_address(match[0]) and not _COUNTED_BEFORE.search(text, 0, match.start()):
            yield Finding(*match.span(), "ip")


def _is_address(text: str) -> bool:
    """Whether it is somebody's IP address; `::`, clock times, paths such as `a::b` and slices such as `1::2` are none.

    Everybody's own machine (127.0.0.1), no machine (0.0.0.0) and masks (255.255.255.0) are nobody's.
    """
    if not any(letter.isdigit() for letter in text) or (":" in text and max(map(len, text.split(":"))) < 3):
        return False
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    is_mask = address.version == 4 and address.is_reserved
    return not (address.is_unspecified or address.is_loopback or is_mask)
