from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

import twin_data
import twin_serve
from twin_serve.version import SHARED, answering_code

SERVE, DATA = Path(twin_serve.__file__).parent, Path(twin_data.__file__).parent
MAKES_NO_ANSWER = {"contracts/errors.py", "contracts/digests.py", "registry/durable.py"}


def imported(path: Path) -> set[str]:
    """Files of the data package that a module imports."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    names = {one.module for one in nodes if isinstance(one, ast.ImportFrom) and one.module}
    return {
        f"{name.removeprefix('twin_data.').replace('.', '/')}.py" for name in names if name.startswith("twin_data.")
    }


def test_all_that_answers_are_made_with_is_in_the_digest() -> None:
    used = set().union(*map(imported, [*(SERVE / "answering").rglob("*.py"), SERVE / "search.py"]))
    assert "store/search.py" in used
    assert {one for one in used - MAKES_NO_ANSWER if not one.startswith(SHARED)} == set()
    assert all((DATA / name).exists() for name in SHARED)


@pytest.mark.parametrize("changed", ["store/search.py", "scoring/support.py", "contracts/releases.py"])
def test_a_change_of_it_is_another_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    copy = tmp_path / "twin_data"
    for name in SHARED:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (DATA / name).is_dir() else shutil.copy)(DATA / name, copy / name)
    monkeypatch.setattr(twin_data, "__file__", str(copy / "__init__.py"))
    before = answering_code.__wrapped__()
    with (copy / changed).open("a") as file:
        file.write("# changed\n")
    assert answering_code.__wrapped__() != before
