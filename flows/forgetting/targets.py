"""What a user means by a source or document: documents of every version of the corpus, and the files they lie in."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.forgetting.contents import UnreadableContent, decoded, raw
from flows.forgetting.wording import MIN_ID_WORDS, MIN_RUN_WORDS, RUN_WORDS, Hasher, Wording, words_of
from flows.personas import SHIPPED
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.contracts.digests import digest_file
from twin_data.contracts.documents import RawDocument
from twin_data.contracts.errors import SourceError, StoreError
from twin_data.contracts.forgetting import ForgottenKind
from twin_data.sources.archives import is_archive
from twin_data.sources.collect import read_source
from twin_data.sources.tombstones import digests_of
from twin_data.sources.units import list_sources
from twin_data.store.schemas import to_rows
from twin_data.store.tables import FeatureStore
from twin_data.transform.collected import RAW

SHARED_SHARE = 0.2
"""Of a forgotten document's runs so many stand in another one: its user should know that it stays."""


@dataclass(frozen=True)
class Target:
    """What is to be forgotten.

    Attributes:
        kind: A source, or documents.
        documents: Every version of each document that is meant, by id.
        files: Files that go as a whole, with every document in them.
        folder: The source's folder or file, where the whole source goes.
        parts: Documents that share a file with others, to be cut out of it.
        kept: The newest version of all other documents.
    """

    persona: str
    kind: ForgottenKind
    source: str
    documents: dict[str, tuple[RawDocument, ...]]
    files: tuple[Path, ...]
    folder: Path | None
    parts: tuple[str, ...]
    kept: tuple[RawDocument, ...]

    @property
    def digests(self) -> frozenset[str]:
        """What tombstones are set for."""
        of_documents = {
            one for versions in self.documents.values() for version in versions for one in digests_of(version)
        }
        return frozenset(of_documents | {digest_file(path) for path in self.files if path.is_file()})


def find_target(home: TwinHome, persona: str, wanted: str) -> Target:
    """The documents and files of a source, a folder or file in it, or a document, by name or id.

    Raises:
        ConfigurationError: There is no such persona.
        SourceError: Nothing has that name.
    """
    places = source_places(home, persona)
    current = dict(_current(home, persona))
    known = _with_former(home, persona, current)
    meant = {id: versions for id, versions in known.items() if _is_meant(id, wanted)}
    source = wanted.partition("/")[0].partition("#")[0]
    whole = places.get(source)
    parts = tuple(sorted(id for id in meant if "#" in wanted and id in current))
    files = () if parts or whole is None else tuple(sorted(_files_of(whole, source, wanted, meant.keys() & current)))
    if not meant and not files:
        raise SourceError(
            f"persona {persona!r} has no source or document {wanted!r}", next_step=_suggested(wanted, known, persona)
        )
    return Target(
        persona=persona,
        kind=ForgottenKind.SOURCE if wanted == source else ForgottenKind.DOCUMENTS,
        source=source,
        documents=meant,
        files=files,
        folder=whole if wanted == source else None,
        parts=parts,
        kept=tuple(one for id, one in sorted(current.items()) if id not in meant),
    )


def source_places(home: TwinHome, persona: str) -> dict[str, Path]:
    """Where each source of a persona lies: a folder, an archive or a single file."""
    sources = home.persona_folder(persona) / "sources"
    has_any = sources.is_dir() and any(not one.name.startswith(".") for one in sources.iterdir())
    return dict(list_sources(sources)) if has_any else {}


def anything_left(home: TwinHome, persona: str) -> bool:
    """Whether any document can still be read from the persona's sources."""
    return any(True for _ in _current(home, persona))


def _current(home: TwinHome, persona: str) -> Iterator[tuple[str, RawDocument]]:
    described = load_persona(home, persona)
    for name, path in source_places(home, persona).items():
        for reading in read_source(described, name, path):
            if isinstance(reading, RawDocument):
                yield reading.document_id, reading


def _with_former(home: TwinHome, persona: str, current: dict[str, RawDocument]) -> dict[str, tuple[RawDocument, ...]]:
    """Every version of each document that any readable version of the corpus holds, the current one last."""
    found: dict[str, dict[str, RawDocument]] = {}
    for document in (*_stored(FeatureStore.of(home.features, persona)), *current.values()):
        found.setdefault(document.document_id, {})[document.content_digest] = document
    return {id: tuple(versions.values()) for id, versions in found.items()}


