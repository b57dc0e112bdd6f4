from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows import voices
from flows.personas import SAMPLE, SHIPPED
from flows.voices import VoiceUse, _use_of, contrast_folder, contrast_note, voice_of
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import CorpusError, IntegrityError
from twin_data.scoring.voice import PROFILE_FILE, VoiceConfig, VoiceText
from twin_data.store.tables import FeatureStore


def test_a_family_serves_one_use_only_and_both_uses_get_about_half() -> None:
    uses = [_use_of(f"family-{at}") for at in range(400)]
    assert uses == [_use_of(f"family-{at}") for at in range(400)]
    assert 150 < uses.count(VoiceUse.GATE) < 250


def test_the_personas_own_contrast_comes_before_the_shipped_one(tmp_path: Path) -> None:
    home = TwinHome(tmp_path)
    assert contrast_folder(home, "ada") == SHIPPED / "contrast"
    own = home.persona_folder("ada") / "contrast"
    own.mkdir(parents=True)
    assert contrast_folder(home, "ada") == own


def test_the_shipped_contrast_authors_are_said_to_be_of_another_genre_but_for_the_sample(tmp_path: Path) -> None:
    home, authors = TwinHome(tmp_path), ["assistant", "brody-tannenholt"]
    told = contrast_note(home, "ada", authors)
    assert told.startswith("measured against assistant, brody-tannenholt, the shipped contrast authors, who are not of")
    assert "flattered" in told and "personas/ada/contrast/" in told
    assert contrast_note(home, SAMPLE, authors) == "measured against assistant, brody-tannenholt"
    (home.persona_folder("ada") / "contrast").mkdir(parents=True)
    many = [f"author-{at}" for at in range(14)]
    assert contrast_note(home, "ada", many).endswith("author-11 and 2 more")


@pytest.mark.parametrize("use", VoiceUse)
def test_only_the_voice_that_is_asked_for_is_fitted(
    tmp_path: Path, use: VoiceUse, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, families = TwinHome(tmp_path), [f"family-{at}" for at in range(20)]
    passages = [{"start": 0, "end": 5, "role": "own", "style": "paragraph"}]
    rows = [{"family": one, "split": "train", "text": "Words", "passages": passages} for one in families]
    FeatureStore.of(home.features, "ada").write("documents", pl.DataFrame(rows))
    fitted: list[list[str]] = []

    def refuse(texts: Sequence[VoiceText], *_: Any, **__: Any) -> None:
        fitted.append([one.group for one in texts])
        raise CorpusError("too few words", next_step="write more")

    monkeypatch.setattr(voices, "fit_voice", refuse)
    with pytest.raises(CorpusError):
        voice_of(home, "ada", use, VoiceConfig())
    assert fitted == [[one for one in families if _use_of(one) is use]]


def test_a_training_s_voice_is_of_the_documents_that_are_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest may be others by then."""
    passages = [{"start": 0, "end": 5, "role": "own", "style": "paragraph"}]
    rows = [{"family": f"f{at}", "split": "train", "text": "Words", "passages": passages} for at in range(20)]
    fitted: list[str] = []

    def refuse(texts: Sequence[VoiceText], *_: Any, **__: Any) -> None:
        fitted.extend(one.group for one in texts)
        raise CorpusError("too few words", next_step="write more")

    monkeypatch.setattr(voices, "fit_voice", refuse)
    with pytest.raises(CorpusError):
        voice_of(TwinHome(tmp_path), "ada", VoiceUse.FILTERING, VoiceConfig(), pl.DataFrame(rows))
    assert fitted == [one["family"] for one in rows if _use_of(str(one["family"])) is VoiceUse.FILTERING]


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[VoiceUse]:
    """Stands for the fit: what was learned, in turn."""
    fits: list[VoiceUse] = []

    class Profile:
        auc = 0.9

        def to_json(self) -> str:
            return "whole"

        @staticmethod
        def load(folder: Path) -> Profile:
            if (folder / PROFILE_FILE).read_text() != "whole":
                raise IntegrityError("no voice profile", next_step="delete it")
            return Profile()

    def fit(*_: Any, **__: Any) -> Profile:
        fits.append(VoiceUse.GATE)
        time.sleep(0.05)  # another flow asks meanwhile
        return Profile()

    monkeypatch.setattr(voices, "fit_voice", fit)
    monkeypatch.setattr(voices, "VoiceProfile", Profile)
    return fits


ONE = pl.DataFrame(
    [
        {
            "family": "f", "split": "train", "text": "Words",
            "passages": [{"start": 0, "end": 5, "role": "own", "style": "paragraph"}],
        }
    ]
)  # fmt: skip


def test_two_flows_that_want_a_voice_at_once_learn_it_once(tmp_path: Path, learned: list[VoiceUse]) -> None:
    def ask() -> None:
        voice_of(TwinHome(tmp_path), "ada", VoiceUse.GATE, VoiceConfig(), ONE)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(learned) == 1


def test_a_damaged_profile_is_learned_anew(tmp_path: Path, learned: list[VoiceUse]) -> None:
    home = TwinHome(tmp_path)
    voice_of(home, "ada", VoiceUse.GATE, VoiceConfig(), ONE)
    (kept,) = (home.voices / "ada").glob(f"*/{PROFILE_FILE}")
    kept.write_text("half of i")
    voice_of(home, "ada", VoiceUse.GATE, VoiceConfig(), ONE)
    assert len(learned) == 2 and kept.read_text() == "whole"
    voice_of(home, "ada", VoiceUse.GATE, VoiceConfig(), ONE)
    assert len(learned) == 2
