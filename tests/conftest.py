"""Which tests share a process when two run side by side."""

from __future__ import annotations

import pytest

PLATFORM = "platform"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the one platform stay together in their order, and so do a file's: each fixture is made once.

    Those of the platform go first, because they take the longest.
    """
    for item in items:
        is_on_it = "twin" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group(PLATFORM if is_on_it else item.path.stem))
    items.sort(key=lambda item: "twin" not in getattr(item, "fixturenames", ()))
