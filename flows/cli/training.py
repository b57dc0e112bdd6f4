"""`twin datasets | train | refresh | plan | rebuild`: from a corpus to a trained and judged bundle."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.flow_runs import ANSWERING, RecipeOption, as_given, check_persona_and_recipe, run_flow
from flows.cli.output import EXIT_FAILURE, JsonFlag, emit, reports_errors, working_on
from flows.cli.personas import PersonaArgument
from flows.cli.prefect_environment import use_prefect
from flows.platform import supervisor
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.training import TrainingRecord
from twin_data.registry import open_registry
from twin_train.records import against_forecast

if TYPE_CHECKING:
    from flows.rebuild import Rebuilt
    from flows.rebuilt_scores import RebuiltScores
    from flows.recipes import Recipe

OverrideOption = Annotated[
    str | None, typer.Option(help="Train although the corpus verdict or the rubric speaks against it; recorded.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of the training loop."""
    app.command("datasets")(datasets)
    app.command("train")(train)
    app.command("refresh")(refresh)
    app.command("plan")(plan)
    app.command("rebuild")(rebuild)


@reports_errors
def datasets(persona: PersonaArgument, recipe: RecipeOption = None, as_json: JsonFlag = False) -> None:
    """Make the certified instruction dataset of the newest features. Preferences are made while training.

    Example:
      twin datasets sample
    """

    def work(name: str) -> dict[str, Any]:
        from flows.build_datasets import build_datasets

        return dict(build_datasets(persona, name))

    result = run_flow(f"datasets of {persona}", persona, recipe, (), work, quiet=as_json, asks_teacher=True)
    by = as_given(recipe)
    text = (
        f"{result['rows']:,} instructions, {result['held_out_rows']:,} held out: {result['folder']}\n"
        f"next: twin plan {persona}{by}, then twin train {persona}{by}"
    )
    emit(result, text, as_json=as_json)


