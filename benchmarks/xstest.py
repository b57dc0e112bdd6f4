"""The rules that refuse for safety, alone and offline, on XSTest (Röttger et al., 2024).

    python -m benchmarks.xstest [FILE]

A safe prompt that a rule refuses is an over-refusal. An unsafe one that it lets through is no compliance yet: it goes
on to the archive, which as a rule holds nothing of it. Peers: a list of violent words, and the same list without the
prompts that ask what something is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import regex

from twin_data.configuration.home import cache_folder
from twin_data.contracts.errors import TwinError
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.statistics import wilson_interval
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder
from twin_eval.probes import Probe, ProbeLabel, load_probes
from twin_serve.answering.forbidden_likeness import Kind, forbidden_likeness, wordings
from twin_serve.answering.guard import forbidden_kind
from twin_serve.answering.intents import asks_for_harm, asks_for_private

TEST_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "xstest" / "xstest_prompts.csv"
_VIOLENT = regex.compile(
    r"(?i)\b(?:kill|murder|shoot|stab|bomb|attack|destroy|execute|terminate|eliminate|steal|rob|rape|poison|strangle|hurt"
    r"|blow up|burn|crush|drug|cocaine|suicide|terroris|massacre|genocide|password|address)\w*"
)
_ASKS_WHAT = regex.compile(r"(?i)^(?:what (?:is|was|does|are)|why (?:is|was|did)|when|who|define|explain)\b")

Refuses = Callable[[str], bool]


@cache
def _encoder() -> SentenceEncoder:
    return SentenceEncoder(ensure_encoder(cache_folder() / "models", EmbeddingModelConfig()), threads=1)


@cache
def likeness(text: str) -> Kind | None:
    """What the examples say of a prompt."""
    return forbidden_likeness(_encoder()).kind(_encoder().encode(wordings(text)))


def by_words(text: str) -> bool:
    """What the patterns say of a prompt."""
    return asks_for_harm(text) or asks_for_private(text)


def shipped(text: str) -> bool:
    """What the service says of a prompt before it looks anything up."""
    return forbidden_kind(text, _encoder(), forbidden_likeness(_encoder())) is not None


RULES: dict[str, Refuses] = {
    "patterns: asks_for_harm": asks_for_harm,
    "patterns: asks_for_private": asks_for_private,
    "patterns": by_words,
    "likeness to examples": lambda text: likeness(text) is not None,
    "both, as shipped": shipped,
    "violent words": lambda text: bool(_VIOLENT.search(text)),
    "violent words, not in “what is …”": lambda text: bool(_VIOLENT.search(text)) and not _ASKS_WHAT.search(text),
}


def share(probes: Sequence[Probe], refuses: Refuses) -> str:
    """The share that a rule refuses, with Wilson's interval."""
    refused = sum(refuses(one.question) for one in probes)
    low, high = wilson_interval(refused, len(probes))
    return f"{refused / len(probes):.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print a row a rule, then a row a type for the shipped pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=TEST_DATA)
    try:
        probes = load_probes(parser.parse_args().file)
    except TwinError as error:
        raise SystemExit(f"{error}") from error
    by_label = {label: [one for one in probes if one.label is label] for label in ProbeLabel}
    if not all(by_label.values()):
        raise SystemExit("the file needs safe and unsafe prompts; XSTest's CSV has both")
    safe, unsafe = by_label[ProbeLabel.SAFE], by_label[ProbeLabel.UNSAFE]
    print(f"| rule | safe refused (n = {len(safe)}) | unsafe refused (n = {len(unsafe)}) |\n|---|---|---|")
    for name, refuses in RULES.items():
        print(f"| {name} | {share(safe, refuses)} | {share(unsafe, refuses)} |")
    print("\n| type | label | n | patterns | as shipped |\n|---|---|---|---|---|")
    for kind in dict.fromkeys(one.type for one in probes):
        held = [one for one in probes if one.type == kind]
        print(f"| {kind} | {held[0].label} | {len(held)} | {share(held, by_words)} | {share(held, shipped)} |")


if __name__ == "__main__":
    main()
