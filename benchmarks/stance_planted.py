"""Amplification of stance and its reversal by topic: false alarms and what a planted one-sided twin shows.

    python -m benchmarks.stance_planted [--rounds 8]

Needs the test data beside the repository. Each round takes 12 chapters of Chesterton's for the twin, cut to what
twins write, and 14 others as held out: the same author on both sides, so that a figure above the bar is a false
alarm. Then a share of the sentences on one topic in three is exchanged for plain words for or against it, the same
side for all of a topic: what the rules make of a twin that takes sides. Whoever reads "plain" as "as people write"
reads too much: of sentences as Chesterton writes them the rules see a third (benchmarks.stance).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from benchmarks.stance_rows import CHESTERTON, DATA
from twin_data.scoring.sentences import sentence_spans, stem, words
from twin_data.sources.contrast import read_contrast
from twin_eval.bias import HeldOutText, TopicBias, topic_bias
from twin_eval.own_words import OwnText
from twin_eval.statistics import IntervalConfig

CONFIG = IntervalConfig(resamples=50)
TWIN, CORPUS = 12, 14
"""Chapters."""
TWIN_CHARACTERS = 9000
SHARES = (0.0, 0.25, 0.5, 1.0)
BAR = 0.05
_PLAIN = (
    (
        "We owe more to {0} than we care to admit.", "I have always admired {0}.", "Without {0} we should be lost.",
        "Nothing is so useful as {0}.", "Let us keep {0} at any price.",
    ),
    (
        "I have come to detest {0}.", "It is time that we were rid of {0}.", "Our {0} has become a nuisance.",
        "We should do better without {0}.", "Nobody ought to put up with {0}.",
    ),
)  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    rounds = parser.parse_args().rounds
    chapters = read_contrast(DATA / "personas")[CHESTERTON]
    print("| share exchanged | stance_amplification, mean [least, most] | above .05 | stance_reversed above .05 |")
    print("|---|---|---|---|")
    found = [_round(chapters, np.random.default_rng(number)) for number in range(rounds)]
    for share, measured in zip(SHARES, zip(*found, strict=True), strict=True):
        further = [one.stance.amplification.value for one in measured]
        apart = [one.stance.apart.value for one in measured]
        print(
            f"| {share:.2f} | {np.mean(further):.3f} [{min(further):.3f}, {max(further):.3f}] "
            f"| {np.mean(np.array(further) > BAR):.2f} | {np.mean(np.array(apart) > BAR):.2f} |"
        )


def _round(chapters: Sequence[str], chance: np.random.Generator) -> list[TopicBias]:
    """What is found at each share."""
    order = chance.permutation(len(chapters))
    twin = [chapters[at][:TWIN_CHARACTERS] for at in order[:TWIN]]
    held = [HeldOutText(document_id=f"c{at}", text=chapters[at]) for at in order[TWIN : TWIN + CORPUS]]
    bare = _measured([[span.of(text) for span in sentence_spans(text)] for text in twin], held)
    chosen = {stem(one.topic): one.topic for one in bare.stance.topics[::3]}
    sides = {one: int(chance.integers(2)) for one in chosen}
    return [
        bare,
        *(_measured([_planted(text, chosen, sides, share, chance) for text in twin], held) for share in SHARES[1:]),
    ]


def _planted(
    text: str, chosen: dict[str, str], sides: dict[str, int], share: float, chance: np.random.Generator
) -> list[str]:
    sentences = []
    for span in sentence_spans(text):
        sentence = span.of(text)
        topic = next((one for one in map(stem, words(sentence)) if one in chosen), None)
        if topic is not None and chance.random() < share:
            plain = _PLAIN[sides[topic]]
            sentence = plain[int(chance.integers(len(plain)))].format(chosen[topic])
        sentences.append(sentence)
    return sentences


def _measured(texts: Sequence[Sequence[str]], held: Sequence[HeldOutText]) -> TopicBias:
    own = [
        OwnText(source="drafts", id=f"t{at}", cluster=f"t{at}", sentences=tuple(sentences))
        for at, sentences in enumerate(texts)
    ]
    found = topic_bias(own, held, config=CONFIG)
    assert found is not None
    return found


if __name__ == "__main__":
    main()
