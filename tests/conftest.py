"""Which tests share a process when two run side by side."""

from __future__ import annotations

from typing import Any

import pytest

ON_THE_PLATFORM = frozenset(
    f"tests/integration/test_{name}.py"
    for name in ("failures", "judge", "platform", "reference", "twin", "twin_training", "watch")
)
"""Files whose tests share the one platform that `twin` starts."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`: a file's tests stay together, and so do all of the platform's, which are made once."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist ships no types for it
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return "the platform" if file in ON_THE_PLATFORM else file

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See that the list above names every file of the platform's: another would start a second one."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        is_on_it = file.startswith("tests/integration/") and "twin" in getattr(item, "fixturenames", ())
        if is_on_it and file not in ON_THE_PLATFORM:
            raise pytest.UsageError(f"{file} uses the platform: name it in ON_THE_PLATFORM of tests/conftest.py")