def _stored(store: FeatureStore) -> Iterator[RawDocument]:
    if not store.exists(RAW):
        return
    for version in range(store.newest_version(RAW) + 1):
        try:
            yield from to_rows(store.read(RAW, version=version), RawDocument)
        except StoreError:
            continue  # vacuumed before; its texts are gone already


def _is_meant(id: str, wanted: str) -> bool:
    return id == wanted or id.startswith((f"{wanted}/", f"{wanted}#"))


def _files_of(whole: Path, source: str, wanted: str, there: Collection[str]) -> Iterator[Path]:
    """The files that go with a source, a folder in it or a file.

    Raises:
        SourceError: It is a part of an archive, which can only go as a whole.
    """
    if whole.is_file() and wanted != source and is_archive(whole):
        if there:
            raise SourceError(
                f"{wanted!r} lies inside the archive {whole.name}, of which no part can be taken out",
                next_step=f"forget the whole source {source!r}, or replace it by an unpacked folder first",
            )
        return
    place = whole if whole.is_file() or wanted == source else whole / wanted.partition("/")[2]
    if whole.is_file() and wanted not in {source, *there}:
        return
    if whole.is_dir() and not place.resolve().is_relative_to(whole.resolve()):
        return
    if place.is_dir():
        yield from (path for path in place.rglob("*") if path.is_file() or path.is_symlink())
    elif place.is_file():
        yield place


def _suggested(wanted: str, known: Iterable[str], persona: str) -> str:
    ids = list(known)
    names = sorted({id.partition("/")[0] for id in ids})
    close = difflib.get_close_matches(wanted, [*names, *ids], n=3, cutoff=0.5)
    listed = close or names
    return f"name one of: {', '.join(listed)}" if listed else f"twin add {persona} SOURCE: there are no sources yet"


def wording_of(target: Target, hasher: Hasher) -> Wording:
    """Every run of words of the target's texts, titles and ids, those that others hold, too, included."""
    return Wording.of(hasher, _sought(target))


def _sought(target: Target) -> Iterator[tuple[list[str], int]]:
    for id, versions in target.documents.items():
        yield words_of(id), MIN_ID_WORDS
        for document in versions:
            yield words_of(document.text), MIN_RUN_WORDS
            yield words_of(document.title), MIN_RUN_WORDS
    for path in target.files:  # what no reader took for a document lay in the source all the same
        for text in _file_texts(path):
            yield words_of(text), RUN_WORDS


def _file_texts(path: Path) -> Iterator[str]:
    try:
        yield from decoded(path)
        yield from raw(path)
    except (UnreadableContent, OSError):
        return  # a broken archive or a dangling link says nothing that could stand elsewhere


def kept_texts(home: TwinHome, target: Target) -> Iterator[str]:
    """What stays: other documents, other personas' sources, authors for contrast. Its wording proves nothing."""
    for document in target.kept:
        yield document.document_id
        yield document.title
        yield document.text
    gone, shared = set(target.files), _shared_places(home, target)
    for folder in sorted(home.personas.glob("*/")):
        for place in (folder / "sources", folder / "contrast", folder / "persona.yaml"):
            for path in sorted(one for one in (place, *place.rglob("*")) if one.is_file() and one not in gone):
                if not any(path.is_relative_to(one) for one in shared):
                    yield from _file_texts(path)
    for path in sorted(one for one in (SHIPPED / "contrast").rglob("*") if one.is_file()):
        yield from _file_texts(path)


def _shared_places(home: TwinHome, target: Target) -> set[Path]:
    """Files and folders that hold a part that goes; their other documents are told one by one."""
    if not target.parts:
        return set()
    whole = source_places(home, target.persona)[target.source]
    inside = {id.partition("#")[0].partition("/")[2] for id in target.parts}
    return {whole} if whole.is_file() else {whole / one for one in inside}


def sharing(target: Target, everything: Wording) -> tuple[str, ...]:
    """Documents that stay and say much of the same, by id: near-duplicates, or longer texts that quote it."""
    found = []
    for document in target.kept:
        shared = everything.count_in(document.text)
        if shared and shared >= SHARED_SHARE * max(1, len(words_of(document.text)) - RUN_WORDS + 1):
            found.append(document.document_id)
    return tuple(found)
