"""What was forgotten: a receipt that can be handed over, and the tombstones that keep it from coming back.

Neither holds a word of what is gone: documents are named by digests, texts by keyed hashes of runs of their words.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from twin_data.contracts.base import Contract


class ForgottenKind(StrEnum):
    """What was asked to be forgotten."""

    SOURCE = "source"
    """A whole source, with all that lay in it."""
    DOCUMENTS = "documents"
    """One document, or those of one file or folder."""


class Tombstone(Contract):
    """What may not be added again, by digest only."""

    digest: str
    """SHA-256 of a file's bytes, of a record as its reader digests it, or of a text's words; see `tombstones`."""
    forgotten_at: AwareDatetime
    receipt: str


class ForgottenDocument(Contract):
    """One document that is gone."""

    id_digest: str
    """SHA-256 of its id."""
    words: int
    """Of its text and title."""
    probes: int
    """Runs of its words that stand in no other document, by which its absence is shown; 0 if it has none."""


class StoreOutcome(Contract):
    """What became of it in one store."""

    store: str
    items: int
    """Files, rows, entries or bundles that were removed or rewritten."""
    what: str
    """In words, without names or text."""


class TaintedBundle(Contract):
    """A bundle that was made of what is gone."""

    bundle: str
    rung: str
    was: tuple[str, ...]
    """Its aliases before."""
    withdrawn: bool
    """Whether it had been trained on it or showed it in its prompt, so that its files are gone, too."""


class LeftToUser(Contract):
    """What the program must not or cannot change, so that a person has to."""

    kind: str
    place: str
    """A file's path or a server's address."""
    todo: str


class StoreAbsence(Contract):
    """What a search for the forgotten text read in one store, and where it still was."""

    store: str
    files: int
    items: int
    """Rows, members or entries that were decoded by the store's own reader."""
    bytes: int
    """Of raw bytes searched."""
    found: tuple[str, ...] = ()
    """Places, none if it is absent."""


class AbsenceProof(Contract):
    """A search of every store for the forgotten text."""

    at: AwareDatetime
    stores: tuple[StoreAbsence, ...]
    not_searched: tuple[str, ...] = ()
    """Stores that could not be read, each with the reason: then nothing is proven."""

    @property
    def is_absent(self) -> bool:
        """Whether every store was read and none holds it."""
        return not self.not_searched and not any(one.found for one in self.stores)


class Probes(Contract):
    """Runs of the forgotten words as keyed hashes: they say whether a text holds one, never which."""

    words: int = Field(ge=1)
    """Length of a run."""
    hashes: str
    """Base64 of sorted little-endian 64-bit hashes; what key they are under only the home knows."""


class ForgetReceipt(Contract):
    """What was forgotten, where it was found, and the proof that it is gone."""

    schema_version: Literal[1] = 1
    receipt: str
    persona: str
    kind: ForgottenKind
    requested_at: AwareDatetime
    finished_at: AwareDatetime
    documents: tuple[ForgottenDocument, ...]
    tombstones: int
    stores: tuple[StoreOutcome, ...]
    bundles: tuple[TaintedBundle, ...]
    champion_before: str | None
    champion_after: str | None
    left_to_user: tuple[LeftToUser, ...]
    proof: AbsenceProof
    probes: tuple[Probes, ...]


class SignedReceipt(Contract):
    """A receipt with an Ed25519 signature (RFC 8032) of its canonical JSON."""

    content: ForgetReceipt
    public_key: str
    """Of the home, 32 bytes in hexadecimal."""
    signature: str
    """64 bytes in hexadecimal."""
