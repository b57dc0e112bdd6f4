"""A persona's pet phrases, found in what is trained on and set against its contrast authors."""

from __future__ import annotations

from collections.abc import Iterable

from flows.voices import contrast_folder
from twin_data.configuration.home import TwinHome
from twin_data.contracts.documents import CorpusDocument, Split
from twin_data.scoring.pet_phrases import PetPhraseConfig, PetPhrases, find_pet_phrases
from twin_data.sources.contrast import read_contrast
from twin_eval.bias import own_prose
from twin_eval.unquoted import unquoted


def pet_phrases_of(home: TwinHome, persona: str, documents: Iterable[CorpusDocument]) -> PetPhrases:
    """The phrases of a persona's documents, held-out ones and quotations left out.

    Raises:
        SourceError: There are no contrast texts.
    """
    own: dict[str, list[str]] = {}
    for one in documents:
        if one.split is Split.TRAIN:
            own.setdefault(one.family, []).append(unquoted(own_prose(one)))
    return find_pet_phrases(own, read_contrast(contrast_folder(home, persona)), config=PetPhraseConfig())
