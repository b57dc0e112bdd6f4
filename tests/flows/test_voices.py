from __future__ import annotations

from pathlib import Path

from flows.personas import SHIPPED
from flows.voices import VoiceUse, _use_of, contrast_folder
from twin_data.configuration.home import TwinHome


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
