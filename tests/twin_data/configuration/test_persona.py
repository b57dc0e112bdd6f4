from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from twin_data.configuration.home import TwinHome, cache_folder, check_persona_name
from twin_data.configuration.names import name_and_address, named_author
from twin_data.configuration.persona import Author, Consent, PersonaConfig, load_persona
from twin_data.contracts.errors import ConfigurationError, ConsentError

CONSENT = Consent(statement="I agree to a twin.", given_by="Ada", date=date(2026, 1, 2))
SAMPLE = Path(__file__).parents[3] / "personas" / "sample"


def persona(**fields: object) -> PersonaConfig:
    return PersonaConfig.model_validate(
        {"name": "ada", "display_name": "Ada", "author": {"name": "Ada Byron"}, **fields}
    )


@pytest.mark.parametrize("missing", ["owner", "consent", "licence"])
def test_without_consent_nothing_is_ingested(missing: str) -> None:
    stated = {"owner": "Ada", "consent": CONSENT, "licence": "CC0-1.0"}
    assert persona(**stated).require_consent() == CONSENT
    del stated[missing]
    with pytest.raises(ConsentError, match=f"does not state {missing}; nothing was ingested") as caught:
        persona(**stated).require_consent()
    assert "persona.yaml" in caught.value.next_step


def test_the_author_is_known_by_name_and_alias() -> None:
    author = Author(name="Ada Byron", aliases=("ada@x.example", "U01"))
    assert author.is_named("ADA BYRON ")
    assert author.is_named("u01")
    assert not author.is_named("Ada")
    assert not author.is_named(None)


@pytest.mark.parametrize(
    ("known", "written"),
    [
        ("José Byron", "Jose\u0301 Byron"),
        ("Jose\u0301 Byron", "JOSÉ BYRON"),
        ("José Byron", "Jose Byron"),
        ("Zoe Cote", "ZOË CÔTÉ"),
        ("Ada Byron", "Byron, Ada"),
        ("Ada Mary Byron", "Byron, Ada Mary, 1815-1852"),
        ("Ada O’Brien", "Ada O'Brien"),
        ("Ada Smith-Byron", "Ada Smith\u2010Byron"),
        ("Ada Byron", "Ada\u00a0Byron"),
        ("Ada Byron", " Ada  Byron\n"),
        ("Ada Byron", "Ada Byron <other@x.example>"),
        ("ada@x.example", "Ada B. <ADA@x.example>"),
        ("ada@x.example", "ada@x.example (Ada B.)"),
        ("ada@x.example", "<ada@x.example>"),
        ("Byron, Ada", '"Byron, Ada" <other@x.example>'),
    ],
)
def test_names_are_one_however_they_are_spelt(known: str, written: str) -> None:
    assert Author(name=known).is_named(written)
    assert Author(name="Nobody", aliases=(known,)).is_named(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "Ada Byron <ada@x.example>, Bob <bob@x.example>",
        "Bob, Ada <ada@x.example>",
        "Ada-Byron",
        "@",
        "Ada, Byron",
        "Byron, Ada, Bob",
    ],
)
def test_who_else_is_named_is_not_the_author(written: str) -> None:
    assert not Author(name="Ada Byron", aliases=("ada@x.example", "")).is_named(written)


def test_vowel_signs_and_letters_of_their_own_are_no_accents() -> None:
    assert not Author(name="की").is_named("का")
    assert not Author(name="Андрей").is_named("Андреи")


@pytest.mark.parametrize(("given", "named"), [(" Ada  Byron", "Ada Byron"), ("Admin", None), ("n/a", None), ("", None)])
def test_names_that_programs_fill_in_are_nobody_s(given: str, named: str | None) -> None:
    assert named_author(given) == named


@pytest.mark.parametrize(
    ("person", "parts"),
    [
        ("Ada Byron <ada@x.example>", ("Ada Byron", "ada@x.example")),
        ("ada@x.example (Ada Byron)", ("Ada Byron", "ada@x.example")),
        ("ada@x.example", ("", "ada@x.example")),
        ("@ada", ("@ada", "")),
        ("Ada @ Lock", ("Ada @ Lock", "")),
        ("Ada (ada@x.example)", ("Ada (ada@x.example)", "")),
        ("Ada and Bob <a@x.example> <b@x.example>", ("Ada and Bob <a@x.example> <b@x.example>", "")),
    ],
)
def test_a_person_is_a_name_and_an_address(person: str, parts: tuple[str, str]) -> None:
    assert name_and_address(person) == parts


def test_the_twin_says_that_it_is_one() -> None:
    assert "digital twin of Ada" in persona().full_disclosure
    assert persona(disclosure="I am a machine.").full_disclosure == "I am a machine."


@pytest.mark.parametrize("name", ["Ada", "1ada", "a_b", "", "a" * 42, "ada\n", "../ada"])
def test_names_that_could_name_no_table(name: str) -> None:
    with pytest.raises(ConfigurationError, match="must start with a letter"):
        check_persona_name(name)


def test_a_persona_is_read_from_its_home(tmp_path: Path) -> None:
    home = TwinHome(tmp_path)
    folder = home.persona_folder("sample")
    folder.mkdir(parents=True)
    (folder / "persona.yaml").write_text((SAMPLE / "persona.yaml").read_text("utf-8"), "utf-8")
    assert load_persona(home, "sample").require_consent().date == date(2026, 11, 23)
    assert home.known_personas() == ("sample",)


def test_a_language_that_no_stage_knows_is_refused(tmp_path: Path) -> None:
    home = TwinHome(tmp_path)
    folder = home.persona_folder("sample")
    folder.mkdir(parents=True)
    stated = (SAMPLE / "persona.yaml").read_text("utf-8")
    (folder / "persona.yaml").write_text(stated.replace("language: en", "language: de"), "utf-8")
    with pytest.raises(ConfigurationError, match="'en'") as caught:
        load_persona(home, "sample")
    assert "language" in str(caught.value) and "persona.yaml" in str(caught.value)


def test_an_unknown_persona_is_told_the_known_ones(tmp_path: Path) -> None:
    folder = TwinHome(tmp_path).persona_folder("bo")
    folder.mkdir(parents=True)
    (folder / "persona.yaml").write_text("name: bob\ndisplay_name: Bob\nauthor: {name: Bob}\n")
    with pytest.raises(ConfigurationError, match=r"no persona 'ada' \(known: bo\)") as caught:
        load_persona(TwinHome(tmp_path), "ada")
    assert caught.value.next_step == "twin init ada"
    with pytest.raises(ConfigurationError, match="name is 'bob', but the folder is 'bo'"):
        load_persona(TwinHome(tmp_path), "bo")


def test_the_environment_names_home_and_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))
    assert TwinHome.from_environment().root == tmp_path / "home"
    assert cache_folder() == tmp_path / "cache"
    assert not (tmp_path / "home").exists()
    monkeypatch.delenv("TWIN_HOME")
    monkeypatch.delenv("TWIN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert TwinHome.from_environment().root == tmp_path / ".twin"
    assert cache_folder() == tmp_path / "llm-twin"
