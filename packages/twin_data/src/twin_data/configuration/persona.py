"""`persona.yaml`: whose twin it is, by what right, and how it introduces itself."""

from __future__ import annotations

from datetime import date as Date  # a field is called `date`
from pathlib import Path
from typing import Literal

from pydantic import Field

from twin_data.configuration.home import TwinHome, check_persona_name
from twin_data.configuration.names import name_and_address, name_key, turned_name
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.base import Contract
from twin_data.contracts.documents import DocumentKind
from twin_data.contracts.errors import ConfigurationError, ConsentError


class Consent(Contract):
    """The owner's agreement, in words and with a date."""

    statement: str = Field(min_length=10)
    given_by: str = Field(min_length=1)
    date: Date


class Author(Contract):
    """How the persona's own words are recognised in archives that hold several people's."""

    name: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    """Handles, e-mail addresses, user ids and other spellings of the name."""

    def is_named(self, name: str | None) -> bool:
        """Whether `name` is the author's name or one of the aliases, spelling aside (`name_key`).

        Of a name with an address, such as `Ada Lovelace <ada@x.example>`, one of both must be. Libraries write it as
        `Lovelace, Ada` or `Lovelace, Ada, 1815-1852`.
        """
        given = str(name or "")
        asked = {name_key(one) for one in (given, turned_name(given), *name_and_address(given))} - {""}
        return not asked.isdisjoint(map(name_key, (self.name, *self.aliases)))


class Columns(Contract):
    """Which columns of a source's tables (CSV, TSV, JSONL) hold what. Those that are named must be in a CSV's head."""

    text: str = Field(default="text", min_length=1)
    """The only one that every table must have."""
    title: str = "title"
    date: str = "date"
    author: str = "author"
    """Rows that name somebody else are others' words."""
    url: str = "url"
    id: str = "id"
    """Tells rows apart over re-ingestion; without it the address does, else the row's digest."""
    thread: str = "thread"
    """Rows of one conversation."""
    kind: str = "kind"
    """A genre for each row: `article`, `post`, `chat`, `mail`, `review` or `transcript`."""
    default_kind: DocumentKind = DocumentKind.ARTICLE
    """The genre of rows that name none."""
    markup: Literal["plain", "markdown", "html"] = "plain"
    """What the text is written in."""

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """The columns that were named, rather than left at their defaults, by field."""
        settings = {"default_kind", "markup"}
        return tuple((field, str(getattr(self, field))) for field in sorted(self.model_fields_set - settings))


class SourceOptions(Contract):
    """What a source's files do not say of themselves."""

    url_base: str | None = None
    """Joined with a file's path where the file names no address of its own."""
    series: tuple[str, ...] = ()
    """Folders inside the source whose documents are declared parts of one series."""
    licence: str | None = None
    """Overrides the persona's licence for this source."""
    date: Date | None = None
    """Date of documents that carry none."""
    kind: DocumentKind | None = None
    """Genre of files whose format tells none (text, Markdown, pages, PDF, Word); without it they are articles."""
    speaker: str | None = None
    """Who speaks in transcripts that name no speaker; without it their words count as somebody else's."""
    columns: Columns = Columns()
    """Columns of the source's tables."""
    vouched: bool = False
    """The owner vouches that what stands in this source as the persona's is so; the check of authorship leaves it."""


class PersonaConfig(Contract):
    """The whole of `persona.yaml`."""

    name: str
    display_name: str = Field(min_length=1)
    author: Author
    owner: str | None = None
    consent: Consent | None = None
    licence: str | None = None
    language: Literal["en"] = "en"
    """Of the archive. Stems, stop words, patterns and the rules of quality are those of English."""
    disclosure: str = ""
    """What the twin says when asked what it is; a plain sentence is made from `display_name` if empty."""
    style_notes: str = ""
    """A few words on the voice, for the prompt."""
    sources: dict[str, SourceOptions] = {}

    @property
    def unstated(self) -> tuple[str, ...]:
        """Fields of the consent that state nothing."""
        return tuple(name for name in ("owner", "consent", "licence") if not getattr(self, name))

    def require_consent(self) -> Consent:
        """Return the consent, or raise naming what is missing: without it nothing is ingested."""
        if self.unstated or self.consent is None:
            raise ConsentError(
                f"persona {self.name!r} does not state {', '.join(self.unstated)}; nothing was ingested",
                next_step="fill in owner, consent (statement, given_by, date) and licence in persona.yaml",
            )
        return self.consent

    @property
    def full_disclosure(self) -> str:
        """What the twin says of itself."""
        return self.disclosure or (
            f"I am a digital twin of {self.display_name}: a language model that answers from {self.display_name}'s "
            "own published material, with the permission of its owner. I am not the person."
        )


def load_persona(home: TwinHome, name: str) -> PersonaConfig:
    """Read a persona of this home.

    Raises:
        ConfigurationError: There is no such persona, or its file is wrong.
    """
    path = persona_file(home, name)
    if not path.is_file():
        known = ", ".join(home.known_personas()) or "none yet"
        raise ConfigurationError(f"there is no persona {name!r} (known: {known})", next_step=f"twin init {name}")
    persona = load_yaml(path, PersonaConfig)
    if persona.name != name:
        raise ConfigurationError(
            f"{path}: name is {persona.name!r}, but the folder is {name!r}", next_step="make them equal"
        )
    return persona


def persona_file(home: TwinHome, name: str) -> Path:
    """Where a persona's YAML lies."""
    return home.persona_folder(check_persona_name(name)) / "persona.yaml"
