from __future__ import annotations

from pathlib import Path

import pytest

from flows.platform import elasticsearch_node
from flows.platform.elasticsearch_node import java_arguments, main, node_settings

HOME, DATA = Path("/opt/es"), Path("/data/es")


def test_the_node_keeps_to_itself() -> None:
    settings = node_settings(HOME, DATA, 9201)
    assert settings["network.host"] == "127.0.0.1"
    assert settings["discovery.type"] == "single-node"
    assert settings["http.port"] == "9201"
    assert settings["path.data"].startswith("/data/es/")


def test_the_heap_has_one_size() -> None:
    arguments = java_arguments(HOME, DATA, "1g")
    assert {"-Xms1g", "-Xmx1g", "-XX:+ExitOnOutOfMemoryError", "-Djava.io.tmpdir=/data/es/tmp"} <= set(arguments)


def test_a_distribution_without_runtime_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--distribution", str(tmp_path), "--data", str(tmp_path / "data"), "--port", "1"])
    assert caught.value.code == elasticsearch_node.EXIT_NO_RUNTIME
    assert "holds no Java runtime" in capsys.readouterr().err
