"""`twin watch`: new material is searchable seconds after it was written."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.flow_runs import RecipeOption, check_persona_and_recipe
from flows.cli.output import JsonFlag, console, reports_errors, working_on
from flows.cli.personas import PersonaArgument
from flows.platform import supervisor
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add `watch` to the `twin` command."""
    app.command("watch")(watch)


@reports_errors
def watch(
    persona: PersonaArgument,
    recipe: RecipeOption = None,
    folder: Annotated[
        list[Path] | None, typer.Option(help="A folder to copy into the sources as it changes; repeat it for more.")
    ] = None,
    feed: Annotated[
        list[str] | None, typer.Option(metavar="NAME=URL", help="An RSS or Atom feed to poll; repeat it for more.")
    ] = None,
    feed_every: Annotated[float, typer.Option(min=1, help="Seconds between two polls of a feed.")] = 60.0,
    tables_every: Annotated[
        float, typer.Option(min=1, help="Seconds after which the tables follow the index, at least.")
    ] = 900.0,
    once: Annotated[bool, typer.Option("--once", help="End when nothing is left to do.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Keep the live search index level with the persona's sources until it is ended by Ctrl-C or SIGTERM.

    A file that is added, edited or deleted goes through the same stages as in `twin features`, which must have run
    once. With --json every event is one line.

    Examples:
      twin watch ada

      twin watch ada --folder ~/notes --feed blog=https://ada.example/feed.xml
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    os.environ.update(settings.as_environment())
    with working_on(f"watching {persona}", quiet=as_json) as say:
        chosen = check_persona_and_recipe(home, persona, recipe or settings.recipe)
        folders, feeds = _folders(folder or []), _feeds(feed or [])
        supervisor.ensure(home, settings, ("elasticsearch",), report=say)
    from flows.watch import WatchOptions  # takes seconds to import
    from flows.watch import watch as keep_watching

    def report(event: dict[str, Any], text: str) -> None:
        if as_json:
            sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            console.print(text, markup=False)

    options = WatchOptions(folders, feeds, feed_every, tables_every, once)
    keep_watching(home, persona, chosen, settings, options, report)


def _folders(given: list[Path]) -> dict[str, Path]:
    """Folders by the name of the source that each becomes.

    Raises:
        ConfigurationError: One is none, or two have one name.
    """
    named: dict[str, Path] = {}
    for path in given:
        folder = path.expanduser().resolve()
        if not folder.is_dir():
            raise ConfigurationError(f"--folder {path}: there is no such folder", next_step="check the path")
        if folder.name in named:
            raise ConfigurationError(
                f"--folder {path}: {named[folder.name]} is the source {folder.name!r} already",
                next_step="rename one of the folders",
            )
        named[folder.name] = folder
    return named


def _feeds(given: list[str]) -> dict[str, str]:
    """Feeds by name.

    Raises:
        ConfigurationError: One is not NAME=URL.
    """
    named = {}
    for one in given:
        name, _, address = one.partition("=")
        if not name.replace("-", "").replace("_", "").isalnum() or not address.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"--feed {one!r} is not NAME=URL", next_step="for example --feed blog=https://ada.example/feed.xml"
            )
        named[name] = address
    return named
