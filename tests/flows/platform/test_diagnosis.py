from __future__ import annotations

import pytest

from flows.platform.diagnosis import describe_exit, likely_cause

CASES = [
    ("OSError: [Errno 98] Address already in use", 1, "port 8001 is in use", "TWIN_PORT_LLM"),
    ("java.net.BindException: Failed to bind to 127.0.0.1:9200", 1, "port 8001 is in use", "TWIN_PORT_LLM"),
    ("Port 4200 is already in use. Please specify a different port", 1, "port 8001 is in use", "TWIN_PORT_LLM"),
    (
        "ImportError: libnuma.so.1: cannot open shared object file: No such file",
        1,
        "libnuma.so.1",
        "apt-get install libnuma1",
    ),
    ("libodd.so.3: cannot open shared object file", 127, "libodd.so.3", "holds libodd.so.3"),
    ("java.lang.OutOfMemoryError: Java heap space", 3, "out of memory", "close other programs"),
    ("RuntimeError: Not enough memory", 1, "out of memory", "close other programs"),
    ("OSError: [Errno 28] No space left on device", 1, "the disk is full", "free disk space"),
    ("sqlite3.OperationalError: database or disk is full", 1, "the disk is full", "free disk space"),
    ("failed to obtain node locks, tried [/x]", 1, "another process uses the same data", "twin down"),
    ("ModuleNotFoundError: No module named 'vllm'", 1, "'vllm' is not installed", "make setup"),
    ("all seemed well", 137, "it was killed", "dmesg"),
]


@pytest.mark.parametrize(("line", "exit_status", "cause", "todo"), CASES)
def test_a_sign_is_put_into_words(line: str, exit_status: int, cause: str, todo: str) -> None:
    found = likely_cause(["starting", line, "bye"], exit_status, port=8001, port_variable="TWIN_PORT_LLM")
    assert found
    assert cause in found.text
    assert todo in found.next_step


def test_no_sign_no_cause() -> None:
    assert likely_cause(["starting", "bye"], 1, port=8001, port_variable="TWIN_PORT_LLM") is None
    assert likely_cause([], None, port=None, port_variable="") is None


def test_a_service_without_a_port_is_not_told_to_change_it() -> None:
    assert likely_cause(["Address already in use"], 1, port=None, port_variable="") is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exit code 0"),
        (1, "exit code 1"),
        (137, "killed by SIGKILL"),
        (255, "exit code 255"),
        (None, "how is not known"),
    ],
)
def test_an_exit_in_words(status: int | None, words: str) -> None:
    assert describe_exit(status) == words
