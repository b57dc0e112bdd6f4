"""Rows in the making: a question or brief, the persona's words that answer it, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from twin_data.contracts.base import Span
from twin_data.contracts.datasets import DroppedRow, ResponseSource, SourceSpan, TaskKind
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import BLOCK_SEPARATOR, BlockStyle, Chunk, CorpusDocument, Passage, Role, Split
from twin_data.generate.adapt import MINOR_RULES, Adapted, adaptations, is_verbatim, joined
from twin_data.generate.asking import Asked, Questioner, shown_title
from twin_data.generate.briefs import briefs
from twin_data.generate.clauses import has_loose_object, leans_back, loose_person
from twin_data.generate.material import Material, source_span
from twin_data.generate.phrases import PhraseFinder, key_phrases
from twin_data.generate.prose import is_english, reads_well
from twin_data.scoring.sentences import content_stems, sentence_spans, words
from twin_data.scoring.support import EvidenceText

MIN_SUPPORT = 0.6
"""Serving's bar for a sentence of the twin's own."""
NOT_ENGLISH = "not_english"
"""Why a stretch is no candidate: the questions, the briefs and the rules of what reads well are English."""


@dataclass(frozen=True)
class Candidate:
    """What may become a row.

    Attributes:
        unit: Names the stretch it is made of; one row a unit and task.
        asked: The wordings to choose from; briefs of a text to be written among them.
        chunk: Index of the chunk that answers, or -1 for a text to be written.
    """

    unit: str
    task: TaskKind
    asked: tuple[Asked, ...]
    response: str
    response_source: ResponseSource
    spans: tuple[SourceSpan, ...]
    chunk: int
    family: str
    source: str
    refusal: str = ""
    """The refusal that a question which is to be declined calls for."""
    answer: str = ""
    """What a question that is to be declined would have been answered with."""
    rank: int = 0
    """Of two responses of one unit the one of the lower rank is taken first."""


@dataclass(frozen=True)
class _Sentence:
    text: str
    span: Span  # in the document


def answer_candidates(
    material: Material, questioner: Questioner, *, max_words: int, max_chunks: int, seed: int
) -> Iterator[Candidate | DroppedRow]:
    """For each sentence of the persona's own in a trainable chunk, its questions and every response that holds.

    Args:
        material: The features.
        questioner: Words the questions.
        max_words: Longest response.
        max_chunks: How many chunks are looked at; of more, an even choice.
        seed: Makes that choice.
    """
    seen: set[tuple[str, int]] = set()
    for at in _some(material, max_chunks, seed):
        chunk = material.chunks[at]
        for run in _own_sentences(chunk):
            for first, sentence in enumerate(run):
                if (chunk.document_id, sentence.span.start) in seen:
                    continue  # neighbouring chunks may repeat a sentence
                seen.add((chunk.document_id, sentence.span.start))
                yield from _of_sentence(material, questioner, at, run[first : first + 2], max_words)


def _some(material: Material, most: int, seed: int) -> list[int]:
    ranked = sorted(material.trainable, key=lambda at: digest_text(f"{seed}:{material.chunks[at].chunk_id}"))
    chosen = set(ranked[:most])
    return [at for at in material.trainable if at in chosen]


@lru_cache(maxsize=256)
def own_evidence(chunk: Chunk) -> EvidenceText:
    """The persona's own words in a chunk, ready for checking claims."""
    own = [Span(start=one.start - chunk.start, end=one.end - chunk.start) for one in chunk.own]
    return EvidenceText(chunk.text, own)


def _own_sentences(chunk: Chunk) -> Iterator[list[_Sentence]]:
    for own in chunk.own:
        text = chunk.text[own.start - chunk.start : own.end - chunk.start]
        yield [
            _Sentence(one.of(text), Span(start=one.start + own.start, end=one.end + own.start))
            for one in sentence_spans(text)
        ]


