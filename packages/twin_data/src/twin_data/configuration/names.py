"""Names as archives spell them: what is one name for all that, and what of it is an address."""

from __future__ import annotations

import re
import unicodedata
from email.utils import getaddresses

_ALIKE = ("'’‘ʼ", "-‐‑")
"""Apostrophes and hyphens, which people and programs set as they please."""
_NOBODY = frozenset(
    "microsoft office user;windows user;user;admin;administrator;author;owner;unknown;root;home;pc;un-named;"
    "python-docx;apache poi;docx4j;aspose;google docs;libreoffice;openoffice;pandoc;wordpress;"
    "webmaster;site admin;site administrator;default;none;n/a".split(";")
)
_ACCENTS = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")
_TURNED = re.compile(r"([^,@]+),\s*([^,@]+?)(?:,\s*(?:b\.\s*|d\.\s*)?[\d?]{4}\b[\s\d?–-]*)?")
_PLAIN = str.maketrans({one: kind[0] for kind in _ALIKE for one in kind})


def plain_marks(name: str) -> str:
    """The name with the plainest of each kind of apostrophe and hyphen, character by character."""
    return name.translate(_PLAIN)


def name_key(name: str) -> str:
    """What two names share that differ in case, white space, apostrophes, hyphens or accents.

    Programs leave accents out, or store them as marks of their own. Vowel signs of other scripts are no accents.
    """
    plain = " ".join(plain_marks(unicodedata.normalize("NFC", name)).split())
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", plain.casefold()))
    return unicodedata.normalize("NFC", bare)


def name_and_address(person: str) -> tuple[str, str]:
    """A person's name and e-mail address, each empty where it is not told.

    Args:
        person: A name, an address, or both, as in `Ada Lovelace <ada@x.example>` and `ada@x.example (Ada Lovelace)`.
            What names several people is taken for a name.
    """
    people = getaddresses([person]) if person.count("@") == 1 else []
    name, address = people[0] if len(people) == 1 else ("", "")
    return (name, address) if "@" in address[1:] and address in person else (person, "")


def turned_name(name: str) -> str:
    """`Lovelace, Ada, 1815-1852` as it is spoken, `Ada Lovelace`; empty for a name that no comma turns round."""
    match = _TURNED.fullmatch(name.strip())
    return f"{match[2]} {match[1]}" if match else ""


def named_author(given: str | None) -> str | None:
    """The author that a file names; names that programs fill in of themselves, such as `admin`, are nobody's."""
    name = " ".join((given or "").split())
    return None if not name or name.startswith("(") or name.casefold() in _NOBODY else name
