"""The rows that the verifier is measured on: claims, true and false, with the passages that they are held against."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal, Self

import regex
from pydantic import Field, model_validator

from benchmarks.claims import Source, TrueClaim, misled_claims, sources, true_claims
from benchmarks.distortions import DISTORTIONS, other_passages_claim
from twin_data.contracts.base import Contract
from twin_data.scoring.sentences import content_stems, words
from twin_data.scoring.weights import term_weights
from twin_serve.answering.drafts import tidy_sentence

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "squad" / "dev-v2.0-part.json"
SEED = 20_261
SHOWN = 5
TRUE_PER_ARTICLE = 60
FALSE_PER_ARTICLE = 20
MISLED_PER_ARTICLE = 40
PASSAGES_FILE = "passages.jsonl"
MISLED = "people's own (SQuAD 2.0)"


@dataclass(frozen=True)
class Row:
    """A claim with what it is held against.

    Attributes:
        kind: How it came to be: a way of `TrueClaim`, a distortion, or a hand label.
        cluster: Rows of one paragraph stand and fall together.
        passages: Texts that may support it.
        question: What was asked, where something was.
    """

    text: str
    is_true: bool
    kind: str
    cluster: str
    passages: tuple[str, ...]
    question: str = ""


Label = Literal["supported", "unsupported", "contradicted", "nonsense"]


class LabelPassage(Contract):
    """A passage that rows of a file of hand labels name, so that its text stands there once."""

    id: str
    text: str = Field(min_length=1)


class UnlabelledSentence(Contract):
    """A row to be labelled; it holds its passages whole or names them, in the order in which the prompt showed them."""

    id: str
    question: str = ""
    sentence: str
    passages: tuple[str, ...] = ()
    passage_ids: tuple[str, ...] = ()
    """Rows of `passages.jsonl` beside the file."""

    @model_validator(mode="after")
    def _has_passages(self) -> Self:
        if bool(self.passages) == bool(self.passage_ids):
            raise ValueError(f"row {self.id} needs either passages or passage_ids")
        return self


class LabelledSentence(UnlabelledSentence):
    """A row of a file of hand labels."""

    label: Label
    note: str = ""


def squad_rows(half: str) -> Iterator[Row]:
    """The rows of one half of the articles; every second article, in the order of the file, is tested on."""
    articles = json.loads(DATA.read_text("utf-8"))["data"]
    for number, article in enumerate(articles):
        if half == "all" or (half == "test") is bool(number % 2):
            yield from _article_rows(article)


def _article_rows(article: dict[str, Any]) -> Iterator[Row]:
    random = Random(f"{SEED}:{article['title']}")
    paragraphs = sources([article])
    nearest = _Nearest([source.text for source, _ in paragraphs])
    claims = [claim for source, questions in paragraphs for claim in true_claims(source, questions)]
    for way in dict.fromkeys(claim.way for claim in claims):
        of_way = [claim for claim in claims if claim.way == way]
        share = round(TRUE_PER_ARTICLE * (0.5 if way == "question" else 0.2))
        for claim in random.sample(of_way, min(share, len(of_way))):
            yield _row(claim, claim.text, True, way, nearest.shown(claim.text, claim.source))
    for name, distortion in DISTORTIONS.items():
        made = []
        for claim in random.sample(claims, len(claims)):
            shown = nearest.shown(
                claim.text, None if distortion is other_passages_claim else claim.source, claim.source
            )
            for text in distortion(claim, shown, random):
                made.append(_row(claim, text, False, name, shown))
                break
            if len(made) == FALSE_PER_ARTICLE:
                break
        yield from made
    misled = [claim for source, questions in paragraphs for claim in misled_claims(source, questions)]
    for claim in random.sample(misled, min(MISLED_PER_ARTICLE, len(misled))):
        yield _row(claim, claim.text, False, MISLED, nearest.shown(claim.text, claim.source))


def _row(claim: TrueClaim, text: str, is_true: bool, kind: str, shown: tuple[str, ...]) -> Row:
    return Row(text, is_true, kind, f"{claim.source.article}:{claim.source.number}", shown)


class _Nearest:
    """Which paragraphs of an article share most words with a claim: what a search would have shown beside its own."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._held = [frozenset(content_stems(text)) for text in texts]
        self._weights = term_weights(texts)

    def shown(self, claim: str, own: Source | None, without: Source | None = None) -> tuple[str, ...]:
        stems = frozenset(content_stems(claim))
        left_out = own or without
        hidden = left_out.text if left_out else ""
        scored = sorted(
            (-sum(self._weights.weight(one) for one in stems & held), at)
            for at, held in enumerate(self._held)
            if self._texts[at] != hidden
        )
        others = tuple(self._texts[at] for _, at in scored[: SHOWN - (own is not None)])
        return (*others[:2], own.text, *others[2:]) if own else others


def labelled_sentences(path: Path) -> list[LabelledSentence]:
    """The rows of a file of hand labels, each with its passages whole.

    Raises:
        ValueError: A row breaks the format, names a passage that is not there, or has another one's id.
    """
    labels = [LabelledSentence.model_validate_json(line) for line in _filled_lines(path)]
    if repeated := [name for name, count in Counter(one.id for one in labels).items() if count > 1]:
        raise ValueError(f"{path}: several rows have the id {repeated[0]}")
    texts = {}
    if any(one.passage_ids for one in labels):
        shared = [LabelPassage.model_validate_json(line) for line in _filled_lines(path.parent / PASSAGES_FILE)]
        texts = {one.id: one.text for one in shared}
    return [_whole(one, texts) for one in labels]


def _whole(row: LabelledSentence, texts: Mapping[str, str]) -> LabelledSentence:
    if missing := [name for name in row.passage_ids if name not in texts]:
        raise ValueError(f"row {row.id} names the passage {missing[0]}, which {PASSAGES_FILE} lacks")
    passages = row.passages or tuple(texts[name] for name in row.passage_ids)
    return row.model_copy(update={"passages": passages, "passage_ids": ()})


def _filled_lines(path: Path) -> list[str]:
    # Not splitlines, which also splits at characters that may stand inside a JSON string, such as U+2028.
    return [line for line in path.read_text("utf-8").split("\n") if line.strip()]


def labelled_rows(path: Path, *, without: str | None = None) -> list[Row]:
    """Hand-labelled sentences as rows; those that are copies of a passage's words are a kind of their own.

    They are tidied as serving tidies them now: the drafts may be of a version that left more around a sentence.

    Args:
        path: A file of hand labels.
        without: A regular expression; rows are left out if it finds something in their id, sentence or note.
    """
    return [
        Row(one.sentence, one.label == "supported", _kind(one), cluster_of(one), one.passages, one.question)
        for one in map(_tidied, labelled_sentences(path))
        if not (without and any(regex.search(without, text) for text in (one.id, one.sentence, one.note)))
    ]


def _tidied(row: LabelledSentence) -> LabelledSentence:
    return row.model_copy(update={"sentence": tidy_sentence(row.sentence) or row.sentence})


def cluster_of(row: UnlabelledSentence) -> str:
    """What a row stands and falls with: its question, or else the text that its id counts the sentences of."""
    return row.question or row.id.rpartition("-")[0] or row.id


def _kind(row: LabelledSentence) -> str:
    said = f" {' '.join(words(row.sentence.casefold()))} "
    is_copy = any(said in f" {' '.join(words(text.casefold()))} " for text in row.passages)
    return f"{row.label}, word for word" if is_copy else row.label
