"""`twin init | add | corpus`: personas and their material."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.output import JsonFlag, emit, reports_errors, working_on
from flows.cli.prefect_environment import use_prefect
from flows.persona_file import persona_yaml
from flows.personas import SAMPLE, create_persona, exclusive, install_sample
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona

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
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Folders, files, .zip or .tar.gz archives, sites by URL, or github:OWNER/REPO."
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="The source's name; that of its file or host if not given.")
    ] = None,
    max_pages: Annotated[int, typer.Option(min=1, help="Most pages of a site that are taken.")] = 2000,
    delay: Annotated[float, typer.Option(min=0, help="Least seconds between two requests to a site.")] = 1.0,
    private_network: Annotated[
        bool,
        typer.Option("--private-network", help="Fetch a site also from a server that is not on the public internet."),
    ] = False,
    remember: Annotated[
        bool, typer.Option("--remember", help="Add it even where `twin forget` has forgotten some of it.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Copy material into the persona. Adding a source again brings it up to date and touches only what changed.

    Of a site, its sitemap, feed or links are followed, beside and below the address given; robots.txt and
    reservations of text and data mining are honoured. Of a repository on GitHub the conversations are fetched in which
    the persona wrote; GITHUB_TOKEN holds the token. Interrupted, the same command goes on. What was forgotten is
    refused, as a whole file or as a document in one, until --remember takes that back.

    Examples:
      twin add ada ~/blog/posts ~/Downloads/slack-export.zip
      twin add ada https://ada.example/blog/ --max-pages 500
      twin add ada github:ada/engine
      twin add ada ~/blog/posts --remember
    """
    from flows.additions import add_sources  # what is behind it takes seconds to import
    from twin_data.sources.site_fetch import SiteConfig

    home = TwinHome.from_environment()
    config = load_persona(home, persona)
    config.require_consent()
    visits = SiteConfig(max_pages=max_pages, delay_s=delay, private_network=private_network)
    with working_on(f"adding to {persona}", quiet=as_json) as say:
        found = add_sources(home, config, sources, name=name, visits=visits, remember=remember, say=say)
    emit(found.plain, "\n".join([*found.lines, f"next: twin features {persona}"]), as_json=as_json)


@reports_errors
def corpus(
    persona: PersonaArgument,
    recipe: Annotated[str | None, typer.Option(help="Recipe whose bars are applied.")] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Measure what is not measured yet and write the page and its JSON.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """What the archive amounts to: documents, words, what was rejected and why, and whether training is advisable.

    With --report also balance, families, redactions, voice over time, sentiment by topic and the learning curve, as a
    page; printed with --json it is the page's JSON. Without, the verdict rests on the last report's learning curve.

    Examples:
      twin corpus sample

      twin corpus sample --report
    """
    from flows import corpus_report  # takes seconds to import
    from flows.recipes import load_recipe
    from flows.reporting import listening

    home = TwinHome.from_environment()
    chosen = load_recipe(recipe or PlatformSettings.from_environment().recipe)
    if not report:
        verdict = corpus_report.corpus_verdict(home, persona, chosen)
        emit(verdict, render_verdict(verdict), as_json=as_json)
        return
    with working_on(f"corpus of {persona}", quiet=as_json) as say, listening(say), exclusive(home, persona):
        written = corpus_report.write_corpus_report(home, persona, chosen)
    text = f"{render_verdict(written.report.verdict)}\nreport: {written.files.page}\njson:   {written.files.json}"
    emit(written.report, text, as_json=as_json)


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
        verdict.authorship,
        f"verdict: {verdict.recommendation}, by {verdict.basis}",
        *[f"  because {reason}" for reason in verdict.reasons],
        *[f"  {one}" for one in verdict.evidence],
        f"  what would change it: {'; '.join(verdict.changes)}",
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
