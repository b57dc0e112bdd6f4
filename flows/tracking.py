"""Loss curves in MLflow while a model is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flows.platform.services import registry_uri
from twin_data.configuration.home import TwinHome
from twin_data.contracts.training import CurvePoint, TrainingStage

RUN_TAG = "twin.training"


@contextmanager
def tracked(home: TwinHome, persona: str, stage: TrainingStage, name: str) -> Iterator[Callable[[CurvePoint], None]]:
    """A run of MLflow's experiment `training-<persona>`; a resumed training goes on in the run that it began.

    Args:
        home: Whose registry.
        persona: Whose voice.
        stage: SFT or DPO.
        name: Of the run; the same for the same training.

    Yields:
        A function that logs a point of the curve.
    """
    from mlflow import MlflowClient  # takes seconds to import

    client = MlflowClient(tracking_uri=registry_uri(home))
    experiment_name = f"training-{persona}"
    experiment = client.get_experiment_by_name(experiment_name)
    known = experiment.experiment_id if experiment else client.create_experiment(experiment_name)
    begun = client.search_runs([known], filter_string=f"tags.`{RUN_TAG}` = '{name}'")
    run = begun[0] if begun else client.create_run(known, run_name=name, tags={RUN_TAG: name, "stage": stage.value})
    run_id = str(run.info.run_id)
    seen = {point.step for point in client.get_metric_history(run_id, "loss")}

    def log(point: CurvePoint) -> None:
        if point.step in seen:  # a finished or resumed training tells its curve from the start
            return
        seen.add(point.step)
        values = {"loss": point.loss, "eval_loss": point.eval_loss, "learning_rate": point.learning_rate}
        for key, value in values.items():
            if value is not None:
                client.log_metric(run_id, key, value, step=point.step)

    try:
        yield log
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)
