"""What was forgotten stays forgotten: digests by which it is known again, kept beside a persona's sources.

A document is known by the bytes of its file, by its record as the reader digests it, and by the words of its text, so
that a changed line of metadata does not bring it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.digests import digest_file, digest_text
from twin_data.contracts.documents import RawDocument, Rejection
from twin_data.contracts.errors import IntegrityError, SourceError
from twin_data.contracts.forgetting import Tombstone
from twin_data.registry.durable import write_file
from twin_data.scoring.sentences import words
from twin_data.sources.collect import CollectConfig, Collected, read_source
from twin_data.sources.units import STAGE

TOMBSTONES_FILE = "forgotten.jsonl"
FORGOTTEN = "forgotten"
"""Why a document was rejected that lies among the sources all the same."""
_SHOWN = 3


def wording_digest(text: str) -> str:
    """SHA-256 of a text's words, whatever stands between them."""
    return digest_text(" ".join(words(text.casefold())))


def digests_of(document: RawDocument) -> tuple[str, str]:
    """What a document is known again by."""
    return document.content_digest, wording_digest(document.text)


def read_tombstones(persona_folder: Path) -> tuple[Tombstone, ...]:
    """All tombstones of a persona; none if nothing was forgotten.

    Raises:
        IntegrityError: The file is damaged.
    """
    path = persona_folder / TOMBSTONES_FILE
    lines = path.read_text("utf-8").split("\n") if path.is_file() else []
    try:
        return tuple(Tombstone.model_validate_json(line) for line in lines if line)
    except ValidationError as error:
        raise IntegrityError(
            f"{path} does not hold tombstones", next_step="restore it from a backup; until then nothing is added"
        ) from error


def write_tombstones(persona_folder: Path, stones: Iterable[Tombstone]) -> None:
    """Put these in the place of all, one a digest."""
    unique = {one.digest: one for one in stones}
    lines = (unique[digest].model_dump_json() for digest in sorted(unique))
    write_file(persona_folder / TOMBSTONES_FILE, "".join(f"{line}\n" for line in lines).encode())


def without_forgotten(collected: Collected, stones: Iterable[Tombstone]) -> Collected:
    """What was collected, less what was forgotten: copied in by hand, it is rejected without a word of its text.

    Raises:
        SourceError: Nothing is left.
    """
    gone = {one.digest for one in stones}
    if not gone:
        return collected
    kept, rejections = [], list(collected.rejections)
    for document in collected.documents:
        if gone.isdisjoint(digests_of(document)):
            kept.append(document)
        else:
            rejections.append(_rejection(document))
    if not kept and not any(file.documents for file in collected.kept) and not collected.waiting:
        raise SourceError(
            "all that lies among the sources was forgotten", next_step="add other sources: twin add PERSONA SOURCE"
        )
    rejections.sort(key=lambda one: (one.document_id, one.reason, one.text_digest))
    names = {one.document_id for one in kept}
    files = tuple(
        file.model_copy(
            update={
                "documents": tuple(one for one in file.documents if one in names),
                "rejected": (*file.rejected, *(one for one in file.documents if one not in names)),
            }
        )
        for file in collected.files
    )
    return collected.model_copy(update={"documents": tuple(kept), "rejections": tuple(rejections), "files": files})


def _rejection(document: RawDocument) -> Rejection:
    return Rejection(
        stage=STAGE, document_id=document.document_id, text_digest=document.content_digest, start=0, end=0,
        reason=FORGOTTEN, redacted_text="",
    )  # fmt: skip


def forgotten_in(
    persona: PersonaConfig, persona_folder: Path, source: str, folder: Path, config: CollectConfig | None = None
) -> dict[str, frozenset[str]]:
    """What of a source was forgotten: names of files and documents, each with the digests that it is known by.

    Args:
        persona: Whose.
        persona_folder: Where the tombstones lie.
        source: The source's name.
        folder: The source: a folder or a single file.
        config: Limits of reading.
    """
    known = {one.digest for one in read_tombstones(persona_folder)}
    if not known:
        return {}
    found = {name: known & digests for name, digests in _named_digests(persona, source, folder, config)}
    return {name: frozenset(digests) for name, digests in found.items() if digests}


def _named_digests(
    persona: PersonaConfig, source: str, folder: Path, config: CollectConfig | None
) -> Iterator[tuple[str, set[str]]]:
    files = [folder] if folder.is_file() else sorted(one for one in folder.rglob("*") if one.is_file())
    for path in files:
        yield path.name if path == folder else path.relative_to(folder).as_posix(), {digest_file(path)}
    for reading in read_source(persona, source, folder, config=config):
        if isinstance(reading, RawDocument):
            yield reading.document_id, set(digests_of(reading))


def refuse_forgotten(found: dict[str, frozenset[str]], persona: str, origin: Path | str) -> None:
    """Raise if anything was found by `forgotten_in`.

    Raises:
        SourceError: Something was; the first names are told.
    """
    if not found:
        return
    names = ", ".join(list(found)[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
    raise SourceError(
        f"{origin} holds what {persona!r} was told to forget ({names}); nothing was added",
        next_step="leave that out; or, if it may be used again: the same command with --remember",
    )


def remember(persona_folder: Path, found: dict[str, frozenset[str]]) -> int:
    """Take away the tombstones of what was found by `forgotten_in`; returns how many."""
    gone = frozenset().union(*found.values()) if found else frozenset()
    if gone:
        write_tombstones(persona_folder, (one for one in read_tombstones(persona_folder) if one.digest not in gone))
    return len(gone)
