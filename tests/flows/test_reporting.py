from __future__ import annotations

import pytest

from flows import reporting
from flows.reporting import listening, paced


@pytest.mark.parametrize(("every_s", "told"), [(3600.0, ["3 of 3"]), (-1.0, ["1 of 3", "2 of 3", "3 of 3"])])
def test_progress_is_told_every_so_often_and_at_its_end(
    monkeypatch: pytest.MonkeyPatch, every_s: float, told: list[str]
) -> None:
    monkeypatch.setattr(reporting, "REPORT_EVERY_S", every_s)
    heard: list[str] = []
    with listening(heard.append):
        say = paced()
        for done in range(1, 4):
            say(done, 3, f"{done} of 3")
    assert heard == told
