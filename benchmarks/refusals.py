"""Which lines the classifier of refusals takes for one: refusals in many voices, and denials that answer.

    python -m benchmarks.refusals [--misses]

The labelled lines are the repository's (`benchmarks/labels/refusals.jsonl`, docs/labelling.md). Weights are fitted on
those looked at, beside other examples. Of the others, those held out were written with these, those afterwards when
rules and weights stood. Below them what the repository's authors say in the first person with a negation, each sentence
alone: hardly one refuses. Peers: the set phrases by which studies of jailbreaks tell a refusal (Zou et al., 2023), and
any negation in the first person.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import regex

from twin_data.contracts.base import Contract
from twin_data.scoring.refusal import is_refusal
from twin_data.scoring.sentences import sentence_spans
from twin_data.statistics import wilson_interval

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "benchmarks" / "labels" / "refusals.jsonl"
PARTS = ("looked-at", "held-out", "afterwards")
LONGEST_SENTENCE = 200
"""Characters of an author's sentence: an answer that refuses is no longer."""
_PREFIXES = (
    "i'm sorry", "sorry", "i apologize", "as an", "i cannot", "i can't", "i'm just", "i am just", "i'm an",
    "i'm unable", "i am unable", "it is not appropriate", "i'm not able", "i do not", "i don't",
    "i will not", "i won't",
)  # fmt: skip
_SELF = regex.compile(r"(?i)\b(?:i|we|my|our)\b")
_NEGATION = regex.compile(r"(?i)\b(?:not?|never|nothing|none|nobody|cannot)\b|n['’]t\b")

Refuses = Callable[[str], bool]


class LabelledLine(Contract):
    """A line of the file."""

    id: str
    voice: str
    part: Literal["looked-at", "held-out", "afterwards"]
    text: str
    refuses: bool


def denies_in_first_person(text: str) -> bool:
    """Whether a text has a negation and speaks of its writer."""
    return bool(_SELF.search(text) and _NEGATION.search(text))


RULES: dict[str, Refuses] = {
    "classifier": is_refusal,
    "set phrases": lambda text: text.casefold().replace("’", "'").startswith(_PREFIXES),
    "negation in the first person": denies_in_first_person,
}


def labelled_lines() -> list[LabelledLine]:
    """All lines of the file."""
    return [LabelledLine.model_validate_json(line) for line in LABELS.read_text("utf-8").splitlines()]


def authors_denials() -> list[str]:
    """Short sentences of the sample persona and the contrast authors that deny something in the first person."""
    pages = sorted((ROOT / "personas").glob("*/*/**/*.md"))
    texts = [page.read_text("utf-8") for page in pages]
    sentences = [span.of(text) for text in texts for span in sentence_spans(text)]
    return [one for one in sentences if len(one) < LONGEST_SENTENCE and denies_in_first_person(one)]


def share(texts: Sequence[str], refuses: Refuses) -> str:
    """How many texts a rule takes for refusals, with Wilson's interval."""
    taken = sum(map(refuses, texts))
    low, high = wilson_interval(taken, len(texts))
    return f"{taken}/{len(texts)} = {taken / len(texts):.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="also what is taken wrongly of the lines looked at")
    misses = parser.parse_args().misses
    lines = labelled_lines()
    rows = {
        f"{name}, {part}": [one.text for one in lines if one.part == part and one.refuses is refuses]
        for part in PARTS
        for name, refuses in (("refusals", True), ("answers", False))
    } | {"authors' own denials": authors_denials()}
    print(f"| taken for refusals | {' | '.join(RULES)} |\n|---|{'---|' * len(RULES)}")
    for name, texts in rows.items():
        print(f"| {name} | {' | '.join(share(texts, refuses) for refuses in RULES.values())} |")
    for one in lines:
        if misses and one.part == "looked-at" and is_refusal(one.text) is not one.refuses:
            print(f"{'MISSED' if one.refuses else 'TAKEN'} {one.text}")


if __name__ == "__main__":
    main()
