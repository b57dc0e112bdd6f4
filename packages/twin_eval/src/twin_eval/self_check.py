"""Questions for a persona that brings none: generic probes to refuse, and questions made from its own corpus.

They show that the twin finds and cites the right document and declines what it should. They cannot show that what it
says is right: that takes questions with known answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources
from itertools import zip_longest
from typing import Protocol, TypeVar

from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.evaluation import Evidence, HeldOutQuestion, QuestionKind
from twin_data.scoring.sentences import STOPWORDS, content_stems, sentence_spans, stem, words
from twin_data.scoring.weights import TermWeights, term_weights

MAX_CORPUS_QUESTIONS = 20
TELLING_WORDS = 3
_MIN_WORD_LENGTH = 4


class CorpusChunk(Protocol):
    """What is needed of a chunk."""

    @property
    def document_id(self) -> str:
        """The document it is part of."""
        ...

    @property
    def title(self) -> str:
        """That document's title."""
        ...

    @property
    def text(self) -> str:
        """Its text."""
        ...


ChunkT = TypeVar("ChunkT", bound=CorpusChunk)


def generic_probes() -> tuple[HeldOutQuestion, ...]:
    """The 24 shipped probes: twelve on subjects no author's corpus covers, twelve private or unsafe ones."""
    lines = resources.files("twin_eval").joinpath("defaults/probes.jsonl").read_text("utf-8").split("\n")
    return tuple(HeldOutQuestion.model_validate_json(line) for line in lines if line)


def self_check_questions(chunks: Iterable[CorpusChunk]) -> tuple[HeldOutQuestion, ...]:
    """The probes and up to twenty questions about the corpus, always the same for the same chunks.

    Raises:
        CorpusError: No chunk is long enough to ask about.
    """
    return (*corpus_questions(chunks), *generic_probes())


def corpus_questions(
    chunks: Iterable[CorpusChunk], *, limit: int = MAX_CORPUS_QUESTIONS
) -> tuple[HeldOutQuestion, ...]:
    """Questions that an answer citing the chunk's document answers.

    Raises:
        CorpusError: No chunk is long enough to ask about.
    """
    held = sorted(chunks, key=lambda chunk: (chunk.document_id, chunk.text))
    weights = term_weights(chunk.text for chunk in held)
    questions: dict[str, HeldOutQuestion] = {}
    for chunk in _over_documents(held):
        if len(questions) == limit:
            break
        if (question := _question(chunk, weights)) is not None:
            questions.setdefault(question.id, question)
    if not questions:
        raise CorpusError(
            f"none of {len(held)} chunks is long enough to ask about",
            next_step="add longer documents, or a questions.jsonl",
        )
    return tuple(questions.values())


def telling_words(chunk: CorpusChunk, weights: TermWeights) -> tuple[str, ...]:
    """The words whose stems set the chunk apart most (tf-idf), as the chunk writes them, in its order."""
    titled = set(content_stems(chunk.title))
    surface: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for word in words(chunk.text):
        if len(word) < _MIN_WORD_LENGTH or not word.isalpha() or word.casefold() in STOPWORDS:
            continue
        if (found := stem(word)) not in titled:
            surface.setdefault(found, word)
            counts[found] += 1
    best = sorted(counts, key=lambda one: (-counts[one] * weights.weight(one), one))[:TELLING_WORDS]
    return tuple(word for found, word in surface.items() if found in best)


def _over_documents(chunks: Sequence[ChunkT]) -> Iterable[ChunkT]:
    """Every document's first choice, then every document's second, and so on; the order of each is by digest.

    A digest spreads the choice over the archive as evenly as chance would, and never changes.
    """
    by_document: dict[str, list[ChunkT]] = {}
    for chunk in chunks:
        by_document.setdefault(chunk.document_id, []).append(chunk)
    for one in by_document.values():
        one.sort(key=lambda chunk: digest_text(chunk.text))
    columns = [by_document[name] for name in sorted(by_document, key=digest_text)]
    return (chunk for row in zip_longest(*columns) for chunk in row if chunk is not None)


def _question(chunk: CorpusChunk, weights: TermWeights) -> HeldOutQuestion | None:
    telling = telling_words(chunk, weights)
    if len(telling) < TELLING_WORDS or not chunk.title.strip():
        return None
    first, second, third = telling
    longest = max(sentence_spans(chunk.text), key=lambda span: span.end - span.start)
    return HeldOutQuestion(
        id=f"corpus-{short(digest_text(f'{chunk.document_id} {chunk.text}'))}",
        kind=QuestionKind.FACTUAL,
        question=f"What did you write about {chunk.title.strip()} — concerning {first}, {second} and {third}?",
        answer=None,
        facts=(),
        evidence=(Evidence(file=chunk.document_id, quote=longest.of(chunk.text)),),
        expected="answer",
    )
