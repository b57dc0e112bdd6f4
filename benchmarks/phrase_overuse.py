"""Pet phrases before `pet_phrase_overuse`: the author himself, authors never seen, and planted stuffers.

    python -m benchmarks.phrase_overuse [ROUNDS]

A round leaves out one of Chesterton's books (`authorship_rounds`). The phrases are found in the other three. Of the
book left out every second chapter is the held-out text that all are set against, the rest is the author himself.
Stuffers take the runs that the author repeats most and the others do not have (`counterfeits.pet_phrases`), which is
another rule than the one that finds them. A minute a round on one core; no servers.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import islice

from benchmarks.authorship_rounds import ASSISTANT, ROUNDS, Round, rounds
from twin_data.contracts.evaluation import Score
from twin_data.scoring.pet_phrases import PetPhraseConfig, PetPhrases, find_pet_phrases
from twin_data.scoring.sentences import sentence_spans
from twin_eval.bias import HeldOutText
from twin_eval.counterfeits import pet_phrases, stuffed_with_phrases, stuffed_with_quotations
from twin_eval.own_words import OwnText
from twin_eval.phrase_overuse import phrase_overuse
from twin_eval.statistics import IntervalConfig
from twin_eval.unquoted import unquoted

HIMSELF = "the author himself"
FEW_ANSWERS = 12
"""Some 600 words: as few as a short evaluation has."""


def kinds(one: Round) -> dict[str, Sequence[str]]:
    """Texts of each kind, the author's own unseen chapters first."""
    own = [text for texts in one.own.values() for text in texts]
    answers = one.held_others[ASSISTANT]
    himself = _chapters(one)[1::2]
    quotable = [span.of(text) for text in own[:8] for span in sentence_spans(text)]
    phrases = pet_phrases(own, [text for texts in one.others.values() for text in texts])
    return {
        HIMSELF: himself,
        **{f"{name}, never seen": texts for name, texts in one.held_others.items() if name != ASSISTANT},
        "assistant prose": answers,
        "quotations in assistant prose": _stuffed(answers, quotable, quoting=True),
        "a phrase before each sentence of assistant prose": _stuffed(answers, phrases),
        f"the same, {FEW_ANSWERS} answers": _stuffed(answers[:FEW_ANSWERS], phrases),
        "one phrase, the same before every third sentence": _stuffed(answers, phrases[:1], every=3),
        "all phrases in every tenth answer": [
            text if at % 10 else f"{text} {', '.join(phrases)}." for at, text in enumerate(answers)
        ],
        "a phrase before every third sentence of his own": _stuffed(himself, phrases, every=3),
    }


def measured(one: Round) -> tuple[PetPhrases, dict[str, Score | None]]:
    """The author's phrases, and each kind's overuse of them."""
    own = {f"{title} {at}": (text,) for title, texts in one.own.items() for at, text in enumerate(texts)}
    phrases = find_pet_phrases(own, one.others, config=PetPhraseConfig())
    held_out = [HeldOutText(document_id=f"held {at}", text=text) for at, text in enumerate(_chapters(one)[::2])]

    def overuse(texts: Sequence[str]) -> Score | None:
        said = [
            OwnText(source="drafts", id=str(at), cluster=f"text {at}", sentences=(unquoted(text),))
            for at, text in enumerate(texts)
        ]
        return phrase_overuse(said, held_out, phrases, config=IntervalConfig())

    return phrases, {name: overuse(texts) for name, texts in kinds(one).items()}


def print_round(one: Round, phrases: PetPhrases, found: Mapping[str, Score | None]) -> None:
    """A table of one round: each kind's overuse, and on which side of the author himself it is shown to lie."""
    himself = found[HIMSELF]
    assert himself is not None, "the chapters left out hold too few words"
    print(f"\nLeft out: {', '.join(one.held_own)}; {len(phrases.runs)} pet phrases\n")
    print("| text | words | overuse | beside the author himself, intervals disjoint |\n|---|---|---|---|")
    for name, score in found.items():
        if score is None:
            print(f"| {name} | – | – | too few words |")
            continue
        side = "above" if score.low > himself.high else "below" if score.high < himself.low else "not told apart"
        figure = f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
        print(f"| {name} | {score.n:,} | {figure} | {'' if name == HIMSELF else side} |", flush=True)


def _chapters(one: Round) -> list[str]:
    return [text for texts in one.held_own.values() for text in texts]


def _stuffed(texts: Sequence[str], stuff: Sequence[str], *, every: int = 1, quoting: bool = False) -> list[str]:
    if quoting:
        return [stuffed_with_quotations(text, stuff, seed=at) for at, text in enumerate(texts)]
    return [stuffed_with_phrases(text, stuff, every=every, seed=at) for at, text in enumerate(texts)]


def main() -> None:
    """Print a table a round."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    for one in islice(rounds(), wanted):
        print_round(one, *measured(one))


if __name__ == "__main__":
    main()
