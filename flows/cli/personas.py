"""`twin init | add | corpus`: personas and their material."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.output import JsonFlag, emit, reports_errors, working_on
from flows.cli.prefect_environment import use_prefect
from flows.persona_file import persona_yaml
from flows.personas import SAMPLE, create_persona, install_sample
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from twin_data.transform.verdict import CorpusVerdict, Count

PersonaArgument = Annotated[str, typer.Argument(help="The persona's name, for example 'sample'.")]


def register(app: typer.Typer) -> None:
    """Add the commands on personas."""
    app.command("init")(init)
    app.command("add")(add)
    app.command("corpus")(corpus)


@reports_errors
def init(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and '-'; 'sample' installs the shipped one.")],
    display_name: Annotated[str | None, typer.Option(help="The name that readers see.")] = None,
    alias: Annotated[
        list[str] | None, typer.Option(help="Handle, e-mail address or user id of the author; repeat it for more.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Who owns the material.")] = None,
    licence: Annotated[str | None, typer.Option(help="The licence under which it may be used.")] = None,
    consent: Annotated[str | None, typer.Option(help="The owner's consent, in a sentence.")] = None,
    as_json: JsonFlag = False,
) -> None:
    r"""Start a persona: a folder with `persona.yaml`, and its deployments if Prefect runs.

    Without owner, licence and consent the file is written with those fields to fill in; nothing is ingested before.

    Examples:
      twin init sample
      twin init ada --display-name "Ada Lovelace" --alias ada@example.org --owner "Ada Lovelace" \
        --licence "all rights reserved" --consent "I agree that a twin is made of my published writing."
    """
    home = TwinHome.from_environment()
    if name == SAMPLE:
        path = install_sample(home) / "persona.yaml"
    else:
        text = persona_yaml(
            name, display_name or name, aliases=alias or [], owner=owner, licence=licence, consent=consent
        )
        path = create_persona(home, name, text)
    deployments = _register_deployments(name, quiet=as_json)
    complete = all((owner, licence, consent)) or name == SAMPLE
    lines = [f"persona {name}: {path}"]
    lines += [f"deployment {one}" for one in deployments] or [
        "deployments: none, since Prefect is not running; `twin up` adds them"
    ]
    lines.append(f"next: {_next_step(name, path, complete)}")
    emit({"persona": name, "file": str(path), "deployments": deployments}, "\n".join(lines), as_json=as_json)


def _next_step(name: str, path: Path, complete: bool) -> str:
    if name == SAMPLE:
        return f"twin features {name}"
    return (
        f"twin add {name} FOLDER"
        if complete
        else f"fill in owner, licence and consent in {path}, then twin add {name} FOLDER"
    )


@reports_errors
def add(
    persona: PersonaArgument,
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE...", help="Folders, files, .zip or .tar.gz archives.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="The source's name; its file name if not given.")] = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="Add it even where `twin forget` has forgotten some of it.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Copy material into the persona. Adding a source again brings it up to date and touches only what changed.

    What was forgotten is refused, as a whole file or as a document in one, until --remember takes that back.

    Examples:
      twin add ada ~/blog/posts ~/Downloads/slack-export.zip
      twin add ada ~/blog/posts --remember
    """
    from flows.personas import addition_inspector  # the table libraries behind it take seconds to import
    from twin_data.sources.ingest import add_source

    home = TwinHome.from_environment()
    load_persona(home, persona).require_consent()
    if name and len(sources) > 1:
        raise ConfigurationError("--name goes with one source", next_step="add the sources one by one")
    added = []
    with working_on(f"adding to {persona}", quiet=as_json) as say:
        for source in sources:
            say(f"adding {source}")
            inspect = addition_inspector(home, persona, source, remember=remember)
            added.append(add_source(home.persona_folder(persona), source, name, inspect=inspect))
    lines = [
        f"{one.name}: {one.files} files ({one.new} new, {one.changed} changed, {one.removed} removed, "
        f"{one.unchanged} unchanged)"
        for one in added
    ]
    lines.append(f"next: twin features {persona}")
    emit({"added": [one.model_dump() for one in added]}, "\n".join(lines), as_json=as_json)


@reports_errors
def corpus(
    persona: PersonaArgument,
    recipe: Annotated[str | None, typer.Option(help="Recipe whose bars are applied.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """What the archive amounts to: documents, words, what was rejected and why, and whether training is advisable.

    Example:
      twin corpus sample
    """
    from flows.features import features_pipeline  # takes seconds to import
    from flows.recipes import load_recipe

    chosen = load_recipe(recipe or PlatformSettings.from_environment().recipe)
    verdict = features_pipeline(TwinHome.from_environment(), persona, chosen).verdict()
    emit(verdict, render_verdict(verdict), as_json=as_json)


def render_verdict(verdict: CorpusVerdict) -> str:
    """The verdict for people."""
    lines = [
        f"{verdict.persona}: {verdict.documents:,} documents in {verdict.families:,} families, "
        f"{verdict.chunks:,} chunks",
        f"own words: {verdict.own_words:,} ({verdict.training_words:,} may train, {verdict.test_words:,} held out, "
        f"{verdict.training_exclusions} passages excluded as overlapping)",
        *_table("by source", verdict.by_source),
        *_table("by year", verdict.by_year),
        *_table("by kind", verdict.by_kind),
        "removed:",
        *[f"  {count:>6,}  {reason}" for reason, count in verdict.rejections.items()],
        f"verdict: {verdict.recommendation}",
        *[f"  because {reason}" for reason in verdict.reasons],
    ]
    return "\n".join(lines)


def _table(title: str, counts: tuple[Count, ...]) -> list[str]:
    return [f"{title}:", *[f"  {one.words:>9,} words  {one.documents:>5,} documents  {one.name}" for one in counts]]


def _register_deployments(persona: str, *, quiet: bool) -> list[str]:
    settings = PlatformSettings.from_environment()
    if not use_prefect(TwinHome.from_environment(), settings):
        return []
    from flows.deployments import register_deployments  # Prefect takes seconds to import

    with working_on("registering deployments", quiet=quiet):
        return list(register_deployments(persona, settings.recipe))
