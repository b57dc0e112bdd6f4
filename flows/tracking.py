"""Loss curves in MLflow while a model is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flows.platform.services import registry_uri
from flows.reporting import report
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import RegistryError
from twin_data.contracts.training import CurvePoint, TrainingStage

if TYPE_CHECKING:
    from mlflow import MlflowClient

RUN_TAG = "twin.training"
CURVES = ("loss", "eval_loss", "learning_rate")


@contextmanager
def tracked(home: TwinHome, persona: str, stage: TrainingStage, name: str) -> Iterator[Callable[[CurvePoint], None]]:
    """A run of MLflow's experiment `training-<persona>`; a resumed training goes on in the run that it began.

    Once training has begun, MLflow's failures are told and end nothing: a full disk would otherwise be told in
    MLflow's words instead of training's, and a locked database would cost hours. The curve is in the record as well.

    Args:
        home: Whose registry.
        persona: Whose voice.
        stage: SFT or DPO.
        name: Of the run; the same for the same training.

    Yields:
        A function that logs what is new of a point of the curve.

    Raises:
        RegistryError: MLflow cannot begin the run.
    """
    from mlflow import MlflowClient  # takes seconds to import
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=registry_uri(home))
        run_id = _run(client, f"training-{persona}", stage, name)
        seen = {(curve, one.step) for curve in CURVES for one in client.get_metric_history(run_id, curve)}
    except MlflowException as error:
        raise RegistryError(
            f"MLflow cannot keep the curve of {name} in {registry_uri(home)}: {error}",
            next_step="correct what is named, then run the same command again",
        ) from error
    told = False

    @contextmanager
    def telling_failures() -> Iterator[None]:
        nonlocal told
        try:
            yield
        except MlflowException as error:
            if not told:
                why = " ".join(str(error).partition("[SQL:")[0].split())
                report(f"MLflow does not take the curve of {name}, training goes on without: {why}")
            told = True

    def log(point: CurvePoint) -> None:
        for curve in CURVES:
            value = getattr(point, curve)
            # A resumed training tells its curve from the start, an evaluation the point of its step once more.
            if value is not None and (curve, point.step) not in seen:
                with telling_failures():
                    client.log_metric(run_id, curve, value, step=point.step)
                    seen.add((curve, point.step))

    try:
        yield log
    except BaseException:
        with telling_failures():
            client.set_terminated(run_id, "FAILED")
        raise
    with telling_failures():
        client.set_terminated(run_id)


def _run(client: MlflowClient, experiment_name: str, stage: TrainingStage, name: str) -> str:
    """The id of the run of that name; made if there is none."""
    experiment = client.get_experiment_by_name(experiment_name)
    known = experiment.experiment_id if experiment else client.create_experiment(experiment_name)
    begun = client.search_runs([known], filter_string=f"tags.`{RUN_TAG}` = '{name}'")
    run = begun[0] if begun else client.create_run(known, run_name=name, tags={RUN_TAG: name, "stage": stage.value})
    return str(run.info.run_id)
