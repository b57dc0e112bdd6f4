"""Room on the GPUs for a training, beside the platform's own vLLM."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.platform import supervisor
from flows.training_room import room_for_training, what_makes_room
from twin_data.configuration.home import TwinHome
from twin_train.configuration import LaunchSettings

GPU, CPU = LaunchSettings(processes=1, zero_stage=0, device="gpu"), LaunchSettings()


class Platform:
    """Stands for the supervisor: one vLLM, which runs."""

    def __init__(self) -> None:
        self.runs = True
        self.is_aside = False
        self.did: list[str] = []

    def is_running(self, home: TwinHome, name: str) -> bool:
        assert name == "llm"
        return self.runs

    def set_aside(self, home: TwinHome, service: object, **_: object) -> bool:
        was, self.runs = self.runs, False
        self.is_aside |= was
        self.did.append("stop")
        return was

    def bring_back(self, home: TwinHome, service: object, *, wait: bool, **_: object) -> None:
        if self.is_aside:
            self.is_aside, self.runs = False, True
            self.did.append("start and wait" if wait else "start")


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    fake = Platform()
    for name in ("is_running", "set_aside", "bring_back"):
        monkeypatch.setattr(supervisor, name, getattr(fake, name))
    monkeypatch.setenv("TWIN_LLM_DEVICE", "gpu")
    return fake


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    return TwinHome(tmp_path)


def test_vllm_on_the_gpus_makes_room_and_runs_again_before_anything_goes_on(platform: Platform, home: TwinHome) -> None:
    assert what_makes_room(home, GPU) == "the platform's vLLM"
    with room_for_training(home, GPU, True):
        assert platform.did == ["stop"]
        assert what_makes_room(home, GPU) == ""
    assert platform.did == ["stop", "start and wait"]


def test_after_an_error_it_is_started_and_not_waited_for(platform: Platform, home: TwinHome) -> None:
    with pytest.raises(KeyboardInterrupt), room_for_training(home, GPU, True):
        raise KeyboardInterrupt
    assert platform.did == ["stop", "start"]


def test_one_that_a_killed_training_had_stopped_runs_again_after_the_next(platform: Platform, home: TwinHome) -> None:
    platform.runs, platform.is_aside = False, True
    with room_for_training(home, GPU, False):
        assert platform.did == []
    assert platform.did == ["start and wait"]


def test_with_room_for_both_the_twins_go_on_answering(platform: Platform, home: TwinHome) -> None:
    with room_for_training(home, GPU, False):
        assert platform.did == []
    assert platform.did == []


@pytest.mark.parametrize(("device", "launch"), [("gpu", CPU), ("cpu", GPU)])
def test_one_on_other_hardware_is_left_alone(
    platform: Platform, home: TwinHome, monkeypatch: pytest.MonkeyPatch, device: str, launch: LaunchSettings
) -> None:
    monkeypatch.setenv("TWIN_LLM_DEVICE", device)
    assert what_makes_room(home, launch) == ""
    with room_for_training(home, launch, True):
        assert platform.runs
    assert platform.did == []
