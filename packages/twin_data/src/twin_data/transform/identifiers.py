"""Secrets and identifiers of third parties: where they stand in a text, never what they were.

Credentials are found by detect-secrets' patterns, cards and bank accounts by their check digits (python-stdnum), all
without a model and without a network. Why not Presidio: see docs/decisions/0003-identifiers-without-presidio.md.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
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

_SECRET_DETECTORS: tuple[type[RegexBasedDetector], ...] = (
    ArtifactoryDetector, AWSKeyDetector, AzureStorageKeyDetector, BasicAuthDetector, DiscordBotTokenDetector,
    GitHubTokenDetector, GitLabTokenDetector, JwtTokenDetector, MailchimpDetector, NpmDetector, OpenAIDetector,
    PrivateKeyDetector, PypiTokenDetector, SendGridDetector, SlackDetector, SquareOAuthDetector, StripeDetector,
    TelegramBotTokenDetector,
)  # fmt: skip
_ASSIGNED_SECRET = regex.compile(
    r"(?i)\b(?:api[_-]?key|secret|token|passw(?:or)?d|pwd)\b\s*[:=]\s*[\"']?(?P<value>[^\s\"',;]*\d[^\s\"',;]{7,})"
)
_EMAIL = regex.compile(r"(?<![\w.+-])[\w.+%-]+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}(?![\w-])")
_PHONE = regex.compile(
    r"(?<![\w+.,])(?:\+\d{1,3}(?:[\s().-]{0,2}\d){7,12}|0\d{2,4}[\s-]\d{3}[\s-]?\d{3,4}|\(\d{3,5}\)\s?\d{3}[\s-]?\d{3,4})(?![\w])"
)
_CARD = regex.compile(r"(?<![\w.,-])(?:\d[ -]?){12,18}\d(?![\w])")
_IBAN = regex.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_IP = regex.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})(?![\w.:]*\w)")


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


def find_identifiers(text: str, names: regex.Pattern[str] | None) -> tuple[Finding, ...]:
    """Secrets, contact identifiers, and the given names, in order, none overlapping another (the earlier, longer wins)."""
    found = [*_secrets(text), *_contacts(text)]
    if names is not None:
        found += [Finding(*match.span(), "name") for match in names.finditer(text)]
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return tuple(kept)


def names_pattern(roster: Iterable[str]) -> regex.Pattern[str] | None:
    """A pattern for full names of an archive's roster; None if there are none."""
    full = sorted({name.strip() for name in roster if " " in name.strip()}, key=lambda name: (-len(name), name))
    if not full:
        return None
    return regex.compile(r"(?<!\w)(?:" + "|".join(regex.escape(name) for name in full) + r")(?!\w)")


def _secrets(text: str) -> Iterator[Finding]:
    for pattern in _secret_patterns():
        for match in pattern.finditer(text):
            yield Finding(match.start(), match.end(), "secret")
    for match in _ASSIGNED_SECRET.finditer(text):
        yield Finding(*match.span("value"), "secret")


@cache
def _secret_patterns() -> tuple[regex.Pattern[str], ...]:
    return tuple(
        regex.compile(pattern.pattern, flags=pattern.flags & regex.IGNORECASE)
        for detector in _SECRET_DETECTORS
        for pattern in detector().denylist
    )


def _contacts(text: str) -> Iterator[Finding]:
    for match in _EMAIL.finditer(text):
        yield Finding(*match.span(), "email")
    for match in _PHONE.finditer(text):
        yield Finding(*match.span(), "phone")
    for match in _CARD.finditer(text):
        if luhn.is_valid(regex.sub(r"\D", "", match[0])):
            yield Finding(*match.span(), "card")
    for match in _IBAN.finditer(text):
        if iban.is_valid(match[0]):
            yield Finding(*match.span(), "account")
    for match in _IP.finditer(text):
        if _is_address(match[0]):
            yield Finding(*match.span(), "ip")


def _is_address(text: str) -> bool:
    """Whether it is an IP address; `::` and clock times are none."""
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False
