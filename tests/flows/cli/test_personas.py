from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flows.cli import personas
from flows.cli.app import app
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona

from ...twin_data.sources.web_server import serving

RIGHTS = ("--owner", "Ada", "--licence", "CC0-1.0", "--consent", "I agree that a twin is made of these posts.")
POST = (
    "The tide came in at four, and I wrote it down because nobody else would have. It had turned by nine, when the ferry "
    "lay on the mud with her lamps lit, and the crew were asleep in their boots. My grandmother kept a list of such nights "
    "in the back of a hymn book. She put the hour first, then the wind, and at last what she thought of both. I have that "
    "book on my shelf. Of forty entries, six are about the baker, who drowned in a flat calm. "
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    """A fresh home, and no Prefect server."""
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(personas, "use_prefect", lambda home, settings: False)
    return TwinHome(tmp_path / "home")


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "tide.md").write_text(f"# The tide\n\n{POST}", "utf-8")
    return folder


def twin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def done(*arguments: str) -> Any:
    result = twin(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*arguments: str) -> dict[str, str]:
    result = twin(*arguments, "--json")
    assert result.exit_code == 1, result.output
    error: dict[str, str] = json.loads(result.stdout)["error"]
    assert error["next_step"]
    return error


UNREAD = {
    "letters.odt": "PK",
    "mastodon.json": '{"type": "OrderedCollection", "orderedItems": [{"type": "Create"}]}',
    "notebook.ipynb": '{"cells": [{"cell_type": "markdown", "source": ["Prose."]}]}',
    "telegram.json": '{"name": "Ada", "type": "personal_chat", "messages": [{"type": "message", "text": "Hello"}]}',
}


