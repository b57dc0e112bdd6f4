"""`train-twin`: instructions → SFT → the model's own drafts → preferences → DPO → a release bundle with its lineage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.build_datasets import (
    certified_instructions,
    certified_preferences,
    datasets_pipeline,
    draft_with,
    fit_voice,
    sentence_encoder,
)
from flows.bundles import (
    ADAPTER_FOLDER,
    DRAFTS_FILE,
    HELD_OUT_FILE,
    WORDINGS_FILE,
    Carried,
    base_bundle_to_train_on,
    check_base,
    held_out_lines,
    register_trained_bundle,
)
from flows.corpus_report import corpus_verdict
from flows.recipes import DEFAULT_RECIPE, Recipe, load_recipe
from flows.reporting import report
from flows.seed_siblings import base_of, refuse_override, training_beside
from flows.tracking import tracked
from flows.training_room import room_for_training
from flows.turns import refresh_turn, working_turn
from flows.verdicts import require_advisable
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.datasets import DatasetVersion
from twin_data.contracts.digests import short
from twin_data.contracts.errors import DatasetError
from twin_data.contracts.releases import Lineage, Rung
from twin_data.contracts.training import TrainingStage
from twin_data.generate import export
from twin_data.generate.export import WrittenDataset
from twin_data.registry import open_registry
from twin_data.registry.model_card import CERTIFICATES_FOLDER
from twin_data.registry.port import RegisteredBundle
from twin_train import dpo, sft
from twin_train.base_models import ensure_base_model
from twin_train.stage import StageInputs, TrainedAdapter, job_digest


@flow(name="train-twin", flow_run_name="train-twin-{persona}", log_prints=False)
def train_twin(
    persona: str,
    recipe: str = DEFAULT_RECIPE,
    override_reason: str | None = None,
    carried: str | None = None,
    last: TrainingStage | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Train the persona's voice on the features of its newest bundle 0 and register the result as the candidate.

    With a seed, what the recipe has trained last is trained once more under that seed and registered beside it, no
    candidate: by its scores the gate knows how far the luck of a seed goes.

    Killed or interrupted, the same call goes on where it stopped: finished stages are remembered, training resumes from
    its last checkpoint.

    Args:
        persona: A persona of `$TWIN_HOME`.
        recipe: Name or path of a recipe.
        override_reason: Train although the corpus verdict speaks against it; recorded in the bundle. None goes
            with a seed: there the first training's stands, and the verdict is not asked.
        carried: Folder of a bundle that is made again: the wordings, drafts and held-out questions in it are taken, and
            neither teacher nor SFT model is asked. None asks them.
        last: Stage to end with, though the recipe goes on; None trains all that the recipe wants.
        seed: Of SFT and DPO, in the place of the recipe's; None trains under the recipe's own.

    Returns:
        Bundle, datasets and records of training, as plain JSON.
    """
    home, chosen = TwinHome.from_environment(), load_recipe(recipe)
    if seed is not None and carried:
        raise ValueError(f"{carried} is made again under its own seed, not under {seed}")
    if seed is not None:
        refuse_override(override_reason)
    with refresh_turn(home, persona), working_turn(home, persona):
        prefers = chosen.training.dpo.enabled and last is not TrainingStage.SFT
        if seed is None:
            require_advisable(corpus_verdict(home, persona, chosen), override_reason)
            base = base_bundle_to_train_on(home, persona, chosen, recipe)
            run = _Run(home, chosen, base, override_reason, Carried.of(Path(carried) if carried else None))
        else:
            run = under_another_seed(home, persona, recipe, seed, Rung.DPO if prefers else Rung.SFT)
        # One for the whole run: preferences rest on what the instructions were made of, whatever is edited meanwhile.
        pipeline = datasets_pipeline(home, persona, chosen, run.carried, run.base.manifest)
        # Fitted first: a persona that wrote too little for a voice hears of it before SFT, not hours later.
        voice = fit_voice(home, pipeline, chosen) if prefers else None
        instructions = certified_instructions(home, pipeline)
        run.require_the_same(instructions.version)
        tuned = supervised(run, instructions)
        files = _wordings_of(instructions) | _certificate_of(instructions)
        files[HELD_OUT_FILE] = held_out_lines(pipeline.questions)
        bundle = release(run, Rung.SFT, tuned, (instructions.version,), None, files)
        if voice is not None:
            written = draft_with(home, pipeline, bundle, run.carried.drafts)
            preferences = certified_preferences(home, pipeline, voice, written, sentence_encoder(chosen).encode)
            aligned = optimised(run, preferences, tuned)
            made_of = (instructions.version, preferences.version)
            files |= {DRAFTS_FILE: written} | _certificate_of(preferences)
            bundle = release(run, Rung.DPO, aligned, made_of, bundle, files, before=tuned)
    lineage = bundle.manifest.lineage
    return {
        "bundle": bundle.bundle_id,
        "rung": bundle.manifest.rung.value,
        "seed_sibling_of": lineage.seed_sibling_of,
        "datasets": [one.model_dump(mode="json") for one in lineage.datasets],
        "training": [one.model_dump(mode="json") for one in lineage.training],
    }


