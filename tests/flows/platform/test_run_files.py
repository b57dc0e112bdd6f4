from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from flows.platform import run_files
from flows.platform.run_files import RunRecord
from twin_data.configuration.home import TwinHome


def record(tmp_path: Path) -> RunRecord:
    return RunRecord(
        name="tiny", pid=1, create_time="boot:2", group=1, argv=("a", "b"), port=None, url="http://x",
        started_at=datetime(2026, 5, 1, tzinfo=UTC), start_timeout_s=1.0, fingerprint="f",
        log=tmp_path / "tiny.log", log_offset=6,
    )  # fmt: skip


def test_a_record_is_read_back(tmp_path: Path) -> None:
    home = TwinHome(tmp_path)
    home.run.mkdir()
    healthy = record(tmp_path).became_healthy(datetime(2026, 5, 2, tzinfo=UTC))
    run_files.write(home, healthy)
    assert run_files.read(home, "tiny") == healthy
    assert [path.name for path in home.run.iterdir()] == ["tiny.json"]


def test_a_record_of_another_program_version_counts_as_none(tmp_path: Path) -> None:
    home = TwinHome(tmp_path)
    home.run.mkdir()
    (home.run / "tiny.json").write_text('{"pid": 12}')
    assert run_files.read(home, "tiny") is None


def test_only_this_starts_log_is_shown(tmp_path: Path) -> None:
    (tmp_path / "tiny.log").write_text("older\nnew 1\n\nnew 2\n")
    assert record(tmp_path).log_tail(5) == ["new 1", "new 2"]
    assert record(tmp_path).log_tail(1) == ["new 2"]


def test_a_log_that_was_cut_is_no_error(tmp_path: Path) -> None:
    assert record(tmp_path).log_tail(5) == []
    (tmp_path / "tiny.log").write_text("x")
    assert record(tmp_path).log_tail(5) == []


@given(
    lines=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=50), max_size=20
    )
)
def test_a_tail_is_the_end_of_the_lines(lines: list[str], tmp_path_factory: object) -> None:
    path = tmp_path_factory.mktemp("log") / "log"  # type: ignore[attr-defined]
    path.write_text("\n".join(lines), "utf-8")
    assert run_files.tail(path, 3) == [line for line in lines if line.strip()][-3:]
    assert all(line in "\n".join(lines) for line in run_files.tail(path, 3, most_bytes=400))


def test_an_exit_status_that_was_not_written(tmp_path: Path) -> None:
    home = TwinHome(tmp_path)
    home.run.mkdir()
    assert run_files.exit_status(home, "tiny") is None
    run_files.exit_path(home, "tiny").write_text("137")
    assert run_files.exit_status(home, "tiny") == 137
