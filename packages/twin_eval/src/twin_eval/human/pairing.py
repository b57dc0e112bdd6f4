"""The blind page: two bundles' answers to the same questions side by side, without a trace of whose they are."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_data.contracts.digests import digest_text
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.contracts.labels import BlindKey, BlindPair, Choice
from twin_eval.answering import ANSWERS_FILE
from twin_eval.answering import stored_answers as stored_records
from twin_eval.folding import fold_white_space
from twin_eval.human.machine import SCORED_FILE, stored_answers
from twin_eval.human.page_items import in_order
from twin_eval.prose import without_markers, without_sources
from twin_eval.questions import question_digest
from twin_eval.records import Answer, AnswerRecord
from twin_eval.scorers import cluster_of
from twin_eval.templating import template

CHOICES = tuple((one.value, one.value.replace("_", " ")) for one in Choice)


@dataclass(frozen=True)
class Compared:
    """A question and what each of the two bundles shows to it."""

    question: str
    cluster: str
    first: str
    second: str


@dataclass(frozen=True)
class Common:
    """The questions that both bundles answered."""

    pairs: tuple[Compared, ...]
    alike: int
    """Questions to which both show the same text: there is nothing to prefer."""


@dataclass(frozen=True)
class PairBlock:
    """A pair as the page shows it."""

    item: str
    question: str
    left: str
    right: str


@dataclass(frozen=True)
class BlindPage:
    """The page, and the key that it must not hold."""

    html: str
    key: BlindKey


def bundle_records(persona_folder: Path, bundle: str) -> dict[str, AnswerRecord]:
    """The newest answer of a bundle to each question, by the question's digest."""
    # Any question set's folder will do: the answers of all sets beside each other are read.
    records = stored_records(persona_folder / bundle / "any" / ANSWERS_FILE).values()
    return {one.question_digest: one for one in sorted(records, key=lambda record: record.asked_at)}


@dataclass(frozen=True)
class KnownQuestion:
    """What pairs need of a question."""

    text: str
    cluster: str
    """The source document that it rests on."""


def known_questions(persona_folder: Path, more: Iterable[HeldOutQuestion] = ()) -> dict[str, KnownQuestion]:
    """Every question that some bundle was judged on, and those given, by digest."""
    bundles = {path.parent.parent.name for path in persona_folder.glob(f"*/*/{SCORED_FILE}")}
    judged = ((one.question, one.cluster) for one in stored_answers(persona_folder, bundles))
    given = ((one, cluster_of(one)) for one in more)
    return {question_digest(one): KnownQuestion(one.question, cluster) for one, cluster in (*given, *judged)}


def common_answers(
    questions: Mapping[str, KnownQuestion], first: Mapping[str, AnswerRecord], second: Mapping[str, AnswerRecord]
) -> Common:
    """What both answered, as readers of the blind page see it."""
    pairs, alike = [], 0
    for digest in sorted(questions.keys() & first.keys() & second.keys()):
        texts = [bare(record.answer) for record in (first[digest], second[digest]) if record.answer]
        if len(texts) < 2:
            continue
        if fold_white_space(texts[0]) == fold_white_space(texts[1]):
            alike += 1
            continue
        question = questions[digest]
        pairs.append(Compared(question.text, question.cluster, *texts))
    return Common(tuple(pairs), alike)


def bare(answer: Answer) -> str:
    """An answer without markers and list of sources, which only a bundle with retrieval has."""
    return without_markers(without_sources(answer.content, {one.n for one in answer.twin.citations})).strip()


def render_blind(pairs: Sequence[Compared], *, persona: str, first: str, second: str, rng: random.Random) -> BlindPage:
    """The page of some pairs and its key. Each bundle stands on the left as often as on the right, give or take one.

    Args:
        pairs: At least one.
        persona: Whose.
        first: The bundle of the pairs' first answers.
        second: That of their second ones.
        rng: Draws names, order and sides; nothing of its state may get into the page.
    """
    page = f"{rng.getrandbits(64):016x}"
    shuffled = list(pairs)
    rng.shuffle(shuffled)
    sides = [at % 2 == 0 for at in range(len(shuffled))]
    rng.shuffle(sides)
    blocks, behind = [], {}
    for one, is_first_left in zip(shuffled, sides, strict=True):
        name = f"{rng.getrandbits(64):016x}"
        left, right = (one.first, one.second) if is_first_left else (one.second, one.first)
        blocks.append(PairBlock(name, one.question, left, right))
        behind[name] = BlindPair(
            question=one.question,
            cluster=one.cluster,
            is_first_left=is_first_left,
            first_answer=digest_text(one.first),
            second_answer=digest_text(one.second),
        )
    setup: dict[str, Any] = {
        "page": page,
        "persona": persona,
        "file": f"choices-{persona}-{page}.jsonl",
        "items": in_order({block.item: {"kind": "choice", "page": page, "pair": block.item} for block in blocks}),
    }
    html = template("blind.html.j2").render(persona=persona, blocks=blocks, choices_given=CHOICES, setup=setup)
    return BlindPage(html, BlindKey(page=page, persona=persona, first=first, second=second, pairs=behind))
