"""What is planted in an archive: secrets, identities, what looks like them and is none, and archives that attack."""

from __future__ import annotations

import base64
import io
import json
import random
import stat
import string
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stdnum import luhn

_FIRST = "Agnes Benno Clara Dmitri Edda Fergus Gudrun Hamid Ilse Jonas Katya Lorenz Mirela Niall Odile".split()
_LAST = "Abernathy Brandvold Cantillon Dreyer Eskildsen Farrow Guttridge Holm Iveson Jourdain".split()


@dataclass(frozen=True)
class Value:
    """A planted secret, identity or look-alike, and the document that it stands in."""

    kind: str
    text: str


def secrets(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Fifty, five of each of ten kinds; none is anybody's."""
    letters, digits, upper = string.ascii_letters, string.digits, string.ascii_uppercase

    def drawn(alphabet: str, length: int) -> str:
        return "".join(rng.choice(alphabet) for _ in range(length))

    def encoded(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    for at in range(5):
        yield "aws key", "AKIA" + drawn(upper + digits, 16)
        yield "github token", "ghp_" + drawn(letters + digits, 36)
        yield "slack token", f"xoxb-{drawn(digits, 12)}-{drawn(digits, 12)}-{drawn(letters, 24)}"
        yield "stripe key", "sk_live_" + drawn(letters + digits, 24)
        yield "jwt", f"{encoded({'alg': 'HS256'})}.{encoded({'sub': drawn(digits, 10), 'n': at})}.{drawn(letters, 43)}"
        yield "password", f"password: {drawn(letters, 6)}{drawn(digits, 4)}"
        yield "basic auth", f"https://{drawn(string.ascii_lowercase, 6)}:{drawn(letters + digits, 10)}@host.example/x"
        yield "sendgrid key", f"SG.{drawn(letters + digits, 22)}.{drawn(letters + digits, 43)}"
        yield "gitlab token", "glpat-" + drawn(letters + digits, 20)
        yield "api key", f"API_KEY={drawn(letters + digits, 31)}{rng.choice(digits)}"


def identities(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Fifty, of third parties: addresses, telephones, accounts, cards, network addresses, handles and names."""
    people = rng.sample([f"{first} {last}" for first in _FIRST for last in _LAST], 27)
    for at, person in enumerate(people[:12]):
        first, last = person.split()
        shown = (
            f"{first}.{last}@post{at}.example",
            f"{last.lower()}+{at}@mail.example.org",
            f"{first[0]}{last}@x-{at}.co.uk",
        )
        yield "email", shown[at % 3]
    for at in range(12):
        number = f"{rng.randint(100000, 999999)}"
        yield "phone", (
            f"+44 1632 {number}", f"01632 {number}", f"(555) 8{number[:2]}-{number[2:]}", f"+49 30 {number}{at:02}",
        )[at % 4]  # fmt: skip
    for country, bban in _BBANS:
        yield "account", _iban(country, bban)
    for at in range(6):
        stem = ("4", "5105", "3782")[at % 3] + "".join(rng.choice(string.digits) for _ in range((14, 11, 10)[at % 3]))
        number = stem + luhn.calc_check_digit(stem)
        spaced = " ".join(number[place : place + 4] for place in range(0, 16, 4))
        yield "card", spaced if len(number) == 16 and at < 3 else number
    for at in range(5):
        yield "ip", f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{at + 1}" if at < 3 else f"2001:db8::{at}:{at + 7}"
    for person in people[12:16]:
        first, last = person.lower().split()
        yield "handle", f"{first[0]}{last}"
    for person in people[16:22]:
        yield "name", person


_BBANS = (
    ("DE", "370400440532013000"), ("GB", "WEST12345698765432"), ("FR", "20041010050500013M02606"),
    ("NL", "ABNA0417164300"), ("BE", "510007547061"),
)  # fmt: skip


def _iban(country: str, bban: str) -> str:
    """With its check digits (ISO 13616), in groups of four."""
    value = int("".join(str(int(one, 36)) for one in f"{bban}{country}00"))
    plain = f"{country}{98 - value % 97:02}{bban}"
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def look_alikes() -> list[tuple[str, str]]:
    """What resembles an identity and is none, and people who are public."""
    return [
        ("date", "2021-03-07"), ("date", "14.03.2024"), ("date", "1914-1918"), ("time", "04:12 to 05:30"),
        ("sum", "£1,310.50"), ("sum", "12 000 000"), ("number", "1 012 345 678"), ("isbn", "978-0-306-40615-7"),
        ("doi", "10.1145/3372297.3417880"), ("version", "version 1.2.3.4"), ("version", "v10.0.2"),
        ("hash", "commit 0123456789abcdef0123456789abcdef01234567"), ("score", "1,411 of 1,412"),
        ("name", "Charles Darwin"), ("name", "Virginia Woolf"), ("name", "Mrs. Beeton"), ("order", "order no. 4111-22"),
        ("page", "pp. 100-123"), ("share", "33.333 per cent"), ("place", "51.5072 N, 0.1276 W"),
    ]  # fmt: skip


def attacks() -> dict[str, bytes]:
    """Ten archives that must be refused, each for another reason."""
    found = {
        "attack-climbs": _zip({"../../escaped.md": b"out"}),
        "attack-absolute": _zip({"/etc/escaped.md": b"out"}),
        "attack-drive": _zip({"C:\\escaped.md": b"out"}),
        "attack-twice": _zip([("a.md", b"one"), ("a.md", b"two")]),
        "attack-file-as-folder": _zip([("a", b"one"), ("a/b.md", b"two")]),
        "attack-bomb": _zip({"bomb.txt": b" " * (24 << 20)}),
        "attack-long-name": _zip({"a" * 300 + ".md": b"long"}),
        "attack-cut-off": _zip({"a.md": random.Random(0).randbytes(4096).hex().encode()})[:2000],
        "attack-encrypted": _flagged(_zip({"a.md": b"text"})),
    }
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    found["attack-link"] = _zip([(link, b"/etc/passwd")])
    return found


def _zip(entries: Mapping[str, bytes] | Sequence[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
        names: set[str] = set()
        for name, data in entries.items() if isinstance(entries, Mapping) else entries:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if info.filename in names:  # zipfile warns of it, and attackers do not
                opened.NameToInfo.pop(info.filename, None)
            names.add(info.filename)
            opened.writestr(info, data)
    return stream.getvalue()


def _flagged(data: bytes) -> bytes:
    """The archive with the flag for encryption set on its entry, in both headers (APPNOTE 4.4.4)."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(mark) + offset
        struct.pack_into("<H", changed, at, struct.unpack_from("<H", changed, at)[0] | 1)
    return bytes(changed)
