"""An error names the file, the line and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from twin_data.configuration.persona import PersonaConfig
from twin_data.configuration.rubric import Rubric
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.base import Contract
from twin_data.contracts.errors import ConfigurationError

PERSONA = """\
name: ada
display_name: Ada
author:
  name: Ada
  aliases: [ada@x.example]
consent:
  statement: I agree to a twin.
  given_by: Ada
  date: 2026-01-02
sources:
  blog: {url_base: "https://x.example/"}
"""


class Inner(Contract):
    target_words: int = Field(default=5, ge=1)


class Outer(Contract):
    inner: Inner = Inner()
    listed: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}


def refused(tmp_path: Path, text: str | bytes, model: type[Contract] = PersonaConfig) -> ConfigurationError:
    path = tmp_path / "a.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigurationError) as caught:
        load_yaml(path, model)
    assert caught.value.next_step
    caught.value.message = caught.value.message.replace(f"{tmp_path}/", "")
    return caught.value


def test_a_right_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "persona.yaml"
    path.write_text(PERSONA)
    persona = load_yaml(path, PersonaConfig)
    assert persona.author.aliases == ("ada@x.example",)
    assert persona.sources["blog"].url_base == "https://x.example/"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist") as caught:
        load_yaml(tmp_path / "none.yaml", Rubric)
    assert "absolute" in caught.value.next_step


@pytest.mark.parametrize(
    ("typo", "message"),
    [
        ("display_nmae: Ada", "a.yaml:2: display_nmae: unknown field; did you mean 'display_name'?"),
        ("display_name: Ada\nzzz: 1", "a.yaml:3: zzz: unknown field; known: author, consent,"),
        ("display_name: [1]", "a.yaml:2: display_name: Input should be a valid string"),
        ("display_name: Ada\ndisplay_name: Bo", "a.yaml:3: display_name: given twice, first on line 2"),
    ],
)
def test_a_wrong_field(tmp_path: Path, typo: str, message: str) -> None:
    assert message in refused(tmp_path, PERSONA.replace("display_name: Ada", typo)).message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("given_by", "given_bye", "a.yaml:8: consent.given_bye: unknown field; did you mean 'given_by'?"),
        ("url_base", "url_bas", "a.yaml:11: sources.blog.url_bas: unknown field; did you mean 'url_base'?"),
        ("  date: 2026-01-02\n", "  date: soon\n", "a.yaml:9: consent.date: "),
        ("  date: 2026-01-02\n", "  date: 2026-13-01\n", "a.yaml:9: not a date: month must be in 1..12"),
        ("  name: Ada\n", "", "a.yaml:3: author.name: Field required"),
        ("  statement: I agree to a twin.", "  statement: I agree: to", "a.yaml:7: not YAML: "),
        ("Ada\nauthor", "A\x07da\nauthor", "a.yaml:2: a character that YAML does not allow"),
    ],
)
def test_where_the_error_is(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in PERSONA
    assert message in refused(tmp_path, PERSONA.replace(old, new, 1)).message


def test_every_problem_is_listed_at_once(tmp_path: Path) -> None:
    text = PERSONA.replace("display_name", "displayname").replace("given_by", "givenby")
    lines = refused(tmp_path, text).message.splitlines()
    assert [line.split(": ")[0] for line in lines].count("a.yaml:2") == 1
    assert any("consent.givenby: unknown field; did you mean 'given_by'?" in line for line in lines)
    assert any("display_name: Field required" in line for line in lines)


def test_a_file_of_another_encoding(tmp_path: Path) -> None:
    text = PERSONA.replace("display_name: Ada", "display_name: Zoé").encode("latin-1")
    assert refused(tmp_path, text).message == "a.yaml:2: not UTF-8"


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_what_holds_no_fields(tmp_path: Path, text: str) -> None:
    assert "a.yaml:1: must hold fields such as 'name: …'" in refused(tmp_path, text).message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inner: {target_words: 0}", "a.yaml:1: inner.target_words: Input should be greater than or equal to 1, not 0"),
        ("inner:\n  target_word: 3", "a.yaml:2: inner.target_word: unknown field; did you mean 'target_words'?"),
        ("listed:\n- {}\n- target_wrods: 3", "a.yaml:3: listed.1.target_wrods: unknown field; did you mean"),
        ("named:\n  inner:\n    target_wods: 3", "a.yaml:3: named.inner.target_wods: unknown field; did you mean"),
    ],
)
def test_nested_fields(tmp_path: Path, text: str, message: str) -> None:
    assert message in refused(tmp_path, text, Outer).message


def test_a_rule_over_several_fields_does_not_print_them_all(tmp_path: Path) -> None:
    text = "absolute:\n  - metric: cited\n    at_least: 1\n    at_most: 1\n"
    message = refused(tmp_path, text, Rubric).message
    assert message == "a.yaml:2: absolute.0: Value error, bar on 'cited' needs exactly one of at_least and at_most"
