"""The text of saved pages and mails against hand-made gold, beside trafilatura alone.

    python -m benchmarks.extraction [--show PAGE]

`benchmarks/pages` holds pages and mails in layouts as they are met, and beside each the text that its author wrote, by
hand; lines that begin with `> ` are others' words which the text quotes. Token F1 is over words *and* marks, in their
order (the longest common subsequence), the mean over pages. `lost` counts the author's own words that are not in what
was read. Trafilatura runs twice, as it comes and with `favor_recall`; of mails, which it does not read, it is given the
HTML body or, as plain text has no markup, the body as it stands.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import Block, RawDocument, Role
from twin_data.sources.formats import default_readers
from twin_data.sources.reader import ReadContext
from twin_data.statistics import mean_with_interval

PAGES = Path(__file__).resolve().parent / "pages"
AUTHOR = Author(name="Ada Marlowe", aliases=("Ada", "ada@marlowe.example"))
_TOKEN = re.compile(r"\w+|[^\w\s]")
_CELL = re.compile(r"(?m)^\||\|")
Extract = Callable[[Path], str]


@dataclass(frozen=True)
class Gold:
    """A page, its whole text, and the author's own part of it."""

    path: Path
    text: str
    own: str


@dataclass(frozen=True)
class Score:
    """One page: precision and recall of its tokens, and own words that were lost."""

    precision: float
    recall: float
    lost: int

    @property
    def f1(self) -> float:
        """Harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def golds() -> list[Gold]:
    """All pages with their text."""
    found = []
    for path in sorted(one for one in PAGES.iterdir() if one.suffix in {".html", ".eml"}):
        lines = path.with_suffix(".txt").read_text("utf-8").split("\n")
        whole = "\n".join(line.removeprefix("> ") for line in lines)
        found.append(Gold(path, whole, "\n".join(line for line in lines if not line.startswith("> "))))
    return found


def read_blocks(path: Path) -> tuple[Block, ...]:
    """The blocks that this project reads of a file."""
    context = ReadContext("pages", PAGES, AUTHOR)
    reader = next(one for one in default_readers() if not one.reads_folders and one.claims(path))
    return tuple(
        block for reading in reader.read(path, context) if isinstance(reading, RawDocument) for block in reading.blocks
    )


def ours(path: Path) -> str:
    """What this project reads: own words and what they quote; signatures and forwarded mails are told apart."""
    return "\n\n".join(block.text for block in read_blocks(path) if block.role is not Role.OTHER)


def trafilatura_text(path: Path, *, favor_recall: bool = False) -> str:
    """What trafilatura makes of a page, or of a mail's body."""
    import trafilatura  # takes a second to import

    data = path.read_bytes()
    if path.suffix == ".eml":
        body = message_from_bytes(data, policy=default).get_body(preferencelist=("plain", "html"))
        if body is None or body.get_content_subtype() == "plain":
            return "" if body is None else str(body.get_content())
        data = str(body.get_content()).encode()
    return trafilatura.extract(data, include_comments=False, favor_recall=favor_recall) or ""


SYSTEMS: dict[str, Extract] = {
    "ours": ours,
    "trafilatura": trafilatura_text,
    "trafilatura, favor_recall": lambda path: trafilatura_text(path, favor_recall=True),
}


def score(text: str, gold: Gold) -> Score:
    """Tokens of a text against the gold's, in order; table bars are layout."""
    found, wanted = tokens(text), tokens(gold.text)
    matched = sum(one.size for one in SequenceMatcher(None, found, wanted, autojunk=False).get_matching_blocks())
    own = [one for one in tokens(gold.own) if one.isalnum()]
    kept = SequenceMatcher(None, found, own, autojunk=False).get_matching_blocks()
    lost = len(own) - sum(one.size for one in kept) if len(own) != sum(one.size for one in kept) else 0
    return Score(matched / max(1, len(found)), matched / max(1, len(wanted)), max(0, lost - _reordered(found, own)))


def _reordered(found: Sequence[str], own: Sequence[str]) -> int:
    """Own words that stand in the text, only not in the order of the gold."""
    matched = sum(one.size for one in SequenceMatcher(None, found, own, autojunk=False).get_matching_blocks())
    available = {word: found.count(word) for word in set(own)}
    present = sum(min(available[word], own.count(word)) for word in available)
    return max(0, present - matched)


def tokens(text: str) -> list[str]:
    """Words and marks, as written."""
    return _TOKEN.findall(_CELL.sub(" ", text))


def main() -> None:
    """Print a row a page and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", help="print what each system reads of this page")
    arguments = parser.parse_args()
    pages = golds()
    if arguments.show:
        for name, extract in SYSTEMS.items():
            for gold in pages:
                if gold.path.stem == arguments.show:
                    print(f"--- {name}\n{extract(gold.path)}")
        return
    scores = {name: [score(extract(gold.path), gold) for gold in pages] for name, extract in SYSTEMS.items()}
    print("| page | " + " | ".join(f"{name}: F1, lost" for name in SYSTEMS) + " |\n|---|" + "---|" * len(SYSTEMS))
    for at, gold in enumerate(pages):
        cells = (f"{row[at].f1:.3f}, {row[at].lost}" for row in scores.values())
        print(f"| {gold.path.stem} | " + " | ".join(cells) + " |")
    for name, row in scores.items():
        mean, low, high = mean_with_interval([one.f1 for one in row])
        lost = sum(one.lost for one in row)
        print(f"\n{name}: F1 {mean:.3f} [{low:.3f}, {high:.3f}], own words lost {lost} of {len(pages)} pages")
    for name in list(SYSTEMS)[1:]:
        gains = [mine.f1 - theirs.f1 for mine, theirs in zip(scores["ours"], scores[name], strict=True)]
        mean, low, high = mean_with_interval(gains)
        print(f"\nours less {name}: {mean:+.3f} [{low:+.3f}, {high:+.3f}]")


if __name__ == "__main__":
    main()
