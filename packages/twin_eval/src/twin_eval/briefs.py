"""Writing briefs: what the twin is asked to write, so that its voice can be heard at length.

Made from documents that were held out before anything was generated, so that no brief asks for a text that was trained
on. The twin never sees the document, only its title and the words that set it apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.documents import CorpusDocument, DocumentKind, Split
from twin_data.scoring.sentences import words
from twin_data.scoring.weights import term_weights
from twin_eval.self_check import telling_words

MAX_BRIEFS = 12
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

    Kinds take turns, so that a few long articles do not crowd out reviews and mails; within a kind the order is by
    digest. None if nothing suitable was held out.
    """
    held = sorted(documents, key=lambda one: one.document_id)
    weights = term_weights(one.text for one in held)
    by_kind: dict[DocumentKind, list[Brief]] = {}
    for document in sorted(held, key=lambda one: digest_text(one.document_id)):
        if document.split is not Split.TEST or len(words(document.text)) < MIN_DOCUMENT_WORDS:
            continue
        telling = telling_words(document, weights)
        if document.title.strip() and telling:
            by_kind.setdefault(document.kind, []).append(_brief(document, telling))
    columns = [by_kind[kind] for kind in DocumentKind if kind in by_kind]
    in_turn = [one for row in zip_longest(*columns) for one in row if one is not None]
    return tuple(in_turn[:limit])


def _brief(document: CorpusDocument, telling: tuple[str, ...]) -> Brief:
    listed = telling[0] if len(telling) == 1 else f"{', '.join(telling[:-1])} and {telling[-1]}"
    text = f"Write {_FORMS[document.kind]} on “{document.title.strip()}”. Touch on {listed}."
    return Brief(id=f"brief-{short(digest_text(text))}", document_id=document.document_id, text=text)
