"""A flow run in the command's own process, with the services that it needs and its reports shown."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.output import working_on
from flows.cli.prefect_environment import use_prefect
from flows.platform import supervisor
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona

if TYPE_CHECKING:
    from flows.recipes import Recipe

RecipeOption = Annotated[
    str | None, typer.Option(help="Name or path of a recipe; $TWIN_RECIPE or 'demo' if not given.")
]
ANSWERING = ("elasticsearch", "llm", "business")
"""The services that a question to the twin takes."""


def run_flow(
    what: str,
    persona: str,
    recipe: str | None,
    services: tuple[str, ...],
    work: Callable[[str], dict[str, Any]],
    *,
    quiet: bool,
    check: Callable[[Recipe, str], None] = lambda recipe, name: None,
    asks_teacher: bool = False,
) -> dict[str, Any]:
    """Run a flow; mistakes in persona and recipe are told before any server is started for it.

    Args:
        what: What is being done, in words.
        persona: Whose twin.
        recipe: As the user named it; None takes the platform's.
        services: What has to run.
        work: Imports the flow, which takes seconds, and calls it with the recipe's name.
        quiet: Whether progress is kept to itself.
        check: Looks at the recipe and its name for what else can be found wrong before a server is started.
        asks_teacher: Whether the recipe's teacher is asked, which may be the local LLM service.

    Returns:
        What the flow returns.
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    os.environ.update(settings.as_environment())
    name = recipe or settings.recipe
    with working_on(what, quiet=quiet) as say:
        chosen = check_persona_and_recipe(home, persona, name)
        check(chosen, name)
        if asks_teacher and chosen.datasets.teacher.kind == "local":
            services = (*services, "llm")
        if services:  # to name none is to name all
            supervisor.ensure(home, settings, services, report=say)
        use_prefect(home, settings)
        from flows.reporting import listening  # Prefect takes seconds to import

        with listening(say):
            return work(name)


def check_persona_and_recipe(home: TwinHome, persona: str, recipe: str) -> Recipe:
    """Find mistakes in what the user wrote before any server is started for it; returns the recipe.

    Raises:
        ConfigurationError: There is no such persona or recipe, or its file is wrong.
        ConsentError: The persona does not state owner, consent and licence.
    """
    load_persona(home, persona).require_consent()
    from flows.recipes import load_recipe  # takes seconds to import

    return load_recipe(recipe)


def as_given(recipe: str | None) -> str:
    """The recipe as an option of the next command, where one was named: without it that command takes the default."""
    return f" --recipe {shlex.quote(recipe)}" if recipe else ""
