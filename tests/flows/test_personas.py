from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import personas
from flows.persona_file import persona_yaml
from flows.personas import create_persona, exclusive, install_sample, refreshing
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import PersonaConfig, load_persona
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.errors import ConfigurationError, ConsentError, PlatformError

CONSENT = "I agree that a twin is made of these posts."


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    return TwinHome(tmp_path / "home")


def text_of(name: str = "ada", **fields: str | None) -> str:
    given = {"owner": "Ada", "licence": "CC0-1.0", "consent": CONSENT} | fields
    return persona_yaml(name, "Ada Ferrier", aliases=["ada@example.org"], **given)


def test_a_new_persona_can_be_read_back_and_has_room_for_sources(home: TwinHome) -> None:
    path = create_persona(home, "ada", text_of())
    persona = load_persona(home, "ada")
    assert persona.require_consent().statement == CONSENT
    assert persona.author.is_named("ADA@example.org")
    assert (path.parent / "sources").is_dir()
    assert home.version_file.is_file()
    assert [one.name for one in path.parent.iterdir() if one.name.startswith(".")] == []


def test_a_persona_without_rights_is_written_and_may_not_be_ingested(home: TwinHome) -> None:
    create_persona(home, "ada", text_of(owner=None, licence=None, consent=None))
    with pytest.raises(ConsentError, match="owner, consent, licence"):
        load_persona(home, "ada").require_consent()


def test_an_existing_persona_is_left_as_it_is(home: TwinHome) -> None:
    path = create_persona(home, "ada", text_of())
    before = path.read_text("utf-8")
    with pytest.raises(ConfigurationError, match="exists already") as refused:
        create_persona(home, "ada", text_of(owner="Somebody else"))
    assert "twin add ada" in refused.value.next_step
    assert path.read_text("utf-8") == before


def test_what_could_not_be_read_again_is_not_written(home: TwinHome) -> None:
    with pytest.raises(ConfigurationError, match=r"consent.statement: .* not 'yes'"):
        create_persona(home, "ada", text_of(consent="yes"))
    assert not home.root.exists()


def test_a_character_that_no_file_may_hold_is_refused(home: TwinHome) -> None:
    with pytest.raises(ConfigurationError, match="does not allow"):
        create_persona(home, "ada", text_of(owner="A\x7fda"))
    assert not home.root.exists()


@pytest.mark.parametrize("name", ["Ada", "../ada", "", "1ada", "a" * 42])
def test_a_name_that_cannot_name_an_index_is_refused(home: TwinHome, name: str) -> None:
    with pytest.raises(ConfigurationError, match="persona name"):
        create_persona(home, name, text_of())
    with pytest.raises(ConfigurationError, match="persona name"), exclusive(home, name):
        pytest.fail("nothing may be done under that name")
    assert not home.personas.exists()


WORDS = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=40)


@given(
    display_name=WORDS,
    alias=WORDS,
    owner=WORDS,
    consent=st.text(st.characters(exclude_categories=["C"]), min_size=10, max_size=60),
)
def test_whatever_is_given_stands_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, display_name: str, alias: str, owner: str, consent: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "persona.yaml"
    path.write_text(
        persona_yaml("ada", display_name, aliases=[alias], owner=owner, licence="CC0-1.0", consent=consent), "utf-8"
    )
    persona = load_yaml(path, PersonaConfig)
    assert (persona.display_name, persona.author.aliases, persona.owner) == (display_name, (alias,), owner)
    assert persona.require_consent().statement == consent


def test_the_sample_is_installed_and_brought_up_to_date(home: TwinHome) -> None:
    folder = install_sample(home)
    post = next((folder / "sources" / "blog").iterdir())
    text = post.read_text("utf-8")
    post.unlink()
    assert install_sample(home) == folder
    assert post.read_text("utf-8") == text
    assert load_persona(home, "sample").require_consent()


def test_one_run_at_a_time_works_on_a_persona(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personas, "LOCK_WAIT_S", 0.05)
    with exclusive(home, "ada"):
        with exclusive(home, "bob"):
            pass
        with pytest.raises(PlatformError, match="persona 'ada' is being worked on by process") as refused:
            with exclusive(home, "ada"):
                pytest.fail("two writers of one corpus")
        assert refused.value.next_step
    with exclusive(home, "ada"):
        pass


def test_a_refresh_holds_a_lock_of_its_own_beside_that_of_its_stages(
    home: TwinHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personas, "LOCK_WAIT_S", 0.05)
    said: list[str] = []
    with refreshing(home, "ada"):
        with exclusive(home, "ada"):
            pass
        with pytest.raises(
            PlatformError, match="persona 'ada' is being built, refreshed, trained or evaluated by process"
        ):
            with refreshing(home, "ada", report=said.append):
                pytest.fail("two refreshes of one persona")
    assert said and said[0].startswith("waiting for process")


def test_the_lock_is_given_back_when_a_run_fails(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personas, "LOCK_WAIT_S", 0.05)
    with pytest.raises(ZeroDivisionError), exclusive(home, "ada"):
        raise ZeroDivisionError
    with exclusive(home, "ada"):
        pass
