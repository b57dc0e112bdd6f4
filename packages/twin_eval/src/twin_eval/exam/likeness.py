"""Whether two questions ask the same: to the letter, nearly, or in all but form."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import polars as pl

from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import CleanDocument
from twin_data.generate.material import SAME_QUESTION_SHARE
from twin_data.scoring.sentences import content_stems
from twin_data.store.schemas import schema_of
from twin_data.transform import dedupe
from twin_data.transform.dedupe import DedupeConfig

NEAR = DedupeConfig(shingle_words=2, near_duplicate=0.5, max_shingle_documents=5_000)
"""Questions are short, so pairs of words; half of them in common makes two questions one."""
_FEWEST_STEMS = 3


def without_duplicates(questions: Mapping[str, str]) -> frozenset[str]:
    """The ids that are left when of exact and near duplicates one is kept.

    Their words of meaning are compared: questions of one template would all be alike by the words that it gives them.

    Args:
        questions: Wording by id.
    """
    if not questions:
        return frozenset()
    texts = [" ".join(content_stems(text)) for text in questions.values()]
    schema = schema_of(CleanDocument)
    rows = pl.DataFrame(
        {
            "document_id": list(questions), "text": texts, "digest": [digest_text(text) for text in texts],
            "url": None, "date": None, "thread": None, "series": None, "passages": [[]] * len(texts),
        },
        schema_overrides={name: schema[name] for name in ("url", "date", "thread", "series", "passages")},
    )  # fmt: skip
    return frozenset(dedupe.run(rows, config=NEAR).documents["document_id"])


class Known:
    """Questions that are there already, looked up by their stems."""

    def __init__(self, questions: Iterable[str]) -> None:
        """Take the wording of each."""
        self._stems: list[frozenset[str]] = []
        self._holders: dict[str, list[int]] = defaultdict(list)
        for question in questions:
            self.add(question)

    def add(self, question: str) -> None:
        """Know one more."""
        stems = frozenset(content_stems(question))
        for one in stems:
            self._holders[one].append(len(self._stems))
        self._stems.append(stems)

    def repeats(self, question: str) -> bool:
        """Whether the question asks what a known one asks, in all but form."""
        stems = frozenset(content_stems(question))
        shared = Counter(at for one in stems for at in self._holders.get(one, ()))
        fewest = min(len(stems), _FEWEST_STEMS)
        return any(
            count >= fewest and count >= SAME_QUESTION_SHARE * len(stems | self._stems[at])
            for at, count in shared.items()
        )
