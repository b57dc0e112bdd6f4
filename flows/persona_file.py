"""The text of a new `persona.yaml`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

TEMPLATE = """\
# Whose twin this is, and by what right. Without owner, licence and consent nothing is ingested.
name: {name}
display_name: {display_name}

# How the author's own words are recognised in archives that hold several people's: handles, addresses, user ids.
author:
  name: {display_name}
  aliases: {aliases}

{owner}
{licence}
{consent}

# A few words on the voice, for the prompt.
style_notes: ""
"""
CONSENT = """\
consent:
  statement: {statement}
  given_by: {given_by}
  date: {today}"""
EXAMPLE_STATEMENT = "I agree that a twin is made of the material in this folder."


def persona_yaml(
    name: str,
    display_name: str,
    *,
    aliases: Sequence[str],
    owner: str | None,
    licence: str | None,
    consent: str | None,
) -> str:
    """The file with what is known filled in; what is not stands there as a comment to complete."""
    agreed = CONSENT.format(
        statement=_quoted(consent or EXAMPLE_STATEMENT),
        given_by=_quoted(owner or display_name),
        today=datetime.now(UTC).date().isoformat(),
    )
    return TEMPLATE.format(
        name=name,
        display_name=_quoted(display_name),
        aliases=json.dumps(list(aliases), ensure_ascii=False),
        owner=_field("owner", owner, display_name),
        licence=_field("licence", licence, "all rights reserved; used with permission"),
        consent=agreed if consent else "\n".join(f"# {line}" for line in agreed.splitlines()),
    )


def _field(key: str, value: str | None, example: str) -> str:
    return f"{key}: {_quoted(value)}" if value else f"# {key}: {_quoted(example)}"


def _quoted(value: str) -> str:
    """A JSON string is a YAML string."""
    return json.dumps(value, ensure_ascii=False)
