"""Question sets made for a persona: generated of its corpus, and collected from what went wrong in production."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from flows.exam_files import corpus_digest, held_out_questions, written_questions
from flows.live_interactions import interaction_pages
from twin_data.configuration.home import TwinHome
from twin_data.contracts.api_headers import EVALUATION_FEATURE
from twin_data.contracts.datasets import Instruction
from twin_data.contracts.documents import CorpusDocument
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.exam import QuestionCandidate, QuestionsCertificate
from twin_data.generate.pipeline import INSTRUCTIONS
from twin_data.store.schemas import to_rows
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import DOCUMENTS
from twin_eval.exam.candidates import Failures, candidates
from twin_eval.exam.certificate import CertifyInputs, certify
from twin_eval.exam.files import (
    GENERATED_FILE,
    add_candidates,
    read_candidates,
    read_certificate,
    write_generated,
)
from twin_eval.exam.run import GENERATOR, ExamConfig, ExamInputs, run
from twin_serve.ledger.database import url_of

_LABELS = ("Question: ", "Brief: ")
"""What the templates of prompts set before the question, in its last line."""


def generate_questions(home: TwinHome, persona: str, config: ExamConfig) -> QuestionsCertificate:
    """Make, certify and write the generated set of a persona's newest features, in the place of the former one.

    Raises:
        CorpusError: There are no features yet, or nothing can be asked about them.
    """
    store = FeatureStore.of(home.features, persona)
    if not store.exists(DOCUMENTS):
        raise CorpusError(f"persona {persona!r} has no features yet", next_step=f"twin features {persona}")
    folder = home.persona_folder(persona)
    documents = to_rows(store.read(DOCUMENTS).select(list(CorpusDocument.model_fields)), CorpusDocument)
    instructions = _instructions(store)
    inputs = ExamInputs(
        documents=documents,
        own_questions=tuple(one.question for one in written_questions(home, persona)),
        instructions=tuple(_asked(one.prompt[-1].content) for one in instructions),
        trained_texts=tuple(_texts(instructions)),
    )
    made = run(inputs, config=config)
    certificate = certify(made, CertifyInputs(persona, corpus_digest(store), inputs, config))
    write_generated(folder, made.questions, certificate)
    return certificate


def renew_questions(home: TwinHome, persona: str) -> QuestionsCertificate | None:
    """Make the generated set again, as large as before, if there is one and corpus or rules have changed since."""
    folder = home.persona_folder(persona)
    former = read_certificate(folder)
    if former is None or not (folder / GENERATED_FILE).is_file():
        return None
    same_corpus = former.corpus_digest == corpus_digest(FeatureStore.of(home.features, persona))
    if same_corpus and former.generator == GENERATOR:
        return None
    return generate_questions(home, persona, ExamConfig(count=former.wanted, seed=former.seed))


def collect_failures(home: TwinHome, persona: str, days: int | None) -> Failures:
    """Add the failed questions of the last days to the persona's candidates.

    Args:
        home: With the ledger.
        persona: Whose.
        days: How many; None for all that the ledger holds.

    Raises:
        LedgerUnavailableError: The ledger cannot be read.
    """
    folder = home.persona_folder(persona)
    since = None if days is None else datetime.now(UTC) - timedelta(days=days)
    known = [one.question for one in held_out_questions(home, persona)]
    known += [one.question for one in read_candidates(folder)]
    found = asyncio.run(_failures(url_of(home), persona, since, known))
    if found.candidates:
        add_candidates(folder, found.candidates)
    return found


async def _failures(url: str, persona: str, since: datetime | None, known: list[str]) -> Failures:
    """Those of every page; what an evaluation asked is never one and may be most of the ledger."""
    found: list[QuestionCandidate] = []
    passed_over: Counter[str] = Counter()
    async with aclosing(interaction_pages(url, persona, since, without_feature=EVALUATION_FEATURE)) as pages:
        async for page in pages:
            of_page = candidates(page, known=[*known, *(one.question for one in found)])
            found += of_page.candidates
            passed_over += of_page.passed_over
    return Failures(tuple(found), passed_over)


def _instructions(store: FeatureStore) -> tuple[Instruction, ...]:
    return to_rows(store.read(INSTRUCTIONS), Instruction) if store.exists(INSTRUCTIONS) else ()


def _asked(prompt: str) -> str:
    """The question or brief of a prompt, without the passages before it."""
    last = prompt.rsplit("\n", 1)[-1]
    return next((last.removeprefix(label) for label in _LABELS if last.startswith(label)), last)


def _texts(instructions: tuple[Instruction, ...]) -> Iterator[str]:
    for one in instructions:
        yield from (one.prompt[-1].content, one.response)
