"""`twin features | evaluate`: one stage, the same code as its flow."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.flow_runs import ANSWERING, RecipeOption, as_given, run_flow
from flows.cli.output import EXIT_FAILURE, JsonFlag, emit, reports_errors
from flows.cli.personas import PersonaArgument
from twin_data.configuration.home import TwinHome
from twin_eval.figures import figure, interval

if TYPE_CHECKING:
    from flows.recipes import Recipe


def register(app: typer.Typer) -> None:
    """Add the commands that run one stage."""
    app.command("features")(features)
    app.command("evaluate")(evaluate)


@reports_errors
def features(persona: PersonaArgument, recipe: RecipeOption = None, as_json: JsonFlag = False) -> None:
    """Turn the persona's sources into a live search index and register bundle 0 as the candidate.

    When the index is live, the report on the corpus is measured and written, a page and JSON.
    What has not changed is not done again; interrupted, it goes on where it stopped.

    Example:
      twin features sample
    """

    def work(name: str) -> dict[str, Any]:
        from flows.build_features import build_features

        return dict(build_features(persona, name))

    result = run_flow(f"features of {persona}", persona, recipe, ("elasticsearch",), work, quiet=as_json)
    verdict = result["verdict"]
    text = (
        f"{persona}@{result['bundle']}: {verdict['documents']:,} documents, {verdict['own_words']:,} own words, "
        f"{result['features']['chunks']:,} chunks in {result['features']['index']}\n"
        f"verdict: {verdict['recommendation']}, by {verdict['basis']}\n"
        f"corpus report: {result['corpus_report']}\nnext: twin evaluate {persona}{as_given(recipe)}"
    )
    emit(result, text, as_json=as_json)


@reports_errors
def evaluate(
    persona: PersonaArgument,
    recipe: RecipeOption = None,
    bundle: Annotated[str | None, typer.Option(help="Bundle id; the candidate if not given.")] = None,
    ladder: Annotated[
        bool,
        typer.Option("--ladder", help="Also ask prompt only, few-shot, retrieval, SFT and DPO: is training needed?"),
    ] = False,
    probes: Annotated[
        Path | None,
        typer.Option(help="File of safe and unsafe prompts (XSTest's CSV, or .jsonl): is the right one refused?"),
    ] = None,
    stress: Annotated[
        bool,
        typer.Option("--stress", help="Also ask with typing errors, in conversations, buried, in anger, otherwise."),
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Sixty questions, answers of eighty tokens; nothing is promoted.")
    ] = False,
    seeds: Annotated[
        bool,
        typer.Option(
            "--seeds", help="Also ask the same training under other seeds (twin train --seed N) before deciding."
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Put the questions to the candidate and the live champion; a bundle that the gate promotes becomes champion.

    With --ladder the same questions go to every rung from prompting alone to what was trained; interrupted, it goes on
    where it stopped. With --probes the candidate is asked a file of safe prompts that look unsafe and unsafe ones, too;
    with --stress its own questions with typing errors, in conversations, buried in long texts and by hostile users, and
    general ones in other languages. With --seeds the trainings of the same under other seeds are asked, too, and a gain
    over the champion has to exceed the spread of their scores. --quick says in minutes where things stand. Exit code 1
    if the bundle is not promoted; after a quick look 0.

    Examples:
      twin evaluate sample --ladder

      twin evaluate sample --probes xstest_prompts.csv

      twin evaluate sample --stress

      twin evaluate sample --quick

      twin evaluate sample --seeds
    """
    asked = str(probes.absolute()) if probes else None

    def work(name: str) -> dict[str, Any]:
        from flows.evaluate_twin import evaluate_twin

        return asyncio.run(evaluate_twin(persona, name, bundle, ladder, asked, stress, quick, seeds))

    def check(chosen: Recipe, name: str) -> None:
        _check_probes(TwinHome.from_environment(), persona, asked)

    result = run_flow(f"evaluating {persona}", persona, recipe, ANSWERING, work, quiet=as_json, check=check)
    decision = result["decision"]
    emit(result, _evaluation_text(result), as_json=as_json)
    if decision["verdict"] != "promote" and not quick:
        raise typer.Exit(EXIT_FAILURE)


def _check_probes(home: TwinHome, persona: str, path: str | None) -> None:
    """Find a missing or wrong file before any server is started for it.

    Raises:
        ConfigurationError: The probes or the rubric are wrong.
    """
    from flows.exam_files import probes_of, rubric_of  # takes seconds to import, like all that stands on the evaluation

    probes_of(home, persona, rubric_of(home, persona), path)


def _evaluation_text(result: dict[str, Any]) -> str:
    """Scores, the decision with every bar and comparison, and the page's place."""
    scores = [
        f"  {one['name']:<28} {figure(one['value']):>8}  {interval(one['low'], one['high'])}  n={one['n']}"
        for one in result["report"]["scores"]
    ]
    decision = result["decision"]
    against = f" against the champion {decision['champion']}" if decision["champion"] else ""
    reasons = [f"  {reason}" for reason in decision["reasons"]]
    climbed = [_ladder_text(result["ladder"])] if result.get("ladder") else []
    judged = [_judge_text(result["judge"])] if result.get("judge") else []
    page = [f"report: {result['html']}"] if result["html"] else []
    return "\n".join([*scores, f"{decision['verdict']}{against}:", *reasons, *climbed, *judged, *page])


def _ladder_text(ladder: dict[str, Any]) -> str:
    """A row a rung and the verdict."""
    from twin_data.contracts.ladder import Ladder  # takes seconds to import, like all that stands on the evaluation
    from twin_eval.ladder_text import ladder_text

    return ladder_text(Ladder.model_validate(ladder))


def _judge_text(judge: dict[str, Any]) -> str:
    """What the judge found, beside the scores."""
    from twin_eval.judging.findings import JudgeFindings  # takes seconds to import, too
    from twin_eval.judging.text import judge_text

    return judge_text(JudgeFindings.model_validate(judge))
