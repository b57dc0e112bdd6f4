"""Sentences for hand labels of stance, drawn by chance: without any label or verdict.

    python -m benchmarks.stance_rows > ROWS.jsonl

Needs the test data beside the repository. Three draws of pairs of a sentence and a topic in it, no sentence twice, in
three parts: every other one is `first`, the rest `second`; then further ones are drawn as `third`. `any`: the topics
of an author are those that an evaluation may choose, words that carry no sentiment, in eight sentences of three texts
or more, the most telling sixty. Many of them are nothing that one is for or against ("really", "side"), so that
nearly all pairs are of neither; `disputed` are subjects of each author that were written down from what the books are
known for, before a sentence of them was read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import regex

from twin_data.scoring.sentences import content_stems, sentence_spans, stem
from twin_data.scoring.sentiment import vader
from twin_data.scoring.topic_sentences import MIN_SENTENCES, MIN_TEXTS, is_topic, surface_forms
from twin_data.scoring.weights import term_weights
from twin_data.sources.contrast import read_contrast

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
CHESTERTON, ASSISTANT = "chesterton", "assistant"
ANY, DISPUTED, PREDICATED = "any", "disputed", "predicated"
DRAWN = {(CHESTERTON, ANY): 80, (ASSISTANT, ANY): 20, (CHESTERTON, DISPUTED): 64, (CHESTERTON, PREDICATED): 90}
"""Rows of an author and a draw."""
DRAWN_OF_OTHERS = {ANY: 12, DISPUTED: 8, PREDICATED: 10}
THIRD = {(CHESTERTON, DISPUTED): 40, (CHESTERTON, PREDICATED): 60}
THIRD_OF_OTHERS = {ANY: 0, DISPUTED: 4, PREDICATED: 6}
SHORT_WORDS = 25
_GOES_ON = r"(?i)\b{}\w*,? (?:is|are|was|were|has|have|had|does|do|did|can|cannot|will|would|must|should|ought|may)\b"
TOPICS = 60
LONGEST_WORDS = 70
SUBJECTS = {
    CHESTERTON: "christianity church religion democracy science progress women family education imperialism capitalism "
    "materialism pessimism miracles tradition paganism marriage property government evolution socialism shaw optimist "
    "catholic feminism suffragette aristocracy journalism determinism heresy",
    "bertrand-russell": "philosophy idealism idealists matter berkeley induction scepticism kant universals mysticism",
    "henry-david-thoreau": "luxury luxuries labor money farmers railroad philanthropy newspapers solitude furniture",
    "hilaire-belloc": "rome wine italy church bread pilgrimage swiss germans socialism catholic",
    "john-maynard-keynes": "treaty reparation conference president inflation germany indemnity coal league capitalism",
    "john-stuart-mill": "government individuality custom religion society opinion education state calvinism majority",
    "ralph-waldo-emerson": "society travelling prayers solitude conformity nature property art books reformers",
    "w-e-b-du-bois": "slavery negro washington education ballot south schools labor bureau cotton",
}


def main() -> None:
    """Print the rows."""
    personas = DATA / "personas"
    texts: dict[str, Sequence[str]] = {CHESTERTON: read_contrast(personas)[CHESTERTON]}
    texts |= read_contrast(DATA / "contrast")
    texts[ASSISTANT] = _assistant()
    seen: set[str] = set()
    for parts, counts, others in ((("first", "second"), DRAWN, DRAWN_OF_OTHERS), (("third",), THIRD, THIRD_OF_OTHERS)):
        for draw in (ANY, DISPUTED, PREDICATED):
            for author, theirs in texts.items():
                rows = _drawn(_of_draw(draw, author, theirs), counts.get((author, draw), others[draw]), seen)
                for at, (topic, sentence) in enumerate(rows):
                    part = parts[at % len(parts)]
                    number = f"{at:02}" if part != "third" else f"3{at:02}"
                    row = {"id": f"{author}-{draw}-{number}", "part": part, "topic": topic, "sentence": sentence}
                    print(json.dumps(row, ensure_ascii=False))


def _of_draw(draw: str, author: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """All pairs of a draw."""
    named = " ".join(SUBJECTS.values()) if draw == PREDICATED else SUBJECTS.get(author, "")
    topics = _telling(texts) if draw == ANY else {stem(one): one for one in named.split()}
    return [one for one in _pairs(texts, topics) if draw != PREDICATED or _is_predicated(*one)]


def _assistant() -> list[str]:
    lines = (DATA / ASSISTANT / "llama2new.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def _drawn(pairs: Sequence[tuple[str, str]], count: int, seen: set[str]) -> Iterator[tuple[str, str]]:
    """So many topics with a sentence each."""
    chance = np.random.default_rng(38)
    for at in chance.permutation(len(pairs)):
        topic, sentence = pairs[at]
        if count and sentence not in seen:
            seen.add(sentence)
            count -= 1
            yield topic, sentence


def _pairs(texts: Sequence[str], topics: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each topic with each sentence that holds it."""
    for text in texts:
        for span in sentence_spans(text):
            sentence = " ".join(span.of(text).split())
            if 4 <= len(sentence.split()) <= LONGEST_WORDS:
                yield from ((topics[one], sentence) for one in sorted(topics.keys() & set(content_stems(sentence))))


def _is_predicated(topic: str, sentence: str) -> bool:
    found = regex.search(_GOES_ON.format(regex.escape(stem(topic))), sentence)
    return found is not None and len(sentence.split()) <= SHORT_WORDS


def _telling(texts: Sequence[str]) -> Mapping[str, str]:
    """The word of each topic's stem."""
    sentences, holding = Counter[str](), Counter[str]()
    for text in texts:
        found = [set(content_stems(span.of(text))) for span in sentence_spans(text)]
        sentences.update(one for each in found for one in each)
        holding.update(set().union(*found))
    surface, weights = surface_forms(texts), term_weights(texts)
    able = [
        one
        for one, count in sentences.items()
        if count >= MIN_SENTENCES and holding[one] >= MIN_TEXTS and one in surface and is_topic(surface[one], vader)
    ]
    best = sorted(able, key=lambda one: (-sentences[one] * weights.weight(one), one))[:TOPICS]
    return {one: surface[one] for one in best}


if __name__ == "__main__":
    main()
