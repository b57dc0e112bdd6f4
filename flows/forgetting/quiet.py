"""Whether anything works on a persona: nothing may write what is being forgotten while it is forgotten."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from flows.personas import exclusive, refreshing
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError

PREFECT_TIMEOUT_S = 10.0
WORKING = ["RUNNING", "PENDING", "CANCELLING"]


@contextmanager
def quiet(home: TwinHome, persona: str, settings: PlatformSettings) -> Iterator[None]:
    """Hold a persona alone: builders, trainings, evaluations and monitoring wait or are told so.

    Raises:
        PlatformError: A flow, a training or an evaluation of it runs.
    """
    refuse_running_flows(settings.prefect_address, settings.prefect_headers, persona)
    with refreshing(home, persona), exclusive(home, persona), ExitStack() as held:
        for path in sorted(_locked_files(home, persona)):
            stream = held.enter_context(path.open("ab"))
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PlatformError(
                    f"something is writing {path}", next_step="wait for it to end, then run the same command again"
                ) from error
        yield


def refuse_running_flows(address: str, headers: dict[str, str], persona: str) -> None:
    """Raise if Prefect runs, and with it a flow of the persona.

    Raises:
        PlatformError: One does.
    """
    wanted = {"flow_runs": {"state": {"type": {"any_": WORKING}}}, "limit": 200}
    try:
        answer = httpx.post(f"{address}/flow_runs/filter", json=wanted, headers=headers, timeout=PREFECT_TIMEOUT_S)
    except httpx.TransportError:
        return  # no server, no flow but those that hold the persona's lock
    runs = answer.raise_for_status().json() if answer.is_success else []
    for run in runs:
        if run.get("parameters", {}).get("persona") == persona:
            raise PlatformError(
                f"the flow run {run['name']} of {persona!r} is {run['state']['type'].lower()}",
                next_step=f"wait for it, or prefect flow-run cancel {run['id']}; then run the same command again",
            )


def _locked_files(home: TwinHome, persona: str) -> Iterator[Path]:
    """Files that their writers lock."""
    for pattern in ("*/**/*answers.jsonl", "*/**/drafts.jsonl", "*/**/judged.jsonl", "labels.jsonl"):
        yield from (home.evaluations / persona).glob(pattern)
    yield from (home.training / persona).glob("*/.lock")
    yield from (path for path in [home.monitoring / f".{persona}.lock"] if path.is_file())
