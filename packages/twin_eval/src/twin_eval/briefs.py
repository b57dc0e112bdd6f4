"""Writing briefs: what the twin is asked to write, so that its voice can be heard at length.

Made from documents that were held out before anything was generated, so that no brief asks for a text that was trained
on. The twin never sees the document, only its title and the words that set it apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.documents import CorpusDocument, DocumentKind, Split
from twin_data.scoring.sentences import words
from twin_data.scoring.voice import segments_of
from twin_data.scoring.weights import TermWeights, term_weights
from twin_eval.self_check import telling_words

MAX_BRIEFS = 16
PART_WORDS = 1_000
"""A longer document is taken for several things to write about."""
MIN_DOCUMENT_WORDS = 60
"""Shorter documents, such as a one-line chat message, give nothing to write about."""
_FORMS = {
    DocumentKind.ARTICLE: "an article",
    DocumentKind.TRANSCRIPT: "the opening of a talk",
    DocumentKind.REVIEW: "a review comment",
    DocumentKind.CHAT: "a message to a colleague",
    DocumentKind.MAIL: "a reply by mail",
    DocumentKind.POST: "a short post",
}


class Brief(Contract):
    """One text to be written."""

    id: str
    document_id: str
    """The held-out document that it was made from."""
    text: str

    @property
    def question(self) -> str:
        """What is sent to the twin."""
        return self.text


def writing_briefs(documents: Iterable[CorpusDocument], *, limit: int = MAX_BRIEFS) -> tuple[Brief, ...]:
    """Up to `limit` briefs from the held-out documents, always the same for the same documents.

    Kinds take turns, so that a few long articles do not crowd out reviews and mails, and within a kind documents, in
    the order of their digests; where there are few, long ones give a brief on each of their parts. None if nothing
    suitable was held out.
    """
    held = sorted(documents, key=lambda one: digest_text(one.document_id))
    weights = term_weights(one.text for one in held)
    of_kind: dict[DocumentKind, list[list[Brief]]] = {}
    for document in held:
        if document.split is Split.TEST and (briefs := _briefs(document, weights)):
            of_kind.setdefault(document.kind, []).append(briefs)
    columns = [_in_turn(of_kind[kind]) for kind in DocumentKind if kind in of_kind]
    distinct = {brief.id: brief for brief in _in_turn(columns)}
    return tuple(distinct.values())[:limit]


def _in_turn(columns: Iterable[Sequence[Brief]]) -> list[Brief]:
    """The first of each, then the second of each, and so on."""
    return [brief for row in zip_longest(*columns) for brief in row if brief is not None]


def _briefs(document: CorpusDocument, weights: TermWeights) -> list[Brief]:
    """A brief on each part of a document."""
    length = len(words(document.text))
    if length < MIN_DOCUMENT_WORDS or not document.title.strip():
        return []
    texts = segments_of([document.text], PART_WORDS) if length >= 2 * PART_WORDS else [document.text]
    chosen = (telling_words(_Part(document.document_id, document.title, text), weights) for text in texts)
    return [_brief(document, telling) for telling in chosen if telling]


@dataclass(frozen=True)
class _Part:
    document_id: str
    title: str
    text: str


def _brief(document: CorpusDocument, telling: tuple[str, ...]) -> Brief:
    listed = telling[0] if len(telling) == 1 else f"{', '.join(telling[:-1])} and {telling[-1]}"
    text = f"Write {_FORMS[document.kind]} on “{document.title.strip()}”. Touch on {listed}."
    return Brief(id=f"brief-{short(digest_text(text))}", document_id=document.document_id, text=text)
