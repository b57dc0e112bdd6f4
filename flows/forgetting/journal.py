"""What is being forgotten, kept until it is: a run that was killed is taken up by the next one."""

from __future__ import annotations

from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from flows.forgetting.bundles import AffectedBundle
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.forgetting import ForgottenDocument, ForgottenKind, LeftToUser, Probes, StoreOutcome
from twin_data.registry.durable import write_file

JOURNAL = "journal.json"


class Journal(Contract):
    """All that later steps need: what they were derived from is gone by then. Removed with the last step."""

    receipt: str
    persona: str
    recipe: str
    wanted: str
    kind: ForgottenKind
    requested_at: AwareDatetime
    source: str
    ids: tuple[str, ...]
    files: tuple[str, ...]
    """Below the home."""
    folder: str | None
    parts: tuple[str, ...]
    digests: tuple[str, ...]
    embedded: tuple[str, ...]
    """Keys of embeddings."""
    documents: tuple[ForgottenDocument, ...]
    probes: tuple[Probes, ...]
    bundles: tuple[AffectedBundle, ...]
    champion_before: str | None
    base: str | None = None
    """Bundle 0 of what is left; None before it is built, or if nothing is left."""
    champion_after: str | None = None
    done: tuple[str, ...] = ()
    """Steps that are finished, in order."""
    outcomes: tuple[StoreOutcome, ...] = ()
    left_to_user: tuple[LeftToUser, ...] = ()


def journal_path(home: TwinHome, persona: str) -> Path:
    """Where the journal of a persona lies while something is being forgotten."""
    return home.forgotten / persona / JOURNAL


def read_journal(home: TwinHome, persona: str) -> Journal | None:
    """What an interrupted run was forgetting; None if none was interrupted.

    Raises:
        IntegrityError: The file is damaged.
    """
    path = journal_path(home, persona)
    if not path.is_file():
        return None
    try:
        return Journal.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise IntegrityError(
            f"{path} is no journal of this program's version",
            next_step="run it with the version that wrote it, or delete it and forget the same again",
        ) from error


def write_journal(home: TwinHome, journal: Journal) -> None:
    """Keep how far a run has come."""
    path = journal_path(home, journal.persona)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_file(path, journal.model_dump_json().encode())


def remove_journal(home: TwinHome, persona: str) -> None:
    """Nothing is under way any more: the ids in it go, too."""
    journal_path(home, persona).unlink(missing_ok=True)