@pytest.mark.parametrize("command", ["init", "add", "corpus", "features", "evaluate", "ask", "chat", "demo"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = twin(command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output and f"twin {command}" in result.output


def test_init_writes_what_it_was_told(home: TwinHome) -> None:
    made = done("init", "ada", "--display-name", "Ada Ferrier", "--alias", "ada@example.org", "--alias", "af", *RIGHTS)
    assert made == {"persona": "ada", "file": str(home.persona_folder("ada") / "persona.yaml"), "deployments": []}
    persona = load_persona(home, "ada")
    assert (persona.display_name, persona.author.aliases) == ("Ada Ferrier", ("ada@example.org", "af"))
    assert persona.require_consent().given_by == "Ada"


def test_init_without_rights_says_what_to_fill_in(home: TwinHome) -> None:
    result = twin("init", "ada")
    assert result.exit_code == 0
    assert "fill in owner, licence and consent" in result.output
    assert "twin up` adds them" in result.output, "deployments come later"
    assert load_persona(home, "ada").owner is None
    assert "next: twin add bob FOLDER" in twin("init", "bob", *RIGHTS).output


def test_init_registers_deployments_where_prefect_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personas, "_register_deployments", lambda persona, quiet: [f"build-features/{persona}"])
    assert "deployment build-features/ada" in twin("init", "ada", *RIGHTS).output


def test_init_of_the_sample_installs_it(home: TwinHome) -> None:
    result = twin("init", "sample")
    assert result.exit_code == 0 and "next: twin features sample" in result.output
    assert load_persona(home, "sample").require_consent()


def test_init_refuses_doubles_bad_names_and_a_word_for_consent(home: TwinHome) -> None:
    done("init", "ada", *RIGHTS)
    assert "exists already" in refused("init", "ada", *RIGHTS)["message"]
    assert "'Ada!'" in refused("init", "Ada!")["message"]
    assert "consent.statement" in refused("init", "bob", "--consent", "yes")["message"]
    assert home.known_personas() == ("ada",)


def test_add_copies_a_folder_and_an_archive(home: TwinHome, posts: Path, tmp_path: Path) -> None:
    done("init", "ada", *RIGHTS)
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("old.md", POST)
    first, second = done("add", "ada", str(posts), str(tmp_path / "old.zip"))["added"]
    assert (first["name"], first["new"], second["name"], second["new"]) == ("posts", 1, "old", 1)
    assert (home.persona_folder("ada") / "sources" / "posts" / "tide.md").is_file()
    again = twin("add", "ada", str(posts))
    assert "posts: 1 files (0 new, 0 changed, 0 removed, 1 unchanged)" in again.output
    assert "next: twin features ada" in again.output


def test_add_names_at_once_the_files_that_no_format_reads(home: TwinHome, posts: Path, tmp_path: Path) -> None:
    twin("init", "ada", *RIGHTS)
    for name, content in UNREAD.items():
        (posts / name).write_text(content, "utf-8")
    (posts / "table.csv").write_text("text\nThe quay was quiet.\n", "utf-8")
    assert done("add", "ada", str(posts))["unread"] == {"posts": sorted(UNREAD)}
    shown = twin("add", "ada", str(posts))
    assert shown.exit_code == 0 and f"warning: posts: no format that is read: {', '.join(sorted(UNREAD))};" in (
        shown.output.replace("\n", " ")
    )
    for name in UNREAD:
        (posts / name).unlink()
    assert done("add", "ada", str(posts))["unread"] == {}


def test_add_gives_a_source_another_name(home: TwinHome, posts: Path) -> None:
    done("init", "ada", *RIGHTS)
    assert done("add", "ada", str(posts), "--name", "blog")["added"][0]["name"] == "blog"
    assert "one source" in refused("add", "ada", str(posts), str(posts), "--name", "blog")["message"]


def test_add_refuses_what_it_cannot_take(home: TwinHome, posts: Path, tmp_path: Path) -> None:
    done("init", "unasked")
    assert "does not state owner, consent, licence" in refused("add", "unasked", str(posts))["message"]
    done("init", "ada", *RIGHTS)
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04")
    assert "holds no files" in refused("add", "ada", str(tmp_path / "empty"))["message"]
    assert "cut.zip" in refused("add", "ada", str(tmp_path / "cut.zip"))["message"]
    assert "there is nothing at" in refused("add", "ada", str(tmp_path / "absent"))["message"]
    assert refused("add", "bob", str(posts))["next_step"] == "twin init bob"
    assert [*(home.persona_folder("ada") / "sources").iterdir()] == []
    assert [*(home.persona_folder("unasked") / "sources").iterdir()] == []


def test_corpus_before_features_says_what_to_run() -> None:
    done("init", "ada", *RIGHTS)
    assert refused("corpus", "ada")["next_step"] == "twin features ada"
    assert "no persona 'bob'" in refused("corpus", "bob")["message"]
    assert "no recipe 'grand'" in refused("corpus", "ada", "--recipe", "grand")["message"]


def test_corpus_shows_what_there_is_and_what_was_removed(home: TwinHome, posts: Path) -> None:
    from flows.features import features_pipeline
    from flows.recipes import load_recipe

    done("init", "ada", *RIGHTS)
    (posts / "photo.raw").write_bytes(b"\0\1")
    done("add", "ada", str(posts))
    pipeline = features_pipeline(home, "ada", load_recipe("demo"))
    unique = pipeline.dedupe(pipeline.clean(pipeline.collect().record).record).record
    separated = pipeline.split(unique).record
    pipeline.decontaminate(separated)
    pipeline.chunk(pipeline.authorship(pipeline.filter(separated).record).record)

    shown = twin("corpus", "ada").output
    assert "ada: 1 documents in 1 families" in shown
    assert "collect: unknown_format" in shown
    assert "verdict: stay with prompt and retrieval" in shown and "because" in shown
    verdict = done("corpus", "ada")
    assert verdict["by_source"] == [{"name": "posts", "documents": 1, "words": verdict["own_words"]}]
    assert verdict["rejections"]["collect: unknown_format"] == 1
    assert verdict["basis"] == "rules of thumb" and "no learning curve" in verdict["evidence"][0]


def test_add_takes_a_site_by_its_address(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    done("init", "ada", *RIGHTS)
    with serving() as site:
        site.put("/", f"<html><body><article><h1>Tide</h1><p>{POST}</p></article></body></html>")
        error = refused("add", "ada", site.address)
        assert "not on the public internet" in error["message"] and "--private-network" in error["next_step"]
        options = ("--private-network", "--delay", "0", "--name", "blog")
        found = done("add", "ada", site.address, *options)
        assert [(one["name"], one["new"]) for one in found["added"]] == [("blog", 1)]
        assert (found["sites"]["blog"]["pages"], found["sites"]["blog"]["unchanged"]) == (1, 0)
        again = twin("add", "ada", site.address, *options)
        assert "blog: 1 files (0 new, 0 changed, 0 removed, 1 unchanged)" in again.output
        assert "1 pages (1 as before)" in again.output
    assert (home.persona_folder("ada") / "sources" / "blog" / "index.html").is_file()
    assert refused("add", "ada", "https://quay.example/", "--name", "blog")["message"].endswith("https://quay.example/")


def test_the_report_is_written_as_a_page_and_as_json_and_its_curve_decides_from_then_on(
    home: TwinHome, posts: Path
) -> None:
    from flows.features import features_pipeline
    from flows.recipes import load_recipe

    done("init", "ada", *RIGHTS)
    done("add", "ada", str(posts))
    assert refused("corpus", "ada", "--report")["next_step"] == "twin features ada"
    pipeline = features_pipeline(home, "ada", load_recipe("demo"))
    unique = pipeline.dedupe(pipeline.clean(pipeline.collect().record).record).record
    separated = pipeline.split(unique).record
    pipeline.decontaminate(separated)
    pipeline.chunk(pipeline.authorship(pipeline.filter(separated).record).record)

    shown = twin("corpus", "ada", "--report").output
    page, data = (home.root / "corpus" / "ada" / name for name in ("report.html", "report.json"))
    assert f"report: {page}" in shown and f"json:   {data}" in shown
    assert "learning curve: measured in" in shown
    assert "1 families of documents may train; 12 are needed" in page.read_text("utf-8")
    found = done("corpus", "ada", "--report")
    assert found == json.loads(data.read_text("utf-8")) and found["verdict"] == done("corpus", "ada")
    assert "a learning curve can say nothing" in found["verdict"]["evidence"][0]
    assert "learning curve: unchanged" in twin("corpus", "ada", "--report").output
