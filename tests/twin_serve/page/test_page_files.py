from __future__ import annotations

import re
from pathlib import Path

import pytest

from .stub import PAGE

FILES = sorted(path for path in PAGE.iterdir() if path.is_file())
MARKUP_SINKS = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "DOMParser",
    "createContextualFragment",
    "eval(",
    "new Function",
)


def test_the_page_is_there() -> None:
    assert {"index.html", "status.html", "app.js", "status.js", "style.css"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", path.read_text(encoding="utf-8")))
    assert addresses <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".html"], ids=lambda path: path.name)
def test_no_inline_script_or_style(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>[^<]", html) == []
    assert "<style" not in html
    assert re.findall(r"\s(?:style|on[a-z]+)=", html) == []
    for name in re.findall(r"(?:src|href)=\"page/([^\"]+)\"", html):
        assert (PAGE / name).is_file()


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".js"], ids=lambda path: path.name)
def test_no_way_from_text_to_markup(path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    assert [sink for sink in MARKUP_SINKS if sink in code] == []
    for name in re.findall(r"from \"\./([^\"]+)\"", code):
        assert (PAGE / name).is_file()
