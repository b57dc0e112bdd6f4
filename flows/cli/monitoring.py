"""`twin monitor`: what users asked, what they got, and whether it is still what the twin was made for."""

from __future__ import annotations

import os
from typing import Any

import typer

from flows.cli.flow_runs import RecipeOption
from flows.cli.output import JsonFlag, emit, reports_errors, working_on
from flows.cli.personas import PersonaArgument
from flows.cli.prefect_environment import use_prefect
from flows.platform.settings import PlatformSettings, local_url
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona


def register(app: typer.Typer) -> None:
    """Add `monitor` to the `twin` command."""
    app.command("monitor", epilog="Example: twin monitor sample")(monitor)


@reports_errors
def monitor(
    persona: PersonaArgument,
    recipe: RecipeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Score the newest interactions and say who moved: the persona's writing, the users' questions, or the model.

    Drift starts a refresh if the platform is up; the exit code is 0 either way. The same runs every hour as
    `monitor-twin/PERSONA`.
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    os.environ.update(settings.as_environment())
    with working_on(f"monitoring {persona}", quiet=as_json) as say:
        load_persona(home, persona)
        use_prefect(home, settings)
        from flows.monitor_twin import monitor_twin  # Prefect takes seconds to import
        from flows.reporting import listening

        with listening(say):
            result = monitor_twin(persona, recipe or settings.recipe)
    result["report"]["html"] = _address(home, result["report"])
    emit(result, render(result, local_url(settings.ports.evidently)), as_json=as_json)


def _address(home: TwinHome, report: dict[str, Any]) -> str | None:
    return (home.monitoring / report["html"]).as_uri() if report["html"] else None


def render(result: dict[str, Any], workspace_url: str) -> str:
    """The verdict, its tests, and where to read more."""
    report = result["report"]
    lines = [f"{report['persona']}: {report['summary']}"]
    if foreign := report["foreign"]:
        lines.append(
            f"  {'foreign questions':<18} {foreign['share']:>8.1%}  reference {foreign['reference_share']:.1%}, "
            f"limit {foreign['limit']:.1%}  n={foreign['n_current']} and {foreign['n_reference']}"
        )
    lines += [
        f"  {one['column']:<18} {one['current_mean']:>8.3g}  reference {one['reference_mean']:.3g}, "
        f"p={one['p_value']:.2g}  n={one['n_current']} and {one['n_reference']}"
        for one in report["columns"]
    ]
    if (requests := result["requests"]) and requests["failed"]:
        lines.append(
            f"  {requests['failed']:,} of {requests['requests']:,} requests of the last 24 hours failed and are in no "
            f"window: twin usage {report['persona']} --by status"
        )
    if report["html"]:
        lines += [f"report: {report['html']}", f"all windows: {workspace_url} (needs `twin up`)"]
    if result["announced"]:
        lines.append(
            f"a refresh was asked for: prefect flow-run ls, or `twin refresh {report['persona']}` here and now"
        )
    return "\n".join(lines)