def under_another_seed(home: TwinHome, persona: str, recipe_name: str, seed: int, last: Rung) -> _Run:
    """What is needed to train once more, under another seed, what a recipe has trained last.

    It stands on the same bundle 0, and on the wordings and held-out questions that the first one carries. Whether it
    may be trained was settled then, and is not asked again.

    Raises:
        ConfigurationError: The seed is none, or the recipe's own.
        RegistryError: The recipe has trained nothing yet, or other code has.
        ModelError, IntegrityError: What is trained now could not be served on that bundle 0.
    """
    registry = open_registry(home)
    again = training_beside(registry, persona, load_recipe(recipe_name), recipe_name, seed, last=last)
    first = registry.resolve(persona, bundle_id=again.first.bundle_id)  # what it carries is used: it must be whole
    base = base_of(registry, first)
    check_base(base, again.recipe, recipe_name)
    report(f"{first.manifest.model_name} is trained once more under seed {seed}, beside it; aliases stay")
    carried = replace(Carried.of(first.folder), drafts=None)  # drafts are the seed's own
    return _Run(home, again.recipe, base, first.manifest.lineage.override_reason, carried, first)


def _wordings_of(instructions: WrittenDataset) -> dict[str, Path | str]:
    """The file of what a teacher said, for the bundle; nothing where none was asked."""
    path = instructions.folder / export.WORDINGS_FILE
    return {WORDINGS_FILE: path} if path.is_file() else {}


def _certificate_of(dataset: WrittenDataset) -> dict[str, Path | str]:
    """The file of a dataset's certificate for a bundle: its card and every report on it tell of the checks."""
    return {f"{CERTIFICATES_FOLDER}/{dataset.version.kind}.json": dataset.folder / export.CERTIFICATE_FILE}


@dataclass(frozen=True)
class _Run:
    """What every stage of one training needs."""

    home: TwinHome
    recipe: Recipe
    base: RegisteredBundle
    override_reason: str | None
    carried: Carried = Carried()
    primary: RegisteredBundle | None = None
    """The bundle whose training this is under another seed; None for a training of its own."""

    @property
    def persona(self) -> str:
        return self.base.manifest.persona

    def require_the_same(self, instructions: DatasetVersion) -> None:
        """See that under another seed nothing else is trained than was the first time.

        Raises:
            DatasetError: The instructions have come out otherwise, as after a change of the code that makes them.
        """
        if self.primary is None:
            return
        name, first = self.primary.manifest.model_name, self.primary.manifest.lineage.datasets[0]
        if first.digest != instructions.digest:
            raise DatasetError(
                f"the instructions ({short(instructions.digest)}) are not those that {name} was trained on "
                f"({short(first.digest)}): another seed would not be all that differs",
                next_step="train by the same recipe without a seed, then run the same command again",
            )

    def sibling_of(self, rung: Rung) -> str | None:
        """The bundle of this rung that was trained the first time."""
        if self.primary is None or self.primary.manifest.rung is rung:
            return self.primary.bundle_id if self.primary else None
        return self.primary.manifest.lineage.parent

    def train(self, stage: TrainingStage, dataset: WrittenDataset, start: TrainedAdapter | None) -> TrainedAdapter:
        """Train one stage in a folder named by what it is made of, so that the same call finds what it left."""
        base_model, reference = ensure_base_model(cache_folder() / "models", self.recipe.base_model, report)
        after = start.digest if start else None
        made_of = job_digest(stage, self.recipe.training, reference, dataset.version.digest, after)
        output = self.home.training / self.persona / f"{stage.value}-{short(made_of)}"
        with tracked(self.home, self.persona, stage, output.name) as log_point:
            inputs = StageInputs(
                base_model=base_model,
                base=reference,
                dataset=dataset.folder,
                output=output,
                start=start.folder if start else None,
                price=self.recipe.price,
                report=report,
                on_point=log_point,
                room=partial(room_for_training, self.home, self.recipe.training.launch),
            )
            run = sft.run if stage is TrainingStage.SFT else dpo.run
            trained = run(inputs, config=self.recipe.training)
            for point in trained.curve:  # what MLflow did not take, or was not told because a kill came between
                log_point(point)
            return trained


@task(cache_policy=NO_CACHE)
def supervised(run: _Run, dataset: WrittenDataset) -> TrainedAdapter:
    """SFT on the instructions."""
    return run.train(TrainingStage.SFT, dataset, None)


@task(cache_policy=NO_CACHE)
def optimised(run: _Run, dataset: WrittenDataset, start: TrainedAdapter) -> TrainedAdapter:
    """DPO on the preferences, from the SFT adapter."""
    return run.train(TrainingStage.DPO, dataset, start)


@task(cache_policy=NO_CACHE)
def release(
    run: _Run,
    rung: Rung,
    trained: TrainedAdapter,
    datasets: tuple[DatasetVersion, ...],
    parent: RegisteredBundle | None,
    files: Mapping[str, Path | str],
    before: TrainedAdapter | None = None,
) -> RegisteredBundle:
    """Register the adapter with all that it was made of."""
    records = (before.record, trained.record) if before else (trained.record,)
    lineage = Lineage.model_validate(
        {
            **run.base.manifest.lineage.model_dump(),
            "recipe": run.recipe.name,
            "recipe_digest": run.recipe.digest,
            "parent": (parent or run.base).bundle_id,
            "datasets": datasets,
            "training": records,
            "seed_sibling_of": run.sibling_of(rung),
            "override_reason": run.override_reason,
        }
    )
    bundle = register_trained_bundle(
        run.home, run.base, rung, run.recipe, lineage, {ADAPTER_FOLDER: trained.folder, **files}
    )
    first = lineage.seed_sibling_of
    what = f"is the training of {first} under another seed; aliases stay" if first else "is the candidate"
    report(f"bundle: {bundle.manifest.model_name} ({rung.value}) {what}")
    return bundle