def _of_sentence(
    material: Material, questioner: Questioner, at: int, run: list[_Sentence], max_words: int
) -> Iterator[Candidate | DroppedRow]:
    chunk, first = material.chunks[at], run[0]
    unit = f"{chunk.chunk_id}:{first.span.start}"
    if not (is_english(first.text) and is_english(chunk.text)):
        yield dropped("select_spans", NOT_ENGLISH, unit, first.text)
        return
    asked = questioner.questions(first.text, chunk, turn=int(digest_text(unit)[:8], 16))
    if not asked:
        yield dropped("write_instructions", "nothing_to_ask_about", unit, first.text)
        return
    responses = _responses(chunk, material, run)
    fitting = [one for one in responses if len(words(one[0])) <= max_words and is_english(one[0])]
    found = False
    for text, source, end, rank in fitting:
        stems = set(content_stems(text))
        held = tuple(
            one for one in asked if set(content_stems(" ".join(one.phrases))) <= stems and _asks_more_than(one, text)
        )
        if held:
            found = True
            spans = (source_span(chunk, first.span.start, end),)
            yield Candidate(unit, TaskKind.ANSWER, held, text, source, spans, at, chunk.family, chunk.source, rank=rank)
    if not found:
        reason = "no_response_stands_alone" if not fitting else "response_lacks_the_subject"
        yield dropped("answer", reason, unit, first.text)


def _asks_more_than(asked: Asked, response: str) -> bool:
    """Whether the response says something that the question does not say already."""
    told = set(content_stems(response)) - set(content_stems(asked.text))
    return len(told) >= 2


def _responses(chunk: Chunk, material: Material, run: list[_Sentence]) -> list[tuple[str, ResponseSource, int, int]]:
    """Adapted sentences that hold by serving's check, then the sentence itself if it stands alone."""
    first = run[0]
    adapted: list[tuple[Adapted, int]] = [(one, first.span.end) for one in adaptations(first.text)]
    if len(run) > 1:
        adapted += [(one, run[1].span.end) for one in joined(first.text, run[1].text)]
    found = [
        (one.text, ResponseSource.ADAPTED, end, 1 if set(one.rules) <= MINOR_RULES else 0)
        for one, end in adapted
        if stands_alone(one.text) and not is_verbatim(one.text, chunk.text) and holds(one.text, chunk, material)
    ]
    if stands_alone(first.text):
        found.append((first.text, ResponseSource.OWN, first.span.end, 2))
    return found


def holds(text: str, chunk: Chunk, material: Material) -> bool:
    """Whether serving would ship every sentence of a text, were this chunk among its passages."""
    evidence = own_evidence(chunk)
    checks = [evidence.support(span.of(text), material.weights.weight) for span in sentence_spans(text)]
    return all(check is not None and check.score >= MIN_SUPPORT for check in checks)


def stands_alone(text: str) -> bool:
    """Whether a response is whole, and points at nothing outside itself."""
    return reads_well(text) and not leans_back(text) and not loose_person(text) and not has_loose_object(text)


def write_candidates(
    material: Material, finder: PhraseFinder, *, min_words: int, min_short_words: int, max_words: int
) -> Iterator[Candidate | DroppedRow]:
    """Whole paragraphs of the persona's own, with briefs that could have called for them."""
    for document in sorted(material.documents, key=lambda one: one.document_id):
        if document.split is not Split.TRAIN:
            continue
        fewest = min_short_words if document.kind.is_short_form else min_words
        for stretch in _stretches(document, fewest, max_words):
            yield _written(material, finder, document, stretch)


def _stretches(document: CorpusDocument, fewest: int, most: int) -> Iterator[list[Span]]:
    """Runs of neighbouring own paragraphs of a fit length; headings and others' words end a run.

    A paragraph that is too long by itself gives runs of its sentences.
    """
    held: list[Span] = []
    for passage in document.passages:
        own = passage.role is Role.OWN and passage.style in {BlockStyle.PARAGRAPH, BlockStyle.TURN}
        if own and _count([*held, passage], document) <= most:
            held.append(passage)
            continue
        if held and _count(held, document) >= fewest:
            yield held
        held = [passage] if own and _count([passage], document) <= most else []
        if own and not held:
            yield from _sentence_runs(document, passage, fewest, most)
    if held and _count(held, document) >= fewest:
        yield held


