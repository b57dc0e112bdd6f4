from __future__ import annotations

from collections.abc import Callable

import pytest

from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import (
    BLOCK_SEPARATOR,
    BlockStyle,
    CorpusDocument,
    DocumentKind,
    Passage,
    Role,
    Split,
    block_spans,
)

Write = Callable[..., CorpusDocument]


def written(
    *paragraphs: str, name: str = "blog/gates.md", title: str = "On Gates", split: Split = Split.TEST
) -> CorpusDocument:
    """A document of the persona's own paragraphs."""
    text = BLOCK_SEPARATOR.join(paragraphs)
    passages = tuple(
        Passage(start=span.start, end=span.end, role=Role.OWN, style=BlockStyle.PARAGRAPH)
        for span in block_spans(list(paragraphs))
    )
    return CorpusDocument(
        document_id=name, source="blog", kind=DocumentKind.ARTICLE, title=title, date=None, url=None, text=text,
        digest=digest_text(text), passages=passages, family=name, split=split,
    )  # fmt: skip


@pytest.fixture(scope="session")
def write() -> Write:
    return written


@pytest.fixture
def archive() -> tuple[CorpusDocument, ...]:
    """A held-out document and two that are trained on."""
    return (
        written(
            "The tidal gate is the oldest machine in the harbour. Mr. Healy said that the keeper was a patient man.",
            "The harbour gauge was built by an uncle of mine in 1888. There are fourteen gates on the whole river.",
            "The lower gate is slow because the counterweight lost two hundred kilos of lead. I walked to the mill alone.",
        ),
        written(
            "The river is a slow animal with a long memory. A rehearsal is one day squeezed into fifty minutes.",
            "My objection to the network is that nobody can inspect the weights of it.",
            name="blog/river.md", title="The River", split=Split.TRAIN,
        ),
        written(
            "The kettle is the only instrument that never drifts. The old winch was painted green in 1934.",
            name="blog/kettle.md", title="One Kettle", split=Split.TRAIN,
        ),
    )  # fmt: skip
