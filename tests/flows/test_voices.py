from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows import voices
from flows.personas import SHIPPED
from flows.voices import VoiceUse, _use_of, contrast_folder, voice_of
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import CorpusError
from twin_data.scoring.voice import VoiceConfig, VoiceText
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
