"""Of which texts a persona's pet phrases are made, and what they are set against."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.pet_phrases import pet_phrases_of
from twin_data.configuration.home import TwinHome
from twin_data.contracts.documents import CorpusDocument, Split
from twin_data.contracts.errors import SourceError

from .test_exam_questions import document

PLAIN = "The river runs to the sea, and we went out to the gate in the rain."
HABIT = "Mind you the rain was in the river."
QUOTED = "“Out to sea in the rain we went.”"


def written(split: Split, *, families: int = 6, text: str = f"{PLAIN} {HABIT} {QUOTED}") -> list[CorpusDocument]:
    found = [document(text, f"{split}/{at}.md") for at in range(families)]
    return [one.model_copy(update={"split": split}) for one in found]


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    made = TwinHome(tmp_path)
    for author in ("ann", "bea"):
        folder = made.persona_folder("ada") / "contrast" / author
        folder.mkdir(parents=True)
        (folder / "a.md").write_text(f"{PLAIN} Mind you, the sea was out. " * 20, "utf-8")
    return made


def found(home: TwinHome, documents: list[CorpusDocument]) -> set[str]:
    return {" ".join(run) for run in pet_phrases_of(home, "ada", documents).runs}


def test_they_are_of_the_own_words_that_may_be_trained_on(home: TwinHome) -> None:
    phrases = found(home, written(Split.TRAIN))
    assert "the rain was" in phrases
    assert "mind you the" not in phrases and "out to the gate" not in phrases, "the contrast authors say it as well"
    assert "rain we went" not in phrases, "a quotation"
    assert found(home, written(Split.TEST)) == set(), "held out"


def test_copies_of_one_document_are_one(home: TwinHome) -> None:
    copies = [one.model_copy(update={"family": "one"}) for one in written(Split.TRAIN)]
    assert found(home, copies) == set()


def test_without_contrast_texts_the_reason_is_an_error(home: TwinHome) -> None:
    for author in ("ann", "bea"):
        (home.persona_folder("ada") / "contrast" / author / "a.md").unlink()
    with pytest.raises(SourceError, match="holds no texts of other authors"):
        pet_phrases_of(home, "ada", written(Split.TRAIN))
