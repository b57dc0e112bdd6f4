"""Names as archives spell them: what is one name for all that, and what of it is an address."""

from __future__ import annotations

import unicodedata
from email.utils import getaddresses

_ALIKE = ("'’‘ʼ", "-‐‑")
"""Apostrophes and hyphens, which people and programs set as they please."""
_PLAIN = str.maketrans({one: kind[0] for kind in _ALIKE for one in kind})


def plain_marks(name: str) -> str:
    """The name with the plainest of each kind of apostrophe and hyphen, character by character."""
    return name.translate(_PLAIN)


def name_key(name: str) -> str:
    """What two names share that differ in case, white space, apostrophes, hyphens or how accents are stored."""
    plain = " ".join(plain_marks(unicodedata.normalize("NFC", name)).split())
    return unicodedata.normalize("NFC", plain.casefold())


def name_and_address(person: str) -> tuple[str, str]:
    """A person's name and e-mail address, each empty where it is not told.

    Args:
        person: A name, an address, or both, as in `Ada Lovelace <ada@x.example>` and `ada@x.example (Ada Lovelace)`.
            What names several people is taken for a name.
    """
    people = getaddresses([person]) if person.count("@") == 1 else []
    name, address = people[0] if len(people) == 1 else ("", "")
    return (name, address) if "@" in address[1:] and address in person else (person, "")
