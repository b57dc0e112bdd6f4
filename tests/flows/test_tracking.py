"""Curves in a real MLflow database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from flows.platform.services import registry_uri
from flows.reporting import listening
from flows.tracking import tracked
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import RegistryError, TrainingError
from twin_data.contracts.training import CurvePoint, TrainingStage

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, about SQLAlchemy


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> TwinHome:
    """One database for the module, since making it takes seconds; each test has a training of its own."""
    home = TwinHome(tmp_path_factory.mktemp("home"))
    home.registry.mkdir(parents=True)
    return home


@pytest.fixture(scope="module")
def client(home: TwinHome) -> MlflowClient:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=registry_uri(home))


@pytest.fixture
def said() -> Iterator[list[str]]:
    heard: list[str] = []
    with listening(heard.append):
        yield heard


def point(step: int, loss: float = 2.0, eval_loss: float | None = None) -> CurvePoint:
    return CurvePoint(step=step, loss=loss, eval_loss=eval_loss, learning_rate=step / 100, seconds=float(step))


def run_of(client: MlflowClient, name: str) -> Run:
    experiment = client.get_experiment_by_name("training-ada")
    (run,) = client.search_runs([experiment.experiment_id], filter_string=f"tags.`twin.training` = '{name}'")
    return run


def curve_of(client: MlflowClient, name: str, curve: str) -> list[tuple[int, float]]:
    history = client.get_metric_history(run_of(client, name).info.run_id, curve)
    return [(one.step, one.value) for one in history]


def test_losses_and_learning_rate_are_logged_also_those_of_an_evaluation(home: TwinHome, client: MlflowClient) -> None:
    """As the worker writes them: an evaluation repeats the point of its step with the held-out loss added."""
    with tracked(home, "ada", TrainingStage.SFT, "sft-plain") as log:
        for one in (point(1), point(2, 1.5), point(2, 1.5, eval_loss=1.75), point(3, 1.25)):
            log(one)
        assert run_of(client, "sft-plain").info.status == "RUNNING"
    assert curve_of(client, "sft-plain", "loss") == [(1, 2.0), (2, 1.5), (3, 1.25)]
    assert curve_of(client, "sft-plain", "eval_loss") == [(2, 1.75)]
    assert curve_of(client, "sft-plain", "learning_rate") == [(1, 0.01), (2, 0.02), (3, 0.03)]
    run = run_of(client, "sft-plain")
    assert (run.info.status, run.data.tags["stage"]) == ("FINISHED", "sft")


def test_a_training_that_broke_off_is_failed_and_goes_on_in_the_same_run(home: TwinHome, client: MlflowClient) -> None:
    with pytest.raises(TrainingError), tracked(home, "ada", TrainingStage.DPO, "dpo-broken") as log:
        log(point(1))
        log(point(2))
        raise TrainingError("killed")
    broken = run_of(client, "dpo-broken")
    assert broken.info.status == "FAILED"
    with tracked(home, "ada", TrainingStage.DPO, "dpo-broken") as log:
        for step in (1, 2, 3):  # it tells its curve from the start
            log(point(step))
    assert run_of(client, "dpo-broken").info.run_id == broken.info.run_id
    assert [step for step, _ in curve_of(client, "dpo-broken", "loss")] == [1, 2, 3]
    assert run_of(client, "dpo-broken").info.status == "FINISHED"


def test_mlflow_s_failures_are_told_once_and_do_not_stand_in_for_training_s(
    home: TwinHome, client: MlflowClient, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk hits both: the user must hear training's own words."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    def full(*_: Any, **__: Any) -> None:
        raise MlflowException("(sqlite3.OperationalError) database or disk is full\n[SQL: UPDATE runs SET status=?]")

    with pytest.raises(TrainingError, match="the disk of /work is full"):
        with tracked(home, "ada", TrainingStage.SFT, "sft-full") as log:
            monkeypatch.setattr(MlflowClient, "log_metric", full)
            monkeypatch.setattr(MlflowClient, "set_terminated", full)
            log(point(1))
            log(point(2))
            raise TrainingError("the disk of /work is full")
    (told,) = said
    assert told.startswith("MLflow does not take the curve of sft-full, training goes on without: ")
    assert told.endswith("database or disk is full")
    monkeypatch.undo()
    with tracked(home, "ada", TrainingStage.SFT, "sft-full") as log:
        log(point(1))
        log(point(2))
    assert [step for step, _ in curve_of(client, "sft-full", "loss")] == [1, 2], "what was not taken is told again"


def test_a_run_that_cannot_be_begun_is_named(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    def locked(*_: Any, **__: Any) -> None:
        raise MlflowException("database is locked")

    monkeypatch.setattr(MlflowClient, "search_runs", locked)
    with pytest.raises(RegistryError, match="curve of sft-new in sqlite:.*database is locked") as refused:
        with tracked(home, "ada", TrainingStage.SFT, "sft-new"):
            pytest.fail("trained without a run")
    assert "same command" in refused.value.next_step