def _sentence_runs(document: CorpusDocument, passage: Passage, fewest: int, most: int) -> Iterator[list[Span]]:
    first: int | None = None
    end = 0
    for one in [*sentence_spans(passage.of(document.text)), None]:
        reach = passage.start + one.end if one else 0
        if one and first is not None and _count([Span(start=first, end=reach)], document) <= most:
            end = reach
            continue
        if first is not None and _count([run := Span(start=first, end=end)], document) >= fewest:
            yield [run]
        first, end = (passage.start + one.start, reach) if one else (None, 0)


def _count(spans: Sequence[Span], document: CorpusDocument) -> int:
    return sum(len(words(one.of(document.text))) for one in spans)


def _written(
    material: Material, finder: PhraseFinder, document: CorpusDocument, stretch: list[Span]
) -> Candidate | DroppedRow:
    text = BLOCK_SEPARATOR.join(one.of(document.text) for one in stretch)
    unit = f"{document.document_id}:{stretch[0].start}"
    spans = tuple(source_span(document, one.start, one.end) for one in stretch)
    if any(material.is_excluded(span) for span in spans):
        return dropped("select_spans", "shares_words_with_the_test_set", unit, text)
    if not _is_in_english(text):
        return dropped("select_spans", NOT_ENGLISH, unit, text)
    if _answers_somebody(text, document, stretch[0].start):
        return dropped("select_spans", "answers_somebody", unit, text)
    if leans_back(text) or _is_marked_up(text):
        return dropped("select_spans", "does_not_stand_alone", unit, text)
    phrases = key_phrases(text, finder, 3)
    if not phrases:
        return dropped("write_instructions", "nothing_to_ask_about", unit, text)
    ranked = sorted(phrases, key=lambda one: (-one.weight, one.bare))
    turn = int(digest_text(unit)[:8], 16)
    asked = tuple(
        Asked(one.template, one.text, True, one.phrases)
        for one in briefs(document.kind, shown_title(document.kind, document.title), ranked, turn)
    )
    return Candidate(unit, TaskKind.WRITE, asked, text, ResponseSource.OWN, spans, -1, document.family, document.source)


_AUXILIARY = (
    r"(?:do|does|did|is|are|am|was|were|have|has|had|can|could|will|would|should|must|may|might)(?: not|n['’]t)?"
)
_ASKED_BEFORE = regex.compile(
    rf"(?i)(?:yes|no|nope|yep|yeah)[.,;:!—–]|(?:I|we|you|he|she|it|they|there|that) {_AUXILIARY}[.;!]"
)
_ASKED_ABOVE = regex.compile(
    rf"(?i)(?:it|they|there|that|he|she|this|these) {_AUXILIARY}\b|"
    r"(?:I|we) (?:do|did|have|had|can|could|will|would|should|am|are|was|were)(?: not|n['’]t)\b|"
    rf"(?:I|we) {_AUXILIARY},|"
    r"(?:not (?:really|at all|yet|quite)|of course|certainly|agreed|indeed|exactly|sure|true|right|thanks|thank you|"
    r"both|neither|because)\b"
)


def _answers_somebody(text: str, document: CorpusDocument, start: int) -> bool:
    """Whether a stretch opens with an answer to a question; of another's words above it much more is one.

    `No. I do not bed ridges in December.` was not written about ridges, but to somebody who had asked.
    """
    if _ASKED_BEFORE.match(text):
        return True
    above = [one for one in document.passages if one.end <= start][-1:]
    return any(one.role is not Role.OWN for one in above) and bool(_ASKED_ABOVE.match(text))


def _is_in_english(text: str) -> bool:
    """Whether a stretch is English as a whole and in three sentences of four: the other language may take turns."""
    told = [is_english(one.of(text)) for one in sentence_spans(text)]
    return is_english(text) and 4 * told.count(False) <= len(told)


def _is_marked_up(text: str) -> bool:
    return any(mark in text for mark in ("```", "http://", "https://", "[name]", "[email]", "[secret]", "[phone]"))


def dropped(stage: str, reason: str, row_id: str, text: str) -> DroppedRow:
    """The record of what did not become a row."""
    return DroppedRow(stage=stage, reason=reason, row_id=row_id, text=text[:200])