@reports_errors
def train(
    persona: PersonaArgument,
    recipe: RecipeOption = None,
    override_reason: OverrideOption = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Train what the recipe has trained last once more, under this seed: to be measured, not used."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Train the voice: SFT, then DPO on the model's own drafts. Interrupted, it goes on where it stopped.

    With --seed the newest training of the recipe is made once more under another seed. That bundle is no candidate:
    `twin evaluate --seeds` asks it the candidate's questions, and the gate knows how far the luck of a seed goes. It
    carries the first training's override reason, and takes none of its own.

    Examples:
      twin train sample --recipe laptop

      twin train sample --recipe laptop --seed 43
    """

    def work(name: str) -> dict[str, Any]:
        from flows.train_twin import train_twin

        return dict(train_twin(persona, name, override_reason, seed=seed))

    def check(chosen: Recipe, name: str) -> None:
        if seed is not None:
            from flows.seed_siblings import refuse_override, training_beside

            refuse_override(override_reason)
            training_beside(open_registry(TwinHome.from_environment()), persona, chosen, name, seed)

    result = run_flow(f"training {persona}", persona, recipe, ANSWERING, work, quiet=as_json, check=check)
    lines = [_trained(TrainingRecord.model_validate(one)) for one in result["training"]]
    emit(result, "\n".join([*lines, _registered(persona, result, as_given(recipe))]), as_json=as_json)


def _registered(persona: str, result: dict[str, Any], by: str) -> str:
    """What the new bundle is, and what to do next."""
    name, first = f"{persona}@{result['bundle']}", result["seed_sibling_of"]
    if first is None:
        return f"{name} is the candidate; next: twin evaluate {persona}{by}"
    return (
        f"{name} is the training of {first} under another seed, and no candidate; "
        f"next: twin evaluate {persona}{by} --bundle {first} --seeds"
    )


def _trained(record: TrainingRecord) -> str:
    """What one stage did, beside what was predicted."""
    text = (
        f"{record.stage}: {record.steps} steps, {record.tokens:,} tokens at {record.tokens_per_second:.0f} tokens/s, "
        f"loss {record.first_loss:.2f} → {record.final_loss:.2f}"
    )
    if record.preference_effect:
        text += f"; held-out preferences: {record.preference_effect}"
    return f"{text}; {told}" if (told := against_forecast(record)) else text


@reports_errors
def refresh(
    persona: PersonaArgument,
    recipe: RecipeOption = None,
    reason: Annotated[str, typer.Option(help="Why now; it is recorded.")] = "by hand",
    override_reason: OverrideOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The whole loop: features, verdict, datasets, training, gate, promotion; or an early end that says why.

    Example:
      twin refresh sample
    """

    def work(name: str) -> dict[str, Any]:
        from flows.refresh_twin import refresh_twin

        return dict(refresh_twin(persona, name, reason, override_reason))

    result = run_flow(f"refreshing {persona}", persona, recipe, ANSWERING, work, quiet=as_json)
    emit(result, f"{result['ended']}: {result['why']}", as_json=as_json)


@reports_errors
def plan(persona: PersonaArgument, recipe: RecipeOption = None, as_json: JsonFlag = False) -> None:
    """Predict what training will take, in time, memory and money, and say whether the corpus and the ladder want it.

    Example:
      twin plan sample --recipe gpu_8b
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    with working_on(f"planning {persona}", quiet=as_json):
        check_persona_and_recipe(home, persona, recipe or settings.recipe)
        from flows.plans import make_plan  # models and tables take seconds to import

        made = make_plan(home, persona, recipe or settings.recipe)
    emit(made.model_dump(mode="json"), made.text(), as_json=as_json)


@reports_errors
def rebuild(
    bundle: Annotated[Path, typer.Argument(help="A bundle's folder, as `twin bundles PERSONA --json` shows it.")],
    persona_folder: Annotated[
        Path,
        typer.Option(help="The persona's folder: its sources, and questions, rubric and contrast if it has them."),
    ],
    evaluate: Annotated[
        bool, typer.Option(help="Where weights or settings differ, put the questions to both bundles, compare scores.")
    ] = False,
    even_if_identical: Annotated[
        bool,
        typer.Option(help="With --evaluate: ask also where all is identical; what differs then is chance."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a bundle again in an empty home, from its sources and its lineage alone, and compare every digest.

    Exit code 1 if features or datasets are not the recorded ones, or scores were compared and lie beyond the spread of
    two trainings.

    Example:
      TWIN_HOME=/tmp/again twin rebuild bundle-0123 --persona-folder .twin/personas/sample --evaluate
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    os.environ.update(settings.as_environment())
    with working_on(f"rebuilding {bundle}", quiet=as_json) as say:
        use_prefect(home, settings)
        from flows import rebuild as rebuilding  # Prefect takes seconds to import
        from flows.rebuilt_persona import set_up
        from flows.reporting import listening

        with listening(say):
            recipe = set_up(home, bundle, persona_folder)  # first: a wrong folder is told before a server is started
            supervisor.ensure(home, settings, ("elasticsearch",), report=say)
            settings = settings.model_copy(update={"recipe": str(recipe)})  # whose base model is to be served
            if rebuilding.asks_models(bundle):
                supervisor.ensure(home, settings, ("llm",), report=say)
            made = rebuilding.rebuild(home, bundle, recipe)
            scores = None
            if evaluate and (even_if_identical or not made.is_same_model):
                supervisor.ensure(home, settings, ANSWERING, report=say)
                scores = _scores_of_both(recipe, bundle, made)
    lines = [
        f"{one.name:<14} {'identical' if one.is_identical else 'DIFFERENT'}  {one.recorded[:12]} {one.rebuilt[:12]}"
        for one in made.parts
    ]
    lines += made.causes
    lines.append(scores.text if scores else _scores_unasked(made))
    lines.append(f"{made.persona}@{made.bundle} is the candidate; next: twin evaluate {made.persona}")
    result = {**made.model_dump(mode="json"), "scores": scores.model_dump(mode="json") if scores else None}
    emit(result, "\n".join(lines), as_json=as_json)
    if not made.is_identical or (scores and not scores.is_within):
        raise typer.Exit(EXIT_FAILURE)


def _scores_of_both(recipe: Path, original: Path, made: Rebuilt) -> RebuiltScores:
    from flows.rebuilt_scores import RebuiltScores, compare_rebuilt  # Prefect takes seconds to import

    found = asyncio.run(compare_rebuilt(made.persona, str(recipe), str(original.absolute()), made.bundle))
    return RebuiltScores.model_validate(found)


def _scores_unasked(made: Rebuilt) -> str:
    if made.is_same_model:
        return "scores: the original's, as weights and settings are: it is the same model, and was not asked again"
    return "scores: not compared; with --evaluate both bundles are asked the same questions"
