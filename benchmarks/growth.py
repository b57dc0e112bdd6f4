"""How time and memory grow with the corpus, from duplicates to chunks.

    python -m benchmarks.growth [--documents 1000000] [--words 200]

Invents 1,000 documents, then ten times as many and so on up to `--documents`, one in ten of them an edited copy, and
runs the stages in a process of their own, so that each peak of memory is that corpus's.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import polars as pl

from benchmarks.synthetic import as_documents, invented
from twin_data.transform import chunk, decontaminate, dedupe, quality, split
from twin_data.transform.quality_rules import QualityConfig

STAGES = ("made", "dedupe", "split", "decontaminate", "filter", "chunk")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--words", type=int, default=200)
    parser.add_argument("--only", action="store_true", help="this size alone, as JSON")
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(_stages(arguments.documents, arguments.words)))
        return
    print(
        "| documents | MB of text | peak GiB: "
        + ", ".join(STAGES)
        + " | processor seconds: "
        + ", ".join(STAGES[1:])
        + " |"
    )
    print("|---|---|---|---|")
    size = 1_000
    while size <= arguments.documents:
        command = [
            sys.executable,
            "-m",
            "benchmarks.growth",
            "--only",
            "--documents",
            str(size),
            "--words",
            str(arguments.words),
        ]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        peaks = ", ".join(f"{one:.2f}" for one in found["peaks"])
        seconds = ", ".join(f"{one:.2f}" for one in found["processor"])
        print(f"| {size:,} | {found['megabytes']:,.0f} | {peaks} | {seconds} |", flush=True)
        size *= 10


def _stages(count: int, words: int) -> dict[str, Any]:
    documents = as_documents(_texts(count, words))
    peaks, processor = [_peak()], []

    def timed(stage: Callable[[], Any]) -> Any:
        started = time.process_time()
        made = stage()
        processor.append(time.process_time() - started)
        peaks.append(_peak())
        return made

    unique = timed(lambda: dedupe.run(documents, config=dedupe.DedupeConfig())).documents
    separated = timed(lambda: split.run(unique, config=split.SplitConfig()))
    timed(lambda: decontaminate.run(separated, config=decontaminate.DecontaminateConfig()))
    filtered = timed(lambda: quality.run(separated, config=QualityConfig())).documents
    timed(lambda: chunk.run(filtered, config=chunk.ChunkConfig()))
    assert filtered.height > unique.height // 2, "chunks of what was dropped would cost nothing"
    megabytes = int(documents["text"].str.len_bytes().sum()) / 1e6
    return {"peaks": peaks, "processor": processor, "megabytes": megabytes}


def _texts(count: int, words: int) -> pl.Series:
    """In batches, since lists of words take ten times what the text does."""
    batches = []
    for at in range(0, count, 10_000):
        made = invented(min(10_000, count - at), words=words, seed=at)
        for row in range(0, len(made) - 1, 10):
            made[row + 1] = [*made[row][:20], "otherwise", *made[row][21:]]
        batches.append(pl.Series("text", [_prose(one) for one in made]))
    return pl.concat(batches)


def _prose(words: list[str]) -> str:
    """Sentences of twenty words, so that no quality rule drops the document before it is cut into chunks."""
    return "\n".join(" ".join(words[at : at + 20]).capitalize() + "." for at in range(0, len(words), 20))


def _peak() -> float:
    """GiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
