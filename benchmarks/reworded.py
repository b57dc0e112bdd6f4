"""What serving ships of a small model's reworded sentences, and how much of it is true, by its rules for them.

    python -m benchmarks.reworded [--part looked-at|held-out|all] [--show]

The labelled rows are the repository's (`benchmarks/labels/reworded.jsonl`, docs/labelling.md): sentences of a model of
135 million parameters that serving had taken for supported, each with the evidence that it cited. The rule of
`twin_data.scoring.departures` was written on the part "looked-at"; "held-out" was labelled before the rule saw it.
That of `near_copies` was written with all rows in view; what it takes out is quoted, as its source has it.
Peers in the same run: no rule, and the cosine of all-MiniLM-L6-v2 embeddings at the bar that ships as many. Intervals:
95 % bootstrap over sentences.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.resamples import Resamples
from benchmarks.verifier_rows import SEED
from twin_data.configuration.home import cache_folder
from twin_data.scoring.closeness import closeness
from twin_data.scoring.departures import departure
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.near_copies import near_copy
from twin_data.scoring.word_forms import content_forms
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder

LABELS = Path(__file__).parent / "labels" / "reworded.jsonl"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("looked-at", "held-out", "all"), default="all")
    parser.add_argument("--show", action="store_true", help="print every sentence that is judged wrongly")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in LABELS.read_text("utf-8").splitlines()]
    encode = SentenceEncoder(ensure_encoder(cache_folder() / "models", EmbeddingModelConfig())).encode
    for part in ("looked-at", "held-out") if arguments.part == "all" else (arguments.part,):
        chosen = [one for one in rows if one["part"] == part]
        reasons = [
            departure(one["sentence"], one["evidence"], encode, granted=content_forms(one["question"]))
            for one in chosen
        ]
        true, ships = np.array([one["holds"] for one in chosen]), np.array([not reason for reason in reasons])
        is_new = np.array([near_copy(one["sentence"], one["evidence"]) is None for one in chosen])
        near = np.array([closeness(one["sentence"], one["evidence"], encode) for one in chosen])
        resamples = Resamples([str(at) for at in range(len(chosen))], seed=SEED)
        print(f"{part}: {len(chosen)} sentences, {int(true.sum())} true")
        for name, shipped in (
            ("no rule", np.ones_like(true)),
            ("departures", ships),
            ("no near copies", is_new),
            ("both, as serving has it", ships & is_new),
            ("embeddings, as many shipped", near >= np.quantile(near, 1 - ships.mean())),
        ):
            print(
                f"  {name:28} true shipped {resamples.share(shipped, true)}  false shipped"
                f" {resamples.share(shipped, ~true)}  of the shipped are true {resamples.share(true, shipped)}"
            )
        if arguments.show:
            for one, reason in zip(chosen, reasons, strict=True):
                if one["holds"] == bool(reason):
                    print(f"  {'LOST' if reason else 'SHIPPED'}: {one['sentence']} | {reason} | {one['evidence']}")


if __name__ == "__main__":
    main()
