"""Duplicates, decontamination and quality rules beside their peers, in one process and the same rounds.

    python -m benchmarks.cleaning [near exact decontaminate quality] [--documents 20000] [--rounds 5] [--peers FOLDER]

Peers (rensa, gaoya, datasketch, datatrove with spacy, xxhash) are measured where they can be imported; `--peers` names
a folder that they were installed into (`pip install --target`), so that they need not be in the environment.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.synthetic import Planted, as_documents, invented, print_race, race, real, with_copies
from twin_data.native.duplicates import identical
from twin_data.transform import decontaminate, dedupe
from twin_data.transform.quality import failed_rules
from twin_data.transform.quality_rules import RULES, QualityConfig

SHINGLE_WORDS, HASHES, BANDS, ROWS = 5, 128, 32, 4
BAR = dedupe.DedupeConfig().near_duplicate
DATA = Path(__file__).parents[2] / "shared" / "data"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--peer-documents", type=int, default=300, help="documents that slow peers are given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of real pages (XHTML), or none")
    arguments = parser.parse_args()
    if arguments.peers:
        sys.path.append(str(arguments.peers))
    for part in arguments.parts or PARTS:
        PARTS[part](arguments)


def near(arguments: argparse.Namespace) -> None:
    """Near duplicates, on invented documents and on real ones."""
    copies = arguments.documents // 20
    sets = {"invented": with_copies(invented(arguments.documents - 3 * copies), copies)}
    if arguments.data.is_dir():
        pages = real(arguments.data)
        sets["real"] = with_copies(pages, len(pages) // 6)
    for name, planted in sets.items():
        _near(name, planted, arguments.rounds)


def _near(name: str, planted: Planted, rounds: int) -> None:
    print(f"near duplicates, {name}: {len(planted.texts):,} documents\n")
    documents = as_documents(planted.texts)
    found: dict[str, set[tuple[int, int]]] = {}
    systems: dict[str, Callable[[], object]] = {"ours": lambda: _keep(found, "ours", _our_pairs(documents))}
    for peer, pairs in {"rensa": _rensa, "gaoya": _gaoya, "datasketch": _datasketch}.items():
        if importlib.util.find_spec(peer):
            systems[peer] = lambda peer=peer, pairs=pairs: _keep(found, peer, pairs(planted.texts))
    taken = race(systems, rounds)
    print_race(taken, len(planted.texts), "documents", {one: _judged(pairs, planted) for one, pairs in found.items()})


def exact(arguments: argparse.Namespace) -> None:
    """Exact duplicates beside xxh3 over the same bytes, in one piece and document by document."""
    xxhash = importlib.import_module("xxhash")
    texts = [" ".join(words) for words in invented(arguments.documents)]
    column = pl.Series(texts + texts[: len(texts) // 10])
    each = [text.encode() for text in column]
    together = b"".join(each)
    systems = {
        "ours": lambda: identical(column),
        "xxh3, in one piece": lambda: xxhash.xxh3_64_intdigest(together),
        "xxh3, each document": lambda: [xxhash.xxh3_64_intdigest(one) for one in each],
    }
    found = sum(int(first) != row for row, first in enumerate(identical(column)))
    notes = {"ours": f"{found:,} of {len(texts) // 10:,}, compared byte by byte"}
    print(f"exact duplicates: {len(column):,} documents, {len(together) / 1e6:.0f} MB\n")
    print_race(race(systems, arguments.rounds), len(together) / 1e9, "GB", notes)


def decontaminated(arguments: argparse.Namespace) -> None:
    """Runs of thirteen words that training shares with a tenth that is held out; one in twenty documents is planted."""
    words = invented(arguments.documents)
    held_out, planted = len(words) // 10, range(len(words) // 10, len(words), 20)
    for at in planted:
        words[at][20:20] = words[at % held_out][30:50]
    texts = [" ".join(one) for one in words]
    sides = pl.Series(["test" if at < held_out else "train" for at in range(len(texts))])
    documents = as_documents(texts).with_columns(sides.alias("split"))
    found: dict[str, set[int]] = {}

    def ours() -> None:
        spans = decontaminate.run(documents, config=decontaminate.DecontaminateConfig())
        found["ours"] = {int(one.split("/")[1]) for one in spans["document_id"]}

    given = {"ours": len(texts)}
    systems: dict[str, Callable[[], object]] = {"ours": ours}
    if importlib.util.find_spec("datatrove"):
        few = list(range(held_out, len(texts)))[: arguments.peer_documents]
        given["datatrove"] = len(few)  # its index of the held-out texts is built before the clock starts
        look_up = _datatrove_decontamination([texts[at] for at in range(held_out)])
        systems["datatrove"] = lambda: found.update(datatrove={at for at in few if look_up(texts[at])})
    print(f"decontamination: {len(texts):,} documents, {held_out:,} held out\n")
    wanted = {"ours": set(planted), "datatrove": set(planted) & set(range(held_out + arguments.peer_documents))}
    taken = {
        name: [(wall / given[name] * len(texts), processor / given[name] * len(texts)) for wall, processor in rounds]
        for name, rounds in race(systems, arguments.rounds).items()
    }
    notes = {
        one: f"{len(rows & wanted[one])} of {len(wanted[one])}, {len(rows - wanted[one])} others"
        for one, rows in found.items()
    }
    print_race(taken, len(texts), "documents", notes)


def quality(arguments: argparse.Namespace) -> None:
    """Gopher's and FineWeb's rules, and whether each document is judged alike."""
    pages = [" ".join(words) for words in real(arguments.data)] if arguments.data.is_dir() else []
    texts = (pages + _spoiled(pages or [" ".join(words) for words in invented(2000)]))[: arguments.documents]
    frame = pl.DataFrame({"kind": ["article"] * len(texts), "own": texts})
    papers = [rule.name for rule in RULES if rule.source != "ours"]
    verdicts: dict[str, list[bool]] = {}

    def ours() -> None:
        failed = failed_rules(frame, QualityConfig.of_the_papers())
        verdicts["ours"] = failed.select(pl.any_horizontal(papers)).to_series().to_list()

    systems: dict[str, Callable[[], object]] = {"ours": ours}
    given = {"ours": len(texts)}
    if importlib.util.find_spec("datatrove"):
        splitters = {"datatrove, same splitter": str.split, "datatrove": None}
        for name, splitter in splitters.items():
            given[name] = len(texts) if splitter else min(len(texts), arguments.peer_documents)
            judge = _datatrove_quality(splitter)
            systems[name] = lambda name=name, judge=judge: verdicts.update(
                {name: [judge(text) for text in texts[: given[name]]]}
            )
    print(f"quality rules: {len(texts):,} documents\n")
    taken = {
        name: [(wall / given[name] * len(texts), processor / given[name] * len(texts)) for wall, processor in rounds]
        for name, rounds in race(systems, arguments.rounds).items()
    }
    notes = {}
    for name, judged in verdicts.items():
        same = sum(one == other for one, other in zip(judged, verdicts["ours"], strict=False))
        notes[name] = f"{sum(judged):,} of {len(judged):,} fail; {same:,} judged as by ours"
    print_race(taken, len(texts), "documents", notes)


PARTS = {"near": near, "exact": exact, "decontaminate": decontaminated, "quality": quality}


def _keep(found: dict[str, set[tuple[int, int]]], name: str, pairs: set[tuple[int, int]]) -> None:
    found[name] = pairs


def _judged(pairs: set[tuple[int, int]], planted: Planted) -> str:
    true = {(original, copy) for copies in planted.copies.values() for copy, original in copies.items()}
    recalls = [
        f"{sum((original, copy) in pairs for copy, original in copies.items()) / len(copies):.3f} at {rate:.0%}"
        for rate, copies in planted.copies.items()
    ]
    others = pairs - true
    false = sum(_jaccard(planted.texts[one], planted.texts[other]) < BAR for one, other in others)
    return f"recall {', '.join(recalls)}; {len(others):,} other pairs, {false:,} of them false (under {BAR})"


def _jaccard(one: str, other: str) -> float:
    first, second = _shingles(one), _shingles(other)
    return len(first & second) / len(first | second)


def _our_pairs(documents: pl.DataFrame) -> set[tuple[int, int]]:
    rejections = dedupe.run(documents, config=dedupe.DedupeConfig()).rejections
    ends = rejections.select(
        pl.col("document_id").str.extract(r"/(\d+)$").cast(pl.Int64).alias("copy"),
        pl.col("reason").str.extract(r"/(\d+)$").cast(pl.Int64).alias("better"),
    )
    return {(min(pair), max(pair)) for pair in ends.iter_rows()}


def _shingles(text: str) -> set[str]:
    words = text.lower().split()
    return {" ".join(words[at : at + SHINGLE_WORDS]) for at in range(max(1, len(words) - SHINGLE_WORDS + 1))}


def _rensa(texts: list[str]) -> set[tuple[int, int]]:
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found]

    sketches = RMinHash.from_token_sets([list(_shingles(text)) for text in texts], HASHES, 1)
    index = RMinHashLSH(BAR, HASHES, BANDS)
    index.insert_pairs(list(enumerate(sketches)))
    found = index.query_all(sketches)
    return {
        (min(row, other), max(row, other))
        for row, others in enumerate(found)
        for other in others
        if other != row and sketches[row].jaccard(sketches[other]) >= BAR
    }


def _gaoya(texts: list[str]) -> set[tuple[int, int]]:
    from gaoya.minhash import MinHashStringIndex  # type: ignore[import-not-found]

    index = MinHashStringIndex(32, BAR, BANDS, ROWS, None, "word", True, (SHINGLE_WORDS, SHINGLE_WORDS))
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    found = index.par_bulk_query(texts)
    return {(min(row, other), max(row, other)) for row, others in enumerate(found) for other in others if other != row}


def _datasketch(texts: list[str]) -> set[tuple[int, int]]:
    from datasketch import MinHash, MinHashLSH  # type: ignore[import-not-found]

    index = MinHashLSH(num_perm=HASHES, params=(BANDS, ROWS))
    sketches = MinHash.bulk([[one.encode() for one in _shingles(text)] for text in texts], num_perm=HASHES)
    found = set()
    for row, sketch in enumerate(sketches):
        found |= {(other, row) for other in index.query(sketch) if sketch.jaccard(sketches[other]) >= BAR}
        index.insert(row, sketch)
    return found


def _datatrove_decontamination(held_out: list[str]) -> Callable[[str], bool]:
    """Its own look-up and normalisation; only the loading of the index from a folder is left out."""
    xxhash = importlib.import_module("xxhash")
    from datatrove.data import Document  # type: ignore[import-not-found]
    from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter  # type: ignore[import-not-found]
    from datatrove.utils.text import ngrams, simplify_text  # type: ignore[import-not-found]

    found = NGramsDecontFilter("/nonexistent", NGramsDecontConfig(n_grams=13))
    # What it calls by default, but for the encoding, which xxhash 4 leaves to its caller.
    found.hash_func, found._index_hashes = lambda gram: xxhash.xxh64_intdigest(gram.encode()), {}
    for text in held_out:
        words = found.tokenizer.word_tokenize(simplify_text(text, found.config.norm_config))
        found._index_hashes |= {found.hash_func(" ".join(gram)): "held out" for gram in ngrams(words, 13)}
    return lambda text: found.filter(Document(text=text, id="")) is not True


def _datatrove_quality(splitter: Callable[[str], list[str]] | None) -> Callable[[str], bool]:
    """Whether one of its three filters drops a text, with its own splitter of words or with another."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import (  # type: ignore[import-not-found]
        fineweb_quality_filter,
        gopher_quality_filter,
        gopher_repetition_filter,
    )

    modules: list[Any] = [gopher_repetition_filter, gopher_quality_filter, fineweb_quality_filter]
    own = {module: module.split_into_words for module in modules}
    filters = [
        gopher_repetition_filter.GopherRepetitionFilter(),
        gopher_quality_filter.GopherQualityFilter(),
        fineweb_quality_filter.FineWebQualityFilter(),
    ]

    def is_dropped(text: str) -> bool:
        for module in modules:
            module.split_into_words = (lambda given, language: splitter(given)) if splitter else own[module]
        return any(one.filter(Document(text=text, id="")) is not True for one in filters)

    return is_dropped


def _spoiled(texts: list[str]) -> list[str]:
    """The texts in ways that the rules are made against, and ways that are none."""
    kinds: list[Callable[[list[str]], str]] = [
        lambda words: "\n".join(f"- {' '.join(words[at : at + 4])}" for at in range(0, len(words), 4)),
        lambda words: " ".join(words[:60] * 4),
        lambda words: "\n\n".join(" ".join(words[at : at + 12]) + "." for at in range(0, len(words), 12)),
        lambda words: "…\n".join(" ".join(words[at : at + 9]) for at in range(0, len(words), 9)),
        lambda words: " ".join(f"#{word}" if at % 7 == 0 else word for at, word in enumerate(words)),
        lambda words: " ".join(words[:30]),
        lambda words: " ".join(str(len(word)) if at % 4 == 0 else word for at, word in enumerate(words)),
        lambda words: "\n".join([" ".join(words), "All rights reserved, read on.", "All rights reserved, read on."]),
    ]
    return [kinds[at % len(kinds)](text.split()) for at, text in enumerate(texts)]


if __name__ == "__main__":
    main()
