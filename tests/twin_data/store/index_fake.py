"""A small fake of Elasticsearch's index API, and the identity of an index."""

from __future__ import annotations

import fnmatch
from typing import Any

from elasticsearch import NotFoundError

from twin_data.contracts.releases import ModelReference
from twin_data.store.search import IndexIdentity

MODEL = ModelReference(name="mini", source="package:mini", digest="m" * 64, licence="Apache-2.0")


def identity(persona: str = "ada", **changes: Any) -> IndexIdentity:
    fields = {"features_digest": "f", "embedding_model": MODEL, "dimensions": 4, "chunks": 1, "documents": 1}
    return IndexIdentity(persona=persona, **{**fields, **changes})


class FakeElasticsearch:
    """Indices with a mapping, entries and aliases; entries are seen once the index was refreshed."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.indices = self

    def exists(self, index: str) -> bool:
        return index in self.held

    def exists_alias(self, index: str, name: str) -> bool:
        return name in self.held[index]["aliases"]

    def get(self, index: str, ignore_unavailable: bool = False) -> dict[str, Any]:
        found = {
            name: one for name, one in self.held.items() if fnmatch.fnmatchcase(name, index) or index in one["aliases"]
        }
        if not found and "*" not in index:
            raise NotFoundError("index_not_found_exception", None, None)  # type: ignore[arg-type]
        return found

    def delete(self, index: str, ignore_unavailable: bool = False) -> None:
        self.held.pop(index, None)

    def create(self, index: str, settings: dict[str, Any], mappings: dict[str, Any]) -> None:
        assert index not in self.held
        self.held[index] = {"settings": settings, "mappings": mappings, "aliases": set(), "entries": {}, "seen": 0}

    def put_settings(self, index: str, settings: dict[str, Any]) -> None:
        self.held[index]["settings"].update(settings)

    def refresh(self, index: str) -> None:
        self.held[index]["seen"] = len(self.held[index]["entries"])

    def count(self, index: str) -> dict[str, int]:
        return {"count": self.held[index]["seen"]}

    def put_mapping(self, index: str, meta: dict[str, Any]) -> None:
        self.held[index]["mappings"]["_meta"] = meta

    def search(self, index: str, body: dict[str, Any]) -> dict[str, Any]:
        """Finds what is the same; `lost` is never found."""
        texts = [one["text"] for one in self.held[index]["entries"].values() if "text" in one and not one.get("lost")]
        return {"hits": {"hits": [{"_source": {"payload": {"text": text}}} for text in texts]}}

    def update_aliases(self, actions: list[dict[str, dict[str, Any]]]) -> None:
        for action in actions:
            for verb, one in action.items():
                change = self.held[one["index"]]["aliases"]
                change.add(one["alias"]) if verb == "add" else change.remove(one["alias"])
