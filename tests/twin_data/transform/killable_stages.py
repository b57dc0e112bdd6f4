"""The stages of the features pipeline as a process of their own, to be killed: `python killable_stages.py SOURCES STORE`.

Says `ready` once everything is imported; prints the digest of each table at its end, as one JSON object.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from twin_data.configuration.persona import Author, Consent, PersonaConfig
from twin_data.contracts.digests import digest_text
from twin_data.contracts.releases import ModelReference
from twin_data.store.tables import FeatureStore
from twin_data.transform import embed
from twin_data.transform.pipeline import CHUNKS, FeaturesConfig, FeaturesPipeline

PERSONA = PersonaConfig(
    name="ada", display_name="Ada", author=Author(name="Ada"), owner="Ada", licence="CC-BY-4.0",
    consent=Consent(statement="I agree to a twin.", given_by="Ada", date=date(2024, 1, 2)),
)  # fmt: skip


class Encoder:
    """Vectors that depend on the text alone."""

    reference = ModelReference(name="mini", source="s", digest="m", licence="l")
    dimensions = 2

    def encode_passages(self, texts: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        numbers = [int(digest_text(text)[:6], 16) / 0xFFFFFF for text in texts]
        return np.array([[one, 1.0] for one in numbers], np.float32), [np.ones((3, 2), np.int8)] * len(texts)


def run(sources: Path, store: Path) -> dict[str, str]:
    """Digest of each table but that of the check of cleaning, which tells what the last run but one cleaned."""
    one = FeaturesPipeline(PERSONA, sources, FeatureStore.of(store, "ada"), FeaturesConfig())
    encoder: Any = Encoder()
    records = [one.collect().record]
    for stage in (one.clean, one.dedupe, one.split):
        records.append(stage(records[-1]).record)
    records += [one.decontaminate(records[-1]).record, one.filter(records[-1]).record]
    for stage in (one.authorship, one.chunk):
        records.append(stage(records[-1]).record)
    one.embed(records[-1], encoder, lambda done, total: None)
    chunks = one.store.read(CHUNKS, version=records[-1].output(CHUNKS).version)
    embedded = embed.with_embeddings(chunks, store=one.store, model_digest=encoder.reference.digest)
    digests = {made.table: made.digest for record in records for made in record.outputs}
    return digests | {"vectors": digest_text(json.dumps(embedded.sort("chunk_id")["vector"].to_list()))}


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(json.dumps(run(Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
