from __future__ import annotations

import threading
from pathlib import Path

import pytest

from flows.platform.home_schema import SCHEMA_VERSION, open_home, read_version
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "home"


def test_a_new_home_is_whole_and_private(root: Path) -> None:
    home = open_home(TwinHome(root))
    assert read_version(home) == SCHEMA_VERSION
    assert home.secrets.stat().st_mode & 0o777 == 0o700
    assert root.stat().st_mode & 0o077 == 0
    assert [path.name for path in root.parent.iterdir()] == ["home"]


def test_opening_again_changes_nothing(root: Path) -> None:
    home = open_home(TwinHome(root))
    home.personas.mkdir()
    open_home(home)
    assert home.personas.is_dir()


def test_an_empty_folder_becomes_a_home(root: Path) -> None:
    root.mkdir(parents=True)
    assert read_version(open_home(TwinHome(root))) == SCHEMA_VERSION


def test_many_may_create_it_at_once(root: Path) -> None:
    failures: list[BaseException] = []

    def create() -> None:
        try:
            open_home(TwinHome(root))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [path.name for path in root.parent.iterdir()] == ["home"]


def test_a_folder_of_something_else_is_refused_and_left_alone(root: Path) -> None:
    root.mkdir(parents=True)
    (root / "thesis.tex").write_text("years of work")
    with pytest.raises(PlatformError, match=r"thesis\.tex.*not a twin home"):
        open_home(TwinHome(root))
    assert [path.name for path in root.iterdir()] == ["thesis.tex"]


def test_a_file_is_refused(root: Path) -> None:
    root.parent.mkdir()
    root.write_text("")
    with pytest.raises(PlatformError, match="is a file"):
        open_home(TwinHome(root))


def test_a_home_cut_off_before_its_version_was_written_is_completed(root: Path) -> None:
    home = TwinHome(root)
    home.run.mkdir(parents=True)
    (root / ".VERSION.x1y2").write_text("")
    assert read_version(open_home(home)) == SCHEMA_VERSION


def test_secrets_that_others_may_read_are_closed(root: Path) -> None:
    home = open_home(TwinHome(root))
    home.secrets.chmod(0o755)
    open_home(home)
    assert home.secrets.stat().st_mode & 0o777 == 0o700


def test_steps_run_in_order_and_once(root: Path) -> None:
    home = open_home(TwinHome(root), version=1)
    ran: list[str] = []
    steps = {1: lambda home: ran.append("1 to 2"), 2: lambda home: ran.append("2 to 3")}
    said: list[str] = []
    open_home(home, migrations=steps, version=3, report=said.append)
    open_home(home, migrations=steps, version=3)
    assert ran == ["1 to 2", "2 to 3"]
    assert read_version(home) == 3
    assert len(said) == 2


def test_a_step_that_fails_leaves_the_version_before_it(root: Path) -> None:
    home = open_home(TwinHome(root), version=1)

    def fail(home: TwinHome) -> None:
        raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        open_home(home, migrations={1: lambda home: None, 2: fail}, version=3)
    assert read_version(home) == 2


def test_an_unknown_step_is_refused(root: Path) -> None:
    home = open_home(TwinHome(root), version=1)
    with pytest.raises(PlatformError, match="no migration to 2"):
        open_home(home, migrations={}, version=2)


def test_a_newer_home_is_refused(root: Path) -> None:
    home = open_home(TwinHome(root), version=SCHEMA_VERSION + 1)
    with pytest.raises(
        PlatformError, match=rf"schema version {SCHEMA_VERSION + 1}; this program knows {SCHEMA_VERSION}"
    ):
        open_home(home)


def test_a_damaged_version_is_named(root: Path) -> None:
    home = open_home(TwinHome(root))
    home.version_file.write_text("one")
    with pytest.raises(PlatformError, match="'one'"):
        open_home(home)
